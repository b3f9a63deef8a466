//! Nexmark: its queries as views (`tests/nexmark/*.sql`) over the tables of auctions, bids and persons, with what the
//! benchmark's streams do not have: updates and deletes.
//!
//! Windows of event time are written as plain SQL. q12 counts by the time of processing, which no table has: it is not here. A
//! comment `-- key: …` declares a key that cannot be inferred. `TAILWATER_NEXMARK_EVENTS` chooses how many events are drawn.

mod data;

use std::path::Path;

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::sql::ViewText;
use tokio::runtime::Runtime;

use crate::support::modes;
use crate::support::recording::Recording;
use crate::support::view_file::ViewFile;

const EVENTS: usize = 1_500;
/// q0 to q22 without q12.
const QUERIES: usize = 22;
/// Events come in so many transactions after the first copy.
const CYCLES: usize = 4;

fn views() -> Vec<ViewText> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nexmark");
    let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let sql = std::fs::read_to_string(path).unwrap();
        let key = sql.lines().find_map(|line| line.strip_prefix("-- key: "));
        let key = key.map(|key| key.split(", ").map(str::to_owned).collect());
        ViewText { name: path.file_stem().unwrap().to_str().unwrap().into(), sql, key, ..ViewText::default() }
    };
    paths.iter().map(read).collect()
}

/// New events, then changes of what is there, then some of it goes.
fn cycle(number: usize) -> [String; 3] {
    let come = format!(
        "begin; insert into person select * from later_person where id % {CYCLES} = {number};
         insert into auction select * from later_auction where id % {CYCLES} = {number};
         insert into bid select * from later_bid where id % {CYCLES} = {number}; commit;"
    );
    let change = format!(
        "begin; update bid set price = price * 3 where id % 37 = {number};
         update bid set auction = auction + 1, date_time = date_time + interval '3 seconds' where id % 53 = {number};
         update bid set channel = 'Apple' where id % 61 = {number}; update bid set bidder = bidder + 1 where id % 71 = {number};
         update auction set category = 10, expires = expires + interval '20 seconds' where id % 11 = {number};
         update auction set seller = seller + 1 where id % 13 = {number};
         update person set state = 'OR', name = name || '!' where id % 7 = {number};
         update side_input set value = value || 'x' where key % 10 = {number}; commit;"
    );
    let go = format!(
        "begin; delete from bid where id % 29 = {number}; delete from auction where id % 17 = {number};
         delete from person where id % 19 = {number}; delete from side_input where key % 23 = {number}; commit;"
    );
    [come, change, go]
}

#[test]
fn the_queries_of_nexmark_equal_what_postgres_answers() {
    let events = std::env::var("TAILWATER_NEXMARK_EVENTS").ok().and_then(|events| events.parse().ok());
    let file = ViewFile {
        name: "nexmark".into(),
        tables: data::TABLES.into(),
        rows: data::rows(events.unwrap_or(EVENTS)),
        views: views(),
        transactions: (0..CYCLES).flat_map(cycle).collect(),
        ..ViewFile::default()
    };
    let server = PrivatePostgres::start(&[]).unwrap();
    let made = Runtime::new().unwrap().block_on(Recording::of_what_works(&file, server.url("postgres")));
    let (recording, left_out) = made.unwrap();
    drop(server);
    assert_eq!(recording.views.len(), QUERIES, "left out: {left_out:#?}");
    let filled = |name: &str| recording.boundaries.iter().any(|boundary| !boundary.answers[name].is_empty());
    let empty: Vec<_> = recording.views.iter().map(|view| &view.name).filter(|name| !filled(name)).collect();
    assert!(empty.is_empty(), "these views show nothing: {empty:?}");
    let found = modes::of_large(&recording);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
