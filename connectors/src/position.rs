//! Places in a source's changelog.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use crate::kafka::KafkaPosition;
use crate::kinesis::KinesisPosition;
use crate::mysql::MysqlPosition;

/// A Postgres log sequence number: a byte position in the write-ahead log.
/// <https://www.postgresql.org/docs/current/datatype-pg-lsn.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

/// Text that is not a position.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "\"{text}\" is not a position; expected for example 0/16B3748, a set of transaction ids, topic:partition=offset, or \
     stream:shard=sequence"
)]
pub struct PositionError {
    text: String,
}

impl FromStr for Lsn {
    type Err = PositionError;
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let error = || PositionError { text: text.into() };
        let (high, low) = text.trim().split_once('/').ok_or_else(error)?;
        let half = |digits: &str| match digits.len() {
            1..=8 if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => u64::from_str_radix(digits, 16).ok(),
            _ => None,
        };
        let (high, low) = half(high).zip(half(low)).ok_or_else(error)?;
        Ok(Self(high << 32 | low))
    }
}

/// A place in one source's changelog; written as the source writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// Postgres.
    Lsn(Lsn),
    /// MySQL and MariaDB.
    Mysql(MysqlPosition),
    /// Kafka.
    Kafka(KafkaPosition),
    /// Kinesis.
    Kinesis(KinesisPosition),
}

impl Position {
    /// Of a place in Postgres' log.
    pub fn lsn(&self) -> Option<Lsn> {
        match self {
            Self::Lsn(lsn) => Some(*lsn),
            Self::Mysql(_) | Self::Kafka(_) | Self::Kinesis(_) => None,
        }
    }

    /// Of a place in the log of MySQL or MariaDB.
    pub fn mysql(&self) -> Option<&MysqlPosition> {
        match self {
            Self::Mysql(position) => Some(position),
            Self::Lsn(_) | Self::Kafka(_) | Self::Kinesis(_) => None,
        }
    }

    /// Of a place in Kafka's topics.
    pub fn kafka(&self) -> Option<&KafkaPosition> {
        match self {
            Self::Kafka(position) => Some(position),
            Self::Lsn(_) | Self::Mysql(_) | Self::Kinesis(_) => None,
        }
    }

    /// Of a place in streams of Kinesis.
    pub fn kinesis(&self) -> Option<&KinesisPosition> {
        match self {
            Self::Kinesis(position) => Some(position),
            Self::Lsn(_) | Self::Mysql(_) | Self::Kafka(_) => None,
        }
    }

    /// Whether everything up to `other` is also up to `self`. A partial order in general.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lsn(this), Self::Lsn(other)) => this >= other,
            (Self::Mysql(this), Self::Mysql(other)) => this.covers(other),
            (Self::Kafka(this), Self::Kafka(other)) => this.covers(other),
            (Self::Kinesis(this), Self::Kinesis(other)) => this.covers(other),
            _ => false,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lsn(lsn) => lsn.fmt(f),
            Self::Mysql(position) => position.fmt(f),
            Self::Kafka(position) => position.fmt(f),
            Self::Kinesis(position) => position.fmt(f),
        }
    }
}

impl FromStr for Position {
    type Err = PositionError;
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let lsn = text.parse().map(Self::Lsn);
        lsn.or_else(|error| text.parse().map(Self::Mysql).map_err(|_| error))
            .or_else(|error| text.parse().map(Self::Kafka).map_err(|_| error))
            .or_else(|error| text.parse().map(Self::Kinesis).map_err(|_| error))
    }
}

impl Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mysql(position) => serializer.serialize_str(&position.kept()),
            other => serializer.collect_str(other),
        }
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One position per source, `shop=0/16B3748;clicks=...`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions(pub BTreeMap<SmolStr, Position>);

impl Positions {
    /// Whether every source named in `other` is covered here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(source, wanted)| self.0.get(source).is_some_and(|reached| reached.covers(wanted)))
    }

    /// Reads `source=position;...`, or a bare position where `sources` holds exactly one name.
    pub fn parse(text: &str, sources: &[SmolStr]) -> Result<Self, PositionError> {
        // What stands before the first `=` is a source's name, unless it has a colon: then it is a partition of Kafka or a shard of Kinesis.
        let names_source = text.split_once('=').is_some_and(|(name, _)| !name.contains(':'));
        if let ([only], false) = (sources, names_source) {
            return Ok(Self(BTreeMap::from([(only.clone(), text.parse()?)])));
        }
        let error = || PositionError { text: text.into() };
        let pair = |part: &str| {
            let (source, position) = part.split_once('=').ok_or_else(error)?;
            let source = sources.iter().find(|known| *known == source.trim()).ok_or_else(error)?;
            Ok((source.clone(), position.parse()?))
        };
        text.split(';').map(pair).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            return self.0.values().try_for_each(|position| position.fmt(f));
        }
        for (index, (source, position)) in self.0.iter().enumerate() {
            write!(f, "{}{source}={position}", if index > 0 { ";" } else { "" })?;
        }
        Ok(())
    }
}
