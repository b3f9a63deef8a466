//! Bound nodes → the engine's plan.

use tailwater_connectors::{Row, SqlType, Value};

use super::arrange::arranged;
use super::cluster::Cluster;
use super::keys::Relations;
use super::relation::{Bound, Node};
use super::scalars::{folded, moved, replaced, replaced_call};
use crate::engine::plan::Plan;
use crate::engine::scalar::Scalar;

/// The plan of a node, with all columns of all relations.
pub(super) fn lower(bound: &Bound, relations: &Relations) -> Plan {
    match &bound.node {
        Node::Scan(relation) => {
            Plan::Scan { relation: relation.name.clone(), columns: (0..relation.columns.len()).collect() }
        }
        Node::Values(rows) => values(rows, bound.types()),
        Node::Distinct(input) => Plan::Distinct { input: Box::new(lower(input, relations)) },
        Node::UnionAll(inputs) => {
            Plan::UnionAll { inputs: inputs.iter().flat_map(|input| branches(lower(input, relations))).collect() }
        }
        Node::Aggregate { input, group, aggregates } => {
            let (plan, outputs) = rows_of(input, relations);
            let output = |column: usize| outputs[column].clone();
            Plan::Aggregate {
                input: Box::new(plan),
                group: group.iter().map(|typed| folded(replaced(&typed.scalar, &output))).collect(),
                group_types: group.iter().map(|typed| typed.sql_type.clone()).collect(),
                aggregates: aggregates.iter().map(|call| replaced_call(call, &output)).collect(),
            }
        }
        Node::Project { .. } | Node::Filter { .. } | Node::Join { .. } => {
            let (plan, outputs) = rows_of(bound, relations);
            let expressions = outputs.into_iter().map(folded).collect();
            Plan::Project { input: Box::new(plan), expressions, types: bound.types() }
        }
    }
}

/// A plan, and the node's columns over the plan's.
fn rows_of(bound: &Bound, relations: &Relations) -> (Plan, Vec<Scalar>) {
    let mut cluster = Cluster::of(bound, relations);
    let outputs = std::mem::take(&mut cluster.outputs);
    let arranged = arranged(cluster, relations);
    let outputs = outputs.iter().map(|output| moved(output, &|column| arranged.places[column])).collect();
    (arranged.plan, outputs)
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
