//! Changes of several steps as one change for each key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tailwater_connectors::{RowChange, ViewSchema};

use crate::state::{Checkpoint, StateError, encode_value};

/// The first old row of each key and its last new one; what ended where it began is gone. Keys are what the state takes for one key,
/// however its values look (`1.0` and `1.00`).
pub(super) fn fold(
    view: &ViewSchema,
    mut chunks: Vec<(Checkpoint, Vec<RowChange>)>,
) -> Result<Vec<RowChange>, StateError> {
    if chunks.len() <= 1 {
        return Ok(chunks.pop().map(|(_, changes)| changes).unwrap_or_default());
    }
    let mut folded: BTreeMap<Vec<u8>, RowChange> = BTreeMap::new();
    for change in chunks.into_iter().flat_map(|(_, changes)| changes) {
        match folded.entry(key_of(view, &change)?) {
            Entry::Vacant(entry) => drop(entry.insert(change)),
            Entry::Occupied(mut entry) => entry.get_mut().new = change.new,
        }
    }
    Ok(folded.into_values().filter(|change| change.old != change.new).collect())
}

fn key_of(view: &ViewSchema, change: &RowChange) -> Result<Vec<u8>, StateError> {
    let row = change.new.as_ref().or(change.old.as_ref()).expect("a change has a side");
    let mut key = Vec::new();
    for &column in &view.key {
        encode_value(&mut key, &view.columns[column].sql_type, &row[column])?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::{Column, Numeric, Positions, Row, SqlType, Value};

    use super::*;

    fn row(key: &str, value: i64) -> Row {
        [Value::Numeric(key.parse::<Numeric>().unwrap()), Value::Int(value)].into_iter().collect()
    }

    fn folded(changes: &[(Option<Row>, Option<Row>)]) -> Vec<RowChange> {
        let columns = vec![Column::new("k", SqlType::Numeric(None), false), Column::new("v", SqlType::Int8, true)];
        let view = ViewSchema { name: "v".into(), columns, key: vec![0], fingerprint: 0 };
        let chunk = |(step, (old, new)): (usize, &(Option<Row>, Option<Row>))| {
            let checkpoint = Checkpoint { step: step as u64, positions: Positions::default() };
            (checkpoint, vec![RowChange { old: old.clone(), new: new.clone() }])
        };
        fold(&view, changes.iter().enumerate().map(chunk).collect()).unwrap()
    }

    #[test]
    fn what_came_and_went_leaves_nothing_and_the_rest_its_ends() {
        let (one, two, three) = (row("1", 1), row("1", 2), row("1", 3));
        assert_eq!(folded(&[(None, Some(one.clone())), (Some(one.clone()), None)]), []);
        let changes = [(Some(one.clone()), Some(two.clone())), (Some(two), Some(three.clone()))];
        assert_eq!(folded(&changes), [RowChange { old: Some(one), new: Some(three) }]);
    }

    /// Folded as two keys, the later form would be written first and taken for the former one's last word.
    #[test]
    fn a_key_that_changes_its_look_is_one_key() {
        let (first, second, third) = (row("1.000", 1), row("1.00", 1), row("1.0", 1));
        let changes = [(Some(first.clone()), Some(second.clone())), (Some(second), Some(third.clone()))];
        assert_eq!(folded(&changes), [RowChange { old: Some(first), new: Some(third) }]);
    }
}
