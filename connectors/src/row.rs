//! A row: an immutable, cheaply cloned sequence of values.

use std::ops::Deref;
use std::sync::Arc;

use crate::value::Value;

/// Values of one row in column order. Cloning shares them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(Arc<[Value]>);

impl Row {
    /// The values at `columns`, in that order.
    ///
    /// # Panics
    /// When a column is not in the row: plans are checked against schemas before rows flow.
    pub fn project(&self, columns: &[usize]) -> Row {
        columns.iter().map(|&column| self[column].clone()).collect()
    }

    /// Bytes held in memory, for budgets; an estimate.
    pub fn memory_bytes(&self) -> usize {
        16 + self.iter().map(|value| size_of::<Value>() + value.heap_bytes()).sum::<usize>()
    }
}

impl Deref for Row {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Row {
    fn from(values: Vec<Value>) -> Self {
        Self(values.into())
    }
}

impl FromIterator<Value> for Row {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
