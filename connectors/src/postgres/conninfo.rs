//! Where and how to log in: a URL or `key=value` text as libpq reads it, with the TLS parameters taken apart, since
//! `tokio_postgres` knows only some of them. The password is never printed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host};

use super::config::{DEFAULT_TIMEOUT, PostgresSourceConfig};
use crate::source::SourceError;

/// Until a server has answered; libpq waits for ever, which hides mistakes.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// How much the connection is protected; names as in libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// Plain, TLS when the server insists.
    Allow,
    /// TLS when the server has it; libpq's default.
    Prefer,
    /// TLS, whoever answers (with `sslrootcert` as `verify-ca`).
    Require,
    /// TLS, certificate signed by a trusted authority.
    VerifyCa,
    /// TLS, certificate trusted and made for the host's name.
    VerifyFull,
}

/// Whose signature is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCertificates {
    /// `~/.postgresql/root.crt` where it exists, else the platform's store.
    Default,
    /// `sslrootcert=system`: the platform's store.
    Platform,
    /// A PEM file.
    File(PathBuf),
}

/// The TLS parameters of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// `sslmode`
    pub mode: SslMode,
    /// `sslrootcert`
    pub roots: RootCertificates,
    /// `sslcert`
    pub certificate: Option<PathBuf>,
    /// `sslkey`
    pub key: Option<PathBuf>,
    /// `sslnegotiation=direct`: TLS from the first byte (Postgres 17).
    pub direct: bool,
}

/// Text that is not connection information. Never quotes it: it may hold a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("connection information cannot be read: {message}")]
pub struct ConnInfoError {
    message: String,
}

/// Checked connection information.
#[derive(Clone)]
pub struct ConnInfo {
    config: Config,
    tls: TlsOptions,
    silence_max: Duration,
}

impl ConnInfo {
    /// Reads `postgres://…` or `host=… user=…`; what is missing comes from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
    /// `PGDATABASE`, `PGSSLMODE` and `PGSSLROOTCERT`.
    pub fn parse(text: &str) -> Result<Self, ConnInfoError> {
        Self::parse_with(text, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn parse_with(text: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConnInfoError> {
        let text = text.trim();
        let (rest, parameters) = match text.starts_with("postgres://") || text.starts_with("postgresql://") {
            true => split_url(text)?,
            false => split_pairs(text)?,
        };
        let mut config: Config = rest.parse().map_err(|error| fault(chain(&error)))?;
        let tls = tls_options(&parameters, &environment)?;
        complete(&mut config, &environment)?;
        if tls.direct && !tls.mode.is_strong() {
            return Err(fault("sslnegotiation=direct needs sslmode=require or stronger".into()));
        }
        Ok(Self { config, tls, silence_max: DEFAULT_TIMEOUT })
    }

    /// Reads the URL of a source.
    pub fn of(config: &PostgresSourceConfig) -> Result<Self, SourceError> {
        let info = Self::parse(&config.url).map_err(|error| SourceError::Refused {
            source_name: config.name.to_string(),
            message: error.to_string(),
            hint: "write the URL as postgres://role:password@host:5432/database?sslmode=require".into(),
        })?;
        Ok(Self { silence_max: config.timeout, ..info })
    }

    /// The TLS parameters.
    pub fn tls(&self) -> &TlsOptions {
        &self.tls
    }

    /// Role that logs in.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// Database, the role's name unless given.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn password(&self) -> Option<&[u8]> {
        self.config.get_password()
    }

    pub(super) fn channel_binding(&self) -> ChannelBinding {
        self.config.get_channel_binding()
    }

    /// Silence of the server after which it counts as gone.
    pub(super) fn silence_max(&self) -> Duration {
        self.silence_max
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT_DEFAULT)
    }

    /// Servers to try, in order: where to, the name a certificate must have, the port.
    pub(super) fn servers(&self) -> Vec<Server> {
        let (hosts, addresses) = (self.config.get_hosts(), self.config.get_hostaddrs());
        let port = |index: usize| match self.config.get_ports() {
            [] => 5432,
            [only] => *only,
            ports => ports.get(index).copied().unwrap_or(5432),
        };
        (0..hosts.len().max(addresses.len()))
            .map(|index| Server {
                host: hosts.get(index).cloned(),
                address: addresses.get(index).map(ToString::to_string),
                port: port(index),
            })
            .collect()
    }
}

/// One server of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: Option<Host>,
    pub(super) address: Option<String>,
    pub(super) port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, &self.address) {
            (Some(Host::Tcp(name)), _) => write!(f, "{name}:{}", self.port),
            (Some(Host::Unix(path)), _) => write!(f, "{}/.s.PGSQL.{}", path.display(), self.port),
            (None, Some(address)) => write!(f, "{address}:{}", self.port),
            (None, None) => write!(f, "port {}", self.port),
        }
    }
}

