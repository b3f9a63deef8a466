//! Rows of a view, or their keys, in a format with a schema: what a sink registers, and what it writes.

use super::avro::AvroRows;
use super::encode_error::EncodeError;
use super::json_schema::JsonRows;
use super::protobuf::ProtobufRows;
use crate::kafka::registry::{RegisteredSchema, SchemaKind, wire};
use crate::schema::Column;
use crate::value::Value;

/// Writes rows of some columns.
#[derive(Clone, Debug)]
pub enum SchemaRows {
    /// See [`AvroRows`].
    Avro(AvroRows),
    /// See [`ProtobufRows`].
    Protobuf(ProtobufRows),
    /// See [`JsonRows`].
    Json(JsonRows),
}

impl SchemaRows {
    /// For rows of `columns`; `name` is that of the record or message type, with a namespace or package in front where it has dots.
    pub fn new(kind: SchemaKind, name: &str, columns: &[Column]) -> Self {
        match kind {
            SchemaKind::Avro => Self::Avro(AvroRows::new(name, columns)),
            SchemaKind::Protobuf => Self::Protobuf(ProtobufRows::new(name, columns)),
            SchemaKind::Json => Self::Json(JsonRows::new(name, columns)),
        }
    }

    /// The schema, to be registered.
    pub fn schema(&self) -> RegisteredSchema {
        match self {
            Self::Avro(rows) => RegisteredSchema::alone(SchemaKind::Avro, rows.schema()),
            Self::Protobuf(rows) => RegisteredSchema::alone(SchemaKind::Protobuf, rows.schema()),
            Self::Json(rows) => RegisteredSchema::alone(SchemaKind::Json, rows.schema()),
        }
    }

    /// A row behind the id of its schema; `values` in the order of the columns.
    pub fn message<'v>(&self, id: u32, values: impl IntoIterator<Item = &'v Value>) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(MESSAGE_BYTES);
        wire::put_schema(&mut out, id);
        match self {
            Self::Avro(rows) => rows.write(&mut out, values)?,
            Self::Protobuf(rows) => {
                wire::put_path(&mut out, &[0]);
                rows.write(&mut out, values)?;
            }
            Self::Json(rows) => rows.write(&mut out, values),
        }
        Ok(out)
    }
}

/// Room for most rows.
const MESSAGE_BYTES: usize = 256;
