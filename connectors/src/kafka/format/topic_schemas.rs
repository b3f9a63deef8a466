//! The schemas of a topic that holds a view: of its keys and of its values, registered under the topic's subjects.

use std::collections::HashSet;
use std::sync::Arc;

use super::avro::AvroSchema;
use super::decoder::{Decoded, Decoder, Format, TimeUnit};
use super::encode_error::EncodeError;
use super::protobuf::Pool;
use super::schema_plan::{Language, Plan, Wanted};
use super::schema_rows::SchemaRows;
use crate::kafka::registry::{Part, RegisteredSchema, Registry, RegistryError, SchemaKind, subject, wire};
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::value::Value;

/// Schemas that have been registered.
#[derive(Clone, Debug)]
pub struct TopicSchemas {
    kind: SchemaKind,
    key: Registered,
    value: Registered,
}

/// A part of messages: which columns of a row it holds, and how they are written.
#[derive(Clone, Debug)]
struct Registered {
    id: u32,
    rows: SchemaRows,
    reader: Reader,
    places: Vec<usize>,
}

/// How a part is read again.
#[derive(Clone, Debug)]
enum Reader {
    Json(Vec<Column>),
    /// A plan, and the columns under the names of the schema's fields.
    Plan(Arc<Plan>, Vec<Column>),
}

/// What a topic's schemas are made from.
#[derive(Clone, Copy, Debug)]
pub struct TopicView<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Their language.
    pub kind: SchemaKind,
    /// The view.
    pub view: &'a ViewSchema,
    /// Columns of the key, in the order in which messages have them.
    pub key: &'a [usize],
}

impl TopicView<'_> {
    /// Asks whether the topic's subjects would take the schemas; changes nothing. Waits for answers.
    pub fn check(&self, registry: &Registry) -> Result<(), RegistryError> {
        registry.check()?;
        for part in [Part::Key, Part::Value] {
            let subject = subject(self.topic, part);
            let schema = self.part(part).2.schema();
            if let Some(why) = registry.incompatible(&subject, &schema)? {
                return Err(incompatible(&subject, &why));
            }
        }
        Ok(())
    }

    /// Registers the schemas, where they are not there yet. Waits for answers.
    pub fn register(&self, registry: &Registry) -> Result<TopicSchemas, RegistryError> {
        // The value first: it is the one that may be refused, and then nothing was changed.
        let (value, key) = (self.register_part(registry, Part::Value)?, self.register_part(registry, Part::Key)?);
        Ok(TopicSchemas { kind: self.kind, key, value })
    }

    fn register_part(&self, registry: &Registry, part: Part) -> Result<Registered, RegistryError> {
        let (places, columns, rows) = self.part(part);
        let (subject, schema) = (subject(self.topic, part), rows.schema());
        let reader = Reader::new(&schema, &columns)?;
        let id =
            registry.register(&subject, &schema).map_err(|error| match registry.incompatible(&subject, &schema) {
                Ok(Some(why)) if !error.is_transient() => incompatible(&subject, &why),
                _ => error,
            })?;
        Ok(Registered { id, rows, reader, places })
    }

    fn part(&self, part: Part) -> (Vec<usize>, Vec<Column>, SchemaRows) {
        let (places, name) = match part {
            Part::Key => (self.key.to_vec(), format!("{}_key", self.view.name)),
            Part::Value => ((0..self.view.columns.len()).collect(), self.view.name.to_string()),
        };
        let columns: Vec<Column> = places.iter().map(|place| self.view.columns[*place].clone()).collect();
        let rows = SchemaRows::new(self.kind, &name, &columns);
        (places, columns, rows)
    }
}

fn incompatible(subject: &str, why: &str) -> RegistryError {
    RegistryError::Refused {
        message: format!("the view's schema is not compatible with subject \"{subject}\": {why}"),
        hint: format!(
            "change the view so that it fits what \"{subject}\" holds, or the subject's rule (PUT /config/{subject}), or write to another \
             topic"
        ),
    }
}

impl TopicSchemas {
    /// Their language.
    pub fn kind(&self) -> SchemaKind {
        self.kind
    }

    /// The key of a row.
    pub fn key(&self, row: &Row) -> Result<Vec<u8>, EncodeError> {
        self.key.message(row)
    }

    /// The value of a row.
    pub fn value(&self, row: &Row) -> Result<Vec<u8>, EncodeError> {
        self.value.message(row)
    }

    /// Ids of the schemas of keys and values.
    pub fn ids(&self) -> (u32, u32) {
        (self.key.id, self.value.id)
    }

    /// The values of a key in its order of columns; `None`: no key of ours.
    pub fn key_values(&self, key: &[u8]) -> Option<Vec<Value>> {
        self.key.values(key)
    }
}

impl Registered {
    fn message(&self, row: &Row) -> Result<Vec<u8>, EncodeError> {
        self.rows.message(self.id, self.places.iter().map(|place| &row[*place]))
    }

    fn values(&self, message: &[u8]) -> Option<Vec<Value>> {
        let framed = wire::split(message).filter(|framed| framed.schema == self.id)?;
        let mut payload = framed.payload;
        if matches!(self.rows, SchemaRows::Protobuf(_)) {
            wire::take_path(&mut payload).filter(|path| path == &[0])?;
        }
        self.reader.values(payload)
    }
}

impl Reader {
    fn new(schema: &RegisteredSchema, columns: &[Column]) -> Result<Self, RegistryError> {
        let unread = |why: String| RegistryError::Refused {
            message: format!("the schema that was made of the view cannot be read: {why}"),
            hint: "give the view's columns simpler names".into(),
        };
        let language = match schema.kind {
            SchemaKind::Json => return Ok(Self::Json(columns.to_vec())),
            SchemaKind::Avro => Language::Avro(AvroSchema::parse(&schema.text, std::iter::empty()).map_err(unread)?),
            SchemaKind::Protobuf => {
                let pool = Pool::parse(&schema.text, std::iter::empty()).map_err(unread)?;
                let message = pool.only().ok_or_else(|| unread("it has no message type".into()))?;
                Language::Protobuf(pool, message)
            }
        };
        // Names in the schema may differ from those of columns, their order does not.
        let columns = language.columns_like(columns);
        let wanted = Wanted { columns: &columns, lost: &HashSet::new(), envelope: false };
        let (plan, unfit) = Plan::new(language, &wanted).map_err(|bad| unread(bad.reason))?;
        match unfit.0.into_iter().next() {
            Some((_, reason)) => Err(unread(reason)),
            None => Ok(Self::Plan(Arc::new(plan), columns)),
        }
    }

    fn values(&self, payload: &[u8]) -> Option<Vec<Value>> {
        match self {
            Self::Json(columns) => {
                let mut decoder = Decoder::new(&Format::Json, columns, TimeUnit::default()).ok()?;
                decoder.decode_key(payload).ok()
            }
            Self::Plan(plan, columns) => match plan.read(payload, columns).ok()? {
                Decoded::Row(values) => Some(values),
                Decoded::Gone(_) => None,
            },
        }
    }
}
