//! What is kept comes back as it was, or not at all.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const MEMORY: usize = 1_000;

fn spill() -> (TempDir, Spill) {
    let directory = tempfile::tempdir().unwrap();
    let spill = Spill::open(directory.path(), MEMORY).unwrap();
    (directory, spill)
}

fn all(mut messages: KeptMessages) -> Result<Vec<Vec<u8>>, SpillError> {
    let mut found = Vec::new();
    while let Some(message) = messages.next()? {
        found.push(message.to_vec());
    }
    assert!(messages.next()?.is_none(), "the end stays the end");
    Ok(found)
}

fn files(directory: &TempDir) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn what_fits_into_memory_makes_no_file() {
    let (directory, mut spill) = spill();
    spill.push(7, &[1; 900]).unwrap();
    spill.push(8, &[2; 80]).unwrap();
    assert_eq!(files(&directory), [""; 0]);
    assert_eq!(all(spill.take(7)).unwrap(), [vec![1; 900]]);
    assert_eq!(spill.memory_bytes, 84);
    assert_eq!(all(spill.take(9)).unwrap(), [[0; 0]; 0], "nothing was kept of it");
}

#[test]
fn past_the_bound_the_longest_goes_to_its_file_and_all_comes_back_in_order() {
    let (directory, mut spill) = spill();
    let mut wanted = [Vec::new(), Vec::new()];
    for round in 0..100_u8 {
        for (which, length) in [(0, 90), (1, 10)] {
            let message = vec![round; length];
            spill.push(7 + which as u32, &message).unwrap();
            assert!(spill.memory_bytes <= MEMORY);
            wanted[which].push(message);
        }
    }
    assert_eq!(files(&directory), ["7.spill", "8.spill"]);
    assert!(fs::metadata(directory.path().join("7.spill")).unwrap().len() > 8_000);
    assert_eq!(all(spill.take(7)).unwrap(), wanted[0]);
    assert_eq!(all(spill.take(8)).unwrap(), wanted[1]);
    assert_eq!((spill.memory_bytes, files(&directory)), (0, Vec::new()));
}

#[test]
fn messages_of_any_length_come_back_from_several_blocks() {
    let (_directory, mut spill) = spill();
    let lengths = [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 1, 2, 0];
    for (index, length) in lengths.iter().enumerate() {
        spill.push(7, &vec![index as u8; *length]).unwrap();
    }
    let found: Vec<usize> = all(spill.take(7)).unwrap().iter().map(Vec::len).collect();
    assert_eq!(found, lengths);
}

#[test]
fn a_forgotten_transaction_leaves_neither_file_nor_memory() {
    let (directory, mut spill) = spill();
    for _ in 0..20 {
        spill.push(7, &[1; 100]).unwrap();
    }
    assert_eq!(files(&directory), ["7.spill"]);
    spill.remove(7);
    assert_eq!((files(&directory), spill.memory_bytes), (Vec::new(), 0));
}

#[test]
fn what_a_killed_run_left_is_removed_and_nothing_else() {
    let (directory, _) = spill();
    fs::write(directory.path().join("7.spill"), b"left").unwrap();
    fs::write(directory.path().join("notes.txt"), b"someone's").unwrap();
    Spill::open(directory.path(), MEMORY).unwrap();
    assert_eq!(files(&directory), ["notes.txt"]);
}

#[test]
fn a_full_disk_is_named_and_what_was_written_is_given_back() {
    let (directory, mut spill) = spill();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("7.spill")).unwrap();
    let error = (0..20).find_map(|_| spill.push(7, &[1; 100]).err()).expect("the disk is full");
    assert!(
        matches!(&error, SpillError::Full { source, .. } if source.kind() == io::ErrorKind::StorageFull),
        "{error}"
    );
    assert!(error.to_string().contains("7.spill") && error.hint().contains("make room"), "{error}");
    drop(spill);
    assert_eq!(files(&directory), [""; 0]);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let (directory, mut spill) = spill();
    for _ in 0..20 {
        spill.push(7, &[1; 100]).unwrap();
    }
    fs::remove_file(directory.path().join("7.spill")).unwrap();
    assert!(matches!(all(spill.take(7)), Err(SpillError::Read { .. })));
}

/// A spilled transaction of several blocks, and what it holds.
fn spilled() -> (TempDir, Spill, Vec<Vec<u8>>) {
    let (directory, mut spill) = spill();
    let messages: Vec<Vec<u8>> = (0..60).map(|index| vec![index; 50 + usize::from(index)]).collect();
    for message in &messages {
        spill.push(7, message).unwrap();
    }
    (directory, spill, messages)
}

#[test]
fn blocks_in_another_order_or_of_another_transaction_are_none_of_its_own() {
    let (directory, mut spill, _) = spilled();
    let path = directory.path().join("7.spill");
    let bytes = fs::read(&path).unwrap();
    let length = HEADER_BYTES + u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    let (first, rest) = bytes.split_at(length);
    let second = HEADER_BYTES + u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
    fs::write(&path, [&rest[..second], first, &rest[second..]].concat()).unwrap();
    assert!(matches!(all(spill.take(7)), Err(SpillError::Corrupt { block: 0, .. })));

    let (directory, mut spill, messages) = spilled();
    for message in &messages {
        spill.push(8, message).unwrap();
    }
    fs::copy(directory.path().join("7.spill"), directory.path().join("8.spill")).unwrap();
    assert!(matches!(all(spill.take(8)), Err(SpillError::Corrupt { block: 0, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_file_is_an_error_and_never_another_message(
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
        cut in any::<bool>(),
    ) {
        let (directory, mut spill, messages) = spilled();
        let path = directory.path().join("7.spill");
        let mut bytes = fs::read(&path).unwrap();
        let place = at.index(bytes.len());
        match cut {
            true => bytes.truncate(place),
            false => bytes[place] ^= flip,
        }
        fs::write(&path, bytes).unwrap();
        let (mut kept, mut seen) = (spill.take(7), 0);
        let error = loop {
            match kept.next() {
                Ok(Some(message)) => {
                    prop_assert_eq!(message, &messages[seen][..]);
                    seen += 1;
                }
                Ok(None) => return Err(TestCaseError::fail("the damage was not seen")),
                Err(error) => break error,
            }
        };
        prop_assert!(matches!(error, SpillError::Corrupt { .. }), "{}", error);
    }
}
