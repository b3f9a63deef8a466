//! WITH RECURSIVE: `base UNION [ALL] step`, where `step` reads the query's own name once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Query, SetExpr, SetOperator, SetQuantifier, Visit, Visitor};

use super::super::error::{Code, Refusal, Result};
use super::super::names::parts;
use super::super::node::Node;
use super::super::place::place_of;
use super::binder::{Binder, CteMeaning};
use super::query::renamed;
use super::text_order::conflict;
use crate::engine::scalar::bind::{AnyCollation, Derivation, Typed};

impl Binder<'_> {
    /// The rows of a recursive query.
    pub(super) fn recursion(
        &mut self,
        name: &str,
        query: &Query,
        names: &[String],
    ) -> Result<(Node, Vec<(String, usize)>)> {
        let place = place_of(query);
        let SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right } = query.body.as_ref() else {
            return Err(Refusal::new(
                Code::Recursive,
                format!(
                    "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
                ),
            )
            .at(place));
        };
        let distinct = *set_quantifier != SetQuantifier::All;
        if query.order_by.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
            return Err(Refusal::new(Code::Recursive, "ORDER BY and LIMIT in a recursive query are not kept")
                .at(place)
                .hint("put them into the query that reads it"));
        }
        if mentions(left.as_ref(), name) {
            let message =
                format!("recursive reference to query \"{name}\" must not appear within its non-recursive term");
            return Err(Refusal::new(Code::Recursive, message).at(place));
        }
        self.ctes.push(BTreeMap::new());
        let result = self.nested(|this| this.rounds(name, (left, right, distinct), (query, names)));
        self.ctes.pop();
        result
    }

    fn rounds(
        &mut self,
        name: &str,
        (left, right, distinct): (&SetExpr, &SetExpr, bool),
        (query, names): (&Query, &[String]),
    ) -> Result<(Node, Vec<(String, usize)>)> {
        if let Some(cte) = query.with.iter().flat_map(|with| &with.cte_tables).next() {
            return Err(Refusal::new(Code::Recursive, "WITH inside a recursive query is not kept")
                .at(place_of(cte))
                .hint("write it before the recursive query"));
        }
        self.recursions += 1;
        let id = self.recursions;
        let base = self.set_expression(left)?;
        let (base, outputs) = self.settled(base)?;
        let base_columns: Vec<usize> = outputs.iter().map(|(_, id)| *id).collect();
        let typed = |id: &usize| (self.columns.sql_type(*id).clone(), self.columns.collation(*id).clone());
        let types: Vec<_> = base_columns.iter().map(typed).collect();
        if distinct {
            base_columns.iter().try_for_each(|id| self.groupable(&self.column(*id), place_of(query)))?;
        }
        let outputs = renamed(outputs, names);
        let meaning = CteMeaning::Round {
            id,
            names: outputs.iter().map(|(name, _)| name.clone()).collect(),
            types: types.clone(),
        };
        if let Some(frame) = self.ctes.last_mut() {
            frame.insert(name.to_owned(), meaning);
        }
        let step = self.set_expression(right)?;
        let (step, step_outputs) = self.settled(step)?;
        let step_columns: Vec<usize> = step_outputs.iter().map(|(_, id)| *id).collect();
        self.fits((name, &outputs), &base_columns, &step_columns)?;
        let columns = types.into_iter().map(|(sql_type, own)| self.columns.add_collated(sql_type, true, own));
        let columns: Vec<usize> = columns.collect();
        let named = outputs.into_iter().map(|(name, _)| name).zip(columns.iter().copied()).collect();
        let (base, step) = (Box::new((base, base_columns)), Box::new((step, step_columns)));
        Ok((Node::Recursion { id, base, step, distinct, columns }, named))
    }

    fn fits(&self, (name, outputs): (&str, &[(String, usize)]), base: &[usize], step: &[usize]) -> Result<()> {
        if base.len() != step.len() {
            return Err(Refusal::new(Code::Types, "each UNION query must have the same number of columns"));
        }
        for (place, (one, other)) in base.iter().zip(step).enumerate() {
            let (base, step) = (self.columns.sql_type(*one), self.columns.sql_type(*other));
            let numeric = |sql_type: &tailwater_connectors::SqlType| {
                matches!(sql_type, tailwater_connectors::SqlType::Numeric(_))
            };
            if base != step && !(numeric(base) && numeric(step)) {
                let message = format!(
                    "recursive query \"{name}\" column \"{}\" has type {base} in non-recursive term but type {step} overall",
                    outputs[place].0
                );
                return Err(Refusal::new(Code::Types, message)
                    .hint("cast the output of the non-recursive term to the correct type"));
            }
            let sides = [self.column(*one), self.column(*other)];
            match Derivation::merged(&sides).settled() {
                merged if merged == sides[0].collation => {}
                _ => return Err(conflict(&of(&sides[0]), &of(&sides[1]))),
            }
        }
        Ok(())
    }
}

fn of(typed: &Typed) -> AnyCollation {
    match &typed.collation {
        Derivation::Implicit(collation) => collation.clone(),
        _ => None,
    }
}

/// Whether a query reads a table of this name.
pub(super) fn refers_to(query: &Query, name: &str) -> bool {
    mentions(query, name)
}

fn mentions(node: &impl Visit, name: &str) -> bool {
    struct Search<'a>(&'a str);
    impl Visitor for Search<'_> {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            match parts(relation).as_deref() {
                Some([only]) if only == self.0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    node.visit(&mut Search(name)).is_break()
}
