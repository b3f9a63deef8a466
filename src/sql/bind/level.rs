//! The SELECT at hand: its rows so far, what its names mean, and where in it an expression stands.

use std::collections::BTreeMap;

use sqlparser::ast::{Expr, Function, Ident, WindowSpec};

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, suggestion};
use super::super::node::{ApplyKind, Conjunct, Node};
use super::super::place::place_of_name;
use super::binder::{Binder, internal};
use super::order::Ordering;
use super::scope::{Found, Scope, ScopeTable};
use crate::engine::plan::TableCall;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::Typed;

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    From,
    Where,
    GroupBy,
    /// The arguments of an aggregate.
    Aggregate,
    Having,
    /// The SELECT list or ORDER BY.
    Select,
    /// The arguments of a window function.
    Window,
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::From => "FROM",
            Self::Where => "WHERE",
            Self::GroupBy => "GROUP BY",
            Self::Aggregate => "an aggregate",
            Self::Having => "HAVING",
            Self::Select => "SELECT",
            Self::Window => "a window",
        })
    }
}

/// One SELECT.
pub(super) struct Level {
    pub(super) scope: Scope,
    /// Its rows so far.
    pub(super) node: Node,
    pub(super) clause: Clause,
    /// Once the rows are groups.
    pub(super) grouped: Option<Grouped>,
    /// Windows with a name.
    pub(super) windows: BTreeMap<String, WindowSpec>,
    /// Set-returning functions of the SELECT list.
    pub(super) flatten: Vec<(TableCall, Vec<Id>)>,
    /// The order of the rows of the one derived table in FROM.
    pub(super) order: Ordering,
}

/// What can be referred to once rows are groups.
#[derive(Clone, Default)]
pub(super) struct Grouped {
    /// Column before → column of the group.
    pub(super) columns: BTreeMap<Id, Id>,
    /// Grouped expressions.
    pub(super) expressions: Vec<(Scalar, Id)>,
    /// The aggregates as written.
    pub(super) aggregates: Vec<(Function, Id)>,
    /// Grouped expressions with subqueries, as they are written.
    pub(super) written: Vec<(Expr, Id)>,
    /// Of GROUPING SETS: the column that names the set, and which grouped expressions each set lacks.
    pub(super) sets: Option<GroupingSets>,
}

/// GROUPING SETS of a level.
#[derive(Clone)]
pub(super) struct GroupingSets {
    /// Number of the set.
    pub(super) set: Id,
    /// Per set, whether each grouped expression is in it.
    pub(super) members: Vec<Vec<bool>>,
    /// The grouped expressions before grouping, in the order of `members`.
    pub(super) expressions: Vec<Scalar>,
}

impl Level {
    pub(super) fn new(scope: Scope, node: Node, clause: Clause) -> Self {
        Self {
            scope,
            node,
            clause,
            grouped: None,
            windows: BTreeMap::new(),
            flatten: Vec::new(),
            order: Ordering::default(),
        }
    }

    /// Changes the rows.
    pub(super) fn change(&mut self, change: impl FnOnce(Node) -> Node) {
        let node = std::mem::replace(&mut self.node, Node::one_row());
        self.node = change(node);
    }
}

