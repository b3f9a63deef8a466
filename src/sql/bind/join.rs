//! How joins are written and put together: their kinds, USING, and where the subqueries of ON go.

use std::collections::BTreeSet;

use sqlparser::ast::{JoinConstraint, JoinOperator, ObjectName};

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{parts, suggestion};
use super::super::node::{ApplyKind, Node};
use super::super::place::place_of;
use super::super::rename::free;
use super::from::From;
use super::scope::{Found, Scope};
use crate::engine::plan::JoinKind;

/// Which sides keep rows without a match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Inner,
    Left,
    Right,
    Full,
}

/// Rows of both; of the right side for each left row when it refers to that.
pub(super) fn crossed(left: Node, right: Node) -> Node {
    if free(&right).is_disjoint(&outputs(&left)) {
        let (left, right) = (Box::new(left), Box::new(right));
        return Node::Join { left, right, kind: JoinKind::Inner, on: Vec::new(), mark: None };
    }
    Node::Apply { left: Box::new(left), right: Box::new(right), kind: ApplyKind::Inner, on: Vec::new() }
}

pub(super) fn outputs(node: &Node) -> BTreeSet<Id> {
    node.outputs().into_iter().collect()
}

/// The subqueries of an ON beside the rows of the side that may be missing, where they can refer to the other one.
pub(super) fn beside_one(subqueries: Node, (left, right): (From, From), side: Side) -> Option<(From, From)> {
    let refers = free(&subqueries);
    let on_left = match side {
        Side::Inner | Side::Left => false,
        Side::Right => true,
        Side::Full if refers.is_disjoint(&outputs(&left.node)) => false,
        Side::Full if refers.is_disjoint(&outputs(&right.node)) => true,
        Side::Full => return None,
    };
    let with = |from: From| From { node: grafted(subqueries, from.node), ..from };
    Some(if on_left { (with(left), right) } else { (left, with(right)) })
}

/// What was put beside one row, beside these rows.
pub(super) fn grafted(mut node: Node, rows: Node) -> Node {
    fn bottom(node: &mut Node, rows: Node) {
        match node {
            Node::Values { .. } => *node = rows,
            other => match other.inputs_mut().into_iter().next() {
                Some(first) => bottom(first, rows),
                None => *other = rows,
            },
        }
    }
    bottom(&mut node, rows);
    node
}

/// The kind of join and its condition; `None` for CROSS JOIN.
pub(super) fn side_of(operator: &JoinOperator, place: Option<Place>) -> Result<(Side, Option<&JoinConstraint>)> {
    match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => Ok((Side::Inner, Some(constraint))),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => Ok((Side::Left, Some(constraint))),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => Ok((Side::Right, Some(constraint))),
        JoinOperator::FullOuter(constraint) => Ok((Side::Full, Some(constraint))),
        JoinOperator::CrossJoin(JoinConstraint::None) => Ok((Side::Inner, None)),
        _ => Err(Refusal::new(Code::Unsupported, "this kind of join is not SQL of Postgres").at(place)),
    }
}

pub(super) fn using_name(name: &ObjectName) -> Result<String> {
    match parts(name).as_deref() {
        Some([name]) => Ok(name.clone()),
        _ => Err(Refusal::new(Code::Syntax, "USING takes column names").at(place_of(name))),
    }
}

pub(super) fn natural_names(left: &Scope, right: &Scope) -> Vec<String> {
    let both = |name: &&str| !matches!(right.column(name), Found::Nothing);
    left.names().filter(both).map(str::to_owned).collect()
}

pub(super) fn using_column(scope: &Scope, name: &str, place: Option<Place>) -> Result<Id> {
    match scope.column(name) {
        Found::One(id) => Ok(id),
        Found::Several => {
            Err(Refusal::new(Code::AmbiguousColumn, format!("column \"{name}\" of USING is ambiguous")).at(place))
        }
        Found::Nothing => {
            let refusal = Refusal::new(Code::UnknownColumn, format!("column \"{name}\" of USING is not on both sides"));
            let refusal = refusal.at(place);
            Err(match suggestion(name, scope.names()) {
                Some(hint) => refusal.hint(hint),
                None => refusal,
            })
        }
    }
}
