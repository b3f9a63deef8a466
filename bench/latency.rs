//! Commit to visible in Redis, at a fixed rate of changes (open loop).
//!
//! Transactions of ten rows are committed at fixed moments, one of the ten being a probe row that carries the
//! transaction's number. A second thread reads the probe's key in Redis as fast as it answers and notes when it first sees each number
//! (or a later one). Latency is from the commit's answer to that moment; a late commit does not move the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tokio::runtime::Runtime;

use crate::{Outcome, load};

const TRANSACTION_ROWS: u64 = 10;
const PROBE: u64 = 1;
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two reads of the probe: the precision of the figure, and what keeps the reader from taking a core.
const READ_PAUSE: Duration = Duration::from_micros(100);

/// Percentiles, milliseconds.
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) worst: f64,
    /// Changes per second that were really made.
    pub(crate) rate: f64,
}

/// Measures for `seconds` at `rate` changes per second.
pub(crate) fn measure(
    runtime: &Runtime,
    (database, redis): (&PrivatePostgres, &PrivateRedis),
    rate: u64,
    seconds: u64,
) -> Outcome<Latency> {
    let (seen, sightings) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let watcher = watch(redis, seen, stop.clone())?;
    let client = load::connect(runtime, database)?;
    let transactions = rate * seconds / TRANSACTION_ROWS;
    let pause = Duration::from_secs_f64(TRANSACTION_ROWS as f64 / rate as f64);
    let committed = runtime.block_on(async {
        let statement = client
            .prepare(
                "update orders set amount = case when id = $1 then $2 else amount + 1 end, updated = updated + interval '1 second' \
                 where id = $1 or id between $3 and $3 + 8",
            )
            .await?;
        let mut committed = Vec::new();
        let started = tokio::time::Instant::now();
        for number in 1..=transactions {
            tokio::time::sleep_until(started + pause * number as u32).await;
            let first = 10 + (number * 37 % 10_000) as i32;
            let mark = format!("{number}.00");
            client.execute(&statement, &[&(PROBE as i32), &Decimal(&mark), &first]).await?;
            committed.push(Instant::now());
        }
        Ok::<_, tokio_postgres::Error>(committed)
    })?;
    let elapsed = seconds as f64;
    let latencies = match_up(&committed, &sightings)?;
    stop.store(true, Ordering::Relaxed);
    watcher.join().map_err(|_| "the watcher panicked")?;
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    let made = (transactions * TRANSACTION_ROWS) as f64 / elapsed;
    Ok(Latency { p50: at(0.5), p99: at(0.99), worst: at(1.0), rate: made })
}

/// Milliseconds per transaction, sorted.
fn match_up(committed: &[Instant], sightings: &mpsc::Receiver<(u64, Instant)>) -> Outcome<Vec<f64>> {
    let mut latencies: Vec<f64> = Vec::new();
    while latencies.len() < committed.len() {
        let (number, at) =
            sightings.recv_timeout(PATIENCE).map_err(|_| "the last change was not seen in Redis in time")?;
        while (latencies.len() as u64) < number.min(committed.len() as u64) {
            let commit = committed[latencies.len()];
            latencies.push(at.saturating_duration_since(commit).as_secs_f64() * 1e3);
        }
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

fn watch(
    redis: &PrivateRedis,
    seen: mpsc::Sender<(u64, Instant)>,
    stop: Arc<AtomicBool>,
) -> Outcome<std::thread::JoinHandle<()>> {
    let mut connection = redis::Client::open(redis.url())?.get_connection()?;
    let key = format!("bench:{PROBE}");
    let mut read = move || -> Option<u64> {
        let text: String = redis::cmd("GET").arg(&key).query(&mut connection).ok()?;
        let row: serde_json::Value = serde_json::from_str(&text).ok()?;
        let amount = row["amount"].as_str().map(str::to_owned).unwrap_or_else(|| row["amount"].to_string());
        amount.split('.').next()?.parse().ok()
    };
    // What stands there from before is not a sighting: numbers start at 1 again.
    let mut last = read().unwrap_or(0);
    Ok(std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            if let Some(number) = read().filter(|number| *number != last) {
                last = number;
                if seen.send((number, Instant::now())).is_err() {
                    return;
                }
            }
            std::thread::sleep(READ_PAUSE);
        }
    }))
}

/// A numeric parameter as text.
#[derive(Debug)]
struct Decimal<'a>(&'a str);

impl tokio_postgres::types::ToSql for Decimal<'_> {
    fn to_sql(
        &self,
        _: &tokio_postgres::types::Type,
        out: &mut bytes::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // Whole numbers below 10,000 squared, base 10,000: ndigits, weight, sign, scale, digits.
        let whole: u32 = self.0.split('.').next().unwrap_or("0").parse()?;
        let (high, low) = (whole / 10_000, whole % 10_000);
        let digits: &[u32] = if high > 0 { &[high, low] } else { &[low] };
        let header = [digits.len() as u16, digits.len() as u16 - 1, 0, 2];
        header.into_iter().chain(digits.iter().map(|digit| *digit as u16)).for_each(|word| {
            out.extend_from_slice(&word.to_be_bytes());
        });
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(ty: &tokio_postgres::types::Type) -> bool {
        *ty == tokio_postgres::types::Type::NUMERIC
    }

    tokio_postgres::types::to_sql_checked!();
}
