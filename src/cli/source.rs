//! `tailwater source prepare|drop`.

use clap::{Args, Subcommand};
use tailwater_connectors::TableName;
use tailwater_connectors::mysql::config::MysqlSourceConfig;
use tailwater_connectors::mysql::prepare as mysql;
use tailwater_connectors::postgres::config::PostgresSourceConfig;
use tailwater_connectors::postgres::prepare;

use super::arguments::ConfigPath;
use super::check::print_sql;
use super::failure::Failure;
use crate::config::{self, Config, SourceConfig, SourceKind};
use crate::pipeline::{named_tables, plan_from_sources};

/// Makes or removes what a source needs in its database.
#[derive(Subcommand)]
pub(super) enum SourceCommand {
    /// Postgres: makes the publication; the slot is made on first start. MySQL: sets what is set wrongly, and grants what is missing. Kafka,
    /// Kinesis: nothing.
    Prepare(OfSource),
    /// Postgres: removes slot and publication; the database no longer keeps its log for us.
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
        match &source.kind {
            SourceKind::Postgres(postgres) => {
                let tables = tables(&config, source).await?;
                prepare_postgres(postgres, &tables, self.print).await
            }
            // The tables cannot be looked at before that is granted.
            SourceKind::Mysql(mysql) => prepare_mysql(mysql, &named_tables(&config, source), self.print).await,
            SourceKind::Kafka(kafka) => {
                eprintln!(
                    "source \"{}\": nothing is to be made in Kafka; its topics are there, or \"tailwater check\" says so",
                    kafka.name
                );
                Ok(())
            }
            SourceKind::Kinesis(kinesis) => {
                eprintln!(
                    "source \"{}\": nothing is to be made in Kinesis; its streams are there, or \"tailwater check\" says so",
                    kinesis.name
                );
                Ok(())
            }
        }
    }

    async fn drop(self) -> Result<(), Failure> {
        let config = config::load(&self.config.config)?;
        let source = self.source(&config)?;
        let SourceKind::Postgres(postgres) = &source.kind else {
            eprintln!("source \"{}\": the server keeps nothing for it", source.name());
            return Ok(());
        };
        if self.print {
            return print_sql(&prepare::drop_sql(postgres));
        }
        prepare::drop(postgres).await.map_err(failure)?;
        eprintln!(
            "source \"{}\": publication and slot are gone; a state directory made with them needs a new first copy",
            postgres.name
        );
        Ok(())
    }

    fn source<'a>(&self, config: &'a Config) -> Result<&'a SourceConfig, Failure> {
        let names: Vec<_> = config.sources.iter().map(|source| source.name().as_str()).collect();
        let known = format!("sources: {}", names.join(", "));
        match (&self.name, &config.sources[..]) {
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::usage("there are several sources; name one").hint(known)),
            (Some(name), sources) => {
                let found = sources.iter().find(|source| source.name() == name);
                found.ok_or_else(|| Failure::usage(format!("there is no source \"{name}\"")).hint(known))
            }
        }
    }
}

async fn prepare_postgres(config: &PostgresSourceConfig, tables: &[TableName], print: bool) -> Result<(), Failure> {
    if print {
        return print_sql(&prepare::prepare_sql(config, tables).await.map_err(failure)?);
    }
    prepare::prepare(config, tables).await.map_err(failure)?;
    eprintln!(
        "source \"{}\": publication \"{}\" is there; slot \"{}\" is made on first start",
        config.name, config.publication, config.slot
    );
    Ok(())
}

async fn prepare_mysql(config: &MysqlSourceConfig, tables: &[TableName], print: bool) -> Result<(), Failure> {
    if print {
        return print_sql(&mysql::prepare_sql(config, tables).await.map_err(failure)?);
    }
    mysql::prepare(config, tables).await.map_err(failure)?;
    eprintln!("source \"{}\": settings and grants are as they should be", config.name);
    Ok(())
}

async fn tables(config: &Config, source: &SourceConfig) -> Result<Vec<TableName>, Failure> {
    let planning = plan_from_sources(config).await?;
    let mine = planning.tables().filter(|table| table.name.source == *source.name());
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
