//! Recursions over random graphs: after every commit each view must be what naive rounds answer.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::{Change, OldRow, Row, SqlType, TableSchema, Value};

use super::fixture::{
    Bench, SOURCE, at, changes, column, fill, name_of, number, operator, scan, show, started, step, table, view,
};
use super::oracle::{self, Database};
use super::oracle_join::steps;
use super::random_plan::call;
use crate::engine::plan::TableCall;
use crate::engine::{
    AggregateFunction, Engine, EngineCatalog, EngineError, JoinInput, JoinKey, JoinKind, Plan, Scalar, ViewCondition,
    ViewPlan,
};

const INT: SqlType = SqlType::Int8;
const NODES: i64 = 7;
const TRANSACTIONS: u64 = 16;

fn edges() -> Arc<TableSchema> {
    table("edges", &["id bigint!", "a bigint", "b bigint"])
}

/// Nodes that are closed; a table without a key.
fn closed() -> Arc<TableSchema> {
    table("closed", &["node bigint"])
}

fn lengths() -> Arc<TableSchema> {
    table("lengths", &["id bigint!", "a numeric", "b numeric"])
}

fn project(input: Plan, columns: &[usize], types: &[SqlType]) -> Plan {
    let expressions = columns.iter().map(|place| Scalar::Column(*place)).collect();
    Plan::Project { input: Box::new(input), expressions, types: types.to_vec() }
}

fn filter(input: Plan, (place, symbol, value): (usize, &str, &str)) -> Plan {
    let predicate = operator(symbol, column(place, &INT), number(value)).scalar;
    Plan::Filter { input: Box::new(input), predicate }
}

fn first(plan: Plan) -> JoinInput {
    JoinInput { plan, kind: JoinKind::Inner, keys: Vec::new(), residual: None }
}

fn joined(plan: Plan, kind: JoinKind, (before, own): (usize, usize)) -> JoinInput {
    JoinInput { plan, kind, keys: vec![JoinKey { before, own, null_safe: false }], residual: None }
}

fn round(types: &[SqlType]) -> Plan {
    Plan::Round { id: 1, types: types.to_vec() }
}

fn recursion(base: Plan, step: Plan, (distinct, types): (bool, &[SqlType])) -> Plan {
    Plan::Recursion { id: 1, base: Box::new(base), step: Box::new(step), distinct, types: types.to_vec() }
}

/// Edges from 0.
fn roots() -> Plan {
    project(filter(scan(&edges()), (1, "=", "0")), &[2], &[INT])
}

/// `with recursive r(n) as (select b from edges where a = 0 union select b from edges join r on a = n) select n from r`
fn reached(round_first: bool) -> Plan {
    let step = match round_first {
        true => Plan::Join { inputs: vec![first(round(&[INT])), joined(scan(&edges()), JoinKind::Inner, (0, 1))] },
        false => Plan::Join { inputs: vec![first(scan(&edges())), joined(round(&[INT]), JoinKind::Inner, (1, 0))] },
    };
    let step = project(step, &[if round_first { 3 } else { 2 }], &[INT]);
    recursion(roots(), step, (true, &[INT]))
}

/// Over nodes that are not closed, three inputs, the round in the middle, with a mark and a left join behind it.
fn around_the_closed() -> Plan {
    let mut residual = joined(scan(&closed()), JoinKind::Left, (2, 0));
    residual.residual = Some(operator("<", column(0, &INT), column(4, &INT)).scalar);
    let step = Plan::Join {
        inputs: vec![
            first(project(scan(&edges()), &[1, 2], &[INT, INT])),
            joined(filter(round(&[INT]), (0, "<>", "5")), JoinKind::Inner, (0, 0)),
            joined(scan(&closed()), JoinKind::Anti, (1, 0)),
            joined(scan(&closed()), JoinKind::Mark, (2, 0)),
            residual,
        ],
    };
    recursion(roots(), Plan::Distinct { input: Box::new(project(step, &[1], &[INT])) }, (true, &[INT]))
}

