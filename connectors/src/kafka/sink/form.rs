//! How rows and their keys become bytes.

use std::sync::Arc;

use crate::json;
use crate::kafka::format::{EncodeError, TopicSchemas};
use crate::row::Row;
use crate::schema::ViewSchema;

use super::config::KafkaFormat;
use super::debezium::Debezium;

/// Room for most rows.
const OBJECT_BYTES: usize = 256;

/// A format, with all that it takes to write it.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// JSON objects.
    Json,
    /// Debezium's envelopes.
    Debezium(Arc<Debezium>),
    /// Rows behind the id of their schema.
    Schema(Arc<TopicSchemas>),
}

impl Form {
    /// As it is written in the configuration.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Json => KafkaFormat::Json.name(),
            Self::Debezium(_) => KafkaFormat::Debezium.name(),
            Self::Schema(schemas) => schemas.kind().format_name(),
        }
    }

    /// What decides how rows and keys look, besides their schemas' ids.
    pub(super) fn layout(&self) -> String {
        match self {
            Self::Debezium(debezium) => debezium.layout(),
            Self::Json | Self::Schema(_) => self.name().into(),
        }
    }

    pub(super) fn debezium(&self) -> Option<&Debezium> {
        match self {
            Self::Debezium(debezium) => Some(debezium),
            Self::Json | Self::Schema(_) => None,
        }
    }

    /// Ids of the schemas of keys and values.
    pub(super) fn ids(&self) -> Option<(u32, u32)> {
        match self {
            Self::Json | Self::Debezium(_) => None,
            Self::Schema(schemas) => Some(schemas.ids()),
        }
    }

    /// A row of the view.
    pub(super) fn value(&self, view: &ViewSchema, row: &Row) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json => Ok(json_object(view, 0..view.columns.len(), row)),
            Self::Debezium(debezium) => debezium.row(row),
            Self::Schema(schemas) => schemas.value(row),
        }
    }

    /// The key of a row, which are its columns at `columns`.
    pub(super) fn key(&self, (view, columns): (&ViewSchema, &[usize]), row: &Row) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json => Ok(json_object(view, columns.iter().copied(), row)),
            Self::Debezium(debezium) => debezium.key(columns, row),
            Self::Schema(schemas) => schemas.key(row),
        }
    }

    /// Some columns as JSON without a schema.
    pub(super) fn object(&self, (view, columns): (&ViewSchema, &[usize]), row: &Row) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json | Self::Schema(_) => Ok(json_object(view, columns.iter().copied(), row)),
            Self::Debezium(debezium) => debezium.object(columns, row),
        }
    }
}

/// Columns as JSON has them everywhere.
pub(super) fn json_object(view: &ViewSchema, columns: impl Iterator<Item = usize>, row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(OBJECT_BYTES);
    json::write_object(&mut out, columns.map(|column| (&view.columns[column], &row[column])));
    out
}
