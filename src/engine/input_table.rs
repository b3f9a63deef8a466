//! Input tables: the one stored copy of each replicated table, and what a step changes in it.
//!
//! Invariants:
//! - After a step the stored rows are exactly those of the source's table at the step's position.
//! - All changes of one key in a step fold into one [`KeyChange`] from the row before the step to the row after it; a row
//!   that came and went in between leaves no trace.
//! - A change that does not fit the stored rows is an error. Our copy disagrees with the source, and going on would
//!   hide that. Only where the source itself does not know what was there (`Upsert`, `Remove`) nothing is expected.
//!
//! A unique index of Postgres may be checked late (`DEFERRABLE`), so a key may hold two rows inside a transaction; at
//! its end it holds at most one.

use std::ops::ControlFlow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Change, NewRow, OldRow, Row, TableSchema, Value};

use super::error::EngineError;
use super::relation::{KeyChange, Layout, Relation};
use crate::state::{StateTx, Version};

/// One change of one table with the keys it touches.
pub(super) struct Operation<'a> {
    /// Number of the transaction in the step.
    pub(super) transaction: usize,
    pub(super) kind: Kind<'a>,
}

/// What a change does to keys.
pub(super) enum Kind<'a> {
    Insert { key: Vec<u8>, row: &'a Row },
    Update { old_key: Vec<u8>, new_key: Vec<u8>, old: &'a OldRow, new: &'a NewRow },
    Delete { key: Vec<u8>, old: &'a OldRow },
    Upsert { key: Vec<u8>, row: &'a Row },
    Remove { key: Vec<u8> },
    Truncate,
}

/// Current content of a key, while a step is folded.
struct Touched {
    old: Option<(Row, i64)>,
    new: Option<(Row, i64)>,
    /// Further rows under the key, inside a transaction with a deferred constraint.
    crowd: Vec<Row>,
}

/// An input table as a step sees it.
#[derive(Clone, Copy)]
pub(super) struct InputTable<'a> {
    pub(super) schema: &'a TableSchema,
    pub(super) relation: &'a Relation,
}

impl<'a> InputTable<'a> {
    pub(super) fn disagrees(&self, message: &'static str) -> EngineError {
        EngineError::TableDisagrees { table: self.schema.name.clone(), message }
    }

    /// Finds the keys that a change touches.
    pub(super) fn operation<'c>(&self, change: &'c Change, transaction: usize) -> Result<Operation<'c>, EngineError> {
        let kind = match change {
            Change::Insert { new, .. } => Kind::Insert { key: self.relation.key_of(new)?, row: new },
            Change::Delete { old, .. } => Kind::Delete { key: self.old_key(old)?, old },
            Change::Update { old, new, .. } => {
                let (old_key, new_key) = self.update_keys(old, new)?;
                Kind::Update { old_key, new_key, old, new }
            }
            Change::Upsert { new, .. } => Kind::Upsert { key: self.only_key(new)?, row: new },
            Change::Remove { key, .. } => Kind::Remove { key: self.only_key(key)? },
            Change::Truncate { .. } => Kind::Truncate,
        };
        Ok(Operation { transaction, kind })
    }

    /// The key under which there is at most one row.
    fn only_key(&self, row: &Row) -> Result<Vec<u8>, EngineError> {
        match &self.relation.layout {
            Layout::Keyed(_) => Ok(self.relation.key_of(row)?),
            Layout::Multiset => Err(self.disagrees("has no primary key, so no row of it can be replaced")),
        }
    }

    fn old_key(&self, old: &OldRow) -> Result<Vec<u8>, EngineError> {
        match (old, &self.relation.layout) {
            (OldRow::Full(row), _) | (OldRow::Key(row), Layout::Keyed(_)) => Ok(self.relation.key_of(row)?),
            (OldRow::Key(_), Layout::Multiset) => {
                Err(self.disagrees("has no primary key, so its changes must carry the whole old row"))
            }
            (OldRow::SameKey, _) => Err(self.disagrees("a change came without the key of its old row")),
        }
    }

    fn update_keys(&self, old: &OldRow, new: &NewRow) -> Result<(Vec<u8>, Vec<u8>), EngineError> {
        let image = match old {
            OldRow::Full(row) | OldRow::Key(row) => Some(row),
            OldRow::SameKey => None,
        };
        let key_unsent = new
            .unchanged
            .iter()
            .any(|column| self.relation.key_columns().is_none_or(|key| key.contains(&usize::from(*column))));
        let new_key = match image {
            Some(image) if key_unsent => self.relation.key_of(&completed(new, image))?,
            None if key_unsent => return Err(self.disagrees("an update came without its key")),
            _ => self.relation.key_of(&new.row)?,
        };
        match (old, &self.relation.layout) {
            (OldRow::SameKey, Layout::Keyed(_)) => Ok((new_key.clone(), new_key)),
            _ => Ok((self.old_key(old)?, new_key)),
        }
    }

    /// Folds the operations of a step, in their order, into one change per key, in key order.
    pub(super) fn fold(
        &self,
        tx: &mut StateTx<'_>,
        operations: Vec<Operation<'_>>,
    ) -> Result<Vec<KeyChange>, EngineError> {
        let mut keys = Vec::with_capacity(operations.len());
        for operation in &operations {
            match &operation.kind {
                Kind::Insert { key, .. }
                | Kind::Delete { key, .. }
                | Kind::Upsert { key, .. }
                | Kind::Remove { key } => keys.push(key.clone()),
                Kind::Update { old_key, new_key, .. } => {
                    if old_key != new_key {
                        keys.push(old_key.clone());
                    }
                    keys.push(new_key.clone());
                }
                Kind::Truncate => {}
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let stored = tx.get_many(self.relation.table, &keys, Version::Old)?;
        let mut touched = HashMap::with_capacity_and_hasher(keys.len(), FxBuildHasher);
        for (key, value) in keys.into_iter().zip(stored) {
            let old = value.map(|value| self.relation.decode(&key, &value)).transpose()?;
            touched.insert(key, Touched { new: old.clone(), old, crowd: Vec::new() });
        }
        let mut fold = Fold { table: *self, touched, crowded: Vec::new() };
        let mut transaction = 0;
        for operation in operations {
            if operation.transaction != transaction {
                fold.end_transaction()?;
                transaction = operation.transaction;
            }
            fold.apply(tx, operation.kind)?;
        }
        fold.end_transaction()?;
        Ok(fold.changes())
    }
}

/// The new row with its unsent values taken from the row before.
fn completed(new: &NewRow, old: &Row) -> Row {
    patched(&new.row, &new.unchanged, old)
}

/// `row` with these columns as in `other`.
pub(super) fn patched(row: &Row, columns: &[u16], other: &Row) -> Row {
    if columns.is_empty() {
        return row.clone();
    }
    let mut values: Vec<Value> = row.to_vec();
    for &column in columns {
        let column = usize::from(column);
        if let (Some(value), Some(known)) = (values.get_mut(column), other.get(column)) {
            *value = known.clone();
        }
    }
    values.into()
}

struct Fold<'a> {
    table: InputTable<'a>,
    touched: HashMap<Vec<u8>, Touched, FxBuildHasher>,
    crowded: Vec<Vec<u8>>,
}

