//! DISTINCT: each row once, by counts.

use std::collections::BTreeMap;

use tailwater_connectors::SqlType;

use super::super::dataflow::Node;
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::relation::whole_row;
use super::multiset::{End, Fold, Multiset, has_forms};
use crate::state::{StateTx, Version, encode_key};

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
        if self.types().iter().any(has_forms) {
            return self.step_with_forms(tx, delta);
        }
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

    /// Rows that are equal but look different are counted apart; the least of them is shown.
    fn step_with_forms(&self, tx: &mut StateTx<'_>, delta: Delta) -> Result<Delta, EngineError> {
        let mut fold = Fold::default();
        let mut lengths: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for (row, weight) in delta {
            let mut key = Vec::new();
            encode_key(&mut key, self.types(), &row)?;
            let length = key.len();
            key.extend_from_slice(&whole_row(&row));
            lengths.insert(key.clone(), length);
            fold.add(key, || row, weight);
        }
        let mut touched: Vec<Vec<u8>> = Vec::new();
        for entry in self.rows.apply(tx, fold)? {
            if (entry.before > 0) != (entry.after > 0) {
                touched.push(entry.key[..lengths[&entry.key]].to_vec());
            }
        }
        touched.dedup();
        let mut result = Delta::new();
        for key in touched {
            let old = self.rows.end(tx, (&key, End::Least), Version::Old)?;
            let new = self.rows.end(tx, (&key, End::Least), Version::New)?;
            if old != new {
                result.extend(old.map(|row| (row, -1)));
                result.extend(new.map(|row| (row, 1)));
            }
        }
        Ok(result)
    }
}
