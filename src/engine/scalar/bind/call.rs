//! Operators and functions by name.

use smol_str::SmolStr;
use tailwater_connectors::{Numeric, SqlType, Value};

use super::casting::implicit;
use super::derivation::Derivation;
use super::failure::{BindError, Typed, type_list};
use super::literal::literal_value;
use super::resolve::{Candidate, Unresolved, resolve};
use super::special;
use crate::engine::scalar::catalog::{Body, Catalog};
use crate::engine::scalar::expression::{Callee, Function, Scalar};
use crate::engine::scalar::families::{refused, regular};

const OPERATOR_HINT: &str =
    "no operator matches the given name and argument types; you might need to add explicit type casts";
const FUNCTION_HINT: &str =
    "no function matches the given name and argument types; you might need to add explicit type casts";

/// The operator `symbol` (`+`, `LIKE`, `IS DISTINCT FROM`) over one or two arguments.
pub fn operator(symbol: &str, arguments: Vec<Typed>) -> Result<Typed, BindError> {
    let name = match symbol.to_ascii_uppercase().as_str() {
        "!=" => "<>".to_owned(),
        "LIKE" => "~~".to_owned(),
        "NOT LIKE" => "!~~".to_owned(),
        "ILIKE" => "~~*".to_owned(),
        "NOT ILIKE" => "!~~*".to_owned(),
        "IS DISTINCT FROM" => return special::distinct_from(arguments, true),
        "IS NOT DISTINCT FROM" => return special::distinct_from(arguments, false),
        other => other.to_owned(),
    };
    if let ("-", [operand]) = (name.as_str(), &arguments[..])
        && let Some(negative) = negative_literal(operand)
    {
        return Ok(negative);
    }
    let candidate = resolve(Catalog::builtin().overloads(&name), &types_of(&arguments));
    build(&name, candidate.map_err(|reason| no_operator(symbol, &arguments, reason))?, arguments)
}

/// A number's sign belongs to the literal, so that the smallest integers can be written.
fn negative_literal(operand: &Typed) -> Option<Typed> {
    let Scalar::Literal(value) = &operand.scalar else { return None };
    match (value, &operand.sql_type) {
        (Value::Int(number), SqlType::Int4) if *number > i64::from(i32::MIN) => {
            Some(literal_value(Value::Int(-number), SqlType::Int4))
        }
        (Value::Int(number), SqlType::Int8) => number.checked_neg().map(|negative| {
            let narrow = negative == i64::from(i32::MIN);
            literal_value(Value::Int(negative), if narrow { SqlType::Int4 } else { SqlType::Int8 })
        }),
        (Value::Numeric(number), SqlType::Numeric(_)) => Some(match number.neg() {
            Numeric::Small { mantissa: i64::MIN, scale: 0 } => literal_value(Value::Int(i64::MIN), SqlType::Int8),
            negative => literal_value(Value::Numeric(negative), SqlType::Numeric(None)),
        }),
        _ => None,
    }
}

/// The arguments as the operator `symbol` would take them, converted to its types.
pub(super) fn operator_arguments(symbol: &str, arguments: Vec<Typed>) -> Result<Vec<Typed>, BindError> {
    let candidate = resolve(Catalog::builtin().overloads(symbol), &types_of(&arguments))
        .map_err(|reason| no_operator(symbol, &arguments, reason))?;
    converted(arguments, &candidate.arguments)
}

fn no_operator(symbol: &str, arguments: &[Typed], reason: Unresolved) -> BindError {
    let shown = match arguments {
        [left, right] => format!("{} {symbol} {}", left.sql_type, right.sql_type),
        _ => format!("{symbol} {}", type_list(&types_of(arguments))),
    };
    match reason {
        Unresolved::Missing => BindError::with_hint(format!("operator does not exist: {shown}"), OPERATOR_HINT),
        Unresolved::Ambiguous => BindError::with_hint(
            format!("operator is not unique: {shown}"),
            "could not choose a best candidate operator; you might need to add explicit type casts",
        ),
    }
}

