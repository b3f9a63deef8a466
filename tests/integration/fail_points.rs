//! The promise at every point of a transaction's way: the daemon dies there, several times, under traffic, and ends equal.
//!
//! `TAILWATER_FAIL_ROUNDS` is how often it dies at each point, `TAILWATER_FAIL_SEED` makes another history.

use std::os::unix::process::ExitStatusExt;

use tailwater::cli::demo::Random;
use tailwater::fail_point::{FailPoint, VARIABLE};

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, SINKS, configuration};
use super::support::rig::{PATIENCE, Rig, number, post};

/// Deaths at each point.
const ROUNDS: u64 = 2;
/// SIGABRT.
const ABORTED: i32 = 6;

#[test]
fn dying_at_any_point_of_the_way_the_daemon_ends_equal_to_postgres() {
    let (rounds, seed) = (number("TAILWATER_FAIL_ROUNDS", ROUNDS), number("TAILWATER_FAIL_SEED", 5));
    let mut random = Random::new(seed);
    let mut rig = Rig::new(SCHEMA, &configuration());
    for (place, (point, name)) in FailPoint::ALL.into_iter().enumerate() {
        let load = Load::start(&rig.postgres.url("postgres"), seed * 100 + place as u64);
        for round in 0..rounds {
            prepare(&rig, point, round);
            die(&mut rig, (point, name), 1 + random.below(passes(point)), round);
        }
        rig.daemon.set_environment(Vec::new());
        rig.start();
        load.stop();
        compare(&rig);
        assert!(rig.daemon.stop().unwrap().success(), "after {name}\n{}", rig.log());
    }
}

/// How often a point is passed for sure: few batches and pages, many steps.
fn passes(point: FailPoint) -> u64 {
    match point {
        FailPoint::CopyBegun | FailPoint::Branched | FailPoint::BeforeCurrent | FailPoint::AfterCurrent => 1,
        FailPoint::RunWritten | FailPoint::RunIngested => 1,
        FailPoint::InFill | FailPoint::CopyMarked | FailPoint::CopyEnded => 2,
        FailPoint::InCopy | FailPoint::InRefill => 3,
        FailPoint::AfterFlush => 4,
        _ => 8,
    }
}

/// Brings about what the point is passed for, where traffic alone does not.
fn prepare(rig: &Rig, point: FailPoint, round: u64) {
    match point {
        FailPoint::CopyBegun | FailPoint::InCopy | FailPoint::CopyMarked | FailPoint::CopyEnded => rig.forget_state(),
        FailPoint::InFill => {
            let more = format!("[view.more]\nsql = \"select id, quantity + {round} as n from orders\"\n");
            rig.configure(&format!("{}\n{more}", configuration()));
        }
        FailPoint::RunWritten | FailPoint::RunIngested => {
            // Large enough for a file, and another view each time.
            let width = 200 + round + if point == FailPoint::RunWritten { 0 } else { 100 };
            let more = format!("[view.more]\nsql = \"select id, repeat('x', {width}) as pad from orders\"\n");
            rig.configure(&format!("{}\n{more}", configuration()));
        }
        FailPoint::InRefill => {
            for (sink, ..) in SINKS {
                redis::cmd("DEL").arg(format!("tailwater:{sink}:cursor")).exec(&mut rig.cache()).unwrap();
            }
        }
        _ => {}
    }
}

/// Starts the daemon and sees it die at the `pass`-th pass of the point.
fn die(rig: &mut Rig, (point, name): (FailPoint, &str), pass: u64, round: u64) {
    rig.daemon.set_environment(vec![(VARIABLE.into(), format!("{name}:{pass}"))]);
    rig.daemon.start().unwrap();
    if matches!(point, FailPoint::Branched | FailPoint::BeforeCurrent | FailPoint::AfterCurrent) {
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        let more = format!("[view.more]\nsql = \"select id, quantity + {round} as n from orders\"\n");
        rig.configure(&format!("{}\n{more}", configuration()));
        // It may die before it answers.
        let _ = post(rig.http, "/v1/apply");
    }
    let ended = rig.daemon.wait_until_ended(PATIENCE).unwrap();
    let status = ended.unwrap_or_else(|| panic!("{name} was not passed {pass} times\n{}", rig.log()));
    assert_eq!(status.signal(), Some(ABORTED), "{name}: {status}\n{}", rig.log());
}

#[test]
fn a_fail_point_that_does_not_exist_is_no_silent_success() {
    let mut rig = Rig::new("create table t (id int primary key)", "[view.v]\nsql = \"select id from t\"\n");
    rig.daemon.set_environment(vec![(VARIABLE.into(), "nowhere:1".into())]);
    rig.daemon.start().unwrap();
    let ended = rig.daemon.wait_until_ended(PATIENCE).unwrap();
    assert!(ended.is_some_and(|status| !status.success()), "{}", rig.log());
    assert!(rig.log().contains("is not POINT:N"), "{}", rig.log());
}
