//! Keys of collations sort text as Postgres' ICU does.
//!
//! The data of both come from different editions of CLDR, so the claim is for letters, digits and marks that have been in
//! Unicode for long.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::Value;
use tokio_postgres::NoTls;

use super::server::Postgres;
use crate::engine::scalar::bind::{function, literal_text};

const ALPHABET: [&str; 46] = [
    "a", "A", "á", "à", "ä", "Ä", "å", "æ", "b", "B", "c", "ç", "č", "ch", "d", "e", "é", "E", "h", "i", "ı", "l",
    "ll", "n", "ñ", "o", "ö", "ø", "s", "ß", "z", "ž", "0", "1", "9", " ", "-", "_", "'", ".", "α", "я", "ж", "日",
    "あ", "e\u{301}",
];
const COLLATIONS: [&str; 9] =
    ["und-x-icu", "en-x-icu", "de-x-icu", "fr-x-icu", "sv-x-icu", "es-x-icu", "cs-x-icu", "da-x-icu", "en-US-x-icu"];
const SEED: u64 = 20_240_302;

fn words(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut letter = || ALPHABET[random.random_range(0..ALPHABET.len())];
    let mut words: Vec<String> = (0..count).map(|at| (0..at % 6).map(|_| letter()).collect()).collect();
    words.sort();
    words.dedup();
    words
}

fn key(collation: &str, word: &str) -> Value {
    let bound = function("tw_collation_key", vec![literal_text(collation), literal_text(word)]).expect("binds");
    bound.scalar.evaluate(&[]).expect("has a key")
}

#[tokio::test]
async fn keys_sort_as_the_collations_of_postgres() {
    let server = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let words = words(3_000);
    for collation in COLLATIONS {
        let sql = format!("select word from unnest($1::text[]) word order by word collate \"{collation}\"");
        let rows = client.query(&sql, &[&words]).await.expect("sorts");
        let theirs: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let mut ours: Vec<(Value, String)> = words.iter().map(|word| (key(collation, word), word.clone())).collect();
        ours.sort();
        let differs = theirs.iter().zip(&ours).find(|(theirs, ours)| **theirs != ours.1);
        assert!(differs.is_none(), "{collation}: {differs:?}");
    }
    drop(client);
    connection.await.expect("the connection ends").expect("without an error");
}

#[test]
fn a_collation_that_does_not_exist_is_an_error() {
    let bound = function("tw_collation_key", vec![literal_text("no such thing"), literal_text("a")]).expect("binds");
    assert_eq!(bound.scalar.evaluate(&[]).expect_err("no collation").code, "42704");
}
