//! Limits and window functions, over rows that come and go, answer what Postgres 15 answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tailwater_connectors::{Change, OldRow, Row, SqlType, TableSchema, Value};
use tokio_postgres::{Client, NoTls};

use super::fixture::{Bench, SOURCE, at, column, fill, number, operator, scan, table, transaction, view};
use super::random_plan::call;
use crate::engine::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall};
use crate::engine::scalar::tests::server::Postgres;
use crate::engine::scalar::{Typed, bind};
use crate::engine::{AggregateFunction, EngineCatalog, Plan, SortKey, ViewPlan};

/// Columns of the table: `id`, `p`, `k`, `v`.
const WIDTH: usize = 4;

/// A view with the query that asks for the same.
struct Case {
    view: ViewPlan,
    sql: String,
}

fn key(place: usize, (descending, nulls_first): (bool, bool)) -> (SortKey, String) {
    let expression = column(place, &SqlType::Int8);
    let sql = format!(
        "{} {} nulls {}",
        ["id", "p", "k", "v"][place],
        if descending { "desc" } else { "asc" },
        if nulls_first { "first" } else { "last" }
    );
    (SortKey { expression: expression.scalar, sql_type: SqlType::Int8, descending, nulls_first }, sql)
}

/// An order by `k`; `total` goes on with `id`, which tells all rows apart.
fn order(random: &mut StdRng, total: bool) -> (Vec<SortKey>, String) {
    let mut keys = vec![key(2, (random.random(), random.random()))];
    if total {
        keys.push(key(0, (random.random(), false)));
    }
    let (keys, sql): (Vec<SortKey>, Vec<String>) = keys.into_iter().unzip();
    (keys, sql.join(", "))
}

/// A bound and its place among bounds: a frame's end must not be before its start.
fn bound(random: &mut StdRng, (units, order): (FrameUnits, &[SortKey])) -> (FrameBound, String, u8) {
    let count = random.random_range(0..4_u64);
    let limit = |before: bool| {
        let symbol = if before == order[0].descending { "+" } else { "-" };
        FrameBound::RangeLimit(operator(symbol, column(2, &SqlType::Int8), number(&count.to_string())).scalar)
    };
    let range = units == FrameUnits::Range;
    match random.random_range(0..7) {
        0 => (FrameBound::UnboundedPreceding, "unbounded preceding".into(), 0),
        1 | 2 => {
            let bound = if range { limit(true) } else { FrameBound::Preceding(count) };
            (bound, format!("{count} preceding"), 1)
        }
        3 => (FrameBound::CurrentRow, "current row".into(), 2),
        4 | 5 => {
            let bound = if range { limit(false) } else { FrameBound::Following(count) };
            (bound, format!("{count} following"), 3)
        }
        _ => (FrameBound::UnboundedFollowing, "unbounded following".into(), 4),
    }
}

fn frame(random: &mut StdRng, (units, order): (FrameUnits, &[SortKey])) -> (Frame, String) {
    let name = match units {
        FrameUnits::Rows => "rows",
        FrameUnits::Range => "range",
        FrameUnits::Groups => "groups",
    };
    if random.random_bool(0.4) {
        let (start, end) = (FrameBound::UnboundedPreceding, FrameBound::CurrentRow);
        return (
            Frame { units, start, end, exclusion: FrameExclusion::Nothing },
            format!("{name} unbounded preceding"),
        );
    }
    loop {
        let (start, start_sql, first) = bound(random, (units, order));
        let (end, end_sql, last) = bound(random, (units, order));
        if first > last || first == 4 || last == 0 {
            continue;
        }
        let (exclusion, exclusion_sql) = match random.random_range(0..6) {
            0 => (FrameExclusion::CurrentRow, "exclude current row"),
            1 => (FrameExclusion::Group, "exclude group"),
            2 => (FrameExclusion::Ties, "exclude ties"),
            _ => (FrameExclusion::Nothing, ""),
        };
        let sql = format!("{name} between {start_sql} and {end_sql} {exclusion_sql}");
        return (Frame { units, start, end, exclusion }, sql);
    }
}

