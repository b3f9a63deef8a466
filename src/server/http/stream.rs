//! A whole view as JSON lines, all rows of one checkpoint.
//!
//! A blocking thread holds the checkpoint, also when other projections come meanwhile, and pushes chunks through a bounded channel. A reader that is slower than the limits
//! loses its connection: the body then ends without its last chunk, which every client sees as an error.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use tailwater_connectors::json::write_row;
use tailwater_connectors::{Positions, ViewSchema};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::super::generation::ReadError;
use super::page::{NDJSON, ROWS_AT_A_TIME, set_position};
use super::problem::Problem;
use super::router::Context;
use super::rows::Of;
use crate::state::Reader;

/// Chunks between the reading thread and the connection.
const CHUNKS_IN_FLIGHT_MAX: usize = 4;
/// A chunk is sent when it has this size.
const CHUNK_BYTES: usize = 64 << 10;
/// Longest time a reader may leave the connection full.
const STALL_MAX: Duration = Duration::from_secs(30);
/// Longest time a checkpoint is held for one stream.
const STREAM_MAX: Duration = Duration::from_secs(600);
/// Longest time a stream goes on after the stop signal; less than the server's own patience.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Lines, or the mark that these were all. A channel that is closed without the mark was cut off.
enum Chunk {
    Lines(Bytes),
    End,
}

/// Streams the rows after `after`.
pub(super) async fn stream(context: &Arc<Context>, of: Of, after: Option<Vec<u8>>) -> Result<Response, Problem> {
    let permit = Arc::clone(&context.running_streams).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::busy("too many whole views are being streamed"))?;
    let (started, start) = oneshot::channel();
    let (chunks, rest) = mpsc::channel(CHUNKS_IN_FLIGHT_MAX);
    let (stop, handle) = (context.reads.stop.clone(), Handle::current());
    let Of { generation, view } = of;
    let asked = Arc::clone(&generation);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut started = Some(started);
        let out = Output { chunks, handle, stop, deadline: Cell::new(Instant::now() + STREAM_MAX) };
        let read = generation.read(&view, |reader| {
            let positions = reader.checkpoint()?.positions;
            if started.take().is_none_or(|started| started.send(Ok(positions)).is_err()) {
                return Ok(());
            }
            push_rows(reader, &view, after, &out)
        });
        match (read, started) {
            (Ok(()), _) => {}
            (Err(error), Some(started)) => drop(started.send(Err(error))),
            (Err(error), None) => warn!(view = %view.name, %error, "stream was cut off"),
        }
    });
    let positions: Positions = start.await.map_err(|_| Problem::busy("the read was stopped"))??;
    let body = unfold(Some(rest), |rest| async {
        let mut rest = rest?;
        match rest.recv().await {
            Some(Chunk::Lines(lines)) => Some((Ok(lines), Some(rest))),
            Some(Chunk::End) => None,
            None => Some((Err(io::Error::other("stream was cut off")), None)),
        }
    });
    let mut response = ([(CONTENT_TYPE, NDJSON)], Body::from_stream(body)).into_response();
    set_position(&mut response, &asked, &positions);
    Ok(response)
}

struct Output {
    chunks: mpsc::Sender<Chunk>,
    handle: Handle,
    stop: CancellationToken,
    deadline: Cell<Instant>,
}

impl Output {
    /// Fails when nobody reads any more, or the server has stopped.
    fn send(&self, chunk: Chunk) -> Result<(), ReadError> {
        let now = Instant::now();
        if self.stop.is_cancelled() {
            self.deadline.set(self.deadline.get().min(now + STOP_GRACE));
        }
        let within = STALL_MAX.min(self.deadline.get().saturating_duration_since(now));
        let stopped = async {
            self.stop.cancelled().await;
            sleep(STOP_GRACE).await;
        };
        let sent = self.handle.block_on(async {
            tokio::select! {
                sent = timeout(within, self.chunks.send(chunk)) => sent.is_ok_and(|sent| sent.is_ok()),
                () = stopped => false,
            }
        });
        if sent { Ok(()) } else { Err(ReadError::SlowReader) }
    }
}

fn push_rows(
    reader: &Reader<'_>,
    view: &ViewSchema,
    mut token: Option<Vec<u8>>,
    out: &Output,
) -> Result<(), ReadError> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES * 2);
    loop {
        let page = reader.view_rows(&view.name, token.as_deref(), ROWS_AT_A_TIME)?;
        for row in &page.rows {
            write_row(&mut chunk, &view.columns, row);
            chunk.push(b'\n');
            if chunk.len() >= CHUNK_BYTES {
                out.send(Chunk::Lines(std::mem::take(&mut chunk).into()))?;
            }
        }
        token = page.next;
        if token.is_none() {
            out.send(Chunk::Lines(chunk.into()))?;
            return out.send(Chunk::End);
        }
    }
}
