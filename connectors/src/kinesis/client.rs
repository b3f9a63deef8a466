//! Asks Kinesis: JSON over HTTP, signed. Each question is asked once; whoever asks knows whether to ask again. It waits for the answer: called
//! off the async threads.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::answer::{self, Garbled, Records, Shard, Summary};
use super::call_error::CallError;
use super::config::KinesisConnection;
use super::sequence::{Sequence, ShardId};
use super::signature::{MOMENT, Signer};

const SERVICE: &str = "kinesis";
const TARGET: &str = "Kinesis_20131202";
const CONTENT: &str = "application/x-amz-json-1.1";
/// Longest answer that is read: 10 MiB of records, in base64, with what is said of each of them.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Pages of a stream's shards at most, of a thousand each.
const PAGES_MAX: usize = 100;
/// Connections that are kept.
const CONNECTIONS_MAX: usize = 16;

/// A client of one region.
pub(super) struct Client {
    connection: KinesisConnection,
    /// Scheme, host and port.
    address: String,
    /// As the header says it.
    host: String,
    agent: ureq::Agent,
}

/// From where in a shard records are wanted.
pub(super) enum From<'a> {
    /// The oldest that is kept.
    Beginning,
    /// This one, or where it stood.
    At(&'a Sequence),
}

/// An answer, and when it was given by the server's own clock, in seconds since 1970.
pub(super) struct Dated<T> {
    pub(super) answer: T,
    pub(super) at: i64,
}

impl Client {
    /// Connects to nothing yet.
    pub(super) fn new(connection: &KinesisConnection) -> Self {
        let address = connection.endpoint.clone().unwrap_or_else(|| aws_address(&connection.region));
        let address = address.trim_end_matches('/').to_owned();
        let mut settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent("tailwater")
            .max_idle_connections(CONNECTIONS_MAX)
            .max_idle_connections_per_host(CONNECTIONS_MAX)
            .timeout_global(Some(connection.timeout));
        if address.starts_with("https:") {
            let trusted = rustls_native_certs::load_native_certs().certs;
            let trusted: Vec<_> = trusted.iter().map(|it| Certificate::from_der(it.as_ref()).to_owned()).collect();
            settings =
                settings.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted)).build());
        }
        let host = host(&address).to_owned();
        Self { connection: connection.clone(), address, host, agent: settings.build().into() }
    }

    /// A stream as a whole.
    pub(super) fn summary(&self, stream: &str) -> Result<Dated<Summary>, CallError> {
        self.ask("DescribeStreamSummary", &json!({ "StreamName": stream }), answer::summary)
    }

    /// All shards of a stream that are kept, in the order of their ids.
    pub(super) fn shards(&self, stream: &str) -> Result<Vec<Shard>, CallError> {
        let (mut shards, mut question) = (Vec::new(), json!({ "StreamName": stream }));
        for _ in 0..PAGES_MAX {
            let page = self.ask("ListShards", &question, answer::shards)?.answer;
            shards.extend(page.shards);
            match page.next {
                Some(token) => question = json!({ "NextToken": token }),
                None => {
                    shards.sort_by_key(|shard| shard.id);
                    return Ok(shards);
                }
            }
        }
        Err(CallError::Garbled(format!("more than {PAGES_MAX} pages of shards")))
    }

    /// Where to ask for records.
    pub(super) fn iterator(&self, stream: &str, shard: ShardId, from: &From<'_>) -> Result<String, CallError> {
        let mut question = json!({ "StreamName": stream, "ShardId": shard.to_string() });
        match from {
            From::Beginning => question["ShardIteratorType"] = "TRIM_HORIZON".into(),
            From::At(sequence) => {
                question["ShardIteratorType"] = "AT_SEQUENCE_NUMBER".into();
                question["StartingSequenceNumber"] = sequence.as_str().into();
            }
        }
        self.ask("GetShardIterator", &question, answer::iterator).map(|dated| dated.answer)
    }

    /// Records, at most `limit`.
    pub(super) fn records(&self, iterator: &str, limit: usize) -> Result<Dated<Records>, CallError> {
        self.ask("GetRecords", &json!({ "ShardIterator": iterator, "Limit": limit }), answer::records)
    }

    fn ask<T>(
        &self,
        operation: &str,
        question: &Value,
        read: impl FnOnce(&str) -> Result<T, Garbled>,
    ) -> Result<Dated<T>, CallError> {
        let (body, target) = (question.to_string(), format!("{TARGET}.{operation}"));
        let request = self.signed(self.agent.post(format!("{}/", self.address)), &target, &body);
        let mut response = request.send(&body[..]).map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let date = response.headers().get("date").and_then(|date| date.to_str().ok());
        let at =
            date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map_or_else(now, |date| date.timestamp());
        let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| self.unreachable(&error))?;
        if status != StatusCode::OK {
            return Err(CallError::answered(operation, status, &text));
        }
        let answer = read(&text).map_err(|Garbled(what)| CallError::Garbled(format!("{operation}: {what}")))?;
        Ok(Dated { answer, at })
    }

    fn signed(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        target: &str,
        body: &str,
    ) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let KinesisConnection { region, credentials, .. } = &self.connection;
        let moment = Utc::now().format(MOMENT).to_string();
        let mut headers = vec![("content-type", CONTENT), ("host", &self.host), ("x-amz-date", &moment)];
        headers.extend(credentials.session_token.as_deref().map(|token| ("x-amz-security-token", token)));
        headers.push(("x-amz-target", target));
        let (access_key, secret_key) = (&credentials.access_key[..], &credentials.secret_key[..]);
        let signer = Signer { access_key, secret_key, region, service: SERVICE };
        let authorization = signer.authorization(&moment, &headers, body.as_bytes());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.header("authorization", authorization)
    }

    /// What cannot become better by itself is refused, all else is worth another try.
    fn unreachable(&self, error: &ureq::Error) -> CallError {
        let address = &self.address;
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => CallError::Refused {
                message: format!("\"{address}\" cannot be asked: {error}"),
                hint: "write endpoint as http://HOST:PORT or https://HOST:PORT, and credentials without blanks".into(),
            },
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => CallError::Refused {
                message: format!("{address}: {error}"),
                hint: "check the endpoint's certificate, and which ones this machine trusts".into(),
            },
            ureq::Error::HostNotFound if self.connection.endpoint.is_none() => CallError::Unreachable(format!(
                "{address}: there is no such host; \"{}\" may be no region",
                self.connection.region
            )),
            _ => CallError::Unreachable(format!("{address}: {error}")),
        }
    }
}

/// The address of AWS in a region: <https://docs.aws.amazon.com/general/latest/gr/ak.html>.
fn aws_address(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{SERVICE}.{region}.{domain}")
}

/// What the header `host` says of an address: the port only where it is not the scheme's own.
fn host(address: &str) -> &str {
    let authority = address.split_once("://").map_or(address, |(_, authority)| authority);
    let default = if address.starts_with("https:") { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
