//! What tables look like at the place that has been reached, as the state keeps it.
//!
//! A log that does not name columns (`binlog_row_metadata`), or leaves some of a new row out (`binlog_row_image`), is read by what the
//! catalog says of the table. The catalog speaks of now, the log of then. So what it said when the stream began is kept, until a
//! statement comes in the log that may change it; a stream that begins again trusts the catalog where it still says the same. If it does
//! not, or if it did not for a while, that statement comes before the first row that would be read wrongly, or what is kept differs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mysql::value::MysqlTable;
use crate::schema::TableName;

/// Tables that are as the catalog has them, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shapes(BTreeMap<String, u64>);

/// All of a table that reading rows by place depends on, as one number.
pub(super) fn shape_of(table: &MysqlTable) -> u64 {
    // It is made of text and numbers.
    let text = serde_json::to_vec(&(&table.columns, table.width, &table.schema.key)).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(&text)
}

fn name_of(table: &TableName) -> String {
    format!("{}.{}", table.schema, table.table)
}

impl Shapes {
    pub(super) fn has(&self, table: &TableName) -> bool {
        self.0.contains_key(&name_of(table))
    }

    pub(super) fn know(&mut self, table: &TableName, shape: u64) {
        self.0.insert(name_of(table), shape);
    }

    /// What both say of these tables, and what `is_new` is known by this alone.
    pub(super) fn kept(&self, before: &Self, tables: impl Iterator<Item = (TableName, bool)>) -> Self {
        let mut known = Self::default();
        for (table, is_new) in tables {
            let name = name_of(&table);
            let Some(shape) = self.0.get(&name) else { continue };
            if before.0.get(&name).map_or(is_new, |before| before == shape) {
                known.0.insert(name, *shape);
            }
        }
        known
    }

    /// Whether it was known.
    pub(super) fn forget(&mut self, table: &TableName) -> bool {
        self.0.remove(&name_of(table)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_say_is_kept_and_what_is_new() {
        let table = |name: &str| TableName { source: "s".into(), schema: "d".into(), table: name.into() };
        let mut shapes = Shapes::default();
        shapes.know(&table("a"), u64::MAX);
        shapes.know(&table("b"), 7);
        assert!(shapes.forget(&table("b")) && !shapes.forget(&table("b")));
        let again = shapes;
        assert!(again.has(&table("a")) && !again.has(&table("b")));
        let mut now = Shapes::default();
        for (name, shape) in [("a", u64::MAX), ("b", 7), ("c", 8)] {
            now.know(&table(name), shape);
        }
        let tables = [("a", false), ("b", false), ("c", true)];
        let known = now.kept(&again, tables.into_iter().map(|(name, is_new)| (table(name), is_new)));
        assert!(known.has(&table("a")) && !known.has(&table("b")) && known.has(&table("c")));
        now.know(&table("a"), 1);
        assert!(!now.kept(&again, [(table("a"), true)].into_iter()).has(&table("a")));
    }
}
