//! Queries: WITH, the body, ORDER BY and LIMIT.

use std::collections::BTreeMap;
use std::rc::Rc;

use sqlparser::ast::{Cte, Query, SetExpr, With};
use tailwater_connectors::SqlType;

use super::super::error::{Code, Refusal, Result};
use super::super::names::fold;
use super::super::node::Node;
use super::super::place::{place_of, place_of_name};
use super::binder::{Binder, Bound, CteMeaning, Output};
use super::order::{Ordering, expressions};
use crate::engine::scalar::bind::{Derivation, Typed};

impl Binder<'_> {
    /// A query with everything in it.
    pub(super) fn query(&mut self, query: &Query) -> Result<Bound> {
        self.count_query()?;
        refuse_clauses(query)?;
        self.nested(|this| {
            this.ctes.push(BTreeMap::new());
            let result = this.with(query.with.as_ref()).and_then(|()| this.query_body(query));
            this.ctes.pop();
            result
        })
    }

    fn query_body(&mut self, query: &Query) -> Result<Bound> {
        let order = expressions(query.order_by.as_ref())?;
        let range = self.row_range(query)?;
        let place = query.order_by.as_ref().and_then(place_of);
        match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, (order, place), range),
            body => {
                let bound = self.set_expression(body)?;
                let mut bound = if order.is_empty() { bound } else { self.with_columns(bound)? };
                let keys = self.order_by_outputs(order, &bound.outputs)?;
                if !keys.is_empty() {
                    bound.order = Ordering { keys, place };
                }
                let Some(rows) = range else { return Ok(bound) };
                let order = std::mem::take(&mut bound.order).keys;
                let mut bound = self.with_columns(bound)?;
                let input = Box::new(bound.node);
                bound.node = Node::TopN { input, partition: Vec::new(), order, rows };
                Ok(bound)
            }
        }
    }

    /// The body of a query without ORDER BY and LIMIT.
    pub(super) fn set_expression(&mut self, body: &SetExpr) -> Result<Bound> {
        self.nested(|this| match body {
            SetExpr::Select(select) => this.select(select, (&[], None), None),
            SetExpr::Query(query) => this.query(query),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                this.set_operation((left, right), *op, *set_quantifier)
            }
            SetExpr::Values(values) => this.values(values),
            SetExpr::Table(_) => {
                Err(Refusal::new(Code::Unsupported, "TABLE is not kept").at(place_of(body)).hint("write SELECT * FROM"))
            }
            other => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT").at(place_of(other))),
        })
    }

    /// All outputs as columns of the node.
    pub(super) fn with_columns(&mut self, bound: Bound) -> Result<Bound> {
        let order = bound.order.clone();
        let (node, outputs) = self.settled(bound)?;
        let output = |(name, id): (String, usize)| Output { name, typed: self.column(id) };
        let outputs = outputs.into_iter().map(output).collect();
        Ok(Bound { node, outputs, order })
    }

    fn with(&mut self, with: Option<&With>) -> Result<()> {
        for cte in with.iter().flat_map(|with| &with.cte_tables) {
            self.cte(cte, with.is_some_and(|with| with.recursive))?;
        }
        Ok(())
    }

    fn cte(&mut self, cte: &Cte, recursive: bool) -> Result<()> {
        let name = fold(&cte.alias.name);
        let columns: Vec<String> = cte.alias.columns.iter().map(|column| fold(&column.name)).collect();
        let (query, columns, frame) = (Rc::new((*cte.query).clone()), Rc::new(columns), self.ctes.len());
        let refers = recursive && super::recursive::refers_to(&query, &name);
        let meaning = if refers {
            CteMeaning::Recursive { query, columns, frame }
        } else {
            CteMeaning::Query { query, columns, frame }
        };
        // Each is bound once here, so that what is wrong in it is found even when nobody reads it.
        let frame = self.ctes.last_mut().ok_or_else(|| super::binder::internal("WITH outside a query"))?;
        if frame.insert(name.clone(), meaning.clone()).is_some() {
            let message = format!("WITH query name \"{name}\" is given twice");
            return Err(Refusal::new(Code::AmbiguousTable, message).at(place_of_name(&cte.alias.name)));
        }
        self.cte_rows(&name, &meaning).map(drop)
    }

    /// The rows of a name of WITH, bound where it was defined.
    pub(super) fn cte_rows(&mut self, name: &str, meaning: &CteMeaning) -> Result<(Node, Vec<(String, usize)>)> {
        match meaning {
            CteMeaning::Round { id, names, types } => {
                let add = |(sql_type, collation): &(SqlType, Derivation)| {
                    self.columns.add_collated(sql_type.clone(), true, collation.clone())
                };
                let columns: Vec<usize> = types.iter().map(add).collect();
                let node = Node::Round { id: *id, columns: columns.clone() };
                Ok((node, names.iter().cloned().zip(columns).collect()))
            }
            CteMeaning::Query { query, columns, frame } => self.in_frame(name, *frame, |this| {
                let bound = this.query(query)?;
                let (node, outputs) = this.settled(bound)?;
                Ok((node, renamed(outputs, columns)))
            }),
            CteMeaning::Recursive { query, columns, frame } => {
                self.in_frame(name, *frame, |this| this.recursion(name, query, columns))
            }
        }
    }

    /// Runs `work` with only those names of WITH in force that were when `name` was defined in this frame.
    fn in_frame<T>(&mut self, name: &str, frame: usize, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let inner = self.ctes.split_off(frame);
        let hidden = self.ctes.last_mut().and_then(|frame| frame.remove(name));
        let result = work(self);
        if let (Some(frame), Some(hidden)) = (self.ctes.last_mut(), hidden) {
            frame.insert(name.to_owned(), hidden);
        }
        self.ctes.extend(inner);
        result
    }
}

/// Gives the first columns other names.
pub(super) fn renamed(mut columns: Vec<(String, usize)>, names: &[String]) -> Vec<(String, usize)> {
    for (column, name) in columns.iter_mut().zip(names) {
        column.0.clone_from(name);
    }
    columns
}

/// An output of these columns.
pub(super) fn outputs_of(columns: Vec<(String, Typed)>) -> Vec<Output> {
    columns.into_iter().map(|(name, typed)| Output { name, typed }).collect()
}

fn refuse_clauses(query: &Query) -> Result<()> {
    let place = place_of(query);
    if !query.locks.is_empty() {
        return Err(Refusal::new(Code::Locking, "a view locks nothing")
            .at(place)
            .hint("remove FOR UPDATE or FOR SHARE"));
    }
    if query.for_clause.is_some()
        || query.settings.is_some()
        || query.format_clause.is_some()
        || !query.pipe_operators.is_empty()
    {
        return Err(Refusal::new(Code::Unsupported, "a clause that is not SQL of Postgres").at(place));
    }
    Ok(())
}
