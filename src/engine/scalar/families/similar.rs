//! `SIMILAR TO`: SQL's regular expressions, written as Postgres' own.
//!
//! `a SIMILAR TO b ESCAPE c` is `a ~ similar_to_escape(b, c)`; `substring(a SIMILAR b ESCAPE c)` is
//! `substring(a, similar_to_escape(b, c))`, which is also `substring(a, b, c)`.

use tailwater_connectors::Value;

use super::read::text;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn escape_of(arguments: Option<&Value>) -> Result<Option<char>, RowError> {
    let Some(escape) = arguments else { return Ok(Some('\\')) };
    let mut characters = text(escape).chars();
    match (characters.next(), characters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(RowError::new("22025", "invalid escape string")),
    }
}

fn translated(pattern: &str, escape: Option<char>) -> Result<String, RowError> {
    let mut out = String::from("^(?:");
    let (mut separators, mut escaped, mut in_class) = (0, false, false);
    for c in pattern.chars() {
        if escaped {
            escaped = false;
            if c == '"' && !in_class {
                // Parts that are not wanted are as short as possible, so that the wanted one begins early.
                out.push_str(match separators {
                    0 => "){1,1}?(",
                    1 => "){1,1}(?:",
                    _ => {
                        let message =
                            "SQL regular expression may not contain more than two escape-double-quote separators";
                        return Err(RowError::new("2200C", message));
                    }
                });
                separators += 1;
            } else {
                out.extend(['\\', c]);
            }
        } else if Some(c) == escape {
            escaped = true;
        } else if in_class {
            out.extend((c == '\\').then_some('\\'));
            out.push(c);
            in_class = c != ']';
        } else {
            match c {
                '[' => {
                    out.push(c);
                    in_class = true;
                }
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => out.extend(['\\', c]),
                _ => out.push(c),
            }
        }
    }
    out.push_str(")$");
    Ok(out)
}

fn similar_to_escape(arguments: &[Value]) -> Result<Value, RowError> {
    translated(text(&arguments[0]), escape_of(arguments.get(1))?).map(Value::text)
}

/// The older form: without an escape character it is a backslash.
fn similar_escape(arguments: &[Value]) -> Result<Value, RowError> {
    match arguments {
        [Value::Null, _] => Ok(Value::Null),
        [pattern, Value::Null] => translated(text(pattern), Some('\\')).map(Value::text),
        _ => similar_to_escape(arguments),
    }
}

/// `substring(source similar pattern escape escape)`
fn similar_part<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let pattern = translated(text(&arguments[1]), escape_of(arguments.get(2))?)?;
    super::regular::substring::<C>(&[arguments[0].clone(), Value::text(pattern)])
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("similar_to_escape(text) text", similar_to_escape);
    catalog.strict("similar_to_escape(text,text) text", similar_to_escape);
    catalog.nullable("similar_escape(text,text) text", similar_escape);
    catalog.strict("substring(text,text,text) text", similar_part::<false>);
    catalog.strict("substring/c(text,text,text) text", similar_part::<true>);
}
