//! Secondary indexes: chosen columns of a relation → the keys of its rows.
//!
//! One index per relation and column set, shared by all views. An entry is `encode_key(columns) | relation key` with an
//! empty value. It is written only when an indexed column or the relation's key changes. Rows with null in an indexed
//! column have entries, too: a null-safe equality finds them, a plain one never looks a null up.

use std::ops::ControlFlow;

use tailwater_connectors::Row;

use super::relation::{KeyChange, Relation, append_key};
use crate::state::{StateError, StateTx, TableId, Version};

/// Called with each key found; may break.
pub(super) type EachKey<'a> = dyn FnMut(&[u8]) -> Result<ControlFlow<()>, StateError> + 'a;

/// An index of one relation.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// Place of the relation in the engine's list.
    pub(super) relation: usize,
    /// Columns of the relation, ascending.
    pub(super) columns: Vec<usize>,
    pub(super) table: TableId,
    /// Name in the registry.
    pub(super) name: String,
    /// Whether all rows of the relation are in it; if not, steps leave it alone.
    pub(super) complete: bool,
}

impl Index {
    /// The entry of `row`.
    pub(super) fn entry(&self, relation: &Relation, row: &Row, key: &[u8]) -> Result<Vec<u8>, StateError> {
        let mut entry = Vec::with_capacity(self.columns.len() * 10 + key.len());
        self.append_entry(&mut entry, (relation, row, key))?;
        Ok(entry)
    }

    /// Appends the entry of `row`.
    pub(super) fn append_entry(
        &self,
        bytes: &mut Vec<u8>,
        (relation, row, key): (&Relation, &Row, &[u8]),
    ) -> Result<(), StateError> {
        append_key(bytes, (&relation.types, &self.columns), row)?;
        bytes.extend_from_slice(key);
        Ok(())
    }

    /// Follows changes of the relation.
    pub(super) fn write(
        &self,
        tx: &mut StateTx<'_>,
        relation: &Relation,
        changes: &[KeyChange],
    ) -> Result<(), StateError> {
        for change in changes {
            if let (Some((old, _)), Some((new, _))) = (&change.old, &change.new)
                && self.columns.iter().all(|&column| old[column] == new[column])
            {
                continue;
            }
            let entry = |side: &Option<(Row, i64)>| match side {
                Some((row, _)) => self.entry(relation, row, &change.key).map(Some),
                None => Ok(None),
            };
            let (old, new) = (entry(&change.old)?, entry(&change.new)?);
            if old == new {
                continue;
            }
            if let Some(old) = old {
                tx.delete(self.table, old);
            }
            if let Some(new) = new {
                tx.put(self.table, new, Vec::new());
            }
        }
        Ok(())
    }

    /// Visits the keys of the relation's rows whose columns encode to `prefix`, until told to break.
    pub(super) fn each_key(
        &self,
        tx: &StateTx<'_>,
        (prefix, version): (&[u8], Version),
        visit: &mut EachKey<'_>,
    ) -> Result<(), StateError> {
        tx.scan(self.table, prefix, version, &mut |entry, _| visit(&entry[prefix.len()..]))
    }
}
