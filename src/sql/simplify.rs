//! Nodes that cost less with the same answer.

use tailwater_connectors::Value;

use super::columns::Id;
use super::node::{Conjunct, Node, RowRange};
use crate::engine::plan::WindowFunction;
use crate::engine::scalar::Scalar;

/// The same rows for less.
pub(super) fn simplified(mut node: Node) -> Node {
    for input in node.inputs_mut() {
        let inner = std::mem::replace(input, Node::one_row());
        *input = simplified(inner);
    }
    match node {
        Node::Filter { input, conjuncts } => first_ranks(*input, conjuncts),
        other => other,
    }
}

/// `row_number() <= k` and `rank() <= k` look at the first k rows of a partition only: the numbers of those are the same when
/// the others are not there.
fn first_ranks(mut node: Node, conjuncts: Vec<Conjunct>) -> Node {
    let window = match &mut node {
        Node::Window { .. } => Some(&mut node),
        Node::Map { input, .. } if matches!(**input, Node::Window { .. }) => Some(&mut **input),
        _ => None,
    };
    if let Some(Node::Window { input, partition, order, calls }) = window {
        let ranks = |function: &WindowFunction| matches!(function, WindowFunction::RowNumber | WindowFunction::Rank);
        let limit =
            |(id, _): &&(Id, _)| conjuncts.iter().filter_map(|conjunct| upper_bound(&conjunct.condition, *id)).min();
        let all_rank = calls.iter().all(|(_, call)| ranks(&call.function));
        let best = calls.iter().filter_map(|call| Some((limit(&call)?, call.1.function == WindowFunction::Rank))).min();
        if let (true, Some((limit, with_ties))) = (all_rank, best) {
            let rows = RowRange { offset: 0, limit: Some(limit), with_ties };
            let inner = std::mem::replace(&mut **input, Node::one_row());
            **input = Node::TopN { input: Box::new(inner), partition: partition.clone(), order: order.clone(), rows };
        }
    }
    Node::Filter { input: Box::new(node), conjuncts }
}

/// `column <= n`, `column < n`, `column = n` and the same the other way round.
fn upper_bound(condition: &Scalar, column: Id) -> Option<u64> {
    let Scalar::Call { function, arguments } = condition else { return None };
    let (symbol, number) = match arguments.as_slice() {
        [left, Scalar::Literal(Value::Int(number))] if is_column(left, column) => (function.name(), *number),
        [Scalar::Literal(Value::Int(number)), right] if is_column(right, column) => {
            (mirrored(function.name())?, *number)
        }
        _ => return None,
    };
    let bound = match symbol {
        "<=" | "=" => number,
        "<" => number - 1,
        _ => return None,
    };
    u64::try_from(bound).ok()
}

fn mirrored(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        ">=" => "<=",
        ">" => "<",
        "=" => "=",
        _ => return None,
    })
}

fn is_column(scalar: &Scalar, column: Id) -> bool {
    match scalar {
        Scalar::Column(id) => *id == column,
        Scalar::Cast { input, .. } => is_column(input, column),
        _ => false,
    }
}
