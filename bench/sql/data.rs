//! The tables and their rows, all computed from the row's number.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{
    Change, Column, NewRow, OldRow, ReplicaIdentity, Row, SqlType, TableName, TableSchema, Value,
};

use super::views::Traffic;

/// Name of the one source.
pub(super) const SOURCE: SmolStr = SmolStr::new_static("bench");
/// Facts per row of a dimension.
const FANOUT: u64 = 20;

/// A table and how many rows it has.
pub(super) struct Table {
    pub(super) schema: Arc<TableSchema>,
    pub(super) rows: u64,
    fact: bool,
}

/// `facts (id, k, g, n)` and four dimensions `(id, x)`.
pub(super) fn tables(rows: u64) -> Vec<Table> {
    let dimensions = ["d1", "d2", "d3", "d4"];
    let mut tables = vec![Table { schema: schema("facts", 1, &["id", "k", "g", "n"]), rows, fact: true }];
    for (number, name) in dimensions.iter().enumerate() {
        let schema = schema(name, 2 + number as u32, &["id", "x"]);
        tables.push(Table { schema, rows: (rows / FANOUT).max(1), fact: false });
    }
    tables
}

fn schema(name: &str, id: u32, columns: &[&str]) -> Arc<TableSchema> {
    let column =
        |name: &&str| Column::new(*name, if *name == "x" { SqlType::Text } else { SqlType::Int4 }, *name != "id");
    Arc::new(TableSchema {
        name: TableName { source: SOURCE, schema: "public".into(), table: name.into() },
        id,
        columns: columns.iter().map(column).collect(),
        key: vec![0],
        identity: ReplicaIdentity::Default,
    })
}

impl Table {
    /// The row of a number after so many changes.
    pub(super) fn row(&self, number: u64, version: u64) -> Row {
        let int = |number: u64| Value::Int(number as i64);
        if !self.fact {
            return vec![int(number), Value::text(format!("x{}", number % 100))].into();
        }
        let mixed = number.wrapping_mul(2_654_435_761).wrapping_add(version.wrapping_mul(40_503)) % 1_000_003;
        vec![int(number), int(number / FANOUT), int(number), int(mixed)].into()
    }

    /// The change of a number. An update is of some row; its `n` goes up or down.
    pub(super) fn change(&self, traffic: Traffic, number: u64) -> Change {
        let table = Arc::clone(&self.schema);
        match traffic {
            Traffic::Updates => {
                let row = number.wrapping_mul(7_919) % self.rows;
                let new = NewRow { row: self.row(row, number + 1), unchanged: Vec::new() };
                Change::Update { table, old: OldRow::SameKey, new }
            }
            Traffic::Turnover if number.is_multiple_of(2) => {
                Change::Delete { table, old: OldRow::Key(self.row(number / 2, 0)) }
            }
            Traffic::Turnover => Change::Insert { table, new: self.row(self.rows + number / 2, 0) },
            Traffic::Appends => Change::Insert { table, new: self.row(self.rows + number, 0) },
        }
    }
}
