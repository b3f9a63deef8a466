//! Drawn transactions: keys go and come back, change, meet others; join keys move while their partners go; tables are
//! emptied; some of it is rolled back.

use rand::Rng;
use rand::rngs::StdRng;

use super::kinds::Kind;
use super::tables::Table;

const STATEMENTS_MAX: usize = 5;

/// Statements that commit together, or not at all.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) statements: Vec<String>,
    commits: bool,
}

impl Change {
    /// One transaction over the tables.
    pub(super) fn drawn(random: &mut StdRng, tables: &[Table]) -> Self {
        let mut statements = Vec::new();
        for _ in 0..random.random_range(1..=STATEMENTS_MAX) {
            let table = &tables[random.random_range(0..tables.len())];
            statements.extend(drawn_statements(random, table, tables));
        }
        Self { statements, commits: !random.random_bool(0.06) }
    }

    /// As one simple query.
    pub(super) fn sql(&self) -> String {
        format!("begin;\n{};\n{};", self.statements.join(";\n"), if self.commits { "commit" } else { "rollback" })
    }
}

/// A statement that meets a key that is there is undone alone.
fn guarded(statement: &str) -> String {
    format!("do $$ begin {statement}; exception when unique_violation or not_null_violation then null; end $$")
}

fn insert(random: &mut StdRng, table: &Table) -> String {
    let rows: Vec<String> =
        (0..random.random_range(1..=3)).map(|_| format!("({})", table.row(random).join(", "))).collect();
    guarded(&format!("insert into {} values {}", table.name, rows.join(", ")))
}

/// A condition that some rows meet.
fn condition(random: &mut StdRng, table: &Table) -> String {
    let (name, kind) = &table.columns[random.random_range(0..table.columns.len())];
    match random.random_range(0..8) {
        0 => format!("{name} is null"),
        1 => format!("{name} is not null"),
        2 if *kind != Kind::Jsonb => format!("{name} > {}", kind.literal(random)),
        _ => format!("{name} = {}", kind.literal(random)),
    }
}

fn assignments(random: &mut StdRng, table: &Table) -> String {
    let count = random.random_range(1..=2);
    let first = random.random_range(0..table.columns.len());
    let columns = (0..count).map(|step| &table.columns[(first + step) % table.columns.len()]);
    let set = columns.map(|(name, kind)| match (kind, random.random_range(0..4)) {
        (Kind::Int | Kind::Bigint, 0) => format!("{name} = {name} + 1"),
        (Kind::Bool, 0) => format!("{name} = not {name}"),
        (Kind::Text, 0) => format!("{name} = {name} || 'a'"),
        _ => format!("{name} = {}", kind.value(random)),
    });
    set.collect::<Vec<_>>().join(", ")
}

fn update(random: &mut StdRng, table: &Table) -> String {
    let (set, condition) = (assignments(random, table), condition(random, table));
    guarded(&format!("update {} set {set} where {condition}", table.name))
}

fn drawn_statements(random: &mut StdRng, table: &Table, tables: &[Table]) -> Vec<String> {
    let name = &table.name;
    match random.random_range(0..22) {
        0..=5 => vec![insert(random, table)],
        6..=9 => vec![update(random, table)],
        10 | 11 => vec![format!("delete from {name} where {}", condition(random, table))],
        12 => {
            // One row, of equal ones too.
            let condition = condition(random, table);
            vec![format!("delete from {name} where ctid = (select min(ctid) from {name} where {condition})")]
        }
        13 => {
            // A key goes and comes back with other values.
            let row = table.row(random);
            let key: Vec<String> = table.columns[..table.key.max(1)]
                .iter()
                .zip(&row)
                .map(|((name, _), value)| format!("{name} = {value}"))
                .collect();
            vec![
                format!("delete from {name} where {}", key.join(" and ")),
                guarded(&format!("insert into {name} values ({})", row.join(", "))),
            ]
        }
        14 if table.key > 0 => {
            let (key, kind) = &table.columns[0];
            let (old, new) = (kind.literal(random), kind.literal(random));
            vec![guarded(&format!("update {name} set {key} = {new} where {key} = {old}"))]
        }
        15 | 16 => {
            // The join key moves while partners in another table go.
            let other = &tables[random.random_range(0..tables.len())];
            let (key, other_key) = (&table.columns[table.key].0, &other.columns[other.key].0);
            let (old, new) = (Kind::Int.literal(random), Kind::Int.value(random));
            let mut both = vec![
                guarded(&format!("update {name} set {key} = {new} where {key} = {old}")),
                format!("delete from {} where {other_key} = {old}", other.name),
            ];
            if random.random_bool(0.5) {
                both.reverse();
            }
            both
        }
        17 => vec![format!("update {name} set c0 = c0 where {}", condition(random, table))],
        18 => vec![
            "savepoint a".into(),
            update(random, table),
            insert(random, table),
            "rollback to a".into(),
            insert(random, table),
        ],
        19 => vec!["savepoint b".into(), insert(random, table), "release b".into()],
        20 if random.random_bool(0.25) => vec![format!("truncate {name}")],
        _ => vec![insert(random, table), update(random, table)],
    }
}
