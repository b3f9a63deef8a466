//! Golden view tests: `tests/views/*.test` against Postgres as the only oracle.
//!
//! Each file is run once on a private Postgres, through the real source; what came is replayed in several ways
//! (`support/modes.rs`), and after every transaction the views must hold what Postgres answered. The environment variable
//! `TAILWATER_VIEWS` chooses files by a part of their name.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater_connectors::postgres::{ConnInfo, connect_sql};
use tokio::runtime::Runtime;

use crate::support::faults::{FAULTS, spoiled};
use crate::support::modes;
use crate::support::random_file::random_file;
use crate::support::recording::Recording;
use crate::support::view_file::ViewFile;

/// Files that are worked on at once.
const THREADS: usize = 2;
/// Fewer would mean that the walk looks in the wrong place.
const FILES_MIN: usize = 55;

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views");
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "test")).collect();
    files.sort();
    files
}

/// Seeds of drawn transactions; `TAILWATER_VIEW_SEEDS` = `first..last` runs others.
const SEEDS: std::ops::Range<u64> = 0..4;

/// Runs a file on a database of its own.
async fn recorded(server: &PrivatePostgres, file: &ViewFile, database: &str) -> Result<Recording, String> {
    let info = ConnInfo::parse(&server.url("postgres")).map_err(|error| error.to_string())?;
    let admin = connect_sql(&info, "admin").await.map_err(|error| error.to_string())?;
    let create = format!("create database {database} {}", file.database);
    admin.batch_execute(&create).await.map_err(|error| error.to_string())?;
    Recording::make(file, server.url(database)).await
}

fn check(runtime: &Runtime, server: &PrivatePostgres, file: &ViewFile) -> Vec<String> {
    match runtime.block_on(recorded(server, file, &format!("views_{}", file.name))) {
        Ok(recording) => modes::differences(&recording),
        Err(error) => vec![format!("{} (recording): {error}", file.name)],
    }
}

/// Runs all files on one server, several at once; answers with what differed.
fn check_all(files: Vec<ViewFile>) -> Vec<String> {
    let runtime = Runtime::new().unwrap();
    let server = PrivatePostgres::start(&[]).unwrap();
    let queue = Mutex::new(VecDeque::from(files));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some(file) = next else { break };
                    let found = check(&runtime, &server, &file);
                    failures.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}

#[test]
fn views_equal_what_postgres_answers_in_every_mode() {
    let chosen = std::env::var("TAILWATER_VIEWS").unwrap_or_default();
    let all = files();
    assert!(all.len() >= FILES_MIN, "only {} files", all.len());
    let is_chosen = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&chosen));
    let read = all.iter().filter(is_chosen).map(|path| ViewFile::read(path).unwrap());
    let failures = check_all(read.collect());
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn views_equal_what_postgres_answers_after_drawn_transactions() {
    let seeds = std::env::var("TAILWATER_VIEW_SEEDS").ok().and_then(|seeds| {
        let (first, last) = seeds.split_once("..")?;
        Some(first.parse().ok()?..last.parse().ok()?)
    });
    let failures = check_all(seeds.unwrap_or(SEEDS).map(random_file).collect());
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}

/// A file in which every change shows.
fn plain_file() -> ViewFile {
    ViewFile {
        name: "planted".into(),
        tables:
            "create table t (id int primary key, body text, n int);
                 alter table t alter body set storage external;
                 create table d (a int, b text); alter table d replica identity full;
                 insert into t values (1, repeat('x', 5000), 1), (2, 'two', 2); insert into d values (1, 'a'), (2, 'b')"
                .into(),
        views: vec![
            tailwater::sql::ViewText {
                name: "rows".into(),
                sql: "select id, n, length(body) as size from t".into(),
                ..Default::default()
            },
            tailwater::sql::ViewText {
                name: "totals".into(),
                sql: "select b, count(*), sum(a) from d group by b".into(),
                ..Default::default()
            },
        ],
        transactions: [
            "insert into t values (3, 'three', 3)",
            "update t set n = 10 where id = 1",
            "delete from t where id = 2; insert into d values (3, 'a')",
            "delete from d where a = 1",
            "update d set b = 'c' where a = 2",
            "insert into t values (4, null, null)",
        ]
        .map(String::from)
        .to_vec(),
        ..ViewFile::default()
    }
}

#[test]
fn planted_faults_are_found() {
    let runtime = Runtime::new().unwrap();
    let server = PrivatePostgres::start(&[]).unwrap();
    let recording = runtime.block_on(recorded(&server, &plain_file(), "planted")).unwrap();
    assert_eq!(modes::differences(&recording), [""; 0]);
    for (name, fault) in FAULTS {
        let copies = spoiled(&recording, fault);
        assert!(!copies.is_empty(), "{name} applies nowhere");
        for (number, copy) in copies.iter().enumerate() {
            assert!(modes::straight(copy, &copy.views).is_err(), "{name} was not found in place {number}");
        }
    }
    let mut late = recording.clone();
    let moved = late.boundaries[2].transactions.pop().unwrap();
    late.boundaries[3].transactions.insert(0, moved);
    let found = modes::straight(&late, &late.views).unwrap_err();
    assert_eq!(
        found,
        "view rows after transaction 2:\n    missing (1x): \"1\" | \"10\" | \"5000\"\n    extra   (1x): \"1\" | \"1\" | \"5000\""
    );
}
