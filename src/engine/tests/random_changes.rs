//! Random tables and transactions, with the source's own idea of its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use rand::rngs::StdRng;
use tailwater_connectors::{Change, NewRow, OldRow, ReplicaIdentity, Row, SqlType, TableSchema, Value};

use super::fixture::{name_of, table};
use super::oracle::Database;

/// What the source holds.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) tables: Vec<(Arc<TableSchema>, Vec<Row>)>,
}

/// Tables of every kind: one key column, two, another type of key, none.
pub(super) fn tables() -> Vec<Arc<TableSchema>> {
    let full =
        |schema: Arc<TableSchema>| Arc::new(TableSchema { identity: ReplicaIdentity::Full, ..(*schema).clone() });
    vec![
        table("t0", &["id bigint!", "a bigint", "b text", "n numeric"]),
        full(table("t1", &["id bigint!", "b text!", "a bigint", "f float"])),
        table("t2", &["b text!", "a bigint", "c bigint"]),
        table("t3", &["a bigint", "b text", "n numeric"]),
    ]
}

pub(super) fn random_value(random: &mut StdRng, sql_type: &SqlType, nullable: bool) -> Value {
    if nullable && random.random_bool(0.2) {
        return Value::Null;
    }
    match sql_type {
        SqlType::Int8 => Value::Int(random.random_range(0..5)),
        SqlType::Bool => Value::Bool(random.random_bool(0.5)),
        SqlType::Text => Value::text(["x", "y", "z", ""][random.random_range(0..4)]),
        SqlType::Numeric(_) => {
            let numbers = ["1", "1.0", "1.00", "2.5", "-3", "0", "1000000000000000000000.5"];
            Value::Numeric(numbers[random.random_range(0..numbers.len())].parse().unwrap())
        }
        SqlType::Float8 => {
            Value::Float([0.1, 0.2, 0.3, 1e300, -1e300, 1e-300, 7.0, 0.0, -0.0][random.random_range(0..9)])
        }
        other => panic!("no random {other}"),
    }
}

fn random_row(random: &mut StdRng, schema: &TableSchema) -> Row {
    schema.columns.iter().map(|column| random_value(random, &column.sql_type, column.nullable)).collect()
}

fn same_key(schema: &TableSchema, a: &Row, b: &Row) -> bool {
    !schema.key.is_empty() && schema.key.iter().all(|column| a[*column] == b[*column])
}

impl Source {
    pub(super) fn new(random: &mut StdRng) -> Self {
        let mut source = Self { tables: tables().into_iter().map(|schema| (schema, Vec::new())).collect() };
        for place in 0..source.tables.len() {
            for _ in 0..random.random_range(0..8) {
                source.insert(random, place);
            }
        }
        source
    }

    pub(super) fn database(&self) -> Database {
        let relation = |(schema, rows): &(Arc<TableSchema>, Vec<Row>)| {
            let types = schema.columns.iter().map(|column| column.sql_type.clone()).collect();
            (name_of(schema), (types, rows.clone()))
        };
        self.tables.iter().map(relation).collect::<BTreeMap<_, _>>()
    }

    /// Some changes, made here as well.
    pub(super) fn transaction(&mut self, random: &mut StdRng) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..random.random_range(1..6) {
            let place = random.random_range(0..self.tables.len());
            match random.random_range(0..100) {
                0..40 => changes.extend(self.insert(random, place)),
                40..60 => changes.extend(self.delete(random, place)),
                60..95 => changes.extend(self.update(random, place)),
                95..98 => {
                    let again = self.delete(random, place);
                    if let Some(Change::Delete { table, old: OldRow::Full(old) | OldRow::Key(old) }) = again.clone() {
                        let mut row = random_row(random, &table).to_vec();
                        table.key.iter().for_each(|column| row[*column] = old[*column].clone());
                        let new = Row::from(row);
                        self.tables[place].1.push(new.clone());
                        changes.extend(again);
                        changes.push(Change::Insert { table, new });
                    }
                }
                _ => {
                    self.tables[place].1.clear();
                    changes.push(Change::Truncate { tables: vec![Arc::clone(&self.tables[place].0)] });
                }
            }
        }
        changes
    }

    fn insert(&mut self, random: &mut StdRng, place: usize) -> Option<Change> {
        let (schema, rows) = &mut self.tables[place];
        let new = random_row(random, schema);
        if rows.iter().any(|row| same_key(schema, row, &new)) || rows.len() > 12 {
            return None;
        }
        rows.push(new.clone());
        Some(Change::Insert { table: Arc::clone(schema), new })
    }

    fn image(schema: &TableSchema, row: &Row) -> OldRow {
        if schema.identity == ReplicaIdentity::Full {
            return OldRow::Full(row.clone());
        }
        let value =
            |(place, value): (usize, &Value)| if schema.key.contains(&place) { value.clone() } else { Value::Null };
        OldRow::Key(row.iter().enumerate().map(value).collect())
    }

    fn delete(&mut self, random: &mut StdRng, place: usize) -> Option<Change> {
        let (schema, rows) = &mut self.tables[place];
        if rows.is_empty() {
            return None;
        }
        let row = rows.swap_remove(random.random_range(0..rows.len()));
        Some(Change::Delete { table: Arc::clone(schema), old: Self::image(schema, &row) })
    }

    fn update(&mut self, random: &mut StdRng, place: usize) -> Option<Change> {
        let (schema, rows) = &mut self.tables[place];
        if rows.is_empty() {
            return None;
        }
        let chosen = random.random_range(0..rows.len());
        let old = rows[chosen].clone();
        let mut values = old.to_vec();
        let mut unchanged = Vec::new();
        let mut sent = Vec::new();
        for (place, column) in schema.columns.iter().enumerate() {
            let is_key = schema.key.contains(&place);
            if random.random_bool(if is_key { 0.2 } else { 0.5 }) {
                values[place] = random_value(random, &column.sql_type, column.nullable);
            }
            let large = column.sql_type == SqlType::Text && !is_key && values[place] == old[place];
            if large && random.random_bool(0.5) {
                unchanged.push(place as u16);
                sent.push(Value::Null);
            } else {
                sent.push(values[place].clone());
            }
        }
        let new = Row::from(values);
        let taken = |(place, row): (usize, &Row)| place != chosen && same_key(schema, row, &new);
        if rows.iter().enumerate().any(taken) {
            return None;
        }
        let image = match same_key(schema, &old, &new) && schema.identity == ReplicaIdentity::Default {
            true => OldRow::SameKey,
            false => Self::image(schema, &old),
        };
        rows[chosen] = new;
        let new = NewRow { row: sent.into(), unchanged };
        Some(Change::Update { table: Arc::clone(schema), old: image, new })
    }
}
