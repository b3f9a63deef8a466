//! The directory of one state on disk: one process at a time, of one format, with an id that its branches share.
//!
//! ```text
//! state/LOCK     held by the process that has it open
//! state/FORMAT   format version and id, made once
//! state/LIFE     whether it lost steps with its machine: see `life`
//! state/DURABLE  the last step that was flushed: see `witness`
//! state/db/      RocksDB; db.new/ while it is made
//! state/runs/    sorted files on their way into it: see `run`
//! ```

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use tracing::{error, info};

use super::StateError;
use super::home::StateHome;
use super::lock::Lock;

/// Everything under the directory: key codec, row codec, column families, names of documents.
pub(super) const FORMAT: u32 = 5;
/// The oldest format that is read as it is, and becomes the newest with that: what came since is said by what is written itself. Format 4 has
/// no commit times in changelogs and no declared types of columns.
const FORMAT_READ_FROM: u32 = 4;

/// Where RocksDB lies in it.
pub(super) const DATABASE: &str = "db";

#[derive(Serialize, Deserialize)]
struct FormatFile {
    format: u32,
    id: SmolStr,
}

/// A locked directory.
pub(super) struct Directory {
    path: PathBuf,
    id: SmolStr,
    /// Nothing was ever committed: RocksDB is to be made.
    is_new: bool,
    /// It goes when this is dropped.
    is_doomed: AtomicBool,
    _lock: Lock,
    /// Where others lie beside it; the home stays locked until the last of them is closed.
    home: Option<Arc<StateHome>>,
}

