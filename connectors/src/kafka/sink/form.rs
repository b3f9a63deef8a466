//! How rows and their keys become bytes.

use std::sync::Arc;

use crate::json;
use crate::kafka::format::{EncodeError, TopicSchemas};
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::value::Value;

use super::config::KafkaFormat;
use super::debezium;

/// Room for most rows.
const OBJECT_BYTES: usize = 256;

/// A format, with all that it takes to write it.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// JSON objects.
    Json,
    /// JSON objects whose values are Debezium's.
    Debezium,
    /// Rows behind the id of their schema.
    Schema(Arc<TopicSchemas>),
}

impl Form {
    /// As it is written in the configuration.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Json => KafkaFormat::Json.name(),
            Self::Debezium => KafkaFormat::Debezium.name(),
            Self::Schema(schemas) => schemas.kind().format_name(),
        }
    }

    pub(super) fn is_debezium(&self) -> bool {
        matches!(self, Self::Debezium)
    }

    /// Ids of the schemas of keys and values.
    pub(super) fn ids(&self) -> Option<(u32, u32)> {
        match self {
            Self::Json | Self::Debezium => None,
            Self::Schema(schemas) => Some(schemas.ids()),
        }
    }

    /// A row of the view.
    pub(super) fn value(&self, view: &ViewSchema, row: &Row) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json | Self::Debezium => Ok(self.object(view.columns.iter().zip(row.iter()))),
            Self::Schema(schemas) => schemas.value(row),
        }
    }

    /// The key of a row; `fields` are its columns.
    pub(super) fn key<'a>(
        &self,
        fields: impl Iterator<Item = (&'a Column, &'a Value)>,
        row: &Row,
    ) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json | Self::Debezium => Ok(self.object(fields)),
            Self::Schema(schemas) => schemas.key(row),
        }
    }

    /// Some columns as JSON.
    pub(super) fn object<'a>(&self, fields: impl Iterator<Item = (&'a Column, &'a Value)>) -> Vec<u8> {
        let mut out = Vec::with_capacity(OBJECT_BYTES);
        match self {
            Self::Json | Self::Schema(_) => json::write_object(&mut out, fields),
            Self::Debezium => debezium::write_object(&mut out, fields),
        }
        out
    }
}