fn window_function(random: &mut StdRng, (frame, total): (Frame, bool)) -> (WindowCall, String) {
    let value = || column(3, &SqlType::Int8);
    let count = random.random_range(1..4).to_string();
    let aggregates =
        [("count", AggregateFunction::Count), ("sum", AggregateFunction::Sum), ("min", AggregateFunction::Min)];
    let choice = random.random_range(0..if total { 22 } else { 11 });
    let (name, arguments, sql): (&str, Vec<Typed>, String) = match choice {
        0 if total => ("row_number", vec![], String::new()),
        0 | 1 => ("rank", vec![], String::new()),
        2 => ("dense_rank", vec![], String::new()),
        3 => ("percent_rank", vec![], String::new()),
        4 => ("cume_dist", vec![], String::new()),
        5..=10 => {
            let (name, function) = aggregates[random.random_range(0..3)];
            let call = call(function, Some((3, SqlType::Int8)));
            return (bind::aggregate_window(call, frame), format!("{name}(v)"));
        }
        11 => ("ntile", vec![number(&count)], count),
        12 | 13 => ("lag", vec![value(), number(&count)], format!("v, {count}")),
        14 => ("lead", vec![value()], "v".into()),
        15 => ("lead", vec![value(), number(&count), number("-7")], format!("v, {count}, -7")),
        16 | 17 => ("first_value", vec![value()], "v".into()),
        18 | 19 => ("last_value", vec![value()], "v".into()),
        _ => ("nth_value", vec![value(), number(&count)], format!("v, {count}")),
    };
    (bind::window_call(name, arguments, frame).unwrap(), format!("{name}({sql})"))
}

fn window_case(random: &mut StdRng, (place, schema): (usize, &TableSchema)) -> Case {
    let units = [FrameUnits::Rows, FrameUnits::Range, FrameUnits::Groups][random.random_range(0..3)];
    let total = units == FrameUnits::Rows;
    let (order, order_sql) = order(random, total);
    let mut calls = Vec::new();
    let mut sql = Vec::new();
    for _ in 0..random.random_range(1..3) {
        let (frame, frame_sql) = frame(random, (units, &order));
        let (call, call_sql) = window_function(random, (frame, total));
        sql.push(format!("{call_sql} over (partition by p order by {order_sql} {frame_sql})"));
        calls.push(call);
    }
    let types: Vec<SqlType> =
        std::iter::repeat_n(SqlType::Int8, WIDTH).chain(calls.iter().map(|call| call.result_type.clone())).collect();
    let plan = Plan::Window {
        input: Box::new(scan(schema)),
        partition: vec![column(1, &SqlType::Int8).scalar],
        partition_types: vec![SqlType::Int8],
        order,
        calls,
    };
    Case { view: view(&format!("v{place}"), plan, &types, &[0]), sql: format!("select t.*, {} from t", sql.join(", ")) }
}

fn limit_case(random: &mut StdRng, (place, schema): (usize, &TableSchema)) -> Case {
    let with_ties = random.random_bool(0.4);
    let offset = if with_ties || random.random_bool(0.5) { 0 } else { random.random_range(0..5) };
    let limit = (with_ties || random.random_bool(0.8)).then(|| random.random_range(0..6_u64));
    let (order, order_sql) = order(random, !with_ties);
    let partitioned = random.random_bool(0.6);
    let rows = match limit {
        Some(limit) if with_ties => format!("fetch first {limit} rows with ties"),
        Some(limit) => format!("limit {limit}"),
        None => String::new(),
    };
    let sql = match partitioned {
        true => format!(
            "select s.* from (select distinct p from t) g, lateral (select * from t where t.p is not distinct from g.p \
             order by {order_sql} offset {offset} {rows}) s"
        ),
        false => format!("select * from t order by {order_sql} offset {offset} {rows}"),
    };
    let partition = if partitioned { vec![column(1, &SqlType::Int8).scalar] } else { Vec::new() };
    let partition_types = vec![SqlType::Int8; partition.len()];
    let plan =
        Plan::TopN { input: Box::new(scan(schema)), partition, partition_types, order, offset, limit, with_ties };
    Case { view: view(&format!("v{place}"), plan, &vec![SqlType::Int8; WIDTH], &[0]), sql }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Numeric(value) => value.to_string(),
        other => panic!("no text of {other:?}"),
    }
}

