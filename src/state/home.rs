//! States side by side: the one that counts, and a branch of it that may take its place.
//!
//! ```text
//! state_dir/HOME      held by the process that works here
//! state_dir/STATE     name of the directory that counts; `state` where there is none
//! state_dir/state     a state (see `directory`)
//! state_dir/state-2   a branch; goes at the next start unless STATE names it
//! ```
//!
//! Invariant: STATE names a whole state at every moment. A branch is whole and on the disk before it is named; what was named before goes
//! afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::info;

use super::directory::{failed, lock, write_whole};
use super::{State, StateError};
use crate::fail_point::{FailPoint, pass};

const LOCK: &str = "HOME";
const NAME: &str = "STATE";
/// The first state.
const FIRST: &str = "state";

/// The place of a daemon's states; locked until it is dropped.
pub struct StateHome {
    path: PathBuf,
    _lock: File,
}

impl StateHome {
    /// Opens the state that counts, or makes the first one, and removes what an interrupted take-over left. `memory_bytes` bounds all
    /// caches and write buffers together.
    pub fn open(path: &Path, memory_bytes: usize) -> Result<(Self, Arc<State>), StateError> {
        fs::create_dir_all(path).map_err(|error| failed(path, &error))?;
        let lock_file = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock_file = lock_file.map_err(|error| failed(path, &error))?;
        lock(&lock_file, path)?;
        let home = Self { path: path.into(), _lock: lock_file };
        let current = home.current()?;
        home.remove_others(&current).map_err(|error| failed(path, &error))?;
        let state = State::open(&path.join(current), memory_bytes)?;
        Ok((home, state))
    }

    /// Name of the directory that counts.
    fn current(&self) -> Result<String, StateError> {
        let file = self.path.join(NAME);
        let damaged = |what: &str| StateError::damaged(format!("{}: {what}", file.display()));
        let name = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FIRST.into()),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged("it names no state")),
            Err(error) => return Err(failed(&self.path, &error)),
            Ok(name) => name,
        };
        if number(&name).is_none() {
            return Err(damaged("it names no state"));
        }
        if !self.path.join(&name).join("db/CURRENT").exists() {
            return Err(damaged(&format!("it names \"{name}\", which is not there")));
        }
        Ok(name)
    }

    fn remove_others(&self, current: &str) -> io::Result<()> {
        for name in self.states()?.into_iter().filter(|name| name != current) {
            info!(directory = %self.path.join(&name).display(), "removing a state that does not count");
            fs::remove_dir_all(self.path.join(name))?;
        }
        Ok(())
    }

    /// Names of the states that are here.
    fn states(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().filter(|name| number(name).is_some());
            if let Some(name) = name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Makes a branch of `state` at its newest checkpoint and opens it. Both are of the same life, and go on apart.
    pub fn branch(&self, state: &State, memory_bytes: usize) -> Result<Arc<State>, StateError> {
        let failed = |error: io::Error| failed(&self.path, &error);
        let used = self.states().map_err(failed)?.iter().filter_map(|name| number(name)).max().unwrap_or(1);
        let path = self.path.join(format!("{FIRST}-{}", used + 1));
        let made = state.copy_to(&path).and_then(|()| State::open(&path, memory_bytes));
        if made.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_dir_all(&path);
        }
        let branch = made?;
        pass(FailPoint::Branched);
        Ok(branch)
    }

    /// The branch is what counts from now on, also after a power cut.
    pub fn make_current(&self, branch: &State) -> Result<(), StateError> {
        branch.flush()?;
        let name = branch.path().file_name().and_then(|name| name.to_str()).expect("a state has a name").to_owned();
        let failed = |error: io::Error| failed(&self.path, &error);
        for directory in [branch.path(), &self.path] {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        }
        pass(FailPoint::BeforeCurrent);
        write_whole(&self.path, NAME, &name).map_err(failed)?;
        pass(FailPoint::AfterCurrent);
        Ok(())
    }
}

/// Number of a state's directory; `None` when it is not one.
fn number(name: &str) -> Option<u64> {
    if name == FIRST {
        return Some(1);
    }
    let number = name.strip_prefix(FIRST)?.strip_prefix('-')?;
    number.parse().ok().filter(|parsed: &u64| *parsed > 1 && parsed.to_string() == number)
}
