//! Documents from their bytes: offsets are checked, and nothing is read twice, so that no bytes make more of themselves.

use super::document::Document;
use crate::mysql::binlog::Reader;

/// How deep the server lets documents nest.
const DEPTH_MAX: usize = 100;

const SMALL_OBJECT: u8 = 0;
const LARGE_OBJECT: u8 = 1;
const SMALL_ARRAY: u8 = 2;
const LARGE_ARRAY: u8 = 3;
const LITERAL: u8 = 4;
const INT16: u8 = 5;
const UINT16: u8 = 6;
const INT32: u8 = 7;
const UINT32: u8 = 8;
const INT64: u8 = 9;
const UINT64: u8 = 10;
const DOUBLE: u8 = 11;
const STRING: u8 = 12;
const OPAQUE: u8 = 15;

/// `None`: not a document. No bytes at all stand for null.
pub(super) fn read(bytes: &[u8]) -> Option<Document> {
    match bytes.split_first() {
        None => Some(Document::Null),
        Some((kind, rest)) => Parser { left: 8 * bytes.len() + 16 }.value(*kind, rest, DEPTH_MAX),
    }
}

struct Parser {
    /// Entries and bytes that may still be read: offsets that overlap would let a few bytes stand for very many.
    left: usize,
}

impl Parser {
    fn spend(&mut self, amount: usize) -> Option<()> {
        self.left = self.left.checked_sub(amount)?;
        Some(())
    }

    fn value(&mut self, kind: u8, bytes: &[u8], depth: usize) -> Option<Document> {
        let mut reader = Reader(bytes);
        Some(match kind {
            SMALL_OBJECT => self.container(bytes, Layout { wide: false, named: true }, depth)?,
            LARGE_OBJECT => self.container(bytes, Layout { wide: true, named: true }, depth)?,
            SMALL_ARRAY => self.container(bytes, Layout { wide: false, named: false }, depth)?,
            LARGE_ARRAY => self.container(bytes, Layout { wide: true, named: false }, depth)?,
            LITERAL => literal(reader.u8().ok()?)?,
            INT16 => Document::Int((reader.u16().ok()? as i16).into()),
            UINT16 => Document::Uint(reader.u16().ok()?.into()),
            INT32 => Document::Int((reader.u32().ok()? as i32).into()),
            UINT32 => Document::Uint(reader.u32().ok()?.into()),
            INT64 => Document::Int(reader.u64().ok()? as i64),
            UINT64 => Document::Uint(reader.u64().ok()?),
            DOUBLE => Document::Double(f64::from_bits(reader.u64().ok()?)),
            STRING => {
                let length = variable_length(&mut reader)?;
                self.spend(length)?;
                let text = reader.bytes(length).ok()?;
                Document::String(String::from_utf8_lossy(text).into_owned())
            }
            OPAQUE => {
                let field_type = reader.u8().ok()?;
                let length = variable_length(&mut reader)?;
                self.spend(length)?;
                Document::Opaque(field_type, reader.bytes(length).ok()?.to_vec())
            }
            _ => return None,
        })
    }

    fn container(&mut self, bytes: &[u8], layout: Layout, depth: usize) -> Option<Document> {
        let depth = depth.checked_sub(1)?;
        let mut reader = Reader(bytes);
        let (count, size) = (layout.number(&mut reader)?, layout.number(&mut reader)?);
        let bytes = bytes.get(..size)?;
        self.spend(count)?;
        let mut names = Vec::new();
        if layout.named {
            for _ in 0..count {
                let (offset, length) = (layout.number(&mut reader)?, usize::from(reader.u16().ok()?));
                self.spend(length)?;
                let name = bytes.get(offset..offset.checked_add(length)?)?;
                names.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        let mut values = Vec::new();
        for _ in 0..count {
            let kind = reader.u8().ok()?;
            values.push(match layout.is_inline(kind) {
                true => {
                    let entry = reader.bytes(layout.width()).ok()?;
                    self.value(kind, entry, depth)?
                }
                false => {
                    let offset = layout.number(&mut reader)?;
                    self.value(kind, bytes.get(offset..)?, depth)?
                }
            });
        }
        Some(match layout.named {
            true => Document::Object(names.into_iter().zip(values).collect()),
            false => Document::Array(values),
        })
    }
}

/// Which of the four containers it is.
#[derive(Clone, Copy)]
struct Layout {
    wide: bool,
    named: bool,
}

impl Layout {
    fn width(self) -> usize {
        if self.wide { 4 } else { 2 }
    }

    fn number(self, reader: &mut Reader<'_>) -> Option<usize> {
        usize::try_from(reader.little(self.width()).ok()?).ok()
    }

    /// Whether the value stands in place of its offset.
    fn is_inline(self, kind: u8) -> bool {
        matches!(kind, LITERAL | INT16 | UINT16) || self.wide && matches!(kind, INT32 | UINT32)
    }
}

fn literal(byte: u8) -> Option<Document> {
    match byte {
        0 => Some(Document::Null),
        1 => Some(Document::Bool(true)),
        2 => Some(Document::Bool(false)),
        _ => None,
    }
}

/// Seven bits a byte, the lowest first; set in the highest bit: more follow.
fn variable_length(reader: &mut Reader<'_>) -> Option<usize> {
    let mut length = 0u64;
    for place in 0..5 {
        let byte = reader.u8().ok()?;
        length |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return usize::try_from(length).ok().filter(|length| *length <= u32::MAX as usize);
        }
    }
    None
}
