//! State against a model, and against a killed process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use smol_str::SmolStr;
use tailwater_connectors::{Lsn, Position, Positions, Row, RowChange, SqlType, Value};

use super::*;
use crate::state::{TableId, Version, encode_key, encode_row};

mod branch;
mod damage;
mod home;
mod runs;

const MEMORY: usize = 16 << 20;
const TABLE: TableId = TableId(7);

fn at(lsn: u64) -> Positions {
    Positions(BTreeMap::from([("shop".into(), Position::Lsn(Lsn(lsn)))]))
}

fn open(path: &Path) -> Arc<State> {
    State::open(path, MEMORY).unwrap()
}

fn collect(tx: &StateTx<'_>, table: TableId, version: Version) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    tx.scan(table, &[], version, &mut |key, row| {
        rows.push((key.to_vec(), row.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    rows
}

#[test]
fn a_step_is_seen_whole_after_its_commit_and_not_before() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut tx = state.begin();
    assert_eq!(tx.step(), 1);
    tx.put(TABLE, b"a".to_vec(), b"1".to_vec());
    tx.meta_put("note", "hello").unwrap();
    assert_eq!(tx.get(TABLE, b"a", Version::Old).unwrap(), None);
    assert_eq!(tx.get(TABLE, b"a", Version::New).unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(tx.meta_get::<String>("note").unwrap().as_deref(), Some("hello"));
    assert_eq!(state.checkpoint().unwrap(), Checkpoint::default());
    assert_eq!(state.read(|reader| reader.meta_get::<String>("note")).unwrap(), None);
    let checkpoint = tx.commit(&at(5)).unwrap();
    assert_eq!(checkpoint, Checkpoint { step: 1, positions: at(5) });
    assert_eq!(state.checkpoint().unwrap(), checkpoint);
    let tx = state.begin();
    assert_eq!(tx.get(TABLE, b"a", Version::Old).unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(tx.meta_get::<String>("note").unwrap().as_deref(), Some("hello"));
}

#[test]
fn a_step_that_is_dropped_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut tx = state.begin();
    tx.put(TABLE, b"a".to_vec(), b"1".to_vec());
    tx.commit(&at(1)).unwrap();
    let mut tx = state.begin();
    tx.put(TABLE, b"a".to_vec(), b"2".to_vec());
    tx.drop_table(TABLE);
    tx.meta_put("note", &1).unwrap();
    drop(tx);
    let tx = state.begin();
    assert_eq!(tx.get(TABLE, b"a", Version::New).unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(tx.meta_get::<u32>("note").unwrap(), None);
    assert_eq!(tx.step(), 2);
}

#[test]
fn positions_never_go_back() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.begin().commit(&at(5)).unwrap();
    assert!(matches!(state.begin().commit(&at(4)), Err(StateError::PositionsWentBack { .. })));
    assert!(matches!(state.begin().commit(&Positions::default()), Err(StateError::PositionsWentBack { .. })));
    assert_eq!(state.begin().commit(&at(5)).unwrap().step, 2);
}

#[test]
fn a_position_that_is_forgotten_may_begin_anew() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.begin().commit(&at(5)).unwrap();
    let mut tx = state.begin();
    tx.forget_position(&"other".into());
    assert!(matches!(tx.commit(&Positions::default()), Err(StateError::PositionsWentBack { .. })));
    let mut tx = state.begin();
    tx.forget_position(at(5).0.keys().next().unwrap());
    assert_eq!(tx.commit(&Positions::default()).unwrap().positions, Positions::default());
    assert_eq!(state.begin().commit(&at(2)).unwrap().positions, at(2));
    assert!(matches!(state.begin().commit(&at(1)), Err(StateError::PositionsWentBack { .. })));
}

#[test]
fn a_database_whose_making_was_interrupted_is_made_again() {
    let place = tempfile::tempdir().unwrap();
    let [made, draft] = ["db", "db.new"].map(|name| place.path().join(name));
    for missing in ["CURRENT", "MANIFEST"] {
        drop(open(place.path()));
        fs::rename(&made, &draft).unwrap();
        for file in fs::read_dir(&draft).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with(missing) {
                fs::remove_file(file.path()).unwrap();
            }
        }
        let state = open(place.path());
        assert_eq!(state.checkpoint().unwrap(), Checkpoint::default());
        state.begin().commit(&at(1)).unwrap();
        assert!(!draft.exists() && made.exists());
        drop(state);
        assert_eq!(open(place.path()).checkpoint().unwrap().step, 1);
        fs::remove_dir_all(&made).unwrap();
    }
}

