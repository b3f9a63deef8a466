//! Checked configuration of a MySQL or MariaDB source.

use std::path::PathBuf;
use std::time::Duration;

use mysql_async::Opts;
use smol_str::SmolStr;

pub use super::value::ZeroDates;
pub use crate::copy_settings::CopySettings;

/// `[source.NAME]` with `type = "mysql"`.
#[derive(Clone, PartialEq, Eq)]
pub struct MysqlSourceConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// `mysql://user:password@host:3306/database`.
    pub url: String,
    /// Database of the URL: where tables without a schema are looked for.
    pub database: SmolStr,
    /// Whether the connection is encrypted, and whose certificates are trusted.
    pub tls: Tls,
    /// Number under which the log is asked for, other than that of any server or replica; `None`: drawn for each connection.
    pub server_id: Option<u32>,
    /// What is made of days that are in no calendar.
    pub zero_dates: ZeroDates,
    /// Silence of the server after which a connection is given up and made again.
    pub timeout: Duration,
    /// How hard a copy may work the server.
    pub copy: CopySettings,
}

/// Encryption of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// None.
    Off,
    /// Encrypted, to whoever answers.
    Require,
    /// Encrypted, to a server that shows a certificate for its name.
    Verify {
        /// File with the certificates that are trusted; `None`: those that browsers trust.
        ca: Option<PathBuf>,
    },
}

/// Default of `timeout`: the server says every second that it is there.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a URL says that configuration needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlParts {
    /// The database.
    pub database: SmolStr,
    /// Whether the server is on this machine.
    pub is_local: bool,
}

/// Reads a URL; says what is wrong with it without repeating it, since it may hold a password.
pub fn read_url(url: &str) -> Result<UrlParts, &'static str> {
    let options = Opts::from_url(url).map_err(|_| "is not a MySQL URL")?;
    let database = options.db_name().filter(|name| !name.is_empty()).ok_or("names no database")?;
    let host = options.ip_or_hostname();
    let is_local = matches!(host, "localhost" | "::1") || host.starts_with("127.");
    Ok(UrlParts { database: database.into(), is_local })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database_and_what_is_wrong_with_it_is_said_without_its_password() {
        let parts = |url| read_url(url).map(|parts| (parts.database.to_string(), parts.is_local));
        assert_eq!(parts("mysql://u:secret@db.example:3306/shop"), Ok(("shop".into(), false)));
        assert_eq!(parts("mysql://u@127.0.0.1/shop"), Ok(("shop".into(), true)));
        assert_eq!(parts("mysql://u:secret@db.example"), Err("names no database"));
        assert_eq!(parts("postgres://u:secret@db/shop"), Err("is not a MySQL URL"));
    }
}
