//! The bytes of a node as a datum. Pure; whatever the bytes are, it ends, and with bounded memory.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::super::datum::{Datum, Wrong};
use super::super::error::BadMessage;
use super::super::landing::DEPTH_MAX;
use super::logical::{Logical, Unit};
use super::schema::{AvroSchema, Field, Node, NodeId};
use crate::kafka::varint;
use crate::numeric::Numeric;
use crate::sql_type::SqlType;
use crate::text::calendar::{UNIX_EPOCH_DAYS, UNIX_EPOCH_MICROS};
use crate::text::parse_text;
use crate::value::{Interval, Value};

/// Elements of lists and maps of one message: those that take no bytes (null, empty records) have no other bound.
const ELEMENTS_MAX: usize = 1 << 20;
/// Bytes of a decimal's digits: what Postgres can hold at most.
const DECIMAL_BYTES_MAX: usize = 54_000;

const CUT_OFF: Wrong = Wrong("is cut off");
const TOO_DEEP: Wrong = Wrong("is nested too deeply");
const TOO_LONG: Wrong = Wrong("has too many elements");
const TOO_LARGE: Wrong = Wrong("is larger than its type");
const NO_BRANCH: Wrong = Wrong("is of a type that its union does not have");
const TOO_FINE: Wrong = Wrong("is finer than a microsecond");

/// Reads a message off the front of `bytes`: the fields of a record in their order, or the one datum of what is none.
pub(in super::super) fn read<'a>(schema: &'a AvroSchema, bytes: &mut &'a [u8]) -> Result<Vec<Datum<'a>>, BadMessage> {
    let mut reader = Reader { schema, elements: ELEMENTS_MAX };
    let root = schema.root();
    let Node::Record(fields) = schema.node(root) else {
        // One record beside null is as good as the record.
        let datum = reader.node(root, bytes, DEPTH_MAX).map_err(|wrong| BadMessage::new(wrong.0))?;
        return match (schema.fields(root), datum) {
            (Some(_), Datum::Record(members)) => Ok(members.into_iter().map(|(_, datum)| datum).collect()),
            (Some(_), _) => Err(BadMessage::new("is null")),
            (None, datum) => Ok(vec![datum]),
        };
    };
    let mut field = |field: &'a Field| {
        reader.node(field.node, bytes, DEPTH_MAX).map_err(|wrong| BadMessage::field(&field.name, wrong.0))
    };
    fields.iter().map(&mut field).collect()
}

struct Reader<'a> {
    schema: &'a AvroSchema,
    /// What may still come.
    elements: usize,
}

impl<'a> Reader<'a> {
    fn node(&mut self, id: NodeId, bytes: &mut &'a [u8], depth: usize) -> Result<Datum<'a>, Wrong> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        Ok(match self.schema.node(id) {
            Node::Null => Datum::Null,
            Node::Boolean => match take(bytes, 1)? {
                [0] => Datum::Bool(false),
                [1] => Datum::Bool(true),
                _ => return Err(Wrong("is a boolean that is neither true nor false")),
            },
            Node::Int => Datum::Int(i32::try_from(long(bytes)?).map_err(|_| TOO_LARGE)?.into()),
            Node::Long => Datum::Int(long(bytes)?),
            Node::Float => Datum::Single(f32::from_le_bytes(array(bytes)?)),
            Node::Double => Datum::Double(f64::from_le_bytes(array(bytes)?)),
            Node::Bytes => Datum::Bytes(prefixed(bytes)?),
            Node::String => Datum::Text(Cow::Borrowed(text(bytes)?)),
            Node::Fixed(size) => Datum::Bytes(take(bytes, *size)?),
            Node::Enum(symbols) => {
                let symbol = usize::try_from(long(bytes)?).ok().and_then(|index| symbols.get(index));
                Datum::Text(Cow::Borrowed(symbol.ok_or(Wrong("is none of its enum's symbols"))?.as_str()))
            }
            Node::Array(of) => self.list(*of, bytes, depth)?,
            Node::Map(of) => self.map(*of, bytes, depth)?,
            Node::Union(branches) => {
                let branch = usize::try_from(long(bytes)?).ok().and_then(|index| branches.get(index));
                self.node(*branch.ok_or(NO_BRANCH)?, bytes, depth)?
            }
            Node::Record(fields) => {
                let mut members = Vec::with_capacity(fields.len());
                for field in fields {
                    members.push((Cow::Borrowed(field.name.as_str()), self.node(field.node, bytes, depth)?));
                }
                Datum::Record(members)
            }
            Node::Logical(logical, written) => meant(*logical, self.node(*written, bytes, depth)?)?,
        })
    }

