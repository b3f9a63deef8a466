//! Looks at a server and says what stands in the way of streaming from it, each with the SQL that removes it. Changes nothing.

use postgres_protocol::escape::escape_identifier;
use tokio_postgres::Client;

use super::config::PostgresSourceConfig;
use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::logical_messages::stored;
use super::replication::SERVER_VERSION_MIN;
use super::server_error::{ConnectionError, Scene};
use super::sql_text::{fill, literal, statements, table, tables as table_list};
use super::standby::{TOO_OLD, VERSION_MIN as STANDBY_VERSION_MIN, is_in_recovery};
use super::{publication, sql_client, watch};
use crate::finding::{Finding, Severity};
use crate::schema::TableName;
use crate::source::SourceError;

const ROLE: &str = include_str!("../../../migrations/postgres/role.up.sql");
const IDENTITY: &str = include_str!("../../../migrations/postgres/identity.up.sql");

/// Looks at the server. An error only when it cannot be asked at all.
pub async fn check(config: &PostgresSourceConfig, tables: &[TableName]) -> Result<Vec<Finding>, SourceError> {
    let scene = Scene { source_name: config.name.to_string(), slot: config.slot.clone(), resuming: None };
    let info = ConnInfo::of(config)?;
    watch::in_time(&info, &scene, look(config, &info, &stored(tables))).await
}

async fn look(
    config: &PostgresSourceConfig,
    info: &ConnInfo,
    tables: &[TableName],
) -> Result<Vec<Finding>, SourceError> {
    let scene = Scene { source_name: config.name.to_string(), slot: config.slot.clone(), resuming: None };
    let client = sql_client::connect(info).await.map_err(|error| scene.error(error))?;
    let look = Look { config, info, client: &client, tables };
    let mut findings = Vec::new();
    look.server(&mut findings).await.map_err(|error| scene.error(error))?;
    look.tables(&mut findings).await.map_err(|error| scene.error(error))?;
    look.publication(&mut findings).await.map_err(|error| scene.error(error))?;
    look.replication(&mut findings).await;
    Ok(findings)
}

struct Look<'a> {
    config: &'a PostgresSourceConfig,
    info: &'a ConnInfo,
    client: &'a Client,
    tables: &'a [TableName],
}

fn error(what: String, sql: Option<String>) -> Finding {
    Finding { what, sql_to_fix: sql, severity: Severity::Error }
}

fn warning(what: String, sql: Option<String>) -> Finding {
    Finding { what, sql_to_fix: sql, severity: Severity::Warning }
}

/// What a standby needs besides.
fn standby(version: u32, feedback: &str, findings: &mut Vec<Finding>) {
    if version < STANDBY_VERSION_MIN {
        findings.push(error(format!("{TOO_OLD}: Postgres 16 is needed, or its primary"), None));
    }
    if feedback != "on" {
        let sql = "ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();".to_owned();
        let what = "hot_standby_feedback is off: what the primary cleans away can invalidate the standby's slot";
        findings.push(warning(what.into(), Some(sql)));
    }
}

const SETTINGS: &str = "SELECT current_setting('server_version_num')::int, current_setting('wal_level'), \
    current_setting('max_replication_slots')::bigint - (SELECT count(*) FROM pg_catalog.pg_replication_slots), \
    current_setting('max_wal_senders')::bigint - (SELECT count(*) FROM pg_catalog.pg_stat_replication), \
    (SELECT rolsuper OR rolreplication OR pg_has_role(oid, 'MEMBER') AND EXISTS ( \
        SELECT FROM pg_catalog.pg_roles m WHERE m.rolname IN ('rds_replication', 'rds_superuser', 'cloudsqlsuperuser') \
        AND pg_has_role(m.oid, 'MEMBER')) FROM pg_catalog.pg_roles WHERE rolname = current_user), \
    current_user::text, \
    EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1), \
    current_setting('max_slot_wal_keep_size'), pg_is_in_recovery(), current_setting('hot_standby_feedback')";

/// What Postgres does not send of the partitions of a published root.
/// <https://www.postgresql.org/docs/current/sql-createpublication.html>
const PARTITIONS_SILENT: &str = "TRUNCATE, DROP and DETACH of one partition and ATTACH of a filled one do not reach the log; \
    use DELETE and INSERT, or start with a new state directory afterwards";

const TABLES: &str = "SELECT wanted.schema_name, wanted.table_name, c.relkind::text, c.relreplident::text, \
    has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'), \
    EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate), \
    c.relpersistence = 'p', \
    EXISTS (SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class k ON k.oid = h.inhparent \
            WHERE h.inhrelid = c.oid AND k.relkind = 'p') \
    FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name) \
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema_name \
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name";

