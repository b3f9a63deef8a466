//! Drawn tables: several types, with and without a primary key, with other replica identities, few rows.

use rand::Rng;
use rand::rngs::StdRng;

use super::kinds::Kind;

/// Columns besides the key.
const COLUMNS: std::ops::RangeInclusive<usize> = 6..=9;
const ROWS: std::ops::RangeInclusive<usize> = 4..=16;

/// A table with its first rows.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<(String, Kind)>,
    /// How many of the first columns are the primary key; 0 for none.
    pub(super) key: usize,
    full: bool,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// A table; `number` tells it from the others.
    pub(super) fn drawn(random: &mut StdRng, number: usize) -> Self {
        let key = [0, 1, 1, 1, 2][random.random_range(0..5)];
        let mut kinds: Vec<Kind> = match key {
            0 => Vec::new(),
            1 => vec![[Kind::Int, Kind::Int, Kind::Int, Kind::Text, Kind::Date][random.random_range(0..5)]],
            _ => vec![Kind::Int, Kind::drawn_plain(random)],
        };
        // By the first two every table can be joined with every other.
        kinds.extend([Kind::Int, Kind::Text]);
        kinds.extend((0..random.random_range(COLUMNS)).map(|_| Kind::drawn(random)));
        let columns = kinds.into_iter().enumerate().map(|(place, kind)| (format!("c{place}"), kind)).collect();
        let full = key == 0 || random.random_bool(0.3);
        let mut table = Self { name: format!("t{number}"), columns, key, full, rows: Vec::new() };
        for _ in 0..random.random_range(ROWS) {
            let row = table.row(random);
            let fresh = key == 0 || table.rows.iter().all(|other| other[..key] != row[..key]);
            if fresh {
                let copies = if key == 0 && random.random_bool(0.3) { 2 } else { 1 };
                table.rows.extend(std::iter::repeat_n(row, copies));
            }
        }
        table
    }

    /// Values of a row.
    pub(super) fn row(&self, random: &mut StdRng) -> Vec<String> {
        let value = |(place, (_, kind)): (usize, &(String, Kind)), random: &mut StdRng| {
            if place < self.key { kind.literal(random) } else { kind.value(random) }
        };
        self.columns.iter().enumerate().map(|column| value(column, random)).collect()
    }

    /// DDL and first rows.
    pub(super) fn sql(&self) -> String {
        let mut parts: Vec<String> =
            self.columns.iter().map(|(name, kind)| format!("{name} {}", kind.column())).collect();
        if self.key > 0 {
            let key: Vec<&str> = self.columns[..self.key].iter().map(|(name, _)| &**name).collect();
            parts.push(format!("primary key ({})", key.join(", ")));
        }
        let mut sql = format!("create table {} ({});\n", self.name, parts.join(", "));
        if self.full {
            sql.push_str(&format!("alter table {} replica identity full;\n", self.name));
        }
        if !self.rows.is_empty() {
            let rows: Vec<String> = self.rows.iter().map(|row| format!("({})", row.join(", "))).collect();
            sql.push_str(&format!("insert into {} values {};\n", self.name, rows.join(", ")));
        }
        sql
    }
}
