//! Tables, rows and engines for tests; rows and deltas drawn as text.

use std::ops::ControlFlow;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::text::parse_text;
use tailwater_connectors::{
    Change, Column, Lsn, NewRow, OldRow, Position, ReplicaIdentity, Row, SqlType, TableName, TableSchema, Transaction,
    Value,
};

use crate::engine::scalar::{Typed, bind};
use crate::engine::{Engine, EngineCatalog, Plan, RelationName, RowErrorPolicy, Scalar, StepOutcome, ViewPlan};
use crate::state::{State, StateError};

/// The one source of these tests.
pub(super) const SOURCE: SmolStr = SmolStr::new_static("s");

/// A state directory that goes when dropped.
pub(super) struct Bench {
    pub(super) state: Arc<State>,
    _directory: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(directory.path(), 32 << 20).unwrap();
        Self { state, _directory: directory }
    }

    pub(super) fn open(&self, catalog: &EngineCatalog) -> Engine {
        Engine::open(Arc::clone(&self.state), catalog.clone()).unwrap()
    }

    /// All rows of a view, in representation order.
    pub(super) fn rows(&self, view: &str) -> Vec<Row> {
        let page = self.state.read(|reader| reader.view_rows(view, None, usize::MAX >> 1)).unwrap();
        let mut rows = page.rows;
        rows.sort();
        rows
    }

    /// Whether readers find the view at all.
    pub(super) fn is_readable(&self, view: &str) -> bool {
        match self.state.read(|reader| reader.view_rows(view, None, 1)) {
            Ok(_) => true,
            Err(StateError::UnknownView { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same as text.
    pub(super) fn shown(&self, view: &str) -> String {
        self.rows(view).iter().map(show).collect::<Vec<_>>().join("\n")
    }
}

/// Opens, loads nothing, and fills: all tables empty.
pub(super) fn started(bench: &Bench, catalog: &EngineCatalog) -> Engine {
    let mut engine = bench.open(catalog);
    engine.load_done(&SOURCE, &at(1)).unwrap();
    fill(&mut engine);
    engine
}

pub(super) fn fill(engine: &mut Engine) {
    engine.fill(&mut |_, _| ControlFlow::Continue(())).unwrap();
}

pub(super) fn at(lsn: u64) -> Position {
    Position::Lsn(Lsn(lsn))
}

pub(super) fn transaction(lsn: u64, changes: Vec<Change>) -> Transaction {
    Transaction { position: at(lsn), committed_at: 0, changes }
}

/// One step of one transaction.
pub(super) fn step(engine: &mut Engine, lsn: u64, changes: Vec<Change>) -> StepOutcome {
    engine.step(&SOURCE, &[transaction(lsn, changes)]).unwrap()
}

/// A table `s.public.name`; a column is `name type`, with `!` behind the type for a key column.
pub(super) fn table(name: &str, columns: &[&str]) -> Arc<TableSchema> {
    let parsed: Vec<(Column, bool)> = columns
        .iter()
        .map(|column| {
            let (name, sql_type) = column.split_once(' ').unwrap();
            let key = sql_type.ends_with('!');
            let sql_type = sql_type_named(sql_type.trim_end_matches('!'));
            (Column::new(name, sql_type, !key), key)
        })
        .collect();
    let key: Vec<usize> = (0..parsed.len()).filter(|column| parsed[*column].1).collect();
    Arc::new(TableSchema {
        name: TableName { source: SOURCE, schema: "public".into(), table: name.into() },
        id: 1,
        identity: if key.is_empty() { ReplicaIdentity::Full } else { ReplicaIdentity::Default },
        columns: parsed.into_iter().map(|(column, _)| column).collect(),
        key,
    })
}

pub(super) fn sql_type_named(name: &str) -> SqlType {
    match name {
        "int" => SqlType::Int4,
        "bigint" => SqlType::Int8,
        "text" => SqlType::Text,
        "numeric" => SqlType::Numeric(None),
        "float" => SqlType::Float8,
        "interval" => SqlType::Interval,
        other => panic!("no type {other}"),
    }
}

/// A row as text: values apart by blanks, `-` for null.
pub(super) fn row(table: &TableSchema, text: &str) -> Row {
    let values = text.split_whitespace().zip(&table.columns).map(|(value, column)| match value {
        "-" => Value::Null,
        value => parse_text(&column.sql_type, value).unwrap(),
    });
    values.collect()
}

/// Changes drawn as `+1 7 alice` for an insert, `-1 7 alice` for a delete; one after the other makes an update.
pub(super) fn changes(table: &Arc<TableSchema>, text: &str) -> Vec<Change> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (weight, rest) = line.split_once(' ').unwrap();
            let row = row(table, rest);
            match weight {
                "+1" => Change::Insert { table: Arc::clone(table), new: row },
                "-1" => Change::Delete { table: Arc::clone(table), old: OldRow::Full(row) },
                other => panic!("no weight {other}"),
            }
        })
        .collect()
}

/// An update with the key unchanged.
pub(super) fn update(table: &Arc<TableSchema>, text: &str) -> Change {
    let new = NewRow { row: row(table, text), unchanged: Vec::new() };
    Change::Update { table: Arc::clone(table), old: OldRow::SameKey, new }
}

pub(super) fn show(row: &Row) -> String {
    row.iter().map(show_value).collect::<Vec<_>>().join(" ")
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Numeric(value) => value.to_string(),
        Value::Text(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

pub(super) fn name_of(table: &TableSchema) -> RelationName {
    RelationName::Table(table.name.clone())
}

/// A scan of all columns.
pub(super) fn scan(table: &TableSchema) -> Plan {
    Plan::Scan { relation: name_of(table), columns: (0..table.columns.len()).collect() }
}

pub(super) fn column(place: usize, sql_type: &SqlType) -> Typed {
    Typed::new(Scalar::Column(place), sql_type.clone())
}

/// `left symbol right`.
pub(super) fn operator(symbol: &str, left: Typed, right: Typed) -> Typed {
    bind::operator(symbol, vec![left, right]).unwrap()
}

pub(super) fn number(text: &str) -> Typed {
    bind::literal_number(text)
}

/// A view over a plan with these output types.
pub(super) fn view(name: &str, plan: Plan, types: &[SqlType], key: &[usize]) -> ViewPlan {
    let columns =
        types.iter().enumerate().map(|(place, sql_type)| Column::new(format!("c{place}"), sql_type.clone(), true));
    ViewPlan {
        name: name.into(),
        plan,
        columns: columns.collect(),
        key: key.to_vec(),
        row_errors: RowErrorPolicy::default(),
    }
}
