//! Keys of jsonb, and comparisons of it, have the order and the equality of Postgres' btree.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::{SqlType, Value};
use tokio_postgres::NoTls;

use super::server::Postgres;
use crate::engine::scalar::sql_cmp;
use crate::state::encode_value;

const SEED: u64 = 20_240_304;
const STRINGS: [&str; 12] = ["", "a", "b", "aa", "ab", "B", "ä", "日", "\\u0001", "a\\\"", "a\\\\\\n", "\u{7f}"];

fn document(random: &mut StdRng, depth: usize) -> String {
    let string = |random: &mut StdRng| format!("\"{}\"", STRINGS[random.random_range(0..STRINGS.len())]);
    match random.random_range(0..if depth == 0 { 7 } else { 12 }) {
        0 => "null".to_owned(),
        1 => ["true", "false"][random.random_range(0..2)].to_owned(),
        2 | 3 => string(random),
        4 => ["0", "-0.0", "1", "1.0", "1.00", "10", "9", "-1", "-1.5", "1e20", "1e-5"][random.random_range(0..11)]
            .to_owned(),
        5 | 6 => random.random_range(-20..20).to_string(),
        7..=9 => {
            let elements: Vec<String> = (0..random.random_range(0..3)).map(|_| document(random, depth - 1)).collect();
            format!("[{}]", elements.join(", "))
        }
        _ => {
            let fields: Vec<String> = (0..random.random_range(0..3))
                .map(|_| format!("{}: {}", string(random), document(random, depth - 1)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

fn key(value: &Value) -> Vec<u8> {
    let mut key = Vec::new();
    encode_value(&mut key, &SqlType::Jsonb, value).expect("a document has a key");
    key
}

#[tokio::test]
async fn documents_sort_and_are_equal_as_in_postgres() {
    let server = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let mut random = StdRng::seed_from_u64(SEED);
    let documents: Vec<String> = (0..4_000).map(|_| document(&mut random, 3)).collect();
    let sql =
        "select document::jsonb::text, dense_rank() over (order by document::jsonb) from unnest($1::text[]) document
        order by 2";
    let rows = client.query(sql, &[&documents]).await.expect("sorts");
    let sorted: Vec<(Value, i64)> = rows.iter().map(|row| (Value::text(row.get::<_, &str>(0)), row.get(1))).collect();
    let keys: Vec<Vec<u8>> = sorted.iter().map(|(value, _)| key(value)).collect();
    let mut equal = 0;
    for place in 1..sorted.len() {
        let (before, after) = (&sorted[place - 1], &sorted[place]);
        let expected = before.1.cmp(&after.1);
        equal += usize::from(expected.is_eq() && before.0 != after.0);
        assert_eq!(keys[place - 1].cmp(&keys[place]), expected, "keys of {before:?} and {after:?}");
        assert_eq!(sql_cmp(&SqlType::Jsonb, &before.0, &after.0), expected, "{before:?} and {after:?}");
        let distinct = expected.is_ne();
        assert!(!(distinct && keys[place].starts_with(&keys[place - 1])), "{before:?} is a prefix of {after:?}");
    }
    assert!(equal > 20, "only {equal} pairs are equal and look different");
    drop(client);
    connection.await.expect("the connection ends").expect("without an error");
}

#[test]
fn a_deep_document_has_a_key() {
    let depth = 200_000;
    let text = Value::text(format!("{}1{}", "[".repeat(depth), "]".repeat(depth)));
    assert_eq!(key(&text).len(), 1 + depth * 5 + key(&Value::text("1")).len() - 1);
}

#[test]
fn what_is_no_document_has_no_key() {
    for text in ["[", "]", "{\"a\"", "nul", "[1", "\"a", "{}}"] {
        let encoded = encode_value(&mut Vec::new(), &SqlType::Jsonb, &Value::text(text));
        assert!(encoded.is_err(), "{text}");
    }
}
