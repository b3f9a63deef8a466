//! `tailwater source prepare|drop`.

use clap::{Args, Subcommand};
use tailwater_connectors::TableName;
use tailwater_connectors::postgres::prepare;

use super::arguments::ConfigPath;
use super::check::print_sql;
use super::failure::Failure;
use crate::config::{self, Config, SourceConfig};
use crate::pipeline::plan_from_sources;

/// Makes or removes what a source needs in its database.
#[derive(Subcommand)]
pub(super) enum SourceCommand {
    /// Makes the publication; the slot is made on first start.
    Prepare(OfSource),
    /// Removes slot and publication; the database no longer keeps its log for us.
    Drop(OfSource),
}

/// Which source.
#[derive(Args)]
pub(super) struct OfSource {
    /// The source; default: the only one.
    name: Option<String>,
    /// Prints the SQL, runs nothing.
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    config: ConfigPath,
}

impl SourceCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Prepare(of) => of.prepare().await,
            Self::Drop(of) => of.drop().await,
        }
    }
}

impl OfSource {
    async fn prepare(self) -> Result<(), Failure> {
        let config = config::load(&self.config.config)?;
        let source = self.source(&config)?;
        let tables = tables(&config, source).await?;
        if self.print {
            let statements = prepare::prepare_sql(&source.postgres, &tables).await.map_err(failure)?;
            return print_sql(&statements);
        }
        prepare::prepare(&source.postgres, &tables).await.map_err(failure)?;
        eprintln!(
            "source \"{}\": publication \"{}\" is there; slot \"{}\" is made on first start",
            source.postgres.name, source.postgres.publication, source.postgres.slot
        );
        Ok(())
    }

    async fn drop(self) -> Result<(), Failure> {
        let config = config::load(&self.config.config)?;
        let source = self.source(&config)?;
        if self.print {
            return print_sql(&prepare::drop_sql(&source.postgres));
        }
        prepare::drop(&source.postgres).await.map_err(failure)?;
        eprintln!(
            "source \"{}\": publication and slot are gone; a state directory made with them needs a new first copy",
            source.postgres.name
        );
        Ok(())
    }

    fn source<'a>(&self, config: &'a Config) -> Result<&'a SourceConfig, Failure> {
        let names: Vec<_> = config.sources.iter().map(|source| source.postgres.name.as_str()).collect();
        let known = format!("sources: {}", names.join(", "));
        match (&self.name, &config.sources[..]) {
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::usage("there are several sources; name one").hint(known)),
            (Some(name), sources) => {
                let found = sources.iter().find(|source| source.postgres.name == *name);
                found.ok_or_else(|| Failure::usage(format!("there is no source \"{name}\"")).hint(known))
            }
        }
    }
}

async fn tables(config: &Config, source: &SourceConfig) -> Result<Vec<TableName>, Failure> {
    let planning = plan_from_sources(config).await?;
    let mine = planning.tables().filter(|table| table.name.source == source.postgres.name);
    Ok(mine.map(|table| table.name.clone()).collect())
}

/// A source's error as this command's failure.
pub(super) fn failure(error: tailwater_connectors::SourceError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