#[test]
fn closing_and_opening_keeps_everything() {
    let place = tempfile::tempdir().unwrap();
    let id = {
        let state = open(place.path());
        let mut tx = state.begin();
        tx.put(TABLE, b"a".to_vec(), b"1".to_vec());
        tx.commit(&at(1)).unwrap();
        state.id().to_string()
    };
    let state = open(place.path());
    assert_eq!(state.id(), id);
    assert_eq!(state.checkpoint().unwrap(), Checkpoint { step: 1, positions: at(1) });
    assert_eq!(collect(&state.begin(), TABLE, Version::Old), [(b"a".to_vec(), b"1".to_vec())]);
    assert!(matches!(State::open(place.path(), MEMORY), Err(StateError::InUse { .. })));
}

#[test]
fn a_visit_may_read_on_and_stop_early() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut tx = state.begin();
    for key in [b"a", b"b", b"c"] {
        tx.put(TABLE, key.to_vec(), key.to_vec());
    }
    tx.commit(&at(1)).unwrap();
    let tx = state.begin();
    let mut seen = Vec::new();
    tx.scan_from(TABLE, b"b", Version::New, &mut |key, _| {
        seen.push(tx.get(TABLE, key, Version::Old)?.unwrap().to_vec());
        Ok(ControlFlow::Break(()))
    })
    .unwrap();
    assert_eq!(seen, [b"b".to_vec()]);
}

/// One table of the model.
type ModelTable = BTreeMap<Vec<u8>, Vec<u8>>;

struct Model {
    old: BTreeMap<TableId, ModelTable>,
    new: BTreeMap<TableId, ModelTable>,
}

impl Model {
    fn table(&self, table: TableId, version: Version) -> ModelTable {
        let tables = if version == Version::Old { &self.old } else { &self.new };
        tables.get(&table).cloned().unwrap_or_default()
    }

    fn write(&mut self, table: TableId) -> &mut ModelTable {
        self.new.entry(table).or_default()
    }
}

fn random_key(random: &mut StdRng) -> Vec<u8> {
    let length = random.random_range(0..4);
    (0..length).map(|_| [0_u8, 1, 0xFE, 0xFF][random.random_range(0..4)]).collect()
}

