//! One node at a time: what is left of it, drawn.

use tailwater_connectors::Value;

use super::super::pruned;
use crate::engine::plan::{AggregateFunction, FrameBound, JoinKind, Plan, SetOperator, WindowFunction};
use crate::engine::scalar::Scalar;
use crate::sql::keys::tests::build::{
    aggregate, aggregate_call, by, column, columns, distinct, drawn, equal, expand, filter, first, flatten, int, join,
    less, only_if, plus, project, recursion, relations, repeat, round, scan, set, sorted, top, window, window_call,
};

fn left(plan: Plan) -> String {
    drawn(&pruned(plan, &relations()))
}

#[test]
fn scans_lose_what_nobody_reads() {
    assert_eq!(left(columns(scan("a"), &[2, 0])), "a[2, 0]");
    assert_eq!(left(columns(filter(scan("a"), equal(column(1), int(1))), &[0])), "[#0] of a[0, 1] if (#1 = 1)");
    assert_eq!(left(scan("a")), "a[0, 1, 2, 3]");
}

#[test]
fn a_left_join_by_a_key_goes_when_it_is_not_read() {
    let lookup = || by(JoinKind::Left, scan("a"), &[(2, 0)]);
    let joined = |inputs: Vec<_>| join([first(scan("b"))].into_iter().chain(inputs).collect());
    assert_eq!(left(columns(joined(vec![lookup()]), &[0, 1])), "b[0, 1]");
    let residual = only_if(lookup(), less(column(5), column(3)));
    assert_eq!(left(columns(joined(vec![residual]), &[0, 1])), "b[0, 1]");
    // The inputs after it are numbered anew; what they read of it keeps it.
    let after = || only_if(by(JoinKind::Left, scan("c"), &[(3, 1)]), less(column(1), column(10)));
    let expected = "[#0 #1 #3] of (b[0, 1, 3], left #2=0 c[1, 2] on (#1 < #4))";
    assert_eq!(left(columns(joined(vec![lookup(), after()]), &[0, 1, 9])), expected);
    let reads = || by(JoinKind::Inner, scan("c"), &[(5, 0)]);
    let expected = "[#0 #1] of (b[0, 1, 2], left #2=0 a[0, 1], #4=0 c[0])";
    assert_eq!(left(columns(joined(vec![lookup(), reads()]), &[0, 1])), expected);
}

#[test]
fn joins_that_add_or_take_rows_stay() {
    let joined = |input| columns(join(vec![first(scan("a")), input]), &[0]);
    assert_eq!(left(joined(by(JoinKind::Left, scan("b"), &[(1, 0)]))), "[#0] of (a[0, 1], left #1=0 b[0])");
    assert_eq!(left(joined(by(JoinKind::Inner, scan("a"), &[(1, 0)]))), "[#0] of (a[0, 1], #1=0 a[0])");
    assert_eq!(left(joined(by(JoinKind::Anti, scan("c"), &[(1, 3)]))), "[#0] of (a[0, 1], anti #1=0 c[3])");
    let computed = only_if(by(JoinKind::Semi, scan("c"), &[(1, 3)]), less(column(5), column(2)));
    assert_eq!(left(joined(computed)), "[#0] of (a[0, 1, 2], semi #1=1 c[1, 3] on (#3 < #2))");
}

#[test]
fn a_mark_that_nobody_reads_goes_and_the_columns_after_it_stay_right() {
    let joined = || {
        let mark = only_if(by(JoinKind::Mark, scan("c"), &[(1, 3)]), less(column(6), column(2)));
        join(vec![first(scan("a")), mark, by(JoinKind::Inner, scan("b"), &[(3, 2)])])
    };
    assert_eq!(left(columns(joined(), &[0, 8])), "[#0 #3] of (a[0, 3], #1=0 b[2, 3])");
    let expected = "[#3 #5] of (a[1, 2, 3], mark #0=1 c[2, 3] on (#3 < #1), #2=0 b[2, 3])";
    assert_eq!(left(columns(joined(), &[4, 8])), expected);
}

#[test]
fn who_asks_for_a_match_does_not_need_distinct_rows() {
    let inner = distinct(columns(scan("c"), &[1, 2]));
    let joined = join(vec![first(scan("a")), by(JoinKind::Semi, inner, &[(1, 0)])]);
    assert_eq!(left(columns(joined, &[1])), "(a[1], semi #0=0 c[1])");
}

#[test]
fn a_single_row_beside_others_goes_when_it_is_not_read() {
    let count = aggregate(scan("c"), vec![], vec![aggregate_call(AggregateFunction::Count, int(1))]);
    let joined = join(vec![first(scan("a")), by(JoinKind::Inner, count, &[])]);
    assert_eq!(left(columns(joined, &[0])), "a[0]");
}

#[test]
fn windows_lose_calls_and_go_without_any() {
    let mut sum = window_call(WindowFunction::Aggregate(aggregate_call(AggregateFunction::Max, column(2))), vec![]);
    sum.frame.start = FrameBound::RangeLimit(plus(column(3), int(-1)));
    let made = || {
        let number = window_call(WindowFunction::RowNumber, vec![]);
        window(scan("a"), (vec![column(1)], sorted([column(3)])), vec![number, sum.clone()])
    };
    assert_eq!(left(columns(made(), &[0, 4])), "[#0 #3] of RowNumber() by (#1) order (#2) of a[0, 1, 3]");
    assert_eq!(left(columns(made(), &[5])), "[#3] of Max(#1) by (#0) order (#2) of a[1, 2, 3]");
    assert_eq!(left(columns(made(), &[0])), "a[0]");
}

