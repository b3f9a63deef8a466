//! `"avro"`, `"protobuf"` and `"json_schema"`: messages whose schema is in a registry or in a file.
//!
//! Each message is read with the schema with which it was written. A schema that is new passes if every declared column can still be filled
//! from the field of its name, or is null because there is none. Else its messages are not decoded, and what is wrong is named.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use smol_str::SmolStr;

use super::avro::AvroSchema;
use super::decoder::{Decoded, Decoder, Format, FormatError, TimeUnit};
use super::error::{BadMessage, DecodeError};
use super::protobuf::Pool;
use super::schema_format::{SchemaFormat, SchemaFrom};
use super::schema_plan::{Language, Plan, Unfit, Wanted};
use crate::kafka::registry::{RegisteredSchema, Registry, RegistryError, SchemaKind, wire};
use crate::schema::Column;
use crate::value::Value;

/// Schemas, and message types in them, of one topic that are kept read; when there are more, all are read again.
const PLANS_MAX: usize = 1_024;

/// Fills columns from messages with a schema.
pub struct SchemaDecoder {
    format: SchemaFormat,
    columns: Vec<Column>,
    lost: HashSet<SmolStr>,
    /// What stands behind the id where the schema is one of JSON.
    json: Box<Decoder>,
    source: Schemas,
    plans: HashMap<PlanId, Result<Plan, Lost>>,
}

/// A schema and, for Protobuf, the path of the message type. A file has the id zero.
type PlanId = (u32, Vec<usize>);

/// A schema that cannot fill these columns.
#[derive(Clone)]
struct Lost {
    columns: Vec<SmolStr>,
    reason: String,
}

enum Schemas {
    Registry(Registry),
    File(RegisteredSchema),
}

impl fmt::Debug for SchemaDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaDecoder").field("format", &self.format.name()).finish_non_exhaustive()
    }
}

impl SchemaDecoder {
    /// Reads the file, where schemas come from one; asks no registry yet.
    pub(super) fn new(format: &SchemaFormat, columns: &[Column], unit: TimeUnit) -> Result<Self, FormatError> {
        let source = match &format.from {
            SchemaFrom::Registry(config) => {
                Schemas::Registry(Registry::new(config).map_err(|error| FormatError(error.to_string()))?)
            }
            SchemaFrom::File(path) => Schemas::File(file(format.kind, path)?),
        };
        let mut decoder = Self {
            format: format.clone(),
            columns: columns.to_vec(),
            lost: HashSet::new(),
            json: Box::new(Decoder::new(
                if format.envelope { &Format::Debezium } else { &Format::Json },
                columns,
                unit,
            )?),
            source,
            plans: HashMap::new(),
        };
        decoder.check_file()?;
        Ok(decoder)
    }

