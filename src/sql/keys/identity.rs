//! What is known of a plan's rows, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tailwater_connectors::Value;

use super::facts::Facts;
use crate::engine::plan::RelationName;
use crate::engine::scalar::Scalar;
use crate::sql::catalog::Relation;

/// Keys that are followed at once; more are only useful to queries that nobody writes.
pub(super) const KEYS_MAX: usize = 16;

/// Relations by name.
pub(in crate::sql) type Relations = BTreeMap<RelationName, Arc<Relation>>;

/// A set of columns that is different in every row.
pub(in crate::sql) type Key = BTreeSet<usize>;

/// What is known of a plan's rows.
#[derive(Clone, Debug, Default)]
pub(in crate::sql) struct Identity {
    /// Unique keys; an empty one says that there is at most one row.
    pub(in crate::sql) keys: Vec<Key>,
    /// Columns that are equal in every row.
    pub(super) equal: Vec<(usize, usize)>,
    /// Columns with one value in all rows.
    pub(super) constant: BTreeMap<usize, Value>,
    /// Columns that determine others: keys of relations and groups below.
    pub(super) determined: Vec<Determined>,
    /// Columns that hold row numbers: one row more or less gives many rows another key.
    pub(super) numbered: Key,
    /// Columns that are null in no row.
    pub(super) not_null: Key,
    /// Every row is in one of these parts, and what is said there holds for it; empty when nothing is known of parts.
    pub(super) parts: Vec<Facts>,
}

/// Columns that follow from others.
#[derive(Clone, Debug)]
pub(super) struct Determined {
    pub(super) by: Key,
    pub(super) others: Key,
    /// Whether a row in which `by` is all null has nulls in `others`, too: it cannot be told from a left join's row without a
    /// match then, and need not be.
    pub(super) survives_left_join: bool,
}

impl Identity {
    /// The key to take: without row numbers, with the fewest columns, the leftmost of those.
    pub(in crate::sql) fn best(&self) -> Option<&Key> {
        let rank = |key: &&Key| {
            let numbers = !key.is_disjoint(&self.numbered);
            (numbers, key.len(), key.iter().copied().collect::<Vec<_>>())
        };
        self.keys.iter().min_by_key(rank)
    }

    /// Whether rows are different in `columns`.
    pub(in crate::sql) fn covered_by(&self, columns: &Key) -> bool {
        self.keys.iter().any(|key| key.is_subset(columns))
    }

    pub(super) fn push(&mut self, key: Key) {
        if self.keys.iter().any(|known| known.is_subset(&key)) {
            return;
        }
        self.keys.retain(|known| !key.is_subset(known));
        if self.keys.len() < KEYS_MAX {
            self.keys.push(key);
        }
    }

    /// Columns equal to `column`, itself first.
    pub(super) fn equals(&self, column: usize) -> Vec<usize> {
        let mut found = vec![column];
        let mut next = 0;
        while let Some(&column) = found.get(next) {
            for &(one, other) in &self.equal {
                for (from, to) in [(one, other), (other, one)] {
                    if from == column && !found.contains(&to) {
                        found.push(to);
                    }
                }
            }
            next += 1;
        }
        found
    }

    /// Columns that follow from `columns`, these included. With `beyond_left_join` only what follows in the rows of a left join
    /// without a match, too.
    pub(super) fn closure(&self, columns: &Key, beyond_left_join: bool) -> Key {
        let mut found = columns.clone();
        if !beyond_left_join {
            found.extend(self.constant.keys());
        }
        loop {
            let before = found.len();
            for &(one, other) in &self.equal {
                if found.contains(&one) || found.contains(&other) {
                    found.extend([one, other]);
                }
            }
            for known in &self.determined {
                if (known.survives_left_join || !beyond_left_join) && known.by.is_subset(&found) {
                    found.extend(&known.others);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// Leaves columns out of the keys that are constant or follow from the rest of the key, the rightmost first.
    pub(super) fn minimised(mut self) -> Self {
        for key in std::mem::take(&mut self.keys) {
            let mut rest = key.clone();
            for column in key.iter().rev() {
                rest.remove(column);
                if !self.closure(&rest, false).contains(column) {
                    rest.insert(*column);
                }
            }
            self.push(rest);
        }
        self
    }

    /// The same seen through a choice of columns; `None` when a column is not chosen.
    pub(super) fn places(&self, columns: &Key, places: &BTreeMap<usize, Vec<usize>>) -> Option<Key> {
        let place = |&column: &usize| {
            self.equals(column).into_iter().filter_map(|other| places.get(&other)).map(|places| places[0]).min()
        };
        columns.iter().map(place).collect()
    }

    /// What follows from a condition that holds in every row.
    pub(super) fn learn(&mut self, condition: &Scalar) {
        match condition {
            Scalar::And(operands) => operands.iter().for_each(|operand| self.learn(operand)),
            // Of a left join without a match: all rows that are left have this one key on the other side.
            Scalar::IsNull(operand) => {
                if let Scalar::Column(column) = **operand {
                    self.constant.insert(column, Value::Null);
                }
            }
            Scalar::Not(operand) => {
                if let Scalar::IsNull(inner) = &**operand
                    && let Scalar::Column(column) = **inner
                {
                    self.not_null.insert(column);
                }
            }
            Scalar::Call { function, arguments } if matches!(function.name(), "=" | "IS NOT DISTINCT FROM") => {
                if function.name() == "=" {
                    let plain = arguments.iter().filter_map(|argument| match argument {
                        Scalar::Column(column) => Some(*column),
                        _ => None,
                    });
                    self.not_null.extend(plain);
                }
                match arguments.as_slice() {
                    [Scalar::Column(one), Scalar::Column(other)] => self.equal.push((*one, *other)),
                    [Scalar::Column(column), Scalar::Literal(value)]
                    | [Scalar::Literal(value), Scalar::Column(column)] => {
                        self.constant.insert(*column, value.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// What stays true when rows come more than once.
    pub(super) fn without_keys(self) -> Self {
        Self { keys: Vec::new(), ..self }
    }
}

/// Values that are equal only when they are written alike.
pub(super) fn is_label_value(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Numeric(_) | Value::Float(_) | Value::Interval(_) | Value::Array(_))
}