impl Directory {
    /// Makes the directory if it is not there, locks it and checks that it is ours to read.
    pub(super) fn open(path: &Path, home: Option<Arc<StateHome>>) -> Result<Self, StateError> {
        let failed = |error: io::Error| failed(path, &error);
        fs::create_dir_all(path).map_err(failed)?;
        let lock = Lock::take(path)?;
        let is_new = !path.join("db/CURRENT").exists();
        let id = match fs::read_to_string(path.join("FORMAT")) {
            Ok(text) if is_new => {
                check_format(path, &text)?;
                refuse_remains(path)?;
                // RocksDB was never made, or is gone as a whole: in both cases this is another life.
                let id = new_id();
                write_format(path, &id).map_err(failed)?;
                id
            }
            Ok(text) => check_format(path, &text)?,
            Err(error) if error.kind() == ErrorKind::NotFound && !path.join("db").exists() => {
                let id = new_id();
                write_format(path, &id).map_err(failed)?;
                id
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { path: path.to_path_buf(), id, is_new, is_doomed: AtomicBool::new(false), _lock: lock, home })
    }

    /// Says in another directory that what it holds is a branch of this.
    pub(super) fn branch(&self, path: &Path) -> io::Result<()> {
        write_format(path, &self.id)
    }

    pub(super) fn id(&self) -> &SmolStr {
        &self.id
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether RocksDB is to be made: nothing was committed here.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where sorted files are made.
    pub(super) fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    /// Its files go when it is dropped.
    pub(super) fn doom(&self) {
        self.is_doomed.store(true, Ordering::Relaxed);
    }

    /// Makes what is in it be found after a power cut: names of files, whose content is synced where it is written.
    pub(super) fn sync(&self) -> io::Result<()> {
        [&self.database(), &self.path].into_iter().try_for_each(|path| File::open(path)?.sync_all())
    }

    /// An error of one of its files.
    pub(super) fn failed(&self, error: &io::Error) -> StateError {
        failed(&self.path, error)
    }

    /// Bytes of the files in the database's directory; files that go away meanwhile count nothing.
    pub(super) fn database_bytes(&self) -> u64 {
        let files = fs::read_dir(self.database()).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

impl Drop for Directory {
    /// Nobody is left to act on an error; what stays goes at the next start, if it is in a home.
    fn drop(&mut self) {
        if !self.is_doomed.load(Ordering::Relaxed) {
            return;
        }
        let directory = self.path.display();
        if self.home.as_ref().is_some_and(|home| home.may_be_current(&self.path)) {
            return error!(%directory, "a state was given up that the next start may need; it is kept");
        }
        match fs::remove_dir_all(&self.path) {
            Ok(()) => info!(%directory, "removed a state that is no longer used"),
            Err(error) => error!(%directory, %error, "a state that is no longer used could not be removed"),
        }
    }
}

/// An error of a file in the directory `path`.
pub(super) fn failed(path: &Path, error: &io::Error) -> StateError {
    match error.kind() {
        ErrorKind::StorageFull => StateError::Full { message: error.to_string() },
        _ => StateError::Directory { directory: name(path), message: error.to_string() },
    }
}

/// The directory as errors name it.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

fn check_format(path: &Path, text: &str) -> Result<SmolStr, StateError> {
    let file: FormatFile =
        serde_json::from_str(text).map_err(|_| StateError::damaged(path.join("FORMAT").display().to_string()))?;
    if !(FORMAT_READ_FROM..=FORMAT).contains(&file.format) {
        let found = file.format.to_string();
        return Err(StateError::Format { directory: name(path), found, supported: FORMAT });
    }
    if file.format != FORMAT {
        // Before anything is written that an older version would take for damage.
        write_format(path, &file.id).map_err(|error| failed(path, &error))?;
    }
    Ok(file.id)
}

/// A database whose first file is gone must not be taken for one that never was: RocksDB would make a new one of it.
fn refuse_remains(path: &Path) -> Result<(), StateError> {
    let files = fs::read_dir(path.join("db")).into_iter().flatten().flatten();
    let holds_rows = |file: &fs::DirEntry| {
        let name = file.file_name();
        Path::new(&name).extension().is_some_and(|extension| extension == "sst" || extension == "log")
    };
    match files.into_iter().find(holds_rows) {
        None => Ok(()),
        Some(_) => Err(StateError::damaged(format!("{}: the file is missing", path.join("db/CURRENT").display()))),
    }
}

fn write_format(path: &Path, id: &SmolStr) -> io::Result<()> {
    write_whole(path, "FORMAT", &serde_json::to_string(&FormatFile { format: FORMAT, id: id.clone() })?)
}

/// Written beside and renamed, so that it is there whole or not at all.
pub(super) fn write_whole(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let unfinished = directory.join(format!("{name}.unfinished"));
    let mut file = File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(name))?;
    File::open(directory)?.sync_all()
}

/// 128 bits from the keys that the operating system's randomness gives the standard hasher.
pub(super) fn new_id() -> SmolStr {
    let random = || RandomState::new().hash_one(std::process::id());
    format_smolstr!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_made_once_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/state");
        let first = Directory::open(&path, None).unwrap().id().clone();
        assert_eq!(first.len(), 32);
        fs::create_dir(path.join("db")).unwrap();
        fs::write(path.join("db/CURRENT"), "").unwrap();
        assert_eq!(Directory::open(&path, None).unwrap().id(), &first);
        assert_ne!(Directory::open(&place.path().join("other"), None).unwrap().id(), &first);
    }

    #[test]
    fn a_second_opening_is_refused_with_the_directory_and_a_hint() {
        let place = tempfile::tempdir().unwrap();
        let _first = Directory::open(place.path(), None).unwrap();
        let error = Directory::open(place.path(), None).err().unwrap();
        assert!(error.to_string().contains(place.path().to_str().unwrap()), "{error}");
        assert!(error.to_string().contains("in use"), "{error}");
        assert!(error.hint().unwrap().contains("stop the other process"));
    }

    #[test]
    fn another_format_is_refused() {
        let place = tempfile::tempdir().unwrap();
        for format in [FORMAT_READ_FROM - 1, FORMAT + 1, 99] {
            fs::write(place.path().join("FORMAT"), format!(r#"{{"format":{format},"id":"x"}}"#)).unwrap();
            assert!(matches!(Directory::open(place.path(), None), Err(StateError::Format { .. })), "{format}");
        }
        fs::write(place.path().join("FORMAT"), "\0\0").unwrap();
        assert!(matches!(Directory::open(place.path(), None), Err(StateError::Damaged { .. })));
    }

    #[test]
    fn a_format_that_is_read_as_it_is_becomes_the_newest_under_its_id() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("db")).unwrap();
        fs::write(place.path().join("db/CURRENT"), "").unwrap();
        fs::write(place.path().join("FORMAT"), format!(r#"{{"format":{FORMAT_READ_FROM},"id":"x"}}"#)).unwrap();
        assert_eq!(Directory::open(place.path(), None).unwrap().id(), "x");
        let text = fs::read_to_string(place.path().join("FORMAT")).unwrap();
        let file: FormatFile = serde_json::from_str(&text).unwrap();
        assert_eq!((file.format, file.id.as_str()), (FORMAT, "x"), "an older version refuses it from now on");
    }

    #[test]
    fn a_database_without_a_format_file_is_not_touched() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("db")).unwrap();
        assert!(matches!(Directory::open(place.path(), None), Err(StateError::Directory { .. })));
        assert!(!place.path().join("FORMAT").exists());
    }
}
