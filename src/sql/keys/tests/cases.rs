//! One node at a time.

use tailwater_connectors::Value;

use super::build::{
    aggregate, aggregate_call, by, column, columns, distinct, equal, expand, filter, first, flatten, int, join, less,
    null_safe, only_if, project, recursion, relations, repeat, round, same, scan, series, set, sorted, top, values,
    window, window_call,
};
use crate::engine::plan::{AggregateFunction, JoinInput, JoinKind, Plan, SetOperator, WindowFunction};
use crate::engine::scalar::Scalar;
use crate::sql::keys::{determining, identity, missing_key, width};

fn key(plan: &Plan) -> Option<Vec<usize>> {
    identity(plan, &relations()).best().map(|key| key.iter().copied().collect())
}

fn null() -> Scalar {
    Scalar::Literal(Value::Null)
}

#[test]
fn relations_have_their_primary_key() {
    assert_eq!(key(&scan("a")), Some(vec![0]));
    assert_eq!(key(&scan("b")), Some(vec![0, 1]));
    assert_eq!(key(&scan("c")), None);
    assert_eq!(key(&columns(scan("b"), &[1])), None);
}

#[test]
fn constants_and_what_follows_leave_a_key() {
    assert_eq!(key(&filter(scan("b"), equal(column(0), int(1)))), Some(vec![1]));
    assert_eq!(key(&filter(scan("b"), same(column(0), column(1)))), Some(vec![0]));
    let both = join(vec![first(scan("b")), by(JoinKind::Inner, scan("a"), &[(2, 0)])]);
    let group = [0, 1, 4, 5].map(column).to_vec();
    assert_eq!(determining(&both, &group, &relations()), Some([0, 1].into()));
}

#[test]
fn a_column_follows_by_way_of_one_that_is_not_selected() {
    let both = join(vec![first(scan("b")), by(JoinKind::Left, scan("a"), &[(2, 0)])]);
    let shown = join(vec![first(columns(both, &[0, 1, 5])), by(JoinKind::Inner, scan("c"), &[])]);
    assert_eq!(determining(&shown, &[0, 1, 2].map(column), &relations()), Some([0, 1].into()));
}

#[test]
fn a_constant_does_not_hold_where_a_left_join_finds_nothing() {
    let looked_up = join(vec![first(scan("b")), by(JoinKind::Left, scan("a"), &[(2, 0)])]);
    let constant = columns(filter(looked_up, equal(column(3), int(1))), &[2, 3, 5]);
    let around = join(vec![first(scan("c")), by(JoinKind::Left, constant, &[])]);
    // Null in the lookup's column comes with 1 where there is a row, with null where there is none.
    assert_eq!(determining(&around, &[4, 5].map(column), &relations()), Some([0, 1].into()));
    assert_eq!(determining(&around, &[4, 6].map(column), &relations()), Some([0].into()));
}

#[test]
fn inputs_that_ask_for_a_match_add_no_columns() {
    for kind in [JoinKind::Semi, JoinKind::Anti, JoinKind::Mark] {
        assert_eq!(key(&join(vec![first(scan("a")), by(kind, scan("c"), &[(1, 0)])])), Some(vec![0]));
    }
    let marked = join(vec![
        first(scan("a")),
        by(JoinKind::Mark, scan("c"), &[(1, 0)]),
        by(JoinKind::Left, scan("b"), &[(1, 0)]),
    ]);
    assert_eq!(width(&marked), 9);
    assert_eq!(key(&marked), Some(vec![0, 6]));
}

#[test]
fn an_input_found_by_its_key_adds_no_columns() {
    for kind in [JoinKind::Inner, JoinKind::Left] {
        assert_eq!(key(&join(vec![first(scan("b")), by(kind, scan("a"), &[(2, 0)])])), Some(vec![0, 1]));
        assert_eq!(key(&join(vec![first(scan("b")), null_safe(by(kind, scan("a"), &[(2, 0)]))])), Some(vec![0, 1]));
        let grouped = aggregate(scan("c"), vec![column(0)], vec![]);
        assert_eq!(key(&join(vec![first(scan("b")), null_safe(by(kind, grouped, &[(2, 0)]))])), Some(vec![0, 1]));
        assert_eq!(key(&join(vec![first(scan("a")), by(kind, scan("b"), &[(1, 0)])])), Some(vec![0, 5]));
        assert_eq!(key(&join(vec![first(scan("a")), by(kind, scan("c"), &[(1, 0)])])), None);
    }
    // From the other side: the key of what is looked up by names the row before it.
    assert_eq!(key(&join(vec![first(scan("a")), by(JoinKind::Inner, scan("b"), &[(0, 2)])])), Some(vec![4, 5]));
}

