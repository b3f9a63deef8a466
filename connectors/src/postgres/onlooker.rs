//! Looks at the tables from time to time while the stream runs, for what becomes of a table without a word in the log.
//!
//! A table that is dropped, made again or taken out of the publication is silent from then on. A column that is dropped and made again
//! under its name, or whose values an `ALTER COLUMN ... TYPE ... USING` computes anew, looks in the log as it did before. The catalog tells: the
//! one has another number, the other another version of its description and another file at the same time.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_postgres::Client;

use super::conninfo::ConnInfo;
use super::publication;
use super::relation_map::Lost;
use super::server_error::{ConnectionError, Scene};
use super::sql_client;
use super::table_changes::examine;
use crate::schema::{TableName, TableSchema};
use crate::source::{SourceError, SourceMessage, TableChange, TransactionSender};

/// From one look to the next at least.
const PAUSE_MIN: Duration = Duration::from_secs(5);
/// Looks take this part of the time at most.
const PAUSE_PER_LOOK: u32 = 100;

const MARKS: &str = "SELECT c.oid, c.file, a.attname::text, a.attnum, a.xmin::text \
    FROM (SELECT oid, coalesce( \
              (SELECT string_agg(coalesce(pg_catalog.pg_relation_filenode(t.relid), 0::oid)::text, ',' ORDER BY t.relid) \
                   FROM pg_catalog.pg_partition_tree(oid) t), \
              pg_catalog.pg_relation_filenode(oid)::text, '') AS file \
          FROM pg_catalog.pg_class WHERE oid = ANY ($1)) c \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped";

/// Beside one stream.
pub(super) struct Onlooker {
    pub(super) info: ConnInfo,
    pub(super) scene: Scene,
    pub(super) publication: String,
    /// As the state has them.
    pub(super) tables: Vec<Arc<TableSchema>>,
    pub(super) out: TransactionSender,
    /// What is compared with the next time.
    pub(super) seen: Option<Seen>,
}

/// A session, and what was there at the last look.
pub(super) struct Seen {
    client: Client,
    marks: Marks,
}

/// What the catalog says of a table beyond its shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mark {
    /// Its file, or those of its partitions.
    file: String,
    /// Number and version of each column.
    columns: BTreeMap<String, (i16, String)>,
}

type Marks = BTreeMap<u32, Mark>;

impl Onlooker {
    /// Looks for the first time: from here on nothing is missed.
    pub(super) async fn begin(&mut self) -> Result<(), SourceError> {
        let client = sql_client::connect(&self.info).await.map_err(|error| self.scene.error(error))?;
        let marks = self.marks(&client).await.map_err(|error| self.scene.error(error))?;
        self.seen = Some(Seen { client, marks });
        Ok(())
    }

    /// Looks until it is dropped. A server that cannot be asked is the stream's to notice.
    pub(super) async fn run(mut self) -> Infallible {
        let mut told = Vec::new();
        let mut pause = PAUSE_MIN;
        loop {
            sleep(pause).await;
            let begun = Instant::now();
            match self.look().await {
                Ok(changes) => self.tell(changes, &mut told).await,
                Err(error) => {
                    tracing::debug!(source = %self.scene.source_name, %error, "the tables cannot be looked at");
                }
            }
            pause = PAUSE_MIN.max(begun.elapsed() * PAUSE_PER_LOOK);
        }
    }

