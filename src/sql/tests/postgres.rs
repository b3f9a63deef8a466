//! Every SELECT of `plans.txt`, kept by the engine and answered by Postgres: the rows, the names and the types of
//! columns are the same, after the first fill and after every batch of random changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{
    Change, Column, Lsn, NewRow, OldRow, Position, ReplicaIdentity, Row, SqlType, TableSchema, Transaction, Value,
};

use super::golden::{Case, cases};
use super::planning::{PLANS, QUERIES, with_key};
use super::server::Server;
use super::shop::{shop, text};
use crate::engine::{Engine, EngineCatalog, ViewCondition, ViewPlan};
use crate::sql::{SqlCatalog, plan_views};
use crate::state::State;

const ROWS: usize = 12;
const ROUNDS: u64 = 12;
const CHANGES_PER_ROUND: usize = 12;
/// Words that collations order differently.
const WORDS: [&str; 16] = ["a", "A", "b", "B", "ä", "Ä", "z", "Z", "å", "öl", "of", "co-op", "coop", "CO", "é", "x 1"];

/// Both sides of the comparison, and the rows that both have.
pub(super) struct Twins {
    server: Server,
    engine: Engine,
    state: Arc<State>,
    _directory: tempfile::TempDir,
    tables: Vec<Arc<TableSchema>>,
    rows: BTreeMap<(usize, Vec<Value>), Row>,
    random: StdRng,
}

