//! Nodes that are no part of a join.

use std::collections::BTreeMap;

use tailwater_connectors::{Row, SqlType, Value};

use super::super::columns::{Columns, Id};
use super::super::keys::Relations;
use super::super::node::Node;
use super::super::scalars::{
    folded, moved, replaced_all, replaced_call, replaced_order, replaced_table_call, replaced_window,
};
use super::arrange::arranged;
use super::cluster::Cluster;
use crate::engine::plan::{Plan, TableCall};
use crate::engine::scalar::Scalar;

/// A plan, and the number of the column at each of its positions.
pub(in crate::sql) struct Lowered {
    pub(in crate::sql) plan: Plan,
    pub(in crate::sql) columns: Vec<Id>,
}

impl Lowered {
    /// Where each column is.
    pub(super) fn places(&self) -> BTreeMap<Id, usize> {
        // The first place wins: a column may be there twice.
        self.columns.iter().enumerate().rev().map(|(place, id)| (*id, place)).collect()
    }
}

/// A set-returning call and the numbers of its columns.
type Call = (TableCall, Vec<Id>);

/// What lowering looks things up in.
pub(in crate::sql) struct Lowering<'a> {
    pub(in crate::sql) columns: &'a Columns,
    pub(in crate::sql) relations: &'a Relations,
}

/// Where a column is that must be there.
pub(super) fn place(places: &BTreeMap<Id, usize>, id: Id) -> usize {
    *places.get(&id).expect("a column that is read is made below")
}

