//! Asks the running daemon over HTTP.

use std::io::Read;
use std::time::Duration;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use crate::config;

/// A daemon that is busy still answers within this.
const ANSWER_MAX: Duration = Duration::from_secs(70);

/// An answer: its status, the position header, its body.
pub(super) struct Answer {
    pub(super) position: Option<String>,
    pub(super) next: Option<String>,
    pub(super) body: Box<dyn Read>,
}

/// The daemon's HTTP API.
pub(super) struct Remote {
    address: String,
    /// What to send as `Authorization`.
    authorization: Option<String>,
    agent: ureq::Agent,
}

impl Remote {
    pub(super) fn new(address: DaemonAddress) -> Result<Self, Failure> {
        let config = config::load(&address.config.config);
        let (address, token) = match (address.http, config) {
            // The configuration may be another one, or none, where the address is given.
            (Some(address), config) => (address, config.ok().and_then(|config| config.server.http_token)),
            (None, config) => {
                let server = config?.server;
                let off = || Failure::usage("the configuration switches HTTP off").hint("give --http HOST:PORT");
                (server.http.ok_or_else(off)?.to_string(), server.http_token)
            }
        };
        let authorization = token.map(|token| format!("Bearer {token}"));
        let settings = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(ANSWER_MAX));
        Ok(Self { address, authorization, agent: settings.build().into() })
    }

    /// `GET path`; an error answer becomes a failure with the daemon's own words.
    pub(super) fn get(&self, path: &str, accept: &str) -> Result<Answer, Failure> {
        let request = self.agent.get(self.url(path)).header("accept", accept);
        self.answered(self.authorized(request).call())
    }

    /// `POST path` without a body; the answer may take any time.
    pub(super) fn post(&self, path: &str) -> Result<Answer, Failure> {
        let request = self.agent.post(self.url(path)).config().timeout_global(None).build();
        self.answered(self.authorized(request).send_empty())
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn answered(&self, response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, Failure> {
        let response = response.map_err(|error| {
            Failure::unreachable(format!("no daemon answers at {}: {error}", self.address))
                .hint("start it with \"tailwater run\", or give --http HOST:PORT")
        })?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
        let (position, next, status) = (header("tailwater-position"), header("tailwater-next"), response.status());
        let mut body = Box::new(response.into_body().into_reader());
        if status.is_success() {
            return Ok(Answer { position, next, body });
        }
        let mut text = String::new();
        body.read_to_string(&mut text)?;
        let error: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let message = error["error"].as_str().unwrap_or(&text).to_string();
        let failure = Failure::failed(message);
        Err(match error["hint"].as_str() {
            Some(hint) => failure.hint(hint),
            None => failure,
        })
    }
}

/// Percent-encodes one path segment or query value.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
