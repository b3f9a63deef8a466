//! Joins that only ask whether there is a match, set operations and set-returning functions, by drawn deltas.

use std::sync::Arc;

use tailwater_connectors::{SqlType, TableSchema};

use super::fixture::{Bench, changes, column, number, operator, scan, started, step, table, view};
use super::oracle_join::{steps, twice};
use crate::engine::plan::{SetOperator, TableCall};
use crate::engine::{Engine, EngineCatalog, JoinInput, JoinKey, JoinKind, Plan, Scalar};

const INT: SqlType = SqlType::Int8;

fn orders() -> Arc<TableSchema> {
    table("orders", &["id bigint!", "customer bigint"])
}

fn blocked() -> Arc<TableSchema> {
    table("blocked", &["id bigint!", "customer bigint"])
}

/// `orders` joined with `blocked` by customer.
fn held_against(kind: JoinKind, null_safe: bool, residual: Option<Scalar>) -> Plan {
    let first = JoinInput { plan: scan(&orders()), kind: JoinKind::Inner, keys: Vec::new(), residual: None };
    let keys = vec![JoinKey { before: 1, own: 1, null_safe }];
    Plan::Join { inputs: vec![first, JoinInput { plan: scan(&blocked()), kind, keys, residual }] }
}

fn started_with(bench: &Bench, plans: Vec<(&str, Plan, &[SqlType])>) -> Engine {
    let views = plans.into_iter().map(|(name, plan, types)| view(name, plan, types, &[0])).collect();
    started(bench, &EngineCatalog { tables: vec![orders(), blocked()], views, changelogs: Default::default() })
}

#[test]
fn semi_anti_and_mark_joins_follow_the_first_match_and_the_last() {
    let bench = Bench::new();
    let marked = [INT, INT, SqlType::Bool];
    let plans = vec![
        ("semi", held_against(JoinKind::Semi, false, None), &marked[..2]),
        ("anti", held_against(JoinKind::Anti, false, None), &marked[..2]),
        ("mark", held_against(JoinKind::Mark, false, None), &marked[..]),
    ];
    let mut engine = started_with(&bench, plans);
    let shown = || ["semi", "anti", "mark"].map(|name| bench.shown(name).replace('\n', ", "));
    step(&mut engine, 2, changes(&orders(), "+1 1 7\n+1 2 8\n+1 3 -"));
    assert_eq!(shown(), ["", "1 7, 2 8, 3 -", "1 7 false, 2 8 false, 3 - false"]);
    step(&mut engine, 3, changes(&blocked(), "+1 1 7\n+1 2 -"));
    assert_eq!(shown(), ["1 7", "2 8, 3 -", "1 7 true, 2 8 false, 3 - false"]);
    let second = step(&mut engine, 4, changes(&blocked(), "+1 3 7\n-1 1 7"));
    assert_eq!((shown()[0].as_str(), second.changed), ("1 7", Vec::new()), "one match came, another went");
    step(&mut engine, 5, changes(&blocked(), "-1 3 7"));
    assert_eq!(shown(), ["", "1 7, 2 8, 3 -", "1 7 false, 2 8 false, 3 - false"]);
}

#[test]
fn null_matches_null_where_the_key_says_so() {
    let bench = Bench::new();
    let plans = vec![
        ("semi", held_against(JoinKind::Semi, true, None), &[INT, INT][..]),
        ("left", held_against(JoinKind::Left, true, None), &[INT, INT, INT, INT][..]),
    ];
    let mut engine = started_with(&bench, plans);
    step(&mut engine, 2, changes(&orders(), "+1 1 7\n+1 2 -"));
    step(&mut engine, 3, changes(&blocked(), "+1 9 -"));
    assert_eq!((bench.shown("semi"), bench.shown("left")), ("2 -".into(), "1 7 - -\n2 - 9 -".into()));
    step(&mut engine, 4, [changes(&blocked(), "-1 9 -"), changes(&orders(), "+1 3 -")].concat());
    assert_eq!((bench.shown("semi"), bench.shown("left")), ("".into(), "1 7 - -\n2 - - -\n3 - - -".into()));
}

#[test]
fn a_pair_without_a_value_is_no_match() {
    let bench = Bench::new();
    // orders.id / (blocked.id - 5) < 10
    let by = operator("-", column(2, &INT), number("5"));
    let share = operator("<", operator("/", column(0, &INT), by), number("10"));
    let mut engine =
        started_with(&bench, vec![("anti", held_against(JoinKind::Anti, false, Some(share.scalar)), &[INT, INT])]);
    step(&mut engine, 2, changes(&orders(), "+1 1 7"));
    step(&mut engine, 3, changes(&blocked(), "+1 5 7"));
    assert_eq!(bench.shown("anti"), "1 7");
    step(&mut engine, 4, changes(&blocked(), "+1 6 7"));
    assert_eq!(bench.shown("anti"), "");
    step(&mut engine, 5, changes(&blocked(), "-1 6 7\n-1 5 7"));
    assert_eq!(bench.shown("anti"), "1 7");
}

