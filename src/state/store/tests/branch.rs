//! Branches: one whole step of what they come from, apart from it from then on; numbers that go on elsewhere; memory that changes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::home::{home, states};
use super::*;
use crate::state::StateHome;

/// The counts of all chunks that the changelog of `TABLE` holds after `step`.
fn chunks(state: &State, step: u64) -> Result<Vec<u64>, StateError> {
    state.register_views(vec![view()]);
    let chunks = state.read(|reader| reader.changelog(&"cards".into(), step, usize::MAX))?;
    Ok(chunks.iter().map(|(checkpoint, _)| count(checkpoint)).collect())
}

#[test]
fn a_branch_is_one_whole_step_while_others_are_committed_and_both_go_on_apart() {
    let place = tempfile::tempdir().unwrap();
    let (home, state) = home(place.path());
    commit_whole(&state, 0);
    let stop = AtomicBool::new(false);
    let mut seen = std::collections::BTreeSet::new();
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                commit_whole(&state, 0);
            }
        });
        for _ in 0..15 {
            let before = state.checkpoint().unwrap().step;
            let branch = home.branch(&state, MEMORY / 2).unwrap();
            let after = state.checkpoint().unwrap().step;
            assert_eq!(branch.id(), state.id());
            let step = assert_whole(&branch);
            assert!(before <= step && step <= after, "{step} is not from {before} to {after}");
            assert_eq!(branch.checkpoint().unwrap().step, step);
            assert_eq!(chunks(&branch, 0).unwrap(), (1..=step).collect::<Vec<_>>());
            let mut tx = branch.begin();
            tx.put(TABLE, b"of the branch".to_vec(), b"1".to_vec());
            tx.drop_table(TableId(0));
            tx.commit(&at(step + 1)).unwrap();
            seen.insert(step);
            branch.doom();
            drop(branch);
            assert_eq!(states(place.path()), ["state"]);
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    assert!(seen.len() > 3, "steps were committed meanwhile: {seen:?}");
    let count = assert_whole(&state);
    assert_eq!(state.begin().get(TABLE, b"of the branch", Version::Old).unwrap(), None);
    assert_eq!(chunks(&state, 0).unwrap(), (1..=count).collect::<Vec<_>>());
}

#[test]
fn a_branch_keeps_its_content_when_what_it_comes_from_is_rewritten_and_gone() {
    let place = tempfile::tempdir().unwrap();
    let (home, state) = home(place.path());
    (0..120).for_each(|_| drop(commit_whole(&state, 0)));
    let branch = home.branch(&state, MEMORY).unwrap();
    for table in 0..CHILD_TABLES {
        let mut tx = state.begin();
        tx.drop_table(TableId(table));
        tx.commit(&at(120)).unwrap();
    }
    let database = state.database();
    for family in [database.meta(), database.tables(), database.changelog()] {
        database.engine.compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
    }
    assert_eq!(assert_whole(&branch), 120);
    home.make_current(&branch).unwrap();
    state.doom();
    drop(state);
    assert_eq!(states(place.path()), ["state-2"]);
    assert_eq!(assert_whole(&branch), 120);
    (0..50).for_each(|_| drop(commit_whole(&branch, 0)));
    drop((branch, home));
    let (_, again) = super::home::home(place.path());
    assert_eq!(assert_whole(&again), 170);
}

#[test]
fn a_branch_that_cannot_be_made_leaves_no_directory_and_disturbs_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (home, state) = home(place.path());
    commit_whole(&state, 0);
    state.database().engine.flush_cf(state.database().tables()).unwrap();
    // A file that cannot be linked, because somebody took it away.
    let db = place.path().join("state/db");
    let sorted = std::fs::read_dir(&db).unwrap().flatten().map(|entry| entry.path());
    let sorted = sorted.filter(|path| path.extension().is_some_and(|extension| extension == "sst")).collect::<Vec<_>>();
    assert!(!sorted.is_empty());
    for path in &sorted {
        std::fs::rename(path, path.with_extension("away")).unwrap();
    }
    let error = home.branch(&state, MEMORY).err().expect("a part of it cannot be had");
    assert!(error.to_string().contains("No such file"), "{error}");
    assert_eq!(states(place.path()), ["state"]);
    for path in &sorted {
        std::fs::rename(path.with_extension("away"), path).unwrap();
    }
    commit_whole(&state, 0);
    let branch = home.branch(&state, MEMORY).unwrap();
    assert_eq!((assert_whole(&state), assert_whole(&branch)), (2, 2));
}

