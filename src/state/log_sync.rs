//! Brings RocksDB's log to the disk.
//!
//! The log's bytes are with the operating system after every commit; to sync its files needs nothing of RocksDB. Asked to do it itself while its disk is full, it takes the
//! file on which a write failed for lost and never writes again, also when there is room.
//!
//! A sync that fails is not tried again: the system has forgotten then what it could not write, and the next one would succeed all the same
//! (`fsync(2)`). What the log holds goes into sorted files then, which no longer need it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use parking_lot::Mutex;

use super::database::Database;
use super::{StateError, directory};

/// Syncs one at a time.
#[derive(Default)]
pub(super) struct LogSync {
    /// Whether a sync has failed, and what the log held then is not in sorted files yet.
    failed: Mutex<bool>,
}

impl LogSync {
    /// Everything committed before the call survives a power cut afterwards.
    pub(super) fn sync(&self, path: &Path, database: &Database) -> Result<(), StateError> {
        let mut failed = self.failed.lock();
        if *failed {
            database.flush()?;
            *failed = false;
            return Ok(());
        }
        sync_logs(path).map_err(|error| {
            *failed = true;
            directory::failed(path, &error)
        })
    }
}

/// Logs that go away meanwhile are in sorted files, which are synced before.
fn sync_logs(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let log = entry?.path();
        if log.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        match File::open(&log).and_then(|log| log.sync_all()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            synced => synced?,
        }
    }
    File::open(path)?.sync_all()
}
