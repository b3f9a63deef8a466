//! Our own connection: log in, ask simple queries, then stream. `tokio_postgres` cannot replicate and copies every
//! message through a channel.
//!
//! Every read is one shot into a buffer that lives here, so a future that waits for a message may be dropped at any await
//! point and nothing is lost. An error is final: the connection is not used again.

use bytes::BytesMut;
use futures::FutureExt;
use futures::future::BoxFuture;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::auth::{Login, Step};
use super::conninfo::{ConnInfo, Server};
use super::frame::{Frame, FrameBuffer};
use super::replication::cell;
use super::server_error::{ConnectionError, ServerError};
use super::session_attrs;
use super::transport::{self, Transport};

/// What the server's text output and its patience depend on, pinned so that no role or database setting changes it.
/// `wal_sender_timeout` is ours, so that our own interval of status updates always fits.
pub(super) const SESSION_SETTINGS: [(&str, &str); 9] = [
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("wal_sender_timeout", "60s"),
];

/// With this the server warns that it leaves changes out.
const OBJECT_NOT_IN_PREREQUISITE_STATE: &str = "55000";

/// What the session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Replication commands, and SQL beside them.
    Replication,
    /// SQL only.
    Sql,
}

/// A logged-in session.
#[derive(Debug)]
pub(super) struct Connection {
    transport: Transport,
    frames: FrameBuffer,
    out: BytesMut,
    server_version: u32,
    backend_pid: i32,
    /// What the server warns of is then missing from the stream.
    is_stream: bool,
}

/// Rows of a simple query, as text.
pub(super) type TextRows = Vec<Vec<Option<String>>>;

impl Connection {
    /// Connects to the first server of the list that lets us in and is as the URL wants it.
    pub(super) async fn connect(info: &ConnInfo, purpose: Purpose) -> Result<Self, ConnectionError> {
        connect_any(info, |transport| Self::log_in_as_wanted(info, purpose, transport).boxed()).await
    }

    async fn log_in_as_wanted(
        info: &ConnInfo,
        purpose: Purpose,
        transport: Transport,
    ) -> Result<Self, ConnectionError> {
        let mut connection = Self::log_in(info, purpose, transport).await?;
        if session_attrs::matter(info) {
            let rows = connection.simple_query(session_attrs::QUESTION).await?;
            session_attrs::check(info, cell(&rows, 0))?;
        }
        Ok(connection)
    }

    async fn log_in(info: &ConnInfo, purpose: Purpose, transport: Transport) -> Result<Self, ConnectionError> {
        let mut login = Login::new(info, &transport);
        let (frames, out) = (FrameBuffer::default(), BytesMut::new());
        let mut connection = Self { transport, frames, out, server_version: 0, backend_pid: 0, is_stream: false };
        frontend::startup_message(startup_parameters(info, purpose), &mut connection.out)?;
        connection.flush().await?;
        loop {
            let frame = connection.read().await?;
            match frame.tag {
                b'R' => match login.answer(connection.frames.body(&frame), &mut connection.out)? {
                    Step::Send => connection.flush().await?,
                    Step::Wait | Step::Done => {}
                },
                b'Z' => return Ok(connection),
                b'K' => connection.backend_pid = backend_pid(connection.frames.body(&frame)),
                // NegotiateProtocolVersion
                b'v' => {}
                tag => return Err(unexpected(tag, "login")),
            }
        }
    }

    /// `server_version_num`, for example 150007.
    pub(super) fn server_version(&self) -> u32 {
        self.server_version
    }

