//! Why state could not be read or written.

use smol_str::SmolStr;
use tailwater_connectors::Positions;
use thiserror::Error;

/// What RocksDB says of a full disk: the system's words, and those of a file on which a write failed before, until it has made another one,
/// which it does when there is room.
const NO_SPACE: [&str; 2] = ["No space left on device", "Writer has previous error"];

/// Why state could not be read or written. Texts name no row values.
#[derive(Debug, Error)]
pub enum StateError {
    /// The storage engine failed.
    #[error("state directory failed: {message}")]
    Storage {
        /// What it said.
        message: String,
    },
    /// The disk has no room. Nothing of what was to be written is there; it can be written again once there is room.
    #[error("the disk of the state directory is full: {message}")]
    Full {
        /// What the storage engine said.
        message: String,
    },
    /// Stored bytes are not what was written.
    #[error("state directory holds damaged data in {place}")]
    Damaged {
        /// Where.
        place: String,
    },
    /// The directory cannot be made, read or locked.
    #[error("cannot open state directory \"{directory}\": {message}")]
    Directory {
        /// The directory.
        directory: String,
        /// What the operating system said.
        message: String,
    },
    /// Another process has the directory open.
    #[error("state directory \"{directory}\" is in use by another process")]
    InUse {
        /// The directory.
        directory: String,
    },
    /// The directory was written in a format that this version does not read.
    #[error("state directory \"{directory}\" has format {found}, this version reads format {supported}")]
    Format {
        /// The directory.
        directory: String,
        /// What it says of itself.
        found: String,
        /// What we read.
        supported: u32,
    },
    /// No view of this name is registered.
    #[error("there is no view \"{view}\" in the state")]
    UnknownView {
        /// The name asked for.
        view: SmolStr,
    },
    /// Values that cannot be a key of these types.
    #[error("value cannot be a key: {message}")]
    Key {
        /// What does not fit; names types only.
        message: String,
    },
    /// Changes after this step are no longer kept: who asks must start from the rows.
    #[error("changes of view \"{view}\" after step {after} are gone: they are kept from step {floor} on")]
    ChangelogTrimmed {
        /// The view.
        view: SmolStr,
        /// The step asked for.
        after: u64,
        /// The least step whose followers can still be served.
        floor: u64,
    },
    /// A step would have moved a source's position back.
    #[error("step would move the sources' positions back from {previous} to {next}")]
    PositionsWentBack {
        /// Committed.
        previous: Positions,
        /// Offered.
        next: Positions,
    },
}

impl StateError {
    /// Whether trying again may help: a disk is given room while we wait, everything else needs another start.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Full { .. } => Some("make room on the disk of state_dir: it goes on by itself within seconds"),
            Self::Storage { .. } => Some("look at the free space and permissions of the state directory's disk"),
            Self::Damaged { .. } => Some(
                "check the disk; then run \"tailwater source drop\", move the state directory away and start again: all is copied anew",
            ),
            Self::Directory { .. } => Some("check that state_dir exists or can be made, and belongs to this user"),
            Self::InUse { .. } => Some("stop the other process, or give this one a state_dir of its own"),
            Self::Format { .. } => Some(
                "run the version that wrote it; or run \"tailwater source drop\", move the directory away and start again: all is \
                     copied anew",
            ),
            Self::UnknownView { .. }
            | Self::Key { .. }
            | Self::ChangelogTrimmed { .. }
            | Self::PositionsWentBack { .. } => None,
        }
    }

    pub(super) fn damaged(place: impl Into<String>) -> Self {
        Self::Damaged { place: place.into() }
    }

    pub(super) fn key(message: impl Into<String>) -> Self {
        Self::Key { message: message.into() }
    }
}

impl From<rocksdb::Error> for StateError {
    fn from(error: rocksdb::Error) -> Self {
        match error.kind() {
            rocksdb::ErrorKind::Corruption => Self::damaged(error.into_string()),
            // The interface to C has the text alone; it is the operating system's.
            rocksdb::ErrorKind::IOError if NO_SPACE.iter().any(|text| error.as_ref().contains(text)) => {
                Self::Full { message: error.into_string() }
            }
            _ => Self::Storage { message: error.into_string() },
        }
    }
}
