//! Logging in: SCRAM-SHA-256 with and without channel binding, MD5, and cleartext where nobody can listen.

use std::io;

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ScramSha256};
use postgres_protocol::message::frontend;
use tokio_postgres::config::ChannelBinding;

use super::conninfo::ConnInfo;
use super::server_error::ConnectionError;
use super::transport::Transport;

/// One login, fed with the server's authentication messages.
pub(super) struct Login<'a> {
    info: &'a ConnInfo,
    binding: Option<Vec<u8>>,
    is_private: bool,
    is_tls: bool,
    scram: Option<ScramSha256>,
    /// The server proved that it knows the password.
    is_proven: bool,
    is_bound: bool,
}

/// What follows an authentication message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This has been written to the buffer; send it.
    Send,
    /// Wait for the next message.
    Wait,
    /// The server let us in.
    Done,
}

impl<'a> Login<'a> {
    pub(super) fn new(info: &'a ConnInfo, transport: &Transport) -> Self {
        Self {
            info,
            binding: transport.binding().map(<[u8]>::to_vec),
            is_private: transport.is_private(),
            is_tls: transport.is_tls(),
            scram: None,
            is_proven: false,
            is_bound: false,
        }
    }

    /// Answers one authentication message (body of tag `R`).
    pub(super) fn answer(&mut self, body: &[u8], out: &mut BytesMut) -> Result<Step, ConnectionError> {
        let Some((kind, rest)) = body.split_first_chunk::<4>() else {
            return Err(ConnectionError::Protocol("an authentication message without a kind".into()));
        };
        match i32::from_be_bytes(*kind) {
            0 => self.accept(),
            3 => self.cleartext(out),
            5 => self.md5(rest, out),
            10 => self.start_scram(rest, out),
            11 => {
                let scram = self.scram.as_mut().ok_or_else(out_of_order)?;
                scram.update(rest).map_err(scram_error)?;
                frontend::sasl_response(scram.message(), out)?;
                Ok(Step::Send)
            }
            12 => {
                self.scram.as_mut().ok_or_else(out_of_order)?.finish(rest).map_err(scram_error)?;
                self.is_proven = true;
                Ok(Step::Wait)
            }
            kind => Err(refusal(
                &format!("the server asks for authentication method {kind}, which is not supported"),
                "use scram-sha-256, a client certificate or trust in pg_hba.conf",
            )),
        }
    }

    fn accept(&self) -> Result<Step, ConnectionError> {
        if self.scram.is_some() && !self.is_proven {
            return Err(ConnectionError::Protocol("the server did not prove that it knows the password".into()));
        }
        if self.info.channel_binding() == ChannelBinding::Require && !self.is_bound {
            return Err(refusal("channel binding was required but not used", "use sslmode=require and scram-sha-256"));
        }
        Ok(Step::Done)
    }

    fn password(&self) -> Result<&'a [u8], ConnectionError> {
        self.info.password().ok_or_else(|| {
            refusal("the server asks for a password and there is none", "put one into the URL or into PGPASSWORD")
        })
    }

    fn unbound(&self) -> Result<(), ConnectionError> {
        match self.info.channel_binding() {
            ChannelBinding::Require => Err(refusal(
                "channel binding is required, but the server does not offer it",
                "use scram-sha-256 and TLS",
            )),
            _ => Ok(()),
        }
    }

    fn cleartext(&self, out: &mut BytesMut) -> Result<Step, ConnectionError> {
        self.unbound()?;
        if !self.is_private {
            return Err(refusal(
                "the server asks for the password in clear text over a connection that is not encrypted",
                "use sslmode=require, or scram-sha-256 in pg_hba.conf",
            ));
        }
        frontend::password_message(self.password()?, out)?;
        Ok(Step::Send)
    }

    fn md5(&self, salt: &[u8], out: &mut BytesMut) -> Result<Step, ConnectionError> {
        self.unbound()?;
        let salt: [u8; 4] =
            salt.try_into().map_err(|_| ConnectionError::Protocol("an MD5 salt of wrong length".into()))?;
        frontend::password_message(md5_hash(self.info.user().as_bytes(), self.password()?, salt).as_bytes(), out)?;
        Ok(Step::Send)
    }

    fn start_scram(&mut self, mechanisms: &[u8], out: &mut BytesMut) -> Result<Step, ConnectionError> {
        let offers = |name: &str| mechanisms.split(|byte| *byte == 0).any(|offered| offered == name.as_bytes());
        let password = self.password()?;
        let binding = self.binding.take().filter(|_| self.info.channel_binding() != ChannelBinding::Disable);
        let (mechanism, binding) = match binding {
            Some(hash) if offers(sasl::SCRAM_SHA_256_PLUS) => {
                self.is_bound = true;
                (sasl::SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(hash))
            }
            _ if !offers(sasl::SCRAM_SHA_256) => {
                return Err(refusal("the server offers no SASL method that is known here", "use scram-sha-256"));
            }
            // Says: "we could bind, but you did not offer to"; the server notices if someone took its offer away.
            Some(_) if self.is_tls => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested()),
            _ => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported()),
        };
        if !self.is_bound {
            self.unbound()?;
        }
        let scram = self.scram.insert(ScramSha256::new(password, binding));
        frontend::sasl_initial_response(mechanism, scram.message(), out)?;
        Ok(Step::Send)
    }
}

fn refusal(message: &str, hint: &str) -> ConnectionError {
    ConnectionError::Setup { message: message.into(), hint: hint.into() }
}

fn out_of_order() -> ConnectionError {
    ConnectionError::Protocol("a SCRAM message before SCRAM was started".into())
}

/// The server's proof is wrong or the exchange is broken: not the server we share the password with.
fn scram_error(error: io::Error) -> ConnectionError {
    refusal(&format!("SCRAM failed: {error}"), "check the password, and that the host is the server you mean")
}
