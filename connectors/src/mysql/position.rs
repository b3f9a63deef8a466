//! Places in the log of MySQL or MariaDB.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::gtid_set::GtidSet;
use super::maria_gtids::MariaGtids;

/// Before the first transaction, where MySQL counts them.
const NO_GTIDS: &str = "gtid:none";
/// Before the first transaction, where MariaDB counts them.
const NO_MARIADB_GTIDS: &str = "mariadb:none";

/// A place between two transactions. Places of different kinds do not compare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MysqlPosition {
    /// MySQL: behind all of these transactions.
    Gtids(Arc<GtidSet>),
    /// MariaDB: behind these of each domain.
    Mariadb(Arc<MariaGtids>),
    /// Where transactions have no ids.
    File(FilePosition),
}

/// A byte of a log file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePosition {
    /// The file.
    pub file: SmolStr,
    /// The byte.
    pub position: u64,
}

impl FilePosition {
    /// Name without number, and number: `binlog` and 7 of `binlog.000007`.
    fn parts(&self) -> Option<(&str, u64)> {
        let (name, number) = self.file.rsplit_once('.')?;
        Some((name, number.parse().ok()?))
    }
}

/// Only files of one server, by their name, have an order.
impl PartialOrd for FilePosition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let ((name, number), (other_name, other_number)) = (self.parts()?, other.parts()?);
        (name == other_name).then(|| (number, self.position).cmp(&(other_number, other.position)))
    }
}

impl MysqlPosition {
    /// Whether everything up to `other` is also up to `self`.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gtids(this), Self::Gtids(other)) => this.covers(other),
            (Self::Mariadb(this), Self::Mariadb(other)) => this.covers(other),
            (Self::File(this), Self::File(other)) => this >= other,
            _ => false,
        }
    }
}

impl fmt::Display for MysqlPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gtids(set) if set.is_empty() => f.write_str(NO_GTIDS),
            Self::Gtids(set) => set.fmt(f),
            Self::Mariadb(gtids) if gtids.is_empty() => f.write_str(NO_MARIADB_GTIDS),
            Self::Mariadb(gtids) => gtids.fmt(f),
            Self::File(FilePosition { file, position }) => write!(f, "{file}:{position}"),
        }
    }
}

/// Text that is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a log of MySQL or MariaDB")]
pub struct MysqlPositionError;

impl FromStr for MysqlPosition {
    type Err = MysqlPositionError;

    fn from_str(text: &str) -> Result<Self, MysqlPositionError> {
        let text = text.trim();
        match text {
            "" => return Err(MysqlPositionError),
            NO_GTIDS => return Ok(Self::Gtids(Arc::default())),
            NO_MARIADB_GTIDS => return Ok(Self::Mariadb(Arc::default())),
            _ => {}
        }
        if let Ok(set) = text.parse() {
            return Ok(Self::Gtids(Arc::new(set)));
        }
        if let Ok(gtids) = text.parse() {
            return Ok(Self::Mariadb(Arc::new(gtids)));
        }
        let (file, position) = text.rsplit_once(':').ok_or(MysqlPositionError)?;
        let digits = position.bytes().all(|byte| byte.is_ascii_digit());
        let place = FilePosition { file: file.into(), position: position.parse().map_err(|_| MysqlPositionError)? };
        // Characters that separate positions of several sources.
        let is_file = place.parts().is_some() && !file.contains([';', '=', '/', ',']);
        if digits && is_file { Ok(Self::File(place)) } else { Err(MysqlPositionError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> MysqlPosition {
        text.parse().expect("a position")
    }

    #[test]
    fn positions_are_written_and_read_again() {
        let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        for text in [&format!("{uuid}:1-5:tag:7"), "0-1-42,3-2-7", "binlog.000007:1234", NO_GTIDS, NO_MARIADB_GTIDS] {
            assert_eq!(at(text).to_string(), *text);
        }
        for wrong in ["", "0/16B3748", "binlog:4", "binlog.000007", "binlog.000007:x", "a=b.1:4", "1-2"] {
            assert_eq!(wrong.parse::<MysqlPosition>(), Err(MysqlPositionError), "{wrong}");
        }
    }

    #[test]
    fn files_are_compared_by_number_and_then_by_place() {
        assert!(at("binlog.1000000:4").covers(&at("binlog.999999:900")));
        assert!(at("binlog.000007:5").covers(&at("binlog.000007:5")));
        assert!(!at("binlog.000007:4").covers(&at("binlog.000007:5")));
        assert!(!at("other.000008:4").covers(&at("binlog.000007:5")));
        assert!(!at("binlog.000008:4").covers(&at("0-1-1")));
    }
}
