//! Walking and rewriting scalar expressions.

use std::collections::BTreeSet;

use tailwater_connectors::Value;

use crate::engine::plan::{AggregateCall, Frame, FrameBound, Plan, SortKey, TableCall, WindowCall, WindowFunction};
use crate::engine::scalar::Scalar;

/// The same expression with every column replaced.
pub(super) fn replaced(scalar: &Scalar, column: &dyn Fn(usize) -> Scalar) -> Scalar {
    let all = |scalars: &[Scalar]| scalars.iter().map(|scalar| replaced(scalar, column)).collect();
    let boxed = |scalar: &Scalar| Box::new(replaced(scalar, column));
    match scalar {
        Scalar::Column(index) => column(*index),
        Scalar::Literal(value) => Scalar::Literal(value.clone()),
        Scalar::Call { function, arguments } => Scalar::Call { function: function.clone(), arguments: all(arguments) },
        Scalar::Cast { input, from, to } => Scalar::Cast { input: boxed(input), from: from.clone(), to: to.clone() },
        Scalar::And(operands) => Scalar::And(all(operands)),
        Scalar::Or(operands) => Scalar::Or(all(operands)),
        Scalar::Not(inner) => Scalar::Not(boxed(inner)),
        Scalar::IsNull(inner) => Scalar::IsNull(boxed(inner)),
        Scalar::Case { branches, otherwise } => Scalar::Case {
            branches: branches
                .iter()
                .map(|(condition, result)| (replaced(condition, column), replaced(result, column)))
                .collect(),
            otherwise: otherwise.as_ref().map(|inner| boxed(inner)),
        },
        Scalar::Coalesce(operands) => Scalar::Coalesce(all(operands)),
        Scalar::ArrayOf(elements) => Scalar::ArrayOf(all(elements)),
    }
}

/// Columns that it reads.
pub(super) fn columns_of(scalar: &Scalar) -> BTreeSet<usize> {
    columns_met(|column| {
        replaced(scalar, column);
    })
}

/// Columns that a rewriting meets: rebuilding is the one walk over all shapes, and plans are small.
pub(super) fn columns_met(rewriting: impl FnOnce(&dyn Fn(usize) -> Scalar)) -> BTreeSet<usize> {
    let found = std::cell::RefCell::new(BTreeSet::new());
    rewriting(&|index| {
        found.borrow_mut().insert(index);
        Scalar::Column(index)
    });
    found.into_inner()
}

/// Columns moved.
pub(super) fn moved(scalar: &Scalar, to: &dyn Fn(usize) -> usize) -> Scalar {
    replaced(scalar, &|index| Scalar::Column(to(index)))
}

/// An aggregate over other columns.
pub(super) fn replaced_call(call: &AggregateCall, column: &dyn Fn(usize) -> Scalar) -> AggregateCall {
    AggregateCall {
        arguments: call.arguments.iter().map(|argument| replaced(argument, column)).collect(),
        order: replaced_order(&call.order, column),
        filter: call.filter.as_ref().map(|filter| replaced(filter, column)),
        ..call.clone()
    }
}

/// Sort keys over other columns.
pub(super) fn replaced_order(order: &[SortKey], column: &dyn Fn(usize) -> Scalar) -> Vec<SortKey> {
    order.iter().map(|key| SortKey { expression: replaced(&key.expression, column), ..key.clone() }).collect()
}

/// A window function over other columns.
pub(super) fn replaced_window(call: &WindowCall, column: &dyn Fn(usize) -> Scalar) -> WindowCall {
    let bound = |bound: &FrameBound| match bound {
        FrameBound::RangeLimit(limit) => FrameBound::RangeLimit(replaced(limit, column)),
        other => other.clone(),
    };
    WindowCall {
        function: match &call.function {
            WindowFunction::Aggregate(aggregate) => WindowFunction::Aggregate(replaced_call(aggregate, column)),
            other => other.clone(),
        },
        arguments: replaced_all(&call.arguments, column),
        frame: Frame { start: bound(&call.frame.start), end: bound(&call.frame.end), ..call.frame.clone() },
        ..call.clone()
    }
}

/// A set-returning call over other columns.
pub(super) fn replaced_table_call(call: &TableCall, column: &dyn Fn(usize) -> Scalar) -> TableCall {
    TableCall { arguments: replaced_all(&call.arguments, column), ..call.clone() }
}

/// Expressions over other columns.
pub(super) fn replaced_all(scalars: &[Scalar], column: &dyn Fn(usize) -> Scalar) -> Vec<Scalar> {
    scalars.iter().map(|scalar| replaced(scalar, column)).collect()
}

/// Constant parts computed; an error stays where it is, for the rows that meet it.
pub(super) fn folded(scalar: Scalar) -> Scalar {
    if matches!(scalar, Scalar::Literal(_) | Scalar::Column(_)) {
        return scalar;
    }
    if columns_of(&scalar).is_empty() {
        return match scalar.evaluate(&[]) {
            Ok(value) => Scalar::Literal(value),
            Err(_) => scalar,
        };
    }
    let all = |scalars: Vec<Scalar>| scalars.into_iter().map(folded).collect();
    let boxed = |scalar: Box<Scalar>| Box::new(folded(*scalar));
    match scalar {
        Scalar::Call { function, arguments } => Scalar::Call { function, arguments: all(arguments) },
        Scalar::Cast { input, from, to } => Scalar::Cast { input: boxed(input), from, to },
        Scalar::And(operands) => Scalar::And(all(operands)),
        Scalar::Or(operands) => Scalar::Or(all(operands)),
        Scalar::Not(inner) => Scalar::Not(boxed(inner)),
        Scalar::IsNull(inner) => Scalar::IsNull(boxed(inner)),
        Scalar::Case { branches, otherwise } => Scalar::Case {
            branches: branches.into_iter().map(|(condition, result)| (folded(condition), folded(result))).collect(),
            otherwise: otherwise.map(boxed),
        },
        Scalar::Coalesce(operands) => Scalar::Coalesce(all(operands)),
        Scalar::ArrayOf(elements) => Scalar::ArrayOf(all(elements)),
        other => other,
    }
}

/// Whether a condition always holds.
pub(super) fn is_true(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Literal(Value::Bool(true)))
}

/// The conjunction of conditions; `None` of none.
pub(super) fn conjunction(mut conditions: Vec<Scalar>) -> Option<Scalar> {
    match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(Scalar::And(conditions)),
    }
}

/// A filter, when there is a condition.
pub(super) fn filtered(plan: Plan, conditions: Vec<Scalar>) -> Plan {
    match conjunction(conditions) {
        Some(predicate) => Plan::Filter { input: Box::new(plan), predicate },
        None => plan,
    }
}
