//! What the catalog says of tables.

use tailwater_connectors::postgres::catalog::{all_tables, collation, is_c_collation, tables};
use tailwater_connectors::{ReplicaIdentity, SourceError, SqlType};

use crate::name;
use crate::server::Server;

const TABLES: &str = r#"
    create schema "Shop";
    create type mood as enum ('sad', 'ok');
    create domain price as numeric(12, 2);
    create table "Shop"."Or""ders" (
        note text, "b b" int not null, dropped int, a bigint not null,
        total price, tags varchar(5)[], feeling mood, twice int generated always as (2 * "b b") stored, spot point,
        primary key (a, "b b") include (note)
    );
    alter table "Shop"."Or""ders" drop column dropped;
    create table no_key (v int);
    create table no_key_full (v int);
    alter table no_key_full replica identity full;
    create table by_index (id int primary key, x int not null, y int not null);
    create unique index by_index_key on by_index (y, x);
    alter table by_index replica identity using index by_index_key;
    create table deferred (id int primary key deferrable initially deferred);
    create table nothing (id int primary key);
    alter table nothing replica identity nothing;
    create unlogged table unlogged (id int primary key);
    create view a_view as select 1 as id;
    create table parts (id int primary key) partition by range (id);
    create table parts_1 partition of parts for values from (0) to (10);
    create table generated_key (id int generated always as (1) stored primary key);
"#;

#[tokio::test]
async fn the_catalog_describes_tables_as_the_stream_sends_them() {
    let server = Server::start();
    let client = server.connect().await;
    client.batch_execute(TABLES).await.unwrap();

    let found = tables(&client, "shop", &[name("Shop", "Or\"ders"), name("public", "by_index")]).await.unwrap();
    let orders = &found[0];
    let columns: Vec<String> = orders.schema.columns.iter().map(|c| format!("{} {}", c.name, c.sql_type)).collect();
    assert_eq!(
        columns,
        ["note text", "b b integer", "a bigint", "total numeric(12,2)", "tags text[]", "feeling mood", "spot point"]
    );
    assert_eq!(orders.schema.key, [2, 1]);
    assert_eq!(orders.schema.columns.iter().map(|c| c.nullable).collect::<Vec<_>>()[..3], [true, false, false]);
    assert_eq!(orders.schema.identity, ReplicaIdentity::Default);
    assert_eq!(
        orders.copy_select(),
        r#"SELECT "note", "b b", "a", "total", "tags", "feeling", pg_catalog.textin("pg_catalog"."point_out"("spot")) "#
            .to_owned() + r#"FROM ONLY "Shop"."Or""ders""#
    );
    assert_eq!(orders.estimated_rows, None);
    let SqlType::Enum(mood) = &orders.schema.columns[5].sql_type else { panic!("feeling is an enum") };
    assert_eq!(mood.labels, ["sad", "ok"]);
    // The index, although there is a primary key: the log names old rows by the index alone.
    assert_eq!((found[1].schema.identity, &found[1].schema.key[..]), (ReplicaIdentity::Index, &[2, 1][..]));

    let rooted = tables(&client, "shop", &[name("public", "parts"), name("public", "no_key_full")]).await.unwrap();
    assert!(rooted[0].partitioned && !rooted[0].copy_select().contains("ONLY"));
    assert!(rooted[1].schema.key.is_empty());

    let all = all_tables(&client, "shop").await.unwrap();
    let names: Vec<&str> = all.iter().map(|table| table.schema.name.table.as_str()).collect();
    assert_eq!(
        names,
        ["Or\"ders", "by_index", "deferred", "generated_key", "no_key", "no_key_full", "nothing", "parts"]
    );
    assert!(is_c_collation(&client, "shop").await.unwrap());
    assert_eq!(collation(&client, "shop").await.unwrap().name, "C.UTF-8");
}

#[tokio::test]
async fn tables_that_cannot_be_followed_are_refused_with_a_hint() {
    let server = Server::start();
    let client = server.connect().await;
    client.batch_execute(TABLES).await.unwrap();
    let cases = [
        ("public", "absent", "does not exist", "tailwater init"),
        ("Shop", "no_key", "does not exist", "did you mean \"public.no_key\"?"),
        ("public", "no_key", "no primary key", "REPLICA IDENTITY FULL"),
        ("public", "deferred", "no primary key", "REPLICA IDENTITY FULL"),
        ("public", "generated_key", "no primary key", "REPLICA IDENTITY FULL"),
        ("public", "nothing", "replica identity", "REPLICA IDENTITY DEFAULT"),
        ("public", "unlogged", "unlogged", "SET LOGGED"),
        ("public", "a_view", "is a view", "select from its tables"),
    ];
    for (schema, table, message, hint) in cases {
        let error = tables(&client, "shop", &[name(schema, table)]).await.unwrap_err();
        assert!(matches!(error, SourceError::Table { .. }) && !error.is_transient(), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some_and(|text| text.contains(hint)), "{:?}", error.hint());
    }
}
