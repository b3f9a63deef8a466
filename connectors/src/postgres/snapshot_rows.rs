//! Reads the rows of a query under a snapshot, by binary COPY; what has no binary form that can be read comes as its output text.

use std::borrow::Cow;

use tokio::sync::mpsc;

use super::binary::has_binary_form;
use super::connection::Connection;
use super::copy_rows::CopyDecoder;
use super::replication::cell;
use super::server_error::{ConnectionError, Scene, ServerError};
use super::sql_text::{literal, table};
use crate::row::Row;
use crate::schema::TableName;
use crate::snapshot::{SnapshotError, SnapshotQuery};
use crate::sql_type::SqlType;
use crate::text::parse_text;
use crate::value::Value;

/// Rows in one batch.
const BATCH_ROWS_MAX: usize = 1_000;
/// Bytes of COPY data in one batch.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How long to wait for the tables' locks. Whoever holds one changes the table; whoever waits behind us holds up others.
const LOCK_TIMEOUT_MS: u32 = 300;

/// A session under a snapshot.
pub(super) struct Reading {
    pub(super) session: Connection,
    pub(super) scene: Scene,
}

impl Reading {
    /// Begins a transaction that sees what the snapshot shows, with the tables as they were then.
    pub(super) async fn begin(&mut self, snapshot: &str, tables: &[TableName]) -> Result<(), SnapshotError> {
        let begin = format!(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; \
             SET LOCAL row_security = off; SET LOCAL search_path = public; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}",
            literal(snapshot)
        );
        self.ask(&begin).await?;
        self.lock(tables).await
    }

    async fn ask(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, SnapshotError> {
        let answered = self.session.simple_query(sql).await;
        answered.map_err(|error| self.failed(error))
    }

    /// TRUNCATE and rewrites ignore snapshots: a table that went through one since the moment does not show what it held then.
    /// With the locks held none can come any more.
    async fn lock(&mut self, tables: &[TableName]) -> Result<(), SnapshotError> {
        if tables.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = tables.iter().map(table).collect();
        self.ask(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))).await?;
        let classes: Vec<String> = names.iter().map(|name| format!("{}::regclass", literal(name))).collect();
        // The catalog is read under the snapshot, the function answers what holds now.
        let sql = format!(
            "SELECT 1 FROM unnest(ARRAY[{}]) AS t (relid), LATERAL ( \
                SELECT t.relid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(t.relid) AS p) AS r (relid) \
             JOIN pg_catalog.pg_class c ON c.oid = r.relid \
             WHERE c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid) LIMIT 1",
            classes.join(", ")
        );
        let moved = self.ask(&sql).await?;
        match cell(&moved, 0) {
            None => Ok(()),
            Some(_) => Err(SnapshotError::TableMoved { source_name: self.scene.source_name.clone() }),
        }
    }

    /// Sends the rows of a query.
    pub(super) async fn run(
        &mut self,
        query: &SnapshotQuery,
        out: &mpsc::Sender<Vec<Row>>,
    ) -> Result<(), SnapshotError> {
        let copy = copy_sql(query);
        self.session.start_copy(&copy, b'H').await.map_err(|error| self.failed(error))?;
        let mut decoder = CopyDecoder::new(query.types.iter().map(|sql_type| wire(sql_type).into_owned()).collect());
        let (mut rows, mut bytes) = (Vec::new(), 0);
        loop {
            let frame = match self.session.read().await {
                Ok(frame) => frame,
                Err(error) => return Err(self.failed(error)),
            };
            match frame.tag {
                b'd' => {
                    let body = self.session.body(&frame);
                    bytes += body.len();
                    decoder.feed(body, &mut rows).map_err(|error| self.unreadable(error.to_string()))?;
                }
                b'c' => break,
                tag => {
                    let message = format!("unexpected message '{}' during COPY", tag.escape_ascii());
                    return Err(self.scene.protocol(message).into());
                }
            }
            if rows.len() >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX {
                bytes = 0;
                if out.send(self.typed(&query.types, std::mem::take(&mut rows))?).await.is_err() {
                    return Ok(());
                }
            }
        }
        self.session.end_copy().await.map_err(|error| self.failed(error))?;
        decoder.finish().map_err(|error| self.unreadable(error.to_string()))?;
        let _ = out.send(self.typed(&query.types, rows)?).await;
        Ok(())
    }

    /// Values that came as text, read.
    fn typed(&self, types: &[SqlType], rows: Vec<Row>) -> Result<Vec<Row>, SnapshotError> {
        if types.iter().all(|sql_type| !is_parsed(sql_type)) {
            return Ok(rows);
        }
        let value = |(sql_type, value): (&SqlType, &Value)| match value {
            Value::Text(text) if is_parsed(sql_type) => parse_text(sql_type, text),
            value => Ok(value.clone()),
        };
        let typed = |row: Row| types.iter().zip(row.iter()).map(value).collect::<Result<Row, _>>();
        rows.into_iter().map(typed).collect::<Result<_, _>>().map_err(|error| self.unreadable(error.to_string()))
    }

    fn unreadable(&self, message: String) -> SnapshotError {
        self.scene.protocol(format!("its answer to a view's SQL cannot be read: {message}")).into()
    }

    fn failed(&self, error: ConnectionError) -> SnapshotError {
        let source_name = self.scene.source_name.clone();
        match error {
            ConnectionError::Server(ServerError { code, .. }) if code == "55P03" => {
                SnapshotError::TableMoved { source_name }
            }
            // The server's text for these holds values of rows.
            ConnectionError::Server(ServerError { code, .. }) if code.starts_with("22") || code.starts_with("21") => {
                let message = format!("an expression has no value for some row (SQLSTATE {code})");
                SnapshotError::NoAnswer { source_name, message }
            }
            ConnectionError::Server(error) if says_no(&error.code) => {
                SnapshotError::NoAnswer { source_name, message: error.to_string() }
            }
            error => self.scene.error(error).into(),
        }
    }
}

