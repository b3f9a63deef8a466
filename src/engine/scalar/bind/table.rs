//! Set-returning functions by name.

use smol_str::SmolStr;
use tailwater_connectors::{SqlType, Value};

use super::call::{converted, no_function, types_of};
use super::casting::implicit;
use super::failure::{BindError, Typed, type_list};
use super::literal::literal_value;
use super::resolve::{Candidate, resolve};
use crate::engine::plan::TableCall;
use crate::engine::scalar::catalog::{Body, Catalog};
use crate::engine::scalar::expression::{Scalar, TableFunction};
use crate::engine::scalar::families::{array, json_record};

/// A call of a set-returning function and the columns of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundTable {
    /// The call.
    pub call: TableCall,
    /// Names and types. A single column that is named like the function takes the name of the alias, if there is one.
    pub columns: Vec<(SmolStr, SqlType)>,
}

/// Whether `name` is a set-returning function.
pub fn is_table_function(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !Catalog::tables().overloads(&name).is_empty() || json_record::body(&name).is_some()
}

/// Whether `name` is a set-returning function whose columns are declared where it is called.
pub fn is_record_function(name: &str) -> bool {
    json_record::body(&name.to_ascii_lowercase()).is_some()
}

/// The set-returning function `name`.
pub fn table_function(name: &str, arguments: Vec<Typed>) -> Result<BoundTable, BindError> {
    let name = name.to_ascii_lowercase();
    if json_record::body(&name).is_some() {
        return Err(BindError::with_hint(
            "a column definition list is required for functions returning \"record\"",
            format!("write {name}(...) AS t(a integer, b text)"),
        ));
    }
    let types = types_of(&arguments);
    let candidate = resolve(Catalog::tables().overloads(&name), &types);
    let Candidate { entry, arguments: types, result, .. } =
        candidate.map_err(|reason| no_function(&name, &types, reason))?;
    let Body::Table(body) = entry.body else { unreachable!("this catalog has set-returning functions only") };
    let arguments = converted(arguments, &types)?;
    let columns = columns(&name, result);
    let function = TableFunction {
        signature: SmolStr::from(format!("{name}({})", joined(&types))),
        strict: entry.strict,
        argument_types: types.into(),
        body,
    };
    Ok(bound(function, arguments, columns))
}

/// The same call where only ASCII has letters; itself where that makes no difference.
pub fn table_with_ascii_letters(mut bound: BoundTable) -> BoundTable {
    let function = &mut bound.call.function;
    let (name, written) = function.signature.split_once('(').unwrap_or_default();
    let form = format!("{name}/c");
    let mut entries = Catalog::tables().overloads(&form).iter();
    if let Some(Body::Table(body)) =
        entries.find(|entry| format!("{})", entry.argument_list()) == written).map(|entry| entry.body)
    {
        function.signature = SmolStr::from(format!("{form}({written}"));
        function.body = body;
    }
    bound
}

fn joined(types: &[SqlType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn bound(function: TableFunction, arguments: Vec<Typed>, columns: Vec<(SmolStr, SqlType)>) -> BoundTable {
    let types = columns.iter().map(|(_, sql_type)| sql_type.clone()).collect();
    let arguments = arguments.into_iter().map(|argument| argument.scalar).collect();
    BoundTable { call: TableCall { function, arguments, types }, columns }
}

/// Functions with named results use those names, others their own.
fn columns(name: &str, last: SqlType) -> Vec<(SmolStr, SqlType)> {
    match name.trim_start_matches("jsonb_").trim_start_matches("json_") {
        "each" | "each_text" => vec![("key".into(), SqlType::Text), ("value".into(), last)],
        "array_elements" | "array_elements_text" => vec![("value".into(), last)],
        _ => vec![(name.into(), last)],
    }
}

/// A function whose columns are declared where it is called (`json_to_recordset(x) AS t(a int, b text)`). The first argument of
/// `json_populate_record(set)`, the row with the defaults, can be left out, or be null.
pub fn record_function(
    name: &str,
    mut arguments: Vec<Typed>,
    columns: Vec<(SmolStr, SqlType)>,
) -> Result<BoundTable, BindError> {
    let name = name.to_ascii_lowercase();
    let missing = || BindError::new(format!("function {name}({}) does not exist", type_list(&types_of(&arguments))));
    let body = json_record::body(&name).ok_or_else(missing)?;
    let with_defaults = name.contains("_populate_") && arguments.len() == 2;
    if arguments.len() != 1 + usize::from(with_defaults) {
        return Err(missing());
    }
    if with_defaults && arguments[0].scalar != Scalar::Literal(Value::Null) {
        return Err(BindError::with_hint(
            format!("{name} takes defaults from null only"),
            "write null::record as its first argument, and coalesce over the columns",
        ));
    }
    let json = arguments.pop().expect("the JSON is the last argument");
    let json = implicit(json, if name.starts_with("jsonb") { &SqlType::Jsonb } else { &SqlType::Json })?;
    let names = array::from_elements(columns.iter().map(|(name, _)| Value::Text(name.clone())).collect());
    let names = literal_value(names, SqlType::Array(Box::new(SqlType::Text)));
    let mut types = vec![json.sql_type.clone(), names.sql_type.clone()];
    types.extend(columns.iter().map(|(_, sql_type)| sql_type.clone()));
    let signature = SmolStr::from(format!("{name}({})", joined(&types)));
    let function = TableFunction { signature, strict: false, argument_types: types.into(), body };
    Ok(bound(function, vec![json, names], columns))
}