    /// The process that answers, by its own account at login; a pooler makes one up.
    pub(super) fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// Body of a message that [`Self::read`] or [`Self::buffered`] gave out last.
    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        self.frames.body(frame)
    }

    /// The next message; errors, notices and settings are dealt with here. Cancel-safe.
    pub(super) async fn read(&mut self) -> Result<Frame, ConnectionError> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// The next message if it is in the buffer already.
    pub(super) fn buffered(&mut self) -> Result<Option<Frame>, ConnectionError> {
        while let Some(frame) = self.frames.next_frame()? {
            match frame.tag {
                b'E' => return Err(ConnectionError::Server(ServerError::parse(self.frames.body(&frame)))),
                b'S' => self.note_setting(&frame),
                b'N' if self.is_stream => left_out(self.frames.body(&frame))?,
                b'N' | b'A' => {}
                _ => return Ok(Some(frame)),
            }
        }
        Ok(None)
    }

    /// Reads what the socket has, at least a byte. Cancel-safe; messages given out before are given up.
    pub(super) async fn fill(&mut self) -> Result<(), ConnectionError> {
        match self.transport.read_buf(self.frames.space()).await? {
            0 => Err(ConnectionError::Closed),
            _ => Ok(()),
        }
    }

    /// Bytes to send; nothing leaves before [`Self::flush`].
    pub(super) fn outgoing(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// Sends all that waits. Cancel-safe: what was sent is taken out of the buffer as it goes.
    pub(super) async fn flush(&mut self) -> Result<(), ConnectionError> {
        while !self.out.is_empty() {
            if self.transport.write_buf(&mut self.out).await? == 0 {
                return Err(ConnectionError::Closed);
            }
        }
        Ok(self.transport.flush().await?)
    }

    /// Runs one command or SQL text to its end.
    pub(super) async fn simple_query(&mut self, sql: &str) -> Result<TextRows, ConnectionError> {
        self.send_query(sql).await?;
        let mut rows = Vec::new();
        loop {
            let frame = self.read().await?;
            match frame.tag {
                b'D' => rows.push(text_row(self.frames.body(&frame))?),
                // Columns, end of a command, empty command.
                b'T' | b'C' | b'I' => {}
                b'Z' => return Ok(rows),
                tag => return Err(unexpected(tag, "a query")),
            }
        }
    }

    /// Runs a command that answers with a stream; `tag` is `H` for COPY TO, `W` for replication.
    pub(super) async fn start_copy(&mut self, sql: &str, tag: u8) -> Result<(), ConnectionError> {
        self.send_query(sql).await?;
        let frame = self.read().await?;
        self.is_stream = tag == b'W';
        if frame.tag == tag { Ok(()) } else { Err(unexpected(frame.tag, "the start of a copy")) }
    }

    /// Reads to the end of a finished copy, so that the next command can be sent.
    pub(super) async fn end_copy(&mut self) -> Result<(), ConnectionError> {
        loop {
            let frame = self.read().await?;
            match frame.tag {
                b'Z' => return Ok(()),
                b'C' | b'c' => {}
                tag => return Err(unexpected(tag, "the end of a copy")),
            }
        }
    }

    async fn send_query(&mut self, sql: &str) -> Result<(), ConnectionError> {
        frontend::query(sql, &mut self.out)?;
        self.flush().await
    }

    fn note_setting(&mut self, frame: &Frame) {
        let mut parts = self.frames.body(frame).split(|byte| *byte == 0);
        if let (Some(b"server_version"), Some(value)) = (parts.next(), parts.next()) {
            self.server_version = version_number(&String::from_utf8_lossy(value));
        }
    }
}

/// Tries every server, and for each what `sslmode` allows, until `login` succeeds.
pub(super) async fn connect_any<'a, T>(
    info: &'a ConnInfo,
    login: impl Fn(Transport) -> BoxFuture<'a, Result<T, ConnectionError>>,
) -> Result<T, ConnectionError> {
    let mut failure = ConnectionError::Protocol("no server to connect to".into());
    for server in info.servers() {
        for attempt in transport::attempts(info.tls().mode) {
            let session = async { login(Transport::connect(info, &server, *attempt).await?).await };
            let limit = info.connect_timeout();
            failure = match timeout(limit, session).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => error,
                Err(_) => ConnectionError::Timeout(limit.as_secs()),
            };
            // 28000: pg_hba.conf has no line for this kind of connection; the other kind may have one.
            if !matches!(&failure, ConnectionError::Server(error) if error.code == "28000") {
                break;
            }
        }
        failure = name_server(failure, &server);
    }
    Err(failure)
}

