//! One table, or a range of a large one's pages, read by binary COPY and handed over in batches of rows.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio_postgres::Client;

use super::catalog::CatalogTable;
use super::connection::Connection;
use super::copy_rows::CopyDecoder;
use super::server_error::{ConnectionError, Scene};
use crate::row::Row;
use crate::schema::TableSchema;
use crate::source::{SourceError, SourceMessage, TransactionSender};
use crate::sql_type::SqlType;

/// Rows in one message.
const BATCH_ROWS_MAX: usize = 4_096;
/// Bytes of COPY data in one message.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Pages of one chunk of a large table, half a gibibyte, so that one table keeps several sessions busy.
const CHUNK_PAGES: i64 = 65_536;

/// What one importer reads in one go.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    schema: Arc<TableSchema>,
    types: Vec<SqlType>,
    sql: String,
}

/// Whether values of the type are read in the form of its send function; the others as their output text.
pub(super) fn has_binary_form(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Other(_) | SqlType::Unknown => false,
        SqlType::Array(element) => has_binary_form(element),
        _ => true,
    }
}

/// Cuts the tables into chunks, in the order of the tables.
pub(super) async fn chunks(client: &Client, tables: &[CatalogTable]) -> Result<VecDeque<Chunk>, ConnectionError> {
    const LOOK: &str = "SELECT pg_catalog.pg_relation_size($1::oid) / current_setting('block_size')::bigint";
    let mut chunks = VecDeque::new();
    for table in tables {
        let pages = match table.partitioned {
            true => 0,
            false => client.query_one(LOOK, &[&table.schema.id]).await?.try_get(0)?,
        };
        let schema = Arc::new(table.schema.clone());
        let chunk = |sql: String| Chunk { schema: schema.clone(), types: table.types(), sql };
        chunks.extend(copy_statements(&table.copy_select, pages).into_iter().map(chunk));
    }
    Ok(chunks)
}

/// `pages` may have grown since: the last range has no end.
fn copy_statements(select: &str, pages: i64) -> Vec<String> {
    let copy = |filter: &str| format!("COPY ({select}{filter}) TO STDOUT (FORMAT binary)");
    if pages <= CHUNK_PAGES {
        return vec![copy("")];
    }
    let range = |start: i64| match start + CHUNK_PAGES < pages {
        true => copy(&format!(" WHERE ctid >= '({start},0)' AND ctid < '({},0)'", start + CHUNK_PAGES)),
        false => copy(&format!(" WHERE ctid >= '({start},0)'")),
    };
    (0..pages).step_by(CHUNK_PAGES as usize).map(range).collect()
}

/// Reads a chunk and hands its rows over. A closed channel ends it quietly: whoever closed it is stopping.
pub(super) async fn copy_chunk(
    connection: &mut Connection,
    chunk: &Chunk,
    out: &TransactionSender,
    scene: &Scene,
) -> Result<(), SourceError> {
    let fault = |error: ConnectionError| scene.error(error);
    connection.start_copy(&chunk.sql, b'H').await.map_err(fault)?;
    let mut decoder = CopyDecoder::new(chunk.types.clone());
    let (mut rows, mut bytes) = (Vec::new(), 0);
    loop {
        let frame = connection.read().await.map_err(fault)?;
        match frame.tag {
            b'd' => {
                let body = connection.body(&frame);
                bytes += body.len();
                decoder.feed(body, &mut rows).map_err(|error| row_error(scene, chunk, &error.to_string()))?;
            }
            b'c' => break,
            tag => return Err(scene.protocol(format!("unexpected message '{}' during COPY", tag.escape_ascii()))),
        }
        if rows.len() >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX {
            let full = std::mem::replace(&mut rows, Vec::with_capacity(BATCH_ROWS_MAX));
            bytes = 0;
            send(chunk, full, out).await;
        }
    }
    connection.end_copy().await.map_err(fault)?;
    decoder.finish().map_err(|error| row_error(scene, chunk, &error.to_string()))?;
    send(chunk, rows, out).await;
    Ok(())
}

async fn send(chunk: &Chunk, rows: Vec<Row>, out: &TransactionSender) {
    if !rows.is_empty() {
        // When nobody receives any more, the source's own loop ends this task.
        let _ = out.send(SourceMessage::CopyRows { table: Arc::clone(&chunk.schema), rows }).await;
    }
}

fn row_error(scene: &Scene, chunk: &Chunk, message: &str) -> SourceError {
    SourceError::Table {
        source_name: scene.source_name.clone(),
        table: chunk.schema.name.to_string(),
        message: format!("its copy cannot be read: {message}"),
        hint: "leave the column out of the views, or report the type".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_is_read_in_ranges_that_leave_no_page_out() {
        assert_eq!(copy_statements("SELECT 1", CHUNK_PAGES), ["COPY (SELECT 1) TO STDOUT (FORMAT binary)"]);
        assert_eq!(
            copy_statements("SELECT a FROM ONLY t", 2 * CHUNK_PAGES + 1),
            [
                "COPY (SELECT a FROM ONLY t WHERE ctid >= '(0,0)' AND ctid < '(65536,0)') TO STDOUT (FORMAT binary)",
                "COPY (SELECT a FROM ONLY t WHERE ctid >= '(65536,0)' AND ctid < '(131072,0)') TO STDOUT (FORMAT binary)",
                "COPY (SELECT a FROM ONLY t WHERE ctid >= '(131072,0)') TO STDOUT (FORMAT binary)",
            ]
        );
    }
}
