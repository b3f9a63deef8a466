//! Values, events and tables of real servers: what a copy reads is what the log says, and both are what the server prints.

#![allow(clippy::unwrap_used)]

mod columns;
mod copied;
mod forms;
mod log;
mod random;
mod retention;
#[path = "../support/mysql_server.rs"]
mod server;
mod tls;
mod transactions;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use tailwater_connectors::TableName;
use tailwater_connectors::mysql::ServerVersion;
use tailwater_connectors::mysql::catalog::{read_tables, session_settings};
use tailwater_connectors::mysql::value::{MysqlTable, ZeroDates};

use server::{Kind, MysqlServer};

/// Servers that are not left out on purpose.
fn kinds() -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| !kind.is_left_out()).collect()
}

/// A session in a database of its own.
async fn session(server: &MysqlServer, database: &str) -> Conn {
    let mut connection = connect(server, "").await;
    connection.query_drop(format!("create database if not exists {database}")).await.unwrap();
    connection.query_drop(format!("use {database}")).await.unwrap();
    connection.query_drop("set sql_mode = '', time_zone = '+00:00', innodb_strict_mode = 0").await.unwrap();
    connection
}

async fn connect(server: &MysqlServer, database: &str) -> Conn {
    let opts = mysql_async::Opts::from_url(&server.url(database)).unwrap();
    Conn::new(OptsBuilder::from_opts(opts).max_allowed_packet(Some(1 << 30))).await.unwrap()
}

async fn version(connection: &mut Conn) -> ServerVersion {
    let version: String = connection.query_first("select version()").await.unwrap().unwrap();
    ServerVersion::parse(&version).unwrap()
}

fn name(database: &str, table: &str) -> TableName {
    TableName { source: "shop".into(), schema: database.into(), table: table.into() }
}

/// The catalog's description of one table.
async fn table(connection: &mut Conn, database: &str, table: &str, zero_dates: ZeroDates) -> MysqlTable {
    for setting in session_settings() {
        connection.query_drop(setting).await.unwrap();
    }
    let version = version(connection).await;
    let tables = read_tables(connection, ("shop", version), &[name(database, table)], zero_dates).await;
    connection.query_drop("set character_set_results = utf8mb4").await.unwrap();
    tables.unwrap().remove(0)
}
