//! Joins: the wide row of a join, and how each input is found: in place in its relation, or in private arrangements.

use std::collections::BTreeMap;

use tailwater_connectors::SqlType;

use super::compile::Compiler;
use super::dataflow::NodeKind;
use super::error::EngineError;
use super::index::Index;
use super::operators::{Access, Arrangement, Input, Join, PlanAccess, Shape, Store, plan_terms};
use super::plan::{JoinInput, JoinKey, JoinKind, Plan};
use super::registry::IndexEntry;
use super::scalar::Scalar;

/// A relation, filtered and narrowed: what joins can read in place.
struct Narrowed {
    relation: usize,
    filters: Vec<Scalar>,
    columns: Vec<usize>,
}

impl Compiler<'_> {
    /// Compiles [`Plan::Join`].
    pub(super) fn join(&mut self, id: usize, inputs: &[JoinInput]) -> Result<(Vec<SqlType>, NodeKind), EngineError> {
        let starts_well =
            |first: &JoinInput| first.kind == JoinKind::Inner && first.keys.is_empty() && first.residual.is_none();
        if inputs.len() < 2 || !starts_well(&inputs[0]) {
            return Err(self.unsound("a join needs two inputs, and its first has no condition"));
        }
        let mut layout = Layout::default();
        let mut compiled = Vec::with_capacity(inputs.len());
        for input in inputs {
            let node = self.node(&input.plan)?;
            let carries_level = self.carries_level(&input.plan);
            layout.add(input, &node.types, carries_level).map_err(|message| self.unsound(message))?;
            let store = match self.narrowed(&input.plan)? {
                Some(Narrowed { relation, filters, columns }) => Store::Relation { relation, filters, columns },
                None => Store::Private { arrangements: Vec::new() },
            };
            compiled.push(Input { node, store });
        }
        let shape = layout.finish();
        let types = shape.output.iter().map(|column| shape.types[*column].clone()).collect();
        let mut places = InputPlaces { compiler: self, node: id, inputs: &mut compiled };
        let terms = plan_terms(&shape, &mut places);
        Ok((types, NodeKind::Join(Box::new(Join { node: id, inputs: compiled, shape, terms }))))
    }

    /// A plan that only filters and narrows a relation.
    fn narrowed(&self, plan: &Plan) -> Result<Option<Narrowed>, EngineError> {
        match plan {
            Plan::Scan { relation, columns } => {
                let relation = self.relation(relation)?;
                Ok(Some(Narrowed { relation, filters: Vec::new(), columns: columns.clone() }))
            }
            Plan::Filter { input, predicate } => Ok(self.narrowed(input)?.map(|mut narrowed| {
                let mut filter = predicate.clone();
                filter.map_columns(|column| narrowed.columns[column]);
                narrowed.filters.push(filter);
                narrowed
            })),
            Plan::Project { input, expressions, .. } => {
                let column = |expression: &Scalar| match expression {
                    Scalar::Column(column) => Some(*column),
                    _ => None,
                };
                let Some(columns) = expressions.iter().map(column).collect::<Option<Vec<_>>>() else { return Ok(None) };
                Ok(self.narrowed(input)?.map(|narrowed| Narrowed {
                    columns: columns.iter().map(|column| narrowed.columns[*column]).collect(),
                    ..narrowed
                }))
            }
            _ => Ok(None),
        }
    }

    /// The shared index on these columns of a relation; made when there is none.
    fn index(&mut self, relation: usize, columns: Vec<usize>) -> usize {
        let known = |index: &Index| index.relation == relation && index.columns == columns;
        if let Some(place) = self.indexes.iter().position(known) {
            return place;
        }
        let on = &self.relations[relation];
        let name = format!("{:?} by {columns:?}", on.name);
        let entry = match self.former.get(&name).filter(|entry| entry.relation == on.table && entry.complete) {
            Some(entry) => entry.clone(),
            None => IndexEntry { table: self.registry.allocate(), relation: on.table, complete: false },
        };
        self.indexes.push(Index {
            relation,
            columns,
            table: entry.table,
            name: name.clone(),
            complete: entry.complete,
        });
        self.registry.indexes.insert(name, entry);
        self.indexes.len() - 1
    }
}

