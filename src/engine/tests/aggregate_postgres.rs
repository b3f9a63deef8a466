//! Every aggregate, over rows that come and go, has the value or the error that Postgres 15 gives it: folded in memory,
//! and kept by the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{Change, Column, OldRow, ReplicaIdentity, Row, SqlType, TableName, TableSchema, Value};
use tokio_postgres::{Client, NoTls};

use super::aggregate_case::{Case, create_table, insert, random_row, types};
use super::fixture::{Bench, SOURCE, scan, started, step};
use crate::engine::operators::AggregateState;
use crate::engine::scalar::tests::server::Postgres;
use crate::engine::{EngineCatalog, Plan, RowErrorPolicy, Scalar, ViewPlan};

/// Evaluates one call over one group and catches its error.
const PROBE: &str = "create function probe(expression text, condition text, out value text, out code text,
    out message text) as $$
begin
  execute format('select (%s)::text from t where %s', expression, condition) into value;
exception when others then code := sqlstate; message := sqlerrm;
end $$ language plpgsql";

const STEPS: usize = 36;

/// Calls; `@` stands for each of the words behind it.
const CASES: &str = "
count(*)
count(@) : i t a j
count(@) | distinct : i t a m v
count(*) | filter
sum(@) : s i l n m q r f k h v
sum(@) | distinct : s i m f
sum(l) | filter
avg(@) : s i l n m q r f k v
avg(@) | distinct : i m f
min(@) : s i l m q r f k h t d v a
max(@) : s i l m q r f k h t d v a
max(t) | filter
bool_and(b)
bool_or(b)
every(b) | distinct
bit_and(@) : s i l
bit_or(@) : s i l
bit_xor(@) : s i l
bit_xor(l) | distinct
stddev(@) : s i l n m q r f k h
stddev_pop(@) : s i l n m q r f k h
stddev_samp(@) | distinct : i m f
variance(@) : s i l n m q r f k h
var_pop(@) : s i l n m q r f k h
var_samp(m) | filter
covar_pop(f; @) : r k i m
covar_samp(f; @) : r k i m
corr(f; @) : r k i m
corr(f; r) | distinct
regr_count(f; @) : r k i
regr_avgx(f; @) : r k i
regr_avgy(@; f) : r k i
regr_sxx(f; @) : r k i
regr_syy(@; f) : r k i
regr_sxy(f; @) : r k i
regr_slope(f; @) : r k i
regr_intercept(f; @) : r k i
regr_r2(f; @) : r k i
regr_r2(r; f) | filter
array_agg(@) : s i l m f k t b v j d y a
array_agg(@) | order @ desc : i t m v
array_agg(t) | order i desc nulls last; d
array_agg(@) | distinct : i t m v b d
array_agg(t) | distinct | order t desc
array_agg(i) | filter | order t
string_agg(t; ',')
string_agg(t; ', ') | order i desc
string_agg(t; t)
string_agg(t; null) | order d
string_agg(y; y)
string_agg(t; ',') | distinct | order t desc
json_agg(@) : s l m q f k h t b v j d y a
json_agg(@) | order i desc : a t
json_agg(t) | distinct
jsonb_agg(@) : s l m q f k h t b v j d y a
jsonb_agg(a) | order i desc
json_object_agg(@; i) : id t d f b
json_object_agg(id; @) : t j a m
json_object_agg(a; i)
jsonb_object_agg(id; @) : t j a k
jsonb_object_agg(d; i) | order i
jsonb_object_agg(b; i) | filter | order i desc
percentile_cont(0.5) | within @ : f i m v k h
percentile_cont(0.3) | within @ desc : f i v
percentile_cont('{0,0.25,null,1}'::float8[]) | within @ : f v
percentile_cont(@) | within f : 0 1 1.5 -0.25 null::float8
percentile_disc(0.5) | within @ : s i l m f t d v a b
percentile_disc(@) | within t desc : 0 0.1 0.9 1 7
percentile_disc('{{0.1,0.5},{null,0.9}}'::float8[]) | within t
percentile_disc('{0.5,2}'::float8[]) | within t | filter
mode() | within @ : s i l m f t d v a b
mode() | within t desc
";

