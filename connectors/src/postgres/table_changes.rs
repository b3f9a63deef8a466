//! What became of the tables of the state while nobody streamed.

use std::sync::Arc;

use tokio_postgres::Client;

use super::catalog::CatalogTable;
use super::copy::{Described, describe};
use super::publication::{PublicationState, is_published, table_fault};
use super::relation_map::{KnownTable, Lost, gone};
use super::server_error::Scene;
use crate::schema::TableSchema;
use crate::source::{SourceError, TableChange};
use crate::sql_type::SqlType;

/// The tables of the state as they are now.
pub(super) struct Examined {
    /// Those that can be followed, with the types that their columns have on the wire.
    pub(super) known: Vec<KnownTable>,
    /// What became of the others, and of columns.
    pub(super) changed: Vec<TableChange>,
    /// What was found under their names.
    pub(super) described: Vec<Described>,
}

/// Looks at the tables of the state.
pub(super) async fn examine(
    client: &Client,
    scene: &Scene,
    tables: &[Arc<TableSchema>],
    (state, publication): (&PublicationState, &str),
) -> Result<Examined, SourceError> {
    let mut examined = Examined { known: Vec::new(), changed: Vec::new(), described: Vec::new() };
    let mut published = Vec::new();
    for table in tables {
        match table_fault(state, publication, table) {
            None => published.push(table),
            Some(fault) => examined.changed.push(gone(table, fault)),
        }
    }
    examined.described = described(client, scene, &published, &mut examined.changed).await?;
    for table in published {
        let found = examined.described.iter().find(|described| described.table.schema.name == table.name);
        let Some(found) = found else { continue };
        match known(table, &found.table, state) {
            Ok((known, change)) => {
                examined.known.push(known);
                examined.changed.extend(change);
            }
            Err(change) => examined.changed.push(change),
        }
    }
    Ok(examined)
}

/// Describes all at once; where one of them stands in the way, one by one.
async fn described(
    client: &Client,
    scene: &Scene,
    tables: &[&Arc<TableSchema>],
    changed: &mut Vec<TableChange>,
) -> Result<Vec<Described>, SourceError> {
    let names: Vec<_> = tables.iter().map(|table| table.name.clone()).collect();
    match describe(client, scene, &names).await {
        Err(SourceError::Table { .. }) => {}
        all => return all,
    }
    let mut all = Vec::new();
    for table in tables {
        match describe(client, scene, std::slice::from_ref(&table.name)).await {
            Ok(one) => all.extend(one),
            Err(SourceError::Table { message, .. }) => changed.push(gone(table, message)),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// The table with the types that its columns have on the wire now, and what is missing; `Err`: it cannot be followed.
fn known(
    table: &Arc<TableSchema>,
    found: &CatalogTable,
    state: &PublicationState,
) -> Result<(KnownTable, Option<TableChange>), TableChange> {
    let (current, oids) = (&found.schema, &found.type_oids);
    if current.id != table.id {
        return Err(gone(table, "was dropped and made again"));
    }
    if names(current) != names(table) {
        return Err(gone(table, "has another primary key or replica identity"));
    }
    let (mut lost, mut type_oids) = (Lost::default(), Vec::with_capacity(table.columns.len()));
    for (place, column) in table.columns.iter().enumerate() {
        let index = current.column(&column.name);
        let same = index.filter(|index| same_type(&column.sql_type, &current.columns[*index].sql_type));
        match same.filter(|_| is_published(state, table, &column.name)) {
            Some(index) => type_oids.push(oids[index]),
            None => {
                // No type has this oid, so whatever comes under its name is not taken for it.
                type_oids.push(0);
                let reason = match index {
                    Some(_) if same.is_some() => "is no longer published".into(),
                    Some(_) => format!("is no longer of type {}", column.sql_type),
                    None => "was dropped or renamed".into(),
                };
                lost.push(table, place, &reason);
            }
        }
    }
    let change = lost.change(table)?;
    Ok((KnownTable { schema: table.clone(), type_oids }, change))
}

/// The columns of the key.
fn names(table: &TableSchema) -> Vec<&str> {
    table.key.iter().map(|column| table.columns[*column].name.as_str()).collect()
}

/// A wider numeric of the same scale needs no rewrite of the table.
fn same_type(state: &SqlType, now: &SqlType) -> bool {
    match (state, now) {
        (SqlType::Numeric(Some((_, before))), SqlType::Numeric(Some((_, after)))) => before == after,
        _ => state == now,
    }
}
