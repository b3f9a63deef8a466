//! Plans as text: one node a line, inputs indented below.

use crate::engine::plan::{AggregateCall, JoinKey, JoinKind, Plan, RelationName, SortKey, ViewPlan, WindowFunction};

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
        Plan::Expand { projections, .. } => {
            let lists = projections.iter().map(|projection| format!("({})", list(projection)));
            format!("expand {}", lists.collect::<Vec<_>>().join(" "))
        }
        Plan::Flatten { calls, ordinality, keeps_empty, .. } => {
            let calls = calls.iter().map(|call| format!("{:?}({})", call.function, list(&call.arguments)));
            let more = if *ordinality { " with ordinality" } else { "" };
            let outer = if *keeps_empty { "outer " } else { "" };
            format!("{outer}flatten {}{more}", calls.collect::<Vec<_>>().join(", "))
        }
        Plan::SetOperation { operator, all, .. } => {
            format!("{operator:?}{}", if *all { " all" } else { "" }).to_lowercase()
        }
        Plan::TopN { partition, order, offset, limit, with_ties, .. } => {
            let ties = if *with_ties { " with ties" } else { "" };
            let limit = limit.map_or_else(|| "all".to_owned(), |limit| limit.to_string());
            format!("top {limit} from {offset}{ties} by ({}) order {}", list(partition), sorted(order))
        }
        Plan::Window { partition, order, calls, .. } => {
            let calls = calls.iter().map(|call| {
                let name = match &call.function {
                    WindowFunction::Aggregate(call) => self::call(call),
                    other => format!("{other:?}").to_lowercase(),
                };
                let frame = &call.frame;
                format!(
                    "{name}({}) {:?} {:?} {:?} {:?}",
                    list(&call.arguments),
                    frame.units,
                    frame.start,
                    frame.end,
                    frame.exclusion
                )
            });
            format!("window by ({}) order {}: {}", list(partition), sorted(order), calls.collect::<Vec<_>>().join(", "))
        }
        Plan::Recursion { id, distinct, .. } => format!("recursion {id}{}", if *distinct { " distinct" } else { "" }),
        Plan::Round { id, .. } => format!("round of {id}"),
    };
    text.push_str(&format!("{indent}{prefix}{line}\n"));
    match plan {
        Plan::Join { inputs } => {
            for input in inputs {
                let key =
                    |key: &JoinKey| format!("#{}{}{}", key.before, if key.null_safe { "<=>" } else { "=" }, key.own);
                let keys = list(input.keys.iter().map(key));
                let kind = match input.kind {
                    JoinKind::Inner => String::new(),
                    other => format!("{other:?} ").to_lowercase(),
                };
                let residual = input.residual.as_ref().map(|residual| format!("if {residual} ")).unwrap_or_default();
                node(text, &input.plan, depth + 1, &format!("{kind}[{keys}] {residual}"));
            }
        }
        other => other.inputs().into_iter().for_each(|input| node(text, input, depth + 1, "")),
    }
}

fn sorted(order: &[SortKey]) -> String {
    let key = |key: &SortKey| {
        let direction = if key.descending { " desc" } else { "" };
        let nulls = if key.nulls_first { " nulls first" } else { "" };
        format!("{}{direction}{nulls}", key.expression)
    };
    format!("({})", order.iter().map(key).collect::<Vec<_>>().join(", "))
}

fn call(call: &AggregateCall) -> String {
    let distinct = if call.distinct { "distinct " } else { "" };
    let argument = if call.arguments.is_empty() { "*".to_owned() } else { list(&call.arguments) };
    let order = if call.order.is_empty() { String::new() } else { format!(" order {}", sorted(&call.order)) };
    let filter = call.filter.as_ref().map(|filter| format!(" filter {filter}")).unwrap_or_default();
    format!("{:?}({distinct}{argument}{order}){filter}", call.function).to_lowercase()
}
