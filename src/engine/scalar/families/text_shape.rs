//! Functions that cut, pad and trim text; positions count characters from 1.

use tailwater_connectors::Value;

use super::read::{int, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Longer results are refused, as Postgres refuses values beyond 1 GB; ours is a row of a view.
pub(super) const TEXT_BYTES_MAX: usize = 256 << 20;

pub(super) fn too_large() -> RowError {
    RowError::new("54000", "requested length too large")
}

/// Characters `start..end`, from 0.
pub(super) fn characters(source: &str, start: usize, end: usize) -> &str {
    if source.is_ascii() {
        let end = end.min(source.len());
        return &source[start.min(end)..end];
    }
    let place = |index: usize| source.char_indices().nth(index).map_or(source.len(), |(at, _)| at);
    let from = place(start);
    &source[from..place(end.max(start)).max(from)]
}

pub(super) fn length(source: &str) -> usize {
    if source.is_ascii() { source.len() } else { source.chars().count() }
}

/// `varchar(n)`: cut to the limit.
pub(in crate::engine::scalar) fn varchar_limit(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::text(characters(text(&arguments[0]), 0, int(&arguments[1]) as usize)))
}

/// `char(n)`: cut to the limit and padded up to it.
pub(in crate::engine::scalar) fn char_limit(arguments: &[Value]) -> Result<Value, RowError> {
    let limit = int(&arguments[1]) as usize;
    let cut = characters(text(&arguments[0]), 0, limit);
    let blanks = limit - length(cut);
    Ok(Value::text(format!("{cut}{:blanks$}", "")))
}

/// Where a substring begins and ends, from 0; a start before the text uses up length.
pub(super) fn span(start: i64, count: Option<i64>) -> Result<(usize, usize), RowError> {
    let from = start - 1;
    let end = match count {
        Some(count) if count < 0 => return Err(RowError::new("22011", "negative substring length not allowed")),
        Some(count) => from.saturating_add(count).max(0) as usize,
        None => usize::MAX,
    };
    Ok((from.max(0) as usize, end))
}

fn substring(arguments: &[Value]) -> Result<Value, RowError> {
    let (start, end) = span(int(&arguments[1]), arguments.get(2).map(int))?;
    Ok(Value::text(characters(text(&arguments[0]), start, end.max(start))))
}

fn left(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, count) = (text(&arguments[0]), int(&arguments[1]));
    let end = if count < 0 { (length(source) as i64 + count).max(0) } else { count };
    Ok(Value::text(characters(source, 0, end as usize)))
}

fn right(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, count) = (text(&arguments[0]), int(&arguments[1]));
    let length = length(source) as i64;
    // The smallest integer has no opposite, so it cuts nothing.
    let start = match count {
        ..0 if count == i64::from(i32::MIN) => 0,
        ..0 => -count,
        _ => (length - count).max(0),
    };
    Ok(Value::text(characters(source, start as usize, usize::MAX)))
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
    Both,
}

fn trim(side: Side, arguments: &[Value]) -> Result<Value, RowError> {
    let source = text(&arguments[0]);
    let set: Vec<char> = arguments.get(1).map_or(vec![' '], |set| text(set).chars().collect());
    let dropped = |c: char| set.contains(&c);
    Ok(Value::text(match side {
        Side::Left => source.trim_start_matches(dropped),
        Side::Right => source.trim_end_matches(dropped),
        Side::Both => source.trim_matches(dropped),
    }))
}

fn pad(side: Side, arguments: &[Value]) -> Result<Value, RowError> {
    let (source, width) = (text(&arguments[0]), int(&arguments[1]).max(0) as usize);
    let fill = arguments.get(2).map_or(" ", text);
    let have = length(source);
    if have >= width || fill.is_empty() {
        return Ok(Value::text(characters(source, 0, width)));
    }
    if (width - have).saturating_mul(fill.len().min(4)) > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    let padding: String = fill.chars().cycle().take(width - have).collect();
    Ok(Value::text(match side {
        Side::Right => format!("{source}{padding}"),
        _ => format!("{padding}{source}"),
    }))
}

fn overlay(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, placing, start) = (text(&arguments[0]), text(&arguments[1]), int(&arguments[2]));
    let count = arguments.get(3).map_or(length(placing) as i64, int);
    if start <= 0 {
        return Err(RowError::new("22011", "negative substring length not allowed"));
    }
    let before = characters(source, 0, (start - 1) as usize);
    if start + count > i64::from(i32::MAX) {
        return Err(RowError::out_of_range("integer"));
    }
    let resume = (start - 1 + count).max(0) as usize;
    Ok(Value::text(format!("{before}{placing}{}", characters(source, resume, usize::MAX))))
}

pub(super) fn register(catalog: &mut Catalog) {
    for name in ["substring", "substr"] {
        catalog.strict(&format!("{name}(text,int4) text"), substring);
        catalog.strict(&format!("{name}(text,int4,int4) text"), substring);
    }
    catalog.strict("left(text,int4) text", left);
    catalog.strict("right(text,int4) text", right);
    catalog.strict("ltrim(text) text", |a| trim(Side::Left, a));
    catalog.strict("ltrim(text,text) text", |a| trim(Side::Left, a));
    catalog.strict("rtrim(text) text", |a| trim(Side::Right, a));
    catalog.strict("rtrim(text,text) text", |a| trim(Side::Right, a));
    for name in ["btrim", "trim"] {
        catalog.strict(&format!("{name}(text) text"), |a| trim(Side::Both, a));
        catalog.strict(&format!("{name}(text,text) text"), |a| trim(Side::Both, a));
    }
    catalog.strict("lpad(text,int4) text", |a| pad(Side::Left, a));
    catalog.strict("lpad(text,int4,text) text", |a| pad(Side::Left, a));
    catalog.strict("rpad(text,int4) text", |a| pad(Side::Right, a));
    catalog.strict("rpad(text,int4,text) text", |a| pad(Side::Right, a));
    catalog.strict("overlay(text,text,int4) text", overlay);
    catalog.strict("overlay(text,text,int4,int4) text", overlay);
}
