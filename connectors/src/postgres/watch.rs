//! Notices a server that no longer answers although its connections stand: a network that swallows what is sent, a host that hangs.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::conninfo::ConnInfo;
use super::server_error::{ConnectionError, Scene};
use super::sql_client;
use crate::source::SourceError;

/// Questions within the longest silence.
const QUESTIONS: u32 = 4;

/// Gives up work that a server does at once, or never.
pub(super) async fn in_time<T>(
    info: &ConnInfo,
    scene: &Scene,
    work: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    match timeout(info.silence_max(), work).await {
        Ok(done) => done,
        Err(_) => Err(scene.error(gone(info.silence_max()))),
    }
}

/// Asks over and over on a session of its own; returns when there is no answer. For work that takes however long it takes.
pub(super) async fn until_gone(info: &ConnInfo) -> ConnectionError {
    let silence_max = info.silence_max();
    let asking = async {
        let client = sql_client::connect(info).await?;
        loop {
            sleep(silence_max / QUESTIONS).await;
            timeout(silence_max, client.batch_execute("")).await.map_err(|_| gone(silence_max))??;
        }
    };
    let Err(error): Result<Infallible, ConnectionError> = asking.await;
    error
}

fn gone(silence: Duration) -> ConnectionError {
    ConnectionError::Timeout(silence.as_secs())
}
