//! States beside each other: which one a start finds, what it removes, and when a state that was given up goes.

use std::fs;

use super::*;
use crate::state::{StateHome, current};

pub(super) fn home(path: &Path) -> (Arc<StateHome>, Arc<State>) {
    StateHome::open(path, MEMORY).unwrap()
}

/// Directories of states.
pub(super) fn states(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names = names.filter(|name| name.starts_with("state") && path.join(name).is_dir()).collect::<Vec<_>>();
    names.sort();
    names
}

/// Commits `steps` in the branch, and makes it current.
fn take_over(home: &Arc<StateHome>, state: &State, steps: u64) -> Arc<State> {
    let branch = home.branch(state, MEMORY).unwrap();
    (0..steps).for_each(|_| drop(commit_whole(&branch, 0)));
    home.make_current(&branch).unwrap();
    state.doom();
    branch
}

#[test]
fn the_old_state_goes_with_its_last_reader_and_the_new_one_is_found_again() {
    let place = tempfile::tempdir().unwrap();
    let (first_home, state) = home(place.path());
    (0..5).for_each(|_| drop(commit_whole(&state, 0)));
    let branch = take_over(&first_home, &state, 3);
    let reader = state.clone();
    drop(state);
    assert_eq!(states(place.path()), ["state", "state-2"]);
    assert_eq!(assert_whole(&reader), 5);
    drop(reader);
    assert_eq!(states(place.path()), ["state-2"]);
    assert_eq!(assert_whole(&branch), 8);
    drop(first_home);
    assert!(matches!(StateHome::open(place.path(), MEMORY), Err(StateError::InUse { .. })), "a state of it is open");
    drop(branch);
    let (second_home, state) = home(place.path());
    assert_eq!(assert_whole(&state), 8);
    let branch = take_over(&second_home, &state, 1);
    drop(state);
    assert_eq!(states(place.path()), ["state-3"]);
    assert_eq!(assert_whole(&branch), 9);
}

#[test]
fn a_branch_that_is_given_up_goes_and_the_current_state_does_not() {
    let place = tempfile::tempdir().unwrap();
    let (first_home, state) = home(place.path());
    commit_whole(&state, 0);
    let branches = [(); 2].map(|()| first_home.branch(&state, MEMORY).unwrap());
    assert_eq!(states(place.path()), ["state", "state-2", "state-3"]);
    branches[0].doom();
    drop(branches);
    assert_eq!(states(place.path()), ["state", "state-3"], "one was given up");
    state.doom();
    drop((first_home, state));
    assert_eq!(states(place.path()), ["state", "state-3"], "the next start needs it");
    let (_, state) = home(place.path());
    assert_eq!(assert_whole(&state), 1);
    assert_eq!(states(place.path()), ["state"]);
}

#[test]
fn a_second_home_in_one_directory_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (_home, _state) = home(place.path());
    let error = StateHome::open(place.path(), MEMORY).err().unwrap();
    assert!(matches!(error, StateError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(place.path().to_str().unwrap()), "{error}");
}

/// A directory with `state` of count 5 and, whole or not, `state-2` of count 8.
fn both(path: &Path) {
    let (home, state) = home(path);
    (0..5).for_each(|_| drop(commit_whole(&state, 0)));
    let branch = home.branch(&state, MEMORY).unwrap();
    (0..3).for_each(|_| drop(commit_whole(&branch, 0)));
    branch.flush().unwrap();
}

