//! Rows for which an expression has no value: out of the view, listed, and back when they are mended.

use std::sync::Arc;

use tailwater_connectors::{SqlType, TableSchema};

use super::fixture::{
    Bench, SOURCE, at, changes, column, fill, number, operator, row, scan, show, started, step, table, update, view,
};
use super::random_plan::call_of;
use crate::engine::plan::{JoinInput, JoinKind};
use crate::engine::{
    Engine, EngineCatalog, Plan, QuarantinedRow, RelationName, RowErrorPolicy, ViewCondition, ViewPlan,
};

const NUMBERS: [SqlType; 2] = [SqlType::Int8, SqlType::Int8];

fn numbers() -> Arc<TableSchema> {
    table("numbers", &["id bigint!", "n bigint"])
}

fn catalog(views: Vec<ViewPlan>) -> EngineCatalog {
    let changelogs = views.iter().map(|view| view.name.clone()).collect();
    EngineCatalog { tables: vec![numbers()], views, changelogs }
}

/// `select id, 12 / n`, over a plan of two numbers.
fn divided(input: Plan) -> Plan {
    let share = operator("/", number("12"), column(1, &SqlType::Int8));
    let expressions = vec![column(0, &SqlType::Int8).scalar, share.scalar];
    Plan::Project { input: Box::new(input), expressions, types: NUMBERS.to_vec() }
}

/// `select id, 12 / n from numbers`
fn shares() -> ViewPlan {
    view("shares", divided(scan(&numbers())), &NUMBERS, &[0])
}

/// `select id, 12 / c1 from shares`
fn shares_of_shares() -> ViewPlan {
    let plan = Plan::Scan { relation: RelationName::View("shares".into()), columns: vec![0, 1] };
    view("again", divided(plan), &NUMBERS, &[0])
}

/// The row errors of a view, `operator code row… xcount`, and that their stored number is their sum.
fn errors(bench: &Bench, view: &str) -> Vec<String> {
    bench.state.read(|reader| {
        let page = reader.view_errors(view, None, 1_000).unwrap();
        let entries: Vec<_> = page.errors.iter().map(|error| QuarantinedRow::read(error).unwrap()).collect();
        let sum: i64 = entries.iter().map(|entry| entry.count).sum();
        assert_eq!(reader.view_errors_total(view).unwrap(), sum as u64);
        assert!(entries.iter().all(|entry| entry.count > 0 && entry.message == "division by zero"));
        let mut shown: Vec<String> = (entries.iter())
            .map(|entry| {
                let row = show(&entry.row.iter().cloned().collect());
                format!("{} {} {row} x{}", entry.operator, entry.code, entry.count)
            })
            .collect();
        shown.sort();
        shown
    })
}

/// One step; answers the numbers of row errors that it reports.
fn row_errors(engine: &mut Engine, lsn: u64, text: &str) -> Vec<(usize, u64)> {
    let outcome = step(engine, lsn, changes(&numbers(), text));
    assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
    outcome.row_errors
}

#[test]
fn a_row_with_an_error_is_out_until_it_is_mended_or_deleted() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![shares()]));
    assert_eq!(row_errors(&mut engine, 2, "+1 1 3\n+1 2 0\n+1 3 0"), [(0, 2)]);
    assert_eq!(bench.shown("shares"), "1 4");
    assert_eq!(errors(&bench, "shares"), ["0 22012 2 0 x1", "0 22012 3 0 x1"]);
    assert_eq!(engine.view_condition("shares"), ViewCondition::Live);

    // Mended, broken, and another row deleted.
    let outcome = step(&mut engine, 3, vec![update(&numbers(), "2 6")]);
    assert_eq!((outcome.changed, outcome.row_errors), (vec![(0, 1)], vec![(0, 1)]));
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares").len()), ("1 4\n2 2", 1));
    let outcome = step(&mut engine, 4, vec![update(&numbers(), "1 0")]);
    assert_eq!((outcome.changed, outcome.row_errors), (vec![(0, 1)], vec![(0, 2)]));
    assert_eq!(bench.shown("shares"), "2 2");
    assert_eq!(row_errors(&mut engine, 5, "-1 3 0\n-1 1 0"), [(0, 0)]);
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares")), ("2 2", Vec::new()));
    assert_eq!(row_errors(&mut engine, 6, "+1 4 4"), []);
}

