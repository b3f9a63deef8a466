//! Functions and operators over jsonpath: `jsonb_path_query` and its kin, `@?`, `@@`. Parsed paths are kept per thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tailwater_connectors::{Row, SqlType, Value};

use super::read::text;
use super::rows::one_column;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::jsonpath::{self, Call, Item, Outcome, Path};

/// Paths kept parsed per thread; past it all are dropped, since paths that come from rows do not repeat.
const PARSED_MAX: usize = 128;

thread_local! {
    static PARSED: RefCell<HashMap<String, Rc<Path>>> = RefCell::new(HashMap::new());
}

fn parsed(source: &str) -> Result<Rc<Path>, RowError> {
    PARSED.with_borrow_mut(|known| {
        if let Some(path) = known.get(source) {
            return Ok(path.clone());
        }
        let path = Rc::new(jsonpath::parse(source)?);
        if known.len() >= PARSED_MAX {
            known.clear();
        }
        known.insert(source.to_owned(), path.clone());
        Ok(path)
    })
}

/// `document, path[, variables[, silent]]`
fn call<const ZONED: bool>(arguments: &[Value]) -> Result<(Rc<Path>, Call), RowError> {
    let variables = match arguments.get(2) {
        Some(variables) => Item::read(text(variables))?,
        None => Item::read("{}")?,
    };
    let silent = matches!(arguments.get(3), Some(Value::Bool(true)));
    let document = Item::read(text(&arguments[0]))?;
    Ok((parsed(text(&arguments[1]))?, Call { document, variables: Some(variables), silent, zoned: ZONED }))
}

/// An operator has no variables, and tells no errors.
fn operator(arguments: &[Value]) -> Result<(Rc<Path>, Call), RowError> {
    let document = Item::read(text(&arguments[0]))?;
    Ok((parsed(text(&arguments[1]))?, Call { document, variables: None, silent: true, zoned: false }))
}

fn exists((path, call): (Rc<Path>, Call)) -> Result<Value, RowError> {
    Ok(match jsonpath::presence(&path, call)? {
        Outcome::Found => Value::Bool(true),
        Outcome::NotFound => Value::Bool(false),
        Outcome::Failed => Value::Null,
    })
}

fn matches((path, call): (Rc<Path>, Call)) -> Result<Value, RowError> {
    let silent = call.silent;
    match &jsonpath::items(&path, call)?[..] {
        [Item::Bool(truth)] => Ok(Value::Bool(*truth)),
        [Item::Null] => Ok(Value::Null),
        _ if silent => Ok(Value::Null),
        _ => Err(RowError::new("22038", "single boolean result is expected")),
    }
}

fn items<const ZONED: bool>(arguments: &[Value]) -> Result<Vec<Item>, RowError> {
    let (path, call) = call::<ZONED>(arguments)?;
    jsonpath::items(&path, call)
}

fn query<const ZONED: bool>(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    one_column(items::<ZONED>(arguments)?.iter().map(|item| Value::text(item.written())))
}

fn query_array<const ZONED: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::text(Item::Array(Rc::new(items::<ZONED>(arguments)?)).written()))
}

fn query_first<const ZONED: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(items::<ZONED>(arguments)?.first().map_or(Value::Null, |item| Value::text(item.written())))
}

const ARGUMENTS: [&str; 3] = ["jsonb,jsonpath", "jsonb,jsonpath,jsonb", "jsonb,jsonpath,jsonb,bool"];

fn register_for<const ZONED: bool>(catalog: &mut Catalog, suffix: &str) {
    for arguments in ARGUMENTS {
        catalog.strict(&format!("jsonb_path_exists{suffix}({arguments}) bool"), |a| exists(call::<ZONED>(a)?));
        catalog.strict(&format!("jsonb_path_match{suffix}({arguments}) bool"), |a| matches(call::<ZONED>(a)?));
        catalog.strict(&format!("jsonb_path_query_array{suffix}({arguments}) jsonb"), query_array::<ZONED>);
        catalog.strict(&format!("jsonb_path_query_first{suffix}({arguments}) jsonb"), query_first::<ZONED>);
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    register_for::<false>(catalog, "");
    register_for::<true>(catalog, "_tz");
    catalog.strict("@?(jsonb,jsonpath) bool", |a| exists(operator(a)?));
    catalog.strict("@@(jsonb,jsonpath) bool", |a| matches(operator(a)?));
}

pub(super) fn register_rows(catalog: &mut Catalog) {
    for arguments in ARGUMENTS {
        catalog.rows(&format!("jsonb_path_query({arguments}) jsonb"), query::<false>);
        catalog.rows(&format!("jsonb_path_query_tz({arguments}) jsonb"), query::<true>);
    }
}
