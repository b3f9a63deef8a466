//! Configuration + what the sources say of themselves → planned views.
//!
//! [`records`](super::records) says what is known of a source and where it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{TableName, TableSchema};
use tracing::warn;

use super::error::PipelineError;
use super::records::{SourceRecord, asked};
use crate::config::{Config, RowErrors, SourceConfig, ViewConfig};
use crate::engine::{RelationName, RowErrorPolicy, ViewPlan};
use crate::sql::{self, SqlCatalog, SqlError, UnresolvedName, ViewText};

/// A source of the configuration with what is known of it.
pub(super) struct PlannedSource {
    pub(super) name: SmolStr,
    pub(super) record: SourceRecord,
}

/// Everything the engine and the sources need.
pub struct Planning {
    pub(super) sources: Vec<PlannedSource>,
    /// Tables that are to be copied anew, since they changed.
    pub(super) renewed: Vec<TableName>,
    pub(super) views: Vec<ViewPlan>,
}

impl Planning {
    /// The planned views, a view after those it reads.
    pub fn views(&self) -> &[ViewPlan] {
        &self.views
    }

    /// Sources whose stream is followed.
    pub(super) fn followed(&self) -> impl Iterator<Item = &SmolStr> {
        self.sources.iter().filter(|source| source.record.aside.is_none()).map(|source| &source.name)
    }

    /// What each view reads, views below it included, in whatever source it stands. Views stand behind those they read.
    pub(super) fn sources_read(&self) -> BTreeMap<SmolStr, BTreeSet<SmolStr>> {
        let mut read: BTreeMap<SmolStr, BTreeSet<SmolStr>> = BTreeMap::new();
        for view in &self.views {
            let mut names = Vec::new();
            view.plan.relations(&mut names);
            let sources = names.iter().flat_map(|name| match name {
                RelationName::Table(table) => BTreeSet::from([table.source.clone()]),
                RelationName::View(below) => read.get(below).cloned().unwrap_or_default(),
            });
            let sources = sources.collect();
            read.insert(view.name.clone(), sources);
        }
        read
    }

    /// All tables that are followed.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        self.sources.iter().flat_map(|source| &source.record.tables)
    }
}

/// Plans against what the databases are now; used before there is state, and by `check` and `explain`.
pub async fn plan_from_sources(config: &Config) -> Result<Planning, PipelineError> {
    let mut sources = Vec::new();
    let names = relations_read(&config.views)?;
    for source in &config.sources {
        let record = asked(source, &wanted_tables(config, source, &names)).await?;
        sources.push(PlannedSource { name: source.name().clone(), record });
    }
    let views = plan_views(&sources, &config.views)?;
    Ok(Planning { sources, renewed: Vec::new(), views })
}

/// Names of relations that the views read, other than views.
pub(super) fn relations_read(views: &[ViewConfig]) -> Result<Vec<UnresolvedName>, PipelineError> {
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    for view in views {
        match sql::tables_read(&view.sql) {
            Ok(read) => names.extend(read),
            Err(error) => errors.push(placed(error, view)),
        }
    }
    let is_view = |name: &UnresolvedName| name.schema.is_none() && views.iter().any(|view| view.name == name.table);
    names.retain(|name| !is_view(name));
    if errors.is_empty() { Ok(names) } else { Err(PipelineError::Views(errors)) }
}

/// Names of the tables of `source` as far as the configuration alone tells them.
pub fn named_tables(config: &Config, source: &SourceConfig) -> Vec<TableName> {
    wanted_tables(config, source, &relations_read(&config.views).unwrap_or_default())
}

/// Declared tables, or those that the views read and no other source has declared.
pub(super) fn wanted_tables(config: &Config, source: &SourceConfig, names: &[UnresolvedName]) -> Vec<TableName> {
    let mut wanted: Vec<TableName> = source.tables.clone().unwrap_or_default();
    let mine = |name: &&UnresolvedName| name.source.as_ref().is_none_or(|named| named == source.name());
    for name in names.iter().filter(mine) {
        let table = table_name(source, name);
        let declared_elsewhere = name.source.is_none()
            && config.sources.iter().any(|other| {
                // In its own default schema, where none is written.
                let there = table_name(other, name);
                other.name() != source.name() && other.tables.iter().flatten().any(|declared| *declared == there)
            });
        if !wanted.contains(&table) && !declared_elsewhere && source.tables.is_none() {
            wanted.push(table);
        }
    }
    wanted
}

fn table_name(source: &SourceConfig, name: &UnresolvedName) -> TableName {
    let schema = name.schema.clone().unwrap_or_else(|| source.default_schema().into());
    TableName { source: source.name().clone(), schema, table: name.table.clone() }
}

/// Plans the views over the tables of the records.
pub(super) fn plan_views(sources: &[PlannedSource], views: &[ViewConfig]) -> Result<Vec<ViewPlan>, PipelineError> {
    let texts: Vec<ViewText> = views.iter().map(text).collect();
    let planned = sql::plan_with_warnings(&catalog(sources), &texts).map_err(PipelineError::Views)?;
    for warning in &planned.warnings {
        warn!(view = %warning.view, "{}", warning.message);
    }
    Ok(planned.views)
}

/// Everything that views may read.
pub(super) fn catalog(sources: &[PlannedSource]) -> SqlCatalog {
    SqlCatalog {
        tables: sources.iter().flat_map(|source| source.record.tables.iter().cloned()).collect(),
        collation_is_c: sources.iter().map(|source| (source.name.clone(), orders_by_bytes(&source.record))).collect(),
        icu: sources.iter().filter_map(|source| Some((source.name.clone(), icu_locale(&source.record)?))).collect(),
        default_schemas: sources
            .iter()
            .map(|source| (source.name.clone(), source.record.identity.default_schema.as_str().into()))
            .collect(),
        ascii_case: sources.iter().map(|source| (source.name.clone(), source.record.identity.ascii_case)).collect(),
    }
}

fn icu_locale(record: &SourceRecord) -> Option<SmolStr> {
    record.identity.collation.strip_prefix("icu:").map(Into::into)
}

fn orders_by_bytes(record: &SourceRecord) -> bool {
    matches!(record.identity.collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "ucs_basic")
}

/// A view as the planner takes it.
pub(super) fn text(view: &ViewConfig) -> ViewText {
    ViewText {
        name: view.name.clone(),
        sql: view.sql.clone(),
        key: view.key.clone(),
        row_errors: match view.row_errors {
            RowErrors::Quarantine => RowErrorPolicy::Quarantine,
            RowErrors::Null => RowErrorPolicy::Null,
            RowErrors::Stop => RowErrorPolicy::Stop,
        },
        file: view.file.clone(),
        line: view.line as u32,
    }
}

/// The error with the name and the file of its view, which reading alone does not know.
fn placed(error: SqlError, view: &ViewConfig) -> SqlError {
    SqlError { view: view.name.clone(), file: view.file.clone(), file_line: view.line as u32, ..error }
}
