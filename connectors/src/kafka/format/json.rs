//! `"json"`: an object with a field for each column. A column without a field is null, and so is one whose field is null; fields
//! without a column are passed over. Of several fields of one name the last counts.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use super::decoder::TimeUnit;
use super::error::BadMessage;
use super::json_value::{FieldReader, class};
use crate::schema::Column;
use crate::value::Value;

/// Fills columns from objects.
#[derive(Debug)]
pub struct JsonDecoder {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    reader: FieldReader,
}

impl JsonDecoder {
    pub(super) fn new(columns: &[Column], unit: TimeUnit) -> Self {
        let places = columns.iter().enumerate().map(|(place, column)| (column.name.to_string(), place)).collect();
        Self { columns: columns.to_vec(), places, reader: FieldReader { unit } }
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Vec<Value>, BadMessage> {
        let fields = self.fields(bytes).map_err(|error| malformed(&error))?;
        self.columns.iter().zip(fields).map(|(column, field)| self.value(column, field.as_ref())).collect()
    }

    /// A key of one column may be the bare value.
    pub(super) fn decode_key(&self, bytes: &[u8]) -> Result<Vec<Value>, BadMessage> {
        match (self.columns.as_slice(), bytes.trim_ascii_start().first()) {
            ([only], Some(first)) if *first != b'{' => {
                let bare: Json = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
                Ok(vec![self.value(only, Some(&bare))?])
            }
            _ => self.decode(bytes),
        }
    }

    /// The values of an object that has been read.
    pub(super) fn values(&self, object: &serde_json::Map<String, Json>) -> Result<Vec<Value>, BadMessage> {
        self.columns.iter().map(|column| self.value(column, object.get(column.name.as_str()))).collect()
    }

    /// A bare value as that of the only column.
    pub(super) fn bare(&self, value: &Json) -> Option<Result<Vec<Value>, BadMessage>> {
        match self.columns.as_slice() {
            [only] => Some(self.value(only, Some(value)).map(|value| vec![value])),
            _ => None,
        }
    }

    fn value(&self, column: &Column, field: Option<&Json>) -> Result<Value, BadMessage> {
        match field {
            None | Some(Json::Null) => Ok(Value::Null),
            Some(field) => self.reader.read(column, field),
        }
    }

    fn fields(&self, bytes: &[u8]) -> Result<Vec<Option<Json>>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let fields = Fields(self).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(fields)
    }
}

