//! What a registry is asked, and what is remembered of its answers: schemas never change, so one by its id is asked for once. All of it
//! waits for the answer: called off the async threads.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use ureq::http::StatusCode;

use super::error::RegistryError;
use super::http::{Access, Answer, Http, Question};
use super::schema::{Reference, RegisteredSchema, SchemaKind};

/// Schemas that are remembered; when there are more, all are asked for again.
const REMEMBERED_MAX: usize = 4_096;
/// Schemas that one may refer to, also through others.
const REFERENCES_MAX: usize = 256;
/// Registries number what is missing from here on, by what it is.
const FIRST_ERROR_CODE: u64 = 40_400;

/// How a registry is reached, from checked configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryConfig {
    /// `http://host:port` or `https://…`, any of which will do, without a login in them.
    pub addresses: Vec<String>,
    /// User and password, where it asks for them.
    pub login: Option<(String, String)>,
    /// PEM file of the certificates that are trusted; `None`: those of the machine.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl fmt::Debug for RegistryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryConfig").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// A version of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Id of its schema.
    pub id: u32,
    /// Its number.
    pub version: u32,
}

/// A client of a registry.
pub struct Registry {
    http: Http,
    remembered: Mutex<HashMap<u32, Arc<RegisteredSchema>>>,
}

impl Registry {
    /// Connects to nothing yet.
    pub fn new(config: &RegistryConfig) -> Result<Self, RegistryError> {
        let login = config.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
        let access = Access { login, ca: config.ca.as_ref(), timeout: config.timeout };
        Ok(Self { http: Http::new(&config.addresses, &access)?, remembered: Mutex::default() })
    }

    /// Asks whether it is there and lets us in; changes nothing.
    pub fn check(&self) -> Result<(), RegistryError> {
        let answer = self.get("/schemas/types".into())?;
        success(&answer).map_err(|refused| refused(NO_REGISTRY))
    }

    /// The schema of an id; `None`: the registry does not have it.
    pub fn schema(&self, id: u32) -> Result<Option<Arc<RegisteredSchema>>, RegistryError> {
        if let Some(schema) = self.remembered.lock().get(&id) {
            return Ok(Some(schema.clone()));
        }
        let answer = self.get(format!("/schemas/ids/{id}"))?;
        if is_missing(&answer) {
            return Ok(None);
        }
        success(&answer).map_err(|refused| refused(NO_REGISTRY))?;
        let schema = Arc::new(self.complete(&answer.body)?);
        let mut remembered = self.remembered.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(id, schema.clone());
        Ok(Some(schema))
    }

    /// Registers a schema under a subject, if it is not there yet, and answers its id.
    pub fn register(&self, subject: &str, schema: &RegisteredSchema) -> Result<u32, RegistryError> {
        let path = format!("/subjects/{}/versions", escaped(subject));
        let answer = self.post(path, body(schema)?)?;
        success(&answer).map_err(|refused| {
            refused(&format!("change the view so that it is compatible with what \"{subject}\" holds, or the subject's compatibility, or write to another topic"))
        })?;
        number(&answer.body, "id")
    }

    /// The version under which a subject holds exactly this schema.
    pub fn lookup(&self, subject: &str, schema: &RegisteredSchema) -> Result<Option<Version>, RegistryError> {
        let answer = self.post(format!("/subjects/{}", escaped(subject)), body(schema)?)?;
        version(&answer)
    }

    /// The latest version of a subject.
    pub fn latest(&self, subject: &str) -> Result<Option<Version>, RegistryError> {
        let answer = self.get(format!("/subjects/{}/versions/latest", escaped(subject)))?;
        version(&answer)
    }

    /// Asks whether a subject would take a schema; where not, why. A subject that is not there takes any.
    pub fn incompatible(&self, subject: &str, schema: &RegisteredSchema) -> Result<Option<String>, RegistryError> {
        let path = format!("/compatibility/subjects/{}/versions/latest?verbose=true", escaped(subject));
        let answer = self.post(path, body(schema)?)?;
        if is_missing(&answer) {
            return Ok(None);
        }
        success(&answer).map_err(|refused| refused(NO_REGISTRY))?;
        let Some(is_compatible) = answer.body["is_compatible"].as_bool() else {
            return Err(RegistryError::refused("an answer without \"is_compatible\"", NO_REGISTRY));
        };
        let messages = answer.body["messages"].as_array().into_iter().flatten();
        let messages: Vec<&str> = messages.filter_map(Value::as_str).collect();
        Ok((!is_compatible).then(|| messages.join("; ")))
    }

