//! What is inferred of random plans, held against their rows.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::{Row, Value};

use super::build::{drawn, relations};
use super::random::Random;
use crate::sql::keys::{Identity, Key, identity};

const PLANS: u64 = 6_000;

fn part(row: &Row, columns: &Key) -> Vec<Value> {
    columns.iter().map(|&column| row[column].clone()).collect()
}

/// The first claim that the rows do not bear out.
fn refuted(known: &Identity, rows: &[Row]) -> Option<String> {
    for key in &known.keys {
        let mut seen = BTreeSet::new();
        if !rows.iter().all(|row| seen.insert(part(row, key))) {
            return Some(format!("{key:?} is no key"));
        }
    }
    for &(one, other) in &known.equal {
        if rows.iter().any(|row| row[one] != row[other]) {
            return Some(format!("{one} is not {other}"));
        }
    }
    for (&column, value) in &known.constant {
        if rows.iter().any(|row| row[column] != *value) {
            return Some(format!("{column} is not always {value:?}"));
        }
    }
    if let Some(column) = known.not_null.iter().find(|column| rows.iter().any(|row| row[**column].is_null())) {
        return Some(format!("{column} is null"));
    }
    let fits = |row: &Row| known.parts.iter().any(|part| part.holds(row));
    if !known.parts.is_empty() && !rows.iter().all(fits) {
        return Some(format!("a row is in none of {:?}", known.parts));
    }
    for known in &known.determined {
        let mut seen: BTreeMap<Vec<Value>, Vec<Value>> = BTreeMap::new();
        for row in rows {
            let by = part(row, &known.by);
            let others = part(row, &known.others);
            let nothing = others.iter().all(Value::is_null);
            if known.survives_left_join && by.iter().all(Value::is_null) && !nothing {
                return Some(format!("{known:?} does not survive a left join"));
            }
            if *seen.entry(by).or_insert_with(|| others.clone()) != others {
                return Some(format!("{known:?} does not hold"));
            }
        }
    }
    None
}

#[test]
fn what_is_inferred_holds_in_the_rows() {
    let relations = relations();
    let (mut looked_at, mut with_key) = (0, 0);
    for seed in 0..PLANS {
        let mut random = Random::new(seed);
        let depth = 1 + seed as usize % 4;
        let plan = random.plan(depth);
        let known = identity(&plan, &relations);
        for _ in 0..3 {
            let Some(rows) = random.world().rows(&plan) else { continue };
            looked_at += 1;
            with_key += usize::from(rows.len() > 1 && known.best().is_some());
            if let Some(claim) = refuted(&known, &rows) {
                panic!("seed {seed}: {claim}\n{}\n{rows:?}", drawn(&plan));
            }
        }
    }
    assert!(looked_at > 15_000 && with_key > 4_000, "{with_key} of {looked_at} had a key");
}