    /// Decodes the value of a message.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Result<Decoded, DecodeError> {
        let (id, mut payload) = self.unframed(bytes)?;
        if self.format.kind == SchemaKind::Json {
            return self.json.decode(payload);
        }
        let path = match (&self.source, self.format.kind) {
            (Schemas::Registry(_), SchemaKind::Protobuf) => {
                let path = wire::take_path(&mut payload);
                path.ok_or_else(|| BadMessage::new("has no path to its message type behind the id of its schema"))?
            }
            _ => Vec::new(),
        };
        let plan_id = (id, path);
        if !self.plans.contains_key(&plan_id) {
            let plan = self.plan(&plan_id)?;
            if self.plans.len() >= PLANS_MAX {
                self.plans.clear();
            }
            self.plans.insert(plan_id.clone(), plan);
        }
        match &self.plans[&plan_id] {
            Ok(plan) => Ok(plan.read(payload, &self.columns)?),
            Err(Lost { columns, reason }) => {
                Err(DecodeError::ColumnsLost { columns: columns.clone(), reason: reason.clone() })
            }
        }
    }

    /// From here on these columns are null, whatever a schema says.
    pub(super) fn lose(&mut self, columns: &[SmolStr]) {
        self.lost.extend(columns.iter().cloned());
        // What was made before fills them still, or refuses to.
        self.plans.clear();
    }

    /// Decodes a message's key: a record of the key's columns, or the bare value of the only one.
    pub(super) fn decode_key(&mut self, bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
        if self.format.kind == SchemaKind::Json {
            let (_, payload) = self.unframed(bytes)?;
            return self.json.decode_key(payload);
        }
        match self.decode(bytes) {
            Ok(Decoded::Row(values) | Decoded::Gone(values)) => Ok(values),
            Err(DecodeError::ColumnsLost { columns, reason }) => {
                let reason = format!("has a key that cannot be read any more: {reason}");
                Err(DecodeError::ColumnsLost { columns, reason })
            }
            Err(other) => Err(other),
        }
    }

    fn unframed<'a>(&self, bytes: &'a [u8]) -> Result<(u32, &'a [u8]), BadMessage> {
        match (&self.source, wire::split(bytes)) {
            (Schemas::File(_), _) => Ok((0, bytes)),
            (Schemas::Registry(_), Some(framed)) => Ok((framed.schema, framed.payload)),
            (Schemas::Registry(_), None) => {
                Err(BadMessage::new("does not begin with a zero byte and the id of a schema"))
            }
        }
    }

    /// Reads a schema.
    fn plan(&self, (id, path): &PlanId) -> Result<Result<Plan, Lost>, DecodeError> {
        let language = self.language(*id, path)?;
        let wanted = Wanted { columns: &self.columns, lost: &self.lost, envelope: self.format.envelope };
        let named = |wrong: BadMessage| BadMessage::new(format!("{}: {}", self.schema_name(*id), wrong.reason));
        let (plan, Unfit(unfit)) = Plan::new(language, &wanted).map_err(named)?;
        if unfit.is_empty() {
            return Ok(Ok(plan));
        }
        let reasons: Vec<&str> = unfit.iter().map(|(_, reason)| reason.as_str()).collect();
        let reason = format!("{}: {}", self.schema_name(*id), reasons.join("; "));
        Ok(Err(Lost { columns: unfit.iter().map(|(column, _)| column.clone()).collect(), reason }))
    }

    fn schema_name(&self, id: u32) -> String {
        match &self.format.from {
            SchemaFrom::Registry(_) => format!("schema {id}"),
            SchemaFrom::File(path) => format!("schema \"{}\"", path.display()),
        }
    }

    fn language(&self, id: u32, path: &[usize]) -> Result<Language, DecodeError> {
        let fetched;
        let schema = match &self.source {
            Schemas::File(schema) => schema,
            Schemas::Registry(registry) => {
                let found = registry.schema(id).map_err(unanswered)?;
                fetched =
                    found.ok_or_else(|| BadMessage::new(format!("names schema {id}, which is not in the registry")))?;
                &*fetched
            }
        };
        let wrong = |what: String| BadMessage::new(format!("{} {what}", self.schema_name(id)));
        if schema.kind != self.format.kind {
            return Err(wrong(format!("is {}, not {}", schema.kind, self.format.kind)).into());
        }
        let read = read(schema, path, self.format.message.as_deref());
        Ok(read.map_err(|what| wrong(format!("cannot be used: {what}")))?)
    }

    /// A file is wrong before the first message.
    fn check_file(&mut self) -> Result<(), FormatError> {
        if matches!(self.source, Schemas::Registry(_)) || self.format.kind == SchemaKind::Json {
            return Ok(());
        }
        let plan_id = (0, Vec::new());
        let plan = self.plan(&plan_id).map_err(|error| FormatError(error.to_string()))?;
        let plan = plan.map_err(|lost| FormatError(lost.reason))?;
        self.plans.insert(plan_id, Ok(plan));
        Ok(())
    }
}

fn file(kind: SchemaKind, path: &Path) -> Result<RegisteredSchema, FormatError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| FormatError(format!("schema \"{}\" cannot be read: {error}", path.display())))?;
    Ok(RegisteredSchema::alone(kind, text))
}

fn read(schema: &RegisteredSchema, path: &[usize], message: Option<&str>) -> Result<Language, String> {
    let references = schema.references.iter();
    match schema.kind {
        SchemaKind::Avro | SchemaKind::Json => {
            let before = references.map(|reference| reference.text.as_str());
            AvroSchema::parse(&schema.text, before).map(Language::Avro)
        }
        SchemaKind::Protobuf => {
            let others = references.map(|reference| (reference.name.as_str(), reference.text.as_str()));
            let pool = Pool::parse(&schema.text, others)?;
            let written = match path {
                [] => None,
                path => Some(pool.at_path(path).ok_or("it has no message type at the path of the message")?),
            };
            let named = match message {
                None => None,
                Some(name) => Some(pool.named(name).ok_or_else(|| format!("it has no message type \"{name}\""))?),
            };
            let id = match (written, named) {
                (Some(written), Some(named)) if written != named => {
                    return Err(format!("the message is a \"{}\"", pool.name(written)));
                }
                (Some(id), _) | (None, Some(id)) => id,
                (None, None) => pool.only().ok_or("it has several message types: name one in \"message\"")?,
            };
            Ok(Language::Protobuf(pool, id))
        }
    }
}

fn unanswered(error: RegistryError) -> DecodeError {
    let message = error.to_string();
    match error {
        RegistryError::Unavailable { .. } => DecodeError::Unavailable { message },
        RegistryError::Refused { hint, .. } => DecodeError::Refused { message, hint },
    }
}
