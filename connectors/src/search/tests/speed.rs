//! What commits and fills cost. Run with `cargo test --workspace --lib an_index_takes_rows -- --ignored --nocapture`.

use std::io::Write;
use std::time::Instant;

use tempfile::TempDir;

use super::fixture::{Pages, batch, config, cursor, put, row, view};
use crate::Sink;
use crate::search::SearchSink;
use crate::search::config::SearchSinkConfig;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn an_index_takes_rows() {
    let mut report = std::io::stderr();
    let directory = TempDir::new().unwrap();
    let config = SearchSinkConfig { memory_bytes: 64 << 20, ..config() };
    let (mut sink, index) = SearchSink::new(config, directory.path().into());
    sink.open(&view()).await.unwrap();
    let title = |id: i64| format!("product number {id} with a title of usual length, in colour {}", id % 97);
    let pages =
        (0..200).map(|page| (page * 1_000..(page + 1) * 1_000).map(|id| row(id, &title(id))).collect()).collect();
    let start = Instant::now();
    sink.replace(&mut Pages(pages, false), &cursor("g", 1)).await.unwrap();
    writeln!(report, "fill: {:.0} rows/s", 200_000.0 / start.elapsed().as_secs_f64()).unwrap();
    let mut step = 1;
    for rows in [0, 1, 100, 1_000, 10_000] {
        let mut took = Vec::new();
        for _ in 0..30 {
            step += 1;
            let changes = (0..rows).map(|nth| put((step as i64 * 7_919 + nth) % 200_000, "changed")).collect();
            let batch = batch(step, changes);
            let start = Instant::now();
            sink.write(&batch).await.unwrap();
            took.push(start.elapsed());
        }
        took.sort();
        writeln!(report, "write of {rows} rows: median {:?}, worst {:?}", took[15], took[29]).unwrap();
    }
    let start = Instant::now();
    for nth in 0..100 {
        index.search(&format!("colour {nth}"), 10).unwrap();
    }
    writeln!(report, "search: {:?} each", start.elapsed() / 100).unwrap();
}