impl Lowering<'_> {
    /// Exactly these columns of a node, in this order.
    pub(in crate::sql) fn exactly(&self, node: &Node, columns: &[Id]) -> Plan {
        let expressions: Vec<Scalar> = columns.iter().map(|id| Scalar::Column(*id)).collect();
        let lowered = self.node(node);
        let places = lowered.places();
        let expressions = expressions.iter().map(|scalar| moved(scalar, &|id| place(&places, id))).collect();
        Plan::Project { input: Box::new(lowered.plan), expressions, types: self.columns.types(columns) }
    }

    /// The plan of a node.
    pub(in crate::sql) fn node(&self, node: &Node) -> Lowered {
        let columns = node.outputs();
        let types = || self.columns.types(&columns);
        let plan = match node {
            Node::Scan { relation, columns } => {
                Plan::Scan { relation: relation.name.clone(), columns: (0..columns.len()).collect() }
            }
            Node::Values { rows, .. } => values(rows, types()),
            Node::Map { .. } | Node::Filter { .. } | Node::Join { .. } => return self.cluster(node),
            Node::Distinct { input, columns } => Plan::Distinct { input: Box::new(self.exactly(input, columns)) },
            Node::UnionAll { inputs, .. } => {
                let inputs = inputs.iter().flat_map(|(node, ids)| branches(self.exactly(node, ids))).collect();
                Plan::UnionAll { inputs }
            }
            Node::SetOperation { left, right, operator, all, .. } => Plan::SetOperation {
                left: Box::new(self.exactly(&left.0, &left.1)),
                right: Box::new(self.exactly(&right.0, &right.1)),
                operator: *operator,
                all: *all,
            },
            Node::Recursion { id, base, step, distinct, .. } => Plan::Recursion {
                id: *id,
                base: Box::new(self.exactly(&base.0, &base.1)),
                step: Box::new(self.exactly(&step.0, &step.1)),
                distinct: *distinct,
                types: types(),
            },
            Node::Round { id, .. } => Plan::Round { id: *id, types: types() },
            Node::Aggregate { input, group, calls } => {
                let (input, to) = self.input(input);
                Plan::Aggregate {
                    input,
                    group: group.iter().map(|id| to(*id)).collect(),
                    group_types: self.columns.types(group),
                    aggregates: calls.iter().map(|(_, call)| replaced_call(call, &to)).collect(),
                }
            }
            Node::Expand { input, lists, .. } => {
                let before = input.outputs();
                let (input, to) = self.input(input);
                let passed = || before.iter().map(|id| to(*id));
                let list = |list: &Vec<Scalar>| passed().chain(replaced_all(list, &to)).collect();
                Plan::Expand { input, projections: lists.iter().map(list).collect(), types: types() }
            }
            Node::Flatten { input, calls, ordinality, keeps_empty } => {
                return self.flatten(input, (calls, *ordinality, *keeps_empty));
            }
            Node::TopN { input, partition, order, rows } => {
                let before = self.node(input);
                let places = before.places();
                let to = |id: Id| Scalar::Column(place(&places, id));
                let plan = Plan::TopN {
                    partition: partition.iter().map(|id| to(*id)).collect(),
                    partition_types: self.columns.types(partition),
                    order: replaced_order(order, &to),
                    offset: rows.offset,
                    limit: rows.limit,
                    with_ties: rows.with_ties,
                    input: Box::new(before.plan),
                };
                return Lowered { plan, columns: before.columns };
            }
            Node::Window { input, partition, order, calls } => {
                let before = self.node(input);
                let places = before.places();
                let to = |id: Id| Scalar::Column(place(&places, id));
                let plan = Plan::Window {
                    partition: partition.iter().map(|id| to(*id)).collect(),
                    partition_types: self.columns.types(partition),
                    order: replaced_order(order, &to),
                    calls: calls.iter().map(|(_, call)| replaced_window(call, &to)).collect(),
                    input: Box::new(before.plan),
                };
                let columns = before.columns.into_iter().chain(calls.iter().map(|(id, _)| *id)).collect();
                return Lowered { plan, columns };
            }
            Node::Apply { .. } => unreachable!("applies are joins before a node is lowered"),
        };
        Lowered { plan, columns }
    }

    /// A node's plan, and its columns in it.
    fn input(&self, node: &Node) -> (Box<Plan>, impl Fn(Id) -> Scalar + use<>) {
        let lowered = self.node(node);
        let places = lowered.places();
        (Box::new(lowered.plan), move |id: Id| Scalar::Column(place(&places, id)))
    }

    fn flatten(&self, input: &Node, (calls, ordinality, keeps_empty): (&[Call], Option<Id>, bool)) -> Lowered {
        let before = self.node(input);
        let places = before.places();
        let to = |id: Id| Scalar::Column(place(&places, id));
        let call = |(call, _): &Call| replaced_table_call(call, &to);
        let plan = Plan::Flatten {
            calls: calls.iter().map(call).collect(),
            ordinality: ordinality.is_some(),
            keeps_empty,
            input: Box::new(before.plan),
        };
        let made = calls.iter().flat_map(|(_, ids)| ids.iter().copied()).chain(ordinality);
        Lowered { plan, columns: before.columns.into_iter().chain(made).collect() }
    }

    /// Joins with what is computed over them.
    fn cluster(&self, node: &Node) -> Lowered {
        let wanted = node.outputs();
        let mut cluster = Cluster::of(node, self);
        let computed = std::mem::take(&mut cluster.computed);
        let arranged = arranged(cluster, self);
        let places = arranged.places();
        let meaning = |id: &Id| match computed.get(id) {
            Some(scalar) => folded(moved(scalar, &|id| place(&places, id))),
            None => Scalar::Column(place(&places, *id)),
        };
        let expressions = wanted.iter().map(meaning).collect();
        let types = self.columns.types(&wanted);
        Lowered { plan: Plan::Project { input: Box::new(arranged.plan), expressions, types }, columns: wanted }
    }
}

/// `a UNION ALL b UNION ALL c` comes as a union of a union; it is one.
fn branches(plan: Plan) -> Vec<Plan> {
    match plan {
        Plan::UnionAll { inputs } => inputs.into_iter().flat_map(branches).collect(),
        Plan::Project { input, expressions, types } if matches!(*input, Plan::UnionAll { .. }) => branches(*input)
            .into_iter()
            .map(|branch| Plan::Project {
                input: Box::new(branch),
                expressions: expressions.clone(),
                types: types.clone(),
            })
            .collect(),
        other => vec![other],
    }
}

/// Constant rows; a row whose computation fails is computed where it is read, so that the error is the row's.
fn values(rows: &[Vec<Scalar>], types: Vec<SqlType>) -> Plan {
    let constant = |row: &Vec<Scalar>| {
        let value = |scalar: &Scalar| match folded(scalar.clone()) {
            Scalar::Literal(value) => Some(value),
            _ => None,
        };
        row.iter().map(value).collect::<Option<Vec<Value>>>().map(Row::from)
    };
    if let Some(rows) = rows.iter().map(constant).collect() {
        return Plan::Values { rows, types };
    }
    let one = |row: &Vec<Scalar>| Plan::Project {
        input: Box::new(Plan::Values { rows: vec![Row::from(Vec::new())], types: Vec::new() }),
        expressions: row.clone(),
        types: types.clone(),
    };
    Plan::UnionAll { inputs: rows.iter().map(one).collect() }
}
