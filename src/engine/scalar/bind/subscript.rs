//! Subscripts: elements and slices of arrays, parts of jsonb.

use tailwater_connectors::{SqlType, Value};

use super::call::{Call, call, function};
use super::casting::{cast, implicit};
use super::failure::{BindError, Typed};
use super::literal::literal_value;
use crate::engine::scalar::coerce::implicitly;
use crate::engine::scalar::expression::Callee;
use crate::engine::scalar::families::array_subscript;

/// What stands in one pair of brackets.
#[derive(Clone, Debug)]
pub enum Subscript {
    /// `[index]`
    Index(Typed),
    /// `[lower:upper]`; a bound that is left out is that of the array.
    Slice(Option<Typed>, Option<Typed>),
}

/// `root[…][…]`: all brackets behind one value. Where one of them is a slice, an index `i` among them is the slice `1:i`.
pub fn subscripted(root: Typed, subscripts: Vec<Subscript>) -> Result<Typed, BindError> {
    match &root.sql_type {
        SqlType::Jsonb => part(root, subscripts),
        SqlType::Array(element) => {
            let (element, is_slice) = ((**element).clone(), subscripts.iter().any(is_slice));
            if is_slice { slice(root, subscripts) } else { one_element(root, subscripts, element) }
        }
        other => Err(BindError::new(format!("cannot subscript type {other} because it does not support subscripting"))),
    }
}

fn is_slice(subscript: &Subscript) -> bool {
    matches!(subscript, Subscript::Slice(..))
}

fn part(root: Typed, subscripts: Vec<Subscript>) -> Result<Typed, BindError> {
    let mut arguments = vec![root];
    for subscript in subscripts {
        let Subscript::Index(step) = subscript else {
            return Err(BindError::new("jsonb subscript does not support slices"));
        };
        let from = step.sql_type.clone();
        let to =
            if from != SqlType::Unknown && implicitly(&from, &SqlType::Int4) { SqlType::Int4 } else { SqlType::Text };
        if !implicitly(&from, &to) {
            let hint = "jsonb subscript must be coercible to either integer or text";
            return Err(BindError::with_hint(format!("subscript type {from} is not supported"), hint));
        }
        arguments.push(cast(implicit(step, &to)?, &SqlType::Text, true)?);
    }
    function("jsonb_extract_path", arguments)
}

fn one_element(root: Typed, subscripts: Vec<Subscript>, element: SqlType) -> Result<Typed, BindError> {
    let mut arguments = vec![root];
    for subscript in subscripts {
        if let Subscript::Index(index) = subscript {
            arguments.push(cast(index, &SqlType::Int4, false)?);
        }
    }
    let body = Call { name: "element", callee: Callee::Plain(array_subscript::element), strict: true };
    Ok(call(body, arguments, element))
}

fn slice(root: Typed, subscripts: Vec<Subscript>) -> Result<Typed, BindError> {
    let bound = |given: Option<Typed>, open: i32| match given {
        Some(index) => cast(index, &SqlType::Int4, false),
        None => Ok(literal_value(Value::Int(i64::from(open)), SqlType::Int4)),
    };
    let sql_type = root.sql_type.clone();
    let mut arguments = vec![root];
    for subscript in subscripts {
        let (lower, upper) = match subscript {
            Subscript::Index(index) => (bound(None, 1)?, bound(Some(index), i32::MAX)?),
            Subscript::Slice(lower, upper) => (bound(lower, i32::MIN)?, bound(upper, i32::MAX)?),
        };
        arguments.extend([lower, upper]);
    }
    let body = Call { name: "slice", callee: Callee::Plain(array_subscript::slice), strict: true };
    Ok(call(body, arguments, sql_type))
}
