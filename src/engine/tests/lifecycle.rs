//! Opening, copying, filling, failing and going on.

use std::ops::ControlFlow;
use std::sync::Arc;

use tailwater_connectors::{Row, SqlType, TableSchema};

use super::fixture::{
    Bench, SOURCE, at, changes, column, fill, number, operator, row, scan, started, step, table, transaction, update,
    view,
};
use crate::engine::{EngineCatalog, EngineError, Plan, RelationName, RowErrorPolicy, ViewCondition, ViewPlan};

const NUMBERS: [SqlType; 2] = [SqlType::Int8, SqlType::Int8];

fn numbers() -> Arc<TableSchema> {
    table("numbers", &["id bigint!", "n bigint"])
}

fn catalog(views: Vec<ViewPlan>) -> EngineCatalog {
    let changelogs = views.iter().map(|view| view.name.clone()).collect();
    EngineCatalog { tables: vec![numbers()], views, changelogs }
}

fn copy() -> ViewPlan {
    view("copy", scan(&numbers()), &NUMBERS, &[0])
}

/// `select id, 10 / n from numbers`
fn shares() -> ViewPlan {
    let share = operator("/", number("10"), column(1, &SqlType::Int8));
    let expressions = vec![column(0, &SqlType::Int8).scalar, share.scalar];
    let plan = Plan::Project { input: Box::new(scan(&numbers())), expressions, types: NUMBERS.to_vec() };
    view("shares", plan, &NUMBERS, &[0])
}

fn reads(name: &str) -> ViewPlan {
    let plan = Plan::Scan { relation: RelationName::View(name.into()), columns: vec![0, 1] };
    view("reader", plan, &NUMBERS, &[0])
}

fn failed(condition: ViewCondition) -> String {
    match condition {
        ViewCondition::Failed { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_row_error_stops_its_view_and_those_that_read_it_and_no_other() {
    let bench = Bench::new();
    let stops = ViewPlan { row_errors: RowErrorPolicy::Stop, ..shares() };
    let catalog = catalog(vec![copy(), stops, reads("shares")]);
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&numbers(), "+1 1 5"));
    assert_eq!(bench.shown("reader"), "1 2");
    let outcome = step(&mut engine, 3, changes(&numbers(), "+1 2 5\n+1 3 0"));
    let names: Vec<_> = outcome.failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["shares", "reader"]);
    assert_eq!(failed(engine.view_condition("shares")), "a row has no result: division by zero");
    assert_eq!(failed(engine.view_condition("reader")), "view \"shares\", which it reads, is stopped");
    assert_eq!(bench.shown("copy"), "1 5\n2 5\n3 0");
    assert!(!bench.is_readable("shares") && !bench.is_readable("reader"), "no reader sees an emptied view");
    step(&mut engine, 4, changes(&numbers(), "+1 4 4"));
    assert_eq!(bench.shown("copy"), "1 5\n2 5\n3 0\n4 4");

    // The next start finds the row still there, and after it was corrected the view is whole again.
    let mut engine = bench.open(&catalog);
    fill(&mut engine);
    assert_eq!(failed(engine.view_condition("shares")), "a row has no result: division by zero");
    step(&mut engine, 5, vec![update(&numbers(), "3 2")]);
    let before = engine.views()[1].fingerprint;
    let mut engine = bench.open(&catalog);
    fill(&mut engine);
    assert_eq!(engine.view_condition("reader"), ViewCondition::Live);
    assert_eq!(bench.shown("reader"), "1 2\n2 2\n3 5\n4 2");
    assert_ne!(engine.views()[1].fingerprint, before, "sinks must not go on from the former life");
    assert_eq!(engine.views()[0].fingerprint, bench.open(&catalog).views()[0].fingerprint);
}