#[test]
fn a_row_that_is_wrong_before_and_after_a_change_is_listed_as_it_is_now() {
    let bench = Bench::new();
    let table = table("numbers", &["id bigint!", "n bigint", "m bigint"]);
    let types = [SqlType::Int8, SqlType::Int8];
    let plan = view("shares", divided(scan(&table)), &types, &[0]);
    let catalog = EngineCatalog { tables: vec![Arc::clone(&table)], ..catalog(vec![plan]) };
    let mut engine = started(&bench, &catalog);
    step(&mut engine, 2, changes(&table, "+1 1 0 5"));
    let outcome = step(&mut engine, 3, vec![update(&table, "1 0 6")]);
    assert_eq!((outcome.row_errors, errors(&bench, "shares")), (vec![], vec!["0 22012 1 0 6 x1".to_owned()]));
}

#[test]
fn each_operator_and_each_time_counts() {
    let bench = Bench::new();
    let part = |input| divided(input);
    let share = |dividend| operator("/", number(dividend), column(1, &SqlType::Int8)).scalar;
    let id = || column(0, &SqlType::Int8).scalar;
    // Both columns of a projection fail: one error. Both projections of an expansion fail: the error twice.
    let twice = Plan::Expand {
        input: Box::new(scan(&numbers())),
        projections: vec![vec![id(), share("1"), share("2")], vec![share("3"), share("4"), id()]],
        types: [NUMBERS.to_vec(), vec![SqlType::Int8]].concat(),
    };
    let both =
        view("both", Plan::UnionAll { inputs: vec![part(scan(&numbers())), part(scan(&numbers()))] }, &NUMBERS, &[0]);
    let expanded = view("expanded", twice, &[NUMBERS.to_vec(), vec![SqlType::Int8]].concat(), &[0, 1, 2]);
    let mut engine = started(&bench, &catalog(vec![both, expanded]));
    assert_eq!(row_errors(&mut engine, 2, "+1 1 0"), [(0, 2), (1, 2)]);
    assert_eq!(errors(&bench, "both"), ["1 22012 1 0 x1", "3 22012 1 0 x1"]);
    assert_eq!(errors(&bench, "expanded"), ["0 22012 1 0 x2"]);
    assert_eq!(row_errors(&mut engine, 3, "-1 1 0"), [(0, 0), (1, 0)]);
    assert_eq!(errors(&bench, "both").len() + errors(&bench, "expanded").len(), 0);
}

#[test]
fn a_condition_without_a_value_is_an_error_and_not_false() {
    let bench = Bench::new();
    let share = operator("/", number("12"), column(1, &SqlType::Int8));
    let predicate = operator(">", share, number("3")).scalar;
    let plan = Plan::Filter { input: Box::new(scan(&numbers())), predicate };
    let mut engine = started(&bench, &catalog(vec![view("large", plan, &NUMBERS, &[0])]));
    row_errors(&mut engine, 2, "+1 1 3\n+1 2 6\n+1 3 0");
    assert_eq!((bench.shown("large").as_str(), errors(&bench, "large")), ("1 3", vec!["0 22012 3 0 x1".to_owned()]));
}

#[test]
fn equal_rows_of_a_table_without_a_key_are_one_entry_with_their_count() {
    let bench = Bench::new();
    let table = table("numbers", &["id bigint", "n bigint"]);
    let plan = view("shares", Plan::Distinct { input: Box::new(divided(scan(&table))) }, &NUMBERS, &[0]);
    let catalog = EngineCatalog { tables: vec![Arc::clone(&table)], ..catalog(vec![plan]) };
    let mut engine = started(&bench, &catalog);
    assert_eq!(step(&mut engine, 2, changes(&table, "+1 1 0\n+1 1 0\n+1 1 0")).row_errors, [(0, 3)]);
    assert_eq!(errors(&bench, "shares"), ["1 22012 1 0 x3"]);
    assert_eq!(step(&mut engine, 3, changes(&table, "-1 1 0")).row_errors, [(0, 2)]);
    assert_eq!(errors(&bench, "shares"), ["1 22012 1 0 x2"]);
}

#[test]
fn with_policy_null_null_stands_in_for_the_value() {
    let bench = Bench::new();
    let nulls = ViewPlan { row_errors: RowErrorPolicy::Null, ..shares() };
    let mut engine = started(&bench, &catalog(vec![nulls]));
    assert_eq!(row_errors(&mut engine, 2, "+1 1 3\n+1 2 0"), []);
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares")), ("1 4\n2 -", Vec::new()));
}

