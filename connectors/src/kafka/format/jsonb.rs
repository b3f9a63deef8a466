//! JSON documents as Postgres prints `jsonb`: members sorted by length and bytes of their names, the last of several of one name,
//! numbers as `numeric` prints them, a blank behind each colon and comma.

use serde_json::Value as Json;

use crate::json::print_string;
use crate::numeric::Numeric;

/// `None`: Postgres would not take it for jsonb.
pub(super) fn print(document: &Json) -> Option<String> {
    let mut out = String::new();
    append(&mut out, document)?;
    Some(out)
}

/// The same of a document's text.
pub(super) fn from_text(text: &str) -> Option<String> {
    print(&serde_json::from_str(text).ok()?)
}

/// Whether it is a document at all, as `json` holds it.
pub(super) fn is_document(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn append(out: &mut String, document: &Json) -> Option<()> {
    match document {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(number) => out.push_str(&number.as_str().parse::<Numeric>().ok()?.to_string()),
        Json::String(text) => string(out, text)?,
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                append(out, element)?;
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut sorted: Vec<(&String, &Json)> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| (name.len(), *name));
            out.push('{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                string(out, name)?;
                out.push_str(": ");
                append(out, value)?;
            }
            out.push('}');
        }
    }
    Some(())
}

/// jsonb cannot hold U+0000.
fn string(out: &mut String, text: &str) -> Option<()> {
    (!text.contains('\0')).then(|| print_string(out, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_printed_as_postgres_prints_them() {
        // Left: input; right: what Postgres 15 answers to select '...'::jsonb.
        for (text, printed) in [
            (
                r#"{"bb": 1, "a": [1.50, 1e3, -0], "b": {"x":null}}"#,
                r#"{"a": [1.50, 1000, 0], "b": {"x": null}, "bb": 1}"#,
            ),
            (r#"{"a":1,"a":2}"#, r#"{"a": 2}"#),
            (r#""\u00e9\n\"\/""#, "\"é\\n\\\"/\""),
            ("[]", "[]"),
            ("12345678901234567890.10", "12345678901234567890.10"),
        ] {
            assert_eq!(from_text(text).as_deref(), Some(printed), "{text}");
        }
        for wrong in [r#""\u0000""#, "{", "01", "nul"] {
            assert_eq!(from_text(wrong), None, "{wrong}");
        }
    }
}
