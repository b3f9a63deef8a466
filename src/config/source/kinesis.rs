//! `type = "kinesis"`.

use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::TableName;
use tailwater_connectors::kafka::config::OnLost;
use tailwater_connectors::kinesis::config::{
    Credentials, DEFAULT_READ_INTERVAL, DEFAULT_TIMEOUT, KinesisConnection, KinesisSourceConfig, KinesisTable, SCHEMA,
};
use tailwater_connectors::kinesis::{METADATA_COLUMNS, is_stream_name};

use super::messages::{Log, tables, word};
use super::{SourceConfig, SourceDifference, SourceKind};
use crate::config::checked::timeout;
use crate::config::section::Section;

/// Kinesis keeps records by its own clock and not for us, so there is nothing to warn of.
const LOG_WARN_BYTES: u64 = u64::MAX;
/// Shorter ones would only ask servers that are compatible more often than anyone writes.
const READ_INTERVAL_MIN: Duration = Duration::from_millis(10);
/// What tables are over.
const STREAM: Log = Log { word: "stream", is_name: is_stream_name, columns: &METADATA_COLUMNS };

/// Reads the section; `None` where it names no region or no keys.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<SourceConfig> {
    let connection = connection(section);
    let read_interval = section.duration("read_interval").unwrap_or(DEFAULT_READ_INTERVAL);
    if read_interval < READ_INTERVAL_MIN {
        section.report(
            "read_interval",
            "is too short",
            Some("give at least \"10ms\"; Kinesis itself answers every 200ms"),
        );
    }
    let on_lost = word(section, "on_lost", &[("stop", OnLost::Stop), ("skip", OnLost::Skip)]);
    let tables: Vec<_> = tables(section, &STREAM)
        .into_iter()
        .map(|(stream, messages)| Arc::new(KinesisTable { stream, messages }))
        .collect();
    let names = tables.iter().flat_map(|table| std::iter::once(table.name().clone()).chain(table.messages.bad_table()));
    let table_name = |table: SmolStr| TableName { source: name.into(), schema: SCHEMA.into(), table };
    let declared = Some(names.map(table_name).collect());
    let kinesis = KinesisSourceConfig { name: name.into(), connection: connection?, read_interval, on_lost, tables };
    Some(SourceConfig {
        kind: SourceKind::Kinesis(kinesis),
        tables: declared,
        log_warn_bytes: LOG_WARN_BYTES,
        log_limit: None,
    })
}

/// What is not written is taken from the variables in which AWS' own tools look.
fn connection(section: &Section<'_>) -> Option<KinesisConnection> {
    let variable = |name: &str| section.variable(name).filter(|value| !value.is_empty());
    let region = section.string("region").or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    match &region {
        None => section.report("region", "is missing", Some("write region = \"eu-central-1\", or set AWS_REGION")),
        Some(region)
            if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') || region.is_empty() =>
        {
            section.report("region", format!("\"{region}\" is no region"), Some("write region = \"eu-central-1\""));
        }
        Some(_) => {}
    }
    let endpoint = section.string("endpoint").or_else(|| variable("AWS_ENDPOINT_URL_KINESIS"));
    if let Some(endpoint) = &endpoint {
        check_endpoint(endpoint, section);
    }
    let (credentials, timeout) = (credentials(section), timeout(section, DEFAULT_TIMEOUT));
    Some(KinesisConnection { region: region?, endpoint, credentials: credentials?, timeout })
}

fn check_endpoint(endpoint: &str, section: &Section<'_>) {
    let hint = Some("write endpoint = \"http://host:4567\" or \"https://host\"");
    let rest = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
    match rest.map(|rest| rest.trim_end_matches('/')) {
        None | Some("") => section.report("endpoint", "is no address", hint),
        Some(rest) if rest.contains('/') => section.report("endpoint", "has a path in it", hint),
        Some(rest) if rest.contains('@') => {
            section.report("endpoint", "has a login in it", Some("write access_key and secret_key"));
        }
        Some(_) => {}
    }
}

fn credentials(section: &Section<'_>) -> Option<Credentials> {
    let (access_key, secret_key) = (section.string("access_key"), section.string("secret_key"));
    let session_token = section.string("session_token");
    let variable = |name: &str| section.variable(name).filter(|value| !value.is_empty());
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Some(Credentials { access_key, secret_key, session_token }),
        (None, None) if session_token.is_none() => {
            let of_environment = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
            let Some((access_key, secret_key)) = of_environment else {
                let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write access_key = \"${KEY}\" and secret_key = \"${SECRET}\"";
                section.report("access_key", "is missing", Some(hint));
                return None;
            };
            Some(Credentials { access_key, secret_key, session_token: variable("AWS_SESSION_TOKEN") })
        }
        _ => {
            let hint =
                "write access_key = \"${KEY}\" and secret_key = \"${SECRET}\", or neither to take the environment's";
            section.report("access_key", "and \"secret_key\" go together", Some(hint));
            None
        }
    }
}

/// How `new` differs from `old`. Tables are compared with what is held of them when the source starts.
pub(super) fn difference(old: &KinesisSourceConfig, new: &KinesisSourceConfig) -> SourceDifference {
    let named = |settings: &[(bool, &'static str)]| {
        settings.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect()
    };
    let same = |table: &Arc<KinesisTable>| {
        let before = old.tables.iter().find(|before| before.name() == table.name());
        before.is_none_or(|before| before == table)
    };
    SourceDifference {
        at_restart: named(&[(!new.tables.iter().all(same), "table")]),
        while_running: named(&[
            (old.connection != new.connection, "region"),
            (old.read_interval != new.read_interval, "read_interval"),
            (old.on_lost != new.on_lost, "on_lost"),
        ]),
    }
}
