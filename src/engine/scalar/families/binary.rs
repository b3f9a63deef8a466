//! Functions over bytes: bits and single bytes, parts, digests, text in an encoding.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use tailwater_connectors::Value;

use super::read::{bytes, int, text};
use super::text_shape::span;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn wrap(data: impl Into<Vec<u8>>) -> Result<Value, RowError> {
    Ok(Value::Bytes(data.into().into()))
}

/// The place of an index, which must be inside.
fn place(index: i64, length: usize) -> Result<usize, RowError> {
    let known = usize::try_from(index).ok().filter(|place| *place < length);
    known.ok_or_else(|| RowError::new("2202E", "index out of valid range"))
}

fn get_byte(arguments: &[Value]) -> Result<Value, RowError> {
    let data = bytes(&arguments[0]);
    Ok(Value::Int(i64::from(data[place(int(&arguments[1]), data.len())?])))
}

fn set_byte(arguments: &[Value]) -> Result<Value, RowError> {
    let mut data = bytes(&arguments[0]).to_vec();
    let at = place(int(&arguments[1]), data.len())?;
    data[at] = int(&arguments[2]) as u8;
    wrap(data)
}

fn get_bit(arguments: &[Value]) -> Result<Value, RowError> {
    let data = bytes(&arguments[0]);
    let at = place(int(&arguments[1]), data.len() * 8)?;
    Ok(Value::Int(i64::from(data[at / 8] >> (at % 8) & 1)))
}

fn set_bit(arguments: &[Value]) -> Result<Value, RowError> {
    let mut data = bytes(&arguments[0]).to_vec();
    let at = place(int(&arguments[1]), data.len() * 8)?;
    match int(&arguments[2]) {
        0 => data[at / 8] &= !(1 << (at % 8)),
        1 => data[at / 8] |= 1 << (at % 8),
        _ => return Err(RowError::invalid_parameter("new bit must be 0 or 1")),
    }
    wrap(data)
}

fn cut(data: &[u8], (start, end): (usize, usize)) -> &[u8] {
    let end = end.min(data.len());
    &data[start.min(end)..end]
}

fn substring(arguments: &[Value]) -> Result<Value, RowError> {
    let (start, end) = span(int(&arguments[1]), arguments.get(2).map(int))?;
    wrap(cut(bytes(&arguments[0]), (start, end.max(start))))
}

fn overlay(arguments: &[Value]) -> Result<Value, RowError> {
    let (data, placing, start) = (bytes(&arguments[0]), bytes(&arguments[1]), int(&arguments[2]));
    let count = arguments.get(3).map_or(placing.len() as i64, int);
    if start <= 0 {
        return Err(RowError::new("22011", "negative substring length not allowed"));
    }
    let resume = start - 1 + count;
    if resume >= i64::from(i32::MAX) {
        return Err(RowError::out_of_range("integer"));
    }
    let (before, after) = (cut(data, (0, (start - 1) as usize)), cut(data, (resume.max(0) as usize, usize::MAX)));
    wrap([before, placing, after].concat())
}

fn position(arguments: &[Value]) -> Result<Value, RowError> {
    let (data, sought) = (bytes(&arguments[0]), bytes(&arguments[1]));
    if sought.is_empty() {
        return Ok(Value::Int(1));
    }
    let found = data.windows(sought.len()).position(|window| window == sought);
    Ok(Value::Int(found.map_or(0, |at| at as i64 + 1)))
}

/// Cuts bytes of a set from the beginning, the end, or both.
fn trim<const LEFT: bool, const RIGHT: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let (mut data, set) = (bytes(&arguments[0]), bytes(&arguments[1]));
    while LEFT && data.first().is_some_and(|byte| set.contains(byte)) {
        data = &data[1..];
    }
    while RIGHT && data.last().is_some_and(|byte| set.contains(byte)) {
        data = &data[..data.len() - 1];
    }
    wrap(data)
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
}

/// Names of encodings are letters and digits, whatever stands between.
fn encoding(name: &str) -> Result<Encoding, RowError> {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match name.as_str() {
        "utf8" | "unicode" => Ok(Encoding::Utf8),
        "latin1" | "iso88591" => Ok(Encoding::Latin1),
        "sqlascii" | "latin2" | "latin9" | "win1252" | "win1251" | "koi8r" | "eucjp" | "sjis" | "gbk" | "big5" => {
            Err(RowError::new("0A000", "only the encodings UTF8 and LATIN1 are supported"))
        }
        _ => Err(RowError::invalid_parameter("invalid encoding name")),
    }
}

fn convert_from(arguments: &[Value]) -> Result<Value, RowError> {
    let data = bytes(&arguments[0]);
    let invalid = || RowError::new("22021", "invalid byte sequence for encoding");
    if data.contains(&0) {
        return Err(invalid());
    }
    match encoding(text(&arguments[1]))? {
        Encoding::Utf8 => std::str::from_utf8(data).map(Value::text).map_err(|_| invalid()),
        Encoding::Latin1 => Ok(Value::text(data.iter().copied().map(char::from).collect::<String>())),
    }
}

fn convert_to(arguments: &[Value]) -> Result<Value, RowError> {
    let source = text(&arguments[0]);
    match encoding(text(&arguments[1]))? {
        Encoding::Utf8 => wrap(source.as_bytes()),
        Encoding::Latin1 => {
            let known = source.chars().map(|c| u8::try_from(c as u32)).collect::<Result<Vec<_>, _>>();
            wrap(known.map_err(|_| RowError::new("22P05", "character has no equivalent in encoding \"LATIN1\""))?)
        }
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("get_byte(bytea,int4) int4", get_byte);
    catalog.strict("set_byte(bytea,int4,int4) bytea", set_byte);
    catalog.strict("get_bit(bytea,int8) int4", get_bit);
    catalog.strict("set_bit(bytea,int8,int4) bytea", set_bit);
    catalog.strict("bit_count(bytea) int8", |a| {
        Ok(Value::Int(bytes(&a[0]).iter().map(|byte| i64::from(byte.count_ones())).sum()))
    });
    catalog.strict("bit_length(bytea) int4", |a| Ok(Value::Int(bytes(&a[0]).len() as i64 * 8)));
    for name in ["substring", "substr"] {
        catalog.strict(&format!("{name}(bytea,int4) bytea"), substring);
        catalog.strict(&format!("{name}(bytea,int4,int4) bytea"), substring);
    }
    catalog.strict("overlay(bytea,bytea,int4) bytea", overlay);
    catalog.strict("overlay(bytea,bytea,int4,int4) bytea", overlay);
    catalog.strict("position(bytea,bytea) int4", position);
    catalog.strict("btrim(bytea,bytea) bytea", trim::<true, true>);
    catalog.strict("ltrim(bytea,bytea) bytea", trim::<true, false>);
    catalog.strict("rtrim(bytea,bytea) bytea", trim::<false, true>);
    catalog.strict("sha224(bytea) bytea", |a| wrap(Sha224::digest(bytes(&a[0])).to_vec()));
    catalog.strict("sha256(bytea) bytea", |a| wrap(Sha256::digest(bytes(&a[0])).to_vec()));
    catalog.strict("sha384(bytea) bytea", |a| wrap(Sha384::digest(bytes(&a[0])).to_vec()));
    catalog.strict("sha512(bytea) bytea", |a| wrap(Sha512::digest(bytes(&a[0])).to_vec()));
    catalog.strict("convert_from(bytea,text) text", convert_from);
    catalog.strict("convert_to(text,text) bytea", convert_to);
}
