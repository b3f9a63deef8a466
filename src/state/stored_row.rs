//! A stored row whose values are found, but not decoded: what only copies columns need not know what they hold.

use std::ops::Range;

use tailwater_connectors::Value;

use super::StateError;
use super::row_codec::{Input, begin_row};

/// Where the values of a row lie; reused from row to row.
#[derive(Debug, Default)]
pub struct StoredRow {
    places: Vec<Range<usize>>,
}

impl StoredRow {
    /// Finds the values of `row`, which must hold exactly one row.
    pub fn find(&mut self, row: &[u8]) -> Result<(), StateError> {
        self.places.clear();
        let mut input = Input(row);
        let found = input.row_start().and_then(|columns| {
            for _ in 0..columns {
                let start = row.len() - input.0.len();
                input.skip_value(0)?;
                self.places.push(start..row.len() - input.0.len());
            }
            input.0.is_empty().then_some(())
        });
        found.ok_or_else(damaged)
    }

    /// Appends the row made of these columns of `row`, the one that was looked at last.
    pub fn project(&self, row: &[u8], columns: &[usize], out: &mut Vec<u8>) -> Result<(), StateError> {
        begin_row(out, columns.len());
        for &column in columns {
            out.extend_from_slice(self.value_bytes(row, column)?);
        }
        Ok(())
    }

    /// The value of a column.
    pub fn value(&self, row: &[u8], column: usize) -> Result<Value, StateError> {
        Input(self.value_bytes(row, column)?).value(0).ok_or_else(damaged)
    }

    fn value_bytes<'r>(&self, row: &'r [u8], column: usize) -> Result<&'r [u8], StateError> {
        let place = self.places.get(column).cloned();
        place.and_then(|place| row.get(place)).ok_or_else(damaged)
    }
}

fn damaged() -> StateError {
    StateError::damaged("a stored row")
}
