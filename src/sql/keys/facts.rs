//! What holds in parts of the rows: in each branch of a union, in each grouping set.

use std::collections::BTreeMap;

use tailwater_connectors::Value;

use super::identity::{Identity, Key, is_label_value};
use crate::engine::scalar::Scalar;

/// Parts that are followed at once; CUBE of six columns has as many.
const PARTS_MAX: usize = 64;

/// What holds in one part.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) constant: BTreeMap<usize, Value>,
    pub(super) not_null: Key,
}

impl Facts {
    /// Whether a row here and a row there are always different in this column; null is a value, and equal to null.
    fn differ(&self, other: &Self, column: usize) -> bool {
        match (self.constant.get(&column), other.constant.get(&column)) {
            (Some(Value::Null), Some(value)) | (Some(value), Some(Value::Null)) => !value.is_null(),
            (Some(one), Some(two)) => one != two && is_label_value(one) && is_label_value(two),
            (Some(Value::Null), None) => other.not_null.contains(&column),
            (None, Some(Value::Null)) => self.not_null.contains(&column),
            _ => false,
        }
    }

    /// Whether it holds in a row.
    #[cfg(test)]
    pub(super) fn holds(&self, row: &[Value]) -> bool {
        let same = |(column, value): (&usize, &Value)| row[*column] == *value;
        self.constant.iter().all(same) && self.not_null.iter().all(|column| !row[*column].is_null())
    }

    /// The same seen through expressions over the columns.
    pub(super) fn through(&self, expressions: &[Scalar]) -> Self {
        let mut found = Self::default();
        for (place, expression) in expressions.iter().enumerate() {
            if let Some(value) = self.value(expression) {
                if !value.is_null() {
                    found.not_null.insert(place);
                }
                found.constant.insert(place, value);
            } else if self.is_not_null(expression) {
                found.not_null.insert(place);
            }
        }
        found
    }

    /// The value that an expression has in every row.
    fn value(&self, expression: &Scalar) -> Option<Value> {
        let used = expression.columns_used();
        let width = used.iter().max().map_or(0, |last| last + 1);
        let mut row = vec![Value::Null; width];
        for column in used {
            row[column] = self.constant.get(&column)?.clone();
        }
        expression.evaluate(&row).ok()
    }

    fn is_not_null(&self, expression: &Scalar) -> bool {
        match expression {
            Scalar::Column(column) => self.not_null.contains(column),
            Scalar::Literal(value) => !value.is_null(),
            // Where an operand can fail the whole may become null, by the policy for row errors.
            Scalar::Coalesce(operands) => {
                operands.iter().all(|operand| matches!(operand, Scalar::Column(_) | Scalar::Literal(_)))
                    && operands.iter().any(|operand| self.is_not_null(operand))
            }
            _ => false,
        }
    }
}

/// The parts of these branches, each with the number of its branch; nothing when there are too many.
pub(super) fn parts(branches: &[Identity]) -> Option<Vec<(usize, Facts)>> {
    let mut found = Vec::new();
    for (number, branch) in branches.iter().enumerate() {
        let whole = Facts { constant: branch.constant.clone(), not_null: branch.not_null.clone() };
        if branch.parts.is_empty() {
            found.push((number, whole.clone()));
        }
        for part in &branch.parts {
            let mut part = part.clone();
            part.constant.extend(whole.constant.clone());
            part.not_null.extend(&whole.not_null);
            found.push((number, part));
        }
    }
    (found.len() <= PARTS_MAX).then_some(found)
}

/// Columns in which rows of any two parts of a wanted pair are different: one if it can be, else few of the left ones.
pub(super) fn telling(
    parts: &[Facts],
    columns: impl Iterator<Item = usize> + Clone,
    wanted: impl Fn(usize, usize) -> bool,
) -> Option<Key> {
    let pairs = (0..parts.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let pairs: Vec<_> = pairs.filter(|(one, other)| wanted(*one, *other)).collect();
    let tells = |key: &Key| {
        pairs.iter().all(|(one, other)| key.iter().any(|column| parts[*one].differ(&parts[*other], *column)))
    };
    if pairs.is_empty() {
        return Some(Key::new());
    }
    if let Some(single) = columns.clone().map(|column| Key::from([column])).find(|key| tells(key)) {
        return Some(single);
    }
    let useful = |column: &usize| pairs.iter().any(|(one, other)| parts[*one].differ(&parts[*other], *column));
    let mut key: Key = columns.filter(useful).collect();
    if !tells(&key) {
        return None;
    }
    for column in key.clone().into_iter().rev() {
        key.remove(&column);
        if !tells(&key) {
            key.insert(column);
        }
    }
    Some(key)
}

/// Whether a column has one value in each part.
pub(super) fn is_label(parts: &[Facts], column: usize) -> bool {
    parts.iter().all(|part| part.constant.contains_key(&column))
}