/// `select a.id, b.id from numbers a, divisors b where a.n / b.n > 0`
fn pairs(row_errors: RowErrorPolicy) -> ViewPlan {
    let quotient = operator("/", column(1, &SqlType::Int8), column(3, &SqlType::Int8));
    let residual = Some(operator(">", quotient, number("0")).scalar);
    let input = |plan, residual| JoinInput { plan, kind: JoinKind::Inner, keys: Vec::new(), residual };
    let inputs = vec![input(scan(&numbers()), None), input(scan(&divisors()), residual)];
    let expressions = [0, 2].map(|place| column(place, &SqlType::Int8).scalar).to_vec();
    let plan = Plan::Project { input: Box::new(Plan::Join { inputs }), expressions, types: NUMBERS.to_vec() };
    ViewPlan { row_errors, ..view("pairs", plan, &NUMBERS, &[0, 1]) }
}

fn divisors() -> Arc<TableSchema> {
    table("divisors", &["id bigint!", "n bigint"])
}

#[test]
fn a_pair_of_rows_that_are_never_there_together_stops_nothing() {
    for policy in [RowErrorPolicy::Stop, RowErrorPolicy::Quarantine] {
        let bench = Bench::new();
        let catalog = EngineCatalog { tables: vec![numbers(), divisors()], ..catalog(vec![pairs(policy)]) };
        let mut engine = started(&bench, &catalog);
        // 5 / 0 would fail, but the divisor goes with the transaction that brings the number.
        step(&mut engine, 2, changes(&divisors(), "+1 1 0\n+1 2 3"));
        let both = [changes(&numbers(), "+1 1 5"), changes(&divisors(), "-1 1 0")].concat();
        let outcome = step(&mut engine, 3, both);
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        assert_eq!((bench.shown("pairs").as_str(), errors(&bench, "pairs").len()), ("1 2", 0));
        // The same pair, and both are there.
        let outcome = step(&mut engine, 4, changes(&divisors(), "+1 1 0"));
        assert_eq!(outcome.failed.len(), usize::from(policy == RowErrorPolicy::Stop));
        assert_eq!(bench.is_readable("pairs"), policy == RowErrorPolicy::Quarantine);
    }
}

#[test]
fn an_error_that_only_a_part_of_a_fill_has_stops_nothing() {
    let bench = Bench::new();
    let sum = Plan::Aggregate {
        input: Box::new(scan(&numbers())),
        group: Vec::new(),
        group_types: Vec::new(),
        aggregates: vec![call_of("sum", &[(1, SqlType::Int8)])],
    };
    let zero = operator("-", column(0, &SqlType::Numeric(None)), number("0")).scalar;
    let share = operator("/", number("12"), column(0, &SqlType::Numeric(None))).scalar;
    let types = vec![SqlType::Numeric(None); 2];
    let plan = Plan::Project { input: Box::new(sum), expressions: vec![zero, share], types: types.clone() };
    let shares = ViewPlan { row_errors: RowErrorPolicy::Stop, ..view("shares", plan, &types, &[0]) };
    // The sum is zero until the last batch.
    let rows: Vec<_> = (0..20_000).map(|id| row(&numbers(), &format!("{id} {}", i64::from(id == 19_999)))).collect();
    for (rows, stops) in [(&rows[..], false), (&rows[..9_000], true)] {
        let mut engine = bench.open(&catalog(vec![shares.clone()]));
        engine.load_reset().unwrap();
        engine.load(&numbers(), rows).unwrap();
        engine.load_done(&SOURCE, &at(1)).unwrap();
        fill(&mut engine);
        assert_eq!(matches!(engine.view_condition("shares"), ViewCondition::Failed { .. }), stops);
    }
}

#[test]
fn a_fill_collects_errors_and_a_restart_keeps_them() {
    let bench = Bench::new();
    let mut engine = bench.open(&catalog(vec![shares()]));
    // More rows than a batch of a fill; every third has an error.
    let rows: Vec<_> = (0..20_000).map(|id| row(&numbers(), &format!("{id} {}", id % 3))).collect();
    engine.load(&numbers(), &rows).unwrap();
    engine.load_done(&SOURCE, &at(1)).unwrap();
    fill(&mut engine);
    let total = || bench.state.read(|reader| reader.view_errors_total("shares")).unwrap();
    assert_eq!((bench.rows("shares").len(), total()), (13_333, 6_667));
    let mut engine = bench.open(&catalog(vec![shares()]));
    assert_eq!((engine.view_condition("shares"), total()), (ViewCondition::Live, 6_667));
    assert_eq!(row_errors(&mut engine, 2, "-1 0 0"), [(0, 6_666)]);

    // Pages lead through all of them.
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = bench.state.read(|reader| reader.view_errors("shares", after.as_deref(), 1_000)).unwrap();
        seen += page.errors.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 6_666);

    // A source that is copied again brings errors again, and none of the former life stay.
    engine.load_reset().unwrap();
    assert_eq!(total(), 0);
    engine.load(&numbers(), &[row(&numbers(), "1 0"), row(&numbers(), "2 1")]).unwrap();
    engine.load_done(&SOURCE, &at(9)).unwrap();
    fill(&mut engine);
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares")), ("2 12", vec!["0 22012 1 0 x1".to_owned()]));
}

