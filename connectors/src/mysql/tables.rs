//! Tables that are asked for, and tables of the state as the server has them now.

use std::sync::Arc;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::catalog::read_tables;
use super::flavor::{Flavor, ServerVersion};
use super::session::Connector;
use super::shapes::{Shapes, shape_of};
use super::value::MysqlTable;
use super::variables::variables;
use crate::schema::{TableName, TableSchema};
use crate::source::{SourceError, TableChange};

/// Engines whose snapshots see what is committed, and in which what is in the log first is seen later.
const ENGINES: [&str; 2] = ["InnoDB", "ROCKSDB"];

/// Describes tables; the first that cannot be followed is an error.
pub(super) async fn describe(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
    wanted: &[TableName],
) -> Result<Vec<MysqlTable>, SourceError> {
    let source = connector.config.name.as_str();
    let tables = read_tables(connection, (source, version), wanted, connector.config.zero_dates).await?;
    for table in &tables {
        followable(connector, table)?;
    }
    cascades(connector, (connection, version), &tables).await?;
    Ok(tables)
}

fn fault(connector: &Connector, table: &TableSchema, message: &str, hint: &str) -> SourceError {
    SourceError::Table {
        source_name: connector.config.name.to_string(),
        table: table.name.to_string(),
        message: message.into(),
        hint: hint.into(),
    }
}

fn followable(connector: &Connector, table: &MysqlTable) -> Result<(), SourceError> {
    let refuse = |message: &str, hint: &str| Err(fault(connector, &table.schema, message, hint));
    if !ENGINES.iter().any(|engine| table.engine.eq_ignore_ascii_case(engine)) {
        let message = format!("has the engine {}, which has no consistent snapshots", table.engine);
        return refuse(&message, "ALTER TABLE ... ENGINE = InnoDB");
    }
    Ok(())
}

/// Rows that go because those they refer to go are not in the log, unless it is the server, and not its engine, that lets them go.
async fn cascades(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
    tables: &[MysqlTable],
) -> Result<(), SourceError> {
    if version.flavor == Flavor::Mysql && version.at_least(9, 6, 0) {
        let native = variables(connector, (connection, version)).await?.remove("innodb_native_foreign_keys");
        if native.is_none_or(|value| value == "OFF") {
            return Ok(());
        }
    }
    let sql = "SELECT constraint_name FROM information_schema.referential_constraints \
        WHERE constraint_schema = ? AND table_name = ? AND (delete_rule NOT IN ('RESTRICT', 'NO ACTION') \
        OR update_rule NOT IN ('RESTRICT', 'NO ACTION'))";
    for table in tables {
        let name = &table.schema.name;
        let found: Option<String> = connection
            .exec_first(sql, (name.schema.as_str(), name.table.as_str()))
            .await
            .map_err(|error| connector.fault(&error))?;
        if let Some(constraint) = found {
            let message = format!(
                "changes by its foreign key \"{constraint}\" (ON DELETE or ON UPDATE ...), and the server's log does not have such changes"
            );
            let hint = "make the foreign key RESTRICT and delete the rows by statements, or leave the table out";
            return Err(fault(connector, &table.schema, &message, hint));
        }
    }
    Ok(())
}

/// Tables of the state as they are now.
#[derive(Default)]
pub(super) struct Examined {
    /// Those that can be followed, in the shape of the state.
    pub(super) known: Vec<MysqlTable>,
    /// What the catalog says of those of which the state has all columns.
    pub(super) shapes: Shapes,
    /// What became of the others, and of columns.
    pub(super) changed: Vec<TableChange>,
}

/// Looks at the tables of the state.
pub(super) async fn examine(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
    tables: &[Arc<TableSchema>],
) -> Result<Examined, SourceError> {
    let mut examined = Examined::default();
    for table in tables {
        match describe(connector, (connection, version), std::slice::from_ref(&table.name)).await {
            Ok(found) => found.into_iter().for_each(|now| examined.take(table, now)),
            Err(SourceError::Table { message, .. }) => examined.changed.push(gone(table, &message)),
            Err(error) => return Err(error),
        }
    }
    Ok(examined)
}

fn gone(table: &TableSchema, reason: &str) -> TableChange {
    TableChange { table: table.name.clone(), columns: None, reason: reason.into() }
}

impl Examined {
    fn take(&mut self, state: &Arc<TableSchema>, now: MysqlTable) {
        let key = |schema: &TableSchema| -> Vec<String> {
            schema.key.iter().map(|column| schema.columns[*column].name.to_string()).collect()
        };
        if key(state) != key(&now.schema) {
            return self.changed.push(gone(state, "has another primary key"));
        }
        let shape = shape_of(&now);
        let (mut columns, mut lost) = (Vec::with_capacity(state.columns.len()), Vec::new());
        for (place, column) in state.columns.iter().enumerate() {
            let found = now.schema.column(&column.name);
            let same = found.filter(|found| now.schema.columns[*found].sql_type == column.sql_type);
            let mut described = now.columns[same.or(found).unwrap_or_default()].clone();
            if same.is_none() {
                lost.push(place);
                // No column of a table has this name.
                described.name = "".into();
            }
            columns.push(described);
        }
        if let Some(column) = lost.iter().find(|column| state.key.contains(column)) {
            let reason = format!("had column \"{}\" of its key changed", state.columns[*column].name);
            return self.changed.push(gone(state, &reason));
        }
        if lost.is_empty() {
            self.shapes.know(&state.name, shape);
        } else {
            let names = lost.iter().map(|column| format!("\"{}\"", state.columns[*column].name));
            let reason = format!("had {} dropped or changed", names.collect::<Vec<_>>().join(", "));
            // Without a key rows are told apart by all of their values.
            if state.key.is_empty() {
                return self.changed.push(gone(state, &reason));
            }
            self.changed.push(TableChange { table: state.name.clone(), columns: Some(lost), reason });
        }
        self.known.push(MysqlTable { schema: state.clone(), columns, ..now });
    }
}
