//! What a FROM clause makes visible.

use super::super::columns::Id;

/// A table of FROM under its alias.
#[derive(Clone, Debug)]
pub(super) struct ScopeTable {
    pub(super) name: String,
    /// Schema, where a relation stands under its own name.
    pub(super) schema: Option<String>,
    pub(super) columns: Vec<(String, Id)>,
    /// The columns of its primary key.
    pub(super) key: Option<Vec<Id>>,
    /// A column that is null only where an outer join found no row, if one is known.
    pub(super) witness: Option<Id>,
}

/// Visible columns of a FROM clause or a part of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) tables: Vec<ScopeTable>,
    /// What `*` and unqualified names mean, in order; a column that USING merged stands here once.
    pub(super) columns: Vec<(String, Id)>,
}

/// What a name found.
pub(super) enum Found<T> {
    Nothing,
    One(T),
    Several,
}

impl Scope {
    pub(super) fn table(table: ScopeTable) -> Self {
        Self { columns: table.columns.clone(), tables: vec![table] }
    }

    /// Both, side by side.
    pub(super) fn beside(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.tables.extend(other.tables);
        self
    }

    /// The column of an unqualified name.
    pub(super) fn column(&self, name: &str) -> Found<Id> {
        one(self.columns.iter().filter(|(column, _)| column == name).map(|(_, id)| *id))
    }

    /// The table of a name, with or without schema.
    pub(super) fn table_named(&self, qualifier: &[String]) -> Option<&ScopeTable> {
        match qualifier {
            [name] => self.tables.iter().find(|table| table.name == *name),
            [schema, name] => {
                self.tables.iter().find(|table| table.name == *name && table.schema.as_ref() == Some(schema))
            }
            _ => None,
        }
    }

    /// Names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }
}

impl ScopeTable {
    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Found<Id> {
        one(self.columns.iter().filter(|(column, _)| column == name).map(|(_, id)| *id))
    }
}

fn one<T>(mut found: impl Iterator<Item = T>) -> Found<T> {
    match (found.next(), found.next()) {
        (None, _) => Found::Nothing,
        (Some(only), None) => Found::One(only),
        _ => Found::Several,
    }
}
