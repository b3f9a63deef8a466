//! From a plan to a dataflow: numbers the nodes, places their state, and decides how join inputs are found.

use std::collections::BTreeMap;

use smol_str::SmolStr;
use tailwater_connectors::SqlType;

use super::dataflow::{Node, NodeKind};
use super::error::EngineError;
use super::index::Index;
use super::operators::{
    Access, Aggregate, Arrangement, Call, Distinct, Flatten, Input, Join, Multiset, Recursion, SetOperation, Shape, Store,
    TopN, Window, has_forms, plan_terms,
};
use super::plan::{AggregateCall, JoinInput, Plan, RelationName};
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
}

/// A relation, filtered and narrowed: what joins can read in place.
struct Narrowed {
    relation: usize,
    filters: Vec<Scalar>,
    columns: Vec<usize>,
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
                let input = Box::new(self.node(input)?);
                self.check_columns(&expressions.iter().collect::<Vec<_>>(), input.types.len())?;
                if expressions.len() != types.len() {
                    return Err(self.unsound("a projection has another number of types than of expressions"));
                }
                (types.clone(), NodeKind::Project { input, expressions: expressions.clone() })
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
                let input = Box::new(self.node(input)?);
                for expressions in projections {
                    self.check_columns(&expressions.iter().collect::<Vec<_>>(), input.types.len())?;
                    if expressions.len() != types.len() {
                        return Err(self.unsound("a projection has another number of types than of expressions"));
                    }
                }
                (types.clone(), NodeKind::Expand { input, projections: projections.clone() })
            }
            Plan::Flatten { .. } => boxed(Flatten::compile(self, id, plan)?, NodeKind::Flatten),
            Plan::SetOperation { .. } => boxed(SetOperation::compile(self, id, plan)?, NodeKind::SetOperation),
            Plan::TopN { .. } => boxed(TopN::compile(self, id, plan)?, NodeKind::TopN),
            Plan::Window { .. } => boxed(Window::compile(self, id, plan)?, NodeKind::Window),
            Plan::Recursion { .. } => boxed(Recursion::compile(self, id, plan)?, NodeKind::Recursion),
            Plan::Round { id, types } => (types.clone(), NodeKind::Round { recursion: *id }),
        };
        Ok(Node { id, types, kind })
    }

    pub(super) fn table(&mut self, node: usize, what: &str) -> crate::state::TableId {
        let view = self.view.clone();
        self.registry.operator_table(&view, format!("{node}/{what}"))
    }

    fn relation(&self, name: &RelationName) -> Result<usize, EngineError> {
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

    fn join(&mut self, id: usize, inputs: &[JoinInput]) -> Result<(Vec<SqlType>, NodeKind), EngineError> {
        let mut shape = Shape {
            offsets: vec![0],
            kinds: inputs.iter().map(|input| input.kind).collect(),
            keys: inputs.iter().map(|input| input.keys.clone()).collect(),
            residuals: inputs.iter().map(|input| input.residual.clone()).collect(),
            types: Vec::new(),
        };
        let mut compiled = Vec::with_capacity(inputs.len());
        for input in inputs {
            let node = self.node(&input.plan)?;
            let before = shape.types.len();
            shape.types.extend(node.types.iter().cloned());
            shape.offsets.push(shape.types.len());
            if input.keys.iter().any(|key| key.before >= before || key.own >= node.types.len()) {
                return Err(self.unsound("a join key names a column that is not there"));
            }
            self.check_columns(&input.residual.iter().collect::<Vec<_>>(), shape.types.len())?;
            let store = match self.narrowed(&input.plan)? {
                Some(Narrowed { relation, filters, columns }) => Store::Relation { relation, filters, columns },
                None => Store::Private { arrangements: Vec::new() },
            };
            compiled.push(Input { node, store });
        }
        if inputs.len() < 2 || !inputs[0].keys.is_empty() || inputs[0].residual.is_some() {
            return Err(self.unsound("a join needs two inputs, and its first has no condition"));
        }
        let types = shape.types.clone();
        let mut places = InputPlaces { compiler: self, node: id, inputs: &mut compiled };
        let terms = plan_terms(&shape, &mut places);
        Ok((types, NodeKind::Join(Box::new(Join { inputs: compiled, shape, terms }))))
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

fn boxed<T>((types, operator): (Vec<SqlType>, T), kind: fn(Box<T>) -> NodeKind) -> (Vec<SqlType>, NodeKind) {
    (types, kind(Box::new(operator)))
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

impl super::operators::PlanAccess for InputPlaces<'_, '_> {
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