/// The same edges, each as often as they are, grouped: a private input.
fn over_counted_edges() -> Plan {
    let counted = Plan::Aggregate {
        input: Box::new(scan(&edges())),
        group: vec![Scalar::Column(1), Scalar::Column(2)],
        group_types: vec![INT, INT],
        aggregates: vec![call(AggregateFunction::Count, None)],
    };
    let step = Plan::Join {
        inputs: vec![
            first(round(&[INT])),
            joined(counted, JoinKind::Inner, (0, 0)),
            joined(scan(&closed()), JoinKind::Semi, (2, 0)),
        ],
    };
    let both = Plan::UnionAll {
        inputs: vec![project(step, &[2], &[INT]), project(filter(round(&[INT]), (0, "=", "3")), &[0], &[INT])],
    };
    recursion(roots(), both, (true, &[INT]))
}

/// Walks of at most four edges, all of them: node and length.
fn walks() -> Plan {
    let base = Plan::Project {
        input: Box::new(roots()),
        expressions: vec![Scalar::Column(0), Scalar::Literal(Value::Int(1))],
        types: vec![INT, INT],
    };
    let inputs = vec![
        first(filter(round(&[INT, INT]), (1, "<", "4"))),
        joined(project(scan(&edges()), &[1, 2], &[INT, INT]), JoinKind::Inner, (0, 0)),
    ];
    let longer = operator("+", column(1, &INT), number("1")).scalar;
    let step = Plan::Project {
        input: Box::new(Plan::Join { inputs }),
        expressions: vec![Scalar::Column(3), longer],
        types: vec![INT, INT],
    };
    recursion(base, step, (false, &[INT, INT]))
}

/// Walks upwards through edges with `a < b`, without a bound, made twice and spread by a function.
fn ascents() -> Plan {
    let upward = Plan::Filter {
        input: Box::new(scan(&edges())),
        predicate: operator("<", column(1, &INT), column(2, &INT)).scalar,
    };
    let inputs = vec![first(round(&[INT])), joined(upward, JoinKind::Inner, (0, 1))];
    let spread = Plan::Flatten {
        input: Box::new(Plan::Join { inputs }),
        calls: vec![TableCall {
            function: steps(),
            arguments: vec![Scalar::Column(0)],
            types: vec![INT, SqlType::Text],
        }],
        ordinality: true,
        keeps_empty: true,
    };
    let step = Plan::Expand {
        input: Box::new(spread),
        projections: vec![vec![Scalar::Column(3)], vec![operator("+", column(6, &INT), number("10")).scalar]],
        types: vec![INT],
    };
    recursion(roots(), filter(step, (0, ">", "1")), (false, &[INT]))
}

/// Numbers that are equal and look different.
fn numerics() -> Plan {
    let numeric = SqlType::Numeric(None);
    let base = Plan::Filter {
        input: Box::new(scan(&lengths())),
        predicate: operator("=", column(1, &numeric), number("0")).scalar,
    };
    let inputs = vec![first(round(std::slice::from_ref(&numeric))), joined(scan(&lengths()), JoinKind::Inner, (0, 1))];
    let types = [numeric];
    recursion(project(base, &[2], &types), project(Plan::Join { inputs }, &[3], &types), (true, &types))
}

/// A recursion inside the base and beside the step of another one.
fn twofold() -> Plan {
    let inner = |id: usize| {
        let Plan::Recursion { base, step, distinct, types, .. } = reached(true) else { unreachable!() };
        let step = match *step {
            Plan::Project { input, expressions, types } => {
                let Plan::Join { mut inputs } = *input else { unreachable!() };
                inputs[0].plan = Plan::Round { id, types: vec![INT] };
                Plan::Project { input: Box::new(Plan::Join { inputs }), expressions, types }
            }
            _ => unreachable!(),
        };
        Plan::Recursion { id, base, step: Box::new(step), distinct, types }
    };
    let inputs = vec![
        first(round(&[INT])),
        joined(scan(&edges()), JoinKind::Inner, (0, 1)),
        joined(inner(2), JoinKind::Semi, (2, 0)),
    ];
    recursion(filter(inner(3), (0, ">", "2")), project(Plan::Join { inputs }, &[2], &[INT]), (true, &[INT]))
}