    async fn tell(&self, changes: Vec<TableChange>, told: &mut Vec<TableChange>) {
        for change in changes {
            if !told.contains(&change) {
                told.push(change.clone());
                // A closed channel is noticed by the stream.
                let _ = self.out.send(SourceMessage::TableChanged(change)).await;
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<TableChange>, SourceError> {
        let fault = |error| self.scene.error(error);
        if let Some(seen) = self.seen.as_mut().filter(|seen| seen.client.is_closed()) {
            seen.client = sql_client::connect(&self.info).await.map_err(fault)?;
        }
        let Some(Seen { client, marks }) = &self.seen else { return Ok(Vec::new()) };
        let names: Vec<TableName> = self.tables.iter().map(|table| table.name.clone()).collect();
        let state = publication::look(client, &self.publication, &names).await.map_err(fault)?;
        publication::check(&state, &self.scene, &self.publication, &[])?;
        let mut changes = examine(client, &self.scene, &self.tables, (&state, &self.publication)).await?.changed;
        let now = self.marks(client).await.map_err(fault)?;
        changes.extend(self.tables.iter().filter_map(|table| rewritten(table, (marks, &now))));
        if let Some(seen) = &mut self.seen {
            seen.marks = now;
        }
        Ok(changes)
    }

    async fn marks(&self, client: &Client) -> Result<Marks, ConnectionError> {
        let oids: Vec<u32> = self.tables.iter().map(|table| table.id).collect();
        let mut marks = Marks::new();
        for row in client.query(MARKS, &[&oids]).await? {
            let mark = marks.entry(row.try_get(0)?).or_default();
            mark.file = row.try_get(1)?;
            mark.columns.insert(row.try_get(2)?, (row.try_get(3)?, row.try_get(4)?));
        }
        Ok(marks)
    }
}

/// Columns whose values are others although they look the same.
fn rewritten(table: &TableSchema, (before, now): (&Marks, &Marks)) -> Option<TableChange> {
    let (before, now) = (before.get(&table.id)?, now.get(&table.id)?);
    let mut lost = Lost::default();
    for (place, column) in table.columns.iter().enumerate() {
        let of = |mark: &Mark| mark.columns.get(column.name.as_str()).cloned();
        let (Some((old_number, old_version)), Some((number, version))) = (of(before), of(now)) else { continue };
        if old_number != number {
            lost.push(table, place, "was dropped and made again");
        } else if old_version != version && before.file != now.file {
            // Two harmless things at once look the same: better a view that stops than one that is wrong.
            lost.push(table, place, "was altered, and may have been computed anew: its table was rewritten");
        }
    }
    match lost.change(table) {
        Ok(change) => change,
        Err(gone) => Some(gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, ReplicaIdentity};
    use crate::sql_type::SqlType;

    fn table() -> TableSchema {
        TableSchema {
            name: TableName { source: "s".into(), schema: "public".into(), table: "t".into() },
            id: 7,
            columns: vec![Column::new("id", SqlType::Int4, false), Column::new("v", SqlType::Int4, true)],
            key: vec![0],
            identity: ReplicaIdentity::Default,
        }
    }

    fn marks(file: &str, columns: [(i16, &str); 2]) -> Marks {
        let columns = ["id", "v"].iter().zip(columns);
        let columns = columns.map(|(name, (number, version))| (name.to_string(), (number, version.to_owned())));
        Marks::from([(7, Mark { file: file.into(), columns: columns.collect() })])
    }

    #[test]
    fn only_what_changes_values_is_told() {
        let before = marks("1", [(1, "a"), (2, "a")]);
        let told = |now: &Marks| rewritten(&table(), (&before, now)).map(|change| change.columns);
        assert_eq!(told(&before), None);
        assert_eq!(told(&marks("2", [(1, "a"), (2, "a")])), None, "VACUUM FULL, TRUNCATE");
        assert_eq!(told(&marks("1", [(1, "a"), (2, "b")])), None, "SET NOT NULL, SET STATISTICS");
        assert_eq!(told(&marks("1", [(1, "a"), (3, "b")])), Some(Some(vec![1])));
        assert_eq!(told(&marks("2", [(1, "a"), (2, "b")])), Some(Some(vec![1])));
        assert_eq!(told(&marks("2", [(1, "b"), (2, "a")])), Some(None), "a part of the key: the whole table");
        assert_eq!(told(&Marks::new()), None, "gone: said by others");
    }
}
