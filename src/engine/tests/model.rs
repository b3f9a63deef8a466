//! Random plans over random changes: after every commit each view must be what the plan answers from scratch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tailwater_connectors::{Change, Row};

use super::fixture::{Bench, SOURCE, at, fill, show, transaction};
use super::oracle::{self, Database};
use super::random_changes::Source;
use super::random_plan::Planner;
use crate::engine::plan::RelationName;
use crate::engine::{Engine, EngineCatalog, ViewPlan};
use crate::state::Version;

const VIEWS: usize = 4;
const TRANSACTIONS: usize = 14;
/// Plans that answer more rows than this are drawn again: the oracle is slow.
const ROWS_MAX: usize = 3_000;

/// One seed's story: what there is at first, and what happens.
struct Story {
    seed: u64,
    catalog: EngineCatalog,
    first: Source,
    /// Changes of each transaction, and the source after it.
    transactions: Vec<(Vec<Change>, Source)>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let first = Source::new(&mut random);
        let mut database = first.database();
        let mut views: Vec<ViewPlan> = Vec::new();
        while views.len() < VIEWS {
            let plan = Planner { random: &mut random, database: &database }.view(&format!("v{}", views.len()));
            let rows = oracle::rows(&plan.plan, &database);
            if rows.len() <= ROWS_MAX {
                let types = plan.columns.iter().map(|column| column.sql_type.clone()).collect();
                database.insert(RelationName::View(plan.name.clone()), (types, rows));
                views.push(plan);
            }
        }
        let mut source = first.clone();
        let mut transactions = Vec::new();
        for _ in 0..TRANSACTIONS {
            let changes = source.transaction(&mut random);
            transactions.push((changes, source.clone()));
        }
        let tables = first.tables.iter().map(|(schema, _)| schema.clone()).collect();
        let changelogs = views.iter().map(|view| view.name.clone()).collect::<BTreeSet<_>>();
        Self { seed, catalog: EngineCatalog { tables, views, changelogs }, first, transactions }
    }

    fn load(&self, bench: &Bench, catalog: &EngineCatalog) -> Engine {
        let mut engine = bench.open(catalog);
        for (schema, rows) in &self.first.tables {
            for half in rows.chunks(3) {
                engine.load(schema, half).unwrap();
            }
        }
        engine.load_done(&SOURCE, &at(1)).unwrap();
        fill(&mut engine);
        engine
    }

    /// All views as the source would answer them.
    fn expected(&self, source: &Source) -> BTreeMap<String, Vec<Row>> {
        let mut database: Database = source.database();
        let mut expected = BTreeMap::new();
        for view in &self.catalog.views {
            let mut rows = oracle::rows(&view.plan, &database);
            rows.sort();
            expected.insert(view.name.to_string(), rows.clone());
            let types = view.columns.iter().map(|column| column.sql_type.clone()).collect();
            database.insert(RelationName::View(view.name.clone()), (types, rows));
        }
        expected
    }

    fn check(&self, bench: &Bench, engine: &Engine, (number, source): (usize, &Source)) {
        for (name, expected) in self.expected(source) {
            let plan = self.catalog.views.iter().find(|view| view.name == name).unwrap();
            let condition = engine.view_condition(&name);
            assert_eq!(condition, crate::engine::ViewCondition::Live, "seed {} view {name} {plan:#?}", self.seed);
            let found = bench.rows(&name);
            if found != expected {
                let text = |rows: &[Row]| rows.iter().map(show).collect::<Vec<_>>().join("\n  ");
                panic!(
                    "seed {} after transaction {number}: {name}\nfound:\n  {}\nexpected:\n  {}\nchanges: {:?}\nplan: {:#?}",
                    self.seed,
                    text(&found),
                    text(&expected),
                    number.checked_sub(1).map(|number| &self.transactions[number].0),
                    plan.plan,
                );
            }
        }
    }

    fn position(number: usize) -> u64 {
        number as u64 + 2
    }

    fn step(&self, engine: &mut Engine, numbers: std::ops::Range<usize>) {
        let transactions: Vec<_> =
            numbers.map(|number| transaction(Self::position(number), self.transactions[number].0.clone())).collect();
        let outcome = engine.step(&SOURCE, &transactions).unwrap();
        assert!(outcome.failed.is_empty(), "seed {}: {:?}", self.seed, outcome.failed);
    }
}

/// Replays a view's changelog over its rows at some step.
struct Follower {
    name: smol_str::SmolStr,
    rows: BTreeSet<Row>,
    step: u64,
}

