//! Numbers of columns.

use crate::engine::plan::{JoinInput, JoinKind, Plan};

/// Number of columns that an input of a join adds to the concatenation.
pub(in crate::sql) fn shown_width(input: &JoinInput) -> usize {
    match input.kind {
        JoinKind::Inner | JoinKind::Left => width(&input.plan),
        JoinKind::Semi | JoinKind::Anti => 0,
        JoinKind::Mark => 1,
    }
}

/// Number of output columns.
pub(in crate::sql) fn width(plan: &Plan) -> usize {
    match plan {
        Plan::Scan { columns, .. } => columns.len(),
        Plan::Values { types, .. }
        | Plan::Project { types, .. }
        | Plan::Expand { types, .. }
        | Plan::Recursion { types, .. }
        | Plan::Round { types, .. } => types.len(),
        Plan::Filter { input, .. } | Plan::Distinct { input } | Plan::TopN { input, .. } => width(input),
        Plan::SetOperation { left, .. } => width(left),
        Plan::Join { inputs } => inputs.iter().map(shown_width).sum(),
        Plan::Aggregate { group, aggregates, .. } => group.len() + aggregates.len(),
        Plan::UnionAll { inputs } => inputs.first().map_or(0, width),
        Plan::Window { input, calls, .. } => width(input) + calls.len(),
        Plan::Flatten { input, calls, ordinality, .. } => {
            width(input) + calls.iter().map(|call| call.types.len()).sum::<usize>() + usize::from(*ordinality)
        }
    }
}