fn type_name(sql_type: &SqlType) -> String {
    match sql_type {
        SqlType::Numeric(_) => "numeric".into(),
        SqlType::Array(element) => format!("{}[]", type_name(element)),
        other => other.to_string(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn table_name(table: &TableSchema) -> String {
    format!("{}.{}", quoted(&table.name.schema), quoted(&table.name.table))
}

fn literal(column: &Column, value: &Value) -> String {
    if value.is_null() {
        return "null".into();
    }
    let mut text = String::new();
    write_text(&mut text, &column.sql_type, value);
    format!("'{}'", text.replace('\'', "''"))
}

fn create(table: &TableSchema) -> String {
    let column = |column: &Column| {
        let type_name = match &column.sql_type {
            SqlType::Bpchar => "char(3)".into(),
            other => other.to_string(),
        };
        format!("{} {type_name}{}", quoted(&column.name), if column.nullable { "" } else { " not null" })
    };
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    if !table.key.is_empty() {
        let key: Vec<String> = table.key.iter().map(|&column| quoted(&table.columns[column].name)).collect();
        parts.push(format!("primary key ({})", key.join(", ")));
    }
    format!("create table {} ({});\n", table_name(table), parts.join(", "))
}

/// Few different values, so that joins match and groups meet.
fn value(random: &mut StdRng, column: &Column) -> Value {
    if column.nullable && random.random_bool(0.25) {
        return Value::Null;
    }
    let number = random.random_range(1..10);
    let text = match &column.sql_type {
        SqlType::Int4 | SqlType::Int8 => number.to_string(),
        SqlType::Numeric(_) => format!("{number}.{:02}", random.random_range(0..3) * 25),
        SqlType::Bool => (number > 4).to_string(),
        SqlType::Text if column.name.starts_with("w_") => WORDS[random.random_range(0..WORDS.len())].to_owned(),
        SqlType::Text if column.name == "status" => ["paid", "open", "void"][number % 3].to_owned(),
        SqlType::Text => ["a", "ab", "b", "bc", "x", "y z", "Ä"][number % 7].to_owned(),
        SqlType::Bpchar => ["a  ", "ab ", "abc"][number % 3].to_owned(),
        SqlType::Timestamp => format!("2024-0{number}-01 0{number}:30:00"),
        SqlType::Json => format!("{{\"a\":  {number}}}"),
        SqlType::Jsonb => format!("{{\"a\": {number}}}"),
        SqlType::Array(_) => format!("{{{number},{}}}", number + 1),
        other => panic!("no values of {other}"),
    };
    parse_text(&column.sql_type, &text).unwrap()
}

fn new_row(random: &mut StdRng, table: &TableSchema) -> Row {
    table.columns.iter().map(|column| value(random, column)).collect()
}

impl Twins {
    fn new(catalog: &SqlCatalog, views: Vec<ViewPlan>) -> Self {
        let tables: Vec<Arc<TableSchema>> = catalog
            .tables
            .iter()
            .map(|table| {
                let identity = if table.key.is_empty() { ReplicaIdentity::Full } else { ReplicaIdentity::Default };
                Arc::new(TableSchema { identity, ..(**table).clone() })
            })
            .collect();
        let server = Server::start();
        let mut script = String::from("create schema audit;\n");
        script.extend(tables.iter().map(|table| create(table)));
        server.psql(&script);
        Self::over(server, tables, views)
    }

    /// Over a server that has the tables.
    pub(super) fn over(server: Server, tables: Vec<Arc<TableSchema>>, views: Vec<ViewPlan>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(directory.path(), 64 << 20).unwrap();
        let engine_catalog = EngineCatalog { tables: tables.clone(), views, ..EngineCatalog::default() };
        let engine = Engine::open(Arc::clone(&state), engine_catalog).unwrap();
        let random = StdRng::seed_from_u64(7);
        Self { server, engine, state, _directory: directory, tables, rows: BTreeMap::new(), random }
    }

    fn key(&self, table: usize, row: &Row) -> (usize, Vec<Value>) {
        (table, self.tables[table].key.iter().map(|&column| row[column].clone()).collect())
    }

    /// The first copy: some rows in every table.
    pub(super) fn load(&mut self) {
        let mut script = String::new();
        for table in 0..self.tables.len() {
            let schema = Arc::clone(&self.tables[table]);
            let mut rows = Vec::new();
            for _ in 0..ROWS {
                let row = new_row(&mut self.random, &schema);
                let key = self.key(table, &row);
                if schema.key.is_empty() || !self.rows.contains_key(&key) {
                    self.rows.insert(key, row.clone());
                    script.push_str(&insert(&schema, &row));
                    rows.push(row);
                }
            }
            self.engine.load(&schema, &rows).unwrap();
        }
        self.server.psql(&script);
        let sources: BTreeSet<_> = self.tables.iter().map(|table| table.name.source.clone()).collect();
        for source in sources {
            self.engine.load_done(&source, &Position::Lsn(Lsn(1))).unwrap();
        }
        self.engine.fill(&mut |_, _| ControlFlow::Continue(())).unwrap();
    }

    /// One transaction per source of random changes, on both sides.
    pub(super) fn change(&mut self, round: u64) {
        let mut script = String::new();
        let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
        for _ in 0..CHANGES_PER_ROUND {
            let table = self.random.random_range(0..self.tables.len());
            let schema = Arc::clone(&self.tables[table]);
            let row = new_row(&mut self.random, &schema);
            let key = self.key(table, &row);
            let source = if schema.name.source == "shop" { "shop" } else { "clicks" };
            let old = self.rows.get(&key).cloned().filter(|_| !schema.key.is_empty());
            let change = match old {
                Some(old) if self.random.random_bool(0.4) => {
                    script.push_str(&delete(&schema, &old));
                    self.rows.remove(&key);
                    Change::Delete { table: schema, old: OldRow::Full(old) }
                }
                Some(old) => {
                    script.push_str(&delete(&schema, &old));
                    script.push_str(&insert(&schema, &row));
                    self.rows.insert(key, row.clone());
                    Change::Update { table: schema, old: OldRow::SameKey, new: NewRow { row, unchanged: Vec::new() } }
                }
                None => {
                    script.push_str(&insert(&schema, &row));
                    self.rows.insert(key, row.clone());
                    Change::Insert { table: schema, new: row }
                }
            };
            changes.entry(source).or_default().push(change);
        }
        self.server.psql(&script);
        for (source, changes) in changes {
            let position = Position::Lsn(Lsn(round + 2));
            let outcome =
                self.engine.step(&source.into(), &[Transaction { position, committed_at: 0, changes }]).unwrap();
            assert!(outcome.failed.is_empty(), "round {round}: {:?}", outcome.failed);
        }
    }

    /// The rows of a view, as COPY prints them, sorted.
    fn kept(&self, view: &ViewPlan) -> Vec<String> {
        let condition = self.engine.view_condition(&view.name);
        assert!(matches!(condition, ViewCondition::Live), "{}: {condition:?}", view.name);
        let page = self.state.read(|reader| reader.view_rows(&view.name, None, usize::MAX >> 1)).unwrap();
        let cell = |(value, column): (&Value, &Column)| match value {
            Value::Null => "\\N".to_owned(),
            value => {
                let mut text = String::new();
                write_text(&mut text, &column.sql_type, value);
                text.replace('\\', "\\\\").replace('\n', "\\n")
            }
        };
        let line = |row: &Row| row.iter().zip(&view.columns).map(cell).collect::<Vec<_>>().join("\t");
        let mut lines: Vec<String> = page.rows.iter().map(line).collect();
        lines.sort();
        lines
    }

    pub(super) fn compare(&self, views: &[(ViewPlan, String)], round: &str) {
        let mut script = String::new();
        for (_, sql) in views {
            writeln!(script, "\\echo ==\ncopy ({sql}) to stdout;").unwrap();
        }
        let printed = self.server.psql(&script);
        let answers = printed.split("==\n").skip(1);
        let mut wrong = String::new();
        for ((view, sql), answer) in views.iter().zip(answers) {
            let mut expected: Vec<&str> = answer.lines().collect();
            expected.sort_unstable();
            let kept = self.kept(view);
            if kept != expected {
                writeln!(wrong, "{round}: {sql}\nkept {kept:#?}\nPostgres {expected:#?}").unwrap();
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}

fn insert(table: &TableSchema, row: &Row) -> String {
    let values: Vec<String> = row.iter().zip(&table.columns).map(|(value, column)| literal(column, value)).collect();
    format!("insert into {} values ({});\n", table_name(table), values.join(", "))
}

fn delete(table: &TableSchema, row: &Row) -> String {
    let test = |&column: &usize| {
        format!("{} = {}", quoted(&table.columns[column].name), literal(&table.columns[column], &row[column]))
    };
    let tests: Vec<String> = table.key.iter().map(test).collect();
    format!("delete from {} where {};\n", table_name(table), tests.join(" and "))
}

/// As Postgres knows it: without the catalogs of our sources.
fn for_postgres(sql: &str) -> String {
    sql.replace("clicks.public.", "public.").replace("shop.public.", "public.")
}

fn planned() -> (SqlCatalog, Vec<(ViewPlan, String)>) {
    let catalog = shop();
    let queries = cases(QUERIES).into_iter().map(|case| Case { sql: with_key(&case.sql), ..case });
    let cases: Vec<Case> = cases(PLANS).into_iter().chain(queries).collect();
    let texts: Vec<_> = cases.iter().enumerate().map(|(index, case)| text(&format!("v{index}"), &case.sql)).collect();
    let plans = plan_views(&catalog, &texts).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let views = plans.into_iter().map(|plan| {
        let index: usize = plan.name[1..].parse().unwrap();
        let sql = for_postgres(&cases[index].sql);
        (plan, sql)
    });
    let views = views.collect();
    (catalog, views)
}

#[test]
fn views_always_equal_what_postgres_answers() {
    let (catalog, views) = planned();
    let plans = views.iter().map(|(plan, _)| plan.clone()).collect();
    let mut twins = Twins::new(&catalog, plans);
    twins.load();
    twins.compare(&views, "after the fill");
    for round in 0..ROUNDS {
        twins.change(round);
        twins.compare(&views, &format!("round {round}"));
    }
}

#[test]
fn columns_are_named_and_typed_as_in_postgres() {
    let (catalog, views) = planned();
    let twins = Twins::new(&catalog, Vec::new());
    let mut script = String::new();
    for (view, sql) in &views {
        let name = &view.name;
        writeln!(
            script,
            "\\echo ==\ncreate view {name} as {sql};\nselect attname || ' ' || format_type(atttypid, null) from pg_attribute
             where attrelid = '{name}'::regclass and attnum > 0 order by attnum;"
        )
        .unwrap();
    }
    let printed = twins.server.psql(&script);
    for ((view, sql), answer) in views.iter().zip(printed.split("==\n").skip(1)) {
        let expected: Vec<String> = answer.lines().map(|line| line.replace(" character varying", " text")).collect();
        let ours: Vec<String> =
            view.columns.iter().map(|column| format!("{} {}", column.name, type_name(&column.sql_type))).collect();
        assert_eq!(ours, expected, "{sql}");
    }
}