impl Binder<'_> {
    pub(super) fn level(&mut self) -> Result<&mut Level> {
        self.levels.last_mut().ok_or_else(|| internal("an expression outside any SELECT"))
    }

    pub(super) fn clause(&self) -> Clause {
        self.levels.last().map_or(Clause::From, |level| level.clause)
    }

    /// Runs `work` with the level in another clause.
    pub(super) fn in_clause<T>(&mut self, clause: Clause, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.level()?.clause, clause);
        let result = work(self);
        self.level()?.clause = before;
        result
    }

    /// Puts a subquery beside the rows of the level.
    pub(super) fn attach(&mut self, right: Node, kind: ApplyKind, on: Vec<Conjunct>) -> Result<()> {
        self.level()?.change(|left| Node::Apply { left: Box::new(left), right: Box::new(right), kind, on });
        Ok(())
    }

    /// The column of an expression among the rows of the level.
    pub(super) fn materialised(&mut self, typed: Typed) -> Result<Id> {
        let mut computed = Vec::new();
        let made = self.level()?.node.outputs();
        let id = self.column_of(typed, &made, &mut computed);
        self.level()?.change(|node| node.mapped(computed));
        Ok(id)
    }

    /// What a dotted name means: a column of the innermost level that knows it.
    pub(super) fn named_column(&self, names: &[Ident]) -> Result<Typed> {
        let folded: Vec<String> = names.iter().map(fold).collect();
        let place = names.first().and_then(place_of_name);
        match self.found_column(&folded, place)? {
            Some(typed) => Ok(typed),
            None => Err(self.unknown_column(&folded).at(place)),
        }
    }

    /// The same, `None` when nothing has the name.
    pub(super) fn found_column(&self, names: &[String], place: Option<Place>) -> Result<Option<Typed>> {
        let Some((name, qualifier)) = names.split_last() else { return Ok(None) };
        for level in self.levels.iter().rev() {
            let found = match qualifier {
                [] => level.scope.column(name),
                _ => match level.scope.table_named(qualifier) {
                    Some(table) => match table.column(name) {
                        Found::Nothing => return Ok(None),
                        found => found,
                    },
                    None => Found::Nothing,
                },
            };
            match found {
                Found::Nothing => {}
                Found::One(id) => return self.visible(level, id, (names, place)).map(Some),
                Found::Several => {
                    let message = format!("column reference \"{name}\" is ambiguous");
                    let refusal = Refusal::new(Code::AmbiguousColumn, message).at(place);
                    return Err(refusal.hint("qualify it with its table"));
                }
            }
        }
        Ok(None)
    }

    /// A column of a level, as it is after grouping.
    fn visible(&self, level: &Level, id: Id, (names, place): (&[String], Option<Place>)) -> Result<Typed> {
        let id = match &level.grouped {
            None => id,
            Some(grouped) => *grouped.columns.get(&id).ok_or_else(|| {
                let name = names.join(".");
                let message =
                    format!("column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function");
                Refusal::new(Code::Grouping, message).at(place).hint("add it to GROUP BY, or aggregate it")
            })?,
        };
        Ok(self.column(id))
    }

    /// A column as an expression.
    pub(super) fn column(&self, id: Id) -> Typed {
        Typed { scalar: Scalar::Column(id), sql_type: self.columns.sql_type(id).clone() }
    }

    /// The table that a name means, with the number of its level.
    pub(super) fn found_table(&self, qualifier: &[String]) -> Option<(usize, &ScopeTable)> {
        self.levels
            .iter()
            .enumerate()
            .rev()
            .find_map(|(number, level)| level.scope.table_named(qualifier).map(|table| (number, table)))
    }

    fn unknown_column(&self, names: &[String]) -> Refusal {
        let written = names.join(".");
        let Some((name, qualifier)) = names.split_last() else { return internal("a column without a name") };
        if !qualifier.is_empty() && self.found_table(qualifier).is_none() {
            let message = format!("missing FROM-clause entry for table \"{}\"", qualifier.join("."));
            return Refusal::new(Code::UnknownColumn, message).hint("name the table as its alias in FROM does");
        }
        let refusal = Refusal::new(Code::UnknownColumn, format!("column \"{written}\" does not exist"));
        let tables = self.levels.iter().rev().flat_map(|level| &level.scope.tables);
        let wanted = tables.filter(|table| qualifier.last().is_none_or(|alias| table.name == *alias));
        let known: Vec<&str> = wanted.flat_map(|table| table.columns.iter().map(|(name, _)| name.as_str())).collect();
        match suggestion(name, known) {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }
}
