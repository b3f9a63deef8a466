//! The incremental plan of a view: what `sql` makes and the operators run.
//!
//! Every node's output is a multiset of rows with known column types. Columns are referred to by position in the
//! input's output; a join's output is the concatenation of its inputs' columns in order.

mod aggregate;
mod join;
mod node;
mod view;
mod window;

pub use aggregate::{AggregateCall, AggregateFunction, RECORD};
pub use join::{JoinInput, JoinKey, JoinKind};
pub use node::{Plan, RelationName, SetOperator, SortKey, TableCall};
pub use view::{RowErrorPolicy, ViewPlan};
pub use window::{Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall, WindowFunction};
