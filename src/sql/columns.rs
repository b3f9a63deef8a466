//! The columns of a query under planning: each that any node makes has a number of its own, so that a reference means the
//! same wherever its expression is moved.

use tailwater_connectors::SqlType;

use crate::engine::scalar::bind::Derivation;

/// Number of a column; in expressions it stands in `Scalar::Column`.
pub(super) type Id = usize;

/// What is known of a column.
#[derive(Clone, Debug)]
pub(super) struct ColumnInfo {
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
    /// That of its text.
    pub(super) collation: Derivation,
}

/// All columns of one view.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(Vec<ColumnInfo>);

impl Columns {
    /// A new column; text in it has the database's collation.
    pub(super) fn add(&mut self, sql_type: SqlType, nullable: bool) -> Id {
        let collation = Derivation::of_type(&sql_type);
        self.add_collated(sql_type, nullable, collation)
    }

    /// A new column with the collation of what it holds.
    pub(super) fn add_collated(&mut self, sql_type: SqlType, nullable: bool, collation: Derivation) -> Id {
        self.0.push(ColumnInfo { sql_type, nullable, collation: collation.settled() });
        self.0.len() - 1
    }

    /// A new column like another.
    pub(super) fn like(&mut self, column: Id) -> Id {
        self.0.push(self.0[column].clone());
        self.0.len() - 1
    }

    pub(super) fn sql_type(&self, column: Id) -> &SqlType {
        &self.0[column].sql_type
    }

    pub(super) fn collation(&self, column: Id) -> &Derivation {
        &self.0[column].collation
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