fn cases() -> Vec<Case> {
    let lines = CASES.lines().filter(|line| !line.is_empty());
    let each = |line: &str| match line.split_once(" : ") {
        Some((call, words)) => words.split(' ').map(|word| Case::read(&call.replace('@', word))).collect(),
        None => vec![Case::read(line)],
    };
    lines.flat_map(each).collect()
}

/// What a call answers: text, or SQLSTATE and message.
type Answer = Result<Option<String>, (String, String)>;

fn shown(sql_type: &SqlType, value: &Value) -> Option<String> {
    let mut text = String::new();
    match value {
        Value::Null => return None,
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        value => write_text(&mut text, sql_type, value),
    }
    Some(text)
}

fn agree(case: &Case, ours: &Answer, theirs: &Answer) -> bool {
    let (Ok(Some(left)), Ok(Some(right)), true) = (ours, theirs, case.is_rough) else { return ours == theirs };
    let (left, right): (f64, f64) = (left.parse().unwrap(), right.parse().unwrap());
    let scale = left.abs().max(right.abs()).max(1.0);
    left == right || (left.is_nan() && right.is_nan()) || (left - right).abs() <= scale * 1e-12
}

struct Server {
    client: Client,
    _postgres: Postgres,
}

impl Server {
    async fn start() -> Self {
        let postgres = Postgres::start();
        let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("{}; {PROBE}", create_table())).await.unwrap();
        Self { client, _postgres: postgres }
    }

    async fn answers(&self, cases: &[Case], group: &Value) -> Vec<Answer> {
        let condition = match group {
            Value::Int(group) => format!("g = {group}"),
            _ => "g is null".to_owned(),
        };
        let calls: Vec<&str> = cases.iter().map(|case| case.sql.as_str()).collect();
        let query = "select value, code, message from unnest($1::text[]) with ordinality as c (call, place),
            lateral probe(call, $2) order by place";
        let rows = self.client.query(query, &[&calls, &condition]).await.unwrap();
        let answer = |row: &tokio_postgres::Row| match row.get::<_, Option<String>>(1) {
            Some(code) => Err((code, row.get(2))),
            None => Ok(row.get(0)),
        };
        rows.iter().map(answer).collect()
    }
}

/// Rows of the table, and how they change.
struct Story {
    random: StdRng,
    rows: BTreeMap<i64, Row>,
    next: i64,
}

impl Story {
    fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), rows: BTreeMap::new(), next: 1 }
    }

    /// Rows that go and rows that come.
    fn changes(&mut self) -> Vec<(Row, i64)> {
        let mut changes = Vec::new();
        for _ in 0..self.random.random_range(1..7) {
            if !self.rows.is_empty() && self.random.random_bool(if self.rows.len() > 40 { 0.7 } else { 0.35 }) {
                let place = self.random.random_range(0..self.rows.len());
                let id = *self.rows.keys().nth(place).unwrap();
                changes.push((self.rows.remove(&id).unwrap(), -1));
            } else {
                let row = random_row(&mut self.random, self.next);
                self.rows.insert(self.next, row.clone());
                self.next += 1;
                changes.push((row, 1));
            }
        }
        changes
    }
}

async fn apply(server: &Server, changes: &[(Row, i64)]) {
    let statements = changes.iter().map(|(row, weight)| match (weight, &row[0]) {
        (1, _) => insert(row),
        (_, Value::Int(id)) => format!("delete from t where id = {id}"),
        _ => unreachable!("ids are numbers"),
    });
    server.client.batch_execute(&statements.collect::<Vec<_>>().join(";\n")).await.unwrap();
}

fn groups() -> [Value; 4] {
    [Value::Int(1), Value::Int(2), Value::Int(3), Value::Null]
}