fn name_server(error: ConnectionError, server: &Server) -> ConnectionError {
    match error {
        ConnectionError::Io(error) => {
            std::io::Error::new(error.kind(), format!("cannot connect to {server}: {error}")).into()
        }
        other => other,
    }
}

fn startup_parameters(info: &ConnInfo, purpose: Purpose) -> Vec<(&str, &str)> {
    let mut parameters = vec![
        ("user", info.user()),
        ("database", info.database()),
        ("application_name", info.config().get_application_name().unwrap_or("tailwater")),
    ];
    parameters.extend(info.config().get_options().map(|options| ("options", options)));
    parameters.extend(SESSION_SETTINGS);
    if purpose == Purpose::Replication {
        parameters.push(("replication", "database"));
        // Its warnings matter.
        parameters.push(("client_min_messages", "warning"));
    }
    parameters
}

/// `15.7 (Debian 15.7-0+deb12u1)`, `17beta1` → 150007, 170000.
fn version_number(text: &str) -> u32 {
    let mut numbers = text.split(|char: char| !char.is_ascii_digit()).map(|digits| digits.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let has_minor = text.trim_start_matches(|char: char| char.is_ascii_digit()).starts_with('.');
    major.saturating_mul(10_000).saturating_add(if has_minor { minor } else { 0 })
}

/// Since Postgres 18 a publication that is not there is only warned of, and every change left out; before, it is an error.
fn left_out(notice: &[u8]) -> Result<(), ConnectionError> {
    let ServerError { code, message } = ServerError::parse(notice);
    if code != OBJECT_NOT_IN_PREREQUISITE_STATE {
        return Ok(());
    }
    Err(ConnectionError::Server(ServerError { code, message: format!("changes are left out: {message}") }))
}

fn unexpected(tag: u8, during: &str) -> ConnectionError {
    ConnectionError::Protocol(format!("unexpected message '{}' during {during}", tag.escape_ascii()))
}

fn backend_pid(body: &[u8]) -> i32 {
    body.first_chunk::<4>().map_or(0, |bytes| i32::from_be_bytes(*bytes))
}

/// One DataRow in text form.
fn text_row(body: &[u8]) -> Result<Vec<Option<String>>, ConnectionError> {
    let broken = || ConnectionError::Protocol("a row is cut short".into());
    let (count, mut rest) = body.split_first_chunk::<2>().ok_or_else(broken)?;
    let mut row = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = after;
            row.push(None);
            continue;
        };
        let (value, after) = after.split_at_checked(length).ok_or_else(broken)?;
        row.push(Some(String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_server_writes_them() {
        assert_eq!(version_number("15.7 (Debian 15.7-0+deb12u1)"), 150_007);
        assert_eq!(version_number("17beta1"), 170_000);
        assert_eq!(version_number("nonsense"), 0);
    }

    #[test]
    fn a_warning_that_changes_are_left_out_is_an_error_and_others_are_not() {
        let warning =
            b"SWARNUNG\0VWARNING\0C55000\0Mskipped loading publication \"p\"\0DThe publication does not exist\0\0";
        let error = left_out(warning).unwrap_err().to_string();
        assert_eq!(error, "changes are left out: skipped loading publication \"p\" (SQLSTATE 55000)");
        assert!(left_out(b"SWARNING\0VWARNING\0C01000\0Mclock\0\0").is_ok());
    }

    #[test]
    fn rows_cut_short_are_errors() {
        let body = b"\0\x02\0\0\0\x01a\xff\xff\xff\xff";
        assert_eq!(text_row(body).unwrap(), [Some("a".to_owned()), None]);
        for cut in 0..body.len() {
            assert!(text_row(&body[..cut]).is_err());
        }
    }
}
