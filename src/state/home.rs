//! Where states lie beside each other: the current one, and branches of it that may take over.
//!
//! ```text
//! state_dir/LOCK      held by the process that has any of them open
//! state_dir/STATE     which one is current: see `current`; until a branch has taken over there is none
//! state_dir/state/    the first one: see `directory`
//! state_dir/state-2/  a branch
//! ```
//!
//! A branch counts from the moment that `STATE` names it, which is one rename: before it a start finds the old state, after it the
//! branch, each whole. Whatever is not current then is a leftover, and removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use smol_str::SmolStr;
use tracing::{error, info, warn};

use super::current::{self, FIRST};
use super::database::MemoryBudget;
use super::directory::{DATABASE, Directory, failed};
use super::lock::Lock;
use super::{State, StateError};

/// A directory of states, locked for this process until it and all its states are dropped.
pub struct StateHome {
    path: PathBuf,
    /// What the current state has.
    memory_bytes: usize,
    /// What the next start may take for the current state: one, but for a disk that fails in the midst of a change.
    current: Mutex<Vec<SmolStr>>,
    _lock: Lock,
}

impl StateHome {
    /// Opens or makes the directory, and its current state with all of `memory_bytes`; removes what an interrupted change left.
    pub fn open(path: &Path, memory_bytes: usize) -> Result<(Arc<Self>, Arc<State>), StateError> {
        fs::create_dir_all(path).map_err(|error| failed(path, &error))?;
        let lock = Lock::take(path)?;
        let states = states(path).map_err(|error| failed(path, &error))?;
        let current = choose(path, &states)?;
        // Before anything is written: they may be what fills the disk.
        states.iter().filter(|state| **state != current).for_each(|leftover| remove(&path.join(leftover)));
        let names = Mutex::new(vec![current.clone()]);
        let home = Arc::new(Self { path: path.into(), memory_bytes, current: names, _lock: lock });
        let directory = Directory::open(&path.join(current), Some(home.clone()))?;
        let state = State::open_in(directory, MemoryBudget::divide(memory_bytes))?;
        Ok((home, state))
    }

    /// Makes a branch of `state` beside it: the newest commit, or one that comes meanwhile, under the same [`State::id`], without views.
    /// It begins with `memory_bytes`; [`State::set_memory`] may give it up to what the home was opened with.
    ///
    /// `state` goes on, also during the call, from any thread. A branch that is not made current is to be given up by [`State::doom`].
    pub fn branch(self: &Arc<Self>, state: &State, memory_bytes: usize) -> Result<Arc<State>, StateError> {
        let path = self.make_place().map_err(|error| failed(&self.path, &error))?;
        let budget = MemoryBudget::divide_for_now(memory_bytes, self.memory_bytes);
        let copied = state.copy_to(&path);
        let branch = copied.and_then(|()| State::open_in(Directory::open(&path, Some(self.clone()))?, budget));
        if branch.is_err() {
            remove(&path);
        }
        branch
    }

    /// An empty directory under a name that nothing has.
    fn make_place(&self) -> io::Result<PathBuf> {
        let current = self.current.lock();
        let numbers = states(&self.path)?.into_iter().chain(current.iter().cloned());
        let greatest = numbers.filter_map(|name| current::number(&name)).max().unwrap_or(1);
        let path = self.path.join(current::name(greatest + 1).as_str());
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// From here on a start finds `branch`, with what is committed in it now, also after a power cut. The state before is to be given
    /// up by [`State::doom`]. After an error it is the current one as before.
    pub fn make_current(&self, branch: &State) -> Result<(), StateError> {
        let path = branch.directory().path();
        debug_assert_eq!(path.parent(), Some(self.path.as_path()));
        let next = self.name(path);
        branch.flush()?;
        branch.directory().sync().map_err(|error| branch.directory().failed(&error))?;
        // Its own name has to be there before the file that leads to it.
        File::open(&self.path).and_then(|home| home.sync_all()).map_err(|error| failed(&self.path, &error))?;
        let mut current = self.current.lock();
        let before = current.clone();
        current.push(next.clone());
        match current::write(&self.path, &next) {
            Ok(()) => *current = vec![next],
            Err(error) => {
                self.name_again(&before, &mut current);
                return Err(failed(&self.path, &error));
            }
        }
        info!(state = %self.path.join(current[0].as_str()).display(), "another state is current");
        Ok(())
    }

    /// After a write that failed: the name may have changed all the same.
    fn name_again(&self, before: &[SmolStr], current: &mut Vec<SmolStr>) {
        let named = current::read(&self.path);
        let is_as_before = match &named {
            Ok(None) => before == [FIRST],
            Ok(Some(named)) => before == [named.clone()],
            Err(_) => false,
        };
        if is_as_before {
            return *current = before.to_vec();
        }
        match before {
            [name] if current::write(&self.path, name).is_ok() => *current = before.to_vec(),
            _ => {
                error!(directory = %self.path.display(), ?named, "it cannot be said which state is current; all are kept")
            }
        }
    }

    /// Whether the next start may take the state in `path`.
    pub(super) fn may_be_current(&self, path: &Path) -> bool {
        self.current.lock().contains(&self.name(path))
    }

    fn name(&self, path: &Path) -> SmolStr {
        path.file_name().unwrap_or_default().to_string_lossy().into()
    }
}

/// Names of the states that are there.
fn states(home: &Path) -> io::Result<Vec<SmolStr>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        let name = SmolStr::from(entry.file_name().to_string_lossy());
        if current::number(&name).is_some() && entry.path().is_dir() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// The current state. One that was named, or lost its name, is never taken for one that is yet to be made.
fn choose(home: &Path, states: &[SmolStr]) -> Result<SmolStr, StateError> {
    let missing = |path: PathBuf, why: &str| Err(StateError::damaged(format!("{}: {why}", path.display())));
    match current::read(home)? {
        Some(name) if home.join(name.as_str()).join(DATABASE).join("CURRENT").exists() => Ok(name),
        Some(name) => missing(home.join(name.as_str()), "it is the current state, and its database is not there"),
        None if states.iter().any(|state| state == FIRST) || states.is_empty() => Ok(FIRST.into()),
        None => missing(home.join(current::FILE), "the file is missing, and so is the first state"),
    }
}

fn remove(path: &Path) {
    let directory = path.display();
    if path.is_symlink() {
        return warn!(%directory, "a state that is not current is a link, which is left to who made it");
    }
    match fs::remove_dir_all(path) {
        Ok(()) => info!(%directory, "removed a state that never became current, or no longer is"),
        Err(error) => warn!(%directory, %error, "a state that is not current could not be removed"),
    }
}

#[cfg(test)]
mod tests;
