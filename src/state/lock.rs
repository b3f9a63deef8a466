//! The lock on a directory: one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::StateError;
use super::directory::{failed, name};

const FILE: &str = "LOCK";

/// A locked directory; unlocked when dropped or when the process ends.
pub(super) struct Lock(File);

impl Lock {
    /// Locks the directory, which is there, or says that somebody has it.
    pub(super) fn take(directory: &Path) -> Result<Self, StateError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join(FILE));
        let file = file.map_err(|error| failed(directory, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse { directory: name(directory) }),
            Err(TryLockError::Error(error)) => Err(failed(directory, &error)),
        }
    }
}

impl Drop for Lock {
    /// Closing alone is not enough: a process that is just being forked holds the file too, until it runs its program.
    fn drop(&mut self) {
        // Nobody is left to act on an error; the end of the process unlocks in any case.
        let _ = self.0.unlock();
    }
}
