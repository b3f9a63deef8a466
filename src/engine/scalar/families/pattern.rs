//! LIKE and ILIKE.

use tailwater_connectors::Value;

use super::read::{bytes, text};
use super::text::{ASCII, Letters, UNICODE};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::{PlainBody, RowError};

/// What characters and bytes that mean something in patterns are.
trait Letter: Copy + PartialEq {
    const ANY_RUN: Self;
    const ANY_ONE: Self;
}

impl Letter for char {
    const ANY_RUN: Self = '%';
    const ANY_ONE: Self = '_';
}

impl Letter for u8 {
    const ANY_RUN: Self = b'%';
    const ANY_ONE: Self = b'_';
}

/// Matches `source` against a LIKE pattern; `escape` is usually a backslash.
fn like<T: Letter>(source: &[T], pattern: &[T], escape: Option<T>) -> Result<bool, RowError> {
    let tokens = tokens(pattern, escape);
    let (mut at, mut token) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match tokens.get(token) {
            Some(Token::AnyRun) => {
                retry = Some((at, token + 1));
                token += 1;
                continue;
            }
            Some(Token::AnyOne) if at < source.len() => {
                at += 1;
                token += 1;
                continue;
            }
            Some(Token::Literal(c)) if source.get(at) == Some(c) => {
                at += 1;
                token += 1;
                continue;
            }
            Some(Token::Dangling) if at < source.len() => {
                return Err(RowError::new("22025", "LIKE pattern must not end with escape character"));
            }
            None if at == source.len() => return Ok(true),
            _ => {}
        }
        // The last `%` takes one more character; earlier ones need not.
        match retry {
            Some((from, next)) if from < source.len() => {
                retry = Some((from + 1, next));
                at = from + 1;
                token = next;
            }
            _ => return Ok(false),
        }
    }
}

enum Token<T> {
    Literal(T),
    AnyOne,
    AnyRun,
    /// An escape character at the end: an error, but only for text that reaches it.
    Dangling,
}

fn tokens<T: Letter>(pattern: &[T], escape: Option<T>) -> Vec<Token<T>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut characters = pattern.iter().copied();
    while let Some(c) = characters.next() {
        tokens.push(match c {
            _ if Some(c) == escape => match characters.next() {
                Some(escaped) => Token::Literal(escaped),
                None => Token::Dangling,
            },
            _ if c == T::ANY_RUN => Token::AnyRun,
            _ if c == T::ANY_ONE => Token::AnyOne,
            _ => Token::Literal(c),
        });
    }
    tokens
}

fn escape_of(arguments: &[Value]) -> Result<Option<char>, RowError> {
    let Some(escape) = arguments.get(2) else { return Ok(Some('\\')) };
    let mut characters = text(escape).chars();
    match (characters.next(), characters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(RowError::new("22025", "invalid escape string")),
    }
}

struct Matching {
    /// Letters that match in both cases.
    ignore_case: Option<Letters>,
    negated: bool,
}

fn matches(arguments: &[Value], matching: Matching) -> Result<Value, RowError> {
    let (source, pattern, escape) = (text(&arguments[0]), text(&arguments[1]), escape_of(arguments)?);
    let found = match matching.ignore_case {
        Some(letters) => {
            let lower = |text: &str| text.chars().map(letters.lower).collect::<Vec<char>>();
            like(&lower(source), &lower(pattern), escape)?
        }
        None => {
            let characters = |text: &str| text.chars().collect::<Vec<char>>();
            like(&characters(source), &characters(pattern), escape)?
        }
    };
    Ok(Value::Bool(found != matching.negated))
}

/// The same over bytes.
fn matches_bytes(arguments: &[Value], negated: bool) -> Result<Value, RowError> {
    let escape = match arguments.get(2).map(bytes) {
        None => Some(b'\\'),
        Some([]) => None,
        Some([escape]) => Some(*escape),
        Some(_) => return Err(RowError::new("22025", "invalid escape string")),
    };
    Ok(Value::Bool(like(bytes(&arguments[0]), bytes(&arguments[1]), escape)? != negated))
}

pub(super) fn register(catalog: &mut Catalog) {
    // The form with three arguments carries ESCAPE.
    for arguments in ["text,text", "text,text,text", "bpchar,text"] {
        catalog
            .strict(&format!("~~({arguments}) bool"), |a| matches(a, Matching { ignore_case: None, negated: false }));
        catalog
            .strict(&format!("!~~({arguments}) bool"), |a| matches(a, Matching { ignore_case: None, negated: true }));
        catalog.strict(&format!("~~*({arguments}) bool"), |a| {
            matches(a, Matching { ignore_case: Some(UNICODE), negated: false })
        });
        catalog.strict(&format!("!~~*({arguments}) bool"), |a| {
            matches(a, Matching { ignore_case: Some(UNICODE), negated: true })
        });
    }
    for arguments in ["bytea,bytea", "bytea,bytea,bytea"] {
        catalog.strict(&format!("~~({arguments}) bool"), |a| matches_bytes(a, false));
        catalog.strict(&format!("!~~({arguments}) bool"), |a| matches_bytes(a, true));
    }
    for arguments in ["text,text", "bpchar,text"] {
        let forms: [(&str, PlainBody); 2] = [
            ("~~*/C", |a| matches(a, Matching { ignore_case: Some(ASCII), negated: false })),
            ("!~~*/C", |a| matches(a, Matching { ignore_case: Some(ASCII), negated: true })),
        ];
        forms.into_iter().for_each(|(name, body)| catalog.strict(&format!("{name}({arguments}) bool"), body));
    }
    super::regular::register(catalog);
}
