//! Rows for which an expression has no value, from the database to every place that tells of them.

use serde_json::{Value as Json, json};
use tailwater::pipeline::status::Condition;

use super::support::database::Database;
use super::support::rig::{Rig, said};

const SCHEMA: &str = "create table items (id int primary key, stock int not null, price text not null); \
    insert into items select i, i % 5, case when i % 7 = 0 then 'gratis' else i::text end from generate_series(1, 100) i";
const VIEWS: &str = "[view.share]\nsql = \"select id, 1000 / stock as share, price::int as price from items\"\n\n\
    [view.total]\nsql = \"select price, sum(share) as total, count(*) as n from share group by price\"\n\n\
    [view.large]\nsql = \"select id from items where 1000 / stock > 400\"\n\n\
    [view.nulls]\nsql = \"select id, 1000 / stock as share from items\"\nrow_errors = \"null\"\n\n\
    [sink.shares]\ntype = \"redis\"\nview = \"share\"\nurl = \"${REDIS}\"\nkey = \"share:{id}\"\n";
const GOOD: &str = "(select * from items where stock <> 0 and price ~ '^[0-9]+$')";

/// The views against Postgres' answers over the rows that have no error; what is left out is what is listed.
fn assert_agreement(rig: &Rig, database: &Database) {
    let shares = format!("select id, 1000 / stock as share, price::int as price from {GOOD} i");
    database.assert_equal(&shares, rig.resp, "share");
    let totals = format!("select price, sum(share) as total, count(*) as n from ({shares}) s group by price");
    database.assert_equal(&totals, rig.resp, "total");
    database.assert_equal("select id from items where 1000 / nullif(stock, 0) > 400", rig.resp, "large");
    database.assert_equal("select id, 1000 / nullif(stock, 0) as share from items", rig.resp, "nulls");
    let status = rig.wait_until_delivered(database);
    let bad = |condition: &str| {
        database.rows(&format!("select id from items where {condition} order by id")).into_iter().flatten().flatten()
    };
    let share: Vec<String> = bad("stock = 0 or price !~ '^[0-9]+$'").collect();
    assert_eq!(ids(rig, "share"), share);
    assert_eq!(ids(rig, "large"), bad("stock = 0").collect::<Vec<_>>());
    assert_eq!(ids(rig, "total").len() + ids(rig, "nulls").len(), 0);
    assert_eq!(status.views["share"].row_errors, share.len() as u64);
    assert!(status.views.values().all(|view| view.condition == Condition::Live), "{status:#?}");
    let metrics = rig.get("/metrics").unwrap().body;
    let line = format!("tailwater_view_row_errors{{view=\"share\"}} {}", share.len());
    assert!(metrics.lines().any(|shown| shown.trim_end_matches(".0") == line), "{line}\n{metrics}");
}

fn errors(rig: &Rig, view: &str) -> Vec<Json> {
    let answer = rig.get(&format!("/v1/views/{view}/errors")).unwrap();
    assert_eq!(answer.code, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Ids of the rows that are listed, in their order.
fn ids(rig: &Rig, view: &str) -> Vec<String> {
    let mut ids: Vec<i64> = errors(rig, view).iter().map(|error| error["row"][0].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids.iter().map(ToString::to_string).collect()
}

#[test]
fn rows_with_errors_are_out_of_the_view_and_listed_until_they_are_mended() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    assert_agreement(&rig, &database);
    assert!(rig.log().contains("rows have errors"), "{}", rig.log());
    assert!(!rig.log().contains("gratis"), "no value of a row is in the log\n{}", rig.log());
    let listed = errors(&rig, "share");
    let of = |id: i64| listed.iter().find(|error| error["row"][0] == id).unwrap();
    assert_eq!((&of(5)["code"], &of(5)["message"]), (&json!("22012"), &json!("division by zero")));
    assert_eq!((&of(7)["code"], &of(7)["count"]), (&json!("22P02"), &json!(1)));
    assert!(of(7)["operator"].as_str().unwrap().starts_with("project "), "{}", of(7));
    let shown = said(&rig.command(&["status"]));
    assert!(shown.contains(&format!("row_errors: {}", listed.len())), "{shown}");

    // Rows come, go, break, change and mend; an error of one kind becomes one of the other.
    for statement in [
        "update items set stock = 0 where id % 10 = 1",
        "delete from items where id in (5, 7, 8)",
        "update items set price = 'dear' where price = 'gratis' and id > 50; update items set stock = 3 where id = 70",
        "insert into items values (200, 0, '1'), (201, 1, 'x'), (202, 1, '5')",
        "update items set id = id + 1000 where stock = 0 and id < 40",
    ] {
        database.run(statement);
        assert_agreement(&rig, &database);
    }
    rig.daemon.stop().unwrap();
    database.run("update items set stock = 2 where id between 1000 and 1020");
    rig.start();
    assert_agreement(&rig, &database);

    database.run("update items set stock = 1 where stock = 0; update items set price = '0' where price !~ '^[0-9]+$'");
    assert_agreement(&rig, &database);
    assert_eq!(errors(&rig, "share"), Vec::<Json>::new());
    assert!(rig.log().contains("no row of the view has an error any more"), "{}", rig.log());
    // Nothing is left out now: the plain SELECT is the answer again.
    database.assert_equal("select id, 1000 / stock as share, price::int as price from items", rig.resp, "share");
}