#[test]
fn a_key_that_is_not_unique_stops_the_view_by_name() {
    let bench = Bench::new();
    let by_n = view("by_n", scan(&numbers()), &NUMBERS, &[1]);
    let mut engine = started(&bench, &catalog(vec![by_n]));
    step(&mut engine, 2, changes(&numbers(), "+1 1 5\n+1 2 6"));
    let swapped = step(&mut engine, 3, vec![update(&numbers(), "1 6"), update(&numbers(), "2 5")]);
    assert!(swapped.failed.is_empty(), "only the rows at the end of a step count");
    step(&mut engine, 4, changes(&numbers(), "+1 3 5"));
    assert_eq!(failed(engine.view_condition("by_n")), "key (c1) of view \"by_n\" is not unique");
}

#[test]
fn a_change_that_does_not_fit_the_copy_stops_everything_and_changes_nothing() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy()]));
    step(&mut engine, 2, changes(&numbers(), "+1 1 5"));
    for wrong in ["+1 1 6", "-1 9 5"] {
        let error = engine.step(&SOURCE, &[transaction(3, changes(&numbers(), wrong))]).unwrap_err();
        assert!(matches!(error, EngineError::TableDisagrees { .. }), "{error}");
        assert!(error.hint().is_some());
    }
    assert_eq!(
        (bench.shown("copy").as_str(), bench.state.checkpoint().unwrap().positions.to_string()),
        ("1 5", "0/2".into())
    );
}

#[test]
fn a_table_that_changed_its_columns_stops_the_engine_in_time() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy()]));
    let changed = table("numbers", &["id bigint!", "n text"]);
    let error = engine.step(&SOURCE, &[transaction(2, changes(&changed, "+1 1 5"))]).unwrap_err();
    assert!(matches!(error, EngineError::TableChanged { .. }), "{error}");
}

#[test]
fn transactions_that_were_applied_before_are_dropped() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy()]));
    let first = transaction(2, changes(&numbers(), "+1 1 5"));
    engine.step(&SOURCE, std::slice::from_ref(&first)).unwrap();
    let second = transaction(3, changes(&numbers(), "+1 2 6"));
    let outcome = engine.step(&SOURCE, &[first.clone(), second]).unwrap();
    assert_eq!((bench.shown("copy").as_str(), outcome.changed), ("1 5\n2 6", vec![(0, 1)]));
    let step = outcome.checkpoint.step;
    assert_eq!(engine.step(&SOURCE, &[first]).unwrap().checkpoint.step, step);
}

#[test]
fn progress_moves_the_position_alone() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy()]));
    assert_eq!(engine.progress(&SOURCE, &at(9)).unwrap().positions.to_string(), "0/9");
    assert_eq!(engine.progress(&SOURCE, &at(8)).unwrap().positions.to_string(), "0/9");
}

#[test]
fn a_copy_that_was_interrupted_starts_over() {
    let bench = Bench::new();
    let catalog = catalog(vec![copy()]);
    let mut engine = bench.open(&catalog);
    engine.load(&numbers(), &[row(&numbers(), "1 5"), row(&numbers(), "2 5")]).unwrap();
    fill(&mut engine);
    assert_eq!(engine.view_condition("copy"), ViewCondition::Filling, "no view shows a table whose copy is unfinished");
    let mut engine = bench.open(&catalog);
    assert_eq!(engine.missing_tables(&SOURCE), [numbers().name.clone()]);
    engine.load_reset().unwrap();
    engine.load(&numbers(), &[row(&numbers(), "3 5")]).unwrap();
    engine.load_done(&SOURCE, &at(7)).unwrap();
    fill(&mut engine);
    assert_eq!(bench.shown("copy"), "3 5");
    assert!(engine.missing_tables(&SOURCE).is_empty());
    assert!(engine.load(&numbers(), &[row(&numbers(), "4 5")]).is_err(), "a table is copied once");
}

#[test]
fn a_reset_of_a_live_source_gives_every_view_another_life() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy()]));
    step(&mut engine, 2, changes(&numbers(), "+1 1 5"));
    let before = engine.views()[0].fingerprint;
    engine.load_reset().unwrap();
    assert_eq!((bench.shown("copy").as_str(), engine.view_condition("copy")), ("", ViewCondition::Filling));
    engine.load(&numbers(), &[row(&numbers(), "2 6")]).unwrap();
    engine.load_done(&SOURCE, &at(9)).unwrap();
    fill(&mut engine);
    assert_eq!(bench.shown("copy"), "2 6");
    assert_ne!(engine.views()[0].fingerprint, before);
}

