//! A view, planned.

use smol_str::SmolStr;
use tailwater_connectors::Column;

use super::node::Plan;

/// A view, planned.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewPlan {
    /// Name in the configuration.
    pub name: SmolStr,
    /// Root of the plan.
    pub plan: Plan,
    /// Output columns, in the plan's column order.
    pub columns: Vec<Column>,
    /// Key as positions in `columns`. Empty: at most one row.
    pub key: Vec<usize>,
    /// What becomes of rows for which an expression has no value.
    pub row_errors: RowErrorPolicy,
}

/// What becomes of a row for which an expression has no value (division by zero, overflow, a cast that does not fit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowErrorPolicy {
    /// The row is kept out of the view and named among its errors, until the row is mended.
    #[default]
    Quarantine,
    /// The expression is null.
    Null,
    /// The view stops.
    Stop,
}
