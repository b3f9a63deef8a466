//! Columns with collations of their own: views over them are what Postgres answers, and what Postgres refuses is refused.

use std::sync::Arc;

use tailwater_connectors::postgres::catalog::{collation, tables};
use tailwater_connectors::{Collation, CollationOrder, TableName, TableSchema};
use tokio_postgres::{Client, NoTls};

use super::golden::{Case, cases};
use super::postgres::Twins;
use super::server::Server;
use super::shop::{table, text};
use crate::sql::{SqlCatalog, ViewText, plan_views};

const QUERIES: &str = "src/sql/tests/collations.txt";
const ROUNDS: u64 = 8;

const TABLES: &str = r#"
    create collation german (provider = icu, locale = 'de');
    create collation phonebook (provider = icu, locale = 'de-u-co-phonebk');
    create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create domain nordic as text collate "sv-x-icu";
    create table words (
        id int primary key, w_default text, w_c text collate "C" not null, w_de varchar collate "de-x-icu", w_sv nordic,
        w_own text collate german, w_blind text collate blind, w_book text collate phonebook, w_set text[] collate "de-x-icu"
    );
    create table pairs (id int primary key, w_c text collate "C", w_de text collate "de-x-icu", number int);
    create view base as select id, w_de as x, w_c collate "sv-x-icu" as y from words;
"#;

/// What views read, and what they are called to both.
const BASE: &str = r#"select id, w_de as x, w_c collate "sv-x-icu" as y from words"#;

