//! Settings of the server, as it tells them.

use std::collections::HashMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};

use super::flavor::{Flavor, ServerVersion};
use super::session::Connector;
use crate::source::SourceError;

/// Settings of the server by name, in lower case; with some that are told elsewhere: `binlog_do_db`, `binlog_ignore_db` (schemas), and
/// [`REPLICATES`].
pub(super) type Variables = HashMap<String, String>;

/// `ON` where the server is a replica of another.
pub(super) const REPLICATES: &str = "replicates";

/// Errors for a lack of rights.
pub(super) const DENIED: [u16; 2] = [1142, 1227];

/// Asks for all settings that matter.
pub(super) async fn variables(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
) -> Result<Variables, SourceError> {
    let sql = "SHOW GLOBAL VARIABLES WHERE variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image', \
        'binlog_row_metadata', 'binlog_order_commits', 'gtid_mode', 'enforce_gtid_consistency', 'binlog_expire_logs_seconds', 'expire_logs_days', \
        'sync_binlog', 'innodb_flush_log_at_trx_commit', 'innodb_native_foreign_keys', 'collation_database', 'log_slave_updates', \
        'log_replica_updates', 'binlog_expire_logs_auto_purge')";
    let rows: Vec<(String, String)> = connection.query(sql).await.map_err(|error| connector.fault(&error))?;
    let mut all: Variables = rows.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    for row in rows_if_allowed(connector, connection, log_status(version)).await? {
        for (place, name) in [(2, "binlog_do_db"), (3, "binlog_ignore_db")] {
            let schemas = row.get_opt::<Option<String>, _>(place).and_then(Result::ok).flatten();
            all.insert(name.into(), schemas.unwrap_or_default());
        }
    }
    if !rows_if_allowed(connector, connection, replica_status(version)).await?.is_empty() {
        all.insert(REPLICATES.into(), "ON".into());
    }
    Ok(all)
}

/// Asks where the log ends.
pub(super) fn log_status(version: ServerVersion) -> &'static str {
    match version.flavor == Flavor::Mysql && version.at_least(8, 2, 0) {
        true => "SHOW BINARY LOG STATUS",
        false => "SHOW MASTER STATUS",
    }
}

/// Asks what the server replicates from others.
fn replica_status(version: ServerVersion) -> &'static str {
    match version.flavor {
        Flavor::Mariadb => "SHOW ALL SLAVES STATUS",
        Flavor::Mysql if version.at_least(8, 0, 22) => "SHOW REPLICA STATUS",
        Flavor::Mysql => "SHOW SLAVE STATUS",
    }
}

/// Nothing where the user may not ask.
async fn rows_if_allowed(
    connector: &Connector,
    connection: &mut Conn,
    sql: &'static str,
) -> Result<Vec<Row>, SourceError> {
    match connection.query(sql).await {
        Ok(rows) => Ok(rows),
        Err(Error::Server(error)) if DENIED.contains(&error.code) => Ok(Vec::new()),
        Err(error) => Err(connector.fault(&error)),
    }
}

/// How many seconds a replica is behind its primary, where it is one that goes on replicating.
pub(super) async fn seconds_behind(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
) -> Result<Option<u64>, SourceError> {
    let rows = rows_if_allowed(connector, connection, replica_status(version)).await?;
    let one = |row: &Row| {
        let named =
            |column: &mysql_async::Column| column.name_str().to_ascii_lowercase().starts_with("seconds_behind_");
        let place = row.columns_ref().iter().position(named)?;
        row.get_opt::<Option<u64>, _>(place)?.ok()?
    };
    Ok(rows.iter().filter_map(one).max())
}
