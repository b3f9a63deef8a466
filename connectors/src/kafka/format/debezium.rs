//! `"debezium"`: the envelope of change data capture as JSON, with `schema` and `payload` around it or without:
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events>.
//!
//! `c`, `u` and `r` say that the row is `after` now, `d` that the row `before` is gone. What else a connector may send (`t`, `m`) is
//! no change of a row.

use serde_json::{Map, Value as Json};

use super::decoder::{Decoded, TimeUnit};
use super::error::BadMessage;
use super::json::{JsonDecoder, malformed};
use crate::schema::Column;
use crate::value::Value;

/// Fills columns from envelopes.
#[derive(Debug)]
pub struct DebeziumDecoder {
    rows: JsonDecoder,
}

impl DebeziumDecoder {
    pub(super) fn new(columns: &[Column], unit: TimeUnit) -> Self {
        Self { rows: JsonDecoder::new(columns, unit) }
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Decoded, BadMessage> {
        let envelope = payload(bytes)?;
        let Json::Object(envelope) = envelope else { return Err(BadMessage::new("has a payload that is no object")) };
        let Some(Json::String(op)) = envelope.get("op") else {
            return Err(BadMessage::new("has no \"op\", as envelopes of Debezium have"));
        };
        match op.as_str() {
            "c" | "u" | "r" => Ok(Decoded::Row(self.rows.values(row(&envelope, "after")?)?)),
            "d" => Ok(Decoded::Gone(self.rows.values(row(&envelope, "before")?)?)),
            _ => Err(BadMessage::new("has an \"op\" that is no change of a row")),
        }
    }

    /// A message's key: an object of the key's columns, bare or in its `payload`.
    pub(super) fn decode_key(&self, bytes: &[u8]) -> Result<Vec<Value>, BadMessage> {
        match payload(bytes)? {
            Json::Object(key) => self.rows.values(&key),
            other => match self.rows.bare(&other) {
                Some(bare) => bare,
                None => Err(BadMessage::new("is no object")),
            },
        }
    }
}

fn row<'a>(envelope: &'a Map<String, Json>, name: &str) -> Result<&'a Map<String, Json>, BadMessage> {
    match envelope.get(name) {
        Some(Json::Object(row)) => Ok(row),
        _ => Err(BadMessage::new(format!("has no row in \"{name}\""))),
    }
}

fn payload(bytes: &[u8]) -> Result<Json, BadMessage> {
    let document: Json = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    match document {
        Json::Object(mut members) if members.len() == 2 && members.contains_key("schema") => {
            match members.remove("payload") {
                Some(payload) => Ok(payload),
                None => Ok(Json::Object(members)),
            }
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql_type::SqlType;

    fn decoder() -> DebeziumDecoder {
        let columns = [Column::new("id", SqlType::Int8, false), Column::new("v", SqlType::Text, true)];
        DebeziumDecoder::new(&columns, TimeUnit::default())
    }

    fn row(id: i64, v: Option<&str>) -> Vec<Value> {
        vec![Value::Int(id), v.map_or(Value::Null, Value::text)]
    }

    #[test]
    fn envelopes_say_what_the_row_is_now_with_and_without_their_schema() {
        let read = |json: &str| decoder().decode(json.as_bytes());
        let bare = r#"{"before":null,"after":{"id":1,"v":"a"},"source":{"lsn":5},"op":"c","ts_ms":1}"#;
        assert_eq!(read(bare), Ok(Decoded::Row(row(1, Some("a")))));
        let wrapped = format!(r#"{{"schema":{{"type":"struct"}},"payload":{bare}}}"#);
        assert_eq!(read(&wrapped), Ok(Decoded::Row(row(1, Some("a")))));
        assert_eq!(read(r#"{"op":"r","after":{"id":2}}"#), Ok(Decoded::Row(row(2, None))));
        let updated = r#"{"op":"u","before":{"id":2,"v":"x"},"after":{"id":2,"v":"y"}}"#;
        assert_eq!(read(updated), Ok(Decoded::Row(row(2, Some("y")))));
        assert_eq!(read(r#"{"op":"d","before":{"id":2},"after":null}"#), Ok(Decoded::Gone(row(2, None))));
    }

    #[test]
    fn what_is_no_envelope_is_named() {
        let wrong = |json: &str| decoder().decode(json.as_bytes()).expect_err("bad").reason;
        assert_eq!(wrong("{}"), "has no \"op\", as envelopes of Debezium have");
        assert_eq!(wrong("7"), "has a payload that is no object");
        assert_eq!(wrong(r#"{"op":"c","after":null}"#), "has no row in \"after\"");
        assert_eq!(wrong(r#"{"op":"d","before":null}"#), "has no row in \"before\"");
        assert_eq!(wrong(r#"{"op":"t"}"#), "has an \"op\" that is no change of a row");
        assert_eq!(wrong(r#"{"op":"c","after":{"id":"x"}}"#), "field \"id\" is not of type bigint");
    }

    #[test]
    fn keys_are_objects_with_and_without_their_schema_or_bare() {
        let only = DebeziumDecoder::new(&[Column::new("id", SqlType::Int8, false)], TimeUnit::default());
        for key in [r#"{"id":7}"#, r#"{"schema":{},"payload":{"id":7}}"#, "7", r#"{"schema":{},"payload":7}"#] {
            assert_eq!(only.decode_key(key.as_bytes()), Ok(vec![Value::Int(7)]), "{key}");
        }
    }
}
