//! What a partial update says of a document: values replaced, inserted and removed at paths (`binlog_row_value_options=PARTIAL_JSON`).

use super::binary;
use super::document::Document;
use crate::mysql::binlog::Reader;

const REPLACE: u8 = 0;
const INSERT: u8 = 1;
const REMOVE: u8 = 2;

/// A step of a path.
enum Leg {
    Member(String),
    Cell(usize),
}

/// Makes the changes in their order; `None`: one of them does not fit the document.
pub(super) fn apply(document: &mut Document, diffs: &[u8]) -> Option<()> {
    let mut reader = Reader(diffs);
    while !reader.is_empty() {
        let operation = reader.u8().ok()?;
        let path = parse_path(std::str::from_utf8(reader.packed_bytes().ok()?).ok()?)?;
        let value = match operation {
            REMOVE => None,
            _ => Some(binary::read(reader.packed_bytes().ok()?)?),
        };
        match (operation, value) {
            (REPLACE, Some(value)) => *find(document, &path)? = value,
            (INSERT, Some(value)) => insert(document, &path, value)?,
            (REMOVE, None) => remove(document, &path)?,
            _ => return None,
        }
    }
    Some(())
}

/// `$.name."other name"[3]`
fn parse_path(text: &str) -> Option<Vec<Leg>> {
    let mut rest = text.strip_prefix('$')?;
    let mut legs = Vec::new();
    while !rest.is_empty() {
        if let Some(cell) = rest.strip_prefix('[') {
            let (number, behind) = cell.split_once(']')?;
            legs.push(Leg::Cell(number.trim().parse().ok()?));
            rest = behind;
        } else {
            let member = rest.strip_prefix('.')?;
            let (name, behind) = if member.starts_with('"') { quoted_name(member)? } else { plain_name(member)? };
            legs.push(Leg::Member(name));
            rest = behind;
        }
    }
    Some(legs)
}

fn plain_name(text: &str) -> Option<(String, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

/// A name that is written as a JSON string.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    let (quoted, behind) = text.split_at(end?.0 + 1);
    Some((serde_json::from_str(quoted).ok()?, behind))
}

/// What is at a path. A value that is no array is its own first cell.
fn find<'d>(document: &'d mut Document, path: &[Leg]) -> Option<&'d mut Document> {
    path.iter().try_fold(document, |at, leg| match (leg, at) {
        (Leg::Cell(cell), Document::Array(values)) => values.get_mut(*cell),
        (Leg::Cell(0), other) => Some(other),
        (Leg::Member(name), Document::Object(members)) => {
            members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
        }
        _ => None,
    })
}

fn insert(document: &mut Document, path: &[Leg], value: Document) -> Option<()> {
    let (last, parent) = path.split_last()?;
    match (find(document, parent)?, last) {
        (Document::Array(values), Leg::Cell(cell)) => values.insert((*cell).min(values.len()), value),
        (Document::Object(members), Leg::Member(name)) => {
            let order = |known: &str| (known.len(), known.as_bytes()).cmp(&(name.len(), name.as_bytes()));
            match members.binary_search_by(|(known, _)| order(known)) {
                Ok(_) => return None,
                Err(place) => members.insert(place, (name.clone(), value)),
            }
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Document, path: &[Leg]) -> Option<()> {
    let (last, parent) = path.split_last()?;
    match (find(document, parent)?, last) {
        (Document::Array(values), Leg::Cell(cell)) if *cell < values.len() => {
            values.remove(*cell);
        }
        (Document::Object(members), Leg::Member(name)) => {
            let place = members.iter().position(|(known, _)| known == name)?;
            members.remove(place);
        }
        _ => return None,
    }
    Some(())
}
