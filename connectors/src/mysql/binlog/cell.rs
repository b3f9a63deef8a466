//! How many bytes a value has.

use super::column::LogType;
use super::error::Flaw;
use super::reader::Reader;

/// Bytes of nine decimal digits, and of fewer.
const DIGIT_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// The bytes of the next value, without those that tell its length.
pub(super) fn cell_bytes<'a>(log_type: LogType, reader: &mut Reader<'a>) -> Result<&'a [u8], Flaw> {
    let length = match log_type {
        LogType::Tiny | LogType::Year => 1,
        LogType::Short => 2,
        LogType::Int24 | LogType::Date | LogType::OldTime => 3,
        LogType::Long | LogType::Float | LogType::OldTimestamp => 4,
        LogType::LongLong | LogType::Double | LogType::OldDatetime => 8,
        LogType::Decimal(precision, scale) => decimal_bytes(precision, scale)?,
        LogType::Time(digits) => 3 + fraction_bytes(digits),
        LogType::Timestamp(digits) => 4 + fraction_bytes(digits),
        LogType::Datetime(digits) => 5 + fraction_bytes(digits),
        LogType::Bit(count) => usize::from(count).div_ceil(8),
        LogType::Enum(bytes) | LogType::Set(bytes) => usize::from(bytes),
        LogType::Char(longest) | LogType::Varchar(longest) | LogType::CompressedVarchar(longest) => {
            reader.little(if longest > 255 { 2 } else { 1 })? as usize
        }
        LogType::Blob(width)
        | LogType::Json(width)
        | LogType::Geometry(width)
        | LogType::Vector(width)
        | LogType::CompressedBlob(width) => reader.little(width.into())? as usize,
        LogType::Unknown(value) => return Err(Flaw::Unknown { field: "type of a column", value }),
    };
    reader.bytes(length)
}

/// Bytes of fractions of a second.
pub(in crate::mysql) fn fraction_bytes(digits: u8) -> usize {
    usize::from(digits).div_ceil(2)
}

fn decimal_bytes(precision: u8, scale: u8) -> Result<usize, Flaw> {
    let before = precision.checked_sub(scale).ok_or(Flaw::Wrong { field: "decimal" })?;
    Ok(digits_bytes(before) + digits_bytes(scale))
}

/// Bytes of this many decimal digits.
pub(in crate::mysql) fn digits_bytes(digits: u8) -> usize {
    usize::from(digits / 9) * 4 + DIGIT_BYTES[usize::from(digits % 9)]
}
