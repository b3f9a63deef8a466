//! Stand-ins.
use smol_str::SmolStr;
use tailwater_connectors::SqlType;
use super::failure::{BindError, Typed};
use crate::engine::plan::{AggregateCall, Frame, TableCall, WindowCall, WindowFunction};
/// x
pub struct BoundTable { /// x
pub call: TableCall, /// x
pub columns: Vec<(SmolStr, SqlType)> }
/// x
pub fn is_table_function(_name: &str) -> bool { false }
/// x
pub fn is_window_function(name: &str) -> bool { name == "row_number" }
/// x
pub fn table_function(_name: &str, _arguments: Vec<Typed>) -> Result<BoundTable, BindError> { Err(BindError::new("pending")) }
/// x
pub fn record_function(_name: &str, _arguments: Vec<Typed>, _columns: Vec<(SmolStr, SqlType)>) -> Result<BoundTable, BindError> { Err(BindError::new("pending")) }
/// x
pub fn row_document(_fields: Vec<(SmolStr, Typed)>, _binary: bool) -> Result<Typed, BindError> { Err(BindError::new("pending")) }
/// x
pub fn slice(_array: Typed, _lower: Option<Typed>, _upper: Option<Typed>) -> Result<Typed, BindError> { Err(BindError::new("pending")) }
/// x
pub fn window_call(_name: &str, _arguments: Vec<Typed>, _frame: Frame) -> Result<WindowCall, BindError> { Err(BindError::new("pending")) }
/// x
pub fn aggregate_window(call: AggregateCall, frame: Frame) -> WindowCall { let result_type = call.result_type.clone(); WindowCall { function: WindowFunction::Aggregate(call), arguments: Vec::new(), argument_types: Vec::new(), frame, result_type } }
