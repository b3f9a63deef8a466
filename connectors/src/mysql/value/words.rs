//! Text, labels, and MariaDB's types of fixed bytes.

use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use smol_str::SmolStr;

use super::error::ValueError;
use crate::mysql::binlog::Reader;
use crate::value::Value;

fn malformed(of: &'static str) -> ValueError {
    ValueError::Malformed { of }
}

/// The label of this number, from 1; 0 is what was none.
pub(super) fn label(number: u64, labels: &[SmolStr]) -> Result<Value, ValueError> {
    if number == 0 {
        return Ok(Value::text(""));
    }
    let label = usize::try_from(number - 1).ok().and_then(|place| labels.get(place));
    label.cloned().map(Value::Text).ok_or(malformed("label of its enum"))
}

/// The labels whose bits are set, in their order.
pub(super) fn labels(bits: u64, labels: &[SmolStr]) -> Result<Value, ValueError> {
    if labels.len() < 64 && bits >> labels.len() != 0 {
        return Err(malformed("label of its set"));
    }
    let chosen: Vec<&str> = labels
        .iter()
        .enumerate()
        .filter(|(place, _)| bits >> place & 1 == 1)
        .map(|(_, label)| label.as_str())
        .collect();
    Ok(Value::text(chosen.join(",")))
}

/// MariaDB's `uuid`. Tables keep its parts turned around, the log does not.
pub(super) fn uuid(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes = bytes.try_into().map_err(|_| malformed("uuid"))?;
    Ok(Value::Uuid(u128::from_be_bytes(bytes)))
}

/// MariaDB's `inet4`
pub(super) fn inet4(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes: [u8; 4] = bytes.try_into().map_err(|_| malformed("inet4"))?;
    Ok(Value::text(Ipv4Addr::from(bytes).to_string()))
}

/// MariaDB's `inet6`, as it prints it: the first of the longest runs of zeros is left out, also where it is a single one.
pub(super) fn inet6(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| malformed("inet6"))?;
    let address = Ipv6Addr::from(bytes);
    let words = address.segments();
    let run = |from: usize| words[from..].iter().take_while(|word| **word == 0).count();
    let length = (0..words.len()).map(run).max().unwrap_or(0);
    let start = (0..words.len()).find(|from| run(*from) == length).unwrap_or(0);
    let hex = |words: &[u16]| words.iter().map(|word| format!("{word:x}")).collect::<Vec<_>>().join(":");
    let [.., a, b, c, d] = bytes;
    let old = Ipv4Addr::new(a, b, c, d);
    Ok(Value::text(match (start, length) {
        (_, 0) => hex(&words),
        (0, 6) => format!("::{old}"),
        (0, 5) if words[5] == 0xffff => format!("::ffff:{old}"),
        _ => format!("{}::{}", hex(&words[..start]), hex(&words[start + length..])),
    }))
}

/// Bytes of a column that MariaDB keeps compressed: a byte that tells how, the length in as many bytes as it says, and the rest, with
/// zlib's header and checksum or without.
pub(super) fn decompressed(bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>, ValueError> {
    let wrong = || malformed("compressed value");
    let Some((head, rest)) = bytes.split_first() else { return Ok(Vec::new()) };
    let (method, is_bare, width) = (head >> 4, head & 8 != 0, usize::from(head & 7));
    match method {
        0 => return Ok(rest.to_vec()),
        8 => {}
        _ => return Err(wrong()),
    }
    let mut reader = Reader(rest);
    let length = reader.big(width).map_err(|_| wrong())?;
    if length > bytes_max || width > 4 {
        return Err(wrong());
    }
    let mut plain = Vec::new();
    let read = match is_bare {
        true => DeflateDecoder::new(reader.0).take(length + 1).read_to_end(&mut plain),
        false => ZlibDecoder::new(reader.0).take(length + 1).read_to_end(&mut plain),
    };
    if read.is_ok() && plain.len() as u64 == length { Ok(plain) } else { Err(wrong()) }
}
