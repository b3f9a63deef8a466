//! What a person runs once: settings that are wrong, and grants.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::config::MysqlSourceConfig;
use super::flavor::Flavor;
use super::session::Connector;
use super::settings;
use super::value::quoted;
use super::variables::variables;
use crate::schema::TableName;
use crate::source::SourceError;

/// Statements that set right what is wrong, and grant the user what it needs. They are for someone with more rights than the user needs.
pub async fn prepare_sql(config: &MysqlSourceConfig, tables: &[TableName]) -> Result<Vec<String>, SourceError> {
    let connector = Connector { config: config.clone() };
    let (mut connection, version) = connector.connect().await?;
    let fault = |error| connector.fault(&error);
    let user: Option<String> = connection.query_first("SELECT current_user()").await.map_err(fault)?;
    let user = account(&user.unwrap_or_default());
    let found = settings::findings(&variables(&connector, (&mut connection, version)).await?, version);
    let mut statements: Vec<String> = found
        .into_iter()
        .filter_map(|finding| finding.sql_to_fix)
        .flat_map(|sql| sql.split_inclusive(';').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
        .collect();
    // Whether the server is a replica is asked with another right there.
    let monitors = version.flavor == Flavor::Mariadb && version.at_least(10, 5, 9);
    let monitor = if monitors { ", REPLICA MONITOR" } else { "" };
    statements.push(format!("GRANT REPLICATION SLAVE, REPLICATION CLIENT{monitor} ON *.* TO {user};"));
    for table in tables {
        if version.flavor == Flavor::Mysql && !has_key(&mut connection, table).await.map_err(fault)? {
            statements.push(format!("GRANT LOCK TABLES ON {}.* TO {user};", quoted(&table.schema)));
        }
        statements.push(format!("GRANT SELECT ON {}.{} TO {user};", quoted(&table.schema), quoted(&table.table)));
    }
    Ok(statements)
}

/// The copy of a table without a key begins with a lock there.
async fn has_key(connection: &mut Conn, table: &TableName) -> Result<bool, mysql_async::Error> {
    let sql = "SELECT count(*) FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = ? AND table_name = ?";
    let found: Option<u64> = connection.exec_first(sql, (table.schema.as_str(), table.table.as_str())).await?;
    Ok(found.unwrap_or_default() > 0)
}

/// Runs them, and answers with them.
pub async fn prepare(config: &MysqlSourceConfig, tables: &[TableName]) -> Result<Vec<String>, SourceError> {
    let statements = prepare_sql(config, tables).await?;
    let connector = Connector { config: config.clone() };
    let (mut connection, _) = connector.connect().await?;
    for sql in &statements {
        connection.query_drop(sql.as_str()).await.map_err(|error| connector.fault(&error))?;
    }
    Ok(statements)
}

/// `'user'@'host'` of `user@host`.
fn account(user: &str) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    format!("{}@{}", literal(name), literal(host))
}