impl Look<'_> {
    async fn server(&self, findings: &mut Vec<Finding>) -> Result<(), ConnectionError> {
        let row = self.client.query_one(SETTINGS, &[&self.config.slot]).await?;
        let version: i32 = row.try_get(0)?;
        if (version as u32) < SERVER_VERSION_MIN {
            findings.push(error(format!("the server is Postgres {}; 14 or newer is needed", version / 10_000), None));
        }
        let wal_level: String = row.try_get(1)?;
        if wal_level != "logical" {
            let sql = "ALTER SYSTEM SET wal_level = logical; -- then restart the server".to_owned();
            findings.push(error(format!("wal_level is {wal_level}"), Some(sql)));
        }
        let (slots, senders, has_slot): (i64, i64, bool) = (row.try_get(2)?, row.try_get(3)?, row.try_get(6)?);
        if slots < 1 && !has_slot {
            let sql = "ALTER SYSTEM SET max_replication_slots = 20; -- then restart the server".to_owned();
            findings.push(error("all replication slots are taken".into(), Some(sql)));
        }
        if senders < 1 {
            let sql = "ALTER SYSTEM SET max_wal_senders = 20; -- then restart the server".to_owned();
            findings.push(error("all wal senders are taken".into(), Some(sql)));
        }
        let role: String = row.try_get(5)?;
        if !row.try_get::<_, Option<bool>>(4)?.unwrap_or(false) {
            findings.push(error(format!("role \"{role}\" may not replicate"), Some(self.role_sql(&role, 0))));
        }
        if row.try_get::<_, String>(7)? == "-1" {
            let sql = "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();".to_owned();
            let what = "max_slot_wal_keep_size has no limit: while nobody reads the slot, the server's disk fills up";
            findings.push(warning(what.into(), Some(sql)));
        }
        if row.try_get(8)? {
            standby(version as u32, row.try_get(9)?, findings);
        }
        Ok(())
    }

    /// One statement of the role's file: 0 lets it replicate, 1 lets it read.
    fn role_sql(&self, role: &str, statement: usize) -> String {
        let sql = statements(&fill(ROLE, &[("role", &escape_identifier(role)), ("tables", &table_list(self.tables))]));
        sql.lines().nth(statement).unwrap_or_default().to_owned()
    }

    async fn tables(&self, findings: &mut Vec<Finding>) -> Result<(), ConnectionError> {
        let schemas: Vec<&str> = self.tables.iter().map(|name| name.schema.as_str()).collect();
        let names: Vec<&str> = self.tables.iter().map(|name| name.table.as_str()).collect();
        for (row, name) in self.client.query(TABLES, &[&schemas, &names]).await?.iter().zip(self.tables) {
            let (schema, found): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let name = if schema == name.schema && found == name.table {
                name.clone()
            } else {
                TableName { source: name.source.clone(), schema: schema.into(), table: found.into() }
            };
            match row.try_get::<_, Option<String>>(2)?.as_deref() {
                None => findings.push(error(format!("table \"{name}\" does not exist"), None)),
                Some("r") => self.table(&name, row, findings)?,
                Some("p") => {
                    self.table(&name, row, findings)?;
                    findings.push(warning(format!("\"{name}\" is partitioned: {PARTITIONS_SILENT}"), None));
                }
                Some(_) => findings
                    .push(error(format!("\"{name}\" is not a table: views and foreign tables have no log"), None)),
            }
        }
        Ok(())
    }

    fn table(
        &self,
        name: &TableName,
        row: &tokio_postgres::Row,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectionError> {
        let (identity, readable): (String, bool) = (row.try_get(3)?, row.try_get(4)?);
        let (has_key, logged, is_partition): (bool, bool, bool) = (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
        if !readable {
            let role = self.info.user();
            let sql = fill(
                "GRANT SELECT ON {table} TO {role};",
                &[("table", &table(name)), ("role", &escape_identifier(role))],
            );
            findings.push(error(format!("role \"{role}\" may not read \"{name}\""), Some(sql)));
        }
        let followed = matches!(identity.as_str(), "f" | "i") || identity == "d" && has_key;
        if !followed {
            let sql = statements(&fill(IDENTITY, &[("table", &table(name))]));
            let what = format!("\"{name}\" has no replica identity: its updates and deletes cannot be followed");
            findings.push(error(what, Some(sql)));
        }
        if !logged {
            let sql = format!("ALTER TABLE {} SET LOGGED;", table(name));
            findings.push(error(format!("\"{name}\" is unlogged or temporary: it has no log"), Some(sql)));
        }
        if is_partition {
            findings.push(warning(format!("\"{name}\" is a partition: name its partitioned table instead"), None));
        }
        Ok(())
    }

    async fn publication(&self, findings: &mut Vec<Finding>) -> Result<(), ConnectionError> {
        if self.tables.is_empty() {
            return Ok(());
        }
        let name = &self.config.publication;
        let state = publication::look(self.client, name, self.tables).await?;
        let is_standby = is_in_recovery(self.client).await?;
        for sql in publication::missing_statements(&state, name, self.tables) {
            let what = format!("publication \"{name}\" does not yet have what is needed");
            findings.push(match is_standby {
                true => error(format!("{what}, and the server is a standby: only its primary can make it"), Some(sql)),
                // First start does the same, if its role may.
                false => warning(what, Some(sql)),
            });
        }
        Ok(())
    }

    /// Tries what streaming does first: a replication session.
    async fn replication(&self, findings: &mut Vec<Finding>) {
        let attempt = async {
            let mut connection = Connection::connect(self.info, Purpose::Replication).await?;
            let rows = connection.simple_query("SELECT pg_catalog.pg_backend_pid()").await?;
            Ok::<_, ConnectionError>((connection.backend_pid().to_string(), rows))
        };
        match attempt.await {
            Ok((announced, rows)) if super::replication::cell(&rows, 0) != Some(announced.as_str()) => {
                let what = "a pooler answers instead of the server: replication needs the server's own address";
                findings.push(error(what.into(), None));
            }
            Ok(_) => {}
            Err(cause) => {
                let role = literal(self.info.user());
                let what = format!("a replication session is refused: {cause}");
                let fix = format!(
                    "SELECT rolreplication FROM pg_catalog.pg_roles WHERE rolname = {role}; -- and pg_hba.conf"
                );
                findings.push(error(what, Some(fix)));
            }
        }
    }
}
