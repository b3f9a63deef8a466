//! Records of changed rows.

use super::super::config::{KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::super::encoder::{Encoder, Keys, Moment, Record};
use super::super::form::Form;
use super::super::schemas::register;
use super::fixture::{change, config, cursor, gone, json, key, place, put, view};
use crate::schema::ViewSchema;
use crate::sink::RowChange;
use crate::sql_type::SqlType;
use crate::value::Value;

fn encoder_of(format: KafkaFormat, mode: KafkaMode, view: &ViewSchema) -> Encoder {
    let config = config("broker:9092", ("orders", "cursors"), (format, mode));
    let keys = Keys::new(&config, view, &place()).expect("keys that fit");
    let form = form(&config, (view, &keys));
    Encoder::new(&config, view, (keys, 6), form)
}

/// Of a format without a registry.
pub(super) fn form(config: &KafkaSinkConfig, (view, keys): (&ViewSchema, &Keys)) -> Form {
    register(config, (view, keys), &place()).expect("a form")
}

fn records(format: KafkaFormat, mode: KafkaMode, changes: &[RowChange]) -> Vec<(String, Option<String>)> {
    let moment = Moment { at_micros: 1_700_000_000_000_000, ..Moment::now(&cursor("g", 7)) };
    told(encoder_of(format, mode, &view()).changes(changes, &moment).expect("they can be written"))
}

fn told(records: Vec<Record>) -> Vec<(String, Option<String>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    records.into_iter().map(|record| (text(record.spot.key), record.value.map(text))).collect()
}

#[test]
fn an_upsert_is_the_row_and_a_row_that_leaves_a_tombstone() {
    let changes = [put(1, "Ada"), change(2, "Bo", "Cy"), gone(3, "Di")];
    let wanted = [(key(3), None), (key(1), Some(json(1, "Ada"))), (key(2), Some(json(2, "Cy")))];
    assert_eq!(records(KafkaFormat::Json, KafkaMode::Upsert, &changes), wanted);
}

#[test]
fn an_event_tells_both_sides_and_what_happened() {
    let changes = [put(1, "Ada"), change(2, "Bo", "Cy"), gone(3, "Di")];
    let event = |before: &str, after: &str, letter: char| {
        Some(format!("{{\"before\":{before},\"after\":{after},\"op\":\"{letter}\",\"ts_ms\":1700000000000}}"))
    };
    let wanted = [
        (key(3), event(&json(3, "Di"), "null", 'd')),
        (key(1), event("null", &json(1, "Ada"), 'c')),
        (key(2), event(&json(2, "Bo"), &json(2, "Cy"), 'u')),
    ];
    assert_eq!(records(KafkaFormat::Json, KafkaMode::Append, &changes), wanted);
}

#[test]
fn debezium_deletes_with_an_event_and_where_the_topic_is_compacted_a_tombstone_behind_it() {
    for (mode, tombstones) in [(KafkaMode::Upsert, 1), (KafkaMode::Append, 0)] {
        let found = records(KafkaFormat::Debezium, mode, &[gone(3, "Di")]);
        let event: serde_json::Value = serde_json::from_str(found[0].1.as_deref().expect("an event")).expect("JSON");
        assert_eq!((event["op"].as_str(), &event["after"]), (Some("d"), &serde_json::Value::Null));
        assert_eq!(event["before"]["customer"], "Di");
        assert_eq!(found[1..], vec![(key(3), None); tombstones]);
    }
}

/// The members that Debezium documents for every envelope.
#[test]
fn a_debezium_envelope_has_its_members() {
    let found = records(KafkaFormat::Debezium, KafkaMode::Append, &[change(2, "Bo", "Cy")]);
    let event: serde_json::Value = serde_json::from_str(found[0].1.as_deref().expect("an event")).expect("JSON");
    let members: Vec<&str> = event.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, ["before", "after", "source", "transaction", "op", "ts_ms", "ts_us", "ts_ns"]);
    let source = &event["source"];
    assert_eq!((source["connector"].as_str(), source["name"].as_str()), (Some("tailwater"), Some("orders")));
    assert_eq!((source["snapshot"].as_str(), source["step"].as_u64()), (Some("false"), Some(7)));
    assert_eq!((source["ts_ms"].as_u64(), source["position"].as_str()), (Some(1_700_000_000_000), Some("0/70")));
    assert_eq!(event["op"], "u");
}

#[test]
fn keys_that_sql_calls_one_are_taken_back_under_their_former_text() {
    let mut view = view();
    view.columns[0].sql_type = SqlType::Numeric(None);
    let row = |text: &str| {
        crate::row::Row::from(vec![Value::Numeric(text.parse().expect("a number")), Value::Null, Value::Null])
    };
    let change = RowChange { old: Some(row("1.0")), new: Some(row("1.00")) };
    let moment = Moment::now(&cursor("g", 1));
    let found = told(
        encoder_of(KafkaFormat::Json, KafkaMode::Upsert, &view)
            .changes(&[change], &moment)
            .expect("they can be written"),
    );
    assert_eq!(found[0], (r#"{"id":"1.0"}"#.into(), None));
    assert_eq!(found[1].0, r#"{"id":"1.00"}"#);
    assert_eq!(found.len(), 2);
}

#[test]
fn columns_of_the_key_place_a_row_and_others_are_refused() {
    let mut view = view();
    view.key = vec![0, 1];
    let mut config = config("broker:9092", ("orders", "cursors"), (KafkaFormat::Json, KafkaMode::Upsert));
    config.partition_by = Some(vec!["customer".into()]);
    let keys = Keys::new(&config, &view, &place()).expect("keys that fit");
    let encoder = Encoder::new(&config, &view, (keys, 64), Form::Json);
    let partitions: Vec<i32> =
        (0..20).map(|id| encoder.spot(&super::fixture::row(id, "Ada")).expect("a place").partition).collect();
    assert!(partitions.iter().all(|partition| *partition == partitions[0]), "{partitions:?}");
    config.partition_by = Some(vec!["paid".into()]);
    let error = Keys::new(&config, &view, &place()).expect_err("paid is not in the key");
    assert!(error.hint().is_some_and(|hint| hint.contains("\"id\", \"customer\"")), "{error:?}");
    config.partition_by = None;
    config.key = Some(vec!["customer".into()]);
    let error = Keys::new(&config, &view, &place()).expect_err("id is missing");
    assert!(error.hint().is_some_and(|hint| hint.contains("key = [\"id\", \"customer\"]")), "{error:?}");
}
