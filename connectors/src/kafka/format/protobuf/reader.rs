//! The bytes of a message as the values of its fields. Pure; whatever the bytes are, it ends.
//!
//! Stricter than most readers: a field of another wire type than its schema says, a number that is too large for its type, and a label
//! that its enum does not have are wrong, not passed over, since they tell of another schema.

use std::borrow::Cow;

use super::super::datum::{Datum, Wrong};
use super::super::error::BadMessage;
use super::super::landing::DEPTH_MAX;
use super::known;
use super::pool::{Field, MessageId, Pool, Presence, Type};
use crate::kafka::varint;

const CUT_OFF: Wrong = Wrong("is cut off");
const TOO_DEEP: Wrong = Wrong("is nested too deeply");
const TOO_LARGE: Wrong = Wrong("is larger than its type");
const OTHER_TYPE: Wrong = Wrong("is written in another type than its schema says");
const IN_PIECES: Wrong = Wrong("is a message in several pieces, which are not put together");
const NO_LABEL: Wrong = Wrong("is a number for which its enum has no label");

const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const PREFIXED: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;
const FOUR_BYTES: u8 = 5;

/// Values of the fields of a message type, in their order.
pub(in super::super) fn read<'a>(
    pool: &'a Pool,
    message: MessageId,
    bytes: &'a [u8],
) -> Result<Vec<Datum<'a>>, BadMessage> {
    let mut reader = Reader { pool, at: "" };
    reader.fields(message, bytes, DEPTH_MAX).map_err(|wrong| match reader.at {
        "" => BadMessage::new(wrong.0),
        name => BadMessage::field(name, wrong.0),
    })
}

