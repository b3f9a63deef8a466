//! One question to a registry: the addresses are asked one after the other until one answers; nothing is asked again here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::error::RegistryError;
use crate::kafka::base64;

/// Default of `registry_timeout`: registries answer from memory.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read: schemas are small, and someone else's server may answer anything.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPT: &str = "application/vnd.schemaregistry.v1+json, application/json";

/// What a registry said.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Answer {
    /// The registry's own number of an error: `40401` is a subject that is not there.
    pub(super) fn error_code(&self) -> Option<u64> {
        self.body["error_code"].as_u64()
    }

    /// Its own words for an error.
    pub(super) fn message(&self) -> String {
        match self.body["message"].as_str() {
            Some(message) => message.to_owned(),
            None => format!("it answers with status {}", self.status),
        }
    }
}

/// A question.
pub(super) struct Question {
    /// Behind the address, with its slash.
    pub(super) path: String,
    /// `None`: GET, else POST.
    pub(super) body: Option<Value>,
}

/// How a registry is reached.
pub(super) struct Http {
    addresses: Vec<String>,
    authorization: Option<String>,
    agent: ureq::Agent,
}

/// Login and trust.
pub(super) struct Access<'a> {
    pub(super) login: Option<(&'a str, &'a str)>,
    pub(super) ca: Option<&'a PathBuf>,
    pub(super) timeout: Duration,
}

impl Http {
    pub(super) fn new(addresses: &[String], access: &Access<'_>) -> Result<Self, RegistryError> {
        let mut settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent("tailwater")
            .timeout_global(Some(access.timeout));
        if addresses.iter().any(|address| address.starts_with("https:")) {
            settings = settings
                .tls_config(TlsConfig::builder().root_certs(trusted(access.ca.map(|path| path.as_path()))?).build());
        }
        let authorization = access
            .login
            .map(|(user, password)| format!("Basic {}", base64::encoded(format!("{user}:{password}").as_bytes())));
        let addresses = addresses.iter().map(|address| address.trim_end_matches('/').to_owned()).collect();
        Ok(Self { addresses, authorization, agent: settings.build().into() })
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, question: &Question) -> Result<Answer, RegistryError> {
        let mut last = RegistryError::refused("no address is given", "set \"registry\"");
        for address in &self.addresses {
            match self.ask_one(address, question) {
                Err(error) if error.is_transient() => last = error,
                decided => return decided,
            }
        }
        Err(last)
    }

    fn ask_one(&self, address: &str, question: &Question) -> Result<Answer, RegistryError> {
        let url = format!("{address}{}", question.path);
        let response = match &question.body {
            None => self.with_headers(self.agent.get(url)).call(),
            Some(body) => {
                self.with_headers(self.agent.post(url)).header("content-type", CONTENT).send(body.to_string())
            }
        };
        let mut response = response.map_err(|error| unreachable(address, &error))?;
        let status = response.status();
        let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| unreachable(address, &error))?;
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
        {
            return Err(RegistryError::Unavailable { message: format!("{address} answers with status {status}") });
        }
        let Ok(body) = serde_json::from_str(&text) else {
            let message = format!("{address} answers with status {status} and no JSON");
            return Err(RegistryError::refused(
                message,
                "\"registry\" must be the address of a Confluent-compatible API; Apicurio has it under /apis/ccompat/v7",
            ));
        };
        let answer = Answer { status, body };
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Err(RegistryError::refused(
                answer.message(),
                "check registry_user and registry_password, and what that user may do",
            ));
        }
        Ok(answer)
    }

    fn with_headers<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("accept", ACCEPT);
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }
}

/// What cannot become better by itself is refused, all else is worth another try.
fn unreachable(address: &str, error: &ureq::Error) -> RegistryError {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => RegistryError::refused(
            "\"registry\" is not an address",
            "write it as http://HOST:PORT or https://HOST:PORT",
        ),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
            RegistryError::refused(format!("{address}: {error}"), "check the registry's certificate and registry_ca")
        }
        ureq::Error::BodyExceedsLimit(_) => RegistryError::refused(
            format!("{address} answers with more than {ANSWER_BYTES_MAX} bytes"),
            "check \"registry\"",
        ),
        _ => RegistryError::Unavailable { message: format!("{address}: {error}") },
    }
}

/// The certificates of a file, or those of the machine.
fn trusted(ca: Option<&Path>) -> Result<RootCerts, RegistryError> {
    let found = match ca {
        None => rustls_native_certs::load_native_certs().certs,
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                let message = format!("registry_ca \"{}\" cannot be read: {error}", path.display());
                RegistryError::refused(message, "name a PEM file of certificates")
            };
            let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
            let found = read().map_err(|error| unreadable(&error))?;
            if found.is_empty() {
                return Err(unreadable(&"no certificate in it"));
            }
            found
        }
    };
    let certificates: Vec<_> = found.iter().map(|it| Certificate::from_der(it.as_ref()).to_owned()).collect();
    Ok(RootCerts::new_with_certs(&certificates))
}
