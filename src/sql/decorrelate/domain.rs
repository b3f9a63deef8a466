//! The right side of an apply, computed for every distinct combination of the left side's values that it refers to.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::{SqlType, Value};

use super::super::columns::{Columns, Id};
use super::super::error::{Code, Refusal, Result};
use super::super::node::{Conjunct, Node};
use super::super::rename::{free, fresh_copy, rewrite};
use super::apply::equality;
use super::pull::{empty_value, replace_input, take};
use crate::engine::plan::{AggregateCall, AggregateFunction, JoinKind};
use crate::engine::scalar::Scalar;

/// Columns of the left side → the columns that hold their values.
pub(super) type Places = BTreeMap<Id, Id>;

/// Makes copies of the domain.
pub(super) struct Domain<'a> {
    columns: &'a mut Columns,
    /// Distinct combinations of the values.
    node: Node,
    places: Places,
    /// The columns of the left side that are referred to.
    left: BTreeSet<Id>,
}

impl<'a> Domain<'a> {
    /// The domain of `referred` columns of `left`.
    pub(super) fn new(columns: &'a mut Columns, left: &Node, referred: &BTreeSet<Id>) -> Self {
        let (copy, fresh) = fresh_copy(left, columns);
        // A column of the left side may be one that it only passes on.
        let places: Places = referred.iter().map(|id| (*id, fresh.get(id).copied().unwrap_or(*id))).collect();
        let node = Node::Distinct { input: Box::new(copy), columns: places.values().copied().collect() };
        Self { columns, node, places, left: referred.clone() }
    }

    fn copy(&mut self) -> (Node, Places) {
        let (node, fresh) = fresh_copy(&self.node, self.columns);
        let places = self.places.iter().map(|(left, id)| (*left, fresh.get(id).copied().unwrap_or(*id))).collect();
        (node, places)
    }

    fn is_free_of(&self, node: &Node) -> bool {
        free(node).is_disjoint(&self.left)
    }

    /// The node beside the domain, and where the domain's values are in it.
    pub(super) fn push(&mut self, mut node: Node) -> Result<(Node, Places)> {
        if self.is_free_of(&node) {
            let (domain, places) = self.copy();
            if matches!(&node, Node::Values { rows, columns } if rows.len() == 1 && columns.is_empty()) {
                return Ok((domain, places));
            }
            let (left, right) = (Box::new(domain), Box::new(node));
            return Ok((Node::Join { left, right, kind: JoinKind::Inner, on: Vec::new(), mark: None }, places));
        }
        match &mut node {
            Node::Filter { input, .. }
            | Node::Map { input, .. }
            | Node::Expand { input, .. }
            | Node::Flatten { input, .. } => {
                let (input, places) = self.push(take(input))?;
                rewrite(&mut node, &moved(&places));
                replace_input(&mut node, input);
                Ok((node, places))
            }
            Node::Join { .. } => self.join(node),
            Node::Aggregate { .. } => self.aggregate(node),
            Node::Distinct { input, columns } => {
                let (input, places) = self.push(take(input))?;
                let mut columns: Vec<Id> = columns.iter().map(|id| places.get(id).copied().unwrap_or(*id)).collect();
                add(&mut columns, &places);
                Ok((Node::Distinct { input: Box::new(input), columns }, places))
            }
            Node::TopN { input, .. } | Node::Window { input, .. } => {
                let (input, places) = self.push(take(input))?;
                rewrite(&mut node, &moved(&places));
                replace_input(&mut node, input);
                if let Node::TopN { partition, .. } | Node::Window { partition, .. } = &mut node {
                    add(partition, &places);
                }
                Ok((node, places))
            }
            Node::UnionAll { inputs, columns } => {
                let inputs = std::mem::take(inputs);
                let (inputs, columns, places) = self.branches(inputs, std::mem::take(columns))?;
                Ok((Node::UnionAll { inputs, columns }, places))
            }
            Node::SetOperation { left, right, operator, all, columns } => {
                let empty = || (Node::one_row(), Vec::new());
                let inputs = vec![std::mem::replace(&mut **left, empty()), std::mem::replace(&mut **right, empty())];
                let (mut inputs, columns, places) = self.branches(inputs, std::mem::take(columns))?;
                let right = Box::new(inputs.pop().unwrap_or_else(empty));
                let left = Box::new(inputs.pop().unwrap_or_else(empty));
                Ok((Node::SetOperation { left, right, operator: *operator, all: *all, columns }, places))
            }
            Node::Scan { .. }
            | Node::Values { .. }
            | Node::Apply { .. }
            | Node::Recursion { .. }
            | Node::Round { .. } => {
                Err(Refusal::new(Code::Unsupported, "a recursive query that refers to a query around it is not kept")
                    .hint("select the columns in the recursive query and join it"))
            }
        }
    }