#[test]
fn a_fill_that_was_stopped_starts_over() {
    let bench = Bench::new();
    // The other one is filled beside the copy.
    let catalog = catalog(vec![copy(), reads("copy")]);
    let mut engine = bench.open(&catalog);
    let rows: Vec<Row> = (0..20_000).map(|id| row(&numbers(), &format!("{id} 1"))).collect();
    engine.load(&numbers(), &rows).unwrap();
    engine.load_done(&SOURCE, &at(1)).unwrap();
    let mut seen = Vec::new();
    let mut stop_early = |view: &str, rows: u64| {
        seen.push((view.to_owned(), rows));
        if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    engine.fill(&mut stop_early).unwrap();
    assert_eq!(engine.view_condition("reader"), ViewCondition::Filling);
    step(&mut engine, 2, changes(&numbers(), "-1 0 1"));
    fill(&mut engine);
    assert_eq!((bench.rows("copy").len(), bench.rows("reader").len()), (19_999, 19_999));
    let mut engine = bench.open(&catalog);
    step(&mut engine, 3, changes(&numbers(), "-1 1 1"));
    assert_eq!(bench.rows("reader").len(), 19_998);
}

#[test]
fn a_view_whose_plan_changed_is_filled_again_and_one_that_is_gone_leaves_nothing() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![copy(), reads("copy")]));
    step(&mut engine, 2, changes(&numbers(), "+1 1 5\n+1 2 6"));
    let filtered = Plan::Filter {
        input: Box::new(scan(&numbers())),
        predicate: operator("<", column(1, &SqlType::Int8), number("6")).scalar,
    };
    let mut engine = bench.open(&catalog(vec![view("copy", filtered, &NUMBERS, &[0]), reads("copy")]));
    assert_eq!(engine.view_condition("reader"), ViewCondition::Filling, "what it reads is another relation now");
    fill(&mut engine);
    assert_eq!((bench.shown("copy").as_str(), bench.shown("reader").as_str()), ("1 5", "1 5"));
    let engine = bench.open(&catalog(vec![]));
    assert!(engine.views().is_empty());
    let mut engine = bench.open(&catalog(vec![copy()]));
    fill(&mut engine);
    assert_eq!(bench.shown("copy"), "1 5\n2 6");
}

#[test]
fn explain_names_what_is_kept() {
    let plan = Plan::Join {
        inputs: vec![
            crate::engine::JoinInput {
                plan: scan(&numbers()),
                kind: crate::engine::JoinKind::Inner,
                keys: Vec::new(),
                residual: None,
            },
            crate::engine::JoinInput {
                plan: scan(&numbers()),
                kind: crate::engine::JoinKind::Left,
                keys: vec![crate::engine::JoinKey { before: 1, own: 0, null_safe: false }],
                residual: None,
            },
        ],
    };
    let types = [NUMBERS, NUMBERS].concat();
    let joined = view("joined", plan, &types, &[0]);
    let lines = crate::engine::explain(&joined, &catalog(vec![])).unwrap();
    let text: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            let indent = "  ".repeat(line.depth);
            let state = line.state.iter().map(move |state| format!("{}- {state}", "  ".repeat(line.depth + 1)));
            std::iter::once(format!("{indent}{}", line.text)).chain(state)
        })
        .collect();
    assert_eq!(
        text.join("\n"),
        "view joined
  - rows by (c0): one entry per row of the view
  join of 2 inputs, without intermediate results
    first input
      - index on s.public.numbers(n): one entry per row, shared by all views
      scan s.public.numbers
    left join on #1 = #2
      - reads s.public.numbers by its key: nothing of its own
      scan s.public.numbers"
    );
}
