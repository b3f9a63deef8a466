//! The checked configuration and how it is made.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::kafka::sink::config::KafkaSinkConfig;
use tailwater_connectors::redis::config::{self as redis_sink, RedisFormat, RedisSinkConfig};
use tailwater_connectors::search::config::{FieldKind, SearchSinkConfig};

use super::problem::{ConfigError, Problem, nearest};
use super::section::{File, Section};
use super::sink_kafka;
use super::sink_table::{self, PassedTable};
use super::source::{self, SourceConfig};
use super::verify::{self, VerifySection};

/// Memory when the configuration says nothing: fits the smallest machines that run a database.
const DEFAULT_MEMORY_BYTES: usize = 512 << 20;
/// Below this RocksDB's own needs do not fit.
const MEMORY_BYTES_MIN: usize = 32 << 20;
/// Search commits are gathered this long.
const DEFAULT_COMMIT_INTERVAL: Duration = Duration::from_millis(100);
/// Indexing memory of a search sink.
const DEFAULT_INDEX_BYTES: usize = 64 << 20;
/// The search library refuses less.
const INDEX_BYTES_MIN: usize = 15 << 20;
/// Shorter ones would take every pause for an outage.
const TIMEOUT_MIN: Duration = Duration::from_secs(1);
const DEFAULT_HTTP: &str = "127.0.0.1:8080";
const DEFAULT_REDIS: &str = "127.0.0.1:6380";

/// A configuration without problems.
#[derive(Clone)]
pub struct Config {
    /// Directory of all state; relative paths are relative to the configuration file.
    pub state_dir: PathBuf,
    /// The one byte budget.
    pub memory_bytes: usize,
    /// Sources in file order.
    pub sources: Vec<SourceConfig>,
    /// Views in file order.
    pub views: Vec<ViewConfig>,
    /// Sinks in file order.
    pub sinks: Vec<SinkConfig>,
    /// Servers.
    pub server: ServerSection,
    /// Verification.
    pub verify: VerifySection,
}

/// `[view.NAME]`.
#[derive(Clone)]
pub struct ViewConfig {
    /// Name.
    pub name: SmolStr,
    /// The SELECT.
    pub sql: String,
    /// Declared key columns; `None`: inferred.
    pub key: Option<Vec<String>>,
    /// What becomes of rows for which an expression has no value.
    pub row_errors: RowErrors,
    /// File that holds the SELECT, for messages.
    pub file: String,
    /// Line of its first character there (or of the section), from 1.
    pub line: usize,
}

/// `row_errors` of a view: what becomes of rows for which an expression has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowErrors {
    /// `"quarantine"`: kept out of the view and listed, until they are mended.
    #[default]
    Quarantine,
    /// `"null"`: null stands in for the value.
    Null,
    /// `"stop"`: the view stops.
    Stop,
}

/// `[sink.NAME]`.
#[derive(Clone, PartialEq, Eq)]
pub enum SinkConfig {
    /// `type = "redis"`
    Redis(RedisSinkConfig),
    /// `type = "search"`
    Search(SearchSinkConfig),
    /// `type = "kafka"`
    Kafka(Box<KafkaSinkConfig>),
}

impl SinkConfig {
    /// Its name.
    pub fn name(&self) -> &SmolStr {
        match self {
            Self::Redis(config) => &config.name,
            Self::Search(config) => &config.name,
            Self::Kafka(config) => &config.name,
        }
    }

    /// The view it holds.
    pub fn view(&self) -> &SmolStr {
        match self {
            Self::Redis(config) => &config.view,
            Self::Search(config) => &config.view,
            Self::Kafka(config) => &config.view,
        }
    }
}

/// `[server]`.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerSection {
    /// HTTP address; `None` when switched off with `"off"`.
    pub http: Option<SocketAddr>,
    /// Token that the API asks for as `Authorization: Bearer TOKEN`; `None`: everyone who reaches it may read.
    pub http_token: Option<String>,
    /// Redis protocol address; `None` when switched off with `"off"`.
    pub redis: Option<SocketAddr>,
    /// Password of the Redis protocol; `None`: no password.
    pub redis_password: Option<String>,
}