#[test]
fn a_branch_has_the_id_of_its_life_also_where_a_machine_was_cut_off() {
    let place = tempfile::tempdir().unwrap();
    let (first_home, state) = home(place.path());
    commit_whole(&state, 0);
    let first = state.id().to_string();
    drop((first_home, state));
    let life = |state: &str| place.path().join(state).join("LIFE");
    let cut_off = |state: &str| {
        let record = std::fs::read_to_string(life(state)).unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
        record["boot"] = "of another machine".into();
        std::fs::write(life(state), record.to_string()).unwrap();
    };
    cut_off("state");
    let (second_home, state) = home(place.path());
    let second = state.id().to_string();
    assert_ne!(first, second);
    let branch = second_home.branch(&state, MEMORY).unwrap();
    assert_eq!(branch.id(), second);
    second_home.make_current(&branch).unwrap();
    drop((second_home, state, branch));
    let (third_home, state) = home(place.path());
    assert_eq!(state.id(), second, "a killed process loses nothing");
    drop((third_home, state));
    cut_off("state-2");
    let (_, state) = home(place.path());
    assert!(state.id() != second && state.id() != first, "what was not flushed is lost in a branch too");
}

#[test]
fn numbers_may_be_left_out_and_every_family_knows() {
    let place = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(4);
    let (mut step, mut count) = (0, 0);
    for round in 0..12 {
        let state = open(place.path());
        assert_eq!(state.checkpoint().unwrap().step, step);
        for _ in 0..random.random_range(1..20) {
            let step_min = match random.random_range(0..4) {
                0 => step + random.random_range(1..1000),
                1 => random.random_range(0..=step),
                _ => 0,
            };
            let checkpoint = commit_whole(&state, step_min);
            (step, count) = (step_min.max(step + 1), count + 1);
            assert_eq!(checkpoint, Checkpoint { step, positions: at(count) });
        }
        assert_eq!(state.begin().step(), step + 1);
        let database = state.database();
        for family in [database.meta(), database.tables(), database.changelog()] {
            match round % 3 {
                0 => {}
                1 => database.engine.flush_cf(family).unwrap(),
                _ => database.engine.compact_range_cf(family, None::<&[u8]>, None::<&[u8]>),
            }
        }
        if round % 2 == 0 {
            state.flush().unwrap();
        }
        assert_eq!(assert_whole(&state), count);
        assert_eq!(chunks(&state, 0).unwrap(), (1..=count).collect::<Vec<_>>());
    }
    assert!(step > 1000 && count < step);
}