/// Refused here, and by Postgres with this state; nothing when Postgres answers it.
const REFUSED: &[(&str, &str, Option<&str>)] = &[
    ("select id from words where w_c < w_de", "TW-SQL-031", Some("42P22")),
    ("select id from words where w_de = w_sv", "TW-SQL-031", Some("42P22")),
    ("select id, w_c || w_de < 'm' as b from words", "TW-SQL-031", Some("42P22")),
    ("select id, greatest(w_de, w_sv) as b from words", "TW-SQL-031", Some("42P22")),
    ("select id, lower(w_c || w_de) as b from words", "TW-SQL-031", Some("42P22")),
    ("select id from words order by w_c || w_de limit 1", "TW-SQL-031", Some("42P21")),
    ("select max(w_c || w_de) from words", "TW-SQL-031", Some("42P22")),
    ("select w_c || w_de as w, count(*) from words group by 1", "TW-SQL-031", Some("42P21")),
    ("select distinct w_c || w_de as w from words", "TW-SQL-031", Some("42P21")),
    ("select id, case when id > 2 then w_c else w_de end < 'b' as b from words", "TW-SQL-031", Some("42P22")),
    ("select x from (select w_c || w_de as x from words) s order by x limit 1", "TW-SQL-031", Some("42P22")),
    ("select a.id from words a join pairs b on a.w_sv = b.w_de", "TW-SQL-031", Some("42P22")),
    ("select id from words where w_sv in (select w_de from pairs)", "TW-SQL-031", Some("42P22")),
    (r#"select id, w_c collate "C" || w_de collate "de-x-icu" as w from words"#, "TW-SQL-031", Some("42P21")),
    (r#"select id from words where w_c collate "C" = w_de collate "POSIX""#, "TW-SQL-031", Some("42P21")),
    ("select w_c from words union select w_de from words", "TW-SQL-031", Some("42P21")),
    (
        "with recursive r as (select id, w_c as w from words union all select id + 100, w || 'a' collate \"POSIX\" from r where id < 50) select id, w from r",
        "TW-SQL-031",
        Some("42P21"),
    ),
    (r#"select id, id collate "C" as i from words"#, "TW-SQL-007", Some("42804")),
    (r#"select id from words where w_c < 'a' collate "nothing""#, "TW-SQL-023", Some("42704")),
    // Kept by Postgres alone.
    ("select id from words where w_blind = 'a'", "TW-SQL-023", None),
    ("select id from words where w_blind in ('a', 'b')", "TW-SQL-023", None),
    ("select w_blind, count(*) from words group by w_blind", "TW-SQL-023", None),
    ("select distinct w_blind from words", "TW-SQL-023", None),
    ("select count(distinct w_blind) from words", "TW-SQL-023", None),
    ("select w_blind from words union select 'a'", "TW-SQL-023", None),
    ("select a.id, b.id as other from words a join words b on a.w_blind = b.w_blind", "TW-SQL-023", None),
    ("select a.id, b.id as other from words a join words b using (w_blind)", "TW-SQL-023", None),
    ("select id, row_number() over (partition by w_blind order by id) as n from words", "TW-SQL-023", None),
    ("select id, nullif(w_blind, 'a') as n from words", "TW-SQL-023", None),
    ("select id, w_blind is distinct from 'a' as n from words", "TW-SQL-023", None),
    ("select id, case w_blind when 'a' then 1 end as n from words", "TW-SQL-023", None),
    ("select id, array_position(array[w_blind], 'a') as n from words", "TW-SQL-023", None),
    ("select id from words where w_blind = any (array['a', 'b'])", "TW-SQL-023", None),
    ("select id from words order by w_book limit 1", "TW-SQL-023", None),
    ("select id from words where w_set < array['b']", "TW-SQL-023", None),
];

async fn connect(server: &Server) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The catalog as a source describes it.
async fn described(client: &Client) -> SqlCatalog {
    let name = |table: &str| TableName { source: "shop".into(), schema: "public".into(), table: table.into() };
    let found = tables(client, "shop", &[name("words"), name("pairs")]).await.unwrap();
    let default = collation(client, "shop").await.unwrap();
    let icu = default.name.strip_prefix("icu:").map(|locale| ("shop".into(), locale.into()));
    SqlCatalog {
        tables: found.into_iter().map(|table| Arc::new(table.schema)).collect(),
        collation_is_c: [("shop".into(), default.is_c)].into(),
        ascii_case: [("shop".into(), default.ascii_case)].into(),
        icu: icu.into_iter().collect(),
        ..SqlCatalog::default()
    }
}

fn views() -> (Vec<ViewText>, Vec<Case>) {
    let cases = cases(QUERIES);
    let mut texts = vec![text("base", BASE)];
    texts.extend(cases.iter().enumerate().map(|(index, case)| text(&format!("v{index}"), &case.sql)));
    (texts, cases)
}

fn kept_as_in(options: &[&str]) {
    let server = Server::with_locale(options);
    server.psql(TABLES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let catalog = runtime.block_on(async { described(&connect(&server).await).await });
    let (texts, cases) = views();
    let plans = plan_views(&catalog, &texts).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let compared = plans.iter().filter_map(|plan| {
        let index: usize = plan.name.strip_prefix('v')?.parse().ok()?;
        Some((plan.clone(), cases[index].sql.clone()))
    });
    let compared: Vec<_> = compared.collect();
    let mut twins = Twins::over(server, catalog.tables.clone(), plans);
    twins.load();
    twins.compare(&compared, "after the fill");
    for round in 0..ROUNDS {
        twins.change(round);
        twins.compare(&compared, &format!("round {round}"));
    }
}

#[test]
fn columns_are_ordered_by_their_own_collations() {
    kept_as_in(&["--locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8"]);
}

#[test]
fn columns_of_a_database_with_an_icu_default_are_ordered_as_there() {
    kept_as_in(&["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]);
}

#[tokio::test]
async fn collations_that_meet_are_refused_as_postgres_refuses_them() {
    let server = Server::start();
    server.psql(TABLES);
    server.psql(
        "insert into words select n, 'a', 'b', 'c', 'd', 'e', 'f', 'g', '{h}' from generate_series(1, 3) n;
         insert into pairs select n, 'b', 'c', n from generate_series(1, 3) n;",
    );
    let client = connect(&server).await;
    let catalog = described(&client).await;
    let mut wrong = Vec::new();
    for (sql, code, state) in REFUSED {
        let ours = plan_views(&catalog, &[text("v", sql)]).err().map(|errors| errors[0].code);
        let theirs = client.query(*sql, &[]).await.err();
        let theirs = theirs.as_ref().and_then(|error| error.code().map(|code| code.code().to_owned()));
        if (ours, theirs.as_deref()) != (Some(*code), *state) {
            wrong.push(format!("{sql}: {ours:?}, Postgres {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A table with one column in this collation, beside one in the database's, which is none of ours.
fn foreign(collation: Collation) -> SqlCatalog {
    let mut schema = TableSchema::clone(&table("shop.public.words: *id int, w text, plain text"));
    schema.columns[1].collation = Some(Arc::new(collation));
    SqlCatalog { tables: vec![Arc::new(schema)], ..SqlCatalog::default() }
}

#[test]
fn a_collation_of_the_c_library_is_refused_where_order_matters() {
    let french =
        Collation { name: "fr_FR".into(), order: CollationOrder::Foreign, ascii_case: false, deterministic: true };
    let refusal = |sql: &str| {
        let found = plan_views(&foreign(french.clone()), &[text("v", sql)]);
        found.err().map(|errors| (errors[0].code, errors[0].message.contains("fr_FR")))
    };
    assert_eq!(refusal("select id, w, lower(w) as l from words where w = 'a'"), None);
    assert_eq!(refusal("select w, count(*) from words group by w"), None);
    assert_eq!(refusal("select id from words where w < 'a'"), Some(("TW-SQL-023", true)));
    assert_eq!(refusal("select max(w) from words"), Some(("TW-SQL-023", true)));
    assert_eq!(refusal("select id, w from words where w collate \"C\" < 'a'"), None);
    assert_eq!(refusal("select id from words where plain < 'a'"), Some(("TW-SQL-023", false)));
    assert_eq!(refusal("select id from words where plain < w"), Some(("TW-SQL-023", true)));
}
