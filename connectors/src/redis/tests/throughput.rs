//! How fast rows go into Redis, beside what the server takes from its own benchmark. Run with
//! `cargo test --workspace --lib redis_takes_rows -- --ignored --nocapture`.

use std::io::Write;
use std::process::Command;
use std::time::Instant;

use super::server::{HOUR, Pages, Server, batch, cursor, put, view};
use crate::Sink;
use crate::redis::RedisSink;
use crate::redis::config::RedisFormat::{Hash, Json};
use crate::redis::config::RedisSinkConfig;

const ROWS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn redis_takes_rows() {
    let server = Server::start_with(&["--appendonly", "no"]);
    let mut report = std::io::stderr();
    let peer = Command::new("redis-benchmark")
        .args([
            "-p",
            &server.port().to_string(),
            "-P",
            "100",
            "-t",
            "set",
            "-n",
            "2000000",
            "-r",
            "1000000",
            "-d",
            "60",
        ])
        .args(["--csv"])
        .output()
        .unwrap();
    write!(report, "{}", String::from_utf8_lossy(&peer.stdout)).unwrap();
    for (name, format, ttl) in [
        ("json", Json, None),
        ("json with ttl", Json, Some(HOUR)),
        ("hash", Hash, None),
        ("hash with ttl", Hash, Some(HOUR)),
    ] {
        for batch_rows in [100, 1_000, 10_000] {
            server.run::<()>("FLUSHALL").await;
            let mut sink = RedisSink::new(RedisSinkConfig { ttl, ..server.config(format) }, &view()).unwrap();
            sink.open(&view()).await.unwrap();
            sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
            let batches: Vec<_> = (0..ROWS / batch_rows)
                .map(|nth| {
                    let first = (nth * batch_rows) as i64;
                    let changes = (first..first + batch_rows as i64).map(|id| put(id, "a customer's name")).collect();
                    batch(nth as u64 + 2, changes)
                })
                .collect();
            let start = Instant::now();
            for batch in &batches {
                sink.write(batch).await.unwrap();
            }
            let rate = ROWS as f64 / start.elapsed().as_secs_f64();
            writeln!(report, "{name}, batches of {batch_rows}: {rate:.0} rows/s").unwrap();
        }
    }
}
