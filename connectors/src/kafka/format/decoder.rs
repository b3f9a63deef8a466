//! One decoder for each format. A closed set: one `enum`, one `match` each for making and for using it.

use std::sync::Arc;

use smol_str::SmolStr;
use thiserror::Error;

use super::csv::CsvDecoder;
use super::debezium::DebeziumDecoder;
use super::error::{BadMessage, DecodeError};
use super::json::JsonDecoder;
use super::schema_decoder::SchemaDecoder;
use super::schema_format::SchemaFormat;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::parse_text;
use crate::value::Value;

/// `format` or `key_format` of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// `"json"`: an object with a field for each column; as a key of one column also the bare value.
    Json,
    /// `"debezium"`: `op`, `before` and `after` of change data capture, as JSON.
    Debezium,
    /// `"csv"`: the columns in their order, between commas.
    Csv,
    /// `"string"`: one column, as text.
    String,
    /// `"bytes"`: one column of bytea.
    Bytes,
    /// `"avro"`, `"protobuf"`, `"json_schema"`: by a schema.
    Schema(Box<SchemaFormat>),
}

impl Format {
    /// As it is written in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Debezium => "debezium",
            Self::Csv => "csv",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Schema(format) => format.name(),
        }
    }

    /// Whether messages tell of changes and hold whole rows, also the columns of the key.
    pub fn is_envelope(&self) -> bool {
        match self {
            Self::Debezium => true,
            Self::Schema(format) => format.envelope,
            _ => false,
        }
    }
}

/// What numbers count that stand for moments and times of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// `"s"`
    Seconds,
    /// `"ms"`, as Kafka itself counts.
    #[default]
    Milliseconds,
    /// `"us"`
    Microseconds,
    /// `"ns"`: what is below a microsecond is cut off.
    Nanoseconds,
}

/// Columns that a format cannot fill.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct FormatError(pub String);

/// What a part of a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// These values, one for each column of the decoder.
    Row(Vec<Value>),
    /// An envelope says that the row with these values is gone; what it does not say is null.
    Gone(Vec<Value>),
}

/// Decodes the values, or the keys, of one topic.
#[derive(Debug)]
pub enum Decoder {
    /// See [`Format::Json`].
    Json(JsonDecoder),
    /// See [`Format::Debezium`].
    Debezium(DebeziumDecoder),
    /// See [`Format::Csv`].
    Csv(CsvDecoder),
    /// See [`Format::String`].
    String(Arc<Column>),
    /// See [`Format::Bytes`].
    Bytes,
    /// See [`Format::Schema`].
    Schema(Box<SchemaDecoder>),
}

impl Decoder {
    /// A decoder that fills `columns`, in their order.
    pub fn new(format: &Format, columns: &[Column], unit: TimeUnit) -> Result<Self, FormatError> {
        Ok(match format {
            Format::Json => Self::Json(JsonDecoder::new(columns, unit)),
            Format::Schema(format) => Self::Schema(Box::new(SchemaDecoder::new(format, columns, unit)?)),
            Format::Debezium => Self::Debezium(DebeziumDecoder::new(columns, unit)),
            Format::Csv => Self::Csv(CsvDecoder::new(columns)),
            Format::String => Self::String(Arc::new(only(format, columns)?.clone())),
            Format::Bytes => match only(format, columns)?.sql_type {
                SqlType::Bytea => Self::Bytes,
                _ => return Err(FormatError("format \"bytes\" fills a column of type bytea".into())),
            },
        })
    }

    /// Decodes one part of one message. May ask a registry, and waits for it: called off the async threads.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Decoded, DecodeError> {
        match self {
            Self::Json(decoder) => Ok(Decoded::Row(decoder.decode(bytes)?)),
            Self::Debezium(decoder) => Ok(decoder.decode(bytes)?),
            Self::Csv(decoder) => Ok(Decoded::Row(decoder.decode(bytes)?)),
            Self::String(column) => Ok(Decoded::Row(vec![field(column, text(bytes)?)?])),
            Self::Bytes => Ok(Decoded::Row(vec![Value::Bytes(bytes.into())])),
            Self::Schema(decoder) => decoder.decode(bytes),
        }
    }

    /// From here on these columns are null: what [`DecodeError::ColumnsLost`] named.
    pub fn lose(&mut self, columns: &[SmolStr]) {
        if let Self::Schema(decoder) = self {
            decoder.lose(columns);
        }
    }

    /// Decodes a message's key into the key's columns.
    pub fn decode_key(&mut self, bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
        match self {
            Self::Json(decoder) => Ok(decoder.decode_key(bytes)?),
            Self::Schema(decoder) => decoder.decode_key(bytes),
            Self::Debezium(decoder) => Ok(decoder.decode_key(bytes)?),
            other => match other.decode(bytes)? {
                Decoded::Row(values) | Decoded::Gone(values) => Ok(values),
            },
        }
    }
}

fn only<'a>(format: &Format, columns: &'a [Column]) -> Result<&'a Column, FormatError> {
    match columns {
        [only] => Ok(only),
        _ => Err(FormatError(format!("format \"{}\" fills one column, not {}", format.name(), columns.len()))),
    }
}

/// The bytes as text that Postgres could hold.
pub(super) fn text(bytes: &[u8]) -> Result<&str, BadMessage> {
    std::str::from_utf8(bytes).map_err(|_| BadMessage::new("is not UTF-8"))
}

/// Text as a value of the column's type, as Postgres reads it; declared scales are applied.
pub(super) fn field(column: &Column, text: &str) -> Result<Value, BadMessage> {
    if text.contains('\0') {
        return Err(BadMessage::field(&column.name, "has a character that text cannot hold (U+0000)"));
    }
    let wrong = || BadMessage::field(&column.name, format!("is not of type {}", column.sql_type));
    match (&column.sql_type, parse_text(&column.sql_type, text).map_err(|_| wrong())?) {
        (SqlType::Numeric(Some((precision, scale))), Value::Numeric(number)) => {
            number.apply_modifier(*precision, *scale).map(Value::Numeric).map_err(|_| wrong())
        }
        (SqlType::Json, value) => super::jsonb::is_document(text).then_some(value).ok_or_else(wrong),
        (SqlType::Jsonb, _) => super::jsonb::from_text(text).map(Value::text).ok_or_else(wrong),
        (_, value) => Ok(value),
    }
}
