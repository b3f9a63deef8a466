//! Messages as Debezium's connectors for Postgres and MySQL write them with Kafka Connect's JSON converter:
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html> and `mysql.html` beside it.
//!
//! ```text
//! style    what the connector would be told about decimals, intervals and schemas
//! field    what a column is, by its type and by what its source declares
//! values   its values, written and read back
//! schema   the schemas of Kafka Connect that stand in front, with `schemas = true`
//! source   `source` of the envelope
//! ```

mod field;
mod schema;
mod source;
pub(super) mod style;
mod values;

use std::sync::Arc;

use smol_str::SmolStr;
use xxhash_rust::xxh3::xxh3_64;

use crate::json;
use crate::kafka::format::EncodeError;
use crate::row::Row;
use crate::schema::ViewSchema;
use crate::sql_type::SqlType;
use crate::value::Value;

use super::config::{KafkaSinkConfig, Origin};
use field::Field;
use source::MARIADB;
pub(super) use source::{Told, write_source};
use style::DebeziumStyle;

const CLOSING: &[u8] = b"}";

/// How rows of a view and their keys are written.
#[derive(Clone, Debug)]
pub(super) struct Debezium {
    fields: Vec<Field>,
    /// What stands in front of keys; empty without schemas.
    key_opening: Vec<u8>,
    /// What stands in front of envelopes, and of those that come from MariaDB.
    value_opening: Vec<u8>,
    mariadb_opening: Vec<u8>,
    layout: u64,
}

impl Debezium {
    /// For the columns of `view`, of which those at `key` are the key.
    pub(super) fn new(config: &KafkaSinkConfig, view: &ViewSchema, key: &[usize]) -> Arc<Self> {
        let style: DebeziumStyle = config.debezium;
        let declared = |name: &SmolStr| config.origin.as_ref()?.declared.get(name).map(SmolStr::as_str);
        let fields: Vec<Field> =
            view.columns.iter().map(|column| Field::of(column, declared(&column.name), style)).collect();
        let connector = config.origin.as_ref().and_then(Origin::connector);
        let key_schema = schema::of_key(&config.topic, key.iter().map(|&column| &fields[column])).to_string();
        let of_envelope = |connector| schema::of_envelope(&config.topic, &fields, connector).to_string();
        let (value_schema, mariadb_schema) = (of_envelope(connector), of_envelope(connector.map(|_| MARIADB)));
        let opening = |schema: &str| match style.schemas {
            true => format!("{{\"schema\":{schema},\"payload\":").into_bytes(),
            false => Vec::new(),
        };
        let (key_opening, value_opening) = (opening(&key_schema), opening(&value_schema));
        let mariadb_opening = opening(&mariadb_schema);
        let layout = xxh3_64(format!("{}{key_schema}{value_schema}", style.schemas).as_bytes());
        Arc::new(Self { fields, key_opening, value_opening, mariadb_opening, layout })
    }

    /// The first of these columns whose values, when they are written, do not tell all that differ apart, and what to write in the
    /// configuration instead.
    pub(super) fn inexact(&self, columns: &[usize]) -> Option<(&SmolStr, &'static str)> {
        let inexact = |&column: &usize| Some((&self.fields[column].name, self.fields[column].kind.instead()?));
        columns.iter().find_map(inexact)
    }

    /// Another one wherever rows or keys would look otherwise.
    pub(super) fn layout(&self) -> String {
        format!("debezium-{:016x}", self.layout)
    }

    /// The row, as it stands in `before` and `after`.
    pub(super) fn row(&self, row: &Row) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(256);
        self.write_object(&mut out, 0..self.fields.len(), row)?;
        Ok(out)
    }

    /// The columns at `columns`, without a schema.
    pub(super) fn object(&self, columns: &[usize], row: &Row) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(64);
        self.write_object(&mut out, columns.iter().copied(), row)?;
        Ok(out)
    }

    /// The message key.
    pub(super) fn key(&self, columns: &[usize], row: &Row) -> Result<Vec<u8>, EncodeError> {
        let mut out = self.key_opening.clone();
        self.write_object(&mut out, columns.iter().copied(), row)?;
        if !self.key_opening.is_empty() {
            out.extend_from_slice(CLOSING);
        }
        Ok(out)
    }

    /// What has to stand around an envelope.
    pub(super) fn around(&self, told: &Told<'_>) -> (&[u8], &[u8]) {
        let opening = if told.is_mariadb() { &self.mariadb_opening } else { &self.value_opening };
        if opening.is_empty() { (b"", b"") } else { (opening, CLOSING) }
    }

    /// The envelope in a message that has exactly these schemas; others are not ours.
    pub(super) fn payload<'v>(&self, value: &'v [u8]) -> Option<&'v [u8]> {
        let rest = value.strip_prefix(self.value_opening.as_slice());
        rest.or_else(|| value.strip_prefix(self.mariadb_opening.as_slice()))
    }

    /// The object in a key.
    pub(super) fn key_payload<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        if self.key_opening.is_empty() {
            return Some(key);
        }
        key.strip_prefix(self.key_opening.as_slice())?.strip_suffix(CLOSING)
    }

    /// A value of the column named `name`, read back; `None`: it is spelled as the database spells it.
    pub(super) fn read(&self, (name, sql_type): (&str, &SqlType), json: &serde_json::Value) -> Option<Value> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        values::read(&field.kind, sql_type, json)
    }

    fn write_object(
        &self,
        out: &mut Vec<u8>,
        columns: impl Iterator<Item = usize>,
        row: &Row,
    ) -> Result<(), EncodeError> {
        out.push(b'{');
        for (index, column) in columns.enumerate() {
            let field = &self.fields[column];
            if index > 0 {
                out.push(b',');
            }
            json::write_string(out, &field.name);
            out.push(b':');
            let failed = |reason| EncodeError { column: field.name.clone(), reason };
            values::write(out, (&field.kind, &field.sql_type), &row[column]).map_err(failed)?;
        }
        out.push(b'}');
        Ok(())
    }
}
