//! Readers of the bank that look all the time: by HTTP, by the Redis protocol, and into the Redis that a sink writes.
//!
//! None may ever see a broken sum, nor a position before one it has seen.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value as Json;
use tailwater_connectors::Positions;

use super::agreement::from_json;
use super::bank::{WEALTH, accounts};
use super::rig::{PATIENCE, Rig, get};

/// Threads that look at the bank all the time, one way each.
pub(crate) struct Readers {
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
    pub(crate) fn start(rig: &Rig) -> Self {
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
    pub(crate) fn stop(self) -> BTreeMap<&'static str, u64> {
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
