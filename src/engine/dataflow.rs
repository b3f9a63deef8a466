//! A view's compiled plan, and how one step, or one batch of a fill, flows through it.
//!
//! In a step every scan answers its relation's changes. In a fill one leaf at a time is replayed in batches while the
//! others are silent: see [`Node::fill_order`].

use tailwater_connectors::{Row, SqlType, Value};

use super::delta::{Delta, consolidate};
use super::error::EngineError;
use super::fault::Faults;
use super::index::Index;
use super::operators::{Aggregate, Distinct, Flatten, Join, Recursion, SetOperation, TopN, Window};
use super::planted;
use super::relation::{KeyChange, Relation, delta_of};
use super::scalar::Scalar;
use crate::state::StateTx;

/// A node of a view's dataflow.
pub(super) struct Node {
    /// Number in the view's dataflow.
    pub(super) id: usize,
    pub(super) types: Vec<SqlType>,
    /// Columns in which its rows differ, where that is proven: see [`super::node_key`].
    pub(super) key: Option<Vec<usize>>,
    pub(super) kind: NodeKind,
}

/// What a node does.
pub(super) enum NodeKind {
    /// Reads a relation; `None` for all columns in order.
    Scan {
        relation: usize,
        columns: Option<Vec<usize>>,
    },
    Values(Vec<Row>),
    Project {
        input: Box<Node>,
        expressions: Vec<Scalar>,
    },
    Filter {
        input: Box<Node>,
        predicate: Scalar,
    },
    Join(Box<Join>),
    Aggregate(Box<Aggregate>),
    Distinct(Box<Distinct>),
    UnionAll(Vec<Node>),
    /// One projection per list.
    Expand {
        input: Box<Node>,
        projections: Vec<Vec<Scalar>>,
    },
    Flatten(Box<Flatten>),
    SetOperation(Box<SetOperation>),
    TopN(Box<TopN>),
    Window(Box<Window>),
    Recursion(Box<Recursion>),
    /// The rows of the round before, inside a recursion.
    Round {
        recursion: usize,
    },
}

/// What flows: the step's overlay, the relations and indexes of the engine, and where changes come from.
pub(super) struct Flow<'a, 's> {
    pub(super) tx: &'a mut StateTx<'s>,
    pub(super) relations: &'a [Relation],
    pub(super) indexes: &'a [Index],
    pub(super) changes: Changes<'a>,
    /// Rows for which an expression has no value.
    pub(super) faults: Faults,
}

/// Where changes come from.
pub(super) enum Changes<'a> {
    /// A step: what changed, per relation.
    Step(&'a [Vec<KeyChange>]),
    /// A fill: the node that is replayed, and the rows of its relation in this batch.
    Fill { node: usize, batch: &'a [(Row, i64)] },
    /// A fill: a node that only collected shows its next rows, from this key of its state on. Afterwards `next` says where to go
    /// on, if anywhere.
    Show { node: usize, start: Vec<u8>, next: Option<Vec<u8>> },
    /// A round of a recursion: what changed in it, with levels. All else stands as after the step.
    Round { recursion: usize, delta: Delta },
}

/// One leaf to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) node: usize,
    pub(super) source: LeafSource,
}

/// What is replayed of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafSource {
    /// The rows of a relation, in batches.
    Relation(usize),
    /// What is made from nothing, in one go.
    Nothing,
    /// What the node collected while the leaves before were replayed, in batches.
    Collected,
}

impl Flow<'_, '_> {
    pub(super) fn is_filling(&self) -> bool {
        matches!(self.changes, Changes::Fill { .. } | Changes::Show { .. })
    }

    /// Where `node` goes on to show what it collected, if it does so now.
    pub(super) fn shows(&self, node: usize) -> Option<Vec<u8>> {
        match &self.changes {
            Changes::Show { node: shown, start, .. } if *shown == node => Some(start.clone()),
            _ => None,
        }
    }