/// Reads and checks the file at `path`.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let name = path.display().to_string();
    let single = |line, message: String, hint: Option<String>| ConfigError {
        problems: vec![Problem { file: name.clone(), line, key: "configuration".into(), message, hint }],
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        single(
            1,
            format!("cannot be read: {error}"),
            Some("write one with \"tailwater init\" or give --config PATH".into()),
        )
    })?;
    let document = toml_edit::Document::parse(text.as_str()).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = 1 + text[..offset.min(text.len())].matches('\n').count();
        single(line, format!("is not valid TOML: {}", error.message().trim()), None)
    })?;
    let environment = |name: &str| std::env::var(name).ok();
    let file = File { name: &name, text: &text, environment: &environment, problems: RefCell::default() };
    let directory = path.parent().unwrap_or(Path::new("."));
    let config = read(&file, directory, document.as_table());
    let mut problems = file.problems.into_inner();
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
}

fn read<'a>(file: &'a File<'a>, directory: &Path, table: &'a dyn toml_edit::TableLike) -> Config {
    let root = Section::root(file, table);
    let state_dir = directory.join(root.string("state_dir").unwrap_or_else(|| "./tailwater-state".into()));
    let memory_bytes = root.bytes("memory").unwrap_or(DEFAULT_MEMORY_BYTES);
    if memory_bytes < MEMORY_BYTES_MIN {
        root.report("memory", "is too small", Some("give at least \"32MiB\""));
    }
    let sources: Vec<_> =
        root.named("source").into_iter().filter_map(|(name, part)| source::read(&name, part)).collect();
    let mut views: Vec<_> =
        root.named("view").into_iter().filter_map(|(name, part)| view(file, directory, &name, part)).collect();
    let known: Vec<SmolStr> = views.iter().map(|view| view.name.clone()).collect();
    let known: Vec<&str> = known.iter().map(SmolStr::as_str).collect();
    let mut sinks = Vec::new();
    for (name, part) in root.named("sink") {
        let passed = sink_table::view(file.name, &name, (&part, &sources, &known));
        sinks.extend(sink(&name, part, (&known, passed.as_ref())));
        views.extend(passed.map(|passed| passed.view));
    }
    let server = server(root.subsection("server"));
    let verify = verify::read(root.subsection("verify"));
    if table.get("source").is_none() {
        file.report(1, "source", "no source is configured", Some("add [source.NAME] with type and url".into()));
    }
    root.finish();
    Config { state_dir, memory_bytes, sources, views, sinks, server, verify }
}

/// The silence after which a connection is given up.
pub(super) fn timeout(section: &Section<'_>, default: Duration) -> Duration {
    let timeout = section.duration("timeout").unwrap_or(default);
    if timeout < TIMEOUT_MIN {
        section.report("timeout", "is too short", Some("give at least \"1s\""));
    }
    timeout
}

fn view<'a>(file: &'a File<'a>, directory: &Path, name: &str, section: Section<'a>) -> Option<ViewConfig> {
    check_name(name, &section);
    let from_file = section.string("file");
    let inline = section.string("sql");
    let key = section.strings("key");
    let row_errors = row_errors(&section);
    let line = section.line();
    let found = match (inline, from_file) {
        (Some(sql), None) => Some((sql, file.name.to_string(), line)),
        (None, Some(path)) => match std::fs::read_to_string(directory.join(&path)) {
            Ok(sql) => Some((sql, path, 1)),
            Err(error) => {
                section.report("file", format!("\"{path}\" cannot be read: {error}"), None);
                None
            }
        },
        (Some(_), Some(_)) => {
            section.report("file", "stands beside \"sql\"", Some("keep one of the two"));
            None
        }
        (None, None) => {
            section.report("sql", "is missing", Some("write sql = \"select ...\" or file = \"view.sql\""));
            None
        }
    };
    section.finish();
    let (sql, file, line) = found?;
    Some(ViewConfig { name: name.into(), sql, key, row_errors, file, line })
}

fn row_errors(section: &Section<'_>) -> RowErrors {
    match section.string("row_errors").as_deref() {
        None | Some("quarantine") => RowErrors::Quarantine,
        Some("null") => RowErrors::Null,
        Some("stop") => RowErrors::Stop,
        Some(other) => {
            let hint = "known policies: quarantine, null, stop";
            section.report("row_errors", format!("\"{other}\" is no policy"), Some(hint));
            RowErrors::default()
        }
    }
}

fn sink(name: &str, section: Section<'_>, (views, passed): (&[&str], Option<&PassedTable>)) -> Option<SinkConfig> {
    check_name(name, &section);
    let view = match passed {
        Some(passed) => Some(passed.view.name.to_string()),
        None if section.has("table") => None,
        None => view_of_sink(&section, views),
    };
    let kind = section.required("type", "write type = \"redis\", \"search\" or \"kafka\"");
    let sink = match kind.as_deref() {
        Some("redis") => redis(name, view, &section),
        Some("search") => search(name, view, &section),
        Some("kafka") => sink_kafka::read(name, (view, passed), &section),
        Some(kind) => {
            section.report(
                "type",
                format!("sink type \"{kind}\" is not there yet"),
                Some("known types: redis, search, kafka"),
            );
            return None;
        }
        None => return None,
    };
    section.finish();
    sink
}