/// The wide row, as it grows by the inputs.
#[derive(Default)]
struct Layout {
    shape: Shape,
    /// Columns of the wide row that the plan's concatenation has so far.
    visible: Vec<usize>,
    /// Column of the level that an input carries through a recursion's step; no one refers to it, the output has it last.
    level: Option<usize>,
}

impl Layout {
    fn add(&mut self, input: &JoinInput, types: &[SqlType], carries_level: bool) -> Result<(), &'static str> {
        let shape = &mut self.shape;
        let (start, before) = (shape.types.len(), self.visible.len());
        let width = types.len() - usize::from(carries_level);
        let wide: Vec<usize> = self.visible.iter().copied().chain(start..start + width).collect();
        if input.keys.iter().any(|key| key.before >= before || key.own >= width) {
            return Err("a join key names a column that is not there");
        }
        let mut residual = input.residual.clone();
        if residual.iter().flat_map(Scalar::columns_used).any(|column| column >= wide.len()) {
            return Err("a join condition reads a column that is not there");
        }
        shape.conditions.push(condition_text(input, before));
        residual.iter_mut().for_each(|residual| residual.map_columns(|column| wide[column]));
        let keys = input.keys.iter().map(|key| JoinKey { before: wide[key.before], ..*key });
        shape.keys.push(keys.collect());
        shape.residuals.push(residual);
        shape.kinds.push(input.kind);
        shape.types.extend_from_slice(types);
        match input.kind {
            JoinKind::Inner | JoinKind::Left => self.visible = wide,
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Mark => {
                self.visible.push(shape.types.len());
                shape.types.push(SqlType::Bool);
            }
        }
        shape.offsets.push(shape.types.len());
        if carries_level {
            self.level = Some(start + width);
        }
        Ok(())
    }

    fn finish(mut self) -> Shape {
        self.shape.output = self.visible.into_iter().chain(self.level).collect();
        self.shape
    }
}

/// An input's condition over the columns of the plan.
fn condition_text(input: &JoinInput, before: usize) -> String {
    let keys = input.keys.iter().map(|key| {
        let symbol = if key.null_safe { "is not distinct from" } else { "=" };
        format!("#{} {symbol} #{}", key.before, before + key.own)
    });
    let parts: Vec<String> = keys.chain(input.residual.iter().map(|residual| residual.to_string())).collect();
    parts.join(" and ")
}

/// Decides how the inputs of one join are found.
struct InputPlaces<'c, 'a> {
    compiler: &'c mut Compiler<'a>,
    node: usize,
    inputs: &'c mut Vec<Input>,
}

impl InputPlaces<'_, '_> {
    /// Places among `columns` that are the relation's key, in key order.
    fn key_order(&self, input: usize, columns: &[usize]) -> Option<Vec<usize>> {
        let Store::Relation { relation, columns: shown, .. } = &self.inputs[input].store else { return None };
        let key = self.compiler.relations[*relation].key_columns()?;
        key.iter().map(|part| columns.iter().copied().find(|column| shown[*column] == *part)).collect()
    }
}

impl PlanAccess for InputPlaces<'_, '_> {
    fn access(&mut self, input: usize, columns: &[usize]) -> (Access, Vec<usize>) {
        if let Some(order) = self.key_order(input, columns) {
            return (Access::Primary, order);
        }
        match &mut self.inputs[input].store {
            Store::Relation { .. } if columns.is_empty() => (Access::Scan, Vec::new()),
            Store::Relation { relation, columns: shown, .. } => {
                let relation = *relation;
                let by_relation: BTreeMap<usize, usize> =
                    columns.iter().rev().map(|column| (shown[*column], *column)).collect();
                let index = self.compiler.index(relation, by_relation.keys().copied().collect());
                (Access::Index(index), by_relation.into_values().collect())
            }
            Store::Private { arrangements } => {
                let known = arrangements.iter().find(|arrangement| arrangement.columns == columns);
                let table = match known {
                    Some(arrangement) => arrangement.table,
                    None => {
                        let table = self.compiler.table(self.node, &format!("input {input} by {columns:?}"));
                        arrangements.push(Arrangement { columns: columns.to_vec(), table });
                        table
                    }
                };
                (Access::Arrangement(table), columns.to_vec())
            }
        }
    }

    fn is_unique(&self, input: usize, columns: &[usize]) -> bool {
        self.key_order(input, columns).is_some()
    }
}