#[test]
fn set_operations_follow_the_counts_of_both_sides() {
    let bench = Bench::new();
    let customers = |table: &TableSchema| {
        let expressions = vec![Scalar::Column(1)];
        Box::new(Plan::Project { input: Box::new(scan(table)), expressions, types: vec![INT] })
    };
    let operation = |operator, all| {
        let plan = Plan::SetOperation { left: customers(&orders()), right: customers(&blocked()), operator, all };
        let count = super::random_plan::call(crate::engine::AggregateFunction::Count, None);
        let (group, group_types) = (vec![Scalar::Column(0)], vec![INT]);
        Plan::Aggregate { input: Box::new(plan), group, group_types, aggregates: vec![count] }
    };
    let names = ["intersect", "intersect all", "except", "except all"];
    let plans = [SetOperator::Intersect, SetOperator::Except].into_iter();
    let plans = plans.flat_map(|operator| [operation(operator, false), operation(operator, true)]);
    let plans = names.into_iter().zip(plans).map(|(name, plan)| (name, plan, &[INT, INT][..]));
    let mut engine = started_with(&bench, plans.collect());
    let shown = || names.map(|name| bench.shown(name).replace('\n', ", "));
    step(&mut engine, 2, changes(&orders(), "+1 1 7\n+1 2 7\n+1 3 -\n+1 4 8"));
    assert_eq!(shown(), ["", "", "- 1, 7 1, 8 1", "- 1, 7 2, 8 1"]);
    step(&mut engine, 3, changes(&blocked(), "+1 1 7\n+1 2 -"));
    assert_eq!(shown(), ["- 1, 7 1", "- 1, 7 1", "8 1", "7 1, 8 1"]);
    step(&mut engine, 4, changes(&orders(), "-1 1 7\n-1 3 -"));
    assert_eq!(shown(), ["7 1", "7 1", "8 1", "8 1"]);
}

#[test]
fn functions_make_rows_side_by_side() {
    let bench = Bench::new();
    let text = Scalar::Cast { input: Box::new(Scalar::Column(1)), from: INT, to: SqlType::Text };
    let calls = vec![
        TableCall { function: steps(), arguments: vec![Scalar::Column(1)], types: vec![INT, SqlType::Text] },
        TableCall { function: twice(), arguments: vec![text], types: vec![SqlType::Text] },
    ];
    let input = Box::new(scan(&orders()));
    let plan = Plan::Flatten { input, calls, ordinality: true, keeps_empty: false };
    let types = [INT, INT, INT, SqlType::Text, SqlType::Text, INT];
    let views = vec![view("v", plan, &types, &[0, 5])];
    let mut engine = started(&bench, &EngineCatalog { tables: vec![orders()], views, changelogs: Default::default() });
    step(&mut engine, 2, changes(&orders(), "+1 1 3\n+1 2 -\n+1 3 4\n+1 4 0"));
    let three = "1 3 0 x 3 1\n1 3 1 y 3 2\n1 3 2 z - 3";
    assert_eq!(bench.shown("v"), format!("{three}\n2 - - - - 1\n4 0 - - 0 1\n4 0 - - 0 2"));
    step(&mut engine, 3, changes(&orders(), "-1 1 3\n-1 3 4\n-1 4 0"));
    assert_eq!(bench.shown("v"), "2 - - - - 1");
}

#[test]
fn a_key_with_more_rows_than_a_page_joins_all_of_them() {
    const ROWS: usize = 9_000;
    let bench = Bench::new();
    let of = |kind| Plan::Aggregate {
        input: Box::new(held_against(kind, false, None)),
        group: vec![Scalar::Column(3)],
        group_types: vec![INT],
        aggregates: vec![super::random_plan::call(crate::engine::AggregateFunction::Count, None)],
    };
    let plans = vec![("inner", of(JoinKind::Inner), &[INT, INT][..]), ("left", of(JoinKind::Left), &[INT, INT][..])];
    let mut engine = started_with(&bench, plans);
    let many = |customer: i64| (1..=ROWS).map(|id| format!("+1 {id} {customer}\n")).collect::<String>();
    // Backwards: one row meets all orders of a customer. Forwards: one order meets all rows of a customer.
    step(&mut engine, 2, changes(&orders(), &many(7)));
    step(&mut engine, 3, changes(&blocked(), "+1 10001 7"));
    step(&mut engine, 4, changes(&blocked(), &many(8)));
    step(&mut engine, 5, changes(&orders(), "+1 10001 8"));
    assert_eq!((bench.shown("inner"), bench.shown("left")), ("7 9000\n8 9000".into(), "7 9000\n8 9000".into()));
    step(&mut engine, 6, changes(&blocked(), "-1 10001 7"));
    step(&mut engine, 7, changes(&orders(), "-1 10001 8"));
    assert_eq!((bench.shown("inner"), bench.shown("left")), ("".into(), "- 9000".into()));
}
