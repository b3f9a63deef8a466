//! UNION, INTERSECT, EXCEPT and VALUES: one type for every column, by Postgres' rules, across branches or rows.

use sqlparser::ast::{SetExpr, SetOperator as Written, SetQuantifier, Values};
use tailwater_connectors::SqlType;

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::node::Node;
use super::super::place::place_of;
use super::binder::{Binder, Bound, Output, internal, settled, type_refusal};
use super::level::{Clause, Level};
use super::order::Ordering;
use super::scope::Scope;
use crate::engine::plan::SetOperator;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Derivation, Typed};

impl Binder<'_> {
    /// A set operation.
    pub(super) fn set_operation(
        &mut self,
        (left, right): (&SetExpr, &SetExpr),
        operator: Written,
        quantifier: SetQuantifier,
    ) -> Result<Bound> {
        let place = place_of(right);
        let all = match quantifier {
            SetQuantifier::All => true,
            SetQuantifier::Distinct | SetQuantifier::None => false,
            _ => return Err(Refusal::new(Code::Unsupported, "BY NAME is not SQL of Postgres").at(place)),
        };
        let (left, right) = (self.set_expression(left)?, self.set_expression(right)?);
        let (node, outputs) = self.branches(left, right, (&operator.to_string(), place))?;
        let (left, right) = node;
        let columns: Vec<Id> = outputs.iter().map(|(_, id)| *id).collect();
        if !(all && operator == Written::Union) {
            columns.iter().try_for_each(|id| self.groupable(&self.column(*id), place))?;
        }
        let set = |operator| Node::SetOperation {
            left: Box::new(left.clone()),
            right: Box::new(right.clone()),
            operator,
            all,
            columns: columns.clone(),
        };
        let node = match operator {
            Written::Union => {
                let union = Node::UnionAll { inputs: vec![left, right], columns: columns.clone() };
                if all { union } else { Node::Distinct { input: Box::new(union), columns: columns.clone() } }
            }
            Written::Intersect => set(SetOperator::Intersect),
            Written::Except => set(SetOperator::Except),
            Written::Minus => return Err(Refusal::new(Code::Unsupported, "MINUS is not SQL of Postgres").at(place)),
        };
        let outputs = outputs.into_iter().map(|(name, id)| Output { name, typed: self.column(id) }).collect();
        Ok(Bound { node, outputs, order: Ordering::default() })
    }

    /// Both branches with their columns in common types, and the columns of the result.
    #[expect(clippy::type_complexity, reason = "taken apart where it is called")]
    pub(super) fn branches(
        &mut self,
        left: Bound,
        right: Bound,
        (operator, place): (&str, Option<Place>),
    ) -> Result<(((Node, Vec<Id>), (Node, Vec<Id>)), Vec<(String, Id)>)> {
        if left.outputs.len() != right.outputs.len() {
            let message = format!("each {operator} query must have the same number of columns");
            return Err(Refusal::new(Code::Types, message).at(place));
        }
        let names: Vec<String> = left.outputs.iter().map(|output| output.name.clone()).collect();
        let rows = [&left, &right].map(|bound| bound.outputs.iter().map(|output| output.typed.clone()).collect());
        let rows = unified(rows.into()).map_err(|refusal| refusal.at(place))?;
        let collations = collations(&rows).map_err(|refusal| refusal.at(place))?;
        let mut branches = Vec::new();
        for (node, row) in [left.node, right.node].into_iter().zip(rows) {
            let mut computed = Vec::new();
            let made = node.outputs();
            let ids: Vec<Id> = row.into_iter().map(|typed| self.column_of(typed, &made, &mut computed)).collect();
            branches.push((node.mapped(computed), ids));
        }
        let right = branches.pop().ok_or_else(|| internal("a set operation with one side"))?;
        let left = branches.pop().ok_or_else(|| internal("a set operation with no side"))?;
        let columns = left.1.iter().zip(&right.1).map(|(one, other)| {
            let nullable = self.columns.is_nullable(*one) || self.columns.is_nullable(*other);
            (self.columns.sql_type(*one).clone(), nullable)
        });
        let columns: Vec<_> = columns.zip(collations).collect();
        let columns = columns
            .into_iter()
            .map(|((sql_type, nullable), collation)| self.columns.add_collated(sql_type, nullable, collation));
        let outputs = names.into_iter().zip(columns).collect();
        Ok(((left, right), outputs))
    }

    /// VALUES as a query.
    pub(super) fn values(&mut self, values: &Values) -> Result<Bound> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut rows = Vec::new();
        self.levels.push(Level::new(Scope::default(), Node::one_row(), Clause::From));
        for row in &values.rows {
            if row.content.len() != width || width == 0 {
                self.levels.pop();
                return Err(
                    Refusal::new(Code::Types, "VALUES lists must all be the same length").at(place_of(&row.content[0]))
                );
            }
            let cells = row.content.iter().map(|cell| self.expression(cell)).collect::<Result<Vec<_>>>();
            match cells {
                Ok(cells) => rows.push(cells),
                Err(refusal) => {
                    self.levels.pop();
                    return Err(refusal);
                }
            }
        }
        let level = self.levels.pop().ok_or_else(|| internal("a level is missing"))?;
        let rows = unified(rows)?;
        let types: Vec<SqlType> = rows.first().into_iter().flatten().map(|typed| typed.sql_type.clone()).collect();
        let typed = types.into_iter().zip(collations(&rows)?);
        let columns: Vec<Id> =
            typed.map(|(sql_type, collation)| self.columns.add_collated(sql_type, true, collation)).collect();
        let node = self.rows(rows, level.node, &columns);
        let named = columns.iter().enumerate().map(|(place, id)| (format!("column{}", place + 1), self.column(*id)));
        let outputs = super::query::outputs_of(named.collect());
        Ok(Bound { node, outputs, order: Ordering::default() })
    }

    /// Constant rows; rows that refer to what is around, or that hold subqueries, are computed one by one.
    fn rows(&mut self, rows: Vec<Vec<Typed>>, base: Node, columns: &[Id]) -> Node {
        let plain = matches!(&base, Node::Values { .. });
        let reads = rows.iter().flatten().any(|typed| !super::super::scalars::columns_of(&typed.scalar).is_empty());
        if plain && !reads {
            let rows = rows.into_iter().map(|row| row.into_iter().map(|typed| typed.scalar).collect()).collect();
            return Node::Values { rows, columns: columns.to_vec() };
        }
        let mut inputs = Vec::new();
        for row in rows {
            let base = super::super::rename::fresh_copy(&base, &mut self.columns);
            let to = |id: Id| Scalar::Column(base.1.get(&id).copied().unwrap_or(id));
            let made = row.into_iter().map(|typed| {
                let id = self.columns.add(typed.sql_type, true);
                (id, super::super::scalars::replaced(&typed.scalar, &to))
            });
            let made: Vec<(Id, Scalar)> = made.collect();
            let ids = made.iter().map(|(id, _)| *id).collect();
            inputs.push((base.0.mapped(made), ids));
        }
        Node::UnionAll { inputs, columns: columns.to_vec() }
    }
}

/// Rows in common types, column by column.
fn unified(rows: Vec<Vec<Typed>>) -> Result<Vec<Vec<Typed>>> {
    let width = rows.first().map_or(0, Vec::len);
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

/// The collation of each column of these rows.
fn collations(rows: &[Vec<Typed>]) -> Result<Vec<Derivation>> {
    let width = rows.first().map_or(0, Vec::len);
    let merged = |place: usize| match Derivation::merged(rows.iter().map(|row| &row[place])) {
        Derivation::Mismatch(one, other) => Err(super::text_order::mismatch(&one, &other)),
        other => Ok(other),
    };
    (0..width).map(merged).collect()
}

/// Grouping and DISTINCT compare values.
pub(super) fn refuse_without_equality(sql_type: &SqlType) -> Result<()> {
    let side = || Typed::new(Scalar::Column(0), sql_type.clone());
    match bind::operator("=", vec![side(), side()]) {
        Ok(_) => Ok(()),
        Err(_) => {
            let message = format!("could not identify an equality operator for type {sql_type}");
            Err(Refusal::new(Code::Types, message).hint("leave the column out, or cast it to text"))
        }
    }
}
