//! Sinks compared with the database's own answers: every key, every field, and nothing besides.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::database::{Database, TextRow};
use super::rig::Rig;

/// Rows per page of a search.
const PAGE: u64 = 500;

/// What a key of Redis must hold: fields that are not null, as the database prints them.
pub(crate) type Fields = BTreeMap<String, String>;

/// Rows of a query by the key that `key_sql` makes of each.
pub(crate) fn expected(database: &Database, sql: &str, key_sql: &str, columns: &[&str]) -> BTreeMap<String, Fields> {
    let list = columns.join(", ");
    let rows = database.rows(&format!("select {key_sql}, {list} from ({sql}) as rows"));
    let fields = |row: TextRow| {
        let mut cells = row.into_iter();
        let key = cells.next().flatten().unwrap();
        let named = columns.iter().zip(cells).filter_map(|(name, cell)| cell.map(|cell| ((*name).to_owned(), cell)));
        (key, named.collect())
    };
    rows.into_iter().map(fields).collect()
}

/// Everything that Redis holds, without the sinks' cursors.
pub(crate) fn keys(connection: &mut redis::Connection) -> BTreeSet<String> {
    let (mut found, mut cursor) = (BTreeSet::new(), 0u64);
    loop {
        let (next, keys): (u64, Vec<String>) =
            redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(2_000).query(connection).unwrap();
        found.extend(keys.into_iter().filter(|key| !key.starts_with("tailwater:")));
        cursor = next;
        if cursor == 0 {
            return found;
        }
    }
}

/// Compares keys of one format with what they must hold.
pub(crate) fn assert_keys(connection: &mut redis::Connection, format: &str, wanted: &BTreeMap<String, Fields>) {
    let keys: Vec<&String> = wanted.keys().collect();
    for chunk in keys.chunks(1_000) {
        let mut pipeline = redis::pipe();
        for key in chunk {
            pipeline.cmd(if format == "hash" { "HGETALL" } else { "GET" }).arg(key.as_str());
        }
        let held: Vec<Fields> = match format {
            "hash" => pipeline.query(connection).unwrap(),
            _ => {
                let texts: Vec<Option<String>> = pipeline.query(connection).unwrap();
                texts.iter().map(|text| text.as_deref().map(from_json).unwrap_or_default()).collect()
            }
        };
        for (key, held) in chunk.iter().zip(held) {
            assert_eq!(held, wanted[*key], "key {key}");
        }
    }
}

/// The members of an object as text, nulls left out.
pub(crate) fn from_json(text: &str) -> Fields {
    let Ok(Json::Object(members)) = serde_json::from_str::<Json>(text) else { panic!("no object: {text}") };
    let cell = |value: Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    members.into_iter().filter_map(|(name, value)| cell(value).map(|cell| (name, cell))).collect()
}

/// Compares every document of search sink `sink` with rows that have an integer column `id`, all of them, and counts.
pub(crate) fn assert_search(rig: &Rig, sink: &str, position: &str, wanted: &BTreeMap<i64, Fields>) {
    let ask = |query: &str| {
        let answer =
            rig.get(&format!("/v1/search/{sink}?q={query}&limit={PAGE}&min_position={position}&timeout=30s")).unwrap();
        assert_eq!(answer.code, 200, "{}", answer.body);
        serde_json::from_str::<Json>(&answer.body).unwrap()
    };
    assert_eq!(ask("*")["total"], wanted.len(), "documents of {sink}");
    let ids: Vec<i64> = wanted.keys().copied().collect();
    for chunk in ids.chunks(PAGE as usize) {
        let (first, last) = (chunk[0], chunk[chunk.len() - 1]);
        let found = ask(&format!("id:%5B{first}%20TO%20{last}%5D"));
        let hits = found["hits"].as_array().unwrap();
        assert_eq!(hits.len(), chunk.len(), "documents of {sink} from {first} to {last}");
        for hit in hits {
            let held = from_json(&hit["row"].to_string());
            assert_eq!(Some(&held), wanted.get(&held["id"].parse().unwrap()), "document of {sink}");
        }
    }
}
