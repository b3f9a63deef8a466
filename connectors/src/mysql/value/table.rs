//! A table as the catalog describes it, and how it is copied.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::ValueError;
use super::literal;
use super::moment::ZeroDates;
use super::mysql_type::{ColumnDefault, MysqlColumn, MysqlType};
use super::reading::Reading;
use crate::row::Row;
use crate::schema::TableSchema;
use crate::value::Value;

/// A table: what the state knows of it, and what reading its rows needs besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MysqlTable {
    /// What the state knows.
    pub schema: Arc<TableSchema>,
    /// Its columns, those of the schema.
    pub columns: Vec<MysqlColumn>,
    /// How many columns the table has, with those that are not in the schema.
    pub width: usize,
    /// Storage engine.
    pub engine: String,
    /// What is made of days that are in no calendar.
    pub zero_dates: ZeroDates,
}

/// How rows of a copy are read.
#[derive(Clone, Debug)]
pub struct CopyPlan(Vec<Reading>);

impl MysqlTable {
    /// What a copy selects: the columns, in forms of which nothing is lost.
    pub fn select_list(&self) -> String {
        let item = |column: &MysqlColumn| {
            let name = quoted(&column.name);
            match column.mysql_type {
                // Printed as they are stored they would lose digits; a zero would lose its sign if one were added.
                MysqlType::Float | MysqlType::Double => format!("{name} * 1e0"),
                _ => name,
            }
        };
        self.columns.iter().map(item).collect::<Vec<_>>().join(", ")
    }

    /// Its name as SQL has it.
    pub fn quoted_name(&self) -> String {
        format!("{}.{}", quoted(&self.schema.name.schema), quoted(&self.schema.name.table))
    }

    /// How rows of [`Self::select_list`] are read; `None`: a character set is not known, which the catalog has refused before.
    pub fn copy_plan(&self) -> Option<CopyPlan> {
        let readings = self.columns.iter().map(|column| Reading::of_column(column, self.zero_dates));
        readings.collect::<Option<Vec<_>>>().map(CopyPlan)
    }

    /// A value of a column, as SQL that compares equal to it in the column's own collation.
    pub fn literal(&self, column: usize, value: &Value) -> String {
        literal::of(&self.columns[column].mysql_type, value)
    }

    /// What an insert stores that does not name the column; `None`: nobody knows.
    pub fn default_of(&self, column: usize) -> Option<Value> {
        let described = &self.columns[column];
        match &described.default {
            ColumnDefault::Null => self.schema.columns[column].nullable.then_some(Value::Null),
            ColumnDefault::Text(text) => {
                let reading = Reading::of_column(described, self.zero_dates)?;
                reading.of_default(text).ok()
            }
            ColumnDefault::Expression => None,
        }
    }
}

impl CopyPlan {
    /// One row: its cells as the server sent them in the text protocol.
    pub fn row<'a>(&self, cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>) -> Result<Row, ValueError> {
        if cells.len() != self.0.len() {
            return Err(ValueError::Width { expected: self.0.len(), found: cells.len() });
        }
        let value =
            |(reading, cell): (&Reading, Option<&[u8]>)| cell.map_or(Ok(Value::Null), |bytes| reading.copied(bytes));
        self.0.iter().zip(cells).map(value).collect()
    }

    /// The same of a row of the client.
    pub fn row_of(&self, row: &mysql_async::Row) -> Result<Row, ValueError> {
        let cells = (0..row.len()).map(|index| match row.as_ref(index) {
            Some(mysql_async::Value::Bytes(bytes)) => Some(bytes.as_slice()),
            _ => None,
        });
        self.row(cells)
    }
}

/// A name in SQL.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
