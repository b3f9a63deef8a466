//! Looks everywhere, changes nothing: what would stop or harm a start with this configuration.

use tailwater_connectors::{Severity, TableName, ViewSchema, kafka, kinesis, mysql, postgres};

use super::error::PipelineError;
use super::planning::{named_tables, plan_from_sources};
use super::sinks::make_sink;
use crate::config::{Config, SourceKind};

/// Something that `check` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `source "shop"`, `view "card"`, `sink "cache"`.
    pub subject: String,
    /// False: a start would work all the same.
    pub fatal: bool,
    /// What is wrong.
    pub message: String,
    /// What to do: SQL to run, or words.
    pub fix: Option<String>,
}

/// Checks sources, views and sinks; an empty answer means that a start will work.
pub async fn check(config: &Config) -> Vec<Found> {
    let mut found = Vec::new();
    let planning = plan_from_sources(config).await;
    for source in &config.sources {
        let subject = format!("source \"{}\"", source.name());
        let tables: Vec<TableName> = match &planning {
            Ok(planning) => {
                let mine = planning.tables().filter(|table| table.name.source == *source.name());
                mine.map(|table| table.name.clone()).collect()
            }
            // What stands in the way of planning may be what is looked for: a role that may not replicate.
            Err(_) => named_tables(config, source),
        };
        let findings = match &source.kind {
            SourceKind::Postgres(config) => postgres::check(config, &tables).await,
            SourceKind::Mysql(config) => mysql::check(config).await,
            SourceKind::Kafka(config) => kafka::check(config).await,
            SourceKind::Kinesis(config) => kinesis::check(config).await,
        };
        match findings {
            Ok(findings) => found.extend(findings.into_iter().map(|finding| Found {
                subject: subject.clone(),
                fatal: finding.severity == Severity::Error,
                message: finding.what,
                fix: finding.sql_to_fix,
            })),
            Err(error) => {
                let fix = error.hint().map(Into::into);
                found.push(Found { subject, fatal: true, message: error.to_string(), fix });
            }
        }
    }
    match planning {
        Ok(planning) => check_sinks(config, &planning, &mut found).await,
        Err(PipelineError::Views(errors)) => found.extend(errors.iter().map(|error| Found {
            subject: "views".into(),
            fatal: true,
            message: error.to_string(),
            fix: error.hint.clone(),
        })),
        // What keeps a source from answering at all has been said above.
        Err(PipelineError::Source(error)) if found.iter().any(|found| found.message == error.to_string()) => {}
        Err(error) => {
            found.push(Found { subject: "tables".into(), fatal: true, message: error.to_string(), fix: error.hint() });
        }
    }
    found
}

async fn check_sinks(config: &Config, planning: &super::Planning, found: &mut Vec<Found>) {
    for configured in &config.sinks {
        let subject = format!("sink \"{}\"", configured.name());
        let Some(view) = planning.views().iter().find(|view| view.name == *configured.view()) else { continue };
        let (name, columns, key) = (view.name.clone(), view.columns.clone(), view.key.clone());
        let schema = ViewSchema { name, columns, key, fingerprint: 0 };
        let outcome = match make_sink((configured, &config.state_dir), &schema, planning.tables()) {
            Ok((mut sink, _)) => sink.check(&schema).await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            let fix = error.hint().map(Into::into);
            found.push(Found { subject, fatal: true, message: error.to_string(), fix });
        }
    }
}
