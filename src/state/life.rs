//! Whether steps may have been lost that others have seen already.
//!
//! A step is with the operating system before anyone hears of it, and on the disk some time later: a process that is killed
//! loses none, a machine that is cut off may lose the last ones. Sinks may hold these. The steps that follow take their numbers
//! again with other content, so a sink's cursor of before must not be believed: this life of the state has ended, and the next has
//! another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::directory::{new_id, write_whole};

/// The kernel's name for the time since it started.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const FILE: &str = "LIFE";

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record {
    /// Empty for the first life.
    name: SmolStr,
    /// The machine's boot in which it was opened last; empty where nobody tells.
    boot: String,
    /// Whether everything was on the disk when it was closed.
    clean: bool,
}

/// The life of an opened state directory.
pub(super) struct Life {
    directory: PathBuf,
    record: Record,
}

impl Life {
    /// Goes on with the life in `directory`, or begins a new one.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let boot = fs::read_to_string(BOOT).unwrap_or_default().trim().to_string();
        Self::open_in(directory, boot)
    }

    fn open_in(directory: &Path, boot: String) -> io::Result<Self> {
        let before = match fs::read_to_string(directory.join(FILE)) {
            Ok(text) => serde_json::from_str::<Record>(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Record { clean: true, ..Record::default() }),
            Err(error) => return Err(error),
        };
        let keeps_all = |before: &Record| before.clean || (!boot.is_empty() && before.boot == boot);
        let name = before.filter(keeps_all).map_or_else(new_id, |before| before.name);
        let life = Self { directory: directory.into(), record: Record { name, boot, clean: false } };
        life.store()?;
        Ok(life)
    }

    /// Its name; empty for the first.
    pub(super) fn name(&self) -> &SmolStr {
        &self.record.name
    }

    /// Everything is on the disk, and nothing more will be written.
    pub(super) fn close(&self) -> io::Result<()> {
        Self { directory: self.directory.clone(), record: Record { clean: true, ..self.record.clone() } }.store()
    }

    /// Goes on in another directory too, under the same name.
    pub(super) fn branch(&self, directory: &Path) -> io::Result<()> {
        // Nothing of it counts before all of it is on the disk, so there is nothing that a machine could lose.
        Self { directory: directory.into(), record: Record { clean: true, ..self.record.clone() } }.store()
    }

    fn store(&self) -> io::Result<()> {
        write_whole(&self.directory, FILE, &serde_json::to_string(&self.record)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(directory: &Path, boot: &str) -> SmolStr {
        Life::open_in(directory, boot.into()).unwrap().name().clone()
    }

    #[test]
    fn a_life_ends_with_its_machine_unless_it_was_closed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        assert_eq!(name(path, "one"), "");
        assert_eq!(name(path, "one"), "", "a killed process loses nothing");
        let second = name(path, "two");
        assert_ne!(second, "", "a machine that was cut off may have lost something");
        Life::open_in(path, "two".into()).unwrap().close().unwrap();
        assert_eq!(name(path, "three"), second, "closed, then restarted");
        assert_ne!(name(path, ""), second, "nobody tells");
        fs::write(path.join(FILE), "{").unwrap();
        assert_ne!(name(path, "three"), "");
    }
}
