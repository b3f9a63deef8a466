//! WITH RECURSIVE, kept round by round.

use tailwater_connectors::SqlType;

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Leaf, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::Plan;

/// A recursion, compiled.
pub(in crate::engine) struct Recursion {
    pub(in crate::engine) base: Node,
    pub(in crate::engine) round: Node,
}

impl Recursion {
    /// Compiles [`Plan::Recursion`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        _id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let _ = plan;
        Err(compiler.unsound("not there yet"))
    }

    /// The delta of its output. `node`: its number in the dataflow.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        let _ = (flow, node);
        Err(EngineError::Inconsistent { what: "not there yet" })
    }

    /// The leaves to replay, in order.
    pub(in crate::engine) fn fill_order(&self) -> Vec<Leaf> {
        Vec::new()
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        (String::new(), Vec::new())
    }
}
