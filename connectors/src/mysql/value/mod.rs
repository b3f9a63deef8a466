//! Values: types of columns, and reading them from the log and from a copy, so that both give the same.
//!
//! ```text
//! mysql_type.rs  types by the catalog, and ours       table.rs    a table: catalog, copy
//! plan.rs        columns of the log to columns of ours reading.rs  one column's values, both ways
//! number.rs, moment.rs, words.rs, shapes.rs           the families of types
//! literal.rs     values as SQL
//! ```

mod error;
mod literal;
mod moment;
mod mysql_type;
mod number;
mod plan;
mod reading;
mod shapes;
mod table;
mod words;

pub use error::ValueError;
pub use moment::ZeroDates;
pub use mysql_type::{ColumnDefault, MysqlColumn, MysqlType};
pub use plan::{Lost, Misfit, RowPlan};
pub use table::{CopyPlan, MysqlTable, quoted};

pub(in crate::mysql) use moment::packed_moment;
pub(in crate::mysql) use number::decimal;

use crate::value::Value;

/// A document with the changes that the log says of it.
pub(in crate::mysql) fn apply_diffs(document: &[u8], diffs: &[u8]) -> Result<Value, ValueError> {
    super::json::text_with(document, diffs).map(Value::text)
}
