//! Which server it is.

use std::fmt;

/// The two families that speak the protocol and no longer write the same log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// MySQL, Percona Server and what is made of them.
    Mysql,
    /// MariaDB.
    Mariadb,
}

/// A version, as `select version()` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerVersion {
    /// Family.
    pub flavor: Flavor,
    /// First number.
    pub major: u16,
    /// Second.
    pub minor: u16,
    /// Third.
    pub patch: u16,
}

impl ServerVersion {
    /// Reads `8.0.40-log` or `10.11.6-MariaDB-1`, also behind the `5.5.5-` that MariaDB puts in front for old clients.
    pub fn parse(version: &str) -> Option<Self> {
        let flavor = if version.to_ascii_lowercase().contains("mariadb") { Flavor::Mariadb } else { Flavor::Mysql };
        let version = match (flavor, version.strip_prefix("5.5.5-")) {
            (Flavor::Mariadb, Some(rest)) => rest,
            _ => version,
        };
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        let mut numbers = version[..end].split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { flavor, major: next()?, minor: next()?, patch: next().unwrap_or(0) })
    }

    /// Whether it is this version or a later one.
    pub fn at_least(&self, major: u16, minor: u16, patch: u16) -> bool {
        (self.major, self.minor, self.patch) >= (major, minor, patch)
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.flavor {
            Flavor::Mysql => "MySQL",
            Flavor::Mariadb => "MariaDB",
        };
        write!(f, "{name} {}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_families_are_read() {
        let text = |version| ServerVersion::parse(version).map(|version| version.to_string());
        assert_eq!(text("9.7.4-2").as_deref(), Some("MySQL 9.7.4"));
        assert_eq!(text("8.0.36-28-log").as_deref(), Some("MySQL 8.0.36"));
        assert_eq!(text("5.5.5-10.11.6-MariaDB-1:10.11").as_deref(), Some("MariaDB 10.11.6"));
        assert_eq!(text("11.8.9-MariaDB-0+deb13u1 from Debian-log").as_deref(), Some("MariaDB 11.8.9"));
        assert_eq!(text("none"), None);
        let version = ServerVersion::parse("8.4.1").expect("a version");
        assert!(version.at_least(8, 0, 26) && version.at_least(8, 4, 1) && !version.at_least(9, 0, 0));
    }
}