/// A view that counts the rows of a plan.
fn counted(name: &str, plan: Plan, types: &[SqlType]) -> ViewPlan {
    let shown = types.iter().enumerate().map(|(place, sql_type)| match sql_type {
        SqlType::Numeric(_) => {
            Scalar::Cast { input: Box::new(Scalar::Column(place)), from: sql_type.clone(), to: SqlType::Text }
        }
        _ => Scalar::Column(place),
    });
    let texts = types.iter().map(|sql_type| if *sql_type == INT { INT } else { SqlType::Text });
    let group_types: Vec<SqlType> = texts.collect();
    let plan = Plan::Aggregate {
        input: Box::new(plan),
        group: shown.collect(),
        group_types: group_types.clone(),
        aggregates: vec![call(AggregateFunction::Count, None)],
    };
    let key: Vec<usize> = (0..types.len()).collect();
    view(name, plan, &[group_types, vec![INT]].concat(), &key)
}

fn catalog() -> EngineCatalog {
    let numeric = SqlType::Numeric(None);
    let views = vec![
        counted("reached", reached(true), &[INT]),
        counted("reached_back", reached(false), &[INT]),
        counted("around", around_the_closed(), &[INT]),
        counted("over_counted", over_counted_edges(), &[INT]),
        counted("walks", walks(), &[INT, INT]),
        counted("ascents", ascents(), &[INT]),
        counted("numerics", numerics(), &[numeric]),
        counted("twofold", twofold(), &[INT]),
    ];
    EngineCatalog { tables: vec![edges(), closed(), lengths()], views, changelogs: Default::default() }
}

/// What the source holds.
struct Graph {
    random: StdRng,
    tables: Vec<(Arc<TableSchema>, Vec<Row>)>,
    next_id: i64,
}

impl Graph {
    fn new(seed: u64) -> Self {
        let tables = vec![(edges(), Vec::new()), (closed(), Vec::new()), (lengths(), Vec::new())];
        let mut graph = Self { random: StdRng::seed_from_u64(seed), tables, next_id: 0 };
        for _ in 0..20 {
            graph.change();
        }
        graph
    }

    fn row(&mut self, place: usize) -> Row {
        self.next_id += 1;
        let mut node = || self.random.random_range(0..NODES);
        let (a, b) = (node(), node());
        let mut form = |node: i64| {
            let zeros = ["", ".0", ".00"][self.random.random_range(0..3)];
            Value::Numeric(format!("{node}{zeros}").parse().unwrap())
        };
        let values = match place {
            0 => vec![Value::Int(self.next_id), Value::Int(a), Value::Int(b)],
            1 => vec![Value::Int(a)],
            _ => vec![Value::Int(self.next_id), form(a), form(b)],
        };
        values.into()
    }

    /// Some inserts and deletes, made here as well.
    fn change(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..self.random.random_range(1..4) {
            let place = [0, 0, 0, 1, 2, 2][self.random.random_range(0..6)];
            let table = Arc::clone(&self.tables[place].0);
            let most = if place == 1 { 4 } else { 12 };
            let count = self.tables[place].1.len();
            if count > 0 && (count >= most || self.random.random_bool(0.45)) {
                let row = self.random.random_range(0..count);
                let old = OldRow::Full(self.tables[place].1.swap_remove(row));
                changes.push(Change::Delete { table, old });
            } else {
                let new = self.row(place);
                self.tables[place].1.push(new.clone());
                changes.push(Change::Insert { table, new });
            }
        }
        changes
    }

    fn database(&self) -> Database {
        let relation = |(schema, rows): &(Arc<TableSchema>, Vec<Row>)| {
            let types = schema.columns.iter().map(|column| column.sql_type.clone()).collect();
            (name_of(schema), (types, rows.clone()))
        };
        self.tables.iter().map(relation).collect()
    }

    fn load(&self, bench: &Bench, catalog: &EngineCatalog) -> Engine {
        let mut engine = bench.open(catalog);
        for (schema, rows) in &self.tables {
            engine.load(schema, rows).unwrap();
        }
        engine.load_done(&SOURCE, &at(1)).unwrap();
        fill(&mut engine);
        engine
    }