impl Follower {
    fn follow(&mut self, bench: &Bench, seed: u64) {
        let chunks = bench.state.read(|reader| reader.changelog(&self.name, self.step, usize::MAX)).unwrap();
        for (checkpoint, changes) in chunks {
            let olds = changes.iter().filter_map(|change| change.old.as_ref());
            olds.for_each(|old| assert!(self.rows.remove(old), "seed {seed}: {} had no such row", self.name));
            let news = changes.iter().filter_map(|change| change.new.clone());
            news.for_each(|new| assert!(self.rows.insert(new), "seed {seed}: {} had the row", self.name));
            self.step = checkpoint.step;
        }
        assert_eq!(self.rows.iter().cloned().collect::<Vec<_>>(), bench.rows(&self.name), "seed {seed}: {}", self.name);
    }
}

#[test]
fn views_equal_their_plans_after_every_step() {
    for seed in 0..120 {
        let story = Story::new(seed);
        let bench = Bench::new();
        let mut engine = story.load(&bench, &story.catalog);
        story.check(&bench, &engine, (0, &story.first));
        let step = bench.state.checkpoint().unwrap().step;
        let follower = |view: &ViewPlan| Follower {
            name: view.name.clone(),
            rows: bench.rows(&view.name).into_iter().collect(),
            step,
        };
        let mut followers: Vec<Follower> = story.catalog.views.iter().map(follower).collect();
        for number in 0..story.transactions.len() {
            story.step(&mut engine, number..number + 1);
            story.check(&bench, &engine, (number + 1, &story.transactions[number].1));
            followers.iter_mut().for_each(|follower| follower.follow(&bench, seed));
        }
    }
}

#[test]
fn views_equal_their_plans_however_transactions_are_grouped() {
    for seed in 1_000..1_080 {
        let story = Story::new(seed);
        let bench = Bench::new();
        let mut engine = story.load(&bench, &story.catalog);
        let mut random = StdRng::seed_from_u64(seed);
        let mut number = 0;
        while number < story.transactions.len() {
            let end = (number + random.random_range(1..7)).min(story.transactions.len());
            story.step(&mut engine, number..end);
            story.check(&bench, &engine, (end, &story.transactions[end - 1].1));
            number = end;
        }
    }
}

#[test]
fn views_equal_their_plans_when_the_engine_is_opened_anew_before_every_step() {
    for seed in 2_000..2_060 {
        let story = Story::new(seed);
        let bench = Bench::new();
        drop(story.load(&bench, &story.catalog));
        for number in 0..story.transactions.len() {
            let mut engine = bench.open(&story.catalog);
            story.step(&mut engine, number..number + 1);
            story.check(&bench, &engine, (number + 1, &story.transactions[number].1));
        }
    }
}

#[test]
fn views_that_are_added_later_equal_their_plans() {
    for seed in 3_000..3_060 {
        let story = Story::new(seed);
        let bench = Bench::new();
        let half = story.transactions.len() / 2;
        let first = EngineCatalog { views: story.catalog.views[..1].to_vec(), ..story.catalog.clone() };
        let mut engine = story.load(&bench, &first);
        (0..half).for_each(|number| story.step(&mut engine, number..number + 1));
        let mut engine = bench.open(&story.catalog);
        fill(&mut engine);
        story.check(&bench, &engine, (half, &story.transactions[half - 1].1));
        for number in half..story.transactions.len() {
            story.step(&mut engine, number..number + 1);
            story.check(&bench, &engine, (number + 1, &story.transactions[number].1));
        }
    }
}

/// The recorded rows without a value of a view, with their counts.
fn errors(engine: &Engine, view: &ViewPlan) -> Vec<(Vec<u8>, Vec<u8>)> {
    let table = engine.assembly.views.iter().find(|known| known.schema.name == view.name).unwrap().errors.entries;
    let mut found = Vec::new();
    let tx = engine.state.begin();
    tx.scan(table, &[], Version::Old, &mut |key, count| {
        found.push((key.to_vec(), count.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

#[test]
fn rows_without_a_value_are_those_that_a_fresh_fill_finds() {
    let mut total = 0;
    for seed in 4_000..4_140 {
        let mut story = Story::new(seed);
        let bench = Bench::new();
        let mut engine = story.load(&bench, &story.catalog);
        for number in (0..story.transactions.len()).step_by(2) {
            story.step(&mut engine, number..(number + 2).min(story.transactions.len()));
        }
        let (_, last) = story.transactions.pop().unwrap();
        let fresh = Story { first: last, transactions: Vec::new(), ..story };
        let bench = Bench::new();
        let other = fresh.load(&bench, &fresh.catalog);
        for view in &fresh.catalog.views {
            let recorded = errors(&engine, view);
            total += recorded.len();
            assert_eq!(recorded, errors(&other, view), "seed {seed}: {} {:#?}", view.name, view.plan);
        }
    }
    assert!(total > 40, "only {total} rows without a value in all stories");
}
