//! Random plans answer the same rows when they are pruned.

use tailwater_connectors::Row;

use super::super::pruned;
use crate::engine::plan::Plan;
use crate::sql::keys::tests::build::{drawn, relations};
use crate::sql::keys::tests::random::Random;

const PLANS: u64 = 6_000;

fn size(plan: &Plan) -> usize {
    let columns = match plan {
        Plan::Scan { columns, .. } => columns.len(),
        _ => 0,
    };
    1 + columns + plan.inputs().into_iter().map(size).sum::<usize>()
}

#[test]
fn a_pruned_plan_answers_the_same() {
    let relations = relations();
    let (mut looked_at, mut smaller) = (0, 0);
    for seed in 0..PLANS {
        let mut random = Random::new(seed + 1_000_000);
        let plan = random.plan(1 + seed as usize % 4);
        let narrow = pruned(plan.clone(), &relations);
        smaller += usize::from(size(&narrow) < size(&plan));
        for _ in 0..3 {
            let world = random.world();
            let sorted = |rows: Option<Vec<Row>>| {
                rows.map(|mut rows| {
                    rows.sort();
                    rows
                })
            };
            let (Some(expected), Some(actual)) = (sorted(world.rows(&plan)), sorted(world.rows(&narrow))) else {
                continue;
            };
            looked_at += usize::from(!expected.is_empty());
            assert!(
                actual == expected,
                "seed {seed}\n{}\n{}\n{actual:?}\n{expected:?}\n{:?}",
                drawn(&plan),
                drawn(&narrow),
                world.tables
            );
        }
    }
    assert!(looked_at > 8_000 && smaller > 3_000, "{looked_at} answers, {smaller} smaller plans");
}
