//! Types of columns as the log has them.

use super::error::Flaw;
use super::reader::Reader;

/// How values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogType {
    /// `tinyint`
    Tiny,
    /// `smallint`
    Short,
    /// `mediumint`
    Int24,
    /// `int`
    Long,
    /// `bigint`
    LongLong,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `decimal`: digits in all, and behind the point
    Decimal(u8, u8),
    /// `year`
    Year,
    /// `date`
    Date,
    /// `time`, with digits of fractions of a second
    Time(u8),
    /// `datetime`
    Datetime(u8),
    /// `timestamp`
    Timestamp(u8),
    /// MariaDB's `time` of before 10.0, without fractions
    OldTime,
    /// MariaDB's `datetime` of before 10.0
    OldDatetime,
    /// MariaDB's `timestamp` of before 10.0
    OldTimestamp,
    /// `bit` of this many
    Bit(u16),
    /// `char` or `binary` of at most this many bytes; also MariaDB's types of a fixed number of bytes
    Char(u16),
    /// `varchar` or `varbinary` of at most this many bytes
    Varchar(u16),
    /// A blob or text, its length in this many bytes
    Blob(u8),
    /// `enum`, in this many bytes
    Enum(u8),
    /// `set`, in this many bytes
    Set(u8),
    /// MySQL's `json`, its length in this many bytes
    Json(u8),
    /// Spatial, its length in this many bytes
    Geometry(u8),
    /// MySQL's `vector`, its length in this many bytes
    Vector(u8),
    /// MariaDB's compressed `varchar` or `varbinary` of at most this many bytes
    CompressedVarchar(u16),
    /// MariaDB's compressed blob or text
    CompressedBlob(u8),
    /// Any other, by its number
    Unknown(u8),
}

const STRING: u8 = 254;
const ENUM: u8 = 247;
const SET: u8 = 248;

impl LogType {
    /// From the number of the type and what stands for it in the block of metadata.
    pub(super) fn read(number: u8, metadata: &mut Reader<'_>) -> Result<Self, Flaw> {
        Ok(match number {
            1 => Self::Tiny,
            2 => Self::Short,
            3 => Self::Long,
            4 => sized(metadata, 4, Self::Float)?,
            5 => sized(metadata, 8, Self::Double)?,
            7 => Self::OldTimestamp,
            8 => Self::LongLong,
            9 => Self::Int24,
            10 | 14 => Self::Date,
            11 => Self::OldTime,
            12 => Self::OldDatetime,
            13 => Self::Year,
            15 => Self::Varchar(metadata.u16()?),
            16 => bits(metadata)?,
            17 => Self::Timestamp(fraction(metadata)?),
            18 => Self::Datetime(fraction(metadata)?),
            19 => Self::Time(fraction(metadata)?),
            140 => Self::CompressedBlob(width(metadata)?),
            141 => Self::CompressedVarchar(metadata.u16()?),
            242 => Self::Vector(width(metadata)?),
            245 => Self::Json(width(metadata)?),
            246 => Self::Decimal(metadata.u8()?, metadata.u8()?),
            249..=252 => Self::Blob(width(metadata)?),
            STRING | ENUM | SET => Self::string(metadata.u8()?, metadata.u8()?)?,
            255 => Self::Geometry(width(metadata)?),
            // Without metadata of its own, as far as known.
            other => Self::Unknown(other),
        })
    }

    /// Two bits of a `char`'s length are kept, inverted, in the number of its real type.
    fn string(kind: u8, length: u8) -> Result<Self, Flaw> {
        if kind & 0x30 != 0x30 {
            let high = u16::from((kind & 0x30) ^ 0x30) << 4;
            return Ok(Self::Char(high | u16::from(length)));
        }
        match kind {
            STRING => Ok(Self::Char(length.into())),
            ENUM if matches!(length, 1 | 2) => Ok(Self::Enum(length)),
            SET if matches!(length, 1..=8) => Ok(Self::Set(length)),
            _ => Err(Flaw::Unknown { field: "kind of string", value: kind }),
        }
    }

    /// Whether the log says of it if it is unsigned.
    pub(super) fn is_numeric(self) -> bool {
        use LogType::{Decimal, Double, Float, Int24, Long, LongLong, Short, Tiny, Year};
        matches!(self, Tiny | Short | Int24 | Long | LongLong | Float | Double | Decimal(..) | Year)
    }

    /// Whether MariaDB's log names its character set: also of shapes.
    pub(super) fn is_text_or_shape(self) -> bool {
        self.is_text() || matches!(self, Self::Geometry(_))
    }

    /// Whether MySQL's log names its character set: also of vectors.
    pub(super) fn is_text(self) -> bool {
        use LogType::{Blob, Char, CompressedBlob, CompressedVarchar, Varchar, Vector};
        matches!(self, Blob(_) | Char(_) | CompressedBlob(_) | CompressedVarchar(_) | Varchar(_) | Vector(_))
    }
}

fn sized(metadata: &mut Reader<'_>, bytes: u8, found: LogType) -> Result<LogType, Flaw> {
    match metadata.u8()? {
        size if size == bytes => Ok(found),
        value => Err(Flaw::Unknown { field: "size of a number", value }),
    }
}

fn width(metadata: &mut Reader<'_>) -> Result<u8, Flaw> {
    match metadata.u8()? {
        width @ 1..=4 => Ok(width),
        value => Err(Flaw::Unknown { field: "length of a length", value }),
    }
}

fn fraction(metadata: &mut Reader<'_>) -> Result<u8, Flaw> {
    match metadata.u8()? {
        digits @ 0..=6 => Ok(digits),
        value => Err(Flaw::Unknown { field: "fraction of a second", value }),
    }
}

fn bits(metadata: &mut Reader<'_>) -> Result<LogType, Flaw> {
    let (rest, bytes) = (metadata.u8()?, metadata.u8()?);
    match u16::from(bytes) * 8 + u16::from(rest) {
        count @ 1..=64 if rest < 8 => Ok(LogType::Bit(count)),
        _ => Err(Flaw::Unknown { field: "number of bits", value: bytes }),
    }
}
