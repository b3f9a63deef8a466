//! How messages of one schema fill the declared columns: by the names of its fields. Made once for each schema.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::avro::{self, AvroSchema};
use super::datum::{Datum, Kind};
use super::decoder::Decoded;
use super::error::BadMessage;
use super::landing::land;
use super::protobuf::{self, MessageId, Pool};
use crate::schema::Column;
use crate::value::Value;

/// A schema that has been read.
#[derive(Debug)]
pub(super) enum Language {
    Avro(AvroSchema),
    Protobuf(Pool, MessageId),
}

/// The columns of a record: for each the place of its field, `None` where it is null.
#[derive(Debug)]
struct Places(Vec<Option<usize>>);

/// How one schema's messages are read.
#[derive(Debug)]
pub(super) struct Plan {
    language: Language,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// The fields are the columns.
    Row(Places),
    /// The only column is the whole message.
    Bare,
    /// `op`, `before` and `after`, at these places.
    Envelope { op: usize, before: (usize, Places), after: (usize, Places) },
}

/// Columns that a schema cannot fill, each with its reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unfit(pub(super) Vec<(SmolStr, String)>);

/// Whose fields are columns.
pub(super) struct Wanted<'a> {
    pub(super) columns: &'a [Column],
    /// Names of columns that are null whatever the schema says.
    pub(super) lost: &'a HashSet<SmolStr>,
    pub(super) envelope: bool,
}

impl Plan {
    /// The plan, and what it cannot fill; in its place is null.
    pub(super) fn new(language: Language, wanted: &Wanted<'_>) -> Result<(Self, Unfit), BadMessage> {
        let mut unfit = Unfit::default();
        let shape = match (language.fields(None), wanted) {
            (Some(fields), Wanted { envelope: true, .. }) => envelope(&language, &fields, (wanted, &mut unfit))?,
            (Some(fields), _) => Shape::Row(places(&fields, wanted, &mut unfit)),
            (None, Wanted { columns: [only], envelope: false, .. }) => {
                let kind = language.bare();
                if !kind.fits(&only.sql_type) {
                    unfit.0.push((only.name.clone(), cannot(&only.name, &kind, only)));
                }
                Shape::Bare
            }
            (None, _) => return Err(BadMessage::new("has a schema that is no record")),
        };
        Ok((Self { language, shape }, unfit))
    }

    /// Reads one message behind all that stands in front.
    pub(super) fn read(&self, payload: &[u8], columns: &[Column]) -> Result<Decoded, BadMessage> {
        let mut data = self.language.read(payload)?;
        match &self.shape {
            Shape::Row(places) => places.values(data, columns).map(Decoded::Row),
            Shape::Bare => {
                let datum = data.pop().unwrap_or(Datum::Null);
                Ok(Decoded::Row(
                    columns.iter().take(1).map(|only| land(only, datum.clone())).collect::<Result<_, _>>()?,
                ))
            }
            Shape::Envelope { op, before, after } => {
                let Datum::Text(op) = &data[*op] else { return Err(no_change()) };
                let ((place, places), name, gone) = match &**op {
                    "c" | "u" | "r" => (after, "after", false),
                    "d" => (before, "before", true),
                    _ => return Err(no_change()),
                };
                let Datum::Record(row) = std::mem::replace(&mut data[*place], Datum::Null) else {
                    return Err(BadMessage::new(format!("has no row in \"{name}\"")));
                };
                let values = places.values(row.into_iter().map(|(_, datum)| datum).collect(), columns)?;
                Ok(if gone { Decoded::Gone(values) } else { Decoded::Row(values) })
            }
        }
    }
}

impl Places {
    fn values(&self, mut data: Vec<Datum<'_>>, columns: &[Column]) -> Result<Vec<Value>, BadMessage> {
        let value = |(place, column): (&Option<usize>, &Column)| match place {
            None => Ok(Value::Null),
            Some(place) => land(column, std::mem::replace(&mut data[*place], Datum::Null)),
        };
        self.0.iter().zip(columns).map(value).collect()
    }
}

impl Language {
    /// Names and kinds of the fields, of the message or of a record in it; `None` where it is no record.
    fn fields(&self, of: Option<&str>) -> Option<Vec<(SmolStr, Kind)>> {
        match self {
            Self::Avro(schema) => {
                let root = schema.root();
                let record = match of {
                    None => root,
                    Some(name) => schema.fields(root)?.iter().find(|field| field.name == name)?.node,
                };
                Some(schema.fields(record)?.iter().map(|field| (field.name.clone(), schema.kind(field.node))).collect())
            }
            Self::Protobuf(pool, message) => {
                let message = of.map_or(Some(*message), |name| pool.message_of(*message, name))?;
                Some(pool.fields(message).map(|(name, kind)| (name.into(), kind)).collect())
            }
        }
    }

    /// The columns under the names that their fields have, by place.
    pub(super) fn columns_like(&self, columns: &[Column]) -> Vec<Column> {
        let fields = self.fields(None).unwrap_or_default();
        let renamed = columns.iter().zip(fields).map(|(column, (name, _))| Column { name, ..column.clone() });
        renamed.collect()
    }

    fn bare(&self) -> Kind {
        match self {
            Self::Avro(schema) => schema.kind(schema.root()),
            Self::Protobuf(..) => Kind::Record,
        }
    }

    /// The fields of a message in their order, or the one datum of a bare one.
    fn read<'a>(&'a self, mut payload: &'a [u8]) -> Result<Vec<Datum<'a>>, BadMessage> {
        let data = match self {
            Self::Avro(schema) => avro::read(schema, &mut payload)?,
            Self::Protobuf(pool, message) => return protobuf::read(pool, *message, payload),
        };
        match payload {
            [] => Ok(data),
            _ => Err(BadMessage::new("has bytes behind its end: it was written with another schema")),
        }
    }
}

fn envelope(
    language: &Language,
    fields: &[(SmolStr, Kind)],
    (wanted, unfit): (&Wanted<'_>, &mut Unfit),
) -> Result<Shape, BadMessage> {
    let mut row = |name: &str| {
        let place = fields.iter().position(|(field, _)| field == name)?;
        Some((place, places(&language.fields(Some(name))?, wanted, unfit)))
    };
    let op = fields.iter().position(|(field, kind)| field == "op" && kind.fits(&crate::sql_type::SqlType::Text));
    match (op, row("before"), row("after")) {
        (Some(op), Some(before), Some(after)) => Ok(Shape::Envelope { op, before, after }),
        _ => Err(BadMessage::new("has a schema that is no envelope of \"op\", \"before\" and \"after\"")),
    }
}

fn places(fields: &[(SmolStr, Kind)], wanted: &Wanted<'_>, unfit: &mut Unfit) -> Places {
    let place = |column: &Column| {
        if wanted.lost.contains(&column.name) {
            return None;
        }
        let reason = match fields.iter().position(|(name, _)| *name == column.name) {
            Some(place) if fields[place].1.fits(&column.sql_type) => return Some(place),
            Some(place) => cannot(&column.name, &fields[place].1, column),
            None if column.nullable => return None,
            None => format!("there is no field \"{}\", and its column is declared not null", column.name),
        };
        if unfit.0.iter().all(|(name, _)| *name != column.name) {
            unfit.0.push((column.name.clone(), reason));
        }
        None
    };
    Places(wanted.columns.iter().map(place).collect())
}

fn cannot(field: &str, kind: &Kind, column: &Column) -> String {
    format!("field \"{field}\" is of type {kind}, which cannot become {}", column.sql_type)
}

fn no_change() -> BadMessage {
    BadMessage::new("has an \"op\" that is no change of a row")
}
