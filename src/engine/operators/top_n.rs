//! The first rows of each partition.

use tailwater_connectors::SqlType;

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::Plan;

/// ORDER BY … LIMIT per partition, compiled.
pub(in crate::engine) struct TopN {
    pub(in crate::engine) input: Node,
}

impl TopN {
    /// Compiles [`Plan::TopN`].
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

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        (String::new(), Vec::new())
    }
}
