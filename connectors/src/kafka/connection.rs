//! How brokers are reached: what every client of ours shares. Settings have the meaning that librdkafka gives them:
//! <https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md>.

use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;

/// Default of `timeout`: a broker that restarts, or whose leader moves, is back within it.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// A request is given up after this part of `timeout`, so that another one fits.
const REQUESTS_PER_TIMEOUT: u32 = 2;
/// librdkafka refuses longer socket timeouts.
const SOCKET_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// What to do about such a file.
pub(super) const FILE_HINT: &str =
    "name PEM files in \"tls_ca\", \"tls_certificate\" and \"tls_key\" that this user may read";
/// What to do where brokers do not accept our certificate.
pub(super) const IDENTITY_HINT: &str =
    "name a certificate in \"tls_certificate\" and \"tls_key\" that the brokers trust, and check \"tls_ca\"";

/// Whether the client tells that a broker ended the TLS handshake with an alert, as one does that wants another certificate. The client has
/// no code for it.
pub(super) fn is_alert(words: &str) -> bool {
    words.contains("SSL alert number")
}

/// Connection settings of a Kafka source or sink.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaConnection {
    /// `host:port`, several separated by commas: any of them names the others.
    pub brokers: String,
    /// Encryption.
    pub tls: Tls,
    /// Login; `None`: none is asked for.
    pub sasl: Option<Sasl>,
    /// How long a broker may be silent before it counts as unavailable.
    pub timeout: Duration,
}

/// Encryption of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// None.
    Off,
    /// Encrypted, to brokers that show a certificate for their name.
    Verify {
        /// PEM file with the certificates that are trusted; `None`: those of the machine.
        ca: Option<PathBuf>,
        /// PEM files of our own certificate and its key, where brokers ask for one.
        identity: Option<Identity>,
    },
}

/// PEM files of a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and those that signed it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Login.
#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// How.
    pub mechanism: SaslMechanism,
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// `sasl` of a source or sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// `"plain"`
    Plain,
    /// `"scram-sha-256"`
    ScramSha256,
    /// `"scram-sha-512"`
    ScramSha512,
}

impl SaslMechanism {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl KafkaConnection {
    /// What is wrong with the files of certificates and keys, if anything is.
    pub fn unreadable_file(&self) -> Option<String> {
        let Tls::Verify { ca, identity } = &self.tls else { return None };
        let named = [
            ("tls_ca", ca.as_ref()),
            ("tls_certificate", identity.as_ref().map(|own| &own.certificate)),
            ("tls_key", identity.as_ref().map(|own| &own.key)),
        ];
        named.into_iter().find_map(|(setting, path)| {
            let error = std::fs::read(path?).err()?;
            Some(format!("\"{setting}\", the file {}, cannot be read: {error}", path?.display()))
        })
    }

    /// A client's settings, with nothing but how brokers are reached; `client_id` is what they see in their logs.
    pub fn client(&self, client_id: &str) -> ClientConfig {
        let mut client = ClientConfig::new();
        let request = (self.timeout / REQUESTS_PER_TIMEOUT).min(SOCKET_TIMEOUT_MAX);
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            .set("socket.timeout.ms", request.as_millis().to_string())
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.max.ms", "1000");
        let protocol = match (&self.tls, &self.sasl) {
            (Tls::Off, None) => "plaintext",
            (Tls::Off, Some(_)) => "sasl_plaintext",
            (Tls::Verify { .. }, None) => "ssl",
            (Tls::Verify { .. }, Some(_)) => "sasl_ssl",
        };
        client.set("security.protocol", protocol);
        if let Tls::Verify { ca, identity } = &self.tls {
            client.set("ssl.ca.location", ca.as_ref().map_or("probe".into(), |path| path.display().to_string()));
            if let Some(Identity { certificate, key }) = identity {
                client.set("ssl.certificate.location", certificate.display().to_string());
                client.set("ssl.key.location", key.display().to_string());
            }
        }
        if let Some(Sasl { mechanism, user, password }) = &self.sasl {
            client.set("sasl.mechanism", mechanism.name()).set("sasl.username", user).set("sasl.password", password);
        }
        client
    }
}