fn check_scans(tx: &StateTx<'_>, model: &Model, (table, version): (TableId, Version), random: &mut StdRng) {
    let expected = model.table(table, version);
    let prefix = random_key(random);
    let limit = random.random_range(1..40);
    let mut found = Vec::new();
    let mut visit = |key: &[u8], row: &[u8]| {
        found.push((key.to_vec(), row.to_vec()));
        Ok(if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let rows = expected.into_iter();
    let expected: Vec<_> = match random.random_range(0..3) {
        0 => {
            tx.scan(table, &prefix, version, &mut visit).unwrap();
            rows.filter(|(key, _)| key.starts_with(&prefix)).take(limit).collect()
        }
        1 => {
            tx.scan_reverse(table, &prefix, version, &mut visit).unwrap();
            rows.rev().filter(|(key, _)| key.starts_with(&prefix)).take(limit).collect()
        }
        _ => {
            tx.scan_from(table, &prefix, version, &mut visit).unwrap();
            rows.filter(|(key, _)| *key >= prefix).take(limit).collect()
        }
    };
    assert_eq!(found, expected, "{table:?} {version:?} prefix {prefix:?}");
}

fn random_act(tx: &mut StateTx<'_>, model: &mut Model, random: &mut StdRng) {
    let table = TableId([3, 4, 0x00FF_FFFF][random.random_range(0..3)]);
    let version = if random.random() { Version::Old } else { Version::New };
    match random.random_range(0..100) {
        0..25 => {
            let (key, row) = (random_key(random), random.random::<u32>().to_string().into_bytes());
            tx.put(table, key.clone(), row.clone());
            model.write(table).insert(key, row);
        }
        25..45 => {
            let key = random_key(random);
            tx.delete(table, key.clone());
            model.write(table).remove(&key);
        }
        45..47 => {
            tx.drop_table(table);
            model.write(table).clear();
        }
        47..52 => {
            let keys = (0..random.random_range(0..30)).map(|_| random_key(random)).collect::<Vec<_>>();
            tx.prefetch(table, &keys).unwrap();
        }
        80..85 => {
            let mut keys = (0..random.random_range(0..30)).map(|_| random_key(random)).collect::<Vec<_>>();
            keys.sort();
            let rows = tx.get_many(table, &keys, version).unwrap();
            let expected = model.table(table, version);
            for (key, row) in keys.iter().zip(rows) {
                assert_eq!(row.as_deref(), expected.get(key).map(Vec::as_slice));
            }
        }
        52..75 => {
            let key = random_key(random);
            let row = tx.get(table, &key, version).unwrap();
            assert_eq!(row.as_deref(), model.table(table, version).get(&key).map(Vec::as_slice));
        }
        75..80 => {
            assert_eq!(tx.is_empty(table, version).unwrap(), model.table(table, version).is_empty());
        }
        _ => check_scans(tx, model, (table, version), random),
    }
}

#[test]
fn both_versions_answer_as_a_model_does() {
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let place = tempfile::tempdir().unwrap();
        let mut state = open(place.path());
        let mut model = Model { old: BTreeMap::new(), new: BTreeMap::new() };
        let mut committed = 0;
        for _ in 0..60 {
            let mut tx = state.begin();
            for _ in 0..random.random_range(0..60) {
                random_act(&mut tx, &mut model, &mut random);
            }
            if random.random_ratio(3, 4) {
                committed += 1;
                assert_eq!(tx.commit(&at(committed)).unwrap().step, committed);
                model.old = model.new.clone();
            } else {
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
fn rows_behind_the_end_are_found_after_a_load_also_where_absence_was_cached() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let keys = |range: std::ops::Range<u32>| range.map(|key| key.to_be_bytes().to_vec()).collect::<Vec<_>>();
    let count = |tx: &StateTx<'_>, version| {
        let rows = tx.get_many(TABLE, &keys(0..20_000), version).unwrap();
        assert_eq!(tx.get(TABLE, &keys(0..1)[0], version).unwrap(), rows[0]);
        rows.iter().flatten().count()
    };
    let mut expected = 0;
    for (step, (written, deleted)) in [
        (0..10, 0..0),
        (0..0, 0..10),
        (0..5_000, 0..0),
        (5_000..5_001, 0..0),
        (5_001..15_000, 0..5_000),
        (0..20_000, 0..0),
    ]
    .into_iter()
    .enumerate()
    {
        let mut tx = state.begin();
        assert_eq!(count(&tx, Version::Old), expected);
        expected = match step {
            1 => 0,
            4 => 10_000,
            _ => written.end as usize,
        };
        keys(deleted).into_iter().for_each(|key| tx.delete(TABLE, key));
        keys(written).into_iter().for_each(|key| tx.put(TABLE, key, b"row".to_vec()));
        assert_eq!(count(&tx, Version::New), expected);
        tx.commit(&at(step as u64 + 1)).unwrap();
        assert_eq!(count(&state.begin(), Version::New), expected);
        assert_eq!(state.begin().is_empty(TABLE, Version::Old).unwrap(), expected == 0);
    }
}

fn view() -> RegisteredView {
    RegisteredView { name: "cards".into(), table: TABLE, key_types: vec![SqlType::Int4, SqlType::Text], errors: None }
}

fn card(number: i64, text: &str, count: i64) -> Row {
    Row::from(vec![Value::Int(count), Value::Int(number), Value::text(text)])
}

fn put_card(tx: &mut StateTx<'_>, row: &Row) {
    let (mut key, mut bytes) = (Vec::new(), Vec::new());
    encode_key(&mut key, &view().key_types, &row[1..]).unwrap();
    encode_row(&mut bytes, row);
    tx.put(TABLE, key, bytes);
}

#[test]
fn readers_get_rows_and_pages_of_one_pinned_checkpoint() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.register_views(vec![view()]);
    let rows = (-7..8).map(|number| card(number, "x", number * 1000)).collect::<Vec<_>>();
    let mut tx = state.begin();
    rows.iter().for_each(|row| put_card(&mut tx, row));
    tx.put(TableId(TABLE.0 + 1), b"other".to_vec(), b"table".to_vec());
    tx.commit(&at(1)).unwrap();
    state.read(|reader| {
        let mut tx = state.begin();
        tx.drop_table(TABLE);
        tx.commit(&at(2)).unwrap();
        assert_eq!(reader.checkpoint().unwrap().step, 1);
        let key = |number| [Value::Int(number), Value::text("x")];
        assert_eq!(reader.view_row("cards", &key(3)).unwrap(), Some(card(3, "x", 3000)));
        assert_eq!(reader.view_row("cards", &key(99)).unwrap(), None);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = reader.view_rows("cards", after.as_deref(), 5).unwrap();
            assert!(page.rows.len() <= 5);
            paged.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, rows);
        assert!(matches!(reader.view_row("cards", &[]), Err(StateError::Key { .. })));
        assert!(matches!(reader.view_rows("none", None, 1), Err(StateError::UnknownView { .. })));
    });
    assert!(state.read(|reader| reader.view_rows("cards", None, 5)).unwrap().rows.is_empty());
}

#[test]
fn the_changelog_comes_in_whole_steps_and_says_when_it_was_trimmed() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.register_views(vec![view()]);
    let name = SmolStr::new("cards");
    let change = |step: i64| RowChange { old: (step > 1).then(|| card(step, "o", 0)), new: Some(card(step, "n", 1)) };
    for step in 1..=10 {
        let mut tx = state.begin();
        if step != 4 {
            tx.append_changelog(TABLE, &[change(step)]);
            tx.append_changelog(TABLE, &[RowChange { old: Some(card(-step, "gone", 0)), new: None }]);
        }
        tx.append_changelog(TableId(TABLE.0 + 1), &[change(100)]);
        if step % 2 == 1 {
            tx.note_commit_time(step * 100);
        }
        tx.commit(&at(step as u64)).unwrap();
    }
    let chunks = state.read(|reader| reader.changelog(&name, 2, usize::MAX)).unwrap();
    let steps = chunks.iter().map(|(checkpoint, _)| checkpoint.step).collect::<Vec<_>>();
    assert_eq!(steps, [3, 5, 6, 7, 8, 9, 10]);
    assert_eq!(chunks[1].0.positions, at(5));
    let timed = state.read(|reader| reader.chunks(&name, 2, usize::MAX)).unwrap();
    let times = timed.iter().map(|chunk| chunk.committed_at).collect::<Vec<_>>();
    assert_eq!(times, [Some(300), Some(500), None, Some(700), None, Some(900), None], "of the step alone");
    assert_eq!(chunks[1].1, [change(5), RowChange { old: Some(card(-5, "gone", 0)), new: None }]);
    assert_eq!(state.read(|reader| reader.changelog(&name, 2, 1)).unwrap().len(), 1);
    assert!(state.read(|reader| reader.changelog(&name, 10, usize::MAX)).unwrap().is_empty());
    let mut tx = state.begin();
    tx.trim_changelog(TABLE, 6);
    tx.commit(&at(11)).unwrap();
    let trimmed = state.read(|reader| reader.changelog(&name, 5, usize::MAX));
    assert!(matches!(trimmed, Err(StateError::ChangelogTrimmed { after: 5, floor: 6, .. })));
    assert_eq!(state.read(|reader| reader.changelog(&name, 6, usize::MAX)).unwrap().len(), 4);
    let mut tx = state.begin();
    tx.append_changelog(TABLE, &[change(12)]);
    tx.trim_changelog(TABLE, u64::MAX);
    assert_eq!(tx.commit(&at(12)).unwrap().step, 12);
    assert_eq!(state.read(|reader| reader.changelog_floor("cards")).unwrap(), 12);
    assert!(state.read(|reader| reader.changelog(&name, 12, usize::MAX)).unwrap().is_empty());
}

