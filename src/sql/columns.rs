//! The columns of a query under planning: each that any node makes has a number of its own, so that a reference means the
//! same wherever its expression is moved.

use tailwater_connectors::SqlType;

/// Number of a column; in expressions it stands in `Scalar::Column`.
pub(super) type Id = usize;

/// What is known of a column.
#[derive(Clone, Debug)]
pub(super) struct ColumnInfo {
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
}

/// All columns of one view.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(Vec<ColumnInfo>);

impl Columns {
    /// A new column.
    pub(super) fn add(&mut self, sql_type: SqlType, nullable: bool) -> Id {
        self.0.push(ColumnInfo { sql_type, nullable });
        self.0.len() - 1
    }

    /// A new column like another.
    pub(super) fn like(&mut self, column: Id) -> Id {
        let ColumnInfo { sql_type, nullable } = self.0[column].clone();
        self.add(sql_type, nullable)
    }

    pub(super) fn sql_type(&self, column: Id) -> &SqlType {
        &self.0[column].sql_type
    }

    pub(super) fn is_nullable(&self, column: Id) -> bool {
        self.0[column].nullable
    }

    /// From here on the column may be null: it stands on the side of an outer join that may be missing.
    pub(super) fn make_nullable(&mut self, column: Id) {
        self.0[column].nullable = true;
    }

    /// Types of several columns.
    pub(super) fn types(&self, columns: &[Id]) -> Vec<SqlType> {
        columns.iter().map(|column| self.sql_type(*column).clone()).collect()
    }
}