#[test]
fn a_start_finds_the_old_state_or_the_new_one_wherever_a_change_was_interrupted() {
    type Interrupt = fn(&Path);
    let interrupts: [(&str, Interrupt, u64); 7] = [
        (
            "the directory is made",
            |path| {
                fs::remove_dir_all(path.join("state-2")).unwrap();
                fs::create_dir(path.join("state-2")).unwrap();
            },
            5,
        ),
        (
            "files are being linked",
            |path| {
                fs::rename(path.join("state-2/db"), path.join("state-2/db.tmp")).unwrap();
                fs::remove_file(path.join("state-2/db.tmp/CURRENT")).unwrap();
            },
            5,
        ),
        ("it is filled", |_| {}, 5),
        ("its name is written", |path| fs::write(path.join("STATE.unfinished"), "state-2 6").unwrap(), 5),
        ("it is named", |path| current::write(path, "state-2").unwrap(), 8),
        (
            "the old one is going",
            |path| {
                current::write(path, "state-2").unwrap();
                fs::remove_file(path.join("state/FORMAT")).unwrap();
                fs::remove_file(path.join("state/db/CURRENT")).unwrap();
            },
            8,
        ),
        (
            "the old one is gone",
            |path| {
                current::write(path, "state-2").unwrap();
                fs::remove_dir_all(path.join("state")).unwrap();
            },
            8,
        ),
    ];
    for (name, interrupt, expected) in interrupts {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        for other in ["search/state-2", "spill", "states", "state-backup", "state-2.old"] {
            fs::create_dir_all(path.join(other)).unwrap();
        }
        for other in ["state-7", "refill.json", "state-2.old/file"] {
            fs::write(path.join(other), "kept").unwrap();
        }
        both(path);
        interrupt(path);
        for start in 0..2 {
            let (_home, state) = home(path);
            assert_eq!(assert_whole(&state), expected, "{name}, start {start}");
            let own = if expected == 5 { "state" } else { "state-2" };
            assert_eq!(states(path), [own, "state-2.old", "state-backup", "states"], "{name}, start {start}");
        }
        for other in ["search/state-2", "spill", "state-7", "refill.json", "state-2.old/file"] {
            assert!(path.join(other).exists(), "{name}: {other} is not a state");
        }
    }
}

#[test]
fn a_power_cut_after_a_change_takes_nothing_of_the_branch_that_took_over() {
    let place = tempfile::tempdir().unwrap();
    let (first_home, state) = home(place.path());
    commit_whole(&state, 0);
    let branch = take_over(&first_home, &state, 3);
    let newest_log = || {
        let entries = fs::read_dir(place.path().join("state-2/db")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap()
    };
    let log = newest_log();
    let at_the_change = fs::metadata(&log).unwrap().len();
    (0..5).for_each(|_| drop(commit_whole(&branch, 0)));
    assert!(newest_log() == log && fs::metadata(&log).unwrap().len() > at_the_change);
    drop((first_home, state, branch));
    let cut = |length: u64| {
        let copy = tempfile::tempdir().unwrap();
        let path = copy.path().join("copy");
        damage::copy(place.path(), &path);
        let log = path.join("state-2/db").join(log.file_name().unwrap());
        fs::OpenOptions::new().write(true).open(log).unwrap().set_len(length).unwrap();
        StateHome::open(&path, MEMORY).map(|(_, state)| assert_whole(&state))
    };
    assert_eq!(cut(at_the_change).unwrap(), 4);
    let error = cut(at_the_change - 1).expect_err("a step of it is missing");
    assert!(error.to_string().contains("step 4 was on the disk"), "{error}");
}

#[test]
fn a_home_that_lost_its_name_or_what_it_names_is_damaged_and_nothing_is_removed() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 6] = [
        ("STATE", |path| fs::write(path.join("STATE"), "").unwrap()),
        ("STATE", |path| fs::write(path.join("STATE"), "state-2").unwrap()),
        ("STATE", |path| {
            fs::remove_file(path.join("STATE")).unwrap();
            fs::remove_dir_all(path.join("state")).unwrap();
        }),
        ("state-2", |path| fs::remove_dir_all(path.join("state-2")).unwrap()),
        ("state-2", |path| fs::remove_dir_all(path.join("state-2/db")).unwrap()),
        ("state-2", |path| fs::remove_file(path.join("state-2/db/CURRENT")).unwrap()),
    ];
    for (place_named, damage) in damages {
        let place = tempfile::tempdir().unwrap();
        both(place.path());
        current::write(place.path(), "state-2").unwrap();
        damage(place.path());
        let before = states(place.path());
        for _ in 0..2 {
            let error = StateHome::open(place.path(), MEMORY).err().expect("it is damaged");
            assert!(matches!(error, StateError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains(place_named), "{error}");
            assert!(error.hint().is_some());
        }
        assert_eq!(states(place.path()), before);
    }
}

