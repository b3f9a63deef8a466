//! Aggregates that look at all values, and results that have no value: one behaviour each, by drawn deltas.

use std::ops::ControlFlow;
use std::sync::Arc;

use tailwater_connectors::{SqlType, TableSchema};

use super::aggregate_case::Case;
use super::fixture::{Bench, changes, column, number, operator, scan, show, started, step, table, update, view};
use super::random_plan::call_of;
use crate::engine::relation::decode_count;
use crate::engine::scalar::bind;
use crate::engine::{
    AggregateCall, Engine, EngineCatalog, Plan, RowErrorPolicy, Scalar, SortKey, ViewCondition, ViewPlan,
};
use crate::state::{Version, decode_row};

fn readings() -> Arc<TableSchema> {
    table("readings", &["id bigint!", "grp bigint", "n bigint", "word text"])
}

fn catalog(view: ViewPlan) -> EngineCatalog {
    EngineCatalog {
        tables: vec![readings()],
        changelogs: std::iter::once(view.name.clone()).collect(),
        views: vec![view],
    }
}

/// `select grp, … from readings group by grp`
fn grouped(aggregates: Vec<AggregateCall>, row_errors: RowErrorPolicy) -> ViewPlan {
    let mut shown = vec![SqlType::Int8];
    shown.extend(aggregates.iter().map(|call| call.result_type.clone()));
    let plan = Plan::Aggregate {
        input: Box::new(scan(&readings())),
        group: vec![Scalar::Column(1)],
        group_types: vec![SqlType::Int8],
        aggregates,
    };
    ViewPlan { row_errors, ..view("v", plan, &shown, &[0]) }
}

/// `10 / n`
fn share() -> AggregateCall {
    let share = operator("/", number("10"), column(2, &SqlType::Int8));
    AggregateCall { arguments: vec![share.scalar], ..call_of("sum", &[(2, SqlType::Int8)]) }
}

fn single() -> AggregateCall {
    bind::single_value(column(2, &SqlType::Int8))
}

/// What is in the view's quarantine.
fn errors(bench: &Bench, engine: &Engine) -> Vec<(String, i64)> {
    let table = engine.assembly.views[0].errors;
    let mut found = Vec::new();
    let visit = &mut |key: &[u8], count: &[u8]| {
        found.push((show(&decode_row(key)?), decode_count(count)?));
        Ok(ControlFlow::Continue(()))
    };
    bench.state.begin().scan(table, &[], Version::Old, visit).unwrap();
    found
}

