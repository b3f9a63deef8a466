//! The schemas of a topic that holds a view: of its keys and of its values, registered under the topic's subjects.

use std::collections::HashSet;

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
    key: Registered,
    value: Registered,
}

/// A part of messages: which columns of a row it holds, and how they are written.
#[derive(Clone, Debug)]
struct Registered {
    id: u32,
    rows: SchemaRows,
    columns: Vec<Column>,
    places: Vec<usize>,
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
            let (_, _, rows) = self.part(part);
            if let Some(why) = registry.incompatible(&subject, &rows.schema())? {
                return Err(RegistryError::Refused {
                    message: format!("the view's schema is not compatible with subject \"{subject}\": {why}"),
                    hint: "change the view, the subject's compatibility, or the topic".into(),
                });
            }
        }
        Ok(())
    }

    /// Registers the schemas, where they are not there yet. Waits for answers.
    pub fn register(&self, registry: &Registry) -> Result<TopicSchemas, RegistryError> {
        let register = |part| -> Result<Registered, RegistryError> {
            let (places, columns, rows) = self.part(part);
            let id = registry.register(&subject(self.topic, part), &rows.schema())?;
            Ok(Registered { id, rows, columns, places })
        };
        Ok(TopicSchemas { key: register(Part::Key)?, value: register(Part::Value)? })
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

impl TopicSchemas {
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
        let RegisteredSchema { kind, text, .. } = self.rows.schema();
        let language = match kind {
            SchemaKind::Json => {
                let mut decoder = Decoder::new(&Format::Json, &self.columns, TimeUnit::default()).ok()?;
                return decoder.decode_key(payload).ok();
            }
            SchemaKind::Avro => Language::Avro(AvroSchema::parse(&text, std::iter::empty()).ok()?),
            SchemaKind::Protobuf => {
                wire::take_path(&mut payload)?;
                let pool = Pool::parse(&text, std::iter::empty()).ok()?;
                let message = pool.only()?;
                Language::Protobuf(pool, message)
            }
        };
        // Names in the schema may differ from those of columns, their order does not.
        let columns = language.columns_like(&self.columns);
        let wanted = Wanted { columns: &columns, lost: &HashSet::new(), envelope: false };
        let (plan, unfit) = Plan::new(language, &wanted).ok()?;
        match plan.read(payload, &columns).ok().filter(|_| unfit.0.is_empty())? {
            Decoded::Row(values) => Some(values),
            Decoded::Gone(_) => None,
        }
    }
}