#[test]
fn one_row_beside_others_adds_no_columns() {
    let count = aggregate(scan("c"), vec![], vec![aggregate_call(AggregateFunction::Count, int(1))]);
    let latest = top(scan("c"), (vec![], sorted([column(1)])), 1);
    for single in [count, latest, values(&[&[1]]), filter(scan("a"), equal(column(0), int(1)))] {
        assert_eq!(key(&single), Some(vec![]));
        assert_eq!(key(&join(vec![first(scan("a")), by(JoinKind::Inner, single.clone(), &[])])), Some(vec![0]));
        let left = only_if(by(JoinKind::Left, single, &[]), equal(column(0), column(4)));
        assert_eq!(key(&join(vec![first(scan("a")), left])), Some(vec![0]));
    }
}

#[test]
fn limits_keep_keys_and_make_them() {
    let order = || sorted([column(3)]);
    assert_eq!(key(&top(scan("b"), (vec![], order()), 5)), Some(vec![0, 1]));
    assert_eq!(key(&top(scan("c"), (vec![column(1)], order()), 1)), Some(vec![1]));
    assert_eq!(key(&top(scan("c"), (vec![column(1), int(1)], order()), 1)), Some(vec![1]));
    assert_eq!(key(&top(scan("c"), (vec![equal(column(1), int(1))], order()), 1)), None);
    assert_eq!(key(&top(scan("c"), (vec![column(1)], order()), 2)), None);
    let mut ties = top(scan("c"), (vec![column(1)], order()), 1);
    if let Plan::TopN { with_ties, .. } = &mut ties {
        *with_ties = true;
    }
    assert_eq!(key(&ties), None);
}

#[test]
fn row_numbers_are_keys_where_there_is_no_other() {
    let number = || vec![window_call(WindowFunction::RowNumber, vec![])];
    let over = |input: &str| window(scan(input), (vec![column(1)], sorted([column(2)])), number());
    assert_eq!(key(&over("c")), Some(vec![1, 4]));
    assert_eq!(key(&over("b")), Some(vec![0, 1]));
    assert_eq!(key(&window(scan("b"), (vec![], vec![]), number())), Some(vec![0, 1]));
    assert_eq!(key(&columns(over("b"), &[1, 4])), Some(vec![0, 1]));
    assert_eq!(key(&filter(over("c"), equal(column(4), int(1)))), Some(vec![1]));
    let rank = vec![window_call(WindowFunction::Rank, vec![])];
    assert_eq!(key(&window(scan("c"), (vec![column(1)], vec![]), rank)), None);
}

#[test]
fn set_operations_keep_the_keys_of_what_is_shown() {
    let pair = |name, places: &[usize]| columns(scan(name), places);
    for all in [true, false] {
        assert_eq!(key(&set(pair("a", &[0, 1]), pair("c", &[0, 1]), (SetOperator::Except, all))), Some(vec![0]));
        assert_eq!(key(&set(pair("c", &[0, 1]), pair("a", &[1, 0]), (SetOperator::Intersect, all))), Some(vec![1]));
    }
    let except = |all| set(pair("c", &[0, 1]), pair("a", &[1, 0]), (SetOperator::Except, all));
    assert_eq!(key(&except(false)), Some(vec![0, 1]));
    assert_eq!(key(&except(true)), None);
    assert_eq!(key(&distinct(pair("c", &[2, 3]))), Some(vec![0, 1]));
}

#[test]
fn branches_are_told_apart_by_labels() {
    let lists = |labels: [i64; 2]| {
        expand(scan("a"), vec![vec![column(0), null(), int(labels[0])], vec![column(0), column(1), int(labels[1])]])
    };
    assert_eq!(key(&lists([0, 1])), Some(vec![0, 2]));
    assert_eq!(key(&lists([1, 1])), None);
    assert_eq!(key(&expand(scan("a"), vec![vec![column(2), column(0)]])), Some(vec![1]));
    let sets = aggregate(lists([0, 1]), [1, 2].map(column).to_vec(), vec![]);
    assert_eq!(key(&sets), Some(vec![0, 1]));
    let branch = |label| project(scan("a"), vec![column(0), int(label)]);
    assert_eq!(key(&Plan::UnionAll { inputs: vec![branch(0), branch(1)] }), Some(vec![0, 1]));
    assert_eq!(key(&Plan::UnionAll { inputs: vec![branch(0), branch(0)] }), None);
}

