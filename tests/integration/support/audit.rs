//! The bank's views and sinks against the database's own answers.

use std::collections::{BTreeMap, BTreeSet};

use super::agreement::{assert_keys, assert_search, expected, keys};
use super::bank::{SINKS, VIEWS};
use super::rig::Rig;

/// Everything that is kept, with the database's own answers.
pub(crate) fn compare(rig: &Rig) {
    let database = rig.database();
    rig.wait_until_delivered(&database);
    let sqls: BTreeMap<&str, &str> = VIEWS.into_iter().collect();
    for (view, sql) in VIEWS {
        database.assert_equal(sql, rig.resp, view);
    }
    let columns: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("balance", &["id", "owner", "checking", "savings"][..]),
        ("order_card", &["id", "status", "quantity", "customer", "city", "item", "amount"]),
        ("spend", &["id", "name", "orders", "amount", "newest"]),
        ("city", &["city", "status", "n", "items", "least", "mean"]),
    ]);
    let mut cache = rig.cache();
    let mut all = BTreeSet::new();
    for (_, view, template, format) in SINKS {
        let mut sql = sqls[view].to_owned();
        if view == "city" {
            // A hash tells null key columns as `\N`.
            sql = format!(
                "select coalesce(city, '\\N') as city, coalesce(status, '\\N') as status, n, items, least, mean from ({sql}) c"
            );
        }
        let wanted = expected(&database, &sql, &key_sql(template), columns[view]);
        assert_keys(&mut cache, format, &wanted);
        all.extend(wanted.into_keys());
    }
    let held = keys(&mut cache);
    let ghosts: Vec<_> = held.difference(&all).collect();
    assert!(held == all, "ghosts in Redis: {ghosts:?}; {} keys, wanted {}", held.len(), all.len());
    let documents = expected(&database, sqls["order_card"], "id::text", columns["order_card"]);
    let documents = documents.into_iter().map(|(id, fields)| (id.parse().unwrap(), fields)).collect();
    assert_search(rig, "search", &database.position(), &documents);
}

/// `city:{city}:{status}` as SQL.
fn key_sql(template: &str) -> String {
    let mut sql = String::from("''");
    for part in template.split_inclusive(['{', '}']) {
        match part.strip_suffix('}') {
            Some(column) => sql.push_str(&format!(" || coalesce({column}::text, '\\N')")),
            None => sql.push_str(&format!(" || '{}'", part.trim_end_matches('{'))),
        }
    }
    sql
}