    fn list(&mut self, of: NodeId, bytes: &mut &'a [u8], depth: usize) -> Result<Datum<'a>, Wrong> {
        let mut elements = Vec::new();
        while let Some(count) = self.block(bytes)? {
            for _ in 0..count {
                elements.push(self.node(of, bytes, depth)?);
            }
        }
        Ok(Datum::List(elements))
    }

    fn map(&mut self, of: NodeId, bytes: &mut &'a [u8], depth: usize) -> Result<Datum<'a>, Wrong> {
        let mut members = Vec::new();
        while let Some(count) = self.block(bytes)? {
            for _ in 0..count {
                members.push((Cow::Borrowed(text(bytes)?), self.node(of, bytes, depth)?));
            }
        }
        Ok(Datum::Record(members))
    }

    /// Elements of the next block; `None`: there is none.
    fn block(&mut self, bytes: &mut &'a [u8]) -> Result<Option<usize>, Wrong> {
        let count = long(bytes)?;
        if count == 0 {
            return Ok(None);
        }
        if count < 0 {
            // Its size in bytes, for those who want to go past it.
            long(bytes)?;
        }
        let count = usize::try_from(count.unsigned_abs()).map_err(|_| TOO_LONG)?;
        self.elements = self.elements.checked_sub(count).ok_or(TOO_LONG)?;
        Ok(Some(count))
    }
}

/// What is written as what it means.
fn meant<'a>(logical: Logical, written: Datum<'a>) -> Result<Datum<'a>, Wrong> {
    Ok(match (logical, written) {
        (Logical::Decimal(scale), Datum::Bytes(digits)) => Datum::Decimal(decimal(digits, scale)?),
        (Logical::BigDecimal, Datum::Bytes(mut bytes)) => {
            let digits = prefixed(&mut bytes)?;
            Datum::Decimal(decimal(digits, u16::try_from(long(&mut bytes)?).map_err(|_| TOO_LARGE)?)?)
        }
        (Logical::ScaledDecimal, Datum::Record(members)) => scaled(&members)?,
        (Logical::Uuid, Datum::Bytes(bytes)) => {
            Datum::Uuid(u128::from_be_bytes(bytes.try_into().map_err(|_| Wrong("is no uuid"))?))
        }
        (Logical::Uuid, Datum::Text(text)) => match parse_text(&SqlType::Uuid, &text) {
            Ok(Value::Uuid(uuid)) => Datum::Uuid(uuid),
            _ => return Err(Wrong("is no uuid")),
        },
        (Logical::Date, Datum::Int(days)) => Datum::Date(i32::try_from(days - UNIX_EPOCH_DAYS).map_err(|_| TOO_LARGE)?),
        (Logical::Time(unit), Datum::Int(count)) => Datum::Time(micros(count, unit)?),
        (Logical::Local(unit), Datum::Int(count)) => Datum::Timestamp(moment(count, unit)?),
        (Logical::Moment(unit), Datum::Int(count)) => Datum::Timestamptz(moment(count, unit)?),
        (Logical::Duration, Datum::Bytes(bytes)) => duration(bytes)?,
        (_, other) => other,
    })
}

fn decimal(digits: &[u8], scale: u16) -> Result<Numeric, Wrong> {
    if digits.len() > DECIMAL_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    Ok(Numeric::from_parts(BigInt::from_signed_bytes_be(digits), scale))
}

fn scaled<'a>(members: &[(Cow<'a, str>, Datum<'a>)]) -> Result<Datum<'a>, Wrong> {
    let member = |name: &str| members.iter().find(|(member, _)| member == name).map(|(_, datum)| datum);
    match (member("scale"), member("value")) {
        (Some(Datum::Int(scale)), Some(Datum::Bytes(digits))) => {
            Ok(Datum::Decimal(decimal(digits, u16::try_from(*scale).map_err(|_| TOO_LARGE)?)?))
        }
        _ => Err(Wrong("is a decimal without scale and value")),
    }
}

fn micros(count: i64, unit: Unit) -> Result<i64, Wrong> {
    match unit {
        Unit::Millis => count.checked_mul(1_000).ok_or(TOO_LARGE),
        Unit::Micros => Ok(count),
        Unit::Nanos if count % 1_000 == 0 => Ok(count / 1_000),
        Unit::Nanos => Err(TOO_FINE),
    }
}

fn moment(count: i64, unit: Unit) -> Result<i64, Wrong> {
    micros(count, unit)?.checked_sub(UNIX_EPOCH_MICROS).ok_or(TOO_LARGE)
}

fn duration<'a>(bytes: &[u8]) -> Result<Datum<'a>, Wrong> {
    let part = |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes);
    let (Some(months), Some(days), Some(millis)) = (part(0), part(4), part(8)) else { return Err(CUT_OFF) };
    let signed = |part: u32| i32::try_from(part).map_err(|_| TOO_LARGE);
    Ok(Datum::Interval(Interval { months: signed(months)?, days: signed(days)?, micros: i64::from(millis) * 1_000 }))
}

fn long(bytes: &mut &[u8]) -> Result<i64, Wrong> {
    varint::take_signed(bytes).ok_or(CUT_OFF)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Wrong> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(CUT_OFF)?;
    *bytes = rest;
    Ok(taken)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Wrong> {
    Ok(take(bytes, N)?.try_into().expect("as many were taken"))
}

fn prefixed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Wrong> {
    let length = usize::try_from(long(bytes)?).map_err(|_| CUT_OFF)?;
    take(bytes, length)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Wrong> {
    std::str::from_utf8(prefixed(bytes)?).map_err(|_| Wrong("is not UTF-8"))
}
