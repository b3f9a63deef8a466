//! Forms that are no plain function: null handling, lists, arrays, quantifiers.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{SqlType, Value};

use super::call::{Call, call, function, operator, operator_arguments, types_of};
use super::casting::cast;
use super::derivation::Derivation;
use super::failure::{BindError, Typed};
use super::literal::literal_value;
use super::unify::unify;
use crate::engine::scalar::catalog::named;
use crate::engine::scalar::expression::{Callee, Scalar, TypedBody};
use crate::engine::scalar::families::{array as array_family, comparison, json_build};

/// `ANY` or `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// True when it holds for some element.
    Any,
    /// True when it holds for every element.
    All,
}

/// The argument of WHERE, AND, NOT, WHEN: must be boolean.
pub fn boolean(input: Typed) -> Result<Typed, BindError> {
    match input.sql_type {
        SqlType::Bool => Ok(input),
        SqlType::Unknown => cast(input, &SqlType::Bool, false),
        other => Err(BindError::new(format!("argument must be type boolean, not type {other}"))),
    }
}

/// `NOT input`
pub fn not(input: Typed) -> Result<Typed, BindError> {
    let input = boolean(input)?;
    Ok(Typed::new(Scalar::Not(Box::new(input.scalar)), SqlType::Bool))
}

/// `input IS NULL`
pub fn is_null(input: Typed) -> Typed {
    Typed::new(Scalar::IsNull(Box::new(input.scalar)), SqlType::Bool)
}

/// `needle IN (list)`
pub fn in_list(needle: Typed, list: Vec<Typed>) -> Result<Typed, BindError> {
    let mut all = vec![needle.clone()];
    all.extend(list.iter().cloned());
    let (needle, list) = match unify(all) {
        Ok((mut unified, _)) => (unified.remove(0), unified),
        Err(_) => (needle, list),
    };
    let equals = list.into_iter().map(|item| operator("=", vec![needle.clone(), item]));
    let mut equals = equals.map(|test| test.map(|test| test.scalar)).collect::<Result<Vec<_>, _>>()?;
    let scalar = if equals.len() == 1 { equals.swap_remove(0) } else { Scalar::Or(equals) };
    Ok(Typed::new(scalar, SqlType::Bool))
}

/// `ARRAY[elements]`
pub fn array(elements: Vec<Typed>) -> Result<Typed, BindError> {
    if elements.is_empty() {
        return Err(BindError::with_hint(
            "cannot determine type of empty array",
            "explicitly cast to the desired type, for example '{}'::integer[]",
        ));
    }
    let (elements, element) = unify(elements)?;
    let sql_type = if matches!(element, SqlType::Array(_)) { element } else { SqlType::Array(Box::new(element)) };
    let collation = Derivation::of_result(&sql_type, &elements);
    let scalars: Vec<Scalar> = elements.into_iter().map(|element| element.scalar).collect();
    Ok(Typed { scalar: Scalar::ArrayOf(scalars), sql_type, collation })
}

/// The JSON object of a whole row, as `row_to_json` prints it, or as jsonb when `binary`.
pub fn row_document(fields: Vec<(SmolStr, Typed)>, binary: bool) -> Result<Typed, BindError> {
    let names = array_family::from_elements(fields.iter().map(|(name, _)| Value::Text(name.clone())).collect());
    let mut arguments = vec![literal_value(names, SqlType::Array(Box::new(SqlType::Text)))];
    for (_, value) in fields {
        let open = value.sql_type == SqlType::Unknown;
        arguments.push(if open { cast(value, &SqlType::Text, false)? } else { value });
    }
    let (name, body, sql_type): (&str, TypedBody, SqlType) = if binary {
        ("row_to_jsonb", json_build::row_document_binary, SqlType::Jsonb)
    } else {
        ("row_to_json", json_build::row_document, SqlType::Json)
    };
    let callee = Callee::Typed(body, types_of(&arguments).into());
    Ok(call(Call { name, callee, strict: false }, arguments, sql_type))
}

