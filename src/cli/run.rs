//! `tailwater run`.

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::arguments::ConfigPath;
use super::failure::Failure;
use super::plan;
use crate::config;
use crate::pipeline::apply::{ApplyDesk, ApplyRefusal};
use crate::pipeline::{Daemon, PipelineError};
use crate::server::{self, ServerConfig};
use crate::telemetry;

/// Runs the daemon.
#[derive(Args)]
pub(super) struct Run {
    #[command(flatten)]
    config: ConfigPath,
    /// Logs as JSON lines.
    #[arg(long)]
    log_json: bool,
}

impl Run {
    pub(super) async fn run(self) -> Result<(), Failure> {
        if let Some(problem) = telemetry::init(self.log_json) {
            warn!(%problem, "the default log filter is used");
        }
        let config = config::load(&self.config.config)?;
        let server = ServerConfig {
            http: config.server.http,
            http_token: config.server.http_token.clone(),
            redis: config.server.redis,
            redis_password: config.server.redis_password.clone(),
        };
        let path = self.config.config.clone();
        let load = Box::new(move || config::load(&path));
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone())?;
        let hangup = signal(SignalKind::hangup())?;
        let daemon = match Daemon::start(config, load, stop.clone()).await {
            // It was still waiting for its database.
            Err(PipelineError::Source(error)) if error.is_transient() && stop.is_cancelled() => {
                info!("stopped");
                return Ok(());
            }
            started => started?,
        };
        let live = daemon.live();
        let applying = tokio::spawn(apply_on_hangup(hangup, live.apply().clone()));
        let serving = tokio::spawn(server::serve(live, server, stop.clone()));
        info!("started");
        let (outcome, served) = tokio::join!(daemon.run(), async {
            let served = serving.await;
            // A server that cannot serve is no reason to go on unseen.
            stop.cancel();
            served
        });
        applying.abort();
        outcome?;
        served
            .map_err(|error| Failure::failed(error.to_string()))?
            .map_err(|error| Failure::failed(error.to_string()))?;
        info!("stopped");
        Ok(())
    }
}

/// SIGHUP takes up the configuration file as it is now; one that cannot be taken up changes nothing.
async fn apply_on_hangup(mut hangup: Signal, desk: ApplyDesk) {
    while hangup.recv().await.is_some() {
        match desk.apply().await {
            Ok(plan) => info!(plan = %plan::in_words(&plan), "SIGHUP: applying the configuration"),
            Err(refusal) => {
                let hint = if let ApplyRefusal::Refused { hint, .. } = &refusal { hint.as_deref() } else { None };
                warn!(error = %refusal, hint, "SIGHUP: the configuration is not applied");
            }
        }
    }
}

fn stop_on_signals(stop: CancellationToken) -> Result<(), Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM: stopping"),
            _ = interrupt.recv() => info!("SIGINT: stopping"),
        }
        stop.cancel();
    });
    Ok(())
}