/// The function `name`, as written without quotes.
pub fn function(name: &str, arguments: Vec<Typed>) -> Result<Typed, BindError> {
    let name = name.to_ascii_lowercase();
    if let Some(hint) = refused::hint(&name) {
        return Err(BindError::with_hint(format!("function {name}() is not allowed in a view"), hint));
    }
    match name.as_str() {
        "coalesce" => return special::coalesce(arguments),
        "nullif" => return special::null_if(arguments),
        "greatest" | "least" => return special::extremum(&name, arguments),
        _ => {}
    }
    let types = types_of(&arguments);
    match resolve(Catalog::builtin().overloads(&name), &types) {
        Ok(candidate) => build(&name, candidate, arguments),
        Err(reason) => match special::cast_by_name(&name, &arguments) {
            Some(converted) => converted,
            None => Err(no_function(&name, &types, reason)),
        },
    }
}

/// The same call where only ASCII has letters, as in databases with `LC_CTYPE` `C`; itself where that makes no difference.
pub fn with_ascii_letters(typed: Typed) -> Typed {
    let Typed { scalar: Scalar::Call { mut function, arguments }, sql_type, collation } = typed else { return typed };
    let (name, written) = function.signature.split_once('(').unwrap_or_default();
    let forms = [format!("{name}/c"), format!("{name}/C")];
    let found = forms.iter().find_map(|form| {
        let mut entries = Catalog::builtin().overloads(form).iter();
        let entry = entries.find(|entry| format!("{})", entry.argument_list()) == written)?;
        Some((form, entry.body))
    });
    if let Some((form, Body::Plain(body))) = found {
        function.signature = SmolStr::from(format!("{form}({written}"));
        function.callee = Callee::Plain(body);
    }
    Typed { scalar: Scalar::Call { function, arguments }, sql_type, collation }
}

pub(super) fn no_function(name: &str, types: &[SqlType], reason: Unresolved) -> BindError {
    let shown = format!("function {name}({})", type_list(types));
    match reason {
        Unresolved::Missing => BindError::with_hint(format!("{shown} does not exist"), FUNCTION_HINT),
        Unresolved::Ambiguous => BindError::with_hint(
            format!("{shown} is not unique"),
            "could not choose a best candidate function; you might need to add explicit type casts",
        ),
    }
}

pub(super) fn types_of(arguments: &[Typed]) -> Vec<SqlType> {
    arguments.iter().map(|argument| argument.sql_type.clone()).collect()
}

pub(super) fn converted(arguments: Vec<Typed>, types: &[SqlType]) -> Result<Vec<Typed>, BindError> {
    arguments.into_iter().zip(types).map(|(argument, to)| implicit(argument, to)).collect()
}

fn build(name: &str, candidate: Candidate<'_>, arguments: Vec<Typed>) -> Result<Typed, BindError> {
    let Candidate { entry, arguments: types, result, .. } = candidate;
    let arguments = converted(arguments, &types)?;
    let constants: Vec<Option<&Value>> = arguments.iter().map(|argument| constant(&argument.scalar)).collect();
    if let Some(error) = regular::refusal(name, &constants) {
        return Err(BindError::new(error.message));
    }
    let callee = match entry.body {
        Body::Plain(body) => Callee::Plain(body),
        Body::Typed(body) => Callee::Typed(body, types.clone().into()),
        Body::Table(_) => unreachable!("set-returning functions have a catalog of their own"),
    };
    Ok(call(Call { name, callee, strict: entry.strict }, arguments, result))
}

fn constant(scalar: &Scalar) -> Option<&Value> {
    match scalar {
        Scalar::Literal(value) => Some(value),
        _ => None,
    }
}

/// A call that is settled but for its arguments.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) callee: Callee,
    pub(super) strict: bool,
}

pub(super) fn call(call: Call<'_>, arguments: Vec<Typed>, result: SqlType) -> Typed {
    let types = types_of(&arguments).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let signature = SmolStr::from(format!("{}({types})", call.name));
    let collation = Derivation::of_result(&result, &arguments);
    let function = Function { signature, strict: call.strict, callee: call.callee };
    let arguments = arguments.into_iter().map(|argument| argument.scalar).collect();
    Typed { scalar: Scalar::Call { function, arguments }, sql_type: result, collation }
}
