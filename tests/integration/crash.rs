//! The promise under fire: a daemon that is killed again and again while two writers never pause.
//!
//! `TAILWATER_CRASH_KILLS` is how often it is killed, `TAILWATER_CRASH_SEED` makes another history;
//! `TAILWATER_CRASH_OUTAGES` is how often daemon, database and Redis die, alone or together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tailwater::cli::demo::Random;
use tailwater_connectors::Positions;

use super::support::agreement::from_json;
use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, WEALTH, accounts, configuration};
use super::support::rig::{PATIENCE, Rig, get, number};

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

/// Threads that look at the bank all the time, one way each.
struct Readers {
    stop: Arc<AtomicBool>,
    threads: Vec<(&'static str, JoinHandle<u64>)>,
}

/// What was seen: the position if it was told, and the sum.
type Seen = (Option<Positions>, i64);
/// One look; `None` when nobody answered.
type Look = Box<dyn FnMut() -> Option<Seen> + Send>;
/// What is asked on a kept connection; `None` when the answer is of no position.
type Question = fn(&mut redis::Connection) -> redis::RedisResult<Option<Seen>>;

impl Readers {
    fn start(rig: &Rig) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (http, resp) = (rig.http, rig.resp);
        let cache = SocketAddr::from(([127, 0, 0, 1], rig.redis.port()));
        let looks: [(&'static str, Look); 5] = [
            ("http rows", Box::new(move || http_rows(http))),
            ("http total", Box::new(move || http_total(http))),
            ("mget", Box::new(keeping_connection(resp, mget))),
            ("get", Box::new(keeping_connection(resp, get_total))),
            ("redis sink", Box::new(keeping_connection(cache, sink_rows))),
        ];
        let threads = looks.into_iter().map(|(name, look)| (name, watch(name, look, stop.clone()))).collect();
        Self { stop, threads }
    }

    /// Ends them; answers how many answers each saw. A broken promise panics here.
    fn stop(self) -> BTreeMap<&'static str, u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|(name, thread)| (name, thread.join().unwrap())).collect()
    }
}

fn watch(name: &'static str, mut look: Look, stop: Arc<AtomicBool>) -> JoinHandle<u64> {
    std::thread::spawn(move || {
        let (mut seen, mut newest) = (0, Positions::default());
        while !stop.load(Ordering::Relaxed) {
            if let Some((position, sum)) = look() {
                assert_eq!(sum, WEALTH, "{name} saw a broken sum at {position:?}");
                if let Some(position) = position {
                    assert!(position.covers(&newest), "{name}: {newest} was seen before {position}");
                    newest = position;
                }
                seen += 1;
            }
            // A breath, so that the readers do not take the machine from what they look at.
            std::thread::sleep(Duration::from_millis(15));
        }
        seen
    })
}

fn position(text: &str) -> Positions {
    Positions::parse(text, &["main".into()]).unwrap()
}

/// An amount of two decimals.
fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap()
}

fn sum<'a>(rows: impl Iterator<Item = &'a Json>) -> i64 {
    let amounts = rows.flat_map(|row| [&row["checking"], &row["savings"]]);
    amounts.map(|amount| cents(amount.as_str().unwrap())).sum()
}

fn http_rows(http: SocketAddr) -> Option<Seen> {
    let answer = get(http, "/v1/views/balance/rows").ok().filter(|answer| answer.code == 200)?;
    Some((answer.position.as_deref().map(position), sum(answer.lines().iter())))
}

fn http_total(http: SocketAddr) -> Option<Seen> {
    let answer = get(http, "/v1/views/total/rows").ok().filter(|answer| answer.code == 200)?;
    let lines = answer.lines();
    assert_eq!(lines.len(), 1);
    Some((answer.position.as_deref().map(position), cents(lines[0]["amount"].as_str().unwrap())))
}

/// Calls `ask` on one connection as long as it lasts.
fn keeping_connection(address: SocketAddr, ask: Question) -> impl FnMut() -> Option<Seen> + Send {
    let mut connection = None;
    move || {
        if connection.is_none() {
            let client = redis::Client::open(format!("redis://{address}")).unwrap();
            connection = client.get_connection_with_timeout(PATIENCE).ok();
        }
        let answer = ask(connection.as_mut()?);
        if answer.is_err() {
            connection = None;
        }
        answer.ok().flatten()
    }
}

fn mget(connection: &mut redis::Connection) -> redis::RedisResult<Option<Seen>> {
    let keys: Vec<String> = accounts().iter().map(|id| format!("balance:{id}")).collect();
    let rows: Vec<Option<String>> = redis::cmd("MGET").arg(keys).query(connection)?;
    let rows: Vec<Json> = rows.iter().flatten().map(|row| serde_json::from_str(row).unwrap()).collect();
    Ok(Some((None, sum(rows.iter()))))
}

fn get_total(connection: &mut redis::Connection) -> redis::RedisResult<Option<Seen>> {
    let (position_text, row): (String, Option<String>) =
        redis::pipe().atomic().cmd("TAILWATER").arg("POSITION").cmd("GET").arg("total:").query(connection)?;
    let row = from_json(&row.expect("the total is always there"));
    Ok(Some((Some(position(&position_text)), cents(&row["amount"]))))
}

/// The Redis that a sink writes: rows and cursor at one moment. While the sink is filled its rows are of no position.
fn sink_rows(connection: &mut redis::Connection) -> redis::RedisResult<Option<Seen>> {
    let keys: Vec<String> = accounts().iter().map(|id| format!("balance:{id}")).collect();
    let (cursor, rows): (Option<String>, Vec<Option<String>>) =
        redis::pipe().atomic().cmd("GET").arg("tailwater:balances:cursor").cmd("MGET").arg(keys).query(connection)?;
    let Some(cursor) = cursor else { return Ok(None) };
    let cursor: Json = serde_json::from_str(&cursor).unwrap();
    if cursor["replacing"] == true {
        return Ok(None);
    }
    let rows: Vec<Json> = rows.iter().flatten().map(|row| serde_json::from_str(row).unwrap()).collect();
    Ok(Some((Some(position(cursor["positions"]["main"].as_str().unwrap())), sum(rows.iter()))))
}
