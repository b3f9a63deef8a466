//! Sessions of the server: for questions and copies, and for its log.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStream, BinlogStreamRequest, Conn, Error, Opts, OptsBuilder, SslOpts};

use super::anchor::Anchor;
use super::by_file::{ANOTHER_LOG, end_of_log, names_transactions};
use super::catalog::{client_error, session_settings};
use super::config::{MysqlSourceConfig, Tls};
use super::flavor::{Flavor, ServerVersion};
use super::position::MysqlPosition;
use crate::position::Position;
use crate::source::SourceError;

/// Largest packet: an event with the rows before and after may be larger than what the server takes from clients.
const PACKET_BYTES_MAX: usize = 1 << 30;
/// The server says this often that its log is at its end.
const HEARTBEAT_NANOS: u64 = 1_000_000_000;
/// How long the server waits for us to take what it sends: as long as the pipeline may hold us up.
const WRITE_TIMEOUT_SECONDS: u32 = 3_600;
/// The server's error for a place in its log that it cannot send from.
pub(super) const CANNOT_SEND: u16 = 1236;
/// Numbers below are likely to be a server's own.
const SERVER_ID_MIN: u32 = 1 << 30;

/// Connects to one server.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) config: MysqlSourceConfig,
}

impl Connector {
    fn options(&self) -> Result<OptsBuilder, SourceError> {
        let options = Opts::from_url(&self.config.url).map_err(|error| self.fault(&error.into()))?;
        let ssl = match &self.config.tls {
            Tls::Off => None,
            Tls::Require => {
                Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
            }
            Tls::Verify { ca: None } => Some(SslOpts::default()),
            Tls::Verify { ca: Some(path) } => {
                // The client would take a file that is not there for a network that is not there.
                std::fs::File::open(path).map_err(|error| {
                    let hint = "name a file with the certificate of the server's authority in tls_ca";
                    self.refused(format!("\"{}\" cannot be read: {error}", path.display()), hint)
                })?;
                Some(SslOpts::default().with_disable_built_in_roots(true).with_root_certs(vec![path.clone().into()]))
            }
        };
        let keepalive = Some(self.config.timeout / 2);
        Ok(OptsBuilder::from_opts(options)
            .ssl_opts(ssl)
            .prefer_socket(false)
            .tcp_keepalive(keepalive)
            .max_allowed_packet(Some(PACKET_BYTES_MAX)))
    }

    pub(super) fn fault(&self, error: &Error) -> SourceError {
        client_error(&self.config.name, error)
    }

    pub(super) fn protocol(&self, message: impl Into<String>) -> SourceError {
        SourceError::Protocol { source_name: self.config.name.to_string(), message: message.into() }
    }

