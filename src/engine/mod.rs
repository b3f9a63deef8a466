//! Plan → operators over deltas. Synchronous and deterministic: no clock, no randomness, no I/O but state.
//!
//! ```text
//!  transactions ──▶ input_table: one change per key ──▶ index: shared secondary indexes
//!                        │ relation changes
//!                        ▼
//!                   dataflow: scan, project, filter, join, aggregate, distinct, union
//!                        │ delta
//!                        ▼
//!                   view: one change per key ──▶ changelog, and views that read this one
//! ```

mod ahead;
mod assembly;
mod changed;
mod compile;
mod compile_join;
mod copied_columns;
mod copying;
mod dataflow;
mod delta;
mod driver;
mod error;
mod explain;
mod fault;
mod fill;
mod index;
mod input_table;
mod load;
mod node_key;

mod operators;
pub mod plan;
mod planted;
mod registry;
mod relation;
mod runs;
pub mod scalar;
mod sort;
mod step;
mod takeover;
mod view;

#[cfg(test)]
mod tests;

pub use assembly::EngineCatalog;
pub use changed::changed_tables;
pub use driver::Engine;
pub use error::EngineError;
pub use explain::{ExplainLine, explain};
pub use fault::QuarantinedRow;
pub use load::note_name;
pub use plan::{
    AggregateCall, AggregateFunction, JoinInput, JoinKey, JoinKind, Plan, RelationName, RowErrorPolicy, SortKey,
    ViewPlan,
};
#[cfg(debug_assertions)]
pub use planted::{PlantedFault, plant};
pub use scalar::Scalar;
pub use step::StepOutcome;
pub use takeover::{Former, TakenOver};
pub use view::ViewCondition;
