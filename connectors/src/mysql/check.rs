//! Looks at a server and says what stands in the way of following it. Changes nothing.

use futures::StreamExt;
use mysql_async::Conn;

use super::config::MysqlSourceConfig;
use super::flavor::{Flavor, ServerVersion};
use super::session::{Connector, current_position};
use super::settings;
use super::variables::variables;
use crate::finding::{Finding, Severity};
use crate::source::SourceError;

/// What a server must be at least.
const MYSQL_MIN: (u16, u16, u16) = (8, 0, 14);
const MARIADB_MIN: (u16, u16, u16) = (10, 5, 0);

/// Looks at the server. An error only when it cannot be asked at all.
pub async fn check(config: &MysqlSourceConfig) -> Result<Vec<Finding>, SourceError> {
    let connector = Connector { config: config.clone() };
    let (mut connection, version) = connector.connect().await?;
    let mut findings: Vec<_> = old(version).into_iter().collect();
    findings.extend(settings::findings(&variables(&connector, (&mut connection, version)).await?, version));
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        findings.extend(log(&connector, (&mut connection, version)).await?);
    }
    Ok(findings)
}

fn old(version: ServerVersion) -> Option<Finding> {
    let (major, minor, patch) = match version.flavor {
        Flavor::Mysql => MYSQL_MIN,
        Flavor::Mariadb => MARIADB_MIN,
    };
    let what = format!("{version} is older than {major}.{minor}.{patch}, whose log names columns");
    let is_old = !version.at_least(major, minor, patch);
    is_old.then_some(Finding { what, sql_to_fix: None, severity: Severity::Error })
}

/// Tries what following does first: asks where the log ends, and for the log from there.
async fn log(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
) -> Result<Option<Finding>, SourceError> {
    let attempt = async {
        let position = current_position(connector, (connection, version)).await?;
        let mut log = connector.open_log(&position).await?;
        let first = connector.in_time(async { Ok(log.next().await) }).await?;
        match first {
            Some(Err(error)) => Err(connector.log_fault(&position, &error)),
            _ => Ok(()),
        }
    };
    match attempt.await {
        Ok(()) => Ok(None),
        Err(error @ SourceError::Unavailable { .. }) => Err(error),
        Err(error) => {
            let what = format!("the log cannot be read: {error}");
            let sql_to_fix = Some("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ...;".into());
            Ok(Some(Finding { what, sql_to_fix, severity: Severity::Error }))
        }
    }
}
