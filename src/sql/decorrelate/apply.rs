//! One apply after the other, innermost first.

use std::collections::BTreeSet;

use tailwater_connectors::SqlType;

use super::super::columns::{Columns, Id};
use super::super::error::{Code, Refusal, Result};
use super::super::node::{ApplyKind, Conjunct, Equality, Node};
use super::super::rename::{free, reads};
use super::super::scalars::replaced;
use super::domain::{Domain, null};
use super::pull::{NeedsDomain, Pulled, Puller, take};
use super::single::is_single;
use crate::engine::plan::JoinKind;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// Nodes of one view; more would be copies of copies.
const NODES_MAX: usize = 20_000;

/// The same rows without any [`Node::Apply`].
pub(in crate::sql) fn decorrelated(mut node: Node, columns: &mut Columns) -> Result<Node> {
    if node.size() > NODES_MAX {
        return Err(Refusal::new(Code::TooLarge, "the query grows too large when its subqueries become joins")
            .hint("split it into several views that read each other"));
    }
    for input in node.inputs_mut() {
        *input = decorrelated(take(input), columns)?;
    }
    match node {
        Node::Apply { left, right, kind, on } => Applied { columns, kind, on }.applied(*left, *right),
        other => Ok(other),
    }
}

/// `column = outer` in one type, or `IS NOT DISTINCT FROM`.
pub(super) fn equality(column: Id, outer: Scalar, (sql_type, null_safe): (SqlType, bool)) -> Conjunct {
    let symbol = if null_safe { "IS NOT DISTINCT FROM" } else { "=" };
    let sides = [Scalar::Column(column), outer.clone()];
    let typed = sides.map(|scalar| Typed::new(scalar, sql_type.clone()));
    let condition = bind::operator(symbol, typed.into()).expect("grouped and compared types have equality").scalar;
    let equality = Equality { left: Scalar::Column(column), right: outer, sql_type, null_safe };
    Conjunct { condition, equality: Some(equality) }
}

struct Applied<'a> {
    columns: &'a mut Columns,
    kind: ApplyKind,
    on: Vec<Conjunct>,
}

