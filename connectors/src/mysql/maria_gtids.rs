//! MariaDB's global transaction ids: `domain-server-sequence`. A position is the last of each domain.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Id of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MariaGtid {
    /// Its domain: a sequence of its own.
    pub domain: u32,
    /// The server that committed it first.
    pub server: u32,
    /// Its number in the domain.
    pub sequence: u64,
}

/// The last transaction of each domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MariaGtids(BTreeMap<u32, (u32, u64)>);

impl MariaGtids {
    /// Before everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no domain is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From now on this is the last one of its domain.
    pub fn advance(&mut self, gtid: MariaGtid) {
        self.0.insert(gtid.domain, (gtid.server, gtid.sequence));
    }

    /// Whether it is no earlier in any domain of `other`.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(domain, (_, wanted))| self.0.get(domain).is_some_and(|(_, reached)| reached >= wanted))
    }

    /// The last of each domain.
    pub fn iter(&self) -> impl Iterator<Item = MariaGtid> {
        self.0.iter().map(|(&domain, &(server, sequence))| MariaGtid { domain, server, sequence })
    }
}

/// Text that is not such a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a MariaDB transaction id")]
pub struct MariaGtidError;

impl FromStr for MariaGtid {
    type Err = MariaGtidError;

    fn from_str(text: &str) -> Result<Self, MariaGtidError> {
        let mut parts = text.split('-');
        let mut next = || match parts.next() {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(digits),
            _ => Err(MariaGtidError),
        };
        let (domain, server, sequence) = (next()?, next()?, next()?);
        let wrong = |_| MariaGtidError;
        let gtid = Self {
            domain: domain.parse().map_err(wrong)?,
            server: server.parse().map_err(wrong)?,
            sequence: sequence.parse().map_err(wrong)?,
        };
        if parts.next().is_some() { Err(MariaGtidError) } else { Ok(gtid) }
    }
}

impl FromStr for MariaGtids {
    type Err = MariaGtidError;

    fn from_str(text: &str) -> Result<Self, MariaGtidError> {
        let mut all = Self::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            all.advance(part.parse()?);
        }
        Ok(all)
    }
}

impl fmt::Display for MariaGtid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.domain, self.server, self.sequence)
    }
}

impl fmt::Display for MariaGtids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, gtid) in self.iter().enumerate() {
            write!(f, "{}{gtid}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_domain_counts_by_itself() {
        let mut position: MariaGtids = "0-1-42, 7-3-5".parse().expect("a position");
        assert!(position.covers(&"0-2-42".parse().expect("a position")));
        assert!(!position.covers(&"0-1-43".parse().expect("a position")));
        assert!(!position.covers(&"1-1-1".parse().expect("a position")));
        position.advance("0-9-43".parse().expect("an id"));
        assert_eq!(position.to_string(), "0-9-43,7-3-5");
        for wrong in ["0-1", "0-1-2-3", "0-1-x", "-1-2", "0-1-+3"] {
            assert_eq!(wrong.parse::<MariaGtids>(), Err(MariaGtidError), "{wrong}");
        }
    }
}