#[test]
fn a_family_that_misses_a_commit_which_left_numbers_out_is_damaged() {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    commit_whole(&state, 0);
    let checkpoint = commit_whole(&state, 700);
    for by in [1, 699] {
        let database = state.database();
        let written = (checkpoint.step - by).to_be_bytes();
        database.engine.put_cf(database.tables(), crate::state::database::STEP_COUNT, written).unwrap();
        let copy = place.path().join("copy");
        state.copy_to_new(&copy);
        let error = State::open(&copy, MEMORY).err().expect("a commit is missing");
        assert!(error.to_string().contains("a part of what was committed is missing"), "{error}");
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

impl State {
    fn copy_to_new(&self, path: &Path) {
        std::fs::create_dir(path).unwrap();
        self.copy_to(path).unwrap();
    }
}

/// A changelog of steps 1 to `steps` begins again at `floor` with a step of at least `step_min`.
fn restarted(steps: u64, (floor, step_min): (u64, u64)) -> (tempfile::TempDir, Arc<State>, u64) {
    let place = tempfile::tempdir().unwrap();
    let state = open(place.path());
    for step in 1..=steps {
        let mut tx = state.begin();
        for table in [TABLE, TableId(TABLE.0 + 1)] {
            tx.append_changelog(table, &[RowChange { old: None, new: Some(card(step as i64, "n", 1)) }]);
        }
        tx.commit(&at(step)).unwrap();
    }
    let mut tx = write_whole(state.begin(), steps + 1);
    tx.restart_changelog(TABLE, floor);
    let step = tx.commit_from(step_min, &at(steps + 1)).unwrap().step;
    (place, state, step)
}

#[test]
fn a_changelog_begins_again_for_followers_at_its_new_floor() {
    // Old state's step, branch's step: either may be ahead; many chunks are deleted otherwise than few.
    for (old, steps) in [(30, 10), (10, 30), (10, 10), (2, 1500), (2000, 1500)] {
        let (_place, state, step) = restarted(steps, (old, old + 1));
        assert_eq!(step, old.max(steps) + 1);
        commit_whole(&state, 0);
        let both = [steps + 1, steps + 2];
        assert_eq!(chunks(&state, old).unwrap(), both, "a follower at the floor goes on");
        assert_eq!(chunks(&state, step - 1).unwrap(), both, "nothing is between");
        assert_eq!(chunks(&state, step).unwrap(), both[1..]);
        assert_eq!(state.read(|reader| reader.changelog_floor("cards")).unwrap(), old);
        for below in [0, old - 1] {
            let error = chunks(&state, below).expect_err("it must start from the rows");
            assert!(matches!(error, StateError::ChangelogTrimmed { floor, .. } if floor == old), "{error}");
        }
        let other = RegisteredView { table: TableId(TABLE.0 + 1), ..view() };
        state.register_views(vec![other]);
        let kept = state.read(|reader| reader.changelog(&"cards".into(), 0, usize::MAX)).unwrap();
        assert_eq!(kept.len() as u64, steps, "another changelog is not touched");
    }
}

#[test]
fn a_changelog_that_began_again_is_trimmed_from_there() {
    let (_place, state, step) = restarted(30, (10, 0));
    assert_eq!(step, 31);
    (0..4).for_each(|_| drop(commit_whole(&state, 0)));
    let mut tx = state.begin();
    tx.trim_changelog(TABLE, 33);
    tx.commit(&at(40)).unwrap();
    state.register_views(vec![view()]);
    assert_eq!(state.read(|reader| reader.changelog_floor("cards")).unwrap(), 33);
    assert_eq!(chunks(&state, 33).unwrap(), [34, 35]);
    // Both in one step: what is forgotten is what either says.
    let mut tx = write_whole(state.begin(), 41);
    tx.trim_changelog(TABLE, u64::MAX);
    tx.restart_changelog(TABLE, 5);
    let step = tx.commit(&at(41)).unwrap().step;
    assert_eq!(state.read(|reader| reader.changelog_floor("cards")).unwrap(), step);
    assert!(chunks(&state, step).unwrap().is_empty());
    assert!(chunks(&state, step - 1).is_err());
}

/// Reads and writes many rows.
fn fill(state: &State, random: &mut StdRng) {
    for _ in 0..20 {
        let mut tx = state.begin();
        for _ in 0..2_000 {
            let key = random.random::<u64>().to_be_bytes().to_vec();
            tx.get(TABLE, &key, Version::Old).unwrap();
            tx.put(TABLE, key, vec![7; 400]);
        }
        tx.commit(&at(1)).unwrap();
    }
}

#[test]
fn a_branch_begins_with_little_memory_and_is_given_more_while_a_step_is_under_way() {
    let place = tempfile::tempdir().unwrap();
    let whole = 16 * MEMORY;
    let (home, state) = StateHome::open(place.path(), whole).unwrap();
    commit_whole(&state, 0);
    let branch = home.branch(&state, MEMORY).unwrap();
    let mut random = StdRng::seed_from_u64(3);
    let rows_max = |bytes: usize| crate::state::database::MemoryBudget::divide(bytes).rows as u64;
    let within = |memory: usize| {
        let usage = branch.usage();
        assert!(usage.row_cache_bytes <= rows_max(memory), "{usage:?}");
        assert!(usage.memtable_bytes <= (memory / 2) as u64, "{usage:?}");
        usage
    };
    branch.begin().get(TABLE, b"", Version::Old).unwrap();
    fill(&branch, &mut random);
    assert!(within(MEMORY).row_cache_bytes > rows_max(MEMORY) / 2);
    let tx = branch.begin();
    std::thread::scope(|threads| threads.spawn(|| branch.set_memory(whole)).join().unwrap()).unwrap();
    drop(tx);
    fill(&branch, &mut random);
    let usage = within(whole);
    assert!(usage.row_cache_bytes > 2 * rows_max(MEMORY), "{usage:?}");
    assert!(usage.memtable_bytes > (MEMORY / 2) as u64, "{usage:?}");
    branch.set_memory(MEMORY).unwrap();
    fill(&branch, &mut random);
    within(MEMORY);
}