impl fmt::Debug for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Role, servers and database; no password.
impl fmt::Display for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<String> = self.servers().iter().map(ToString::to_string).collect();
        write!(f, "{}@{}/{}", self.user(), servers.join(","), self.database())
    }
}

impl SslMode {
    /// Whether a plain connection is refused.
    pub(super) fn is_strong(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }

    fn parse(text: &str) -> Result<Self, ConnInfoError> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                let expected = "disable, allow, prefer, require, verify-ca or verify-full";
                return Err(fault(format!("sslmode must be {expected}")));
            }
        })
    }
}

fn fault(message: String) -> ConnInfoError {
    ConnInfoError { message }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Parameters that this module reads itself, or that libpq knows and nothing here depends on.
const OWN: [&str; 7] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation", "gssencmode", "fallback_application_name"];

type Parameters = Vec<(String, String)>;

fn value<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters.iter().rev().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn tls_options(
    parameters: &Parameters,
    environment: &impl Fn(&str) -> Option<String>,
) -> Result<TlsOptions, ConnInfoError> {
    let get = |name: &str, variable: &str| value(parameters, name).map(str::to_owned).or_else(|| environment(variable));
    let roots = match get("sslrootcert", "PGSSLROOTCERT").as_deref() {
        None => RootCertificates::Default,
        Some("system") => RootCertificates::Platform,
        Some(path) => RootCertificates::File(path.into()),
    };
    let mode = match get("sslmode", "PGSSLMODE") {
        Some(text) => SslMode::parse(&text)?,
        None if roots == RootCertificates::Platform => SslMode::VerifyFull,
        None => SslMode::Prefer,
    };
    let direct = match value(parameters, "sslnegotiation") {
        None | Some("postgres") => false,
        Some("direct") => true,
        Some(_) => return Err(fault("sslnegotiation must be postgres or direct".into())),
    };
    let file = |name: &str, variable: &str| get(name, variable).map(PathBuf::from);
    let (certificate, key) = (file("sslcert", "PGSSLCERT"), file("sslkey", "PGSSLKEY"));
    if certificate.is_some() != key.is_some() {
        return Err(fault("sslcert and sslkey are needed together".into()));
    }
    Ok(TlsOptions { mode, roots, certificate, key, direct })
}

fn complete(config: &mut Config, environment: &impl Fn(&str) -> Option<String>) -> Result<(), ConnInfoError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host(environment("PGHOST").unwrap_or_else(|| "localhost".into()));
    }
    if let (true, Some(port)) = (config.get_ports().is_empty(), environment("PGPORT")) {
        config.port(port.parse().map_err(|_| fault("PGPORT is not a port".into()))?);
    }
    if config.get_user().is_none() {
        config.user(environment("PGUSER").or_else(|| environment("USER")).unwrap_or_else(|| "postgres".into()));
    }
    if let (None, Some(password)) = (config.get_password(), environment("PGPASSWORD")) {
        config.password(password);
    }
    if config.get_dbname().is_none() {
        let user = config.get_user().unwrap_or_default().to_owned();
        config.dbname(environment("PGDATABASE").unwrap_or(user));
    }
    Ok(())
}

