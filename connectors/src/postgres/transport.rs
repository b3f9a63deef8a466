//! The byte stream below a connection: TCP or Unix socket, with or without TLS, as `sslmode` asks. Shared by our own
//! replication connection and by `tokio_postgres`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio_postgres::config::Host;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::channel_binding::tls_server_end_point;
use super::conninfo::{ConnInfo, Server, SslMode};
use super::server_error::ConnectionError;
use super::tls;

/// The kernel asks a silent peer after this: a session whose peer is gone ends within a minute, whatever it waits for.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// A connected stream, before anyone logged in.
#[derive(Debug)]
pub(super) struct Transport {
    stream: Stream,
    /// What SCRAM can bind to, when TLS is on and the certificate allows it.
    binding: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Whether an attempt uses TLS; an `sslmode` is a list of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// No TLS.
    Plain,
    /// TLS, plain when the server has none.
    TlsIfOffered,
    /// TLS or an error.
    Tls,
}

/// What to try in order; the next is tried when the server turned the role away before the password was asked.
pub(super) fn attempts(mode: SslMode) -> &'static [Attempt] {
    match mode {
        SslMode::Disable => &[Attempt::Plain],
        SslMode::Allow => &[Attempt::Plain, Attempt::Tls],
        SslMode::Prefer => &[Attempt::TlsIfOffered, Attempt::Plain],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Attempt::Tls],
    }
}

impl Transport {
    /// Connects to one server.
    pub(super) async fn connect(info: &ConnInfo, server: &Server, attempt: Attempt) -> Result<Self, ConnectionError> {
        let tcp = match &server.host {
            Some(Host::Unix(directory)) => {
                let path = directory.join(format!(".s.PGSQL.{}", server.port));
                let stream = UnixStream::connect(&path).await?;
                return Ok(Self { stream: Stream::Unix(stream), binding: None });
            }
            _ => connect_tcp(server).await?,
        };
        match attempt {
            Attempt::Plain => Ok(Self { stream: Stream::Tcp(tcp), binding: None }),
            Attempt::TlsIfOffered | Attempt::Tls => start_tls(info, server, attempt, tcp).await,
        }
    }

    /// Whether what is sent cannot be read on the way. A Unix socket cannot.
    pub(super) fn is_private(&self) -> bool {
        !matches!(self.stream, Stream::Tcp(_))
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    pub(super) fn binding(&self) -> Option<&[u8]> {
        self.binding.as_deref()
    }
}

async fn connect_tcp(server: &Server) -> Result<TcpStream, ConnectionError> {
    let name = match (&server.address, &server.host) {
        (Some(address), _) => address.as_str(),
        (None, Some(Host::Tcp(name))) => name.as_str(),
        _ => "localhost",
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host((name, server.port)).await? {
        match connect_address(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

async fn connect_address(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive.with_retries(KEEPALIVE_RETRIES))?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

async fn start_tls(
    info: &ConnInfo,
    server: &Server,
    attempt: Attempt,
    mut tcp: TcpStream,
) -> Result<Transport, ConnectionError> {
    if !info.tls().direct && !offers_tls(&mut tcp).await? {
        return match attempt {
            Attempt::TlsIfOffered => Ok(Transport { stream: Stream::Tcp(tcp), binding: None }),
            _ => Err(ConnectionError::Setup {
                message: "the server has no TLS, but sslmode asks for it".into(),
                hint: "set ssl = on on the server, or a weaker sslmode in the URL".into(),
            }),
        };
    }
    let name = match (&server.host, &server.address) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (_, address) => address.clone().unwrap_or_default(),
    };
    let name = ServerName::try_from(name).map_err(|_| ConnectionError::Setup {
        message: "the host is not a name that a certificate can have".into(),
        hint: "check the host in the URL".into(),
    })?;
    let connector = TlsConnector::from(tls::client_config(info.tls())?);
    let stream = connector.connect(name, tcp).await.map_err(handshake_error)?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let binding = certificate.and_then(|certificate| tls_server_end_point(certificate));
    Ok(Transport { stream: Stream::Tls(Box::new(stream)), binding })
}

/// Asks in the clear. Nothing may follow the answer's one byte, or it could have been put there by someone else; reading
/// exactly one byte leaves whatever follows to the TLS handshake, which refuses it.
async fn offers_tls(tcp: &mut TcpStream) -> Result<bool, ConnectionError> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all(&request).await?;
    match tcp.read_u8().await {
        Ok(b'S') => Ok(true),
        // 'E': a server too old or too busy to know the question.
        Ok(b'N' | b'E') => Ok(false),
        Ok(_) => Err(ConnectionError::Protocol("the answer to SSLRequest is neither S nor N".into())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ConnectionError::Closed),
        Err(error) => Err(error.into()),
    }
}

fn handshake_error(error: io::Error) -> ConnectionError {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(cause) = cause else { return ConnectionError::Io(error) };
    ConnectionError::Setup {
        message: format!("TLS handshake failed: {cause}"),
        hint: "check sslmode and sslrootcert: the certificate must be signed by it and, for verify-full, name the host"
            .into(),
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl TlsStream for Transport {
    fn channel_binding(&self) -> ChannelBinding {
        self.binding.clone().map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// Hands `tokio_postgres` a stream on which TLS has been settled already.
pub(super) struct Settled;

impl TlsConnect<Transport> for Settled {
    type Stream = Transport;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Transport>>;

    fn connect(self, stream: Transport) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}
