//! What paths run over: a document in shared parts, so that a part knows its place by its address.

use std::rc::Rc;

use tailwater_connectors::Numeric;

use super::moment::Moment;
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::families::json_text::{self, Json, print_string};

/// Fields of an object, as jsonb orders them.
pub(super) type Fields = Vec<(Rc<str>, Item)>;

/// A value; moments are made by `.datetime()` alone.
#[derive(Clone, Debug)]
pub(in crate::engine::scalar) enum Item {
    Null,
    Bool(bool),
    Number(Numeric),
    Text(Rc<str>),
    Array(Rc<Vec<Item>>),
    Object(Rc<Fields>),
    Moment(Moment),
}

impl Item {
    /// The document that a text of jsonb is.
    pub(in crate::engine::scalar) fn read(document: &str) -> Result<Self, RowError> {
        Ok(Self::of(&json_text::parse(document)?))
    }

    fn of(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(number.clone()),
            Json::Written => unreachable!("jsonb is read with its numbers"),
            Json::Text(text) => Self::Text(text.as_ref().into()),
            Json::Array(elements) => Self::Array(Rc::new(elements.iter().map(|node| Self::of(node.value())).collect())),
            Json::Object(fields) => {
                let sorted = json_text::sorted_fields(fields).into_iter();
                Self::Object(Rc::new(sorted.map(|(key, node)| (key.as_ref().into(), Self::of(node.value()))).collect()))
            }
        }
    }

    /// As jsonb prints it.
    pub(in crate::engine::scalar) fn written(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => print_string(out, text),
            Self::Moment(moment) => print_string(out, &moment.written()),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    print_string(out, key);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// What `.type()` answers.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Moment(moment) => moment.kind(),
        }
    }

    pub(super) fn field(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(known, _)| **known == *key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The values of a container, in order; none of anything else.
    pub(super) fn parts(&self) -> Vec<Self> {
        match self {
            Self::Array(elements) => elements.to_vec(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value.clone()).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_container(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// Whether both are the same part of a document.
    pub(super) fn is_same_part(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(one), Self::Array(other)) => Rc::ptr_eq(one, other),
            (Self::Object(one), Self::Object(other)) => Rc::ptr_eq(one, other),
            _ => false,
        }
    }
}
