//! Plans over three small tables: `a (0)`, `b (0, 1)` and `c` without a key; plans as text.

use std::sync::Arc;

use tailwater_connectors::{Column, Row, SqlType, TableName, Value};

use crate::engine::plan::{
    AggregateCall, AggregateFunction, Frame, FrameBound, FrameExclusion, FrameUnits, JoinInput, JoinKey, JoinKind,
    Plan, RelationName, SetOperator, SortKey, TableCall, WindowCall, WindowFunction,
};
use crate::engine::scalar::bind::Derivation;
use crate::engine::scalar::expression::TableBody;
use crate::engine::scalar::{Callee, Function, RowError, Scalar, TableFunction};
use crate::sql::catalog::{Relation, TextRules};
use crate::sql::keys::{Relations, width};

pub(in crate::sql) fn table(name: &str) -> RelationName {
    RelationName::Table(TableName { source: "s".into(), schema: "public".into(), table: name.into() })
}

pub(in crate::sql) fn relations() -> Relations {
    let relation = |(name, key): (&str, Option<Vec<usize>>)| {
        let column = |place: usize| {
            Column::new(format!("{name}{place}"), SqlType::Int8, !key.iter().flatten().any(|part| *part == place))
        };
        let columns = (0..4).map(column).collect();
        let collations = vec![Derivation::None; 4];
        let text = TextRules { bytewise: true, ascii_case: true, icu: None };
        (table(name), Arc::new(Relation { name: table(name), columns, key, text, collations }))
    };
    [("a", Some(vec![0])), ("b", Some(vec![0, 1])), ("c", None)].into_iter().map(relation).collect()
}

pub(in crate::sql) fn scan(name: &str) -> Plan {
    Plan::Scan { relation: table(name), columns: (0..4).collect() }
}

pub(in crate::sql) fn column(place: usize) -> Scalar {
    Scalar::Column(place)
}

pub(in crate::sql) fn int(value: i64) -> Scalar {
    Scalar::Literal(Value::Int(value))
}

fn call(
    signature: &str,
    strict: bool,
    body: fn(&[Value]) -> Result<Value, RowError>,
    arguments: [Scalar; 2],
) -> Scalar {
    let function = Function { signature: signature.into(), strict, callee: Callee::Plain(body) };
    Scalar::Call { function, arguments: arguments.into() }
}

pub(in crate::sql) fn equal(left: Scalar, right: Scalar) -> Scalar {
    call("=(bigint,bigint)", true, |values| Ok(Value::Bool(values[0] == values[1])), [left, right])
}

pub(in crate::sql) fn same(left: Scalar, right: Scalar) -> Scalar {
    let signature = "IS NOT DISTINCT FROM(bigint,bigint)";
    call(signature, false, |values| Ok(Value::Bool(values[0] == values[1])), [left, right])
}

pub(in crate::sql) fn less(left: Scalar, right: Scalar) -> Scalar {
    call("<(bigint,bigint)", true, |values| Ok(Value::Bool(values[0] < values[1])), [left, right])
}

pub(in crate::sql) fn plus(left: Scalar, right: Scalar) -> Scalar {
    let sum = |values: &[Value]| match (&values[0], &values[1]) {
        (Value::Int(left), Value::Int(right)) => Ok(Value::Int(left + right)),
        _ => Ok(Value::Null),
    };
    call("+(bigint,bigint)", true, sum, [left, right])
}

fn ints(width: usize) -> Vec<SqlType> {
    vec![SqlType::Int8; width]
}

pub(in crate::sql) fn project(input: Plan, expressions: Vec<Scalar>) -> Plan {
    Plan::Project { input: Box::new(input), types: ints(expressions.len()), expressions }
}

pub(in crate::sql) fn columns(input: Plan, places: &[usize]) -> Plan {
    project(input, places.iter().copied().map(column).collect())
}

pub(in crate::sql) fn filter(input: Plan, predicate: Scalar) -> Plan {
    Plan::Filter { input: Box::new(input), predicate }
}

pub(in crate::sql) fn values(rows: &[&[i64]]) -> Plan {
    let width = rows.first().map_or(0, |row| row.len());
    let row = |row: &&[i64]| row.iter().map(|value| Value::Int(*value)).collect::<Row>();
    Plan::Values { rows: rows.iter().map(row).collect(), types: ints(width) }
}