/// The URL without our parameters, and our parameters.
fn split_url(text: &str) -> Result<(String, Parameters), ConnInfoError> {
    let Some((base, query)) = text.split_once('?') else { return Ok((text.into(), Vec::new())) };
    let (mut kept, mut parameters) = (Vec::new(), Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| fault("a parameter has no value".into()))?;
        match key {
            "ssl" if value == "true" => parameters.push(("sslmode".into(), "require".into())),
            _ if OWN.contains(&key) => parameters.push((key.into(), percent_decoded(value)?)),
            _ => kept.push(pair),
        }
    }
    let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    Ok((rest, parameters))
}

fn percent_decoded(text: &str) -> Result<String, ConnInfoError> {
    let error = || fault("a parameter is not percent-encoded correctly".into());
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(error)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| error())?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| error())
}

/// `key = value` and `key = 'va\'lue'`, separated by blanks.
fn split_pairs(text: &str) -> Result<(String, Parameters), ConnInfoError> {
    let (mut rest, mut parameters) = (String::new(), Vec::new());
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|char| char.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok((rest, parameters));
        }
        let mut key = String::new();
        while let Some(char) = chars.next_if(|char| *char != '=') {
            key.push(char);
        }
        chars.next().ok_or_else(|| fault("expected key=value pairs or a postgres:// URL".into()))?;
        let key = key.trim().to_owned();
        let value = pair_value(&mut chars)?;
        if OWN.contains(&key.as_str()) {
            parameters.push((key, value));
        } else {
            let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
            rest.push_str(&format!("{key}='{quoted}' "));
        }
    }
}

fn pair_value(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, ConnInfoError> {
    while chars.next_if(|char| char.is_whitespace()).is_some() {}
    let quoted = chars.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match chars.next() {
            Some('\'') if quoted => return Ok(value),
            Some('\\') => value.push(chars.next().ok_or_else(|| fault("text ends after a backslash".into()))?),
            Some(char) if !quoted && char.is_whitespace() => return Ok(value),
            Some(char) => value.push(char),
            None if quoted => return Err(fault("a quoted value does not end".into())),
            None => return Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConnInfo, ConnInfoError> {
        ConnInfo::parse_with(text, |name| (name == "USER").then(|| "anna".into()))
    }

    #[test]
    fn a_url_with_every_tls_parameter_is_understood() {
        let info = parse(
            "postgres://bob:s%20cret@db.example:6432/shop?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&sslcert=/c&\
             sslkey=/k&application_name=x&sslnegotiation=direct",
        )
        .unwrap();
        assert_eq!(info.to_string(), "bob@db.example:6432/shop");
        assert_eq!(info.password(), Some(b"s cret".as_slice()));
        assert_eq!(info.config().get_application_name(), Some("x"));
        let tls = TlsOptions {
            mode: SslMode::VerifyFull,
            roots: RootCertificates::File("/etc/ca.pem".into()),
            certificate: Some("/c".into()),
            key: Some("/k".into()),
            direct: true,
        };
        assert_eq!(info.tls(), &tls);
    }

    #[test]
    fn pairs_keep_quotes_and_backslashes_in_passwords() {
        let info = parse(r"host=h1,h2 port = 1,2 user=bob password='it\'s \\ here' sslmode=allow dbname=shop").unwrap();
        assert_eq!(info.password(), Some(br"it's \ here".as_slice()));
        assert_eq!(info.to_string(), "bob@h1:1,h2:2/shop");
        assert_eq!(info.tls().mode, SslMode::Allow);
    }

    #[test]
    fn what_is_missing_has_the_usual_defaults() {
        let info = parse("postgres://").unwrap();
        assert_eq!(info.to_string(), "anna@localhost:5432/anna");
        assert_eq!(info.tls().mode, SslMode::Prefer);
    }

    #[test]
    fn neither_display_nor_errors_show_the_password() {
        let info = parse("postgres://bob:geheim@h/db").unwrap();
        assert!(!format!("{info} {info:?}").contains("geheim"));
        for bad in
            ["postgres://bob:geheim@h/db?sslmode=geheim", "user=bob password=geheim nonsense", "password='geheim"]
        {
            assert!(!parse(bad).unwrap_err().to_string().contains("geheim"), "{bad}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        assert!(parse("host=h sslcert=/c").is_err());
    }
}
