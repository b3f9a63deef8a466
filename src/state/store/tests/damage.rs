//! Files that are not what was written: after a power cut the state is of one step, not before what was flushed; whatever else is
//! wrong is an error that says where, and never another answer.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::*;

/// Keys that steps write in turn.
const KEYS: u64 = 20;

fn key(number: u64) -> Vec<u8> {
    format!("key {:03}", number % KEYS).into_bytes()
}

fn value(step: u64, length: usize) -> Vec<u8> {
    format!("{step} ").repeat(length / 3).into_bytes()
}

/// Commits steps up to `last`; each writes one key and one change of it, and forgets the changes of long before.
fn steps(state: &State, last: u64, length: usize) {
    for step in state.checkpoint().unwrap().step + 1..=last {
        let mut tx = state.begin();
        tx.put(TABLE, key(step), value(step, length));
        let row = Row::from(vec![Value::Int(step as i64)]);
        tx.append_changelog(TABLE, &[RowChange { old: None, new: Some(row) }]);
        tx.commit(&at(step)).unwrap();
    }
}

/// Whether all rows are those of the state's own step.
fn read(state: &State, length: usize) -> Result<u64, StateError> {
    let reached = state.checkpoint()?;
    assert_eq!(reached.positions, if reached.step == 0 { Positions::default() } else { at(reached.step) });
    let (mut found, tx) = (BTreeMap::new(), state.begin());
    tx.scan(TABLE, &[], Version::Old, &mut |key, row| {
        found.insert(key.to_vec(), row.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    let wanted = (1..=reached.step).map(|step| (key(step), value(step, length))).collect::<BTreeMap<_, _>>();
    assert!(found == wanted, "rows of another step than {}", reached.step);
    for (key, row) in &wanted {
        assert_eq!(tx.get(TABLE, key, Version::Old)?.as_deref(), Some(row.as_slice()));
    }
    Ok(reached.step)
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// Files of the database whose names begin or end so, in order.
fn files(directory: &Path, part: &str) -> Vec<PathBuf> {
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(part) || name.ends_with(part)
    };
    let mut found: Vec<_> = fs::read_dir(directory.join("db")).unwrap().flatten().map(|entry| entry.path()).collect();
    found.retain(named);
    found.sort();
    found
}

/// What a disk may do to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Cut,
    Flip,
    Zero,
    Gone,
}

impl Damage {
    fn does(self, path: &Path, place: u64) {
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len();
        match self {
            Self::Cut => file.set_len(place).unwrap(),
            Self::Zero => file.write_all_at(&[0; 64][..64.min((length - place) as usize)], place).unwrap(),
            Self::Flip => {
                let mut byte = [0];
                file.read_exact_at(&mut byte, place).unwrap();
                file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
            }
            Self::Gone => fs::remove_file(path).unwrap(),
        }
    }
}

/// Opens a copy with one file damaged, and reads all of it.
fn opened(from: &Path, (file, damage, place): (&Path, Damage, u64), length: usize) -> Result<u64, StateError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("copy");
    copy(from, &path);
    damage.does(&path.join("db").join(file.file_name().unwrap()), place);
    let state = State::open(&path, MEMORY)?;
    let step = read(&state, length)?;
    steps(&state, step + 3, length);
    read(&state, length)?;
    Ok(step)
}

#[test]
fn a_power_cut_takes_at_most_what_was_not_flushed_and_a_hole_in_what_was_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("state");
    let state = open(&path);
    steps(&state, 40, 100);
    state.flush().unwrap();
    let log = files(&path, ".log").pop().unwrap();
    let flushed = fs::metadata(&log).unwrap().len();
    steps(&state, 60, 100);
    let whole = fs::metadata(&log).unwrap().len();
    assert!(whole > flushed && flushed > 0);
    let mut random = StdRng::seed_from_u64(1);
    let mut seen = std::collections::BTreeSet::new();
    for damage in [Damage::Cut, Damage::Flip, Damage::Zero] {
        for _ in 0..8 {
            let place = random.random_range(flushed..whole);
            let step = opened(&path, (&log, damage, place), 100).unwrap_or_else(|error| panic!("{damage:?}: {error}"));
            assert!((40..=60).contains(&step), "{damage:?} at {place}: step {step}");
            seen.insert(step);
        }
        for _ in 0..8 {
            let place = random.random_range(0..flushed);
            let error = opened(&path, (&log, damage, place), 100).expect_err("flushed steps are missing");
            assert!(matches!(error, StateError::Damaged { .. }), "{damage:?} at {place}: {error}");
            assert!(error.to_string().contains("step 40 was on the disk"), "{error}");
        }
    }
    assert!(seen.len() > 3, "the cuts were at different steps: {seen:?}");
}

#[test]
fn no_damaged_file_leads_to_another_answer_and_errors_name_the_place() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("state");
    // Long enough for several files of each family.
    let length = 20_000;
    for last in [150, 300, 420] {
        let state = open(&path);
        steps(&state, last, length);
        state.flush().unwrap();
    }
    let mut random = StdRng::seed_from_u64(2);
    for (part, damages, every) in [
        (".sst", &[Damage::Cut, Damage::Flip, Damage::Zero, Damage::Gone][..], false),
        ("MANIFEST", &[Damage::Cut, Damage::Flip, Damage::Zero, Damage::Gone], false),
        ("CURRENT", &[Damage::Cut, Damage::Flip, Damage::Gone], true),
        (".log", &[Damage::Gone], false),
    ] {
        let (mut errors, mut harmless) = (0, 0);
        for file in files(&path, part) {
            let size = fs::metadata(&file).unwrap().len();
            for damage in damages.iter().flat_map(|damage| [damage; 2]) {
                let place = random.random_range(0..size.max(1));
                match opened(&path, (&file, *damage, place), length) {
                    Ok(420) => harmless += 1,
                    Ok(step) => panic!("{damage:?} of {file:?} at {place}: step {step} of 420 flushed ones"),
                    Err(StateError::Damaged { place }) => {
                        assert!(place.contains("db"), "{place}");
                        errors += 1;
                    }
                    Err(other) => panic!("{damage:?} of {file:?} at {place}: {other}"),
                }
            }
        }
        eprintln!("{part}: {errors} seen, {harmless} harmless");
        assert!(errors > 0 && (!every || harmless == 0), "{part}: {errors} seen, {harmless} harmless");
    }
}