#[test]
fn another_policy_fills_the_view_again() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![shares()]));
    row_errors(&mut engine, 2, "+1 1 3\n+1 2 0");
    let open = |policy| {
        let mut engine = bench.open(&catalog(vec![ViewPlan { row_errors: policy, ..shares() }]));
        let before = engine.view_condition("shares");
        fill(&mut engine);
        (before, engine.view_condition("shares"))
    };
    assert_eq!(open(RowErrorPolicy::Null), (ViewCondition::Filling, ViewCondition::Live));
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares")), ("1 4\n2 -", Vec::new()));
    assert!(matches!(open(RowErrorPolicy::Stop).1, ViewCondition::Failed { .. }));
    assert_eq!(open(RowErrorPolicy::Quarantine), (ViewCondition::Filling, ViewCondition::Live));
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares").len()), ("1 4", 1));
    assert_eq!(open(RowErrorPolicy::Quarantine).0, ViewCondition::Live, "the same policy fills nothing");
}

#[test]
fn a_view_reads_the_rows_without_errors_of_another_and_has_its_own_errors() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![shares(), shares_of_shares()]));
    // Row 2 is out of the first view; row 3 is 0 there and out of the second.
    assert_eq!(row_errors(&mut engine, 2, "+1 1 3\n+1 2 0\n+1 3 24"), [(0, 1), (1, 1)]);
    assert_eq!((bench.shown("shares"), bench.shown("again")), ("1 4\n3 0".into(), "1 3".into()));
    assert_eq!(errors(&bench, "again"), ["0 22012 3 0 x1"]);
    step(&mut engine, 3, vec![update(&numbers(), "3 0")]);
    assert_eq!((errors(&bench, "shares").len(), errors(&bench, "again").len()), (2, 0), "the row is not there to fail");
    step(&mut engine, 4, vec![update(&numbers(), "3 6"), update(&numbers(), "2 12")]);
    assert_eq!((bench.shown("shares"), bench.shown("again")), ("1 4\n2 1\n3 2".into(), "1 3\n2 12\n3 6".into()));
}

#[test]
fn a_view_that_stops_drops_its_errors() {
    let bench = Bench::new();
    // The quotient as key: two rows of one quotient stop the view.
    let catalog = catalog(vec![view("shares", divided(scan(&numbers())), &NUMBERS, &[1])]);
    let mut engine = started(&bench, &catalog);
    assert_eq!(row_errors(&mut engine, 2, "+1 1 3\n+1 2 0"), [(0, 1)]);
    let outcome = step(&mut engine, 3, changes(&numbers(), "+1 3 0\n+1 4 3"));
    assert_eq!((outcome.failed.len(), outcome.row_errors), (1, vec![]));
    assert!(!bench.is_readable("shares"));
    step(&mut engine, 4, changes(&numbers(), "-1 4 3"));
    let mut engine = bench.open(&catalog);
    fill(&mut engine);
    assert_eq!((bench.shown("shares").as_str(), errors(&bench, "shares").len()), ("1 4", 2));
}

#[test]
fn readers_see_errors_of_the_same_checkpoint_as_the_rows() {
    let bench = Bench::new();
    let mut engine = started(&bench, &catalog(vec![shares()]));
    row_errors(&mut engine, 2, "+1 1 3\n+1 2 0");
    bench.state.read(|reader| {
        step(&mut engine, 3, vec![update(&numbers(), "2 6")]);
        assert_eq!(reader.view_rows("shares", None, 9).unwrap().rows.len(), 1);
        assert_eq!(reader.view_errors("shares", None, 9).unwrap().errors.len(), 1);
        assert_eq!(reader.view_errors_total("shares").unwrap(), 1);
    });
    assert_eq!(errors(&bench, "shares"), Vec::<String>::new());
}

#[test]
fn operators_are_named_as_explain_names_them() {
    let bench = Bench::new();
    let plan = Plan::UnionAll { inputs: vec![scan(&numbers()), divided(scan(&numbers()))] };
    let union = view("both", plan, &NUMBERS, &[0]);
    let engine = bench.open(&catalog(vec![union.clone()]));
    let explained = crate::engine::explain(&union, &catalog(vec![])).unwrap();
    let explained: Vec<_> = explained.iter().skip(1).map(|line| line.text.as_str()).collect();
    assert_eq!(engine.operators()["both"], explained);
}