#[test]
fn branches_are_told_apart_where_one_has_null_and_another_never() {
    // Column 0 of "a" is its key, and never null; column 1 may be null.
    let branch = |first, second| project(scan("a"), vec![column(0), first, second]);
    let union = |one, other| key(&Plan::UnionAll { inputs: vec![one, other] });
    assert_eq!(union(branch(column(0), null()), branch(null(), column(0))), Some(vec![0, 1]));
    assert_eq!(union(branch(column(1), null()), branch(null(), column(1))), None);
    let known = filter(scan("a"), equal(column(1), column(2)));
    assert_eq!(union(columns(known, &[0, 1]), project(scan("a"), vec![column(0), null()])), Some(vec![0, 1]));
    // Three sets of two columns that are never null: each pair differs in one of them.
    let sets = expand(scan("b"), vec![vec![column(0), column(1)], vec![column(0), null()], vec![null(), column(1)]]);
    assert_eq!(key(&aggregate(sets, [0, 1].map(column).to_vec(), vec![])), Some(vec![0, 1]));
    // A function of the set stands for it when it is another in each.
    let labelled = |labels: [i64; 2]| {
        let list = |label: i64| vec![column(2), int(label)];
        let groups = aggregate(expand(scan("b"), labels.map(list).to_vec()), [0, 1].map(column).to_vec(), vec![]);
        let branches = vec![(equal(column(1), int(0)), int(5))];
        let shown = Scalar::Case { branches, otherwise: Some(Box::new(int(6))) };
        key(&project(groups, vec![column(0), shown]))
    };
    assert_eq!(labelled([0, 1]), Some(vec![0, 1]));
    assert_eq!(labelled([1, 2]), None);
}

#[test]
fn merged_columns_of_a_full_join_are_a_key_where_they_are_that_of_both_sides() {
    let merged = |left: JoinInput, anti: JoinInput| {
        let matched = columns(join(vec![first(scan("a")), left]), &[0, 1, 4, 5]);
        let alone = project(join(vec![first(scan("a")), anti]), vec![null(), null(), column(0), column(1)]);
        let shown = Scalar::Coalesce(vec![column(0), column(2)]);
        key(&project(Plan::UnionAll { inputs: vec![matched, alone] }, vec![column(1), shown]))
    };
    let left = |keys: &[(usize, usize)]| by(JoinKind::Left, scan("a"), keys);
    let anti = |plan: Plan, keys: &[(usize, usize)]| by(JoinKind::Anti, plan, keys);
    assert_eq!(merged(left(&[(0, 0)]), anti(scan("a"), &[(0, 0)])), Some(vec![1]));
    assert_eq!(merged(left(&[(1, 0)]), anti(scan("a"), &[(0, 1)])), None);
    assert_eq!(merged(left(&[(0, 0)]), anti(scan("a"), &[(0, 1)])), None);
    assert_eq!(merged(left(&[(0, 0)]), anti(filter(scan("a"), equal(column(1), int(1))), &[(0, 0)])), None);
    assert_eq!(merged(left(&[(0, 0)]), anti(scan("b"), &[(0, 0)])), None);
    assert_eq!(merged(only_if(left(&[(0, 0)]), less(column(1), column(5))), anti(scan("a"), &[(0, 0)])), None);
    assert_eq!(merged(null_safe(left(&[(0, 0)])), anti(scan("a"), &[(0, 0)])), None);
}

#[test]
fn rows_of_functions_are_told_apart_by_their_number() {
    assert_eq!(key(&flatten(scan("a"), vec![repeat(column(1))], true)), Some(vec![0, 5]));
    assert_eq!(key(&flatten(scan("a"), vec![repeat(column(1))], false)), None);
    assert_eq!(key(&flatten(scan("a"), vec![series(column(1))], false)), Some(vec![0, 4]));
    assert_eq!(key(&flatten(scan("a"), vec![series(column(1)), repeat(column(1))], false)), None);
    assert_eq!(key(&flatten(values(&[&[]]), vec![series(int(3))], false)), Some(vec![0]));
    assert_eq!(key(&flatten(scan("c"), vec![repeat(column(1))], true)), None);
}

#[test]
fn recursions_have_a_key_when_they_are_distinct() {
    let made = |distinct| recursion(columns(scan("a"), &[0, 1]), round(2), distinct);
    assert_eq!(key(&made(true)), Some(vec![0, 1]));
    assert_eq!(key(&made(false)), None);
    assert_eq!(key(&round(2)), None);
}

#[test]
fn a_missing_key_is_named() {
    let missing = |plan: &Plan| missing_key(plan, &relations());
    assert_eq!(missing(&columns(scan("b"), &[1])), Some(vec!["b.b0".to_owned()]));
    let marked =
        join(vec![first(scan("c")), by(JoinKind::Mark, scan("c"), &[(1, 0)]), by(JoinKind::Inner, scan("b"), &[])]);
    assert_eq!(missing(&columns(marked, &[0])), None);
    let marked =
        join(vec![first(scan("a")), by(JoinKind::Mark, scan("c"), &[(1, 0)]), by(JoinKind::Inner, scan("b"), &[])]);
    let limited = top(columns(marked, &[0, 6]), (vec![], sorted([column(1)])), 5);
    assert_eq!(missing(&limited), Some(vec!["b.b0".to_owned()]));
}
