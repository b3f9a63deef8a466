//! `type = "mysql"`.

use std::path::PathBuf;

use tailwater_connectors::mysql::config::{self as mysql, MysqlSourceConfig, Tls, UrlParts, ZeroDates};

use super::{SourceConfig, SourceDifference, SourceKind};
use crate::config::checked::timeout;
use crate::config::section::Section;

/// The server keeps its log by its own clock and not for us, so there is nothing to warn of.
const LOG_WARN_BYTES: u64 = u64::MAX;

/// Reads the section; `None` where it has no url that can be used.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<SourceConfig> {
    let url = section.required("url", "write url = \"mysql://user:${PASSWORD}@host:3306/database\"");
    let parts = url.as_deref().and_then(|url| match mysql::read_url(url) {
        Ok(parts) => Some(parts),
        Err(wrong) => {
            section.report("url", wrong, Some("write url = \"mysql://user:${PASSWORD}@host:3306/database\""));
            None
        }
    });
    let default_schema = parts.as_ref().map_or("", |parts| parts.database.as_str());
    let tables = super::tables(name, default_schema, section);
    let tls = tls(section, parts.as_ref());
    let server_id = section.number("server_id").and_then(|number| match u32::try_from(number) {
        Ok(number) if number > 0 => Some(number),
        _ => {
            section.report("server_id", "must be from 1 to 4294967295", Some("leave it out to have one drawn"));
            None
        }
    });
    let zero_dates = zero_dates(section);
    let timeout = timeout(section, mysql::DEFAULT_TIMEOUT);
    let copy = super::copy(section);
    let (name, url, database) = (name.into(), url?, parts?.database);
    let config = MysqlSourceConfig { name, url, database, tls, server_id, zero_dates, timeout, copy };
    Some(SourceConfig { kind: SourceKind::Mysql(config), tables, log_warn_bytes: LOG_WARN_BYTES, log_limit: None })
}

fn tls(section: &Section<'_>, parts: Option<&UrlParts>) -> Tls {
    let ca = section.string("tls_ca").map(PathBuf::from);
    match section.string("tls").as_deref() {
        None if ca.is_none() && parts.is_some_and(|parts| parts.is_local) => Tls::Off,
        None | Some("verify") => Tls::Verify { ca },
        Some("require") => Tls::Require,
        Some("off") => Tls::Off,
        Some(other) => {
            section.report("tls", format!("\"{other}\" is no mode"), Some("known modes: off, require, verify"));
            Tls::Off
        }
    }
}

fn zero_dates(section: &Section<'_>) -> ZeroDates {
    match section.string("zero_dates").as_deref() {
        None | Some("null") => ZeroDates::Null,
        Some("refuse") => ZeroDates::Refuse,
        Some("text") => ZeroDates::Text,
        Some(other) => {
            section.report(
                "zero_dates",
                format!("\"{other}\" is no policy"),
                Some("known policies: null, refuse, text"),
            );
            ZeroDates::default()
        }
    }
}

/// How `new` differs from `old`.
pub(super) fn difference(old: &MysqlSourceConfig, new: &MysqlSourceConfig) -> SourceDifference {
    let named = |settings: &[(bool, &'static str)]| {
        settings.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect()
    };
    SourceDifference {
        at_restart: named(&[(old.zero_dates != new.zero_dates, "zero_dates"), (old.database != new.database, "url")]),
        while_running: named(&[
            (old.url != new.url && old.database == new.database, "url"),
            (old.tls != new.tls, "tls"),
            (old.server_id != new.server_id, "server_id"),
            (old.timeout != new.timeout, "timeout"),
            (old.copy != new.copy, "copy_*"),
        ]),
    }
}
