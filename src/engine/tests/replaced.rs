//! Tables whose source does not tell what was there before: rows that replace whatever is there, keys under which there is nothing any
//! more, against a map; and tables of databases, which still may not disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::{Change, OldRow, Row, SqlType, TableSchema, Value};

use super::fixture::{Bench, SOURCE, at, changes, fill, row, scan, show, started, step, table, transaction, view};
use crate::engine::{EngineCatalog, EngineError};

const KEYS: i64 = 8;
const STEPS: u64 = 40;

fn catalog(table: &Arc<TableSchema>) -> EngineCatalog {
    let plan = view("all", scan(table), &[SqlType::Int8, SqlType::Text], &[0]);
    EngineCatalog { tables: vec![Arc::clone(table)], views: vec![plan], changelogs: BTreeSet::new() }
}

fn upsert(table: &Arc<TableSchema>, text: &str) -> Change {
    Change::Upsert { table: Arc::clone(table), new: row(table, text) }
}

fn remove(table: &Arc<TableSchema>, key: i64) -> Change {
    let key: Row = [Value::Int(key), Value::Null].into_iter().collect();
    Change::Remove { table: Arc::clone(table), key }
}

#[test]
fn a_row_replaces_whatever_is_there_and_one_that_is_not_there_may_be_removed() {
    let (bench, t) = (Bench::new(), table("t", &["id bigint!", "v text"]));
    let mut engine = started(&bench, &catalog(&t));
    step(&mut engine, 2, vec![remove(&t, 7), upsert(&t, "7 a"), upsert(&t, "7 b"), upsert(&t, "8 c")]);
    assert_eq!(bench.shown("all"), "7 b\n8 c");
    step(&mut engine, 3, vec![upsert(&t, "7 d"), remove(&t, 8), remove(&t, 8), remove(&t, 9)]);
    assert_eq!(bench.shown("all"), "7 d");
    let outcome = step(&mut engine, 4, vec![upsert(&t, "7 e"), upsert(&t, "7 d")]);
    assert!(outcome.changed.is_empty(), "what is the same after the step is no change");
}

#[test]
fn other_changes_must_still_fit_what_is_held() {
    let (bench, t) = (Bench::new(), table("t", &["id bigint!", "v text"]));
    let mut engine = started(&bench, &catalog(&t));
    step(&mut engine, 2, vec![upsert(&t, "1 a")]);
    let mut disagrees = |changes: Vec<Change>| {
        let outcome = engine.step(&SOURCE, &[transaction(3, changes)]);
        assert!(matches!(outcome, Err(EngineError::TableDisagrees { .. })), "{outcome:?}");
    };
    disagrees(changes(&t, "-1 2 b"));
    disagrees(changes(&t, "+1 1 b"));
    disagrees(vec![remove(&t, 1), Change::Delete { table: Arc::clone(&t), old: OldRow::Key(row(&t, "1 -")) }]);
    assert_eq!(bench.shown("all"), "1 a");
}

#[test]
fn nothing_replaces_a_row_of_a_table_without_a_key() {
    let (bench, t) = (Bench::new(), table("t", &["id bigint", "v text"]));
    let catalog = EngineCatalog { tables: vec![Arc::clone(&t)], views: Vec::new(), changelogs: BTreeSet::new() };
    for begun in [true, false] {
        let mut engine = bench.open(&catalog);
        if begun {
            engine.load_done(&SOURCE, &at(1)).unwrap();
        }
        for change in [upsert(&t, "1 a"), remove(&t, 1)] {
            let outcome = engine.step(&SOURCE, &[transaction(9, vec![change])]);
            assert!(matches!(outcome, Err(EngineError::TableDisagrees { .. })), "{outcome:?}");
        }
        engine.load_reset().unwrap();
    }
}

/// The copy of a topic is its stream, read up to a target; then it goes on.
#[test]
fn a_table_that_is_copied_by_its_stream_is_the_map_of_its_latest_rows() {
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let (bench, t) = (Bench::new(), table("t", &["id bigint!", "v text"]));
        let catalog = catalog(&t);
        let mut engine = bench.open(&catalog);
        engine.copy_begins(&SOURCE, &at(1), &[]).unwrap();
        let (mut model, complete_at) = (BTreeMap::new(), random.random_range(2..STEPS));
        for number in 2..STEPS {
            let mut drawn = Vec::new();
            for _ in 0..random.random_range(1..6) {
                let key = random.random_range(0..KEYS);
                if random.random_bool(0.3) {
                    model.remove(&key);
                    drawn.push(remove(&t, key));
                } else {
                    let text = format!("{key} v{}", random.random_range(0..3));
                    model.insert(key, text.clone());
                    drawn.push(upsert(&t, &text));
                }
            }
            step(&mut engine, number, drawn);
            if number == complete_at {
                assert_eq!(engine.copy_ends(&t, None).unwrap(), Vec::<Row>::new());
                fill(&mut engine);
            }
            if random.random_bool(0.2) {
                drop(engine);
                engine = bench.open(&catalog);
                fill(&mut engine);
            }
            if number >= complete_at {
                let expected: Vec<&str> = model.values().map(String::as_str).collect();
                let shown: Vec<String> = bench.rows("all").iter().map(show).collect();
                assert_eq!(shown, expected, "seed {seed}, step {number}");
            }
        }
    }
}
