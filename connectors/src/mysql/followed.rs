//! The tables that are followed: rows of the log become changes, and what no longer fits becomes a change of the table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use smol_str::SmolStr;

use super::binlog::{BinlogError, MetadataLevel, RowChange, RowsEvent, TableMap};
use super::definition::{Effect, What};
use super::note::Note;
use super::value::{MysqlTable, RowPlan};
use crate::change::Change;
use crate::schema::TableName;
use crate::source::TableChange;

/// Tables of which nothing comes any more; the copy looks at it.
pub(super) type Gone = Arc<Mutex<Vec<TableName>>>;

/// All tables.
pub(super) struct Followed {
    tables: HashMap<(SmolStr, SmolStr), FollowedTable>,
    gone: Gone,
    /// What became of tables, since it was asked for last.
    changed: Vec<TableChange>,
    /// What is known of the tables' shapes, and whether that changed since it was asked for last.
    note: Note,
    reshaped: bool,
}

struct FollowedTable {
    table: MysqlTable,
    /// It is as the catalog had it: columns can be found by their places, and defaults are known.
    is_known: bool,
    plan: Option<(Arc<TableMap>, RowPlan)>,
}

impl Followed {
    /// Tables, and what is kept with them: the shapes of those that are as the catalog has them.
    pub(super) fn new(tables: impl IntoIterator<Item = MysqlTable>, note: Note, gone: Gone) -> Self {
        let keyed = |table: MysqlTable| {
            let name = &table.schema.name;
            let is_known = note.shapes.has(name);
            ((name.schema.clone(), name.table.clone()), FollowedTable { table, is_known, plan: None })
        };
        let tables = tables.into_iter().map(keyed).collect();
        Self { tables, gone, changed: Vec::new(), note, reshaped: false }
    }

    /// What is to be kept, if the shapes changed since the last call.
    pub(super) fn take_shapes(&mut self) -> Option<String> {
        std::mem::take(&mut self.reshaped).then(|| self.note.print())
    }

    /// What became of tables since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<TableChange> {
        std::mem::take(&mut self.changed)
    }

    /// Adds the rows' changes. An error: nothing that follows on the connection can be trusted.
    pub(super) fn rows(&mut self, rows: &RowsEvent<'_>, changes: &mut Vec<Change>) -> Result<(), BinlogError> {
        let key = (rows.table.schema.clone(), rows.table.table.clone());
        let Some(followed) = self.tables.get_mut(&key) else { return Ok(()) };
        if let Err(reason) = followed.plan_for(&rows.table, &mut self.changed) {
            self.stop(&key, reason);
            return Ok(());
        }
        let Some((_, plan)) = &followed.plan else { return Ok(()) };
        for change in rows.changes(plan) {
            let change = match change {
                Ok(RowChange::Insert { new }) if !new.absent.is_empty() && !followed.is_known => {
                    let reason = "was changed, so that the defaults of columns that the log leaves out (binlog_row_image) are not known";
                    self.stop(&key, reason.into());
                    return Ok(());
                }
                Ok(change) => change.into_change(&followed.table),
                Err(error) => Err(error),
            };
            match change {
                Ok(change) => changes.push(change),
                Err(error) if error.table().is_some() => {
                    self.stop(&key, format!("cannot be followed: {error}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What a statement did to tables.
    pub(super) fn define(&mut self, effect: Effect, changes: &mut Vec<Change>) {
        for key in self.keys(&effect) {
            match &effect.what {
                What::Emptied => {
                    let tables = vec![self.tables[&key].table.schema.clone()];
                    changes.push(Change::Truncate { tables });
                }
                What::Gone(reason) => self.stop(&key, (*reason).to_owned()),
                What::Reshaped => {
                    if let Some(followed) = self.tables.get_mut(&key) {
                        followed.is_known = false;
                        self.reshaped |= self.note.shapes.forget(&followed.table.schema.name);
                    }
                }
                What::Columns(names) => {
                    if let Err(reason) = self.lose(&key, names) {
                        self.stop(&key, reason);
                    }
                }
            }
        }
    }

    /// Names are compared exactly; where that finds none, without case, as servers do that keep names in lower case.
    fn keys(&self, effect: &Effect) -> Vec<(SmolStr, SmolStr)> {
        let schema = |name: &str| name == effect.schema;
        let Some(table) = &effect.table else {
            return self.tables.keys().filter(|(name, _)| schema(name)).cloned().collect();
        };
        let exact = (SmolStr::new(&effect.schema), SmolStr::new(table));
        if self.tables.contains_key(&exact) {
            return vec![exact];
        }
        let same =
            |key: &&(SmolStr, SmolStr)| key.0.eq_ignore_ascii_case(&effect.schema) && key.1.eq_ignore_ascii_case(table);
        self.tables.keys().filter(same).cloned().collect()
    }

    /// Columns whose values were changed by a statement of which the log has no rows.
    fn lose(&mut self, key: &(SmolStr, SmolStr), names: &[String]) -> Result<(), String> {
        let Some(followed) = self.tables.get_mut(key) else { return Ok(()) };
        let schema = followed.table.schema.clone();
        let known = |name: &String| schema.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        let mut columns: Vec<usize> = names.iter().filter_map(known).collect();
        columns.sort_unstable();
        columns.dedup();
        let named = columns.iter().map(|column| format!("\"{}\"", schema.columns[*column].name));
        let reason = format!("had {} dropped or changed", named.collect::<Vec<_>>().join(", "));
        followed.forget(columns, reason, &mut self.changed)
    }

    fn stop(&mut self, key: &(SmolStr, SmolStr), reason: String) {
        let Some(followed) = self.tables.remove(key) else { return };
        let table = followed.table.schema.name.clone();
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).push(table.clone());
        self.changed.push(TableChange { table, columns: None, reason });
    }
}

impl FollowedTable {
    /// Has a plan for rows that the log describes like this; `Err`: why there is none.
    fn plan_for(&mut self, map: &Arc<TableMap>, changed: &mut Vec<TableChange>) -> Result<(), String> {
        let by_name = map.metadata == MetadataLevel::Full;
        if self.plan.as_ref().is_some_and(|(planned, _)| Arc::ptr_eq(planned, map)) && (by_name || self.is_known) {
            return Ok(());
        }
        if map.metadata != MetadataLevel::Full && !self.is_known {
            return Err(
                "was changed, and has rows in the log without the names of their columns (binlog_row_metadata)".into(),
            );
        }
        let (plan, lost) = RowPlan::new(map, &self.table).map_err(|misfit| misfit.reason)?;
        self.forget(lost.columns, lost.reason, changed)?;
        self.plan = Some((map.clone(), plan));
        Ok(())
    }

    /// These columns are null from now on, whatever comes under their names.
    fn forget(&mut self, columns: Vec<usize>, reason: String, changed: &mut Vec<TableChange>) -> Result<(), String> {
        let news: Vec<usize> =
            columns.into_iter().filter(|column| !self.table.columns[*column].name.is_empty()).collect();
        if news.is_empty() {
            return Ok(());
        }
        let schema = &self.table.schema;
        if let Some(column) = news.iter().find(|column| schema.key.contains(column)) {
            return Err(format!("had column \"{}\" of its key dropped or changed", schema.columns[*column].name));
        }
        // Without a key rows are told apart by all of their values.
        if schema.key.is_empty() {
            return Err(reason);
        }
        changed.push(TableChange { table: schema.name.clone(), columns: Some(news.clone()), reason });
        // No column of a table has this name.
        news.into_iter().for_each(|column| self.table.columns[column].name = SmolStr::default());
        self.plan = None;
        Ok(())
    }
}
