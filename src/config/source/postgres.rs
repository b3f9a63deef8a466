//! `type = "postgres"`.

use std::time::Duration;

use tailwater_connectors::postgres::config::{
    self as postgres, DEFAULT_PUBLICATION, DEFAULT_SLOT, PostgresSourceConfig,
};

use super::{LogLimit, SourceConfig, SourceDifference, SourceKind};
use crate::config::checked::timeout;
use crate::config::section::Section;

/// Default of `wal_warn`: a disk that was planned for its database has that much to spare.
const DEFAULT_LOG_WARN_BYTES: u64 = 1 << 30;

/// Less is kept for every slot, between two checkpoints and beneath an open transaction.
const LOG_LIMIT_MIN: u64 = 16 << 20;
/// Default of `rebuild_after`: what filled the log may be over by then.
const DEFAULT_REBUILD_AFTER: Duration = Duration::from_secs(10 * 60);

/// Reads the section; `None` where it has no url.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<SourceConfig> {
    let url = section.required("url", "write url = \"${DATABASE_URL}\"");
    let slot = section.string("slot").unwrap_or_else(|| DEFAULT_SLOT.into());
    if slot.is_empty() || !slot.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) || slot.len() > 63
    {
        section.report("slot", "is not a slot name", Some("use up to 63 lower-case letters, digits and underscores"));
    }
    let publication = section.string("publication").unwrap_or_else(|| DEFAULT_PUBLICATION.into());
    let tables = super::tables(name, "public", section);
    let heartbeat = section.boolean("heartbeat").unwrap_or(true);
    let log_warn_bytes = section.bytes("wal_warn").map_or(DEFAULT_LOG_WARN_BYTES, |bytes| bytes as u64);
    let log_limit = log_limit(section);
    let timeout = timeout(section, postgres::DEFAULT_TIMEOUT);
    let copy = super::copy(section);
    let name = name.into();
    let postgres = PostgresSourceConfig { name, url: url?, slot, publication, heartbeat, timeout, copy };
    Some(SourceConfig { kind: SourceKind::Postgres(postgres), tables, log_warn_bytes, log_limit })
}

fn log_limit(section: &Section<'_>) -> Option<LogLimit> {
    let bytes = section.bytes("wal_limit").map(|bytes| bytes as u64);
    let policy = section.string("on_wal_limit");
    let after = section.duration("rebuild_after");
    let releases = match policy.as_deref() {
        None | Some("warn") => false,
        Some("release") => true,
        Some(other) => {
            section.report("on_wal_limit", format!("\"{other}\" is no policy"), Some("write \"warn\" or \"release\""));
            return None;
        }
    };
    if policy.is_some() && bytes.is_none() {
        section.report("on_wal_limit", "stands without \"wal_limit\"", Some("write wal_limit = \"50GiB\""));
    }
    if after.is_some() && !releases {
        section.report("rebuild_after", "stands without on_wal_limit = \"release\"", None);
    }
    if bytes.is_some_and(|bytes| bytes < LOG_LIMIT_MIN) {
        section.report("wal_limit", "is too small", Some("a slot always keeps some log: give at least \"16MiB\""));
    }
    Some(LogLimit { bytes: bytes?, release: releases.then(|| after.unwrap_or(DEFAULT_REBUILD_AFTER)) })
}

/// How `new` differs from `old`.
pub(super) fn difference(old: &PostgresSourceConfig, new: &PostgresSourceConfig) -> SourceDifference {
    let named = |settings: &[(bool, &'static str)]| {
        settings.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect()
    };
    SourceDifference {
        at_restart: named(&[(old.slot != new.slot, "slot"), (old.publication != new.publication, "publication")]),
        while_running: named(&[
            (old.url != new.url, "url"),
            (old.heartbeat != new.heartbeat, "heartbeat"),
            (old.timeout != new.timeout, "timeout"),
            (old.copy != new.copy, "copy_*"),
        ]),
    }
}
