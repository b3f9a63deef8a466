//! Bytes: `encode`, `decode`, `md5`.

use tailwater_connectors::Value;

use super::read::{bytes, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Postgres breaks base64 lines here, as MIME wants.
const BASE64_LINE: usize = 76;

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len() * 4 / 3 + 8);
    let mut line = 0;
    for chunk in data.chunks(3) {
        if line == BASE64_LINE {
            out.push('\n');
            line = 0;
        }
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let sextet = bits >> (18 - 6 * place) & 63;
            out.push(if place <= chunk.len() { char::from(BASE64[sextet as usize]) } else { '=' });
        }
        line += 4;
    }
    out
}

fn escaped(data: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b'\\' => "\\\\".to_owned(),
        0 | 128..=255 => format!("\\{byte:03o}"),
        _ => char::from(*byte).to_string(),
    };
    data.iter().map(shown).collect()
}

fn encode(arguments: &[Value]) -> Result<Value, RowError> {
    let data = bytes(&arguments[0]);
    Ok(Value::text(match text(&arguments[1]).to_ascii_lowercase().as_str() {
        "hex" => hex(data),
        "base64" => base64(data),
        "escape" => escaped(data),
        _ => return Err(RowError::invalid_parameter("unrecognized encoding")),
    }))
}

fn from_hex(source: &str) -> Result<Vec<u8>, RowError> {
    let digit = |byte: u8| {
        char::from(byte).to_digit(16).ok_or_else(|| RowError::invalid_parameter("invalid hexadecimal digit"))
    };
    let (mut out, mut bytes) = (Vec::new(), source.bytes());
    // White space may stand between bytes, not within them.
    while let Some(high) = bytes.find(|byte| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r')) {
        let high = digit(high)?;
        let low = bytes.next();
        let low = low.ok_or_else(|| RowError::invalid_parameter("invalid hexadecimal data: odd number of digits"))?;
        out.push((high << 4 | digit(low)?) as u8);
    }
    Ok(out)
}

fn from_base64(source: &str) -> Result<Vec<u8>, RowError> {
    let invalid = || RowError::invalid_parameter("invalid base64 end sequence");
    let (mut out, mut bits, mut count, mut ended) = (Vec::new(), 0u32, 0, 0);
    for byte in source.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            ended += 1;
            continue;
        }
        let sextet = BASE64.iter().position(|known| *known == byte);
        let sextet = sextet
            .filter(|_| ended == 0)
            .ok_or_else(|| RowError::invalid_parameter("invalid symbol while decoding base64 sequence"))?;
        bits = bits << 6 | sextet as u32;
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match (count, ended) {
        (0, 0) => Ok(out),
        (2, 2) => {
            out.push((bits >> 4) as u8);
            Ok(out)
        }
        (3, 1) => {
            out.extend([(bits >> 10) as u8, (bits >> 2) as u8]);
            Ok(out)
        }
        _ => Err(invalid()),
    }
}

fn from_escaped(source: &str) -> Result<Vec<u8>, RowError> {
    let invalid = || RowError::new("22P02", "invalid input syntax for type bytea");
    let source = source.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&byte) = source.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
        } else if source.get(at + 1) == Some(&b'\\') {
            out.push(b'\\');
            at += 2;
        } else {
            let digits =
                source.get(at + 1..at + 4).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
            let value = digits.ok_or_else(invalid)?.iter().fold(0u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
            out.push(u8::try_from(value).map_err(|_| invalid())?);
            at += 4;
        }
    }
    Ok(out)
}

fn decode(arguments: &[Value]) -> Result<Value, RowError> {
    let source = text(&arguments[0]);
    let decoded = match text(&arguments[1]).to_ascii_lowercase().as_str() {
        "hex" => from_hex(source)?,
        "base64" => from_base64(source)?,
        "escape" => from_escaped(source)?,
        _ => return Err(RowError::invalid_parameter("unrecognized encoding")),
    };
    Ok(Value::Bytes(decoded.into()))
}

const MD5_SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// RFC 1321.
fn md5(data: &[u8]) -> String {
    let mut message = data.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(data.len() as u64).wrapping_mul(8).to_le_bytes());
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in message.chunks(64) {
        let sums = md5_block(state, block);
        for (word, sum) in state.iter_mut().zip(sums) {
            *word = word.wrapping_add(sum);
        }
    }
    hex(&state.map(u32::to_le_bytes).concat())
}

fn md5_block(state: [u32; 4], block: &[u8]) -> [u32; 4] {
    let word = |index: usize| {
        u32::from_le_bytes([block[index * 4], block[index * 4 + 1], block[index * 4 + 2], block[index * 4 + 3]])
    };
    let [mut a, mut b, mut c, mut d] = state;
    for step in 0..64 {
        let (mixed, index) = match step / 16 {
            0 => (b & c | !b & d, step),
            1 => (d & b | !d & c, (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), 7 * step % 16),
        };
        let constant = (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
        let sum = a.wrapping_add(mixed).wrapping_add(constant).wrapping_add(word(index));
        let rotated = b.wrapping_add(sum.rotate_left(MD5_SHIFTS[step / 16][step % 4]));
        (a, d, c, b) = (d, c, b, rotated);
    }
    [a, b, c, d]
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("encode(bytea,text) text", encode);
    catalog.strict("decode(text,text) bytea", decode);
    catalog.strict("md5(text) text", |a| Ok(Value::text(md5(text(&a[0]).as_bytes()))));
    catalog.strict("md5(bytea) text", |a| Ok(Value::text(md5(bytes(&a[0])))));
    catalog.strict("to_hex(int4) text", |a| Ok(Value::text(format!("{:x}", super::read::int(&a[0]) as i32))));
    catalog.strict("to_hex(int8) text", |a| Ok(Value::text(format!("{:x}", super::read::int(&a[0])))));
}