async fn theirs(client: &Client, sql: &str) -> Vec<String> {
    let wrapped = format!("select translate(q::text, '()', '') from ({sql}) q");
    let rows = client.query(&wrapped, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let text = |row: &tokio_postgres::Row| {
        let values: Vec<String> = row
            .get::<_, String>(0)
            .split(',')
            .map(|value| if value.is_empty() { "-".to_owned() } else { value.to_owned() })
            .collect();
        values.join(" ")
    };
    let mut rows: Vec<String> = rows.iter().map(text).collect();
    rows.sort();
    rows
}

fn some(random: &mut StdRng, values: i64) -> Value {
    match random.random_range(-1..values) {
        -1 => Value::Null,
        value => Value::Int(value),
    }
}

/// A table that is followed, and the views over it.
struct Story {
    random: StdRng,
    views: usize,
    steps: u64,
    /// Rows that are there when the views are filled.
    first_rows: usize,
    rows_max: usize,
    /// Different values of `k` and `v`.
    values: i64,
    schema: Arc<TableSchema>,
    rows: BTreeMap<i64, Row>,
    next: i64,
}

impl Story {
    fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            views: 60,
            steps: 24,
            first_rows: 0,
            rows_max: 24,
            values: 5,
            schema: table("t", &["id bigint!", "p bigint", "k bigint", "v bigint"]),
            rows: BTreeMap::new(),
            next: 0,
        }
    }

    /// A row that comes, with its statement.
    fn insert(&mut self) -> (Row, String) {
        self.next += 1;
        let random = &mut self.random;
        let mut values = vec![Value::Int(self.next), Value::Int(random.random_range(0..2))];
        values.extend([some(random, self.values), some(random, self.values)]);
        let texts: Vec<String> = values.iter().map(|value| shown(value).replace('-', "null")).collect();
        let row = Row::from(values);
        self.rows.insert(self.next, row.clone());
        (row, format!("insert into t values ({})", texts.join(", ")))
    }

    /// Some changes, with their statements.
    fn transaction(&mut self) -> (Vec<Change>, String) {
        let (mut changes, mut statements) = (Vec::new(), Vec::new());
        for _ in 0..self.random.random_range(1..6) {
            let deletes = self.rows.len() > self.rows_max || (!self.rows.is_empty() && self.random.random_bool(0.35));
            if deletes {
                let id = *self.rows.keys().nth(self.random.random_range(0..self.rows.len())).unwrap();
                let old = self.rows.remove(&id).unwrap();
                statements.push(format!("delete from t where id = {id}"));
                changes.push(Change::Delete { table: Arc::clone(&self.schema), old: OldRow::Full(old) });
            } else {
                let (new, statement) = self.insert();
                statements.push(statement);
                changes.push(Change::Insert { table: Arc::clone(&self.schema), new });
            }
        }
        (changes, statements.join(";"))
    }

    async fn follow(mut self) {
        let postgres = Postgres::start();
        let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("create table t (id int8 primary key, p int8, k int8, v int8)").await.unwrap();
        let schema = Arc::clone(&self.schema);
        let cases: Vec<Case> = (0..self.views)
            .map(|place| match place % 3 {
                0 => limit_case(&mut self.random, (place, &schema)),
                _ => window_case(&mut self.random, (place, &schema)),
            })
            .collect();
        let catalog = EngineCatalog {
            tables: vec![Arc::clone(&schema)],
            views: cases.iter().map(|case| case.view.clone()).collect(),
            changelogs: Default::default(),
        };
        let bench = Bench::new();
        let mut engine = bench.open(&catalog);
        let (rows, statements): (Vec<Row>, Vec<String>) = (0..self.first_rows).map(|_| self.insert()).unzip();
        client.batch_execute(&statements.join(";")).await.unwrap();
        engine.load(&schema, &rows).unwrap();
        engine.load_done(&SOURCE, &at(1)).unwrap();
        fill(&mut engine);
        for number in 0..self.steps {
            let (changes, statements) = self.transaction();
            client.batch_execute(&statements).await.unwrap();
            let outcome = engine.step(&SOURCE, &[transaction(number + 2, changes)]).unwrap();
            assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
            for case in &cases {
                let text = |row: &Row| row.iter().map(shown).collect::<Vec<_>>().join(" ");
                let mut ours: Vec<String> = bench.rows(&case.view.name).iter().map(text).collect();
                ours.sort();
                assert_eq!(ours, theirs(&client, &case.sql).await, "step {number}: {}", case.sql);
            }
        }
    }
}

#[tokio::test]
async fn limits_and_windows_answer_what_postgres_answers() {
    Story::new(5).follow().await;
}

#[tokio::test]
async fn limits_and_windows_of_large_partitions_answer_what_postgres_answers() {
    let large = Story { views: 40, steps: 30, first_rows: 300, rows_max: 330, values: 150, ..Story::new(6) };
    large.follow().await;
    let with_many_peers = Story { views: 24, steps: 12, first_rows: 300, rows_max: 330, values: 6, ..Story::new(7) };
    with_many_peers.follow().await;
}
