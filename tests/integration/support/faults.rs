//! Faults to plant in a recording: what the source hands over is spoiled in one place, so that a test can show that it would
//! notice.

use tailwater_connectors::{Change, OldRow, Row, Transaction, Value};

use super::recording::{Boundary, Recording};

/// Spoils one change of a transaction; false where it does not apply.
pub(crate) type Fault = fn(&mut Vec<Change>, usize) -> bool;

/// All of them, with their names.
pub(crate) const FAULTS: [(&str, Fault); 7] = [
    ("a lost change", |changes, place| {
        changes.remove(place);
        true
    }),
    ("a change taken twice", |changes, place| {
        // The same update again would be harmless.
        let counts = !matches!(changes[place], Change::Update { .. });
        if counts {
            changes.insert(place, changes[place].clone());
        }
        counts
    }),
    ("another old row", |changes, place| match &mut changes[place] {
        Change::Update { old: OldRow::Full(row), .. } | Change::Delete { old: OldRow::Full(row), .. } => {
            *row = with_other_number(row);
            true
        }
        _ => false,
    }),
    ("another new row", |changes, place| match &mut changes[place] {
        Change::Insert { new: row, .. } => {
            *row = with_other_number(row);
            true
        }
        _ => false,
    }),
    ("an unchanged value taken as null", |changes, place| match &mut changes[place] {
        Change::Update { new, .. } => !std::mem::take(&mut new.unchanged).is_empty(),
        _ => false,
    }),
    ("a retraction without its new row", |changes, place| match &changes[place] {
        Change::Update { table, old: old @ OldRow::Full(_), .. } => {
            changes[place] = Change::Delete { table: table.clone(), old: old.clone() };
            true
        }
        _ => false,
    }),
    ("a null forgotten", |changes, place| match &mut changes[place] {
        Change::Insert { new: row, table } => {
            let number = |(place, value): (usize, &Value)| {
                value.is_null() && matches!(table.columns[place].sql_type.to_string().as_str(), "integer" | "bigint")
            };
            let Some(place) = row.iter().enumerate().position(number) else { return false };
            let mut values = row.to_vec();
            values[place] = Value::Int(0);
            *row = values.into();
            true
        }
        _ => false,
    }),
];

fn with_other_number(row: &Row) -> Row {
    let mut values = row.to_vec();
    if let Some(Value::Int(number)) = values.iter_mut().find(|value| matches!(value, Value::Int(_))) {
        *number += 1;
    }
    values.into()
}

/// Copies of the recording with the fault in each place where it applies.
pub(crate) fn spoiled(recording: &Recording, fault: Fault) -> Vec<Recording> {
    let mut copies = Vec::new();
    for (boundary, Boundary { transactions, .. }) in recording.boundaries.iter().enumerate() {
        for (transaction, Transaction { changes, .. }) in transactions.iter().enumerate() {
            for place in 0..changes.len() {
                let mut copy = recording.clone();
                if fault(&mut copy.boundaries[boundary].transactions[transaction].changes, place) {
                    copies.push(copy);
                }
            }
        }
    }
    copies
}
