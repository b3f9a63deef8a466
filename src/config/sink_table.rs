//! `table` in a sink: a table of a source as it is, by a view that nobody has to write.

use std::collections::BTreeMap;
use std::str::FromStr;

use tailwater_connectors::TableName;
use tailwater_connectors::kafka::sink::config::{Origin, OriginKind};

use super::checked::{RowErrors, ViewConfig};
use super::section::Section;
use super::source::{SourceConfig, SourceKind, table_name};

/// A table that passes through to a sink.
pub(super) struct PassedTable {
    /// `select *` from it.
    pub(super) view: ViewConfig,
    /// What is told of where rows come from.
    pub(super) origin: Origin,
}

/// Reads `table`; `None` where there is none, or where it is not right, which is reported.
pub(super) fn view(
    file: &str,
    name: &str,
    (section, sources, views): (&Section<'_>, &[SourceConfig], &[&str]),
) -> Option<PassedTable> {
    if !section.has("table") {
        return None;
    }
    let text = section.string("table")?;
    if section.has("view") {
        section.report("table", "stands beside \"view\"", Some("keep one of the two"));
        return None;
    }
    if section.string("type").as_deref() != Some("kafka") {
        section.report("table", "is for sinks of Kafka", Some("write a [view.NAME] and view = \"NAME\""));
        return None;
    }
    let (source, table) = found(&text, section, sources)?;
    // No name in SQL that is not quoted has a hyphen.
    let view = format!("{name}-table");
    if views.contains(&view.as_str()) {
        section.report("table", format!("needs the name \"{view}\", which is a view's"), Some("rename that view"));
        return None;
    }
    let quoted = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    let mut from = format!("{}.{}", quoted(&table.schema), quoted(&table.table));
    if sources.len() > 1 {
        from = format!("{}.{from}", quoted(&table.source));
    }
    let view = ViewConfig {
        name: view.into(),
        sql: format!("select * from {from}"),
        key: None,
        row_errors: RowErrors::default(),
        file: file.into(),
        line: section.line(),
    };
    Some(PassedTable { view, origin: origin(source, table) })
}

/// The source that is meant, and the table in it.
fn found<'s>(text: &str, section: &Section<'_>, sources: &'s [SourceConfig]) -> Option<(&'s SourceConfig, TableName)> {
    let named = text.split_once('.').filter(|_| text.matches('.').count() == 2).map(|(source, _)| source);
    let source = match (named, sources) {
        (Some(named), _) => sources.iter().find(|source| source.name() == named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(source) = source else {
        let hint = "write \"source.schema.table\", with the name of a [source.NAME]";
        section.report("table", format!("\"{text}\" does not say which source it is of"), Some(hint));
        return None;
    };
    let table = table_name(source.name(), source.default_schema(), ("table", text), section)?;
    Some((source, table))
}

/// A database of MySQL is where Postgres has a schema.
fn origin(source: &SourceConfig, table: TableName) -> Origin {
    let TableName { source: name, schema, table } = table;
    let of = |database, schema, kind| Origin {
        source: name.clone(),
        database,
        schema,
        table: table.clone(),
        kind,
        declared: BTreeMap::new(),
    };
    match &source.kind {
        SourceKind::Postgres(config) => {
            let url = tokio_postgres::Config::from_str(&config.url).ok();
            let database = url.as_ref().and_then(|url| url.get_dbname().or(url.get_user())).map(Into::into);
            of(database, Some(schema), OriginKind::Postgres)
        }
        SourceKind::Mysql(_) => of(Some(schema), None, OriginKind::Mysql),
        SourceKind::Kafka(_) | SourceKind::Kinesis(_) => of(None, None, OriginKind::Messages),
    }
}
