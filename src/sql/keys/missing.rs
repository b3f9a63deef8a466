//! What would have to be selected to have a key.

use super::identity::{Key, Relations};
use super::infer::identity;
use super::width::{shown_width, width};
use crate::engine::plan::{JoinKind, Plan, RelationName};
use crate::engine::scalar::Scalar;

/// Names of columns that would have to be selected to have a key, of a plan with all columns.
pub(in crate::sql) fn missing_key(plan: &Plan, relations: &Relations) -> Option<Vec<String>> {
    let (input, expressions) = match plan {
        Plan::Project { input, expressions, .. } => (input, expressions),
        Plan::Filter { input, .. } | Plan::TopN { input, .. } => return missing_key(input, relations),
        _ => return None,
    };
    let known = identity(input, relations);
    let selected = |column: usize| expressions.contains(&Scalar::Column(column));
    let missing = |key: &Key| -> Vec<usize> {
        key.iter().copied().filter(|&column| !known.equals(column).into_iter().any(selected)).collect()
    };
    let fewest = known.keys.iter().map(missing).min_by_key(Vec::len)?;
    fewest.into_iter().map(|column| written_name(input, column, relations)).collect()
}

/// `table.column`, when a column comes straight from a relation.
fn written_name(plan: &Plan, column: usize, relations: &Relations) -> Option<String> {
    match plan {
        Plan::Scan { relation, columns } => {
            let name = &relations.get(relation)?.columns.get(*columns.get(column)?)?.name;
            Some(match relation {
                RelationName::Table(table) => format!("{}.{name}", table.table),
                RelationName::View(view) => format!("{view}.{name}"),
            })
        }
        Plan::Filter { input, .. } | Plan::TopN { input, .. } | Plan::Distinct { input } => {
            written_name(input, column, relations)
        }
        Plan::Window { input, .. } | Plan::Flatten { input, .. } if column < width(input) => {
            written_name(input, column, relations)
        }
        Plan::Aggregate { input, group: expressions, .. } | Plan::Project { input, expressions, .. } => {
            match expressions.get(column)? {
                Scalar::Column(column) => written_name(input, *column, relations),
                _ => None,
            }
        }
        Plan::Join { inputs } => {
            let mut offset = 0;
            for input in inputs {
                let end = offset + shown_width(input);
                if column < end {
                    let shown = input.kind != JoinKind::Mark;
                    return shown.then(|| written_name(&input.plan, column - offset, relations)).flatten();
                }
                offset = end;
            }
            None
        }
        _ => None,
    }
}