    pub(super) fn unavailable(&self, message: impl Into<String>) -> SourceError {
        SourceError::Unavailable { source_name: self.config.name.to_string(), message: message.into() }
    }

    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        let (message, hint) = (message.into(), hint.into());
        SourceError::Refused { source_name: self.config.name.to_string(), message, hint }
    }

    /// What we hold cannot be continued.
    pub(super) fn cannot_resume(&self, position: &MysqlPosition, reason: impl Into<String>) -> SourceError {
        SourceError::CannotResume {
            source_name: self.config.name.to_string(),
            position: Position::Mysql(position.clone()),
            reason: reason.into(),
            hint: format!(
                "run \"tailwater rebuild source {}\": its tables are copied again beside the rows that are served meanwhile",
                self.config.name
            ),
        }
    }

    /// A session that reads values, with the version of its server.
    pub(super) async fn connect(&self) -> Result<(Conn, ServerVersion), SourceError> {
        let settings =
            session_settings().into_iter().chain(["SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"]);
        let options = self.options()?.init(settings.map(String::from).collect::<Vec<_>>());
        self.in_time(async {
            let mut connection = Conn::new(options).await.map_err(|error| self.fault(&error))?;
            let version: Option<String> =
                connection.query_first("SELECT version()").await.map_err(|error| self.fault(&error))?;
            let version = version.unwrap_or_default();
            let read = ServerVersion::parse(&version);
            Ok((connection, read.ok_or_else(|| self.protocol(format!("\"{version}\" is no version of a server")))?))
        })
        .await
    }

    /// The log from behind `from`.
    pub(super) async fn open_log(&self, from: &MysqlPosition) -> Result<BinlogStream, SourceError> {
        self.open_log_as(self.config.server_id.unwrap_or_else(drawn_server_id), from).await
    }

    /// The same under another number: beside a stream of ours.
    pub(super) async fn open_log_as(&self, number: u32, from: &MysqlPosition) -> Result<BinlogStream, SourceError> {
        let mut settings = vec![
            format!("SET SESSION net_write_timeout = {WRITE_TIMEOUT_SECONDS}"),
            format!("SET @master_heartbeat_period = {HEARTBEAT_NANOS}, @source_heartbeat_period = {HEARTBEAT_NANOS}"),
        ];
        let request = BinlogStreamRequest::new(number);
        let request = match from {
            MysqlPosition::Gtids(set) => {
                // What is made up for this connection comes without checksums then; events of the file keep theirs.
                settings.push("SET @source_binlog_checksum = 'NONE'".into());
                request.with_gtid().with_gtid_set(set.to_sids())
            }
            MysqlPosition::Mariadb(gtids) => {
                settings.push("SET @mariadb_slave_capability = 4, @slave_gtid_strict_mode = 1".into());
                settings.push(format!("SET @slave_connect_state = '{gtids}'"));
                request.with_pos(4)
            }
            MysqlPosition::File(place) => {
                settings.push("SET @source_binlog_checksum = 'NONE'".into());
                request.with_filename(place.file.as_bytes()).with_pos(Anchor::begins_at(place))
            }
        };
        let options = self.options()?.init(settings);
        self.in_time(async {
            let connection = Conn::new(options).await.map_err(|error| self.fault(&error))?;
            connection.get_binlog_stream(request).await.map_err(|error| self.log_fault(from, &error))
        })
        .await
    }

    /// An error of a session that sends the log.
    pub(super) fn log_fault(&self, from: &MysqlPosition, error: &Error) -> SourceError {
        match error {
            Error::Server(server) if server.code == CANNOT_SEND => {
                let told = format!("the server cannot send its log from there: {}", server.message);
                let meaning = if from.file().is_some() { format!("; {ANOTHER_LOG}") } else { String::new() };
                self.cannot_resume(from, told + &meaning)
            }
            other => self.fault(other),
        }
    }

    /// Gives up what a server does at once, or never.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let limit = self.config.timeout;
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => Err(self.unavailable(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

/// Two that ask for the log under one number throw each other out.
pub(super) fn drawn_server_id() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seed = [now.as_nanos().to_le_bytes().as_slice(), &std::process::id().to_le_bytes()].concat();
    SERVER_ID_MIN | xxhash_rust::xxh3::xxh3_64(&seed) as u32
}

/// Where the log ends for whoever starts now: everything before it can be seen, or is seen by whoever waits (see `copy`).
pub(super) async fn current_position(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
) -> Result<MysqlPosition, SourceError> {
    if version.flavor == Flavor::Mysql && !names_transactions(connector, connection).await? {
        return Ok(MysqlPosition::File(end_of_log(connector, (connection, version)).await?));
    }
    let sql = match version.flavor {
        Flavor::Mysql => "SELECT @@global.gtid_executed",
        Flavor::Mariadb => "SELECT @@global.gtid_binlog_pos",
    };
    let text: Option<String> = connection.query_first(sql).await.map_err(|error| connector.fault(&error))?;
    let text = text.unwrap_or_default();
    read_position(version.flavor, &text).ok_or_else(|| connector.protocol("it names a position that is none"))
}

/// A position as the server prints it, or a place in a file.
pub(super) fn read_position(flavor: Flavor, text: &str) -> Option<MysqlPosition> {
    Some(match flavor {
        Flavor::Mysql => match text.parse() {
            Ok(place) => MysqlPosition::File(place),
            Err(_) => MysqlPosition::Gtids(std::sync::Arc::new(text.parse().ok()?)),
        },
        Flavor::Mariadb => MysqlPosition::Mariadb(std::sync::Arc::new(text.parse().ok()?)),
    })
}

/// A position as the server reads it.
pub(super) fn print_position(position: &MysqlPosition) -> String {
    match position {
        MysqlPosition::Gtids(set) => set.to_string(),
        MysqlPosition::Mariadb(gtids) => gtids.to_string(),
        MysqlPosition::File(_) => position.to_string(),
    }
}
