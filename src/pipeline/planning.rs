//! Configuration + what the sources say of themselves → planned views.
//!
//! The first start asks the sources and stores what they said; later starts plan from the stored copy, so that a
//! daemon serves its views although its database is down.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tailwater_connectors::{Source, SourceIdentity, TableName, TableSchema};

use tracing::warn;

use super::error::PipelineError;
use crate::config::{Config, RowErrors, SourceConfig, ViewConfig};
use crate::engine::{RowErrorPolicy, ViewPlan};
use crate::sql::{self, SqlCatalog, SqlError, UnresolvedName, ViewText};

/// What the state directory remembers of a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SourceRecord {
    /// Who it was.
    pub(super) identity: SourceIdentity,
    /// Its tables as they are followed.
    pub(super) tables: Vec<Arc<TableSchema>>,
    /// Whether the server kept something under our name when there was no state yet: then it is not ours to take away.
    #[serde(default)]
    pub(super) foreign: bool,
}

/// A source of the configuration with what is known of it.
pub(super) struct PlannedSource {
    pub(super) name: SmolStr,
    pub(super) record: SourceRecord,
}

/// Everything the engine and the sources need.
pub struct Planning {
    pub(super) sources: Vec<PlannedSource>,
    pub(super) views: Vec<ViewPlan>,
}

impl Planning {
    /// The planned views, a view after those it reads.
    pub fn views(&self) -> &[ViewPlan] {
        &self.views
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
        let mut connection = super::source::connector(source)?;
        let identity = connection.identity().await?;
        let tables = followed_tables(config, source, &names, connection.as_mut()).await?;
        let foreign = connection.health().await?.is_some();
        let record = SourceRecord { identity, tables, foreign };
        sources.push(PlannedSource { name: source.postgres.name.clone(), record });
    }
    let views = plan_views(&sources, &config.views)?;
    Ok(Planning { sources, views })
}

/// Plans against the records of an existing state directory.
pub(super) fn plan_from_records(
    config: &Config,
    record: impl Fn(&str) -> Result<Option<SourceRecord>, PipelineError>,
) -> Result<Option<Planning>, PipelineError> {
    let mut sources = Vec::new();
    for source in &config.sources {
        let name = source.postgres.name.clone();
        match record(&name)? {
            Some(record) => sources.push(PlannedSource { name, record }),
            None => return Ok(None),
        }
    }
    refuse_new_tables(config, &sources)?;
    let views = plan_views(&sources, &config.views)?;
    Ok(Some(Planning { sources, views }))
}

fn relations_read(views: &[ViewConfig]) -> Result<Vec<UnresolvedName>, PipelineError> {
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

/// The tables of `source`, as they are there.
async fn followed_tables(
    config: &Config,
    source: &SourceConfig,
    names: &[UnresolvedName],
    connection: &mut dyn Source,
) -> Result<Vec<Arc<TableSchema>>, PipelineError> {
    Ok(connection.tables(&wanted_tables(config, source, names)).await?)
}

/// Names of the tables of `source` as far as the configuration alone tells them.
pub(super) fn named_tables(config: &Config, source: &SourceConfig) -> Vec<TableName> {
    wanted_tables(config, source, &relations_read(&config.views).unwrap_or_default())
}

/// Declared tables, or those that the views read and no other source has declared.
fn wanted_tables(config: &Config, source: &SourceConfig, names: &[UnresolvedName]) -> Vec<TableName> {
    let mut wanted: Vec<TableName> = source.tables.clone().unwrap_or_default();
    let mine = |name: &&UnresolvedName| name.source.as_ref().is_none_or(|named| *named == source.postgres.name);
    for name in names.iter().filter(mine) {
        let table = table_name(&source.postgres.name, name);
        let declared_elsewhere = name.source.is_none()
            && config.sources.iter().any(|other| {
                other.postgres.name != source.postgres.name
                    && other.tables.iter().flatten().any(|t| t.schema == table.schema && t.table == table.table)
            });
        if !wanted.contains(&table) && !declared_elsewhere && source.tables.is_none() {
            wanted.push(table);
        }
    }
    wanted
}

fn table_name(source: &SmolStr, name: &UnresolvedName) -> TableName {
    let schema = name.schema.clone().unwrap_or_else(|| "public".into());
    TableName { source: source.clone(), schema, table: name.table.clone() }
}

/// A state directory holds the tables of its first copy; a table that came into the configuration since has no rows here.
fn refuse_new_tables(config: &Config, sources: &[PlannedSource]) -> Result<(), PipelineError> {
    let missing = |name: &&UnresolvedName| {
        !sources.iter().any(|source| {
            let wanted = table_name(&source.name, name);
            name.source.as_ref().is_none_or(|named| *named == source.name)
                && source.record.tables.iter().any(|table| table.name == wanted)
        })
    };
    match relations_read(&config.views)?.iter().find(missing) {
        None => Ok(()),
        Some(name) => Err(PipelineError::Misfit {
            message: format!("table \"{}\" is not in state directory \"{}\"", name.table, config.state_dir.display()),
            hint:
                "a table added after the first copy needs a new one: run \"tailwater source drop\", remove the state \
                   directory and start again"
                    .into(),
        }),
    }
}

fn plan_views(sources: &[PlannedSource], views: &[ViewConfig]) -> Result<Vec<ViewPlan>, PipelineError> {
    let catalog = SqlCatalog {
        tables: sources.iter().flat_map(|source| source.record.tables.iter().cloned()).collect(),
        collation_is_c: sources.iter().map(|source| (source.name.clone(), orders_by_bytes(&source.record))).collect(),
        icu: sources.iter().filter_map(|source| Some((source.name.clone(), icu_locale(&source.record)?))).collect(),
        ascii_case: sources.iter().map(|source| (source.name.clone(), source.record.identity.ascii_case)).collect(),
    };
    let texts: Vec<ViewText> = views.iter().map(text).collect();
    let planned = sql::plan_with_warnings(&catalog, &texts).map_err(PipelineError::Views)?;
    for warning in &planned.warnings {
        warn!(view = %warning.view, "{}", warning.message);
    }
    Ok(planned.views)
}

fn icu_locale(record: &SourceRecord) -> Option<SmolStr> {
    record.identity.collation.strip_prefix("icu:").map(Into::into)
}

fn orders_by_bytes(record: &SourceRecord) -> bool {
    matches!(record.identity.collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "ucs_basic")
}

fn text(view: &ViewConfig) -> ViewText {
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
