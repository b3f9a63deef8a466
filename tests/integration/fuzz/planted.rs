//! The tester tested: faults are planted in what a view sees, in the engine and in plans, and it must notice them.
//!
//! A fault of the engine or the planner is in every view, so it is planted in all that have a place for it. Not every fault shows in
//! every case (a null forgotten, where there is none), but each must show in some.

use std::collections::BTreeMap;

use tailwater::engine::{PlantedFault, ViewPlan, plant};

use super::case::Case;
use super::mutants::{PLAN_FAULTS, PlanFault, spoil};
use super::run::Tester;
use crate::support::faults::{FAULTS, spoiled};
use crate::support::modes;
use crate::support::recording::Recording;

/// Cases in which faults are planted.
const SEEDS: std::ops::Range<u64> = 0..8;
/// Further cases for faults in plans that had a place in those and have not been found.
const MORE_SEEDS: std::ops::Range<u64> = 8..40;
/// Single faults of one name that are planted in one case.
const PER_CASE: usize = 6;
/// Share of the single faults that must be noticed: a lost row may be none that a view reads.
const SINGLE_FOUND_MIN: f64 = 0.4;
/// A fault that lies everywhere must show in one of the cases at least, if so many have a place for it.
const CASES_MIN: usize = 3;

/// How often a fault was planted and found.
type Found = BTreeMap<String, (usize, usize)>;

fn note(found: &mut Found, name: &str, noticed: bool) {
    let (planted, noticed_before) = found.entry(name.to_owned()).or_default();
    *planted += 1;
    *noticed_before += usize::from(noticed);
}

fn notices(recording: &Recording, views: &[ViewPlan]) -> bool {
    let replayed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| modes::straight(recording, views)));
    !matches!(replayed, Ok(Ok(())))
}

fn notices_with(recording: &Recording, fault: PlantedFault) -> bool {
    plant(Some(fault));
    let noticed = notices(recording, &recording.views);
    plant(None);
    noticed
}

/// Cases without a fault of their own.
fn recordings() -> Vec<Recording> {
    let tester = Tester::start();
    SEEDS.filter_map(|seed| recording(&tester, seed)).collect()
}

fn recording(tester: &Tester, seed: u64) -> Option<Recording> {
    let (recording, _) = tester.record(&Case::drawn(seed)).ok()?;
    (!recording.views.is_empty() && !notices(&recording, &recording.views)).then_some(recording)
}

fn lines(found: &Found) -> String {
    found.iter().map(|(name, (planted, noticed))| format!("{noticed:>4} of {planted:>4}: {name}\n")).collect()
}

/// Faults of one place each: so many are found.
fn assert_most_found(found: &Found) {
    let (planted, noticed) = found.values().fold((0, 0), |sum, fault| (sum.0 + fault.0, sum.1 + fault.1));
    assert!(planted > 0 && noticed as f64 >= SINGLE_FOUND_MIN * planted as f64, "found:\n{}", lines(found));
    let never: Vec<_> = found.iter().filter(|(_, (planted, noticed))| *planted >= 4 && *noticed == 0).collect();
    assert!(never.is_empty(), "never found: {never:?}\n{}", lines(found));
}

/// Faults that lie everywhere: each is found.
fn assert_each_found(found: &Found) {
    let missed: Vec<_> =
        found.iter().filter(|(_, (planted, noticed))| *planted >= CASES_MIN && *noticed == 0).collect();
    assert!(!found.is_empty() && missed.is_empty(), "missed: {missed:?}\n{}", lines(found));
}

#[test]
fn faults_in_what_a_view_sees_are_found() {
    let mut found = Found::new();
    for recording in recordings() {
        for (name, fault) in FAULTS {
            let copies = spoiled(&recording, fault);
            let apart = copies.len().div_ceil(PER_CASE).max(1);
            for copy in copies.iter().step_by(apart) {
                note(&mut found, name, notices(copy, &copy.views));
            }
        }
    }
    eprintln!("{}", lines(&found));
    assert_most_found(&found);
}

#[test]
fn faults_in_the_engine_are_found() {
    let mut found = Found::new();
    for recording in recordings() {
        for (name, fault) in [
            ("a lost retraction", PlantedFault::LostRetraction as fn(usize) -> PlantedFault),
            ("a row that comes twice", PlantedFault::RowTwice),
        ] {
            let all = count(&recording, fault);
            let mut places = (0..all).step_by(all.div_ceil(PER_CASE).max(1));
            note(&mut found, name, places.any(|place| notices_with(&recording, fault(place))));
        }
        for fault in [PlantedFault::SwappedVersions, PlantedFault::KeptUnmatched, PlantedFault::JoinedNulls] {
            note(&mut found, &format!("{fault:?}"), notices_with(&recording, fault));
        }
    }
    eprintln!("{}", lines(&found));
    assert_each_found(&found);
}

/// How many places a recording has for a fault that is planted in one of them.
fn count(recording: &Recording, fault: fn(usize) -> PlantedFault) -> usize {
    plant(Some(fault(usize::MAX)));
    assert!(!notices(recording, &recording.views), "{}: a fault showed that was not planted", recording.name);
    match plant(None) {
        Some(PlantedFault::LostRetraction(rest) | PlantedFault::RowTwice(rest)) => usize::MAX - rest,
        other => panic!("{other:?} was planted"),
    }
}

/// Whether a fault shows in a recording; nothing where no plan has a place for it.
fn shows_in_plans(recording: &Recording, fault: PlanFault) -> Option<bool> {
    let mut views = recording.views.clone();
    let spoiled: Vec<_> =
        views.iter_mut().filter_map(|view| spoil(&mut view.plan, fault).then(|| view.name.clone())).collect();
    (!spoiled.is_empty()).then(|| notices(recording, &modes::with_those_they_read(&views, &spoiled)))
}

#[test]
fn faults_in_plans_are_found() {
    let tester = Tester::start();
    let mut found = Found::new();
    for seed in SEEDS.start..MORE_SEEDS.end {
        let missing = |name: &str| found.get(name).is_some_and(|(_, noticed)| *noticed == 0);
        let wanted: Vec<_> =
            PLAN_FAULTS.into_iter().filter(|(name, _)| SEEDS.contains(&seed) || missing(name)).collect();
        if wanted.is_empty() {
            break;
        }
        let Some(recording) = recording(&tester, seed) else { continue };
        for (name, fault) in wanted {
            if let Some(noticed) = shows_in_plans(&recording, fault) {
                note(&mut found, name, noticed);
            }
        }
    }
    eprintln!("{}", lines(&found));
    assert_each_found(&found);
}
