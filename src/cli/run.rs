//! `tailwater run`.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::arguments::ConfigPath;
use super::failure::Failure;
use crate::config;
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
        let daemon = match Daemon::start(config, load, stop.clone()).await {
            // It was still waiting for its database.
            Err(PipelineError::Source(error)) if error.is_transient() && stop.is_cancelled() => {
                info!("stopped");
                return Ok(());
            }
            started => started?,
        };
        let serving = tokio::spawn(server::serve(daemon.live(), server, stop.clone()));
        let desk = daemon.live().apply().clone();
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                match desk.apply().await {
                    Ok(plan) => info!(?plan, "SIGHUP"),
                    Err(refusal) => tracing::error!(%refusal, "SIGHUP"),
                }
            }
        });
        info!("started");
        let (outcome, served) = tokio::join!(daemon.run(), async {
            let served = serving.await;
            // A server that cannot serve is no reason to go on unseen.
            stop.cancel();
            served
        });
        outcome?;
        served
            .map_err(|error| Failure::failed(error.to_string()))?
            .map_err(|error| Failure::failed(error.to_string()))?;
        info!("stopped");
        Ok(())
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