fn view_of_sink(section: &Section<'_>, views: &[&str]) -> Option<String> {
    let view = section.required("view", "write view = \"NAME\" of a [view.NAME]");
    if let Some(view) = view.as_deref().filter(|view| !views.contains(view)) {
        let hint = match nearest(view, views) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("views: {}", views.join(", ")),
        };
        section.report("view", format!("there is no view \"{view}\""), Some(&hint));
    }
    view
}

fn redis(name: &str, view: Option<String>, section: &Section<'_>) -> Option<SinkConfig> {
    let url = section.required("url", "write url = \"redis://127.0.0.1:6379\"");
    let key = section.required("key", "write key = \"prefix:{column}\"");
    let format = match section.string("format").as_deref() {
        None | Some("json") => RedisFormat::Json,
        Some("hash") => RedisFormat::Hash,
        Some(other) => {
            section.report("format", format!("\"{other}\" is not there yet"), Some("known formats: json, hash"));
            RedisFormat::Json
        }
    };
    let ttl = section.duration("ttl");
    if ttl.is_some_and(|ttl| ttl.is_zero()) {
        section.report("ttl", "must not be zero", Some("leave it out for keys that stay"));
    }
    Some(SinkConfig::Redis(RedisSinkConfig {
        name: name.into(),
        view: view?.into(),
        url: url?,
        key: key?,
        format,
        ttl,
        timeout: timeout(section, redis_sink::DEFAULT_TIMEOUT),
    }))
}

fn search(name: &str, view: Option<String>, section: &Section<'_>) -> Option<SinkConfig> {
    let mut fields = std::collections::BTreeMap::new();
    for (column, kind) in section.string_map("fields") {
        let kind = match kind.as_str() {
            "text" => FieldKind::Text,
            "keyword" => FieldKind::Keyword,
            "number" => FieldKind::Number,
            "date" => FieldKind::Date,
            "stored" => FieldKind::Stored,
            other => {
                let hint = "known kinds: text, keyword, number, date, stored";
                section.report("fields", format!("\"{other}\" is no kind of field"), Some(hint));
                continue;
            }
        };
        fields.insert(column.into(), kind);
    }
    let language = section.string("language").map(Into::into);
    let commit_interval = section.duration("commit_interval").unwrap_or(DEFAULT_COMMIT_INTERVAL);
    let memory_bytes = section.bytes("memory").unwrap_or(DEFAULT_INDEX_BYTES);
    if memory_bytes < INDEX_BYTES_MIN {
        section.report("memory", "is too small", Some("give at least \"15MiB\""));
    }
    let view = view?.into();
    Some(SinkConfig::Search(SearchSinkConfig {
        name: name.into(),
        view,
        fields,
        language,
        commit_interval,
        memory_bytes,
    }))
}

fn server(section: Option<Section<'_>>) -> ServerSection {
    let parsed = |text: &str| text.parse().ok();
    let Some(section) = section else {
        return ServerSection {
            http: parsed(DEFAULT_HTTP),
            http_token: None,
            redis: parsed(DEFAULT_REDIS),
            redis_password: None,
        };
    };
    let address = |name: &'static str, default: &str| match section.string(name) {
        None => parsed(default),
        Some(text) if text == "off" => None,
        Some(text) => {
            let address = parsed(&text);
            if address.is_none() {
                let hint = "write \"127.0.0.1:8080\", or \"off\"";
                section.report(name, format!("\"{text}\" is not an address"), Some(hint));
            }
            address
        }
    };
    let (http, redis) = (address("http", DEFAULT_HTTP), address("redis", DEFAULT_REDIS));
    let (http_token, redis_password) = (section.string("http_token"), section.string("redis_password"));
    section.finish();
    ServerSection { http, http_token, redis, redis_password }
}

/// Names go into keys, metrics and file names: letters, digits, `_` and `-`.
/// Names stand in keys, metrics and file names.
pub(super) fn check_name(name: &str, section: &Section<'_>) {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(good) {
        section.report("", "is not a name", Some("use up to 63 letters, digits, underscores and hyphens"));
    }
}