    /// A schema with the texts of all that it refers to, in an order in which each stands behind what it needs.
    fn complete(&self, body: &Value) -> Result<RegisteredSchema, RegistryError> {
        let kind = SchemaKind::from_name(body["schemaType"].as_str());
        let kind = kind.ok_or_else(|| RegistryError::refused("a schema of an unknown type", NO_REGISTRY))?;
        let mut references = Vec::new();
        let mut seen = HashSet::new();
        let mut open = pending(body)?;
        while let Some(next) = open.pop() {
            let Pending::Fetch { name, subject, version } = next else {
                references.extend(next.into_reference());
                continue;
            };
            if !seen.insert(name.clone()) {
                continue;
            }
            if seen.len() > REFERENCES_MAX {
                return Err(RegistryError::refused(
                    format!("a schema refers to more than {REFERENCES_MAX} others"),
                    NO_REGISTRY,
                ));
            }
            let answer = self.get(format!("/subjects/{}/versions/{version}", escaped(&subject)))?;
            let hint = format!("a schema refers to version {version} of \"{subject}\"");
            success(&answer).map_err(|refused| refused(&hint))?;
            let inner = pending(&answer.body)?;
            open.push(Pending::Fetched(Reference { name, text: text(&answer.body)? }));
            open.extend(inner);
        }
        Ok(RegisteredSchema { kind, text: text(body)?, references })
    }

    fn get(&self, path: String) -> Result<Answer, RegistryError> {
        self.http.ask(&Question { path, body: None })
    }

    fn post(&self, path: String, body: Value) -> Result<Answer, RegistryError> {
        self.http.ask(&Question { path, body: Some(body) })
    }
}

const NO_REGISTRY: &str =
    "\"registry\" must be the address of a Confluent-compatible API; Apicurio has it under /apis/ccompat/v7";

/// A reference on its way: to be asked for, or to be put behind those that it needs itself.
enum Pending {
    Fetch { name: String, subject: String, version: u64 },
    Fetched(Reference),
}

impl Pending {
    fn into_reference(self) -> Option<Reference> {
        match self {
            Self::Fetched(reference) => Some(reference),
            Self::Fetch { .. } => None,
        }
    }
}

fn pending(body: &Value) -> Result<Vec<Pending>, RegistryError> {
    let references = body["references"].as_array().into_iter().flatten();
    let read = |reference: &Value| {
        let (name, subject) = (reference["name"].as_str()?, reference["subject"].as_str()?);
        Some(Pending::Fetch { name: name.into(), subject: subject.into(), version: reference["version"].as_u64()? })
    };
    let read = references.map(|reference| {
        read(reference)
            .ok_or_else(|| RegistryError::refused("a reference without name, subject and version", NO_REGISTRY))
    });
    read.collect()
}

/// What is sent. Ours refer to nothing: what is referred to would have to be registered under subjects of its own.
fn body(schema: &RegisteredSchema) -> Result<Value, RegistryError> {
    if !schema.references.is_empty() {
        return Err(RegistryError::refused("schemas that refer to others are not registered", "write one schema"));
    }
    let mut body = json!({ "schema": schema.text });
    if schema.kind != SchemaKind::Avro {
        body["schemaType"] = schema.kind.name().into();
    }
    Ok(body)
}

/// Whether it is an answer; else a function from a hint to the error.
fn success(answer: &Answer) -> Result<(), impl FnOnce(&str) -> RegistryError> {
    if answer.status.is_success() {
        return Ok(());
    }
    let message = answer.message();
    Err(move |hint: &str| RegistryError::refused(message, hint))
}

/// Whether the registry itself says so: behind another path a server has the number of the status at most.
fn is_missing(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND && answer.error_code().is_some_and(|code| code >= FIRST_ERROR_CODE)
}

fn version(answer: &Answer) -> Result<Option<Version>, RegistryError> {
    if is_missing(answer) {
        return Ok(None);
    }
    success(answer).map_err(|refused| refused(NO_REGISTRY))?;
    Ok(Some(Version { id: number(&answer.body, "id")?, version: number(&answer.body, "version")? }))
}

fn number(body: &Value, name: &str) -> Result<u32, RegistryError> {
    let number = body[name].as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| RegistryError::refused(format!("an answer without \"{name}\""), NO_REGISTRY))
}

fn text(body: &Value) -> Result<String, RegistryError> {
    let text = body["schema"].as_str().map(str::to_owned);
    text.ok_or_else(|| RegistryError::refused("an answer without \"schema\"", NO_REGISTRY))
}

/// One segment of a path.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
