//! Inner and left joins, filters and projections that lie on each other, taken apart: inputs, conditions, outputs.

use super::keys::Relations;
use super::lower::lower;
use super::relation::{Bound, Conjunct, Node};
use super::scalars::replaced;
use crate::engine::plan::{JoinKind, Plan};
use crate::engine::scalar::Scalar;
use tailwater_connectors::SqlType;

/// One input. Columns of all inputs are numbered through; its own begin at `first`.
pub(super) struct Input {
    pub(super) plan: Plan,
    pub(super) types: Vec<SqlType>,
    pub(super) kind: JoinKind,
    /// ON of a left join, over the columns of all inputs.
    pub(super) on: Vec<Conjunct>,
    pub(super) first: usize,
}

impl Input {
    /// The column numbers after its last.
    pub(super) fn end(&self) -> usize {
        self.first + self.types.len()
    }
}

/// Joins that are done as one.
pub(super) struct Cluster {
    pub(super) inputs: Vec<Input>,
    /// WHERE and the ON of inner joins.
    pub(super) conjuncts: Vec<Conjunct>,
    /// Output columns over the columns of all inputs.
    pub(super) outputs: Vec<Scalar>,
}

impl Cluster {
    /// Takes a node and those below it apart.
    pub(super) fn of(bound: &Bound, relations: &Relations) -> Self {
        match &bound.node {
            Node::Project { input, expressions } => {
                let mut cluster = Self::of(input, relations);
                let outputs = expressions.iter().map(|typed| cluster.over_inputs(&typed.scalar)).collect();
                cluster.outputs = outputs;
                cluster
            }
            Node::Filter { input, conjuncts } => {
                let mut cluster = Self::of(input, relations);
                cluster.add_conjuncts(conjuncts);
                cluster
            }
            Node::Join { left, right, kind: JoinKind::Inner, conjuncts } => {
                let mut cluster = Self::of(left, relations);
                cluster.append(Self::of(right, relations));
                cluster.add_conjuncts(conjuncts);
                cluster
            }
            Node::Join { left, right, kind: JoinKind::Left, conjuncts } => {
                let mut cluster = Self::of(left, relations);
                cluster.append(Self::leaf(right, relations));
                let on = conjuncts.iter().map(|conjunct| cluster.conjunct_over_inputs(conjunct)).collect();
                let last = cluster.inputs.last_mut().expect("an input was appended");
                last.kind = JoinKind::Left;
                last.on = on;
                cluster
            }
            _ => Self::leaf(bound, relations),
        }
    }

    /// A node that is planned by itself.
    fn leaf(bound: &Bound, relations: &Relations) -> Self {
        let types = bound.types();
        let outputs = (0..types.len()).map(Scalar::Column).collect();
        let plan = lower(bound, relations);
        let input = Input { plan, types, kind: JoinKind::Inner, on: Vec::new(), first: 0 };
        Self { inputs: vec![input], conjuncts: Vec::new(), outputs }
    }

    fn append(&mut self, other: Self) {
        let shift = self.inputs.last().map_or(0, Input::end);
        let shifted = |column: usize| Scalar::Column(column + shift);
        self.inputs.extend(other.inputs.into_iter().map(|input| Input {
            first: input.first + shift,
            on: input.on.iter().map(|conjunct| conjunct.replaced(&shifted)).collect(),
            ..input
        }));
        self.conjuncts.extend(other.conjuncts.iter().map(|conjunct| conjunct.replaced(&shifted)));
        self.outputs.extend(other.outputs.iter().map(|output| replaced(output, &shifted)));
    }

    fn add_conjuncts(&mut self, conjuncts: &[Conjunct]) {
        let added: Vec<_> = conjuncts.iter().map(|conjunct| self.conjunct_over_inputs(conjunct)).collect();
        self.conjuncts.extend(added);
    }

    fn over_inputs(&self, scalar: &Scalar) -> Scalar {
        replaced(scalar, &|column| self.outputs[column].clone())
    }

    fn conjunct_over_inputs(&self, conjunct: &Conjunct) -> Conjunct {
        conjunct.replaced(&|column| self.outputs[column].clone())
    }

    /// Which input a column belongs to.
    pub(super) fn owner(&self, column: usize) -> usize {
        self.inputs.partition_point(|input| input.end() <= column)
    }
}
