//! Plans as text: one node a line, inputs indented below.

use crate::engine::plan::{AggregateCall, JoinKind, Plan, RelationName, ViewPlan};

/// The plan with its output columns and key.
pub(super) fn view(view: &ViewPlan) -> String {
    let names: Vec<String> = view.columns.iter().map(|column| format!("{} {}", column.name, column.sql_type)).collect();
    let key: Vec<&str> = view.key.iter().map(|&column| view.columns[column].name.as_str()).collect();
    let mut text = format!("({}) key ({})\n", names.join(", "), key.join(", "));
    node(&mut text, &view.plan, 0, "");
    text
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn node(text: &mut String, plan: &Plan, depth: usize, prefix: &str) {
    let indent = "  ".repeat(depth);
    let line = match plan {
        Plan::Scan { relation, columns } => {
            let name = match relation {
                RelationName::Table(name) => name.table.to_string(),
                RelationName::View(name) => format!("view {name}"),
            };
            format!("scan {name} [{}]", list(columns))
        }
        Plan::Values { rows, .. } => format!("values {} rows", rows.len()),
        Plan::Project { expressions, .. } => format!("project {}", list(expressions)),
        Plan::Filter { predicate, .. } => format!("filter {predicate}"),
        Plan::Join { .. } => "join".to_owned(),
        Plan::Aggregate { group, aggregates, .. } => {
            format!("aggregate by ({}) {}", list(group), list(aggregates.iter().map(call)))
        }
        Plan::Distinct { .. } => "distinct".to_owned(),
        Plan::UnionAll { .. } => "union all".to_owned(),
    };
    text.push_str(&format!("{indent}{prefix}{line}\n"));
    match plan {
        Plan::Scan { .. } | Plan::Values { .. } => {}
        Plan::Project { input, .. }
        | Plan::Filter { input, .. }
        | Plan::Aggregate { input, .. }
        | Plan::Distinct { input } => node(text, input, depth + 1, ""),
        Plan::Join { inputs } => {
            for input in inputs {
                let keys = list(input.keys.iter().map(|(before, own)| format!("#{before}={own}")));
                let kind = if input.kind == JoinKind::Left { "left " } else { "" };
                let residual = input.residual.as_ref().map(|residual| format!("if {residual} ")).unwrap_or_default();
                node(text, &input.plan, depth + 1, &format!("{kind}[{keys}] {residual}"));
            }
        }
        Plan::UnionAll { inputs } => inputs.iter().for_each(|input| node(text, input, depth + 1, "")),
    }
}

fn call(call: &AggregateCall) -> String {
    let distinct = if call.distinct { "distinct " } else { "" };
    let argument = call.argument.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string);
    let filter = call.filter.as_ref().map(|filter| format!(" filter {filter}")).unwrap_or_default();
    format!("{:?}({distinct}{argument}){filter}", call.function).to_lowercase()
}
