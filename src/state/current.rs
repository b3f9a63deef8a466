//! Names of states that lie beside each other, and the file that says which of them is the current one.
//!
//! The first is `state`; a branch is `state-2` or a greater number, one that no other has. The file is there from the first time that a
//! branch was made current: until then it is the first. It carries a checksum, since a name that is nearly right may be that of another.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use smol_str::{SmolStr, format_smolstr};
use xxhash_rust::xxh3::xxh3_64;

use super::StateError;
use super::directory::{failed, write_whole};

/// The file.
pub(super) const FILE: &str = "STATE";
/// The first state.
pub(super) const FIRST: &str = "state";

/// The name of the state with this number, from 1.
pub(super) fn name(number: u32) -> SmolStr {
    match number {
        1 => FIRST.into(),
        number => format_smolstr!("{FIRST}-{number}"),
    }
}

/// The number of the state of this name; `None` for everything that is not a state.
pub(super) fn number(text: &str) -> Option<u32> {
    let number = match text.strip_prefix(FIRST)? {
        "" => 1,
        rest => rest.strip_prefix('-')?.parse().ok()?,
    };
    (number > 0 && name(number) == text).then_some(number)
}

/// Which state the file names; `None` without a file.
pub(super) fn read(home: &Path) -> Result<Option<SmolStr>, StateError> {
    let bytes = match fs::read(home.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(home, &error)),
    };
    let text = std::str::from_utf8(&bytes).ok();
    let named = text.and_then(|text| text.split_once(' ')).map(|(name, _)| name).filter(|name| number(name).is_some());
    match named {
        Some(name) if line(name).as_bytes() == bytes => Ok(Some(name.into())),
        _ => Err(StateError::damaged(format!("{}: it names no state", home.join(FILE).display()))),
    }
}

/// Names another; it survives a power cut when this returns.
pub(super) fn write(home: &Path, name: &str) -> io::Result<()> {
    write_whole(home, FILE, &line(name))
}

fn line(name: &str) -> String {
    format!("{name} {:016x}\n", xxh3_64(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_give_are_states() {
        for number_of in [1, 2, 3, 10, u32::MAX] {
            assert_eq!(number(&name(number_of)), Some(number_of));
        }
        for other in
            ["", "states", "state-", "state-1", "state-0", "state-02", "state-2.tmp", "state-2x", "search", "State"]
        {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn a_file_of_which_any_byte_is_another_or_missing_names_nothing() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(read(place.path()).unwrap(), None);
        for number in [1, 2, 3, 10] {
            write(place.path(), &name(number)).unwrap();
            assert_eq!(read(place.path()).unwrap(), Some(name(number)));
            let whole = fs::read(place.path().join(FILE)).unwrap();
            let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
            let flipped = (0..whole.len() * 8).map(|bit| {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                bytes
            });
            for bytes in cut.chain(flipped) {
                fs::write(place.path().join(FILE), &bytes).unwrap();
                let error = read(place.path()).expect_err("it is damaged");
                assert!(error.to_string().contains("STATE"), "{error}");
                assert!(matches!(error, StateError::Damaged { .. }), "{error}");
            }
        }
    }
}