#[test]
fn the_limit_of_a_frame_is_moved_with_its_columns() {
    let mut count = window_call(WindowFunction::Aggregate(aggregate_call(AggregateFunction::Count, column(3))), vec![]);
    count.frame.start = FrameBound::RangeLimit(plus(column(3), int(-1)));
    let made = window(scan("a"), (vec![], sorted([column(3)])), vec![count]);
    let Plan::Project { input, .. } = pruned(columns(made, &[4]), &relations()) else { panic!("a choice of columns") };
    let Plan::Window { calls, .. } = *input else { panic!("a window") };
    assert_eq!(calls[0].frame.start, FrameBound::RangeLimit(plus(column(0), int(-1))));
}

#[test]
fn limits_read_their_order_and_partition() {
    let made = |name| top(scan(name), (vec![column(2)], sorted([column(3)])), 1);
    assert_eq!(left(columns(made("a"), &[0])), "[#0] of top by (#1) order (#2) of a[0, 2, 3]");
    let twice = |name| {
        let pair = [columns(made(name), &[0]), columns(made(name), &[1])];
        let [one, other] = pair;
        left(join(vec![first(one), by(JoinKind::Inner, other, &[])]))
    };
    // Read twice, both choose the same row among those that the order leaves undecided.
    let whole = |place| format!("[#{place}] of top by (#2) order (#3) of a[0, 1, 2, 3]");
    assert_eq!(twice("a"), format!("({}, {})", whole(0), whole(1)));
    let decided = |place| columns(top(scan("a"), (vec![], sorted([column(0)])), 1), &[place]);
    let expected = "(top by () order (#0) of a[0], [#1] of top by () order (#0) of a[0, 1])";
    assert_eq!(left(join(vec![first(decided(0)), by(JoinKind::Inner, decided(1), &[])])), expected);
}

#[test]
fn sets_of_rows_keep_all_columns() {
    let pair = |name| columns(scan(name), &[1, 0]);
    let made = set(pair("a"), pair("c"), (SetOperator::Except, false));
    assert_eq!(left(columns(made, &[0])), "[#0] of a[1, 0] Except c[1, 0]");
    assert_eq!(left(columns(distinct(pair("c")), &[0])), "[#0] of distinct c[1, 0]");
    assert_eq!(left(columns(distinct(pair("a")), &[0])), "a[1]");
    let kept = recursion(
        pair("a"),
        columns(join(vec![first(round(2)), by(JoinKind::Inner, scan("b"), &[(0, 2)])]), &[2, 1]),
        true,
    );
    assert_eq!(left(columns(kept, &[1])), "[#1] of a[1, 0] then [#2 #1] of (round, #0=1 b[0, 2])");
}

#[test]
fn expansions_are_narrowed() {
    let lists = vec![vec![column(0), Scalar::Literal(Value::Null), int(0)], vec![column(0), column(1), int(1)]];
    let made = || expand(scan("a"), lists.clone());
    assert_eq!(left(columns(made(), &[0, 2])), "[#0 0][#0 1] of a[0]");
    assert_eq!(left(columns(made(), &[1])), "[NULL][#0] of a[1]");
}

#[test]
fn functions_keep_what_they_answer_and_lose_the_number() {
    let made = || flatten(scan("a"), vec![repeat(column(2))], true);
    assert_eq!(left(columns(made(), &[0])), "[#0] of repeat(bigint) #1 beside a[0, 2]");
    assert_eq!(left(columns(made(), &[4, 5])), "[#1 #2] of repeat(bigint) #0 numbered beside a[2]");
}

#[test]
fn groups_that_follow_from_others_and_calls_that_nobody_reads_go() {
    let mut most = aggregate_call(AggregateFunction::Max, column(2));
    most.order = sorted([column(3)]);
    let count = aggregate_call(AggregateFunction::Count, column(1));
    let made = || aggregate(scan("a"), [0, 1].map(column).to_vec(), vec![count.clone(), most.clone()]);
    assert_eq!(left(columns(made(), &[0, 2])), "group (#0) Count(#1) of a[0, 1]");
    assert_eq!(left(columns(made(), &[3])), "[#1] of group (#0) Max(#1) of a[0, 2, 3]");
    let joined = join(vec![first(scan("b")), by(JoinKind::Left, scan("a"), &[(2, 0)])]);
    let made = aggregate(joined, [0, 1, 5].map(column).to_vec(), vec![count.clone()]);
    assert_eq!(left(columns(made, &[0, 1, 3])), "group (#0 #1) Count(#1) of b[0, 1]");
}

#[test]
fn projections_over_each_other_become_one() {
    let inner = project(scan("a"), vec![column(3), plus(column(1), int(1))]);
    assert_eq!(left(project(inner, vec![plus(column(1), column(0))])), "[((#0 + 1) + #1)] of a[1, 3]");
}
