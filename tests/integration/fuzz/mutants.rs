//! Plans with a fault in every node where it applies: what an engine or a planner with that fault would make of a view. The
//! tester must notice them.

use tailwater::engine::plan::{AggregateFunction, FrameBound, JoinKind, Plan, SetOperator, WindowFunction};

/// Puts the fault into a node; false where it does not apply.
pub(super) type PlanFault = fn(&mut Plan) -> bool;

/// All of them, with their names.
pub(super) const PLAN_FAULTS: [(&str, PlanFault); 21] = [
    ("a filter left out", |plan| {
        replaced(plan, |plan| match plan {
            Plan::Filter { input, .. } => Some(*input),
            _ => None,
        })
    }),
    ("a DISTINCT left out", |plan| {
        replaced(plan, |plan| match plan {
            Plan::Distinct { input } => Some(*input),
            _ => None,
        })
    }),
    ("a recursion that ends after its first round", |plan| {
        replaced(plan, |plan| match plan {
            Plan::Recursion { base, .. } => Some(*base),
            _ => None,
        })
    }),
    ("a left join taken as an inner one", |plan| kind(plan, JoinKind::Left, JoinKind::Inner)),
    ("a semi join taken as an anti join", |plan| kind(plan, JoinKind::Semi, JoinKind::Anti)),
    ("an anti join taken as a semi join", |plan| kind(plan, JoinKind::Anti, JoinKind::Semi)),
    ("null matches null", |plan| match plan {
        Plan::Join { inputs } => {
            let key = inputs.iter_mut().flat_map(|input| &mut input.keys).next();
            key.map(|key| key.null_safe = !key.null_safe).is_some()
        }
        _ => false,
    }),
    ("a condition of a join forgotten", |plan| match plan {
        Plan::Join { inputs } => inputs.iter_mut().any(|input| input.residual.take().is_some()),
        _ => false,
    }),
    ("a part of a union forgotten", |plan| match plan {
        Plan::UnionAll { inputs } => inputs.len() > 1 && inputs.pop().is_some(),
        _ => false,
    }),
    ("a grouping set forgotten", |plan| match plan {
        Plan::Expand { projections, .. } => projections.len() > 1 && projections.pop().is_some(),
        _ => false,
    }),
    ("INTERSECT for EXCEPT", |plan| match plan {
        Plan::SetOperation { operator, .. } => {
            let other = if *operator == SetOperator::Except { SetOperator::Intersect } else { SetOperator::Except };
            *operator = other;
            true
        }
        _ => false,
    }),
    ("ALL forgotten", |plan| match plan {
        Plan::SetOperation { all, .. } => {
            *all = !*all;
            true
        }
        _ => false,
    }),
    ("one row too many", |plan| match plan {
        Plan::TopN { limit: Some(limit), .. } => {
            *limit += 1;
            true
        }
        _ => false,
    }),
    ("the other order", |plan| match plan {
        Plan::TopN { order, .. } | Plan::Window { order, .. } => {
            order.first_mut().map(|key| key.descending = !key.descending).is_some()
        }
        _ => false,
    }),
    ("max for min", |plan| {
        let swapped = |function: &mut AggregateFunction| {
            *function = match *function {
                AggregateFunction::Min => AggregateFunction::Max,
                AggregateFunction::Max => AggregateFunction::Min,
                _ => return false,
            };
            true
        };
        match plan {
            Plan::Aggregate { aggregates, .. } => aggregates.iter_mut().any(|call| swapped(&mut call.function)),
            _ => false,
        }
    }),
    ("DISTINCT of an aggregate forgotten", |plan| match plan {
        Plan::Aggregate { aggregates, .. } => aggregates.iter_mut().any(|call| std::mem::take(&mut call.distinct)),
        _ => false,
    }),
    ("FILTER of an aggregate forgotten", |plan| match plan {
        Plan::Aggregate { aggregates, .. } => aggregates.iter_mut().any(|call| call.filter.take().is_some()),
        _ => false,
    }),
    ("the order of an aggregate reversed", |plan| match plan {
        Plan::Aggregate { aggregates, .. } => {
            let key = aggregates.iter_mut().flat_map(|call| &mut call.order).next();
            key.map(|key| key.descending = !key.descending).is_some()
        }
        _ => false,
    }),
    ("a frame that is one longer", |plan| match plan {
        Plan::Window { calls, .. } => {
            let bounds = calls.iter_mut().flat_map(|call| [&mut call.frame.start, &mut call.frame.end]);
            let mut bounds = bounds.filter_map(|bound| match bound {
                FrameBound::Preceding(rows) | FrameBound::Following(rows) => Some(rows),
                _ => None,
            });
            bounds.next().map(|rows| *rows += 1).is_some()
        }
        _ => false,
    }),
    ("lead for lag", |plan| match plan {
        Plan::Window { calls, .. } => calls.iter_mut().any(|call| {
            let other = match call.function {
                WindowFunction::Lag => WindowFunction::Lead,
                WindowFunction::Lead => WindowFunction::Lag,
                WindowFunction::Rank => WindowFunction::DenseRank,
                _ => return false,
            };
            call.function = other;
            true
        }),
        _ => false,
    }),
    ("rows without elements lost", |plan| match plan {
        Plan::Flatten { keeps_empty, .. } => std::mem::take(keeps_empty),
        _ => false,
    }),
];

fn replaced(plan: &mut Plan, by: impl Fn(Plan) -> Option<Plan>) -> bool {
    match by(plan.clone()) {
        Some(other) => {
            *plan = other;
            true
        }
        None => false,
    }
}

fn kind(plan: &mut Plan, from: JoinKind, to: JoinKind) -> bool {
    let Plan::Join { inputs } = plan else { return false };
    let found = inputs.iter_mut().find(|input| input.kind == from);
    found.map(|input| input.kind = to).is_some()
}

fn below(plan: &mut Plan) -> Vec<&mut Plan> {
    match plan {
        Plan::Scan { .. } | Plan::Values { .. } | Plan::Round { .. } => Vec::new(),
        Plan::Project { input, .. }
        | Plan::Filter { input, .. }
        | Plan::Aggregate { input, .. }
        | Plan::Distinct { input }
        | Plan::Expand { input, .. }
        | Plan::Flatten { input, .. }
        | Plan::TopN { input, .. }
        | Plan::Window { input, .. } => vec![input],
        Plan::Join { inputs } => inputs.iter_mut().map(|input| &mut input.plan).collect(),
        Plan::UnionAll { inputs } => inputs.iter_mut().collect(),
        Plan::SetOperation { left, right, .. } => vec![left, right],
        Plan::Recursion { base, step, .. } => vec![base, step],
    }
}

/// Applies the fault to every node of the plan; whether it applied anywhere.
pub(super) fn spoil(plan: &mut Plan, fault: PlanFault) -> bool {
    let here = fault(plan);
    // A node that went may have left its input in its place.
    below(plan).into_iter().fold(here, |applied, plan| spoil(plan, fault) || applied)
}