/// `needle symbol ANY (array)`, `needle symbol ALL (array)` for the six comparisons.
pub fn quantified(symbol: &str, operands: (Typed, Typed), quantifier: Quantifier) -> Result<Typed, BindError> {
    let (needle, array) = operands;
    let array = match array.sql_type {
        SqlType::Unknown => cast(array, &SqlType::Array(Box::new(needle.sql_type.clone())), false)?,
        _ => array,
    };
    let SqlType::Array(element) = array.sql_type.clone() else {
        return Err(BindError::new("op ANY/ALL (array) requires array on right side"));
    };
    let probe = Typed::new(Scalar::Column(0), *element);
    let compared = operator(symbol, vec![needle.clone(), probe])?;
    let (Scalar::Call { function, .. }, SqlType::Bool) = (&compared.scalar, &compared.sql_type) else {
        return Err(BindError::new("op ANY/ALL (array) requires operator to yield boolean"));
    };
    let Some(body) = comparison::quantified_body(function.name(), quantifier == Quantifier::All) else {
        return Err(BindError::with_hint(
            format!("operator {symbol} cannot be used with ANY or ALL"),
            "write the comparisons out with OR or AND",
        ));
    };
    let (unified, common) = unify_with_element(needle, array)?;
    let word = if quantifier == Quantifier::All { "ALL" } else { "ANY" };
    let name = format!("{} {word}", function.name());
    Ok(call(
        Call { name: &name, callee: Callee::Typed(body, Arc::from([common])), strict: false },
        unified,
        SqlType::Bool,
    ))
}

fn unify_with_element(needle: Typed, array: Typed) -> Result<(Vec<Typed>, SqlType), BindError> {
    let SqlType::Array(element) = &array.sql_type else { return Err(BindError::new("array expected")) };
    let probe = Typed::new(Scalar::Column(0), (**element).clone());
    let common = super::unify::common_type(&[needle.clone(), probe])?;
    let needle = cast(needle, &common, false)?;
    let array = cast(array, &SqlType::Array(Box::new(common.clone())), false)?;
    Ok((vec![needle, array], common))
}

/// `input AT TIME ZONE zone`
pub fn at_time_zone(input: Typed, zone: Typed) -> Result<Typed, BindError> {
    function("timezone", vec![zone, input])
}

pub(super) fn coalesce(arguments: Vec<Typed>) -> Result<Typed, BindError> {
    let (arguments, sql_type) = unify(arguments)?;
    let collation = Derivation::of_result(&sql_type, &arguments);
    let scalars = arguments.into_iter().map(|argument| argument.scalar).collect();
    Ok(Typed { scalar: Scalar::Coalesce(scalars), sql_type, collation })
}

pub(super) fn distinct_from(arguments: Vec<Typed>, distinct: bool) -> Result<Typed, BindError> {
    if arguments.len() != 2 {
        return Err(BindError::new("IS DISTINCT FROM takes two arguments"));
    }
    let operands = operator_arguments("=", arguments)?;
    let types: Arc<[SqlType]> = types_of(&operands).into();
    let (name, body): (&str, TypedBody) = if distinct {
        ("IS DISTINCT FROM", comparison::is_distinct)
    } else {
        ("IS NOT DISTINCT FROM", comparison::is_not_distinct)
    };
    Ok(call(Call { name, callee: Callee::Typed(body, types), strict: false }, operands, SqlType::Bool))
}

/// Null when both are equal, else the first, in the type in which `=` compares it.
pub(super) fn null_if(arguments: Vec<Typed>) -> Result<Typed, BindError> {
    if arguments.len() != 2 {
        return Err(BindError::new("NULLIF takes two arguments"));
    }
    let arguments = operator_arguments("=", arguments)?;
    let first = arguments[0].clone();
    let collation = Derivation::of_result(&first.sql_type, &arguments);
    let condition = operator("=", arguments)?;
    let branches = vec![(condition.scalar, Scalar::Literal(Value::Null))];
    let scalar = Scalar::Case { branches, otherwise: Some(Box::new(first.scalar)) };
    Ok(Typed { scalar, sql_type: first.sql_type, collation })
}

pub(super) fn extremum(name: &str, arguments: Vec<Typed>) -> Result<Typed, BindError> {
    let (arguments, sql_type) = unify(arguments)?;
    if let Some(first) = arguments.first() {
        operator("<", vec![first.clone(), first.clone()])?;
    }
    let body: TypedBody = if name == "greatest" { comparison::greatest } else { comparison::least };
    let types = Arc::from([sql_type.clone()]);
    Ok(call(Call { name, callee: Callee::Typed(body, types), strict: false }, arguments, sql_type))
}

/// `date(x)` is `x::date` when there is no such function.
pub(super) fn cast_by_name(name: &str, arguments: &[Typed]) -> Option<Result<Typed, BindError>> {
    let [only] = arguments else { return None };
    let to = named(name)?;
    let result = cast(only.clone(), &to, true).ok()?;
    Some(Ok(result))
}