    fn join(&mut self, node: Node) -> Result<(Node, Places)> {
        let Node::Join { left, right, kind, on, mark } = node else { return Ok((node, Places::new())) };
        let (right_free, left_free) = (self.is_free_of(&right), self.is_free_of(&left));
        if kind == JoinKind::Inner && left_free && !right_free {
            let (right, places) = self.push(*right)?;
            let on = on.iter().map(|conjunct| conjunct.replaced(&moved(&places))).collect();
            return Ok((Node::Join { left, right: Box::new(right), kind, on, mark }, places));
        }
        let (left, places) = self.push(*left)?;
        let mut on: Vec<Conjunct> = on.iter().map(|conjunct| conjunct.replaced(&moved(&places))).collect();
        let right = if right_free {
            *right
        } else {
            let (right, others) = self.push(*right)?;
            on.extend(self.same(&places, &others));
            right
        };
        Ok((Node::Join { left: Box::new(left), right: Box::new(right), kind, on, mark }, places))
    }

    /// Conditions that two copies of the domain have the same values.
    pub(super) fn same(&self, places: &Places, others: &Places) -> Vec<Conjunct> {
        let pair = |(left, id): (&Id, &Id)| {
            others
                .get(left)
                .map(|other| equality(*other, Scalar::Column(*id), (self.columns.sql_type(*id).clone(), true)))
        };
        places.iter().filter_map(pair).collect()
    }

    fn aggregate(&mut self, mut node: Node) -> Result<(Node, Places)> {
        let Node::Aggregate { input, .. } = &mut node else { return Ok((node, Places::new())) };
        let (input, places) = self.push(take(input))?;
        rewrite(&mut node, &moved(&places));
        replace_input(&mut node, input);
        let Node::Aggregate { input, mut group, calls } = node else { return Ok((node, places)) };
        let is_global = group.is_empty();
        add(&mut group, &places);
        if !is_global {
            return Ok((Node::Aggregate { input, group, calls }, places));
        }
        // One row for every combination, also for those without rows.
        let marker = self.columns.add(SqlType::Int8, false);
        let count = AggregateCall {
            function: AggregateFunction::Count,
            arguments: Vec::new(),
            argument_types: Vec::new(),
            direct: Vec::new(),
            distinct: false,
            order: Vec::new(),
            filter: None,
            result_type: SqlType::Int8,
        };
        let mut made = vec![(marker, count)];
        let mut computed = Vec::new();
        for (id, call) in calls {
            let own = self.columns.like(id);
            let missing = (Scalar::IsNull(Box::new(Scalar::Column(marker))), empty_value(&call));
            let otherwise = Some(Box::new(Scalar::Column(own)));
            computed.push((id, Scalar::Case { branches: vec![missing], otherwise }));
            made.push((own, call));
        }
        let groups = Node::Aggregate { input, group, calls: made };
        let (domain, all) = self.copy();
        let on = self.same(&all, &places);
        let joined =
            Node::Join { left: Box::new(domain), right: Box::new(groups), kind: JoinKind::Left, on, mark: None };
        Ok((joined.mapped(computed), all))
    }

    #[expect(clippy::type_complexity, reason = "taken apart where it is called")]
    fn branches(
        &mut self,
        inputs: Vec<(Node, Vec<Id>)>,
        mut columns: Vec<Id>,
    ) -> Result<(Vec<(Node, Vec<Id>)>, Vec<Id>, Places)> {
        let mut branches = Vec::new();
        for (node, ids) in inputs {
            let (node, places) = self.push(node)?;
            let mut ids: Vec<Id> = ids.iter().map(|id| places.get(id).copied().unwrap_or(*id)).collect();
            ids.extend(places.values());
            branches.push((node, ids));
        }
        let places: Places = self.left.clone().into_iter().map(|id| (id, self.columns.like(id))).collect();
        columns.extend(places.values());
        Ok((branches, columns, places))
    }
}

fn moved(places: &Places) -> impl Fn(Id) -> Scalar {
    move |id| Scalar::Column(places.get(&id).copied().unwrap_or(id))
}

fn add(columns: &mut Vec<Id>, places: &Places) {
    for id in places.values() {
        if !columns.contains(id) {
            columns.push(*id);
        }
    }
}

/// Null of any type.
pub(super) fn null() -> Scalar {
    Scalar::Literal(Value::Null)
}