impl Fold<'_> {
    fn touch(&mut self, tx: &StateTx<'_>, key: Vec<u8>) -> Result<&mut Touched, EngineError> {
        use hashbrown::hash_map::Entry;
        match self.touched.entry(key) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let old = self.table.relation.get(tx, entry.key(), Version::Old)?;
                Ok(entry.insert(Touched { new: old.clone(), old, crowd: Vec::new() }))
            }
        }
    }

    fn apply(&mut self, tx: &StateTx<'_>, kind: Kind<'_>) -> Result<(), EngineError> {
        match kind {
            Kind::Insert { key, row } => self.insert(tx, key, row.clone()),
            Kind::Delete { key, old } => self.remove(tx, key, full(old)).map(drop),
            Kind::Update { old_key, new_key, old, new } => {
                let before = self.remove(tx, old_key, full(old))?;
                let row = completed(new, &before);
                self.insert(tx, new_key, row)
            }
            Kind::Upsert { key, row } => {
                self.vacate(tx, key.clone())?;
                self.insert(tx, key, row.clone())
            }
            Kind::Remove { key } => self.vacate(tx, key),
            Kind::Truncate => self.truncate(tx),
        }
    }

    /// Leaves nothing under the key.
    fn vacate(&mut self, tx: &StateTx<'_>, key: Vec<u8>) -> Result<(), EngineError> {
        let touched = self.touch(tx, key)?;
        touched.new = None;
        touched.crowd.clear();
        Ok(())
    }

    fn insert(&mut self, tx: &StateTx<'_>, key: Vec<u8>, row: Row) -> Result<(), EngineError> {
        let keyed = self.table.relation.key_columns().is_some();
        if row.len() != self.table.schema.columns.len() {
            return Err(EngineError::TableChanged { table: self.table.schema.name.clone() });
        }
        let touched = self.touch(tx, key.clone())?;
        match &mut touched.new {
            None => touched.new = Some((row, 1)),
            Some((_, count)) if !keyed => *count += 1,
            Some(_) => {
                touched.crowd.push(row);
                self.crowded.push(key);
            }
        }
        Ok(())
    }

    fn remove(&mut self, tx: &StateTx<'_>, key: Vec<u8>, image: Option<&Row>) -> Result<Row, EngineError> {
        let table = self.table;
        let touched = self.touch(tx, key)?;
        if let Some(place) = touched.crowd.iter().position(|row| Some(row) == image) {
            return Ok(touched.crowd.remove(place));
        }
        let Some((row, count)) = touched.new.take() else {
            return Err(table.disagrees("the source changed a row that is not held"));
        };
        if count > 1 {
            touched.new = Some((row.clone(), count - 1));
        }
        if !touched.crowd.is_empty() {
            touched.new = Some((touched.crowd.remove(0), 1));
        }
        Ok(row)
    }

    fn truncate(&mut self, tx: &StateTx<'_>) -> Result<(), EngineError> {
        for touched in self.touched.values_mut() {
            touched.new = None;
            touched.crowd.clear();
        }
        let touched = &mut self.touched;
        self.table.relation.scan(tx, Version::Old, &mut |key, row, count| {
            touched.entry_ref(key).or_insert_with(|| Touched { old: Some((row, count)), new: None, crowd: Vec::new() });
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    fn end_transaction(&mut self) -> Result<(), EngineError> {
        for key in self.crowded.drain(..) {
            if self.touched.get(&key).is_some_and(|touched| !touched.crowd.is_empty()) {
                return Err(self.table.disagrees("the source inserted a row under a key that is already held"));
            }
        }
        Ok(())
    }

    fn changes(self) -> Vec<KeyChange> {
        let differs = |touched: &Touched| touched.old != touched.new;
        let mut changes: Vec<KeyChange> = (self.touched.into_iter())
            .filter(|(_, touched)| differs(touched))
            .map(|(key, touched)| KeyChange { key, old: touched.old, new: touched.new })
            .collect();
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        changes
    }
}

fn full(old: &OldRow) -> Option<&Row> {
    match old {
        OldRow::Full(row) => Some(row),
        OldRow::SameKey | OldRow::Key(_) => None,
    }
}