    /// Where the node that shows what it collected is to go on; `None` when it is done.
    pub(super) fn show_next(&mut self, key: Option<Vec<u8>>) {
        if let Changes::Show { next, .. } = &mut self.changes {
            *next = key;
        }
    }

    /// Whether a round of a recursion is followed.
    pub(super) fn is_in_round(&self) -> bool {
        matches!(self.changes, Changes::Round { .. })
    }

    /// Whether `node` makes its initial rows now.
    pub(super) fn starts(&self, node: usize) -> bool {
        matches!(self.changes, Changes::Fill { node: replayed, .. } if replayed == node)
    }
}

impl Node {
    /// The delta that leaves this node.
    pub(super) fn evaluate(&self, flow: &mut Flow<'_, '_>) -> Result<Delta, EngineError> {
        let mut delta = self.step(flow)?;
        planted::spoil(&mut delta);
        Ok(delta)
    }

    fn step(&self, flow: &mut Flow<'_, '_>) -> Result<Delta, EngineError> {
        match &self.kind {
            NodeKind::Scan { relation, columns } => Ok(self.scan(flow, *relation, columns.as_deref())),
            NodeKind::Values(rows) if flow.starts(self.id) => Ok(rows.iter().map(|row| (row.clone(), 1)).collect()),
            NodeKind::Values(_) => Ok(Delta::new()),
            NodeKind::Project { input, expressions } => {
                let delta = input.evaluate(flow)?;
                Ok(consolidate(project(&mut flow.faults, self.id, (delta, expressions))?))
            }
            NodeKind::Filter { input, predicate } => {
                let delta = input.evaluate(flow)?;
                filter(&mut flow.faults, self.id, (delta, predicate))
            }
            NodeKind::Join(join) => join.step(flow),
            NodeKind::Aggregate(aggregate) => {
                let delta = aggregate.input.evaluate(flow)?;
                let start = flow.starts(self.id);
                aggregate.step(flow, self.id, (&delta, start))
            }
            NodeKind::Distinct(distinct) => {
                let delta = distinct.input.evaluate(flow)?;
                distinct.step(flow.tx, delta)
            }
            NodeKind::UnionAll(inputs) => {
                let mut delta = Delta::new();
                for input in inputs {
                    delta.extend(input.evaluate(flow)?);
                }
                Ok(consolidate(delta))
            }
            NodeKind::Expand { input, projections } => {
                let delta = input.evaluate(flow)?;
                let mut result = Delta::with_capacity(delta.len() * projections.len());
                for expressions in projections {
                    result.extend(project(&mut flow.faults, self.id, (delta.clone(), expressions))?);
                }
                Ok(consolidate(result))
            }
            NodeKind::Flatten(flatten) => flatten.step(flow, self.id),
            NodeKind::SetOperation(operation) => operation.step(flow, self.id),
            NodeKind::TopN(top) => top.step(flow, self.id),
            NodeKind::Window(window) => window.step(flow, self.id),
            NodeKind::Recursion(recursion) => recursion.step(flow, self.id),
            NodeKind::Round { recursion } => Ok(match &flow.changes {
                Changes::Round { recursion: followed, delta } if followed == recursion => delta.clone(),
                _ => Delta::new(),
            }),
        }
    }

    fn scan(&self, flow: &Flow<'_, '_>, relation: usize, columns: Option<&[usize]>) -> Delta {
        match &flow.changes {
            Changes::Step(changes) => delta_of(&changes[relation], columns),
            Changes::Round { .. } | Changes::Show { .. } => Delta::new(),
            Changes::Fill { node, .. } if *node != self.id => Delta::new(),
            Changes::Fill { batch, .. } => match columns {
                None => batch.to_vec(),
                Some(columns) => batch.iter().map(|(row, count)| (row.project(columns), *count)).collect(),
            },
        }
    }