/// What is written of a field, not yet as what it is.
#[derive(Clone, Copy)]
enum Written<'a> {
    Number(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(&'a [u8]),
}

/// What has been read of a field.
enum Slot<'a> {
    Nothing,
    One(Datum<'a>),
    Many(Vec<Datum<'a>>),
}

struct Reader<'a> {
    pool: &'a Pool,
    /// Name of the field that is being read.
    at: &'a str,
}

impl<'a> Reader<'a> {
    fn fields(&mut self, id: MessageId, mut bytes: &'a [u8], depth: usize) -> Result<Vec<Datum<'a>>, Wrong> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        let fields: &'a [Field] = &self.pool.messages[id].fields;
        let mut slots: Vec<Slot<'a>> = fields.iter().map(|_| Slot::Nothing).collect();
        while !bytes.is_empty() {
            self.at = "";
            let (number, written) = next(&mut bytes)?;
            let Some(place) = fields.iter().position(|field| field.number == number) else { continue };
            let (field, Some(written)) = (&fields[place], written) else { return Err(OTHER_TYPE) };
            self.at = &field.name;
            self.put((field, &mut slots[place]), written, depth)?;
            if field.oneof.is_some() {
                for (other, slot) in fields.iter().zip(&mut slots) {
                    if other.oneof == field.oneof && other.number != number {
                        *slot = Slot::Nothing;
                    }
                }
            }
        }
        let filled = fields.iter().zip(slots).map(|(field, slot)| {
            self.at = &field.name;
            self.filled(field, slot)
        });
        filled.collect()
    }

    fn put(
        &mut self,
        (field, slot): (&'a Field, &mut Slot<'a>),
        written: Written<'a>,
        depth: usize,
    ) -> Result<(), Wrong> {
        match field.presence {
            Presence::Repeated | Presence::Map => {
                if let Slot::Nothing = slot {
                    *slot = Slot::Many(Vec::new());
                }
                let Slot::Many(many) = slot else { return Err(OTHER_TYPE) };
                match (written, packed_as(field.of)) {
                    (Written::Bytes(mut packed), Some(wire)) => {
                        while !packed.is_empty() {
                            many.push(self.value(field.of, one(wire, &mut packed)?, depth)?);
                        }
                    }
                    _ => many.push(self.value(field.of, written, depth)?),
                }
            }
            _ => {
                if matches!((field.of, &slot), (Type::Message(_), Slot::One(_))) {
                    return Err(IN_PIECES);
                }
                *slot = Slot::One(self.value(field.of, written, depth)?);
            }
        }
        Ok(())
    }

    fn value(&mut self, of: Type, written: Written<'a>, depth: usize) -> Result<Datum<'a>, Wrong> {
        Ok(match (of, written) {
            (Type::Double, Written::Eight(bytes)) => Datum::Double(f64::from_le_bytes(bytes)),
            (Type::Float, Written::Four(bytes)) => Datum::Single(f32::from_le_bytes(bytes)),
            (Type::Int64, Written::Number(number)) => Datum::Int(number as i64),
            (Type::Int32, Written::Number(number)) => Datum::Int(narrow(number as i64)?),
            (Type::SInt64, Written::Number(number)) => Datum::Int(varint::unzigzag(number)),
            (Type::SInt32, Written::Number(number)) => Datum::Int(narrow(varint::unzigzag(number))?),
            (Type::UInt64, Written::Number(number)) => unsigned(number),
            (Type::UInt32, Written::Number(number)) => Datum::Int(u32::try_from(number).map_err(|_| TOO_LARGE)?.into()),
            (Type::Fixed64, Written::Eight(bytes)) => unsigned(u64::from_le_bytes(bytes)),
            (Type::Fixed32, Written::Four(bytes)) => Datum::Int(u32::from_le_bytes(bytes).into()),
            (Type::SFixed64, Written::Eight(bytes)) => Datum::Int(i64::from_le_bytes(bytes)),
            (Type::SFixed32, Written::Four(bytes)) => Datum::Int(i32::from_le_bytes(bytes).into()),
            (Type::Bool, Written::Number(number)) => Datum::Bool(number != 0),
            (Type::Text, Written::Bytes(bytes)) => {
                Datum::Text(Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| Wrong("is not UTF-8"))?))
            }
            (Type::Bytes, Written::Bytes(bytes)) => Datum::Bytes(bytes),
            (Type::Enum(of), Written::Number(number)) => self.label(of, narrow(number as i64)?)?,
            (Type::Message(id), Written::Bytes(bytes)) => self.message(id, bytes, depth)?,
            _ => return Err(OTHER_TYPE),
        })
    }

    fn label(&self, of: usize, number: i64) -> Result<Datum<'a>, Wrong> {
        let label = self.pool.enums[of].iter().find(|(label, _)| i64::from(*label) == number);
        label.map(|(_, label)| Datum::Text(Cow::Borrowed(label.as_str()))).ok_or(NO_LABEL)
    }

    fn message(&mut self, id: MessageId, bytes: &'a [u8], depth: usize) -> Result<Datum<'a>, Wrong> {
        let message = &self.pool.messages[id];
        // The field that is named is the outermost one.
        let at = self.at;
        let data = self.fields(id, bytes, depth);
        self.at = at;
        let data = data?;
        let names = message.fields.iter().map(|field| Cow::Borrowed(field.name.as_str()));
        let members = names.zip(data).collect();
        match message.known {
            Some(known) => known::meant(known, members),
            None => Ok(Datum::Record(members)),
        }
    }

    /// What a field is at the end.
    fn filled(&self, field: &'a Field, slot: Slot<'a>) -> Result<Datum<'a>, Wrong> {
        match (field.presence, slot) {
            (Presence::Map, Slot::Many(entries)) => {
                Ok(Datum::Record(entries.into_iter().map(entry).collect::<Result<_, _>>()?))
            }
            (Presence::Map, _) => Ok(Datum::Record(Vec::new())),
            (_, Slot::One(datum)) => Ok(datum),
            (_, Slot::Many(many)) => Ok(Datum::List(many)),
            (Presence::Repeated, Slot::Nothing) => Ok(Datum::List(Vec::new())),
            (Presence::Implicit, Slot::Nothing) => self.zero(field.of),
            (Presence::Required, Slot::Nothing) => Err(Wrong("is required and not there")),
            (Presence::Explicit, Slot::Nothing) => Ok(Datum::Null),
        }
    }

    fn zero(&self, of: Type) -> Result<Datum<'a>, Wrong> {
        Ok(match of {
            Type::Double => Datum::Double(0.0),
            Type::Float => Datum::Single(0.0),
            Type::Bool => Datum::Bool(false),
            Type::Text => Datum::Text(Cow::Borrowed("")),
            Type::Bytes => Datum::Bytes(&[]),
            Type::Enum(of) => self.label(of, 0)?,
            Type::Message(_) => Datum::Null,
            _ => Datum::Int(0),
        })
    }
}

