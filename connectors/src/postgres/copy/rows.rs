//! Rows read by binary COPY, handed over in batches.

use std::sync::Arc;

use super::table::Target;
use crate::postgres::connection::Connection;
use crate::postgres::copy_rows::CopyDecoder;
use crate::postgres::server_error::{ConnectionError, Scene};
use crate::row::Row;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// Rows in one message.
const BATCH_ROWS_MAX: usize = 4_096;
/// Bytes of COPY data in one message.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Why rows could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Connection(ConnectionError),
    Source(SourceError),
}

impl From<ConnectionError> for ReadError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl ReadError {
    pub(super) fn at(self, scene: &Scene) -> SourceError {
        match self {
            Self::Connection(error) => scene.error(error),
            Self::Source(error) => error,
        }
    }
}

/// Reads the rows of a SELECT of the table's columns and hands them over. Answers with the bytes read. A closed channel ends it
/// quietly: whoever closed it is stopping.
pub(super) async fn read_rows(
    connection: &mut Connection,
    (target, select): (&Target, &str),
    out: &TransactionSender,
    scene: &Scene,
) -> Result<u64, ReadError> {
    connection.start_copy(&format!("COPY ({select}) TO STDOUT (FORMAT binary)"), b'H').await?;
    let mut decoder = CopyDecoder::new(target.types.clone());
    let (mut rows, mut bytes, mut all_bytes) = (Vec::new(), 0, 0);
    let unreadable = |message: String| ReadError::Source(row_error(scene, target, &message));
    loop {
        let frame = connection.read().await?;
        match frame.tag {
            b'd' => {
                let body = connection.body(&frame);
                (bytes, all_bytes) = (bytes + body.len(), all_bytes + body.len() as u64);
                decoder.feed(body, &mut rows).map_err(|error| unreadable(error.to_string()))?;
            }
            b'c' => break,
            tag => {
                let message = format!("unexpected message '{}' during COPY", tag.escape_ascii());
                return Err(ReadError::Source(scene.protocol(message)));
            }
        }
        if rows.len() >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX {
            let full = std::mem::replace(&mut rows, Vec::with_capacity(BATCH_ROWS_MAX));
            bytes = 0;
            send(target, full, out).await;
        }
    }
    connection.end_copy().await?;
    decoder.finish().map_err(|error| unreadable(error.to_string()))?;
    send(target, rows, out).await;
    Ok(all_bytes)
}

async fn send(target: &Target, rows: Vec<Row>, out: &TransactionSender) {
    if !rows.is_empty() {
        // When nobody receives any more, the source's own loop ends this task.
        let _ = out.send(SourceMessage::CopyRows { table: Arc::clone(&target.schema), rows }).await;
    }
}

fn row_error(scene: &Scene, target: &Target, message: &str) -> SourceError {
    SourceError::Table {
        source_name: scene.source_name.clone(),
        table: target.schema.name.to_string(),
        message: format!("its copy cannot be read: {message}"),
        hint: "leave the column out of the views, or report the type".into(),
    }
}