    /// The leaves whose rows must be replayed to fill the view, in an order in which everything a leaf's rows meet stands
    /// complete: private inputs of a join before its first input. Inputs that are read from a relation stand already.
    pub(super) fn fill_order(&self) -> Vec<Leaf> {
        let own = |source| Leaf { node: self.id, source };
        match &self.kind {
            NodeKind::Scan { relation, .. } => vec![own(LeafSource::Relation(*relation))],
            NodeKind::Values(_) => vec![own(LeafSource::Nothing)],
            NodeKind::Aggregate(aggregate) => {
                let start = aggregate.is_global().then(|| own(LeafSource::Nothing));
                let end = aggregate.collects().then(|| own(LeafSource::Collected));
                start.into_iter().chain(aggregate.input.fill_order()).chain(end).collect()
            }
            NodeKind::Window(window) => {
                window.input.fill_order().into_iter().chain([own(LeafSource::Collected)]).collect()
            }
            NodeKind::Join(join) => {
                let later = join.inputs[1..].iter().filter(|input| input.is_replayed());
                later.chain(&join.inputs[..1]).flat_map(|input| input.node.fill_order()).collect()
            }
            NodeKind::Recursion(recursion) => recursion.fill_order(),
            _ => self.inputs().into_iter().flat_map(Node::fill_order).collect(),
        }
    }

    /// The nodes below this one.
    pub(super) fn inputs(&self) -> Vec<&Node> {
        match &self.kind {
            NodeKind::Scan { .. } | NodeKind::Values(_) | NodeKind::Round { .. } => Vec::new(),
            NodeKind::Project { input, .. } | NodeKind::Filter { input, .. } | NodeKind::Expand { input, .. } => {
                vec![input]
            }
            NodeKind::Join(join) => join.inputs.iter().map(|input| &input.node).collect(),
            NodeKind::Aggregate(aggregate) => vec![&aggregate.input],
            NodeKind::Distinct(distinct) => vec![&distinct.input],
            NodeKind::UnionAll(inputs) => inputs.iter().collect(),
            NodeKind::Flatten(flatten) => vec![&flatten.input],
            NodeKind::SetOperation(operation) => vec![&operation.left, &operation.right],
            NodeKind::TopN(top) => vec![&top.input],
            NodeKind::Window(window) => vec![&window.input],
            NodeKind::Recursion(recursion) => vec![&recursion.base, &recursion.round],
        }
    }

    /// Relations that this node and those below it read.
    pub(super) fn relations(&self, found: &mut Vec<usize>) {
        if let NodeKind::Scan { relation, .. } = &self.kind {
            found.push(*relation);
        }
        self.inputs().into_iter().for_each(|input| input.relations(found));
    }
}

fn project(faults: &mut Faults, node: usize, (delta, expressions): (Delta, &[Scalar])) -> Result<Delta, EngineError> {
    let columns: Option<Vec<usize>> = expressions.iter().map(column).collect();
    let mut result = Delta::with_capacity(delta.len());
    let mut values: Vec<Value> = Vec::with_capacity(expressions.len());
    for (row, weight) in delta {
        let projected = match &columns {
            Some(columns) if is_identity(columns, row.len()) => row,
            Some(columns) => row.project(columns),
            None => {
                values.clear();
                for expression in expressions {
                    match faults.value(node, expression, (&row, weight))? {
                        Some(value) => values.push(value),
                        None => break,
                    }
                }
                if values.len() < expressions.len() {
                    continue;
                }
                values.drain(..).collect()
            }
        };
        result.push((projected, weight));
    }
    Ok(result)
}

fn column(expression: &Scalar) -> Option<usize> {
    match expression {
        Scalar::Column(column) => Some(*column),
        _ => None,
    }
}

fn is_identity(columns: &[usize], width: usize) -> bool {
    columns.len() == width && columns.iter().enumerate().all(|(place, column)| place == *column)
}

fn filter(faults: &mut Faults, node: usize, (mut delta, predicate): (Delta, &Scalar)) -> Result<Delta, EngineError> {
    let mut failure = None;
    delta.retain(|(row, weight)| match faults.holds(node, predicate, (row, *weight)) {
        Ok(holds) => holds,
        Err(error) => {
            failure = Some(error);
            false
        }
    });
    failure.map_or(Ok(delta), Err)
}