/// An entry of a map: its key as text, as JSON wants it.
fn entry<'a>(entry: Datum<'a>) -> Result<(Cow<'a, str>, Datum<'a>), Wrong> {
    let Datum::Record(members) = entry else { return Err(OTHER_TYPE) };
    let mut members = members.into_iter().map(|(_, member)| member);
    let (key, value) = (members.next().unwrap_or(Datum::Null), members.next().unwrap_or(Datum::Null));
    let key = match key {
        Datum::Text(text) => text,
        Datum::Int(number) => number.to_string().into(),
        Datum::Unsigned(number) => number.to_string().into(),
        Datum::Bool(value) => value.to_string().into(),
        _ => return Err(OTHER_TYPE),
    };
    Ok((key, value))
}

fn narrow(number: i64) -> Result<i64, Wrong> {
    i32::try_from(number).map(i64::from).map_err(|_| TOO_LARGE)
}

fn unsigned<'a>(number: u64) -> Datum<'a> {
    i64::try_from(number).map_or(Datum::Unsigned(number), Datum::Int)
}

/// How the elements of a list of this type are written when they stand in one piece.
fn packed_as(of: Type) -> Option<u8> {
    match of {
        Type::Text | Type::Bytes | Type::Message(_) => None,
        Type::Double | Type::Fixed64 | Type::SFixed64 => Some(EIGHT_BYTES),
        Type::Float | Type::Fixed32 | Type::SFixed32 => Some(FOUR_BYTES),
        _ => Some(VARINT),
    }
}

/// Number of the next field, and what is written of it; nothing of a group.
fn next<'a>(bytes: &mut &'a [u8]) -> Result<(u32, Option<Written<'a>>), Wrong> {
    let tag = varint::take(bytes).ok_or(CUT_OFF)?;
    let number =
        u32::try_from(tag >> 3).ok().filter(|number| *number > 0).ok_or(Wrong("has a field without a number"))?;
    match (tag & 7) as u8 {
        GROUP => pass_group(bytes, number).map(|()| (number, None)),
        wire => Ok((number, Some(one(wire, bytes)?))),
    }
}

fn one<'a>(wire: u8, bytes: &mut &'a [u8]) -> Result<Written<'a>, Wrong> {
    Ok(match wire {
        VARINT => Written::Number(varint::take(bytes).ok_or(CUT_OFF)?),
        EIGHT_BYTES => Written::Eight(take(bytes, 8)?.try_into().expect("as many were taken")),
        FOUR_BYTES => Written::Four(take(bytes, 4)?.try_into().expect("as many were taken")),
        PREFIXED => {
            let length = varint::take(bytes).and_then(|length| usize::try_from(length).ok()).ok_or(CUT_OFF)?;
            Written::Bytes(take(bytes, length)?)
        }
        _ => return Err(Wrong("has a wire type that is none")),
    })
}

/// Behind the end of a group; groups within it are counted, not gone into.
fn pass_group(bytes: &mut &[u8], number: u32) -> Result<(), Wrong> {
    let mut open = vec![number];
    while let Some(group) = open.last().copied() {
        let tag = varint::take(bytes).ok_or(CUT_OFF)?;
        let number = u32::try_from(tag >> 3).map_err(|_| TOO_LARGE)?;
        match (tag & 7) as u8 {
            GROUP => open.push(number),
            GROUP_END if number == group => {
                open.pop();
            }
            wire => {
                one(wire, bytes)?;
            }
        }
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Wrong> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(CUT_OFF)?;
    *bytes = rest;
    Ok(taken)
}
