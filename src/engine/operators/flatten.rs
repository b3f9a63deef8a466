//! Set-returning functions beside their input's rows. Stateless.

use tailwater_connectors::SqlType;

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::{Plan, TableCall};

/// Set-returning functions, compiled.
pub(in crate::engine) struct Flatten {
    pub(in crate::engine) input: Node,
    pub(in crate::engine) calls: Vec<TableCall>,
    pub(in crate::engine) ordinality: bool,
    pub(in crate::engine) keeps_empty: bool,
}

impl Flatten {
    /// Compiles [`Plan::Flatten`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        _id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let _ = plan;
        Err(compiler.unsound("set-returning functions are not there yet"))
    }

    /// The delta of the rows made.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        let _ = (flow, node);
        Err(EngineError::Inconsistent { what: "not there yet" })
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        (String::new(), Vec::new())
    }
}
