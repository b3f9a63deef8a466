//! UNION ALL and VALUES: one type for every column, by Postgres' rules, across branches or rows.

use tailwater_connectors::SqlType;

use super::super::error::{Code, Refusal, Result};
use super::super::relation::{Bound, Node, OutputColumn};
use super::expression::{internal, settled, type_refusal};
use super::node::project;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// All rows of all inputs.
pub(super) fn union_all(inputs: Vec<Bound>) -> Result<Bound> {
    let (inputs, rows): (Vec<Bound>, Vec<Vec<Typed>>) = inputs.into_iter().map(split).unzip();
    let rows = unified(rows)?;
    let branches: Vec<Bound> = inputs.into_iter().zip(rows).map(|(input, row)| project(input, row)).collect();
    let mut columns = branches.first().map(|branch| branch.columns.clone()).unwrap_or_default();
    for branch in &branches {
        for (column, other) in columns.iter_mut().zip(&branch.columns) {
            column.nullable |= other.nullable;
        }
    }
    Ok(Bound { node: Node::UnionAll(branches), columns })
}

/// Constant rows.
pub(super) fn values(rows: Vec<Vec<Typed>>) -> Result<Bound> {
    let rows = unified(rows)?;
    let types: Vec<SqlType> = rows.first().into_iter().flatten().map(|typed| typed.sql_type.clone()).collect();
    let columns = types.into_iter().map(|sql_type| OutputColumn { sql_type, nullable: true }).collect();
    let scalars = rows.into_iter().map(|row| row.into_iter().map(|typed| typed.scalar).collect()).collect();
    Ok(Bound { node: Node::Values(scalars), columns })
}

/// A node as its input and the expressions over it: literals of open type can still take any type.
pub(super) fn split(bound: Bound) -> (Bound, Vec<Typed>) {
    match bound.node {
        Node::Project { input, expressions } => (*input, expressions),
        node => {
            let columns = bound
                .columns
                .iter()
                .enumerate()
                .map(|(index, column)| Typed { scalar: Scalar::Column(index), sql_type: column.sql_type.clone() });
            let columns = columns.collect();
            (Bound { node, columns: bound.columns }, columns)
        }
    }
}

fn unified(rows: Vec<Vec<Typed>>) -> Result<Vec<Vec<Typed>>> {
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        return Err(Refusal::new(Code::Types, "each UNION query must have the same number of columns"));
    }
    let mut cells: Vec<Vec<Option<Typed>>> = rows.into_iter().map(|row| row.into_iter().map(Some).collect()).collect();
    for column in 0..width {
        let taken: Option<Vec<Typed>> = cells.iter_mut().map(|row| row[column].take()).collect();
        let taken = taken.ok_or_else(|| internal("a column of a union is missing"))?;
        let (typed, _) = bind::unify(taken).map_err(type_refusal)?;
        for (row, typed) in cells.iter_mut().zip(typed) {
            row[column] = Some(settled(typed)?);
        }
    }
    Ok(cells.into_iter().map(|row| row.into_iter().flatten().collect()).collect())
}
