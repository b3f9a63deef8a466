//! Key templates, `order:{id}`: from a view's row to the name of its Redis key, and back far enough to tell whether a
//! key found in Redis is one that the template makes.
//!
//! Different view keys never make the same Redis key:
//!
//! * A template with one column writes the value as Postgres prints it, unchanged.
//! * A template with several columns needs a punctuation character in the text between two columns (`{a}:{b}`). Those
//!   characters, and `%`, are percent-encoded inside values: `("x:y", 1)` in `t:{a}:{b}` is `t:x%3Ay:1`.
//! * Null is `\N`. A value that is itself `\N`, `\\N`, ... gets one more backslash.

use thiserror::Error;

use crate::schema::ViewSchema;
use crate::sql_type::SqlType;
use crate::text;
use crate::value::Value;

use super::pattern::{KeyPattern, Part, ValueKind};

/// Start of the keys in which sinks keep their own cursors.
pub(super) const RESERVED_PREFIX: &str = "tailwater:";

/// Why a key template cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("key template \"{template}\": {message}")]
pub struct KeyTemplateError {
    template: String,
    message: String,
    hint: String,
}

impl KeyTemplateError {
    /// What to write instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// A template that fits a view.
#[derive(Clone, Debug)]
pub struct KeyTemplate {
    pattern: KeyPattern,
    /// Position in the row and type of each column, in the template's order.
    columns: Vec<(usize, SqlType)>,
}

impl KeyTemplate {
    /// Reads `template` and checks it against the view: its columns are the view's key columns, each once.
    pub fn new(template: &str, view: &ViewSchema) -> Result<Self, KeyTemplateError> {
        let refuse = |(message, hint): (String, String)| KeyTemplateError { template: template.into(), message, hint };
        let (prefix, names) = split(template).map_err(refuse)?;
        check_prefix(&prefix).map_err(refuse)?;
        let columns = names
            .iter()
            .map(|(name, _)| find_column(name, view).map(|index| (index, view.columns[index].sql_type.clone())))
            .collect::<Result<Vec<_>, _>>()
            .map_err(refuse)?;
        check_columns(&columns, view).map_err(refuse)?;
        let parts = columns
            .iter()
            .zip(&names)
            .map(|((_, sql_type), (_, after))| Part { kind: ValueKind::of(sql_type), after: after.clone() })
            .collect();
        let pattern = KeyPattern::new(prefix, parts).map_err(|message| {
            refuse((message, "separate columns by a character such as ':', as in \"line:{order_id}:{number}\"".into()))
        })?;
        Ok(Self { pattern, columns })
    }

    /// Which keys this template makes.
    pub(super) fn pattern(&self) -> &KeyPattern {
        &self.pattern
    }

    /// Appends the key of `row`.
    pub fn render(&self, row: &[Value], out: &mut String) {
        out.push_str(&self.pattern.prefix);
        for ((index, sql_type), part) in self.columns.iter().zip(&self.pattern.parts) {
            let start = out.len();
            match &row[*index] {
                Value::Null => out.push_str("\\N"),
                value => {
                    text::write_text(out, sql_type, value);
                    self.pattern.escape(out, start);
                }
            }
            out.push_str(&part.after);
        }
    }

    /// Key of the view's row, in its key order, that would have this name; `None` when no row could.
    pub(super) fn parse(&self, view: &ViewSchema, key: &[u8]) -> Option<Vec<Value>> {
        let texts = self.pattern.texts(key)?;
        let value = |column: usize| {
            let place = self.columns.iter().position(|(index, _)| *index == column)?;
            match texts[place].as_str() {
                "\\N" => Some(Value::Null),
                text => text::parse_text(&self.columns[place].1, unmarked(text)).ok(),
            }
        };
        view.key.iter().map(|column| value(*column)).collect()
    }
}

/// A value that looks like the mark of null has one backslash more.
fn unmarked(text: &str) -> &str {
    match text.strip_suffix('N').is_some_and(|slashes| slashes.len() > 1 && slashes.bytes().all(|byte| byte == b'\\')) {
        true => &text[1..],
        false => text,
    }
}

type Refusal = (String, String);

/// The text before the first column, and each column's name with the text behind it.
fn split(template: &str) -> Result<(String, Vec<(String, String)>), Refusal> {
    let brace_hint = || "write a column as {name} and a literal brace as {{ or }}".to_string();
    let mut prefix = String::new();
    let mut columns: Vec<(String, String)> = Vec::new();
    let mut chars = template.chars().peekable();
    while let Some(char) = chars.next() {
        let literal = columns.last_mut().map_or(&mut prefix, |(_, after)| after);
        match char {
            '{' | '}' if chars.next_if_eq(&char).is_some() => literal.push(char),
            '{' => {
                let name: String = chars.by_ref().take_while(|&next| next != '}').collect();
                // `take_while` eats the closing brace, or the end.
                if !template.contains(&format!("{{{name}}}")) {
                    return Err(("a '{' is not closed".into(), brace_hint()));
                }
                if name.trim().is_empty() {
                    return Err(("a column name is missing between '{' and '}'".into(), brace_hint()));
                }
                columns.push((name.trim().into(), String::new()));
            }
            '}' => return Err(("a '}' closes nothing".into(), brace_hint())),
            _ => literal.push(char),
        }
    }
    Ok((prefix, columns))
}

/// A rebuild deletes keys that the template could have made, so it must not match everybody's keys, or our own cursors.
fn check_prefix(prefix: &str) -> Result<(), Refusal> {
    let hint = || "begin the template with a name of its own, as in \"order:{id}\"".to_string();
    if prefix.is_empty() {
        return Err(("it begins with a column, so its keys cannot be told from other keys".into(), hint()));
    }
    if prefix.starts_with(RESERVED_PREFIX) || RESERVED_PREFIX.starts_with(prefix) {
        return Err((format!("keys beginning with \"{RESERVED_PREFIX}\" are reserved for cursors"), hint()));
    }
    Ok(())
}

fn find_column(name: &str, view: &ViewSchema) -> Result<usize, Refusal> {
    view.column(name).ok_or_else(|| {
        let names: Vec<_> = view.columns.iter().map(|column| column.name.as_str()).collect();
        (format!("view \"{}\" has no column \"{name}\"", view.name), format!("its columns are {}", names.join(", ")))
    })
}

fn check_columns(columns: &[(usize, SqlType)], view: &ViewSchema) -> Result<(), Refusal> {
    let name = |index: usize| view.columns[index].name.as_str();
    let all = view.key.iter().map(|&index| format!("{{{}}}", name(index))).collect::<Vec<_>>().join(":");
    let hint = || match view.key.is_empty() {
        true => "the view has at most one row and no key: write the key without columns".to_string(),
        false => format!("use exactly the view's key columns, for example \"{}:{all}\"", view.name),
    };
    for (nth, (index, _)) in columns.iter().enumerate() {
        if columns[..nth].iter().any(|(earlier, _)| earlier == index) {
            return Err((format!("column \"{}\" is named twice", name(*index)), hint()));
        }
        if !view.key.contains(index) {
            let message = format!("column \"{}\" is not part of the key of view \"{}\"", name(*index), view.name);
            return Err((message, hint()));
        }
    }
    match view.key.iter().find(|index| !columns.iter().any(|(used, _)| used == *index)) {
        Some(&missing) => {
            Err((format!("key column \"{}\" is missing, so rows would overwrite each other", name(missing)), hint()))
        }
        None => Ok(()),
    }
}
