//! `"csv"`: one record of <https://www.rfc-editor.org/rfc/rfc4180>, without a header. A field that is empty and not quoted is null.

use std::borrow::Cow;

use super::decoder::{field, text};
use super::error::BadMessage;
use crate::schema::Column;
use crate::value::Value;

/// Fills its columns in their order.
#[derive(Debug)]
pub struct CsvDecoder {
    columns: Vec<Column>,
}

impl CsvDecoder {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec() }
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Vec<Value>, BadMessage> {
        let line = text(bytes)?;
        let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        let mut values = Vec::with_capacity(self.columns.len());
        let mut rest = Some(line);
        for column in &self.columns {
            let Some(behind) = rest else { return Err(self.wrong_number(values.len())) };
            let (found, next) = split(behind).map_err(|wrong| BadMessage::field(&column.name, wrong))?;
            values.push(match found {
                None => Value::Null,
                Some(found) => field(column, &found)?,
            });
            rest = next;
        }
        match rest {
            None => Ok(values),
            Some(_) => Err(BadMessage::new(format!("has more than {} fields", self.columns.len()))),
        }
    }

    fn wrong_number(&self, found: usize) -> BadMessage {
        BadMessage::new(format!("has {found} fields instead of {}", self.columns.len()))
    }
}

/// The first field, and what stands behind its comma. `None` for null.
#[allow(clippy::type_complexity, reason = "a field and the rest")]
fn split(line: &str) -> Result<(Option<Cow<'_, str>>, Option<&str>), &'static str> {
    let Some(mut quoted) = line.strip_prefix('"') else {
        let (found, rest) = match line.split_once(',') {
            Some((found, rest)) => (found, Some(rest)),
            None => (line, None),
        };
        return match found.contains('"') {
            true => Err("has a quote in its middle"),
            false => Ok(((!found.is_empty()).then_some(Cow::Borrowed(found)), rest)),
        };
    };
    let mut found = String::new();
    loop {
        let (part, behind) = quoted.split_once('"').ok_or("has a quote that is not closed")?;
        found.push_str(part);
        quoted = match behind.strip_prefix('"') {
            Some(more) => more,
            None if behind.is_empty() => return Ok((Some(found.into()), None)),
            None => {
                let rest = behind.strip_prefix(',').ok_or("has text behind its closing quote")?;
                return Ok((Some(found.into()), Some(rest)));
            }
        };
        found.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql_type::SqlType;

    fn read(line: &str) -> Result<Vec<Value>, String> {
        let columns = [Column::new("id", SqlType::Int4, true), Column::new("word", SqlType::Text, true)];
        CsvDecoder::new(&columns).decode(line.as_bytes()).map_err(|bad| bad.reason)
    }

    #[test]
    fn fields_are_columns_in_their_order_and_what_is_empty_is_null() {
        assert_eq!(read("7,a b\r\n"), Ok(vec![Value::Int(7), Value::text("a b")]));
        assert_eq!(read("\"7\",\"a \"\"b\"\",\nc\""), Ok(vec![Value::Int(7), Value::text("a \"b\",\nc")]));
        assert_eq!(read(","), Ok(vec![Value::Null, Value::Null]));
        assert_eq!(read(",\"\""), Ok(vec![Value::Null, Value::text("")]));
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        for (line, reason) in [
            ("7", "has 1 fields instead of 2"),
            ("7,a,b", "has more than 2 fields"),
            ("seven,a", "field \"id\" is not of type integer"),
            ("7,\"a", "field \"word\" has a quote that is not closed"),
            ("7,\"a\"b", "field \"word\" has text behind its closing quote"),
            ("7,a\"b", "field \"word\" has a quote in its middle"),
        ] {
            assert_eq!(read(line), Err(reason.into()), "{line}");
        }
    }
}
