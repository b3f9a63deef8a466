//! Places in the log of MySQL or MariaDB.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::gtid_set::GtidSet;
use super::maria_gtids::MariaGtids;

/// Before the first transaction, where MySQL counts them.
const NO_GTIDS: &str = "gtid:none";
/// Between a place in a file and what stands before it.
const CHECK: char = '~';
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

/// A byte of a log file: where the next event begins. It is always behind a transaction, or outside of any.
///
/// A file and a number mean something in one history of one server alone. After `RESET BINARY LOGS`, in a backup, on another server the same
/// place may be there with other transactions before it. So who goes on from a place knows what stands before it ([`EventCheck`]). That is
/// no part of the place: people and servers write it without, and it does not count where places are compared.
#[derive(Clone, Debug)]
pub struct FilePosition {
    /// The file.
    pub file: SmolStr,
    /// The byte.
    pub position: u64,
    /// The event that ends there; `None` where it was not seen: in what a server says of its log.
    pub check: Option<EventCheck>,
}

/// What an event is known by again: the end of it is in its header, and its time and the transaction's number are in its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCheck {
    /// Its bytes in the file.
    pub size: u32,
    /// CRC-32 of them.
    pub crc: u32,
}

impl PartialEq for FilePosition {
    fn eq(&self, other: &Self) -> bool {
        (&self.file, self.position) == (&other.file, other.position)
    }
}

impl Eq for FilePosition {}

impl Hash for FilePosition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.file, self.position).hash(state);
    }
}

impl FilePosition {
    /// A place as a server tells it; `None`: its name has no number, or what separates positions of several sources.
    pub fn told(file: &str, position: u64) -> Option<Self> {
        let place = Self { file: file.into(), position, check: None };
        (place.parts().is_some() && !file.contains([';', '=', '/', ',', ':', CHECK])).then_some(place)
    }

    /// Name without number, and number: `binlog` and 7 of `binlog.000007`.
    fn parts(&self) -> Option<(&str, u64)> {
        let (name, number) = self.file.rsplit_once('.')?;
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        Some((name, number.parse().ok().filter(|_| digits)?))
    }

    /// Its number among the files of its server; 0 where it has none.
    pub fn number(&self) -> u64 {
        self.parts().map_or(0, |(_, number)| number)
    }

    /// With what stands before it, as the state keeps it: `binlog.000007:1234~31-1a2b3c4d`.
    fn kept(&self) -> String {
        let Self { file, position, check } = self;
        match check {
            None => format!("{file}:{position}"),
            Some(EventCheck { size, crc }) => format!("{file}:{position}{CHECK}{size}-{crc:08x}"),
        }
    }
}

impl FromStr for FilePosition {
    type Err = MysqlPositionError;

    fn from_str(text: &str) -> Result<Self, MysqlPositionError> {
        let (file, rest) = text.rsplit_once(':').ok_or(MysqlPositionError)?;
        let (position, check) = match rest.split_once(CHECK) {
            None => (rest, None),
            Some((position, check)) => (position, Some(check.parse()?)),
        };
        let place = Self::told(file, number(position)?).ok_or(MysqlPositionError)?;
        Ok(Self { check, ..place })
    }
}

impl FromStr for EventCheck {
    type Err = MysqlPositionError;

    fn from_str(text: &str) -> Result<Self, MysqlPositionError> {
        let (size, crc) = text.split_once('-').filter(|(_, crc)| is_crc(crc)).ok_or(MysqlPositionError)?;
        let size = number(size)?.try_into().map_err(|_| MysqlPositionError)?;
        Ok(Self { size, crc: u32::from_str_radix(crc, 16).map_err(|_| MysqlPositionError)? })
    }
}

fn is_crc(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Digits alone.
fn number(digits: &str) -> Result<u64, MysqlPositionError> {
    let only = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| only).ok_or(MysqlPositionError)
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

    /// As the state keeps it: with what a place in a file is known by again.
    pub(crate) fn kept(&self) -> String {
        match self {
            Self::File(place) => place.kept(),
            other => other.to_string(),
        }
    }

    /// Of a place in a file.
    pub fn file(&self) -> Option<&FilePosition> {
        match self {
            Self::File(place) => Some(place),
            Self::Gtids(_) | Self::Mariadb(_) => None,
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
            Self::File(FilePosition { file, position, .. }) => write!(f, "{file}:{position}"),
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
        text.parse().map(Self::File)
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
        assert!(
            at("binlog.1000000:4").covers(&at("binlog.000007:5"))
                && !at("binlog.999999:9").covers(&at("binlog.1000000:4"))
        );
        assert!(!at("binlog.000008:4").covers(&at("0-1-1")));
    }

    #[test]
    fn what_stands_before_a_place_is_kept_with_it_and_is_no_part_of_it() {
        let known = at("binlog.000007:1234~31-00ab3c4d");
        assert_eq!(known.kept(), "binlog.000007:1234~31-00ab3c4d");
        assert_eq!(known.to_string(), "binlog.000007:1234");
        assert_eq!(known.file().and_then(|place| place.check), Some(EventCheck { size: 31, crc: 0x00ab_3c4d }));
        let other = at("binlog.000007:1234~44-ffffffff");
        assert!(known == at("binlog.000007:1234") && known == other && known.covers(&other) && other.covers(&known));
        for wrong in
            ["31", "31-", "31-0ab", "31-000000zz", "-31-00000000", "31-00000000-", "+1-00000000", "4294967296-00000000"]
        {
            assert_eq!(
                format!("binlog.000007:1234~{wrong}").parse::<MysqlPosition>(),
                Err(MysqlPositionError),
                "{wrong}"
            );
        }
        assert!(FilePosition::told("a~b.000001", 4).is_none() && FilePosition::told("binlog", 4).is_none());
    }
}
