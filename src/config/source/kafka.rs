//! `type = "kafka"`.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::TableName;
use tailwater_connectors::kafka::config::{Isolation, KafkaSourceConfig, KafkaTable, OnLost, SCHEMA};
use tailwater_connectors::kafka::{METADATA_COLUMNS, is_topic_name};

use super::messages::{Log, tables, word};
use super::{SourceConfig, SourceDifference, SourceKind};
use crate::config::kafka::connection;
use crate::config::section::Section;

/// Brokers keep messages by their own clock and not for us, so there is nothing to warn of.
const LOG_WARN_BYTES: u64 = u64::MAX;
/// Group without which offsets are shown under none.
const NO_GROUP: &str = "off";
/// What tables are over.
const TOPIC: Log = Log { word: "topic", is_name: is_topic_name, columns: &METADATA_COLUMNS };

/// Reads the section; `None` where it names no broker.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<SourceConfig> {
    let connection = connection(section);
    let isolation = word(
        section,
        "isolation",
        &[("read_committed", Isolation::Committed), ("read_uncommitted", Isolation::Uncommitted)],
    );
    let on_lost = word(section, "on_lost", &[("stop", OnLost::Stop), ("skip", OnLost::Skip)]);
    let group = match section.string("group") {
        None => Some(format!("tailwater-{name}").into()),
        Some(group) if group == NO_GROUP => None,
        Some(group) => Some(group.into()),
    };
    let tables: Vec<_> =
        tables(section, &TOPIC).into_iter().map(|(topic, messages)| Arc::new(KafkaTable { topic, messages })).collect();
    let names = tables.iter().flat_map(|table| std::iter::once(table.name().clone()).chain(table.messages.bad_table()));
    let table_name = |table: SmolStr| TableName { source: name.into(), schema: SCHEMA.into(), table };
    let declared = Some(names.map(table_name).collect());
    let kafka = KafkaSourceConfig { name: name.into(), connection: connection?, isolation, group, on_lost, tables };
    Some(SourceConfig {
        kind: SourceKind::Kafka(kafka),
        tables: declared,
        log_warn_bytes: LOG_WARN_BYTES,
        log_limit: None,
    })
}

/// How `new` differs from `old`. Tables are compared with what is held of them when the source starts.
pub(super) fn difference(old: &KafkaSourceConfig, new: &KafkaSourceConfig) -> SourceDifference {
    let named = |settings: &[(bool, &'static str)]| {
        settings.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect()
    };
    let same = |table: &Arc<KafkaTable>| {
        let before = old.tables.iter().find(|before| before.name() == table.name());
        before.is_none_or(|before| before == table)
    };
    SourceDifference {
        at_restart: named(&[(old.isolation != new.isolation, "isolation"), (!new.tables.iter().all(same), "table")]),
        while_running: named(&[
            (old.connection != new.connection, "brokers"),
            (old.group != new.group, "group"),
            (old.on_lost != new.on_lost, "on_lost"),
        ]),
    }
}
