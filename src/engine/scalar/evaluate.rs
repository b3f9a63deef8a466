//! Evaluation of one expression over one row.
//!
//! Operands are taken left to right and only as far as needed: an error in a branch that does not decide never appears.

use std::sync::Arc;

use tailwater_connectors::{Array, Value};

use super::cast::cast_value;
use super::expression::{Callee, Function, RowError, Scalar};

impl Scalar {
    /// The value over `row`.
    pub fn evaluate(&self, row: &[Value]) -> Result<Value, RowError> {
        match self {
            Self::Column(column) => Ok(row[*column].clone()),
            Self::Literal(value) => Ok(value.clone()),
            Self::Call { function, arguments } => call(function, arguments, row),
            Self::Cast { input, from, to } => match input.evaluate(row)? {
                Value::Null => Ok(Value::Null),
                value => cast_value(from, to, value),
            },
            Self::And(operands) => decide(operands, row, false),
            Self::Or(operands) => decide(operands, row, true),
            Self::Not(operand) => Ok(match operand.evaluate(row)? {
                Value::Bool(truth) => Value::Bool(!truth),
                _ => Value::Null,
            }),
            Self::IsNull(operand) => Ok(Value::Bool(operand.evaluate(row)?.is_null())),
            Self::Case { branches, otherwise } => case(branches, otherwise.as_deref(), row),
            Self::Coalesce(operands) => first_not_null(operands, row),
            Self::ArrayOf(elements) => array_of(elements, row),
        }
    }

    /// Whether the value over `row` is true; null is not.
    pub fn holds(&self, row: &[Value]) -> Result<bool, RowError> {
        Ok(matches!(self.evaluate(row)?, Value::Bool(true)))
    }
}

fn call(function: &Function, arguments: &[Scalar], row: &[Value]) -> Result<Value, RowError> {
    match arguments {
        [only] => apply(function, &[only.evaluate(row)?]),
        [left, right] => apply(function, &[left.evaluate(row)?, right.evaluate(row)?]),
        _ => {
            let values = arguments.iter().map(|argument| argument.evaluate(row)).collect::<Result<Vec<_>, _>>()?;
            apply(function, &values)
        }
    }
}

fn apply(function: &Function, values: &[Value]) -> Result<Value, RowError> {
    if function.strict && values.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    match &function.callee {
        Callee::Plain(body) => body(values),
        Callee::Typed(body, types) => body(types, values),
    }
}

/// AND when `deciding` is false, OR when it is true.
fn decide(operands: &[Scalar], row: &[Value], deciding: bool) -> Result<Value, RowError> {
    let mut unknown = false;
    for operand in operands {
        match operand.evaluate(row)? {
            Value::Bool(truth) if truth == deciding => return Ok(Value::Bool(deciding)),
            Value::Bool(_) => {}
            _ => unknown = true,
        }
    }
    Ok(if unknown { Value::Null } else { Value::Bool(!deciding) })
}

fn case(branches: &[(Scalar, Scalar)], otherwise: Option<&Scalar>, row: &[Value]) -> Result<Value, RowError> {
    for (condition, result) in branches {
        if condition.holds(row)? {
            return result.evaluate(row);
        }
    }
    otherwise.map_or(Ok(Value::Null), |result| result.evaluate(row))
}

fn first_not_null(operands: &[Scalar], row: &[Value]) -> Result<Value, RowError> {
    for operand in operands {
        let value = operand.evaluate(row)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

/// Elements that are arrays themselves become a further dimension.
fn array_of(elements: &[Scalar], row: &[Value]) -> Result<Value, RowError> {
    let values = elements.iter().map(|element| element.evaluate(row)).collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() {
        return Ok(Value::Array(Arc::new(Array { dimensions: Vec::new(), elements: Vec::new() })));
    }
    if !values.iter().any(|value| matches!(value, Value::Array(_))) {
        let dimensions = vec![(values.len() as u32, 1)];
        return Ok(Value::Array(Arc::new(Array { dimensions, elements: values })));
    }
    nested(&values)
}

fn nested(values: &[Value]) -> Result<Value, RowError> {
    let unequal =
        || RowError::new("2202E", "multidimensional arrays must have array expressions with matching dimensions");
    let arrays: Vec<&Array> =
        values.iter().filter_map(|value| if let Value::Array(array) = value { Some(&**array) } else { None }).collect();
    let inner = &arrays[0].dimensions;
    if arrays.len() != values.len() || arrays.iter().any(|array| array.dimensions != *inner) {
        return Err(unequal());
    }
    if inner.is_empty() {
        return Ok(Value::Array(Arc::new(Array { dimensions: Vec::new(), elements: Vec::new() })));
    }
    let mut dimensions = vec![(arrays.len() as u32, 1)];
    dimensions.extend(inner.iter().copied());
    let elements = arrays.iter().flat_map(|array| array.elements.iter().cloned()).collect();
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}
