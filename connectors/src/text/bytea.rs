//! `bytea`: hex, and on input the escape form too.

use std::fmt::{self, Write};

pub(super) fn hex_pair(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

pub(super) fn write_hex<W: Write>(out: &mut W, bytes: &[u8]) -> fmt::Result {
    out.write_str("\\x")?;
    let mut buffer = [0u8; 128];
    for chunk in bytes.chunks(buffer.len() / 2) {
        for (pair, byte) in buffer.chunks_exact_mut(2).zip(chunk) {
            pair.copy_from_slice(&hex_pair(*byte));
        }
        out.write_str(super::write::ascii(&buffer[..chunk.len() * 2]))?;
    }
    Ok(())
}

pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

pub(super) fn parse_bytea(text: &[u8]) -> Option<Vec<u8>> {
    match text.strip_prefix(b"\\x") {
        Some(hex) => parse_hex(hex),
        None => parse_escape(text),
    }
}

fn parse_hex(mut hex: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    while let Some((&first, rest)) = hex.split_first() {
        hex = rest;
        // White space may stand between bytes, not inside one.
        if matches!(first, b' ' | b'\n' | b'\t' | b'\r') {
            continue;
        }
        let (&second, rest) = hex.split_first()?;
        hex = rest;
        bytes.push(hex_digit(first)? << 4 | hex_digit(second)?);
    }
    Some(bytes)
}

fn parse_escape(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    loop {
        text = match text {
            [] => return Some(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}
