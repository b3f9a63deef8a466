//! A process that is killed while it writes: what is on disk afterwards is one commit, rows and cursor.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::fixture::{Pages, all, batch, config, cursor, gone, put, row, view};
use crate::search::SearchSink;
use crate::{Row, RowChange, Sink};

const DIRECTORY: &str = "TAILWATER_TEST_SEARCH_DIRECTORY";
const ROWS: i64 = 60;

/// At step n every row's title is the word `n<n>`, and the row with id n modulo `ROWS` is missing.
fn changes(step: u64) -> Vec<RowChange> {
    let missing = step as i64 % ROWS;
    (0..ROWS).map(|id| if id == missing { gone(id) } else { put(id, &format!("n{step}")) }).collect()
}

fn page(step: u64) -> Vec<Row> {
    let missing = step as i64 % ROWS;
    (0..ROWS).filter(|id| *id != missing).map(|id| row(id, &format!("n{step}"))).collect()
}

/// The process that is killed: started by the test below, does nothing otherwise.
#[tokio::test]
#[ignore = "run by a_killed_process_leaves_one_commit"]
async fn write_until_killed() {
    let Ok(directory) = env::var(DIRECTORY) else { return };
    let (mut sink, _) = SearchSink::new(config(), directory.into());
    let mut step = sink.open(&view()).await.unwrap().map_or(0, |cursor| cursor.step);
    let mut stderr = std::io::stderr();
    loop {
        step += 1;
        if step % 10 == 1 {
            sink.replace(&mut Pages(vec![page(step)], false), &cursor("g", step)).await.unwrap();
        } else {
            sink.write(&batch(step, changes(step))).await.unwrap();
        }
        writeln!(stderr, "wrote {step}").unwrap();
    }
}

async fn check(directory: &Path, confirmed: u64) {
    let (mut sink, index) = SearchSink::new(config(), directory.into());
    let held = sink.open(&view()).await.unwrap().expect("the index holds a commit");
    assert!(held.step >= confirmed, "step {} was lost: {confirmed} was confirmed", held.step);
    let answer = all(&index);
    assert_eq!(answer.cursor, Some(held.clone()));
    assert_eq!(answer.total as i64, ROWS - 1);
    for hit in answer.hits {
        assert_eq!(hit.row["title"], format!("n{}", held.step));
        assert_ne!(hit.row["id"], held.step as i64 % ROWS);
    }
}

#[tokio::test]
async fn a_killed_process_leaves_one_commit() {
    let directory = TempDir::new().unwrap();
    for round in 0..4 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "search::tests::crash::write_until_killed", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let steps = lines.filter_map(|line| line.strip_prefix("wrote ")?.parse::<u64>().ok());
        let confirmed = steps.take(5 + 4 * round).last().expect("the child writes");
        // Between the line and the signal the child is somewhere in its next steps.
        for _ in 0..round * 1_000 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        check(directory.path(), confirmed).await;
    }
}
