//! The promise under fire: a daemon that is killed again and again while two writers never pause.
//!
//! `TAILWATER_CRASH_KILLS` is how often it is killed, `TAILWATER_CRASH_SEED` makes another history;
//! `TAILWATER_CRASH_OUTAGES` is how often daemon, database and Redis die, alone or together.

use std::time::{Duration, Instant};

use tailwater::cli::demo::Random;

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::readers::Readers;
use super::support::rig::{PATIENCE, Rig, number};

const KILLS: u64 = 50;
/// Kills that come during the first copy.
const KILLS_OF_COPY: u64 = 6;
/// Outages of daemon, database and Redis, alone and together.
const OUTAGES: u64 = 15;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 3_000;

#[test]
fn killed_at_random_moments_the_daemon_never_shows_a_broken_sum_and_ends_equal_to_postgres() {
    let kills = number("TAILWATER_CRASH_KILLS", KILLS);
    let seed = number("TAILWATER_CRASH_SEED", 7);
    let mut rig = Rig::new(SCHEMA, &configuration());
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let readers = Readers::start(&rig);
    let mut random = Random::new(seed);
    let started = Instant::now();
    for kill in 0..kills {
        if kill == KILLS_OF_COPY {
            // From here on there is something to lose.
            rig.start();
        } else {
            rig.daemon.start().unwrap();
        }
        let life = if kill < KILLS_OF_COPY || random.below(4) == 0 { LIFE_MAX / 5 } else { LIFE_MAX };
        // The random moment; nothing is waited for.
        std::thread::sleep(Duration::from_millis(random.below(life)));
        rig.daemon.kill().unwrap();
    }
    rig.start();
    let committed = load.stop();
    let seen = readers.stop();
    eprintln!("{kills} kills in {:.0?}, {committed} transactions, answers seen: {seen:?}", started.elapsed());
    assert!(seen.values().all(|answers| *answers > 0), "a reader never saw an answer: {seen:?}");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn whichever_server_dies_the_readers_see_whole_transactions_and_all_ends_equal() {
    let crashes = number("TAILWATER_CRASH_OUTAGES", OUTAGES);
    let seed = number("TAILWATER_CRASH_SEED", 11);
    let mut rig = Rig::new(SCHEMA, &configuration());
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let readers = Readers::start(&rig);
    let mut random = Random::new(seed);
    rig.start();
    for _ in 0..crashes {
        // The random moment; nothing is waited for.
        std::thread::sleep(Duration::from_millis(random.below(LIFE_MAX / 2)));
        let what = 1 + random.below(7);
        if what & 1 != 0 {
            rig.daemon.kill().unwrap();
        }
        if what & 2 != 0 {
            rig.postgres.stop(random.below(2) == 0);
        }
        if what & 4 != 0 {
            rig.redis.kill();
        }
        std::thread::sleep(Duration::from_millis(random.below(LIFE_MAX / 4)));
        if what & 1 != 0 {
            rig.daemon.start().unwrap();
        }
        if what & 4 != 0 {
            rig.redis.launch().unwrap();
        }
        if what & 2 != 0 {
            rig.postgres.launch().unwrap();
        }
    }
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    rig.daemon.wait_until_delivering(PATIENCE).unwrap();
    let committed = load.stop();
    let seen = readers.stop();
    eprintln!("{crashes} outages, {committed} transactions, answers seen: {seen:?}");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}