#[test]
fn a_row_without_an_argument_is_out_of_the_whole_group_until_it_is_mended() {
    let bench = Bench::new();
    let plan = grouped(vec![call_of("count", &[]), share()], RowErrorPolicy::Quarantine);
    let mut engine = started(&bench, &catalog(plan));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 7 0 b\n+1 3 8 0 c"));
    assert_eq!(bench.shown("v"), "7 1 2");
    assert_eq!(errors(&bench, &engine).len(), 2);
    step(&mut engine, 3, vec![update(&readings(), "2 7 2 b")]);
    assert_eq!(bench.shown("v"), "7 2 7");
    step(&mut engine, 4, changes(&readings(), "-1 3 8 0 c"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("7 2 7", 0));
}

#[test]
fn an_argument_without_a_value_is_null_where_the_view_says_so() {
    let bench = Bench::new();
    let plan = grouped(vec![call_of("count", &[]), share()], RowErrorPolicy::Null);
    let mut engine = started(&bench, &catalog(plan));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 7 0 b\n+1 3 8 0 c"));
    assert_eq!(bench.shown("v"), "7 2 2\n8 1 -");
}

#[test]
fn one_fault_stands_for_a_group_whose_result_has_no_value() {
    let bench = Bench::new();
    let plan = grouped(vec![call_of("count", &[]), single()], RowErrorPolicy::Quarantine);
    let mut engine = started(&bench, &catalog(plan));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 7 6 b\n+1 3 8 - c"));
    assert_eq!(bench.shown("v"), "8 1 -");
    let found = errors(&bench, &engine);
    assert_eq!(found.len(), 1);
    assert!(found[0].0.contains("21000 more than one row returned by a subquery used as an expression 7"), "{found:?}");
    assert_eq!(found[0].1, 1);
    step(&mut engine, 3, changes(&readings(), "+1 4 7 5 d"));
    assert_eq!(errors(&bench, &engine), found, "still one");
    let mut engine = bench.open(&catalog(grouped(vec![call_of("count", &[]), single()], RowErrorPolicy::Quarantine)));
    step(&mut engine, 4, changes(&readings(), "-1 1 7 5 a\n-1 4 7 5 d"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("7 1 6\n8 1 -", 0));
    step(&mut engine, 5, changes(&readings(), "+1 5 8 - e"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("7 1 6", 1), "nulls are rows");
    step(&mut engine, 6, changes(&readings(), "-1 5 8 - e\n-1 3 8 - c"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("7 1 6", 0));
}

#[test]
fn a_result_without_a_value_stops_a_view_that_asks_for_it() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(grouped(vec![single()], RowErrorPolicy::Stop)));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 7 6 b"));
    assert!(matches!(engine.view_condition("v"), ViewCondition::Failed { .. }));
}

#[test]
fn a_subquery_without_rows_is_null() {
    let bench = Bench::new();
    let plan = Plan::Aggregate {
        input: Box::new(scan(&readings())),
        group: Vec::new(),
        group_types: Vec::new(),
        aggregates: vec![single()],
    };
    let mut engine = started(&bench, &catalog(view("v", plan, &[SqlType::Int8], &[])));
    assert_eq!(bench.shown("v"), "-");
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 7 5 b"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("", 1), "equal values are rows, too");
    step(&mut engine, 3, changes(&readings(), "-1 1 7 5 a"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("5", 0));
}

#[test]
fn a_fraction_out_of_range_is_an_error_of_every_group() {
    let bench = Bench::new();
    let mut call = Case::read("percentile_disc(2) | within id").call;
    call.order[0].expression = Scalar::Column(2);
    call.arguments = vec![Scalar::Column(2)];
    let mut engine = started(&bench, &catalog(grouped(vec![call], RowErrorPolicy::Quarantine)));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 5 a\n+1 2 8 6 b"));
    assert_eq!((bench.shown("v").as_str(), errors(&bench, &engine).len()), ("", 2));
    step(&mut engine, 3, changes(&readings(), "-1 1 7 5 a\n-1 2 8 6 b"));
    assert_eq!(errors(&bench, &engine).len(), 0);
}

#[test]
fn the_least_and_greatest_are_those_of_the_sort_key() {
    let bench = Bench::new();
    // Words in the order of their numbers stand for a collation.
    let key = SortKey { expression: Scalar::Column(2), sql_type: SqlType::Int8, descending: false, nulls_first: false };
    let by_key = |name| AggregateCall { order: vec![key.clone()], ..call_of(name, &[(3, SqlType::Text)]) };
    let plan = grouped(vec![by_key("min"), by_key("max")], RowErrorPolicy::Quarantine);
    let mut engine = started(&bench, &catalog(plan.clone()));
    step(&mut engine, 2, changes(&readings(), "+1 1 7 1 z\n+1 2 7 2 a\n+1 3 7 3 m\n+1 4 7 0 -"));
    assert_eq!(bench.shown("v"), "7 z m");
    let mut engine = bench.open(&catalog(plan));
    step(&mut engine, 3, changes(&readings(), "-1 1 7 1 z\n+1 5 7 4 b"));
    assert_eq!(bench.shown("v"), "7 a b");
    step(&mut engine, 4, changes(&readings(), "-1 5 7 4 b"));
    assert_eq!(bench.shown("v"), "7 a m");
}
