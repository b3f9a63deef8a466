//! What the bodies of set-returning functions collect their rows in.

use tailwater_connectors::{Row, Value};

use crate::engine::scalar::expression::RowError;

/// Rows of one call; beyond it the call is an error of the row that made it.
const ROWS_MAX: usize = 10_000_000;

/// Rows of one call.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

impl Rows {
    /// One more row.
    pub(super) fn push(&mut self, values: Vec<Value>) -> Result<(), RowError> {
        if self.0.len() >= ROWS_MAX {
            return Err(RowError::new("54000", format!("set-returning function made more than {ROWS_MAX} rows")));
        }
        self.0.push(Row::from(values));
        Ok(())
    }

    /// One more row of one column.
    pub(super) fn push_one(&mut self, value: Value) -> Result<(), RowError> {
        self.push(vec![value])
    }

    /// All of them.
    pub(super) fn finish(self) -> Vec<Row> {
        self.0
    }
}

/// One row of one column for each value.
pub(super) fn one_column(values: impl IntoIterator<Item = Value>) -> Result<Vec<Row>, RowError> {
    let mut rows = Rows::default();
    values.into_iter().try_for_each(|value| rows.push_one(value))?;
    Ok(rows.finish())
}
