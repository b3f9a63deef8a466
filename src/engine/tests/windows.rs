//! Limits and window functions over rows that are there more than once, and over rows without a value.

use std::sync::Arc;

use tailwater_connectors::SqlType;

use super::fixture::{Bench, changes, column, name_of, number, operator, started, step, table, view};
use super::random_plan::call;
use crate::engine::plan::{Frame, FrameBound, FrameExclusion, FrameUnits};
use crate::engine::scalar::bind;
use crate::engine::{AggregateFunction, EngineCatalog, Plan, RowErrorPolicy, Scalar, SortKey, ViewPlan};

fn by_first() -> Vec<SortKey> {
    let expression = Scalar::Column(0);
    vec![SortKey { expression, sql_type: SqlType::Int8, descending: false, nulls_first: false }]
}

/// Each row with how often it is there.
fn counted(name: &str, plan: Plan, width: usize) -> ViewPlan {
    let types = vec![SqlType::Int8; width + 1];
    let plan = Plan::Aggregate {
        input: Box::new(plan),
        group: (0..width).map(Scalar::Column).collect(),
        group_types: types[1..].to_vec(),
        aggregates: vec![call(AggregateFunction::Count, None)],
    };
    view(name, plan, &types, &(0..width).collect::<Vec<_>>())
}

fn whole() -> Frame {
    Frame {
        units: FrameUnits::Rows,
        start: FrameBound::Preceding(1),
        end: FrameBound::CurrentRow,
        exclusion: FrameExclusion::Nothing,
    }
}

#[test]
fn a_row_that_is_there_twice_takes_two_places() {
    let schema = table("t", &["id bigint!", "k bigint"]);
    let input = || Box::new(Plan::Scan { relation: name_of(&schema), columns: vec![1] });
    let top = Plan::TopN {
        input: input(),
        partition: Vec::new(),
        partition_types: Vec::new(),
        order: by_first(),
        offset: 1,
        limit: Some(2),
        with_ties: false,
    };
    let window = Plan::Window {
        input: input(),
        partition: Vec::new(),
        partition_types: Vec::new(),
        order: by_first(),
        calls: vec![bind::window_call("lag", vec![column(0, &SqlType::Int8)], whole()).unwrap()],
    };
    let catalog = EngineCatalog {
        tables: vec![Arc::clone(&schema)],
        views: vec![counted("top", top, 1), counted("lags", window, 2)],
        changelogs: Default::default(),
    };
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&schema, "+1 1 5\n+1 2 5\n+1 3 5\n+1 4 6\n+1 5 6"));
    assert_eq!(bench.shown("top"), "5 2");
    assert_eq!(bench.shown("lags"), "5 - 1\n5 5 2\n6 5 1\n6 6 1");
    step(&mut engine, 3, changes(&schema, "-1 1 5"));
    assert_eq!(bench.shown("top"), "5 1\n6 1");
    assert_eq!(bench.shown("lags"), "5 - 1\n5 5 1\n6 5 1\n6 6 1");
}

#[test]
fn a_row_whose_window_has_no_value_is_out_until_it_is_mended() {
    let schema = table("t", &["id bigint!", "k bigint"]);
    let divided = operator("/", number("6"), bind::cast(column(1, &SqlType::Int8), &SqlType::Int8, true).unwrap());
    let value = bind::cast(divided, &SqlType::Int8, true).unwrap();
    let plan = Plan::Window {
        input: Box::new(super::fixture::scan(&schema)),
        partition: Vec::new(),
        partition_types: Vec::new(),
        order: by_first(),
        calls: vec![bind::window_call("lag", vec![value], whole()).unwrap()],
    };
    let types = vec![SqlType::Int8; 3];
    let view = ViewPlan { row_errors: RowErrorPolicy::Quarantine, ..view("v", plan, &types, &[0]) };
    let catalog =
        EngineCatalog { tables: vec![Arc::clone(&schema)], views: vec![view], changelogs: Default::default() };
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&schema, "+1 1 2\n+1 2 0\n+1 3 3"));
    assert_eq!(bench.shown("v"), "1 2 -\n2 0 3");
    step(&mut engine, 3, changes(&schema, "-1 2 0\n+1 2 6"));
    assert_eq!(bench.shown("v"), "1 2 -\n2 6 3\n3 3 1");
}
