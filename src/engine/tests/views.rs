//! Operators, one behaviour each, by drawn deltas.

use std::sync::Arc;

use tailwater_connectors::{Change, NewRow, OldRow, SqlType, TableSchema};

use super::fixture::{
    Bench, changes, column, name_of, number, operator, row, scan, sql_type_named, started, step, table, update, view,
};
use super::random_plan::call;
use crate::engine::{
    AggregateCall, AggregateFunction, EngineCatalog, JoinInput, JoinKey, JoinKind, Plan, Scalar, ViewPlan,
};

fn catalog(tables: &[&Arc<TableSchema>], views: Vec<ViewPlan>) -> EngineCatalog {
    let changelogs = views.iter().map(|view| view.name.clone()).collect();
    EngineCatalog { tables: tables.iter().map(|table| Arc::clone(table)).collect(), views, changelogs }
}

fn types(names: &str) -> Vec<SqlType> {
    names.split(' ').map(sql_type_named).collect()
}

fn orders() -> Arc<TableSchema> {
    table("orders", &["id bigint!", "customer bigint", "total numeric"])
}

fn customers() -> Arc<TableSchema> {
    table("customers", &["id bigint!", "name text"])
}

/// `select o.id, o.total, c.name from orders o join customers c on c.id = o.customer`
fn orders_with_names(kind: JoinKind) -> Plan {
    let first = JoinInput { plan: scan(&orders()), kind: JoinKind::Inner, keys: Vec::new(), residual: None };
    let second = JoinInput {
        plan: scan(&customers()),
        kind,
        keys: vec![JoinKey { before: 1, own: 0, null_safe: false }],
        residual: None,
    };
    Plan::Project {
        input: Box::new(Plan::Join { inputs: vec![first, second] }),
        expressions: [0, 2, 4].map(Scalar::Column).to_vec(),
        types: types("bigint numeric text"),
    }
}

fn by_customer(aggregates: Vec<AggregateCall>) -> (Plan, Vec<SqlType>) {
    let mut shown = types("bigint");
    shown.extend(aggregates.iter().map(|call| call.result_type.clone()));
    let plan = Plan::Aggregate {
        input: Box::new(scan(&orders())),
        group: vec![Scalar::Column(1)],
        group_types: types("bigint"),
        aggregates,
    };
    (plan, shown)
}

#[test]
fn an_update_of_columns_that_no_one_reads_changes_nothing() {
    let bench = Bench::new();
    let orders = orders();
    let plan = Plan::Scan { relation: name_of(&orders), columns: vec![0, 1] };
    let mut engine = started(&bench, &catalog(&[&orders], vec![view("v", plan, &types("bigint bigint"), &[0])]));
    assert_eq!(step(&mut engine, 2, changes(&orders, "+1 1 7 9.50")).changed, vec![(0, 1)]);
    assert_eq!(step(&mut engine, 3, vec![update(&orders, "1 7 10.00")]).changed, Vec::new());
    assert_eq!(step(&mut engine, 4, vec![update(&orders, "1 8 10.00")]).changed, vec![(0, 1)]);
    assert_eq!(bench.shown("v"), "1 8");
}

#[test]
fn a_row_that_came_and_went_in_one_transaction_leaves_no_change() {
    let bench = Bench::new();
    let orders = orders();
    let mut engine =
        started(&bench, &catalog(&[&orders], vec![view("v", scan(&orders), &types("bigint bigint numeric"), &[0])]));
    let outcome = step(&mut engine, 2, changes(&orders, "+1 1 7 9.50\n-1 1 7 9.50"));
    assert_eq!(outcome.changed, Vec::new());
    assert_eq!(outcome.checkpoint.positions.to_string(), "0/2");
}

#[test]
fn a_left_join_shows_nulls_until_the_match_comes_and_after_it_went() {
    let bench = Bench::new();
    let (orders, customers) = (orders(), customers());
    let plan = orders_with_names(JoinKind::Left);
    let mut engine =
        started(&bench, &catalog(&[&orders, &customers], vec![view("v", plan, &types("bigint numeric text"), &[0])]));
    step(&mut engine, 2, changes(&orders, "+1 1 7 9.50\n+1 2 - 1.00"));
    assert_eq!(bench.shown("v"), "1 9.50 -\n2 1.00 -");
    step(&mut engine, 3, changes(&customers, "+1 7 alice"));
    assert_eq!(bench.shown("v"), "1 9.50 alice\n2 1.00 -");
    step(&mut engine, 4, changes(&customers, "-1 7 alice\n+1 7 bob"));
    assert_eq!(bench.shown("v"), "1 9.50 bob\n2 1.00 -");
    step(&mut engine, 5, changes(&customers, "-1 7 bob"));
    assert_eq!(bench.shown("v"), "1 9.50 -\n2 1.00 -");
}