pub(in crate::sql) fn distinct(input: Plan) -> Plan {
    Plan::Distinct { input: Box::new(input) }
}

/// The first input of a join.
pub(in crate::sql) fn first(plan: Plan) -> JoinInput {
    JoinInput { plan, kind: JoinKind::Inner, keys: Vec::new(), residual: None }
}

pub(in crate::sql) fn by(kind: JoinKind, plan: Plan, keys: &[(usize, usize)]) -> JoinInput {
    let key = |&(before, own): &(usize, usize)| JoinKey { before, own, null_safe: false };
    JoinInput { plan, kind, keys: keys.iter().map(key).collect(), residual: None }
}

pub(in crate::sql) fn null_safe(mut input: JoinInput) -> JoinInput {
    input.keys.iter_mut().for_each(|key| key.null_safe = true);
    input
}

pub(in crate::sql) fn only_if(input: JoinInput, residual: Scalar) -> JoinInput {
    JoinInput { residual: Some(residual), ..input }
}

pub(in crate::sql) fn join(inputs: Vec<JoinInput>) -> Plan {
    Plan::Join { inputs }
}

/// `count`, `min` or `max` of an expression.
pub(in crate::sql) fn aggregate_call(function: AggregateFunction, argument: Scalar) -> AggregateCall {
    AggregateCall {
        function,
        arguments: vec![argument],
        argument_types: ints(1),
        direct: Vec::new(),
        distinct: false,
        order: Vec::new(),
        filter: None,
        result_type: SqlType::Int8,
    }
}

pub(in crate::sql) fn aggregate(input: Plan, group: Vec<Scalar>, aggregates: Vec<AggregateCall>) -> Plan {
    Plan::Aggregate { input: Box::new(input), group_types: ints(group.len()), group, aggregates }
}

pub(in crate::sql) fn expand(input: Plan, projections: Vec<Vec<Scalar>>) -> Plan {
    Plan::Expand { input: Box::new(input), types: ints(projections[0].len()), projections }
}

/// `generate_series(1, n)`.
pub(in crate::sql) fn series(upto: Scalar) -> TableCall {
    let body = |_: &[SqlType], values: &[Value]| match values[1] {
        Value::Int(upto) => Ok((1..=upto.min(3)).map(|value| [Value::Int(value)].into_iter().collect()).collect()),
        _ => Ok(Vec::new()),
    };
    table_call("generate_series(bigint,bigint)", body, vec![int(1), upto])
}

/// A value, as often as it says.
pub(in crate::sql) fn repeat(value: Scalar) -> TableCall {
    let body = |_: &[SqlType], values: &[Value]| match values[0] {
        Value::Int(times) => Ok((0..times.min(3)).map(|_| [Value::Int(times)].into_iter().collect()).collect()),
        _ => Ok(Vec::new()),
    };
    table_call("repeat(bigint)", body, vec![value])
}

fn table_call(signature: &str, body: TableBody, arguments: Vec<Scalar>) -> TableCall {
    let argument_types = ints(arguments.len()).into();
    let function = TableFunction { signature: signature.into(), strict: true, argument_types, body };
    TableCall { function, arguments, types: ints(1) }
}

pub(in crate::sql) fn flatten(input: Plan, calls: Vec<TableCall>, ordinality: bool) -> Plan {
    Plan::Flatten { input: Box::new(input), calls, ordinality, keeps_empty: false }
}

pub(in crate::sql) fn set(left: Plan, right: Plan, (operator, all): (SetOperator, bool)) -> Plan {
    Plan::SetOperation { left: Box::new(left), right: Box::new(right), operator, all }
}

pub(in crate::sql) fn sorted(expressions: impl IntoIterator<Item = Scalar>) -> Vec<SortKey> {
    let key = |expression| SortKey { expression, sql_type: SqlType::Int8, descending: false, nulls_first: false };
    expressions.into_iter().map(key).collect()
}

pub(in crate::sql) fn top(input: Plan, (partition, order): (Vec<Scalar>, Vec<SortKey>), limit: u64) -> Plan {
    let partition_types = ints(partition.len());
    let input = Box::new(input);
    Plan::TopN { input, partition, partition_types, order, offset: 0, limit: Some(limit), with_ties: false }
}

