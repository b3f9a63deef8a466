//! From a plan to a dataflow: numbers the nodes, places their state, and decides how join inputs are found.

use std::collections::BTreeMap;

use smol_str::SmolStr;
use tailwater_connectors::SqlType;

use super::dataflow::{Node, NodeKind};
use super::error::EngineError;
use super::index::Index;
use super::node_key::key_of;
use super::operators::{
    Aggregate, Call, Distinct, Flatten, Multiset, Recursion, SetOperation, TopN, Window, has_forms,
};
use super::plan::{AggregateCall, Plan, RelationName};
use super::registry::{IndexEntry, Registry};
use super::relation::Relation;
use super::scalar::Scalar;

/// What all views share while they are compiled.
pub(super) struct Compiler<'a> {
    pub(super) relations: &'a [Relation],
    pub(super) names: &'a BTreeMap<RelationName, usize>,
    pub(super) registry: &'a mut Registry,
    pub(super) indexes: &'a mut Vec<Index>,
    /// Indexes of the state as it was found.
    pub(super) former: &'a BTreeMap<String, IndexEntry>,
    pub(super) view: SmolStr,
    pub(super) next_node: usize,
    /// The recursion whose step is being compiled.
    pub(super) recursion: Option<usize>,
}

impl Compiler<'_> {
    pub(super) fn unsound(&self, message: impl Into<String>) -> EngineError {
        EngineError::Plan { view: self.view.clone(), message: message.into() }
    }

    pub(super) fn check_columns(&self, scalars: &[&Scalar], width: usize) -> Result<(), EngineError> {
        let beyond = |scalar: &&&Scalar| scalar.columns_used().iter().any(|column| *column >= width);
        match scalars.iter().find(beyond) {
            Some(_) => Err(self.unsound(format!("an expression reads beyond the {width} columns of its input"))),
            None => Ok(()),
        }
    }

    /// Whether a plan hands on the rows of the round that a recursion's step is made from. Their level travels with them, as the
    /// last column of every node up to the top of the step.
    pub(super) fn carries_level(&self, plan: &Plan) -> bool {
        match plan {
            Plan::Round { id, .. } => self.recursion == Some(*id),
            other => self.recursion.is_some() && other.inputs().into_iter().any(|input| self.carries_level(input)),
        }
    }

    /// A list of output columns, with the level where one travels.
    fn projection(
        &self,
        (input, level): (&Node, bool),
        (expressions, types): (&[Scalar], &[SqlType]),
    ) -> Result<Vec<Scalar>, EngineError> {
        self.check_columns(&expressions.iter().collect::<Vec<_>>(), input.types.len())?;
        if expressions.len() != types.len() {
            return Err(self.unsound("a projection has another number of types than of expressions"));
        }
        let level = level.then(|| Scalar::Column(input.types.len() - 1));
        Ok(expressions.iter().cloned().chain(level).collect())
    }

    /// Compiles a plan node and all below it.
    pub(super) fn node(&mut self, plan: &Plan) -> Result<Node, EngineError> {
        let id = self.next_node;
        self.next_node += 1;
        let (types, kind) = match plan {
            Plan::Scan { relation, columns } => self.scan(relation, columns)?,
            Plan::Values { rows, types } => {
                if rows.iter().any(|row| row.len() != types.len()) {
                    return Err(self.unsound("a constant row has another width than its types"));
                }
                (types.clone(), NodeKind::Values(rows.clone()))
            }
            Plan::Project { input, expressions, types } => {
                let level = self.carries_level(input);
                let input = Box::new(self.node(input)?);
                let expressions = self.projection((&input, level), (expressions, types))?;
                (with_level(types, level), NodeKind::Project { input, expressions })
            }
            Plan::Filter { input, predicate } => {
                let input = Box::new(self.node(input)?);
                self.check_columns(&[predicate], input.types.len())?;
                (input.types.clone(), NodeKind::Filter { input, predicate: predicate.clone() })
            }
            Plan::Join { inputs } => self.join(id, inputs)?,
            Plan::Aggregate { input, group, group_types, aggregates } => {
                let input = self.node(input)?;
                self.aggregate(id, (input, group, group_types), aggregates)?
            }
            // Rows of a recursion that counts each row once need not be distinct on the way.
            Plan::Distinct { input } if self.carries_level(input) => return self.node(input),
            Plan::Distinct { input } => {
                let input = self.node(input)?;
                let rows = Multiset { table: self.table(id, "rows") };
                (input.types.clone(), NodeKind::Distinct(Box::new(Distinct { input, rows })))
            }
            Plan::UnionAll { inputs } => {
                let nodes = inputs.iter().map(|input| self.node(input)).collect::<Result<Vec<_>, _>>()?;
                let types = nodes.first().map(|node| node.types.clone()).unwrap_or_default();
                if nodes.is_empty() || nodes.iter().any(|node| node.types.len() != types.len()) {
                    return Err(self.unsound("the inputs of a union have different widths"));
                }
                (types, NodeKind::UnionAll(nodes))
            }
            Plan::Expand { input, projections, types } => {
                let level = self.carries_level(input);
                let input = Box::new(self.node(input)?);
                let lists = projections.iter().map(|list| self.projection((&input, level), (list, types)));
                let projections = lists.collect::<Result<_, _>>()?;
                (with_level(types, level), NodeKind::Expand { input, projections })
            }
            Plan::Flatten { .. } => boxed(Flatten::compile(self, id, plan)?, NodeKind::Flatten),
            Plan::SetOperation { .. } => boxed(SetOperation::compile(self, id, plan)?, NodeKind::SetOperation),
            Plan::TopN { .. } => boxed(TopN::compile(self, id, plan)?, NodeKind::TopN),
            Plan::Window { .. } => boxed(Window::compile(self, id, plan)?, NodeKind::Window),
            Plan::Recursion { .. } => boxed(Recursion::compile(self, id, plan)?, NodeKind::Recursion),
            Plan::Round { id, types } if self.recursion == Some(*id) => {
                (with_level(types, true), NodeKind::Round { recursion: *id })
            }
            Plan::Round { .. } => return Err(self.unsound("a round is read outside its recursion")),
        };
        // Rows of a recursion's rounds stand there once per level.
        let key = if self.carries_level(plan) { None } else { key_of(&kind, types.len(), self.relations) };
        Ok(Node { id, types, key, kind })
    }

    pub(super) fn table(&mut self, node: usize, what: &str) -> crate::state::TableId {
        let view = self.view.clone();
        self.registry.operator_table(&view, format!("{node}/{what}"))
    }

    pub(super) fn relation(&self, name: &RelationName) -> Result<usize, EngineError> {
        self.names.get(name).copied().ok_or_else(|| self.unsound(format!("there is no relation {name:?}")))
    }

    fn scan(&self, name: &RelationName, columns: &[usize]) -> Result<(Vec<SqlType>, NodeKind), EngineError> {
        let place = self.relation(name)?;
        let types = &self.relations[place].types;
        if columns.iter().any(|column| *column >= types.len()) {
            return Err(self.unsound("a scan reads a column that its relation does not have"));
        }
        let all = columns.len() == types.len() && columns.iter().enumerate().all(|(place, column)| place == *column);
        let narrowed = (!all).then(|| columns.to_vec());
        let types = columns.iter().map(|column| types[*column].clone()).collect();
        Ok((types, NodeKind::Scan { relation: place, columns: narrowed }))
    }

    fn aggregate(
        &mut self,
        id: usize,
        (input, group, group_types): (Node, &[Scalar], &[SqlType]),
        calls: &[AggregateCall],
    ) -> Result<(Vec<SqlType>, NodeKind), EngineError> {
        let arguments = calls.iter().flat_map(|call| {
            call.arguments.iter().chain(&call.filter).chain(call.order.iter().map(|key| &key.expression))
        });
        self.check_columns(&group.iter().chain(arguments).collect::<Vec<_>>(), input.types.len())?;
        if group.len() != group_types.len() {
            return Err(self.unsound("a group has another number of types than of columns"));
        }
        let mut compiled = Vec::with_capacity(calls.len());
        for (place, call) in calls.iter().enumerate() {
            super::operators::check_call(call).map_err(|message| self.unsound(message))?;
            let values =
                Call::remembers(call).then(|| Multiset { table: self.table(id, &format!("values of {place}")) });
            compiled.push(Call { call: call.clone(), values });
        }
        let shown = calls.iter().map(|call| call.result_type.clone());
        let types = group_types.iter().cloned().chain(shown).collect();
        let table = self.table(id, "groups");
        let (group, group_types) = (group.to_vec(), group_types.to_vec());
        let forms = group_types.iter().any(has_forms).then(|| Multiset { table: self.table(id, "forms") });
        let aggregate = Aggregate { input, group, group_types, calls: compiled, table, forms };
        Ok((types, NodeKind::Aggregate(Box::new(aggregate))))
    }
}

fn with_level(types: &[SqlType], level: bool) -> Vec<SqlType> {
    types.iter().cloned().chain(level.then_some(SqlType::Int8)).collect()
}

fn boxed<T>((types, operator): (Vec<SqlType>, T), kind: fn(Box<T>) -> NodeKind) -> (Vec<SqlType>, NodeKind) {
    (types, kind(Box::new(operator)))
}
