//! Documents to the text that the server prints.

use std::fmt::Write;

use super::document::Document;
use crate::json::print_string;
use crate::mysql::value::{decimal, packed_moment};

const NEW_DECIMAL: u8 = 246;

/// Digits before the point up to which a number is printed without an exponent, and zeros behind it.
const PLAIN_DIGITS_MAX: i32 = 15;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters of base64 that the server puts in one line.
const BASE64_LINE: usize = 76;

/// `None`: it holds a value that is not of its type.
pub(super) fn text(document: &Document) -> Option<String> {
    let mut out = String::new();
    append(&mut out, document)?;
    Some(out)
}

fn append(out: &mut String, document: &Document) -> Option<()> {
    match document {
        Document::Null => out.push_str("null"),
        Document::Bool(true) => out.push_str("true"),
        Document::Bool(false) => out.push_str("false"),
        Document::Int(number) => write!(out, "{number}").ok()?,
        Document::Uint(number) => write!(out, "{number}").ok()?,
        Document::Double(number) => double(out, *number)?,
        Document::String(text) => print_string(out, text),
        Document::Opaque(kind, bytes) => opaque(out, *kind, bytes)?,
        Document::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                append(out, value)?;
            }
            out.push(']');
        }
        Document::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                print_string(out, name);
                out.push_str(": ");
                append(out, value)?;
            }
            out.push('}');
        }
    }
    Some(())
}

/// The shortest digits that are this number, with a point or an exponent among them.
fn double(out: &mut String, number: f64) -> Option<()> {
    if !number.is_finite() {
        return None;
    }
    let printed = format!("{number:e}");
    let (mantissa, exponent) = printed.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (1 - PLAIN_DIGITS_MAX..=PLAIN_DIGITS_MAX).contains(&(exponent + 1)) {
        let plain = format!("{number}");
        out.push_str(&plain);
        out.push_str(if plain.contains('.') { "" } else { ".0" });
    } else {
        write!(out, "{mantissa}e{exponent}").ok()?;
    }
    Some(())
}

fn opaque(out: &mut String, kind: u8, bytes: &[u8]) -> Option<()> {
    if kind == NEW_DECIMAL {
        let [precision, scale, digits @ ..] = bytes else { return None };
        return write!(out, "{}", decimal(digits, *precision, *scale).ok()?).ok();
    }
    if let Some(moment) = packed_moment(kind, bytes) {
        return write!(out, "\"{moment}\"").ok();
    }
    write!(out, "\"base64:type{kind}:").ok()?;
    base64(out, bytes);
    out.push('"');
    Some(())
}

fn base64(out: &mut String, bytes: &[u8]) {
    let mut column = 0;
    for group in bytes.chunks(3) {
        if column == BASE64_LINE {
            out.push_str("\\n");
            column = 0;
        }
        let bits = group.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = BASE64[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
        column += 4;
    }
}