#[test]
fn both_sides_of_a_join_may_change_in_one_step() {
    let bench = Bench::new();
    let (orders, customers) = (orders(), customers());
    let plan = orders_with_names(JoinKind::Inner);
    let mut engine =
        started(&bench, &catalog(&[&orders, &customers], vec![view("v", plan, &types("bigint numeric text"), &[0])]));
    let both = [changes(&orders, "+1 1 7 9.50"), changes(&customers, "+1 7 alice")].concat();
    assert_eq!(step(&mut engine, 2, both).changed, vec![(0, 1)]);
    assert_eq!(bench.shown("v"), "1 9.50 alice");
    let both = [changes(&orders, "-1 1 7 9.50"), changes(&customers, "-1 7 alice\n+1 7 bob")].concat();
    step(&mut engine, 3, both);
    assert_eq!(bench.shown("v"), "");
}

#[test]
fn deleting_the_last_row_of_a_group_retracts_the_group() {
    let bench = Bench::new();
    let orders = orders();
    let numeric = SqlType::Numeric(None);
    let sum = call(AggregateFunction::Sum, Some((2, numeric.clone())));
    let max = call(AggregateFunction::Max, Some((2, numeric)));
    let (plan, shown) = by_customer(vec![call(AggregateFunction::Count, None), sum, max]);
    let mut engine = started(&bench, &catalog(&[&orders], vec![view("v", plan, &shown, &[0])]));
    step(&mut engine, 2, changes(&orders, "+1 1 7 9.50\n+1 2 7 0.125\n+1 3 8 1\n+1 4 - -"));
    assert_eq!(bench.shown("v"), "- 1 - -\n7 2 9.625 9.50\n8 1 1 1");
    step(&mut engine, 3, changes(&orders, "-1 2 7 0.125\n-1 3 8 1"));
    assert_eq!(bench.shown("v"), "- 1 - -\n7 1 9.50 9.50", "the scale of the sum follows the values that are left");
    step(&mut engine, 4, changes(&orders, "-1 1 7 9.50\n-1 4 - -"));
    assert_eq!(bench.shown("v"), "");
}

#[test]
fn a_global_aggregate_has_a_row_before_any_data() {
    let bench = Bench::new();
    let orders = orders();
    let sum = call(AggregateFunction::Avg, Some((2, SqlType::Numeric(None))));
    let plan = Plan::Aggregate {
        input: Box::new(scan(&orders)),
        group: Vec::new(),
        group_types: Vec::new(),
        aggregates: vec![call(AggregateFunction::Count, None), sum],
    };
    let mut engine = started(&bench, &catalog(&[&orders], vec![view("v", plan, &types("bigint numeric"), &[])]));
    assert_eq!(bench.shown("v"), "0 -");
    step(&mut engine, 2, changes(&orders, "+1 1 7 1\n+1 2 7 2"));
    assert_eq!(bench.shown("v"), "2 1.5000000000000000");
    step(&mut engine, 3, vec![Change::Truncate { tables: vec![Arc::clone(&orders)] }]);
    assert_eq!(bench.shown("v"), "0 -");
}

#[test]
fn distinct_counts_each_value_once_and_filters_apply_before() {
    let bench = Bench::new();
    let orders = orders();
    let distinct = AggregateCall {
        distinct: true,
        filter: Some(operator(">", column(0, &SqlType::Int8), number("1")).scalar),
        ..call(AggregateFunction::Count, Some((2, SqlType::Numeric(None))))
    };
    let (plan, shown) = by_customer(vec![distinct]);
    let mut engine = started(&bench, &catalog(&[&orders], vec![view("v", plan, &shown, &[0])]));
    step(&mut engine, 2, changes(&orders, "+1 1 7 5\n+1 2 7 1.0\n+1 3 7 1.00\n+1 4 7 2"));
    assert_eq!(bench.shown("v"), "7 2");
    step(&mut engine, 3, changes(&orders, "-1 2 7 1.0"));
    assert_eq!(bench.shown("v"), "7 2");
    step(&mut engine, 4, changes(&orders, "-1 3 7 1.00"));
    assert_eq!(bench.shown("v"), "7 1");
}

