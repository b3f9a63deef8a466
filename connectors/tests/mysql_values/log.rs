//! The log of a server, from a place on, up to its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStreamRequest, Conn};
use tailwater_connectors::mysql::Flavor;
use tailwater_connectors::mysql::binlog::{Decoder, Event, Image, RawEvent, RowChange, TableMap};
use tailwater_connectors::mysql::value::{MysqlTable, RowPlan};
use tailwater_connectors::{Row, Value};

use crate::connect;
use crate::server::MysqlServer;

/// A place in the log.
pub(crate) type Place = (String, u64);

/// Where the log ends now.
pub(crate) async fn end(connection: &mut Conn, server: &MysqlServer) -> Place {
    let status = if server.kind.is_mariadb() { "show master status" } else { "show binary log status" };
    let row: mysql_async::Row = connection.query_first(status).await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap())
}

/// A connection that asks for all that the log says: what the source does, too.
pub(crate) async fn stream(server: &MysqlServer, place: &Place) -> mysql_async::BinlogStream {
    let mut connection = connect(server, "").await;
    let settings = match server.kind.is_mariadb() {
        true => "set @mariadb_slave_capability = 4",
        false => "set @source_binlog_checksum = 'NONE'",
    };
    connection.query_drop(settings).await.unwrap();
    let request = BinlogStreamRequest::new(4_000_000 + u32::from(server.port))
        .with_filename(place.0.as_bytes())
        .with_pos(place.1)
        .with_non_blocking();
    connection.get_binlog_stream(request).await.unwrap()
}

fn flavor(server: &MysqlServer) -> Flavor {
    if server.kind.is_mariadb() { Flavor::Mariadb } else { Flavor::Mysql }
}

/// Every event from a place to the end of the log.
pub(crate) async fn each(server: &MysqlServer, place: &Place, mut take: impl FnMut(&RawEvent<'_>, Event<'_>)) {
    let mut events = stream(server, place).await;
    let mut decoder = Decoder::new(flavor(server));
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        let raw = RawEvent::from(&event);
        take(&raw, decoder.decode(&raw).unwrap());
    }
    let _ = events.close().await;
}

/// What the log says of one table.
pub(crate) async fn changes(server: &MysqlServer, place: &Place, table: &MysqlTable) -> Vec<RowChange> {
    let mut found = Vec::new();
    let mut plan: Option<(Arc<TableMap>, RowPlan)> = None;
    each(server, place, |_, event| {
        let Event::Rows(rows) = event else { return };
        if rows.table.table != table.schema.name.table || rows.table.schema != table.schema.name.schema {
            return;
        }
        if plan.as_ref().is_none_or(|(map, _)| !Arc::ptr_eq(map, &rows.table)) {
            let (made, lost) = RowPlan::new(&rows.table, table).unwrap();
            assert_eq!((lost.columns, lost.reason.as_str()), (vec![], ""), "all columns fit");
            plan = Some((Arc::clone(&rows.table), made));
        }
        let plan = &plan.as_ref().unwrap().1;
        found.extend(rows.changes(plan).map(Result::unwrap));
    })
    .await;
    found
}

/// The rows that changes leave of an empty table, by its first column. Images are to be whole.
pub(crate) fn replayed(changes: Vec<RowChange>) -> BTreeMap<Value, Row> {
    let mut rows = BTreeMap::new();
    let whole = |image: &Image| assert_eq!(image.absent, Vec::<u16>::new());
    for change in changes {
        match change {
            RowChange::Insert { new } => {
                whole(&new);
                assert_eq!(rows.insert(new.row[0].clone(), new.row), None);
            }
            RowChange::Update { old, new } => {
                whole(&old);
                assert_eq!(rows.remove(&old.row[0]), Some(old.row), "the old image is the row as it was");
                rows.insert(new.row[0].clone(), new.row);
            }
            RowChange::Delete { old } => assert_eq!(rows.remove(&old.row[0]), Some(old.row)),
        }
    }
    rows
}

/// The table's rows by a copy, by its first column.
pub(crate) async fn copied(connection: &mut Conn, table: &MysqlTable) -> BTreeMap<Value, Row> {
    connection.query_drop("set character_set_results = NULL").await.unwrap();
    let sql = format!("select {} from {}", table.select_list(), table.quoted_name());
    let rows: Vec<mysql_async::Row> = connection.query(sql).await.unwrap();
    connection.query_drop("set character_set_results = utf8mb4").await.unwrap();
    let plan = table.copy_plan().unwrap();
    let rows = rows.iter().map(|row| plan.row_of(row).unwrap());
    rows.map(|row| (row[0].clone(), row)).collect()
}
