//! Joins, filters and computed columns that lie on each other, taken apart: inputs, conditions, outputs.

use std::collections::BTreeMap;

use super::super::columns::Id;
use super::super::node::{Conjunct, Node};
use super::super::scalars::replaced;
use super::nodes::{Lowered, Lowering};
use crate::engine::plan::JoinKind;
use crate::engine::scalar::Scalar;

/// One input.
pub(super) struct Input {
    pub(super) lowered: Lowered,
    pub(super) kind: JoinKind,
    /// ON of a join that is not inner, over columns of inputs.
    pub(super) on: Vec<Conjunct>,
    /// The column of a mark join.
    pub(super) mark: Option<Id>,
}

/// Joins that are done as one.
pub(super) struct Cluster {
    pub(super) inputs: Vec<Input>,
    /// WHERE and the ON of inner joins, over columns of inputs.
    pub(super) conjuncts: Vec<Conjunct>,
    /// Meanings of computed columns over columns of inputs.
    pub(super) computed: BTreeMap<Id, Scalar>,
}

impl Cluster {
    /// Takes a node and those below it apart.
    pub(super) fn of(node: &Node, lowering: &Lowering<'_>) -> Self {
        match node {
            Node::Map { input, computed } => {
                let mut cluster = Self::of(input, lowering);
                for (id, scalar) in computed {
                    let meaning = cluster.over_inputs(scalar);
                    cluster.computed.insert(*id, meaning);
                }
                cluster
            }
            Node::Filter { input, conjuncts } => {
                let mut cluster = Self::of(input, lowering);
                cluster.add_conjuncts(conjuncts);
                cluster
            }
            Node::Join { left, right, kind: JoinKind::Inner, on, .. } => {
                let mut cluster = Self::of(left, lowering);
                let right = Self::of(right, lowering);
                cluster.inputs.extend(right.inputs);
                cluster.conjuncts.extend(right.conjuncts);
                cluster.computed.extend(right.computed);
                cluster.add_conjuncts(on);
                cluster
            }
            Node::Join { left, right, kind, on, mark } => {
                let mut cluster = Self::of(left, lowering);
                let mut input = Self::leaf(right, lowering);
                let on = on.iter().map(|conjunct| cluster.conjunct_over_inputs(conjunct)).collect();
                input.inputs[0].kind = *kind;
                input.inputs[0].on = on;
                input.inputs[0].mark = *mark;
                cluster.inputs.append(&mut input.inputs);
                cluster
            }
            _ => Self::leaf(node, lowering),
        }
    }

    /// A node that is planned by itself.
    fn leaf(node: &Node, lowering: &Lowering<'_>) -> Self {
        let lowered = lowering.node(node);
        let input = Input { lowered, kind: JoinKind::Inner, on: Vec::new(), mark: None };
        Self { inputs: vec![input], conjuncts: Vec::new(), computed: BTreeMap::new() }
    }

    fn add_conjuncts(&mut self, conjuncts: &[Conjunct]) {
        let added: Vec<_> = conjuncts.iter().map(|conjunct| self.conjunct_over_inputs(conjunct)).collect();
        self.conjuncts.extend(added);
    }

    /// An expression with computed columns written out.
    pub(super) fn over_inputs(&self, scalar: &Scalar) -> Scalar {
        replaced(scalar, &|id| self.computed.get(&id).cloned().unwrap_or(Scalar::Column(id)))
    }

    fn conjunct_over_inputs(&self, conjunct: &Conjunct) -> Conjunct {
        conjunct.replaced(&|id| self.over_inputs(&Scalar::Column(id)))
    }

    /// Which input makes which column.
    pub(super) fn owners(&self) -> BTreeMap<Id, usize> {
        let columns = |(place, input): (usize, &Input)| {
            let ids: Vec<Id> = input.lowered.columns.iter().copied().chain(input.mark).collect();
            ids.into_iter().map(move |id| (id, place))
        };
        self.inputs.iter().enumerate().flat_map(columns).collect()
    }
}