#[test]
fn a_name_that_cannot_be_written_leaves_the_old_state_current() {
    let place = tempfile::tempdir().unwrap();
    let (first_home, state) = home(place.path());
    commit_whole(&state, 0);
    let branch = first_home.branch(&state, MEMORY).unwrap();
    fs::create_dir(place.path().join("STATE.unfinished")).unwrap();
    assert!(matches!(first_home.make_current(&branch), Err(StateError::Directory { .. })));
    branch.doom();
    drop(branch);
    assert_eq!(states(place.path()), ["state"]);
    fs::remove_dir(place.path().join("STATE.unfinished")).unwrap();
    commit_whole(&state, 0);
    let branch = take_over(&first_home, &state, 1);
    drop((first_home, state, branch));
    assert_eq!(assert_whole(&home(place.path()).1), 3);
}

#[test]
fn where_it_cannot_be_said_which_state_is_current_none_is_removed() {
    let place = tempfile::tempdir().unwrap();
    let (home, state) = home(place.path());
    commit_whole(&state, 0);
    let branch = home.branch(&state, MEMORY).unwrap();
    fs::create_dir(place.path().join("STATE")).unwrap();
    home.make_current(&branch).unwrap_err();
    branch.doom();
    state.doom();
    drop((home, state, branch));
    assert_eq!(states(place.path()), ["state", "state-2"]);
    assert!(StateHome::open(place.path(), MEMORY).is_err());
    assert_eq!(states(place.path()), ["state", "state-2"]);
}

/// Not a test by itself: the process that `a_process_that_is_killed_between_states_leaves_one_of_them` kills.
#[test]
fn a_child_takes_over_again_and_again_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let (home, mut state) = home(Path::new(&directory));
    loop {
        let branch = home.branch(&state, MEMORY).unwrap();
        // The old one goes on, the branch catches up under numbers of its own.
        for _ in 0..4 {
            commit_whole(&state, 0);
            mark();
        }
        for _ in 0..3 {
            let reached = branch.checkpoint().unwrap().step;
            commit_whole(&branch, reached + 3);
        }
        let old = state.checkpoint().unwrap().step;
        let tx = branch.begin();
        let count = count(&tx.checkpoint()) + 1;
        let mut tx = write_whole(tx, count);
        tx.restart_changelog(TABLE, old);
        tx.commit_from(old + 1, &at(count)).unwrap();
        home.make_current(&branch).unwrap();
        state.doom();
        state = branch;
        commit_whole(&state, 0);
        mark();
    }
}

#[test]
fn a_process_that_is_killed_between_states_leaves_one_of_them() {
    let place = tempfile::tempdir().unwrap();
    let (mut before, mut names) = (0, std::collections::BTreeSet::new());
    let child = "state::store::tests::home::a_child_takes_over_again_and_again_until_it_is_killed";
    {
        let (_home, state) = home(place.path());
        before += assert_whole_after(&state);
    }
    for round in 0..12 {
        let announced = 11 + 3 * round;
        kill_child(child, place.path(), announced);
        let (_home, state) = home(place.path());
        let count = assert_whole(&state);
        assert!(count >= before + announced as u64, "round {round}: {announced} after {before}, found {count}");
        assert!(count <= state.checkpoint().unwrap().step);
        assert_eq!(states(place.path()).len(), 1);
        names.extend(states(place.path()));
        before = count;
    }
    assert!(names.len() > 3, "{names:?}");
}

/// Commits one, so that there is something to look at.
fn assert_whole_after(state: &State) -> u64 {
    commit_whole(state, 0);
    assert_whole(state)
}
