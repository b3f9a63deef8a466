//! From what a person typed to a query, or to what is wrong with it and where.

use tantivy::Index;
use tantivy::query::{AllQuery, Query, QueryParser, QueryParserError};
use tantivy::query_grammar::parse_query_lenient;
use tantivy::schema::Field;

use super::index::SearchError;

/// Longest query.
const QUERY_BYTES_MAX: usize = 8 << 10;
/// The parser is recursive: deeper queries could overflow its stack.
const NESTING_MAX: usize = 32;

/// Parses `text`; words without a field are looked for in `fields`.
pub(super) fn parse(index: &Index, text: &str, fields: Vec<Field>) -> Result<Box<dyn Query>, SearchError> {
    let refused = |message: String| SearchError::Query { message };
    if text.trim().is_empty() {
        return Ok(Box::new(AllQuery));
    }
    if text.len() > QUERY_BYTES_MAX {
        return Err(refused(format!("longer than {QUERY_BYTES_MAX} bytes")));
    }
    if nesting(text) > NESTING_MAX {
        return Err(refused(format!("nested deeper than {NESTING_MAX}")));
    }
    let parser = QueryParser::for_index(index, fields);
    parser.parse_query(text).map_err(|error| refused(explain(index, text, error)))
}

/// Bounds how deep the parser can recurse: parentheses and negations, also those inside phrases.
fn nesting(text: &str) -> usize {
    let negations = text.split_whitespace().filter(|word| word.trim_start_matches('(') == "NOT").count();
    text.bytes().filter(|byte| matches!(byte, b'(')).count() + negations
}

fn explain(index: &Index, text: &str, error: QueryParserError) -> String {
    match error {
        QueryParserError::SyntaxError(_) => {
            let (_, problems) = parse_query_lenient(text);
            match problems.first() {
                Some(problem) => {
                    let before = text.get(..problem.pos.min(text.len())).unwrap_or(text);
                    format!("{} at character {}", problem.message, before.chars().count() + 1)
                }
                None => "syntax error".into(),
            }
        }
        QueryParserError::FieldDoesNotExist(name) => {
            let schema = index.schema();
            let known = schema.fields().map(|(_, entry)| entry.name()).filter(|name| !name.starts_with('_'));
            format!("there is no column \"{name}\" to search in; there are {}", known.collect::<Vec<_>>().join(", "))
        }
        QueryParserError::DateFormatError(_) => {
            "a moment is written in RFC 3339, for example 2026-01-31T00:00:00Z, in quotes where it stands alone".into()
        }
        QueryParserError::ExpectedInt(_) => "an integer column is compared with integers".into(),
        QueryParserError::ExpectedFloat(_) => "a number column is compared with numbers".into(),
        other => other.to_string().to_lowercase(),
    }
}