/// Syntax, names and features; not permissions, which are the source's to explain.
fn says_no(code: &str) -> bool {
    ["42", "0A", "54"].iter().any(|class| code.starts_with(class)) && code != "42501"
}

fn is_parsed(sql_type: &SqlType) -> bool {
    !has_binary_form(sql_type) && matches!(sql_type, SqlType::Array(_))
}

/// As which type a column is decoded.
fn wire(sql_type: &SqlType) -> Cow<'_, SqlType> {
    match has_binary_form(sql_type) {
        true => Cow::Borrowed(sql_type),
        false => Cow::Owned(SqlType::Text),
    }
}

fn copy_sql(query: &SnapshotQuery) -> String {
    let names: Vec<String> = (1..=query.types.len()).map(|number| format!("c{number}")).collect();
    let expression = |(name, sql_type): (&String, &SqlType)| match has_binary_form(sql_type) {
        true => name.clone(),
        // The text of the type's output function, as the stream sends it; a cast to text is another text for some types.
        false => format!("CASE WHEN pg_catalog.num_nulls({name}) = 0 THEN pg_catalog.format('%s', {name}) END"),
    };
    let expressions: Vec<String> = names.iter().zip(&query.types).map(expression).collect();
    format!(
        "COPY (SELECT {} FROM (\n{}\n) AS answer ({})) TO STDOUT (FORMAT binary)",
        expressions.join(", "),
        query.sql,
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_a_readable_binary_form_are_asked_for_as_text() {
        let inet = SqlType::Other("inet".into());
        let types = vec![SqlType::Int4, inet.clone(), SqlType::Array(Box::new(inet))];
        let query = SnapshotQuery { sql: "select 1 -- the end".into(), types };
        let sql = copy_sql(&query);
        assert!(sql.starts_with("COPY (SELECT c1, CASE WHEN pg_catalog.num_nulls(c2) = 0"), "{sql}");
        assert!(sql.ends_with("-- the end\n) AS answer (c1, c2, c3)) TO STDOUT (FORMAT binary)"), "{sql}");
        assert_eq!(*wire(&query.types[2]), SqlType::Text);
        assert!(is_parsed(&query.types[2]) && !is_parsed(&query.types[1]));
    }
}
