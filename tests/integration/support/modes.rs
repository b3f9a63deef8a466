//! The ways in which a recording is replayed; after each of them every view must hold what Postgres answered.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use smol_str::SmolStr;
use tailwater::engine::{RelationName, ViewPlan};
use tailwater_connectors::Transaction;

use super::recording::Recording;
use super::replay::Replay;

/// Groupings that are tried.
const SEEDS: u64 = 3;

/// Replays in all modes; answers with what differed, by mode.
pub(crate) fn differences(recording: &Recording) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |mode: &str, result: Result<(), String>| {
        if let Err(error) = result {
            found.push(format!("{} ({mode}): {error}", recording.name));
        }
    };
    note("straight", straight(recording, &recording.views));
    note("restarted", restarted(recording));
    for seed in 0..SEEDS {
        note(&format!("regrouped, seed {seed}"), regrouped(recording, seed));
    }
    note("in one step", cut_at(recording, &BTreeSet::new()));
    let last = recording.boundaries.len() - 1;
    note("late", late(recording, last));
    note("late, half way", late(recording, last / 2));
    if recording.views.len() > 1 {
        for view in &recording.views {
            let alone = with_those_they_read(&recording.views, std::slice::from_ref(&view.name));
            if alone.len() < recording.views.len() {
                note(&format!("{} alone", view.name), straight(recording, &alone));
            }
        }
    }
    found
}

/// A mode's name, and the run that compares.
type Mode<'r> = (&'r str, &'r dyn Fn() -> Result<(), String>);

/// The most telling modes, until one differs. A panic is a difference.
pub(crate) fn first_difference(recording: &Recording) -> Option<String> {
    let half = recording.boundaries.len() / 2;
    let modes: [Mode<'_>; 5] = [
        ("straight", &|| straight(recording, &recording.views)),
        ("in one step", &|| cut_at(recording, &BTreeSet::new())),
        ("restarted", &|| restarted(recording)),
        ("late, half way", &|| late(recording, half)),
        ("regrouped", &|| regrouped(recording, 0)),
    ];
    modes.iter().find_map(|(name, mode)| {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(mode));
        let outcome = outcome.unwrap_or_else(|panic| Err(format!("a panic: {}", said_by(&*panic))));
        outcome.err().map(|error| format!("({name}): {error}"))
    })
}

/// The modes that large tables allow; each is tried.
pub(crate) fn of_large(recording: &Recording) -> Vec<String> {
    let half = recording.boundaries.len() / 2;
    let modes = [
        ("straight", straight(recording, &recording.views)),
        ("late, half way", late(recording, half)),
        ("regrouped", regrouped(recording, 0)),
    ];
    modes.into_iter().filter_map(|(name, outcome)| outcome.err().map(|error| format!("({name}): {error}"))).collect()
}

/// What a panic said.
pub(crate) fn said_by(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// One step per transaction.
pub(crate) fn straight(recording: &Recording, views: &[ViewPlan]) -> Result<(), String> {
    let mut replay = Replay::start(recording, views)?;
    replay.compare(0)?;
    for (number, boundary) in recording.boundaries.iter().enumerate() {
        for transaction in &boundary.transactions {
            replay.step(std::slice::from_ref(transaction)).map_err(|error| at(number, error))?;
        }
        replay.compare(number)?;
    }
    Ok(())
}

/// Engine and state closed and opened after every transaction; the views must stand complete.
fn restarted(recording: &Recording) -> Result<(), String> {
    let mut replay = Replay::start(recording, &recording.views)?;
    for (number, boundary) in recording.boundaries.iter().enumerate() {
        for transaction in &boundary.transactions {
            replay.step(std::slice::from_ref(transaction)).map_err(|error| at(number, error))?;
        }
        replay.reopen(&recording.views)?;
        replay.compare(number)?;
    }
    Ok(())
}

fn regrouped(recording: &Recording, seed: u64) -> Result<(), String> {
    let mut random = StdRng::seed_from_u64(seed);
    let count: usize = recording.boundaries.iter().map(|boundary| boundary.transactions.len()).sum();
    let cuts = (1..count).filter(|_| random.random_bool(0.4)).collect();
    cut_at(recording, &cuts)
}

/// Steps of the transactions between cuts; compared where a step ends at a boundary.
fn cut_at(recording: &Recording, cuts: &BTreeSet<usize>) -> Result<(), String> {
    let all: Vec<Transaction> =
        recording.boundaries.iter().flat_map(|boundary| boundary.transactions.iter().cloned()).collect();
    let mut replay = Replay::start(recording, &recording.views)?;
    let mut start = 0;
    for end in cuts.iter().copied().chain([all.len()]) {
        replay.step(&all[start..end]).map_err(|error| format!("step {start}..{end}: {error}"))?;
        start = end;
        let mut applied = 0;
        for (number, boundary) in recording.boundaries.iter().enumerate() {
            applied += boundary.transactions.len();
            if applied == end {
                replay.compare(number).map_err(|error| format!("cuts {cuts:?}: {error}"))?;
            }
        }
    }
    Ok(())
}

/// The views come when `boundary` has been reached, and follow from there.
fn late(recording: &Recording, boundary: usize) -> Result<(), String> {
    let mut replay = Replay::start(recording, &[])?;
    for (number, current) in recording.boundaries.iter().enumerate() {
        for transaction in &current.transactions {
            replay.step(std::slice::from_ref(transaction)).map_err(|error| at(number, error))?;
        }
        if number == boundary {
            replay.reopen(&recording.views)?;
            replay.fill()?;
        }
        if number >= boundary {
            replay.compare(number)?;
        }
    }
    Ok(())
}

/// A view and those that it reads.
pub(crate) fn with_those_they_read(views: &[ViewPlan], names: &[SmolStr]) -> Vec<ViewPlan> {
    let mut wanted: BTreeSet<SmolStr> = names.iter().cloned().collect();
    for view in views.iter().rev() {
        if wanted.contains(&view.name) {
            let mut read = Vec::new();
            view.plan.relations(&mut read);
            wanted.extend(read.into_iter().filter_map(|relation| match relation {
                RelationName::View(name) => Some(name),
                RelationName::Table(_) => None,
            }));
        }
    }
    views.iter().filter(|view| wanted.contains(&view.name)).cloned().collect()
}

fn at(number: usize, error: String) -> String {
    format!("in transaction {number}: {error}")
}