impl Applied<'_> {
    fn applied(mut self, left: Node, right: Node) -> Result<Node> {
        let outputs: BTreeSet<Id> = left.outputs().into_iter().collect();
        let referred: BTreeSet<Id> = free(&right).intersection(&outputs).copied().collect();
        if referred.is_empty() {
            let pulled = Pulled { node: right, conditions: Vec::new(), deferred: Vec::new(), on_empty: None };
            return self.joined(left, pulled).map_err(|NeedsDomain| internal());
        }
        let right = match self.grafted(&left, right) {
            Ok(node) => return Ok(node),
            Err(right) => right,
        };
        let pulled = Puller { columns: self.columns, left: &referred }.pull(right.clone());
        if let Ok(pulled) = pulled
            && let Ok(node) = self.joined(left.clone(), pulled)
        {
            return Ok(node);
        }
        let mut domain = Domain::new(self.columns, &left, &referred);
        let (node, places) = domain.push(right)?;
        let own = referred.iter().map(|id| (*id, *id)).collect();
        let conditions = domain.same(&own, &places);
        let pulled = Pulled { node, conditions, deferred: Vec::new(), on_empty: None };
        self.joined(left, pulled).map_err(|NeedsDomain| internal())
    }

    /// A right side that only computes, filters and unnests for each left row does so over the left rows themselves.
    fn grafted(&self, left: &Node, mut right: Node) -> std::result::Result<Node, Node> {
        match self.kind {
            ApplyKind::Inner if graft(&mut right, left) => Ok(right.filtered(self.on.clone())),
            ApplyKind::Left if self.on.is_empty() => match &mut right {
                Node::Flatten { input, keeps_empty, .. } if is_one_row(input) => {
                    (**input, *keeps_empty) = (left.clone(), true);
                    Ok(right)
                }
                _ => Err(right),
            },
            ApplyKind::Single { value, out } if only_computes(&right) && graft(&mut right, left) => {
                Ok(right.mapped(vec![(out, Scalar::Column(value))]))
            }
            _ => Err(right),
        }
    }

    fn joined(&mut self, left: Node, mut pulled: Pulled) -> std::result::Result<Node, NeedsDomain> {
        let on: Vec<Conjunct> = self.on.iter().map(|conjunct| pulled.conjunct(conjunct)).collect();
        let conditions = std::mem::take(&mut pulled.conditions);
        let join = |left: Node, right: Node, kind: JoinKind, on: Vec<Conjunct>| Node::Join {
            left: Box::new(left),
            right: Box::new(right),
            kind,
            on,
            mark: None,
        };
        let all = || conditions.iter().chain(&on).cloned().collect::<Vec<_>>();
        match self.kind {
            ApplyKind::Inner if pulled.on_empty.is_none() => {
                Ok(join(left, pulled.node, JoinKind::Inner, all()).mapped(pulled.deferred))
            }
            ApplyKind::Semi | ApplyKind::Anti | ApplyKind::Mark(_) => {
                if pulled.on_empty.is_some() {
                    return Err(NeedsDomain);
                }
                let (kind, mark) = match self.kind {
                    ApplyKind::Semi => (JoinKind::Semi, None),
                    ApplyKind::Mark(id) => (JoinKind::Mark, Some(id)),
                    _ => (JoinKind::Anti, None),
                };
                let (left, right) = (Box::new(left), Box::new(pulled.node));
                Ok(Node::Join { left, right, kind, on: all(), mark })
            }
            ApplyKind::Inner => {
                let node = self.outer(left, pulled, conditions)?;
                Ok(node.filtered(self.on.clone()))
            }
            ApplyKind::Left if pulled.on_empty.is_none() && pulled.deferred.is_empty() => {
                Ok(join(left, pulled.node, JoinKind::Left, all()))
            }
            ApplyKind::Left => {
                if !on.is_empty() {
                    return Err(NeedsDomain);
                }
                self.outer(left, pulled, conditions)
            }
            ApplyKind::Single { .. } => self.single(left, pulled, conditions),
        }
    }

    /// A left join whose missing rows have values (`on_empty`) or whose columns are computed after it (`deferred`): both
    /// under their own names.
    fn outer(
        &mut self,
        left: Node,
        pulled: Pulled,
        conditions: Vec<Conjunct>,
    ) -> std::result::Result<Node, NeedsDomain> {
        let Pulled { node, deferred, on_empty, .. } = pulled;
        // Every column gets another number inside the join, and its own after it.
        let outputs = node.outputs();
        let (copy, fresh) = super::super::rename::fresh_copy(&node, self.columns);
        let inner = |id: Id| Scalar::Column(fresh.get(&id).copied().unwrap_or(id));
        let marker = self.columns.add(SqlType::Bool, false);
        let truth = Scalar::Literal(tailwater_connectors::Value::Bool(true));
        let right = copy.mapped(vec![(marker, truth)]);
        let on = conditions.iter().map(|conjunct| conjunct.replaced(&inner)).collect();
        let joined = Node::Join { left: Box::new(left), right: Box::new(right), kind: JoinKind::Left, on, mark: None };
        let missing = |id: Id| on_empty.as_ref().and_then(|row| row.get(&id)).cloned().unwrap_or_else(null);
        let present = |id: Id, scalar: Scalar| {
            let is_missing = Scalar::IsNull(Box::new(Scalar::Column(marker)));
            (id, Scalar::Case { branches: vec![(is_missing, missing(id))], otherwise: Some(Box::new(scalar)) })
        };
        let own = outputs.into_iter().filter(|id| fresh.contains_key(id)).map(|id| present(id, inner(id)));
        let computed = own.chain(deferred.iter().map(|(id, scalar)| present(*id, replaced(scalar, &inner)))).collect();
        Ok(joined.mapped(computed))
    }

    fn single(
        &mut self,
        left: Node,
        mut pulled: Pulled,
        conditions: Vec<Conjunct>,
    ) -> std::result::Result<Node, NeedsDomain> {
        let ApplyKind::Single { value, out } = self.kind else { return Err(NeedsDomain) };
        let inner: BTreeSet<Id> = pulled.node.outputs().into_iter().collect();
        let fixed: Option<BTreeSet<Id>> = conditions.iter().map(|conjunct| key_of(conjunct, &inner)).collect();
        let known = fixed.as_ref().is_some_and(|fixed| is_single(&pulled.node, fixed));
        if !known {
            let fixed = fixed.ok_or(NeedsDomain)?;
            if !pulled.deferred.is_empty() || pulled.on_empty.is_some() {
                return Err(NeedsDomain);
            }
            let argument = Typed::new(Scalar::Column(value), self.columns.sql_type(value).clone());
            let one = self.columns.like(value);
            self.columns.make_nullable(one);
            let calls = vec![(one, bind::single_value(argument))];
            let group = fixed.into_iter().collect();
            let input = Box::new(pulled.node);
            pulled.node = Node::Aggregate { input, group, calls };
            let join = Node::Join {
                left: Box::new(left),
                right: Box::new(pulled.node),
                kind: JoinKind::Left,
                on: conditions,
                mark: None,
            };
            return Ok(join.mapped(vec![(out, Scalar::Column(one))]));
        }
        let simple = pulled.on_empty.is_none() && pulled.deferred.is_empty();
        let node = if simple {
            let (left, right) = (Box::new(left), Box::new(pulled.node));
            Node::Join { left, right, kind: JoinKind::Left, on: conditions, mark: None }
        } else {
            self.outer(left, pulled, conditions)?
        };
        Ok(node.mapped(vec![(out, Scalar::Column(value))]))
    }
}

/// The right side's column that an equality fixes.
fn key_of(conjunct: &Conjunct, inner: &BTreeSet<Id>) -> Option<Id> {
    let equality = conjunct.equality.as_ref()?;
    match (&equality.left, &equality.right) {
        (Scalar::Column(id), other) | (other, Scalar::Column(id)) if inner.contains(id) && !reads(other, inner) => {
            Some(*id)
        }
        _ => None,
    }
}

fn is_one_row(node: &Node) -> bool {
    matches!(node, Node::Values { rows, columns } if rows.len() == 1 && columns.is_empty())
}

/// Whether a node is one row with computed columns.
fn only_computes(node: &Node) -> bool {
    match node {
        Node::Map { input, .. } => only_computes(input),
        other => is_one_row(other),
    }
}

/// Puts `left` in the place of the one row at the bottom of what works row by row.
fn graft(node: &mut Node, left: &Node) -> bool {
    match node {
        Node::Values { rows, columns } if rows.len() == 1 && columns.is_empty() => {
            *node = left.clone();
            true
        }
        Node::Map { input, .. }
        | Node::Filter { input, .. }
        | Node::Flatten { input, .. }
        | Node::Expand { input, .. } => graft(input, left),
        Node::Join { left: inner, right, .. } => {
            let outputs: BTreeSet<Id> = left.outputs().into_iter().collect();
            free(right).is_disjoint(&outputs) && graft(inner, left)
        }
        _ => false,
    }
}

fn internal() -> Refusal {
    Refusal::new(Code::Internal, "a subquery could not become a join")
}