#[tokio::test]
async fn folded_aggregates_have_the_values_and_errors_of_postgres() {
    let cases = cases();
    let server = Server::start().await;
    let mut story = Story::new(7);
    let mut states: Vec<Vec<AggregateState<'_>>> =
        groups().iter().map(|_| cases.iter().map(|case| AggregateState::empty(&case.call)).collect()).collect();
    let (mut differences, mut compared) = (Vec::new(), 0);
    for number in 0..STEPS {
        let changes = story.changes();
        apply(&server, &changes).await;
        for (row, weight) in &changes {
            let group = groups().iter().position(|group| *group == row[1]).unwrap();
            states[group].iter_mut().for_each(|state| state.add(row, *weight).unwrap());
        }
        if number % 3 != 0 {
            continue;
        }
        for (group, states) in groups().iter().zip(&states) {
            let theirs = server.answers(&cases, group).await;
            for ((case, state), theirs) in cases.iter().zip(states).zip(theirs) {
                let ours = state.result().map(|value| shown(&case.call.result_type, &value));
                let ours = ours.map_err(|error| (error.code.to_owned(), error.message));
                compared += 1;
                if !agree(case, &ours, &theirs) {
                    differences
                        .push(format!("{} of {group:?}:\n    ours:   {ours:?}\n    theirs: {theirs:?}", case.sql));
                }
            }
        }
    }
    assert!(compared > 9_000, "only {compared} were compared");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

fn schema() -> Arc<TableSchema> {
    let columns = types().into_iter().map(|(name, sql_type)| Column::new(name, sql_type, name != "id"));
    Arc::new(TableSchema {
        name: TableName { source: SOURCE, schema: "public".into(), table: "t".into() },
        id: 1,
        identity: ReplicaIdentity::Full,
        columns: columns.collect(),
        key: vec![0],
    })
}

/// `select g, … from t group by g`, null where a result has an error.
fn grouped(cases: &[Case], schema: &TableSchema) -> ViewPlan {
    let plan = Plan::Aggregate {
        input: Box::new(scan(schema)),
        group: vec![Scalar::Column(1)],
        group_types: vec![SqlType::Int4],
        aggregates: cases.iter().map(|case| case.call.clone()).collect(),
    };
    let shown: Vec<SqlType> =
        std::iter::once(SqlType::Int4).chain(cases.iter().map(|case| case.call.result_type.clone())).collect();
    ViewPlan { row_errors: RowErrorPolicy::Null, ..super::fixture::view("v", plan, &shown, &[0]) }
}

#[tokio::test]
async fn kept_aggregates_have_the_values_of_postgres() {
    let cases = cases();
    let server = Server::start().await;
    let (schema, bench) = (schema(), Bench::new());
    let catalog = EngineCatalog {
        tables: vec![Arc::clone(&schema)],
        views: vec![grouped(&cases, &schema)],
        changelogs: std::iter::once("v".into()).collect(),
    };
    let mut engine = started(&bench, &catalog);
    let mut story = Story::new(11);
    let (mut differences, mut compared) = (Vec::new(), 0);
    for number in 0..STEPS {
        let changes = story.changes();
        apply(&server, &changes).await;
        let change = |(row, weight): &(Row, i64)| match weight {
            1 => Change::Insert { table: Arc::clone(&schema), new: row.clone() },
            _ => Change::Delete { table: Arc::clone(&schema), old: OldRow::Full(row.clone()) },
        };
        let outcome = step(&mut engine, number as u64 + 2, changes.iter().map(change).collect());
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        if number == STEPS / 2 {
            engine = bench.open(&catalog);
        }
        if number % 3 != 0 {
            continue;
        }
        let rows = bench.rows("v");
        for group in groups() {
            let row = rows.iter().find(|row| row[0] == group);
            assert_eq!(row.is_some(), story.rows.values().any(|row| row[1] == group), "group {group:?}");
            let Some(row) = row else { continue };
            let theirs = server.answers(&cases, &group).await;
            for ((case, value), theirs) in cases.iter().zip(&row[1..]).zip(theirs) {
                let ours = Ok(shown(&case.call.result_type, value));
                let theirs = Ok(theirs.unwrap_or_default());
                compared += 1;
                if !agree(case, &ours, &theirs) {
                    differences
                        .push(format!("{} of {group:?}:\n    ours:   {ours:?}\n    theirs: {theirs:?}", case.sql));
                }
            }
        }
    }
    assert!(compared > 7_000, "only {compared} were compared");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}