#[test]
fn a_view_moves_to_another_table_together_with_its_rows() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.register_views(vec![RegisteredView { table: TableId(1), ..view() }]);
    let mut tx = state.begin();
    put_card(&mut tx, &card(1, "x", 1));
    tx.register_views(vec![view()]);
    assert!(state.read(|reader| reader.view_rows("cards", None, 1)).unwrap().rows.is_empty());
    tx.commit(&at(1)).unwrap();
    assert_eq!(state.read(|reader| reader.view_rows("cards", None, 1)).unwrap().rows.len(), 1);
}

#[test]
fn long_trims_delete_a_range() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    state.register_views(vec![view()]);
    for step in 1..=1100 {
        let mut tx = state.begin();
        tx.append_changelog(TABLE, &[RowChange { old: None, new: Some(card(step, "n", 1)) }]);
        tx.commit(&at(1)).unwrap();
    }
    let mut tx = state.begin();
    tx.trim_changelog(TABLE, 1090);
    tx.commit(&at(1)).unwrap();
    assert_eq!(state.read(|reader| reader.changelog(&"cards".into(), 1090, usize::MAX)).unwrap().len(), 10);
}

#[test]
fn the_memory_stays_near_the_budget_and_is_reported() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    let mut random = StdRng::seed_from_u64(1);
    state.begin().get(TABLE, b"", Version::Old).unwrap();
    for step in 0..40_u64 {
        let mut tx = state.begin();
        for _ in 0..2_000 {
            let key = random.random::<u64>().to_be_bytes().to_vec();
            assert_eq!(tx.get(TABLE, &key, Version::Old).unwrap(), None);
            tx.put(TABLE, key, vec![step as u8; 400]);
        }
        tx.commit(&at(1)).unwrap();
    }
    state.flush().unwrap();
    let usage = state.usage();
    assert!(usage.row_cache_bytes > 1 << 20 && usage.row_cache_bytes <= (MEMORY / 4) as u64, "{usage:?}");
    assert!(usage.memtable_bytes <= (MEMORY / 2) as u64, "{usage:?}");
    assert!(usage.disk_bytes > 1 << 20, "{usage:?}");
    assert!(usage.cache_misses > 70_000, "{usage:?}");
}

