//! Arguments by name (`silent => true`) → arguments by position, for functions of which Postgres names the arguments.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::names::{fold, parts};

/// What stands where an argument is left out.
#[derive(Clone, Copy)]
enum LeftOut {
    Required,
    Number(&'static str),
    Text(&'static str),
    Truth(bool),
}

use LeftOut::{Number, Required, Text, Truth};

type Parameters = &'static [(&'static str, LeftOut)];

const PATH: Parameters = &[("target", Required), ("path", Required), ("vars", Text("{}")), ("silent", Truth(false))];
const ZERO: LeftOut = Number("0");

/// Names and defaults as in Postgres' catalog.
fn parameters(function: &str) -> Option<Parameters> {
    Some(match function {
        path if path.starts_with("jsonb_path_") => PATH,
        "jsonb_set" => {
            &[("jsonb_in", Required), ("path", Required), ("replacement", Required), ("create_if_missing", Truth(true))]
        }
        "jsonb_set_lax" => &[
            ("jsonb_in", Required),
            ("path", Required),
            ("replacement", Required),
            ("create_if_missing", Truth(true)),
            ("null_value_treatment", Text("use_json_null")),
        ],
        "jsonb_insert" => {
            &[("jsonb_in", Required), ("path", Required), ("replacement", Required), ("insert_after", Truth(false))]
        }
        "make_date" => &[("year", Required), ("month", Required), ("day", Required)],
        "make_time" => &[("hour", Required), ("min", Required), ("sec", Required)],
        "make_timestamp" => &[
            ("year", Required),
            ("month", Required),
            ("mday", Required),
            ("hour", Required),
            ("min", Required),
            ("sec", Required),
        ],
        "make_interval" => &[
            ("years", ZERO),
            ("months", ZERO),
            ("weeks", ZERO),
            ("days", ZERO),
            ("hours", ZERO),
            ("mins", ZERO),
            ("secs", ZERO),
        ],
        _ => return None,
    })
}

/// Puts arguments by name into their places. Those that do not fit stay, and are refused where they are bound.
pub(super) fn by_position(query: &mut Query) {
    let _ = VisitMut::visit(query, &mut ByPosition);
}

struct ByPosition;

impl VisitorMut for ByPosition {
    type Break = ();

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expression {
            place(name, &mut list.args);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(arguments), .. } => place(name, &mut arguments.args),
            TableFactor::Function { name, args, .. } => place(name, args),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn place(function: &ObjectName, arguments: &mut Vec<FunctionArg>) {
    let is_named = |argument: &FunctionArg| !matches!(argument, FunctionArg::Unnamed(_));
    let name = parts(function).and_then(|mut parts| parts.pop());
    if let Some(parameters) = name.filter(|_| arguments.iter().any(is_named)).as_deref().and_then(parameters)
        && let Some(placed) = placed(parameters, arguments)
    {
        *arguments = placed;
    }
}

/// One argument for each parameter up to the last that is given; nothing when a name is unknown, or its place is taken.
fn placed(parameters: Parameters, arguments: &[FunctionArg]) -> Option<Vec<FunctionArg>> {
    let mut given: Vec<Option<FunctionArgExpr>> = vec![None; parameters.len()];
    for (number, argument) in arguments.iter().enumerate() {
        let (number, value) = match argument {
            FunctionArg::Unnamed(value) => (number, value),
            FunctionArg::Named { name, arg, .. } => (number_of(parameters, &fold(name))?, arg),
            FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, .. } => {
                (number_of(parameters, &fold(name))?, arg)
            }
            FunctionArg::ExprNamed { .. } => return None,
        };
        let place = given.get_mut(number)?;
        if place.replace(value.clone()).is_some() {
            return None;
        }
    }
    let count = given.iter().rposition(Option::is_some)? + 1;
    let filled = given.into_iter().zip(parameters).take(count).map(|(given, (_, default))| {
        let value = match (given, default) {
            (Some(value), _) => return Some(FunctionArg::Unnamed(value)),
            (None, Required) => return None,
            (None, Number(digits)) => Value::Number((*digits).to_owned(), false),
            (None, Text(text)) => Value::SingleQuotedString((*text).to_owned()),
            (None, Truth(truth)) => Value::Boolean(*truth),
        };
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value.into()))))
    });
    filled.collect()
}

fn number_of(parameters: Parameters, name: &str) -> Option<usize> {
    parameters.iter().position(|(known, _)| *known == name)
}
