//! Keys, read back.

use std::sync::Arc;

use super::super::config::{DebeziumStyle, Intervals, KafkaFormat, KafkaMode};
use super::super::encoder::{Encoder, Keys};
use super::super::key_values::key_values;
use super::encoder::form;
use super::fixture::{config, place, view};
use crate::row::Row;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::parse_text;
use crate::value::Value;

#[test]
fn every_key_that_is_written_is_read_back() {
    let array = |element| SqlType::Array(Box::new(element));
    let cases = [
        (SqlType::Int8, "-9007199254740993"),
        (SqlType::Bool, "t"),
        (SqlType::Float8, "1e+16"),
        (SqlType::Float8, "NaN"),
        (SqlType::Numeric(None), "12.50"),
        (SqlType::Numeric(Some((8, 2))), "-12.50"),
        (SqlType::Numeric(Some((5, -2))), "12300"),
        (SqlType::Other("bit".into()), "1"),
        (SqlType::Text, "a \"quoted\" \\ text\n"),
        (SqlType::Bytea, "\\x00ff10"),
        (SqlType::Date, "2024-02-29"),
        (SqlType::Date, "infinity"),
        (SqlType::Time, "10:00:00.5"),
        (SqlType::Timestamp, "1969-12-31 23:59:59.999999"),
        (SqlType::Timestamp, "-infinity"),
        (SqlType::Timestamptz, "2013-01-01 08:00:00.5+00"),
        (SqlType::Timestamptz, "0044-03-15 00:00:00+00 BC"),
        (SqlType::Interval, "1 mon -2 days 03:04:05.06"),
        (SqlType::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (array(SqlType::Int4), "{{1,NULL},{3,4}}"),
        (array(SqlType::Text), "{\"a\\\"b\",NULL,\"\"}"),
    ];
    let (json, plain) = ((KafkaFormat::Json, false), (KafkaFormat::Debezium, false));
    for (format, schemas) in [json, plain, (KafkaFormat::Debezium, true)] {
        for (sql_type, text) in &cases {
            let mut view = view();
            view.columns = vec![Column::new("extra", SqlType::Text, true), Column::new("k", sql_type.clone(), true)];
            view.key = vec![1];
            let mut config = config("broker:9092", ("orders", "cursors"), (format, KafkaMode::Upsert));
            config.debezium = DebeziumStyle { schemas, intervals: Intervals::String, ..DebeziumStyle::default() };
            let keys = Keys::new(&config, &view, &place()).expect("keys that fit");
            let form = form(&config, (&view, &keys));
            let encoder = Encoder::new(&config, &view, (keys, 6), form);
            for value in [parse_text(sql_type, text).expect("a value"), Value::Null] {
                let spot = encoder.spot(&Row::from(vec![Value::Null, value.clone()])).expect("a place");
                let read = key_values(&encoder, &spot.key);
                let key = String::from_utf8_lossy(&spot.key);
                assert_eq!(read, Some(vec![value]), "{format:?} {sql_type:?} {key}");
                assert_eq!(encoder.spot_of_key(&read.unwrap_or_default()).expect("a place"), spot);
            }
        }
    }
}

#[test]
fn what_is_no_key_of_the_view_is_none() {
    let config = config("broker:9092", ("orders", "cursors"), (KafkaFormat::Json, KafkaMode::Upsert));
    let keys = Keys::new(&config, &view(), &place()).expect("keys that fit");
    let form = form(&config, (&view(), &keys));
    let encoder = Arc::new(Encoder::new(&config, &view(), (keys, 6), form));
    for key in ["", "7", "{}", "{\"id\":\"seven\"}", "{\"id\":7,\"more\":1}", "{\"other\":7}", "\u{0}"] {
        assert_eq!(key_values(&encoder, key.as_bytes()), None, "{key}");
    }
}
