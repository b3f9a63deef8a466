//! Rows that come past the log: there at once, for every way to read, and never without what was committed before them.

use std::fs;

use super::super::super::witness::Witness;
use super::*;
use crate::state::Run;

fn put(run: &mut Run, key: &[u8], row: &[u8]) {
    let written: Result<(), ()> = run.put(|bytes| {
        bytes.extend_from_slice(key);
        let end = bytes.len();
        bytes.extend_from_slice(row);
        Ok(end)
    });
    written.unwrap();
}

/// Takes in random writes; the same keys as those of steps.
fn ingest(tx: &StateTx<'_>, model: &mut Model, random: &mut StdRng) {
    let table = TableId([3, 4, 0x00FF_FFFF][random.random_range(0..3)]);
    let mut run = Run::new(table);
    let rows = model.old.entry(table).or_default();
    for _ in 0..random.random_range(0..20) {
        let key = random_key(random);
        if random.random_ratio(1, 4) {
            run.delete(&key);
            rows.remove(&key);
        } else {
            let row = random.random::<u32>().to_string().into_bytes();
            put(&mut run, &key, &row);
            rows.insert(key, row);
        }
    }
    tx.ingest(&mut run).unwrap();
    assert!(run.is_empty());
    model.new = model.old.clone();
}

#[test]
fn rows_that_come_past_the_log_are_found_by_every_read() {
    for seed in 0..8 {
        let mut random = StdRng::seed_from_u64(seed);
        let place = tempfile::tempdir().unwrap();
        let mut state = open(place.path());
        let mut model = Model { old: BTreeMap::new(), new: BTreeMap::new() };
        let mut committed = 0;
        for _ in 0..60 {
            let mut tx = state.begin();
            if random.random_ratio(1, 3) {
                ingest(&tx, &mut model, &mut random);
            }
            for _ in 0..random.random_range(0..30) {
                random_act(&mut tx, &mut model, &mut random);
            }
            if random.random_ratio(1, 2) {
                committed += 1;
                tx.commit(&at(committed)).unwrap();
                model.old = model.new.clone();
            } else {
                // What was ingested stays.
                drop(tx);
                model.new = model.old.clone();
            }
            if random.random_ratio(1, 10) {
                drop(state);
                state = open(place.path());
            }
        }
    }
}

#[test]
fn a_large_run_in_any_order_is_all_there_and_the_last_write_of_a_key_counts() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut run = Run::new(TABLE);
    // 7,919 is prime to the number of rows: each key once, in no order; enough bytes for two files.
    for number in 0..60_000_u32 {
        put(&mut run, &(number * 7_919 % 60_000).to_be_bytes(), &[number as u8; 100]);
    }
    put(&mut run, &5_u32.to_be_bytes(), b"last");
    run.delete(&6_u32.to_be_bytes());
    state.begin().ingest(&mut run).unwrap();
    let rows = collect(&state.begin(), TABLE, Version::Old);
    assert_eq!(rows.len(), 59_999);
    assert!(rows.is_sorted());
    assert_eq!(rows[5].1, b"last");
    assert_eq!(fs::read_dir(place.path().join("runs")).unwrap().count(), 0, "files are moved");
}

/// Sessions that read from several places on fill the same runs: no file may reach over the places where they go on.
#[test]
fn runs_of_several_sessions_do_not_overlap_with_those_to_come() {
    // A row of each in turn, or many.
    for batch in [1, 100] {
        let place = tempfile::tempdir().unwrap();
        let state = open(place.path());
        for part in 0..4_u32 {
            let mut run = Run::new(TABLE);
            for number in (0..1_000).step_by(batch) {
                for session in [0, 2, 1] {
                    for row in number..number + batch as u32 {
                        put(&mut run, &(session * 1_000_000 + part * 1_000 + row).to_be_bytes(), b"row");
                    }
                }
            }
            state.begin().ingest(&mut run).unwrap();
        }
        let rows = collect(&state.begin(), TABLE, Version::Old);
        assert_eq!(rows.len(), 12_000);
        assert!(rows.is_sorted());
        let levels: Vec<i32> = state.database().engine.live_files().unwrap().iter().map(|file| file.level).collect();
        assert_eq!(levels, [6; 12], "all at the bottom, with nothing to merge");
    }
}

#[test]
fn what_came_after_a_mark_can_be_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut run = Run::new(TABLE);
    let nothing = run.mark();
    ["c", "d", "a"].iter().for_each(|key| put(&mut run, key.as_bytes(), b"kept"));
    let mark = run.mark();
    ["b", "a", "e"].iter().for_each(|key| put(&mut run, key.as_bytes(), b"forgotten"));
    run.back_to(mark);
    put(&mut run, b"b", b"kept");
    state.begin().ingest(&mut run).unwrap();
    let rows = collect(&state.begin(), TABLE, Version::Old);
    assert_eq!(rows, ["a", "b", "c", "d"].map(|key| (key.as_bytes().to_vec(), b"kept".to_vec())));
    // It has been cleared since both: all there is came after them.
    for mark in [nothing, mark] {
        ["f", "g", "h", "i"].iter().for_each(|key| put(&mut run, key.as_bytes(), b"longer than what was kept"));
        run.back_to(mark);
        state.begin().ingest(&mut run).unwrap();
        assert_eq!(collect(&state.begin(), TABLE, Version::Old).len(), 4);
    }
}

/// Else a power cut could take the step that gave out the table's id, and leave rows under it.
#[test]
fn what_was_committed_before_a_run_is_on_the_disk_before_it() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.begin().commit(&at(1)).unwrap();
    let durable = || Witness::open(place.path()).unwrap().step();
    assert_eq!(durable(), Some(0));
    let mut run = Run::new(TABLE);
    put(&mut run, b"key", b"row");
    state.begin().ingest(&mut run).unwrap();
    assert_eq!(durable(), Some(1));
}

/// A crash between the file's new name in the database and the end of its old one.
#[test]
fn a_second_name_of_a_file_of_the_database_is_not_written_over() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut run = Run::new(TABLE);
    put(&mut run, b"key", b"row");
    state.begin().ingest(&mut run).unwrap();
    let files = fs::read_dir(place.path().join("db")).unwrap().flatten().map(|entry| entry.path());
    let file = files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "sst")).unwrap();
    fs::hard_link(&file, place.path().join(format!("runs/{}-0.sst", TABLE.0))).unwrap();
    put(&mut run, b"other", b"row");
    state.begin().ingest(&mut run).unwrap();
    fs::hard_link(&file, place.path().join(format!("runs/{}-0.sst", TABLE.0))).unwrap();
    drop(state);
    let state = open(place.path());
    assert_eq!(collect(&state.begin(), TABLE, Version::Old).len(), 2);
    assert!(!place.path().join("runs").exists(), "what a crash left is removed");
}
