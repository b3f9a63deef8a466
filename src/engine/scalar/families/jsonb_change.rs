//! Changing jsonb at a path: `jsonb_set`, `jsonb_set_lax`, `jsonb_insert`, `#-`.

use std::borrow::Cow;

use tailwater_connectors::Value;

use super::json_read::subscript;
use super::json_text::{Json, Node, parse, write_canonical};
use super::read::{array, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Replace,
    /// Replace, or add where there is nothing.
    Create,
    InsertBefore,
    InsertAfter,
    Delete,
}

impl Mode {
    fn adds(self) -> bool {
        matches!(self, Self::Create | Self::InsertBefore | Self::InsertAfter)
    }
}

struct Change<'a> {
    mode: Mode,
    path: Vec<Option<&'a str>>,
    value: Json<'a>,
}

impl<'a> Change<'a> {
    fn node(&self) -> Node<'a> {
        Node { value: self.value.clone(), source: "" }
    }

    fn apply(&self, json: &mut Json<'a>, level: usize) -> Result<(), RowError> {
        let null = || RowError::new("22004", format!("path element at position {} is null", level + 1));
        let step = self.path[level].ok_or_else(null)?;
        match json {
            Json::Object(fields) => self.apply_to_object(fields, (step, level)),
            Json::Array(elements) => self.apply_to_array(elements, (step, level)),
            _ => Ok(()),
        }
    }

    fn apply_to_object(
        &self,
        fields: &mut Vec<(Cow<'a, str>, Node<'a>)>,
        (key, level): (&'a str, usize),
    ) -> Result<(), RowError> {
        let last = level + 1 == self.path.len();
        match fields.iter().position(|(name, _)| name == key) {
            Some(at) if !last => self.apply(&mut fields[at].1.value, level + 1)?,
            Some(at) => match self.mode {
                Mode::Replace | Mode::Create => fields[at].1 = self.node(),
                Mode::InsertBefore | Mode::InsertAfter => {
                    return Err(RowError::invalid_parameter("cannot replace existing key"));
                }
                Mode::Delete => drop(fields.remove(at)),
            },
            None if last && self.mode.adds() => fields.push((Cow::Borrowed(key), self.node())),
            None => {}
        }
        Ok(())
    }

    fn apply_to_array(&self, elements: &mut Vec<Node<'a>>, (step, level): (&'a str, usize)) -> Result<(), RowError> {
        let last = level + 1 == self.path.len();
        let index = subscript(step).ok_or_else(|| {
            RowError::new("22P02", format!("path element at position {} is not an integer", level + 1))
        })?;
        let length = elements.len();
        let place = if index < 0 { i64::from(index) + length as i64 } else { i64::from(index) };
        let at = usize::try_from(place).ok().filter(|at| *at < length);
        match (at, self.mode) {
            (Some(at), _) if !last => self.apply(&mut elements[at].value, level + 1)?,
            (Some(at), Mode::Replace | Mode::Create) => elements[at] = self.node(),
            (Some(at), Mode::InsertBefore) => elements.insert(at, self.node()),
            (Some(at), Mode::InsertAfter) => elements.insert(at + 1, self.node()),
            (Some(at), Mode::Delete) => drop(elements.remove(at)),
            (None, mode) if last && mode.adds() => elements.insert(if place < 0 { 0 } else { length }, self.node()),
            (None, _) => {}
        }
        Ok(())
    }
}

fn changed(target: &Value, path: &Value, change: (Mode, Json<'_>)) -> Result<Value, RowError> {
    let (mode, value) = change;
    let path = array(path);
    if path.dimensions.len() > 1 {
        return Err(RowError::new("2202E", "wrong number of array subscripts"));
    }
    let mut json = parse(text(target))?;
    let is_empty = match &json {
        Json::Array(elements) => elements.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => return Err(RowError::invalid_parameter("cannot change a path in a scalar")),
    };
    if path.elements.is_empty() || is_empty && !mode.adds() {
        return Ok(target.clone());
    }
    let steps = path.elements.iter().map(|step| if step.is_null() { None } else { Some(text(step)) });
    let change = Change { mode, path: steps.collect(), value };
    change.apply(&mut json, 0)?;
    let mut out = String::new();
    write_canonical(&mut out, &json);
    Ok(Value::text(out))
}

fn flag(arguments: &[Value], default: bool) -> bool {
    match arguments.get(3) {
        Some(Value::Bool(flag)) => *flag,
        _ => default,
    }
}

fn set(arguments: &[Value]) -> Result<Value, RowError> {
    let mode = if flag(arguments, true) { Mode::Create } else { Mode::Replace };
    changed(&arguments[0], &arguments[1], (mode, parse(text(&arguments[2]))?))
}

fn insert(arguments: &[Value]) -> Result<Value, RowError> {
    let mode = if flag(arguments, false) { Mode::InsertAfter } else { Mode::InsertBefore };
    changed(&arguments[0], &arguments[1], (mode, parse(text(&arguments[2]))?))
}

fn delete(arguments: &[Value]) -> Result<Value, RowError> {
    changed(&arguments[0], &arguments[1], (Mode::Delete, Json::Null))
}

/// A null value is treated as the last argument says.
fn set_lax(arguments: &[Value]) -> Result<Value, RowError> {
    let optional = [0, 1].into_iter().chain((3..arguments.len()).take(1));
    if optional.into_iter().any(|at| arguments[at].is_null()) {
        return Ok(Value::Null);
    }
    let treatment = match arguments.get(4) {
        Some(Value::Text(treatment)) => treatment.as_str(),
        Some(_) => return Err(RowError::invalid_parameter("null_value_treatment must be given")),
        None => "use_json_null",
    };
    if !arguments[2].is_null() {
        return set(arguments);
    }
    let known = ["raise_exception", "use_json_null", "delete_key", "return_target"];
    if !known.contains(&treatment) {
        return Err(RowError::invalid_parameter(format!("null_value_treatment must be one of {}", known.join(", "))));
    }
    match treatment {
        "raise_exception" => Err(RowError::new("22004", "JSON value must not be null")),
        "delete_key" => delete(arguments),
        "return_target" => Ok(arguments[0].clone()),
        _ => {
            let mut arguments = arguments.to_vec();
            arguments[2] = Value::text("null");
            set(&arguments)
        }
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    for flag in ["", ",bool"] {
        catalog.strict(&format!("jsonb_set(jsonb,text[],jsonb{flag}) jsonb"), set);
        catalog.strict(&format!("jsonb_insert(jsonb,text[],jsonb{flag}) jsonb"), insert);
    }
    for options in ["", ",bool", ",bool,text"] {
        catalog.nullable(&format!("jsonb_set_lax(jsonb,text[],jsonb{options}) jsonb"), set_lax);
    }
    for name in ["#-", "jsonb_delete_path"] {
        catalog.strict(&format!("{name}(jsonb,text[]) jsonb"), delete);
    }
}
