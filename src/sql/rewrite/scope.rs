//! What a FROM clause makes visible.

use std::collections::BTreeMap;

use datafusion_sql::sqlparser::ast::{Expr, Ident};

use super::super::names::quoted;

/// A column that an unqualified name or `*` may mean.
#[derive(Clone, Debug)]
pub(super) struct ScopeColumn {
    pub(super) name: String,
    /// The table's alias, and the column's name in it.
    pub(super) qualified: Vec<Ident>,
}

/// Visible columns of a FROM clause or a part of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// In the order of `*`.
    pub(super) columns: Vec<ScopeColumn>,
    /// Columns by table alias, for `alias.*`.
    pub(super) tables: Vec<(String, Vec<String>)>,
    /// Columns that USING or NATURAL made one: what their name means.
    pub(super) merged: BTreeMap<String, Expr>,
    /// Whether `*` differs from the columns of all tables in order.
    pub(super) rewritten: bool,
}

impl Scope {
    /// One table under its alias.
    pub(super) fn table(alias: String, columns: Vec<String>) -> Self {
        let column = |name: &String| ScopeColumn {
            name: name.clone(),
            qualified: vec![quoted(alias.clone()), quoted(name.clone())],
        };
        Self { columns: columns.iter().map(column).collect(), tables: vec![(alias, columns)], ..Self::default() }
    }

    /// Both, side by side.
    pub(super) fn beside(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.tables.extend(other.tables);
        for (name, meaning) in other.merged {
            // Merged on both sides means two columns: left to be found ambiguous.
            if self.merged.remove(&name).is_none() {
                self.merged.insert(name, meaning);
            }
        }
        self.rewritten |= other.rewritten;
        self
    }

    /// The only column of that name; `Err` carries how many there are.
    pub(super) fn only(&self, name: &str) -> Result<&ScopeColumn, usize> {
        let mut found = self.columns.iter().filter(|column| column.name == name);
        match (found.next(), found.count()) {
            (Some(column), 0) => Ok(column),
            (None, _) => Err(0),
            (Some(_), more) => Err(more + 1),
        }
    }

    /// Whether an unqualified name means something here.
    pub(super) fn sees(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// Columns of `alias.*`.
    pub(super) fn columns_of(&self, alias: &str) -> Option<&[String]> {
        self.tables.iter().find(|(table, _)| table == alias).map(|(_, columns)| columns.as_slice())
    }
}
