//! DISTINCT: each row once, by counts.

use tailwater_connectors::SqlType;

use super::super::dataflow::Node;
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::multiset::{Fold, Multiset};
use crate::state::{StateTx, encode_key};

/// Distinct rows, compiled. A row is shown while its count is above nothing.
pub(in crate::engine) struct Distinct {
    pub(in crate::engine) input: Node,
    pub(in crate::engine) rows: Multiset,
}

impl Distinct {
    fn types(&self) -> &[SqlType] {
        &self.input.types
    }

    /// The delta of the distinct rows.
    pub(in crate::engine) fn step(&self, tx: &mut StateTx<'_>, delta: Delta) -> Result<Delta, EngineError> {
        let mut fold = Fold::default();
        for (row, weight) in delta {
            let mut key = Vec::new();
            encode_key(&mut key, self.types(), &row)?;
            fold.add(key, || row, weight);
        }
        let mut result = Delta::new();
        for entry in self.rows.apply(tx, fold)? {
            match (entry.before > 0, entry.after > 0) {
                (false, true) => result.push((entry.row, 1)),
                (true, false) => result.push((entry.row, -1)),
                _ => {}
            }
        }
        Ok(result)
    }
}