const CHILD_DIRECTORY: &str = "TAILWATER_TEST_STATE_DIRECTORY";
const CHILD_TABLES: u32 = 5;
const STEP_MARK: u8 = 1;

/// Not a test by itself: the process that `a_killed_process_leaves_whole_steps` kills.
#[test]
fn a_child_commits_steps_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let state = open(Path::new(&directory));
    loop {
        let checkpoint = commit_whole(&state, 0);
        if checkpoint.step.is_multiple_of(100) {
            state.flush().unwrap();
        }
        mark();
    }
}

/// Tells the parent of one more commit.
fn mark() {
    std::io::stdout().write_all(&[STEP_MARK]).unwrap();
    std::io::stdout().flush().unwrap();
}

/// How many steps were committed, gaps in their numbers left out.
fn count(checkpoint: &Checkpoint) -> u64 {
    checkpoint.positions.0.get("shop").and_then(Position::lsn).map_or(0, |lsn| lsn.0)
}

/// What the step of this count writes; some are longer than what is handed to the operating system at a time.
fn content(count: u64) -> Vec<u8> {
    let length = if count.is_multiple_of(40) { 3 << 20 } else { count % 3000 };
    [&count.to_be_bytes()[..], &vec![count as u8; length as usize]].concat()
}

/// Commits a step that is everywhere the same.
fn commit_whole(state: &State, step_min: u64) -> Checkpoint {
    let tx = state.begin();
    let count = count(&tx.checkpoint()) + 1;
    write_whole(tx, count).commit_from(step_min, &at(count)).unwrap()
}

fn write_whole(mut tx: StateTx<'_>, count: u64) -> StateTx<'_> {
    for table in 0..CHILD_TABLES {
        tx.put(TableId(table), (count % 50).to_be_bytes().to_vec(), count.to_be_bytes().to_vec());
        tx.put(TableId(table), b"last".to_vec(), content(count));
    }
    tx.append_changelog(TABLE, &[RowChange { old: None, new: Some(card(count as i64, "n", 1)) }]);
    tx.meta_put("last", &count).unwrap();
    tx
}

/// Demands that all is of one step; answers with its count.
fn assert_whole(state: &State) -> u64 {
    state.register_views(vec![view()]);
    let checkpoint = state.checkpoint().unwrap();
    let count = count(&checkpoint);
    let last = state.read(|reader| reader.changelog(&"cards".into(), checkpoint.step - 1, usize::MAX)).unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0], (checkpoint, vec![RowChange { old: None, new: Some(card(count as i64, "n", 1)) }]));
    let tx = state.begin();
    assert_eq!(tx.meta_get::<u64>("last").unwrap(), Some(count));
    let numbers = count.saturating_sub(49).max(1)..=count;
    let mut expected: ModelTable =
        numbers.map(|number| ((number % 50).to_be_bytes().to_vec(), number.to_be_bytes().to_vec())).collect();
    expected.insert(b"last".to_vec(), content(count));
    for table in 0..CHILD_TABLES {
        let found = collect(&tx, TableId(table), Version::Old).into_iter().collect::<ModelTable>();
        assert!(found == expected, "table {table} is not of the step of count {count}");
    }
    count
}

/// Runs a test of this binary as a process of its own, until it has told of `commits` commits; then it is killed wherever it is.
fn kill_child(test: &str, directory: &Path, commits: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(CHILD_DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A mark per committed step comes up the pipe, between words of the test harness.
    let marks = std::io::BufReader::new(child.stdout.as_mut().unwrap())
        .bytes()
        .map(Result::unwrap)
        .filter(|&byte| byte == STEP_MARK);
    assert_eq!(marks.take(commits).count(), commits, "the child ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_process_leaves_whole_steps() {
    let place = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..8 {
        let announced = 100 + 37 * round;
        kill_child("state::store::tests::a_child_commits_steps_until_it_is_killed", place.path(), announced);
        let state = open(place.path());
        let step = assert_whole(&state);
        assert_eq!(state.checkpoint().unwrap().step, step);
        assert!(
            step >= before + announced as u64,
            "round {round}: {announced} steps were announced after {before}, found {step}"
        );
        before = step;
    }
}