    fn check(&self, bench: &Bench, engine: &Engine, place: &str) {
        let database = self.database();
        for view in &catalog().views {
            assert_eq!(engine.view_condition(&view.name), ViewCondition::Live, "{place}: {}", view.name);
            let mut expected = oracle::rows(&view.plan, &database);
            expected.sort();
            let expected: Vec<String> = expected.iter().map(show).collect();
            let edges: Vec<String> = self.tables.iter().flat_map(|(_, rows)| rows.iter().map(show)).collect();
            assert_eq!(bench.shown(&view.name), expected.join("\n"), "{place}: {} over {edges:?}", view.name);
        }
    }
}

#[test]
fn recursions_equal_their_rounds_after_every_step() {
    for seed in 0..60 {
        let mut graph = Graph::new(seed);
        let bench = Bench::new();
        let mut engine = graph.load(&bench, &catalog());
        graph.check(&bench, &engine, &format!("seed {seed} after the fill"));
        for number in 0..TRANSACTIONS {
            if seed % 3 == 0 {
                engine = bench.open(&catalog());
            }
            let changes = graph.change();
            step(&mut engine, number + 2, changes);
            graph.check(&bench, &engine, &format!("seed {seed} after step {number}"));
        }
        let anew = Bench::new();
        let engine = graph.load(&anew, &catalog());
        graph.check(&anew, &engine, &format!("seed {seed} filled anew"));
    }
}

#[test]
fn rows_that_uphold_each_other_in_a_circle_go_with_what_led_to_them() {
    let bench = Bench::new();
    let (edges, closed, lengths) = (edges(), closed(), lengths());
    let catalog = EngineCatalog {
        tables: vec![Arc::clone(&edges), closed, lengths],
        views: vec![view("v", reached(true), &[INT], &[0])],
        changelogs: Default::default(),
    };
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&edges, "+1 1 0 1\n+1 2 1 2\n+1 3 2 3\n+1 4 3 1"));
    assert_eq!(bench.shown("v"), "1\n2\n3");
    let detour = step(&mut engine, 3, changes(&edges, "+1 5 0 3\n-1 1 0 1"));
    assert_eq!((bench.shown("v").as_str(), detour.changed.len()), ("1\n2\n3", 0), "other rounds, the same rows");
    step(&mut engine, 4, changes(&edges, "-1 5 0 3"));
    assert_eq!(bench.shown("v"), "");
}

#[test]
fn a_recursion_that_does_not_end_stops_its_view() {
    let bench = Bench::new();
    let edges = edges();
    let Plan::Recursion { id, base, step: part, types, .. } = reached(true) else { unreachable!() };
    let plan = Plan::Recursion { id, base, step: part, types, distinct: false };
    let catalog = EngineCatalog {
        tables: vec![Arc::clone(&edges)],
        views: vec![counted("v", plan, &[INT])],
        changelogs: Default::default(),
    };
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&edges, "+1 1 0 1\n+1 2 1 2"));
    assert_eq!(bench.shown("v"), "1 1\n2 1");
    let outcome = step(&mut engine, 3, changes(&edges, "+1 3 2 1"));
    let [(_, error @ EngineError::Endless { .. })] = &outcome.failed[..] else { panic!("{outcome:?}") };
    assert!(error.hint().is_some());
}

#[test]
fn a_recursion_that_needs_all_its_rows_at_once_is_refused() {
    let counted = Plan::Aggregate {
        input: Box::new(round(&[INT])),
        group: vec![Scalar::Column(0)],
        group_types: vec![INT],
        aggregates: Vec::new(),
    };
    let other_side = Plan::Join { inputs: vec![first(scan(&edges())), joined(round(&[INT]), JoinKind::Left, (1, 0))] };
    let itself = Plan::Join { inputs: vec![first(round(&[INT])), joined(round(&[INT]), JoinKind::Inner, (0, 0))] };
    for part in [counted, project(other_side, &[2], &[INT]), project(itself, &[0], &[INT]), roots()] {
        let bench = Bench::new();
        let plan = recursion(roots(), part, (true, &[INT]));
        let views = vec![view("v", plan, &[INT], &[0])];
        let catalog = EngineCatalog { tables: vec![edges()], views, changelogs: Default::default() };
        let opened = Engine::open(Arc::clone(&bench.state), catalog);
        assert!(matches!(opened.err(), Some(EngineError::Plan { .. })));
    }
}