/// Reads only the fields that have a column.
struct Fields<'a>(&'a JsonDecoder);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Vec<Option<Json>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Vec<Option<Json>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = vec![None; self.0.columns.len()];
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.0.places.get(name.as_ref()) {
                Some(place) => fields[*place] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

/// Says what is wrong by class and place alone: serde's own words may quote values.
pub(super) fn malformed(error: &serde_json::Error) -> BadMessage {
    let what = class(error);
    BadMessage::new(format!("is not {what} (line {}, column {})", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::column::read_column_type;
    use crate::kafka::format::tests::written;

    fn decoder(columns: &[(&str, &str)]) -> JsonDecoder {
        let column = |(name, kind): &(&str, &str)| Column::new(*name, read_column_type(kind).expect("a type"), true);
        JsonDecoder::new(&columns.iter().map(column).collect::<Vec<_>>(), TimeUnit::default())
    }

    /// The value as text, or what is wrong with it.
    fn one(kind: &str, json: &str) -> String {
        let decoder = decoder(&[("a", kind)]);
        match decoder.decode(format!("{{\"a\":{json}}}").as_bytes()) {
            Ok(values) if values[0].is_null() => "null".into(),
            Ok(values) => written(&decoder.columns[0].sql_type, &values[0]),
            Err(bad) => bad.reason,
        }
    }

    #[test]
    fn fields_become_columns_by_name_and_what_is_missing_is_null() {
        let decoder = decoder(&[("id", "bigint"), ("page", "text")]);
        let read = |json: &str| decoder.decode(json.as_bytes());
        assert_eq!(read(r#"{"page":"/a","x":{"id":[1]},"id":7}"#), Ok(vec![Value::Int(7), Value::text("/a")]));
        assert_eq!(read(r#"{"id":null}"#), Ok(vec![Value::Null, Value::Null]));
        assert_eq!(read(r#"{"id":1,"id":2}"#), Ok(vec![Value::Int(2), Value::Null]));
    }

    #[test]
    fn values_are_exact_or_refused_with_the_field_named() {
        for (kind, json, expected) in [
            ("smallint", "32767", "32767"),
            ("smallint", "32768", "field \"a\" is not of type smallint"),
            ("integer", "1e3", "1000"),
            ("integer", "1.5", "field \"a\" is not of type integer"),
            ("integer", "\"12\"", "12"),
            ("integer", "true", "field \"a\" is a truth value and its column of type integer"),
            ("bigint", "-9223372036854775808", "-9223372036854775808"),
            ("bigint", "9223372036854775808", "field \"a\" is not of type bigint"),
            ("numeric", "12345678901234567890.1200", "12345678901234567890.1200"),
            ("numeric(6,2)", "12.345", "12.35"),
            ("numeric(4,2)", "\"123.4\"", "field \"a\" is not of type numeric(4,2)"),
            ("double precision", "1e400", "field \"a\" is not of type double precision"),
            ("real", "0.1", "0.1"),
            ("boolean", "false", "f"),
            ("boolean", "0", "field \"a\" is a number and its column of type boolean"),
            ("text", "\"\"", ""),
            ("text", "7", "field \"a\" is a number and its column of type text"),
            ("text", "\"\\u0000\"", "field \"a\" has a character that text cannot hold (U+0000)"),
            ("timestamptz", "\"2024-02-29T12:00:00.5+02:00\"", "2024-02-29 10:00:00.5+00"),
            ("timestamptz", "1709200800500", "2024-02-29 10:00:00.5+00"),
            ("timestamptz", "-1", "1969-12-31 23:59:59.999+00"),
            ("timestamp", "\"2024-02-29T12:00:00\"", "2024-02-29 12:00:00"),
            ("date", "\"2024-02-29\"", "2024-02-29"),
            ("date", "19782", "2024-02-29"),
            ("time", "3600000", "01:00:00"),
            ("time", "86400001", "field \"a\" is not of type time without time zone"),
            ("interval", "\"1 day\"", "1 day"),
            ("uuid", "\"3e11fa47-71ca-11e1-9e33-c80aa9429562\"", "3e11fa47-71ca-11e1-9e33-c80aa9429562"),
            ("bytea", "\"Zm9v\"", "\\x666f6f"),
            ("bytea", "\"\\\\x00ff\"", "\\x00ff"),
            ("jsonb", "{\"b\":1,\"a\":[1.50]}", "{\"a\": [1.50], \"b\": 1}"),
            ("jsonb", "\"7\"", "\"7\""),
            ("integer[]", "[1,null,3]", "{1,NULL,3}"),
            ("integer[]", "[]", "{}"),
            ("integer[]", "[1,\"x\"]", "field \"a\" is not of type integer"),
            ("text", "null", "null"),
        ] {
            assert_eq!(one(kind, json), expected, "{kind} of {json}");
        }
    }

    #[test]
    fn what_is_no_object_is_named_by_its_place_alone() {
        let decoder = decoder(&[("id", "bigint")]);
        let wrong = |json: &[u8]| decoder.decode(json).expect_err("bad").reason;
        assert_eq!(wrong(b"{\"id\":"), "is not whole JSON (line 1, column 6)");
        assert_eq!(wrong(b"{\"id\":secret}"), "is not JSON (line 1, column 7)");
        assert_eq!(wrong(b"[\"secret\"]"), "is not a JSON object (line 1, column 0)");
        assert_eq!(wrong(b"{} {}"), "is not JSON (line 1, column 4)");
        assert!(wrong(b"\xff").starts_with("is not JSON"));
    }

    #[test]
    fn a_key_of_one_column_may_be_bare() {
        let decoder = decoder(&[("id", "bigint")]);
        assert_eq!(decoder.decode_key(b" 7"), Ok(vec![Value::Int(7)]));
        assert_eq!(decoder.decode_key(b"{\"id\":7}"), Ok(vec![Value::Int(7)]));
        assert!(decoder.decode_key(b"x").is_err());
    }
}
