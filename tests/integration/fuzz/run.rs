//! A case on Postgres and through the engine.

use std::sync::atomic::{AtomicUsize, Ordering};

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater_connectors::postgres::{ConnInfo, connect_sql};
use tokio::runtime::Runtime;

use super::case::Case;
use crate::support::modes;
use crate::support::recording::{LeftOut, Recording};

/// What a case came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Views that were compared.
    pub(super) kept: usize,
    pub(super) left_out: LeftOut,
    /// The first difference.
    pub(super) failure: Option<String>,
}

/// A server for many cases.
pub(super) struct Tester {
    runtime: Runtime,
    server: PrivatePostgres,
    databases: AtomicUsize,
}

impl Tester {
    pub(super) fn start() -> Self {
        Self {
            runtime: Runtime::new().unwrap(),
            server: PrivatePostgres::start(&[]).unwrap(),
            databases: AtomicUsize::new(0),
        }
    }

    /// Runs a case.
    pub(super) fn run(&self, case: &Case) -> Outcome {
        let recorded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.record(case)));
        let recorded = recorded.unwrap_or_else(|panic| Err(format!("a panic: {}", modes::said_by(&*panic))));
        match recorded {
            Ok((recording, left_out)) => {
                let failure = if recording.views.is_empty() { None } else { modes::first_difference(&recording) };
                Outcome { kept: recording.views.len(), left_out, failure }
            }
            Err(error) => Outcome { failure: Some(format!("(recording): {error}")), ..Outcome::default() },
        }
    }

    /// Runs a case on a database of its own, which then goes.
    pub(super) fn record(&self, case: &Case) -> Result<(Recording, LeftOut), String> {
        let database = format!("case_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut file = case.file();
        // Names the slot, too.
        file.name.clone_from(&database);
        let recorded = self.runtime.block_on(async {
            self.admin(&format!("create database {database}")).await?;
            Recording::of_what_works(&file, self.server.url(&database)).await
        });
        let slot = format!(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '{database}'"
        );
        let cleaned = self.runtime.block_on(async {
            self.admin(&slot).await?;
            self.admin(&format!("drop database {database} with (force)")).await
        });
        let recorded =
            recorded.map(|(recording, left_out)| (Recording { name: case.name.clone(), ..recording }, left_out));
        if recorded.is_ok() { cleaned.and(recorded) } else { recorded }
    }

    async fn admin(&self, sql: &str) -> Result<(), String> {
        let info = ConnInfo::parse(&self.server.url("postgres")).map_err(|error| error.to_string())?;
        let admin = connect_sql(&info, "admin").await.map_err(|error| error.to_string())?;
        admin.batch_execute(sql).await.map_err(|error| format!("{sql}: {error}"))
    }
}
