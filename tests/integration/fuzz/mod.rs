//! The differential tester: drawn tables, views and transactions; Postgres is the oracle, and every mode of replay must agree.
//!
//! ```text
//! kinds        types and values
//! tables       tables and their first rows
//! changes      transactions
//! part         SQL that knows what may stand in its place
//! expressions  scalars, conditions, subqueries, documents
//! aggregates   aggregates
//! relations    FROM: joins, derived tables, functions, recursions
//! queries      SELECT of all shapes
//! views        views with a key
//! case         all of it, from a seed
//! run          a case on Postgres and through the engine
//! shrink       a failing case made small
//! mutants      plans with one fault, to see that the tester finds them
//! ```
//!
//! Views that Postgres rejects are discarded; those that the planner refuses are counted, and their share is bounded.
//! `TAILWATER_FUZZ_SEED` and `TAILWATER_FUZZ_MINUTES` run others (`script/fuzz-views`). A failure is written as
//! `tests/views/found_<seed>.test`, where the golden tests take it up.

mod aggregates;
mod case;
mod changes;
mod expressions;
mod kinds;
mod mutants;
mod part;
mod planted;
mod queries;
mod relations;
mod run;
mod shrink;
mod tables;
mod views;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use case::Case;
use run::{Outcome, Tester};

/// Cases that are worked on at once.
const THREADS: usize = 2;
/// Cases of `cargo test`.
const CASES: u64 = 60;
/// Share of the views that Postgres accepts and the planner refuses, at most.
const REFUSED_MAX: f64 = 0.25;
/// Share of the drawn views that Postgres rejects, at most: else the drawing tests little.
const REJECTED_MAX: f64 = 0.2;
/// Trials of making a failing case smaller.
const TRIALS_MAX: usize = 150;
/// Failures after which no more are looked for.
const FAILURES_MAX: usize = 8;

/// What many cases came to.
#[derive(Default)]
struct Tally {
    cases: u64,
    kept: usize,
    rejected: usize,
    refused: usize,
    /// Refusals and rejections by their reason.
    reasons: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    fn take(&mut self, outcome: &Outcome) {
        self.cases += 1;
        self.kept += outcome.kept;
        self.rejected += outcome.left_out.rejected.len();
        self.refused += outcome.left_out.refused.len();
        for (_, reason) in outcome.left_out.refused.iter() {
            *self.reasons.entry(format!("refused: {}", without_place(reason))).or_default() += 1;
        }
        for (_, reason) in &outcome.left_out.rejected {
            *self.reasons.entry(format!("rejected: {}", without_place(reason))).or_default() += 1;
        }
    }

    fn refused_share(&self) -> f64 {
        self.refused as f64 / (self.kept + self.refused).max(1) as f64
    }

    fn rejected_share(&self) -> f64 {
        self.rejected as f64 / (self.kept + self.refused + self.rejected).max(1) as f64
    }

    fn line(&self) -> String {
        format!(
            "{} cases, {} views kept, {} refused ({:.1} %), {} rejected by Postgres ({:.1} %), {} failures",
            self.cases,
            self.kept,
            self.refused,
            self.refused_share() * 100.0,
            self.rejected,
            self.rejected_share() * 100.0,
            self.failures.len()
        )
    }

    fn reasons(&self) -> String {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        reasons.iter().take(40).map(|(reason, count)| format!("{count:>6} {reason}\n")).collect()
    }
}

/// The reason without what differs from view to view.
fn without_place(reason: &str) -> String {
    let reason = reason.lines().next().unwrap_or_default().split(" (hint").next().unwrap_or_default();
    let reason =
        reason.strip_prefix("select * from ").map_or(reason, |rest| rest.split_once(": ").map_or(rest, |(_, r)| r));
    let plain = reason.chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter });
    plain.collect::<String>()
}

/// Runs cases from `seed` on until `goes_on` says no; a failing one is made smaller and written down.
fn run_cases(seed: u64, goes_on: impl Fn(u64, &Tally) -> bool + Sync) -> Tally {
    let tester = Tester::start();
    let next = AtomicU64::new(seed);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !goes_on(seed, &tally.lock().unwrap()) {
                        break;
                    }
                    let case = Case::drawn(seed);
                    let outcome = tester.run(&case);
                    let failure = outcome.failure.clone().map(|failure| written_down(&tester, &case, failure));
                    let mut tally = tally.lock().unwrap();
                    tally.take(&outcome);
                    tally.failures.extend(failure);
                    if tally.cases % 20 == 0 {
                        eprintln!("seed {seed}: {}", tally.line());
                    }
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

fn written_down(tester: &Tester, case: &Case, failure: String) -> String {
    eprintln!("{}: {failure}\n… making it smaller", case.name);
    let (small, failure) = shrink::shrunk(tester, case, (failure, TRIALS_MAX));
    let about = failure.lines().next().unwrap_or_default().to_owned();
    let text = small.file().text(&format!("Found by the differential tester: {about}"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/views/{}.test", case.name));
    std::fs::write(&path, &text).unwrap();
    format!("{}: {failure}\n{text}", case.name)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn drawn_views_equal_what_postgres_answers() {
    let seed = number("TAILWATER_FUZZ_SEED").unwrap_or(0);
    let tally = run_cases(seed, |next, tally| next < seed + CASES && tally.failures.len() < FAILURES_MAX);
    eprintln!("{}\n{}", tally.line(), tally.reasons());
    assert!(tally.failures.is_empty(), "{}\n{}", tally.line(), tally.failures.join("\n"));
    assert!(tally.refused_share() <= REFUSED_MAX, "{}\n{}", tally.line(), tally.reasons());
    assert!(tally.rejected_share() <= REJECTED_MAX, "{}\n{}", tally.line(), tally.reasons());
}

#[test]
#[ignore = "runs as long as it is told to: script/fuzz-views"]
fn drawn_views_equal_what_postgres_answers_for_minutes() {
    let seed = number("TAILWATER_FUZZ_SEED").unwrap_or(1_000_000);
    let end = Instant::now() + Duration::from_secs(60 * number("TAILWATER_FUZZ_MINUTES").unwrap_or(10));
    let tally = run_cases(seed, |_, tally| Instant::now() < end && tally.failures.len() < FAILURES_MAX);
    eprintln!("{}\n{}", tally.line(), tally.reasons());
    assert!(tally.failures.is_empty(), "{}\n{}", tally.line(), tally.failures.join("\n"));
}
