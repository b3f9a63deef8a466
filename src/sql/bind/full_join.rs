//! FULL JOIN, as joins that the engine has.

use super::super::columns::Id;
use super::super::node::{Conjunct, Node};
use super::super::rename::fresh_copy;
use super::binder::Binder;
use crate::engine::plan::JoinKind;
use crate::engine::scalar::Scalar;

impl Binder<'_> {
    /// Every row of both sides: a left join, and the right rows without a match beside nulls.
    pub(super) fn full_join(&mut self, left: Node, right: Node, on: Vec<Conjunct>) -> Node {
        let (left_columns, right_columns) = (left.outputs(), right.outputs());
        let (other_left, fresh_left) = fresh_copy(&left, &mut self.columns);
        let (other_right, fresh_right) = fresh_copy(&right, &mut self.columns);
        let moved = |id: Id| fresh_left.get(&id).or_else(|| fresh_right.get(&id)).copied().unwrap_or(id);
        let to = |id: Id| Scalar::Column(moved(id));
        let other_on = on.iter().map(|conjunct| conjunct.replaced(&to)).collect();
        let matched = Node::Join { left: Box::new(left), right: Box::new(right), kind: JoinKind::Left, on, mark: None };
        let unmatched = Node::Join {
            left: Box::new(other_right),
            right: Box::new(other_left),
            kind: JoinKind::Anti,
            on: other_on,
            mark: None,
        };
        let nulls: Vec<Id> = left_columns.iter().map(|id| self.columns.like(*id)).collect();
        let null = |id: &Id| (*id, Scalar::Literal(tailwater_connectors::Value::Null));
        let unmatched = unmatched.mapped(nulls.iter().map(null).collect());
        let columns: Vec<Id> = left_columns.iter().chain(&right_columns).copied().collect();
        let others = nulls.into_iter().chain(right_columns.iter().map(|id| moved(*id))).collect();
        // The union's columns keep the numbers by which the scope knows them; the branch inside gets others.
        let (matched, fresh) = fresh_copy(&matched, &mut self.columns);
        let inner = columns.iter().map(|id| fresh.get(id).copied().unwrap_or(*id)).collect();
        Node::UnionAll { inputs: vec![(matched, inner), (unmatched, others)], columns }
    }
}