pub(in crate::sql) fn window_call(function: WindowFunction, arguments: Vec<Scalar>) -> WindowCall {
    let frame = Frame {
        units: FrameUnits::Range,
        start: FrameBound::UnboundedPreceding,
        end: FrameBound::CurrentRow,
        exclusion: FrameExclusion::Nothing,
    };
    WindowCall { function, argument_types: ints(arguments.len()), arguments, frame, result_type: SqlType::Int8 }
}

pub(in crate::sql) fn window(
    input: Plan,
    (partition, order): (Vec<Scalar>, Vec<SortKey>),
    calls: Vec<WindowCall>,
) -> Plan {
    Plan::Window { input: Box::new(input), partition_types: ints(partition.len()), partition, order, calls }
}

pub(in crate::sql) fn recursion(base: Plan, step: Plan, distinct: bool) -> Plan {
    let types = ints(width(&base));
    Plan::Recursion { id: 1, base: Box::new(base), step: Box::new(step), distinct, types }
}

pub(in crate::sql) fn round(width: usize) -> Plan {
    Plan::Round { id: 1, types: ints(width) }
}

/// The plan in one line.
pub(in crate::sql) fn drawn(plan: &Plan) -> String {
    match plan {
        Plan::Scan { relation: RelationName::Table(name), columns } => format!("{}{columns:?}", name.table),
        Plan::Values { rows, types } => format!("{}x{} values", rows.len(), types.len()),
        Plan::Project { input, expressions, .. } => format!("[{}] of {}", list(expressions), drawn(input)),
        Plan::Filter { input, predicate } => format!("{} if {predicate}", drawn(input)),
        Plan::Join { inputs } => {
            let parts: Vec<String> = inputs.iter().map(drawn_input).collect();
            format!("({})", parts.join(", "))
        }
        Plan::Aggregate { input, group, aggregates, .. } => {
            let calls = aggregates.iter().map(|call| format!("{:?}({})", call.function, list(&call.arguments)));
            format!("group ({}) {} of {}", list(group), calls.collect::<Vec<_>>().join(" "), drawn(input))
        }
        Plan::Distinct { input } => format!("distinct {}", drawn(input)),
        Plan::UnionAll { inputs } => inputs.iter().map(drawn).collect::<Vec<_>>().join(" + "),
        Plan::Expand { input, projections, .. } => {
            let lists: Vec<String> = projections.iter().map(|projection| format!("[{}]", list(projection))).collect();
            format!("{} of {}", lists.join(""), drawn(input))
        }
        Plan::Flatten { input, calls, ordinality, .. } => {
            let calls = calls.iter().map(|call| format!("{:?} {}", call.function, list(&call.arguments)));
            let number = if *ordinality { " numbered" } else { "" };
            format!("{}{number} beside {}", calls.collect::<Vec<_>>().join(" "), drawn(input))
        }
        Plan::SetOperation { left, right, operator, .. } => format!("{} {operator:?} {}", drawn(left), drawn(right)),
        Plan::TopN { input, partition, order, .. } => {
            format!("top by ({}) order ({}) of {}", list(partition), keys(order), drawn(input))
        }
        Plan::Window { input, partition, order, calls, .. } => {
            let call = |call: &WindowCall| match &call.function {
                WindowFunction::Aggregate(call) => format!("{:?}({})", call.function, list(&call.arguments)),
                other => format!("{other:?}({})", list(&call.arguments)),
            };
            let calls = calls.iter().map(call).collect::<Vec<_>>().join(" ");
            format!("{calls} by ({}) order ({}) of {}", list(partition), keys(order), drawn(input))
        }
        Plan::Recursion { base, step, .. } => format!("{} then {}", drawn(base), drawn(step)),
        Plan::Round { .. } => "round".to_owned(),
        other => panic!("no drawing of {other:?}"),
    }
}

fn list(scalars: &[Scalar]) -> String {
    scalars.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn keys(order: &[SortKey]) -> String {
    order.iter().map(|key| key.expression.to_string()).collect::<Vec<_>>().join(" ")
}

fn drawn_input(input: &JoinInput) -> String {
    let kind = if input.kind == JoinKind::Inner { String::new() } else { format!("{:?} ", input.kind).to_lowercase() };
    let keys = input.keys.iter().map(|key| format!("#{}={} ", key.before, key.own)).collect::<String>();
    let residual = input.residual.as_ref().map(|residual| format!(" on {residual}")).unwrap_or_default();
    format!("{kind}{keys}{}{residual}", drawn(&input.plan))
}