#[test]
fn the_group_shows_the_form_of_its_value_that_is_there() {
    let bench = Bench::new();
    let orders = orders();
    let plan = Plan::Aggregate {
        input: Box::new(scan(&orders)),
        group: vec![Scalar::Column(2)],
        group_types: types("numeric"),
        aggregates: vec![call(AggregateFunction::Count, None)],
    };
    let mut engine = started(&bench, &catalog(&[&orders], vec![view("v", plan, &types("numeric bigint"), &[0])]));
    step(&mut engine, 2, changes(&orders, "+1 1 7 1.0\n+1 2 7 1.00"));
    step(&mut engine, 3, changes(&orders, "-1 1 7 1.0"));
    assert_eq!(bench.shown("v"), "1.00 1");
    step(&mut engine, 4, vec![update(&orders, "2 7 1.000")]);
    assert_eq!(bench.shown("v"), "1.000 1");
}

#[test]
fn float_sums_forget_what_was_taken_away() {
    let bench = Bench::new();
    let readings = table("readings", &["id bigint!", "value float"]);
    let plan = Plan::Aggregate {
        input: Box::new(scan(&readings)),
        group: Vec::new(),
        group_types: Vec::new(),
        aggregates: vec![call(AggregateFunction::Sum, Some((1, SqlType::Float8)))],
    };
    let mut engine = started(&bench, &catalog(&[&readings], vec![view("v", plan, &types("float"), &[])]));
    step(&mut engine, 2, changes(&readings, "+1 1 0.1\n+1 2 1e300\n+1 3 NaN\n+1 4 Infinity"));
    assert_eq!(bench.shown("v"), "NaN");
    step(&mut engine, 3, changes(&readings, "-1 3 NaN"));
    assert_eq!(bench.shown("v"), "inf");
    step(&mut engine, 4, changes(&readings, "-1 4 Infinity\n-1 2 1e300"));
    assert_eq!(bench.shown("v"), "0.1");
}

#[test]
fn a_view_reads_another_view() {
    let bench = Bench::new();
    let (orders, customers) = (orders(), customers());
    let names = view("names", orders_with_names(JoinKind::Inner), &types("bigint numeric text"), &[0]);
    let counts = Plan::Aggregate {
        input: Box::new(Plan::Scan { relation: crate::engine::RelationName::View("names".into()), columns: vec![2] }),
        group: vec![Scalar::Column(0)],
        group_types: types("text"),
        aggregates: vec![call(AggregateFunction::Count, None)],
    };
    let counts = view("counts", counts, &types("text bigint"), &[0]);
    let mut engine = started(&bench, &catalog(&[&orders, &customers], vec![names, counts]));
    step(&mut engine, 2, [changes(&customers, "+1 7 alice"), changes(&orders, "+1 1 7 9\n+1 2 7 9")].concat());
    assert_eq!(bench.shown("counts"), "alice 2");
    let outcome = step(&mut engine, 3, vec![update(&customers, "7 bob")]);
    assert_eq!((bench.shown("counts").as_str(), outcome.changed), ("bob 2", vec![(0, 2), (1, 2)]));
}

#[test]
fn a_large_value_that_was_not_sent_is_kept_also_when_the_key_changes() {
    let bench = Bench::new();
    let customers = customers();
    let mut engine =
        started(&bench, &catalog(&[&customers], vec![view("v", scan(&customers), &types("bigint text"), &[0])]));
    step(&mut engine, 2, changes(&customers, "+1 7 alice"));
    let new = NewRow { row: row(&customers, "8 -"), unchanged: vec![1] };
    let old = OldRow::Key(row(&customers, "7 -"));
    step(&mut engine, 3, vec![Change::Update { table: Arc::clone(&customers), old, new }]);
    assert_eq!(bench.shown("v"), "8 alice");
}

#[test]
fn keys_may_be_swapped_in_a_transaction_that_checks_them_late() {
    let bench = Bench::new();
    let customers = customers();
    let mut engine =
        started(&bench, &catalog(&[&customers], vec![view("v", scan(&customers), &types("bigint text"), &[0])]));
    step(&mut engine, 2, changes(&customers, "+1 1 alice\n+1 2 bob"));
    let moved = |old: &str, new: &str| Change::Update {
        table: Arc::clone(&customers),
        old: OldRow::Full(row(&customers, old)),
        new: NewRow { row: row(&customers, new), unchanged: Vec::new() },
    };
    step(&mut engine, 3, vec![moved("1 alice", "2 alice"), moved("2 bob", "1 bob")]);
    assert_eq!(bench.shown("v"), "1 bob\n2 alice");
}
