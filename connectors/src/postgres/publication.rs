//! The publication: which tables the server streams. Made and extended only when a person asked for it or on first start;
//! later it is only looked at, since a table that left it would go stale in silence.

use postgres_protocol::escape::escape_identifier;
use tokio_postgres::Client;

use super::server_error::{ConnectionError, Scene};
use super::sql_text::{fill, statements, tables};
use crate::schema::{TableName, TableSchema};
use crate::source::SourceError;

const CREATE: &str = include_str!("../../../migrations/postgres/publication.up.sql");
const ADD_TABLES: &str = include_str!("../../../migrations/postgres/publication_tables.up.sql");
const SET_OPTIONS: &str = include_str!("../../../migrations/postgres/publication_options.up.sql");

/// What the catalog says of the publication and the tables asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PublicationState {
    exists: bool,
    /// Inserts, updates, deletes and truncates.
    all_kinds: bool,
    via_root: bool,
    wanted: Vec<WantedTable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct WantedTable {
    name: TableName,
    partitioned: bool,
    /// Named by the publication, or in it by schema or `FOR ALL TABLES`.
    member: bool,
    /// Streamed under its own name.
    published: bool,
    filtered: bool,
    /// Published columns; `None` on servers without column lists.
    columns: Option<Vec<String>>,
}

const LOOK: &str = "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot \
    FROM pg_catalog.pg_publication WHERE pubname = $1";
/// Column lists and row filters came with Postgres 15: read through jsonb, the query works before.
const LOOK_AT_TABLES: &str = "\
    SELECT n.nspname::text, c.relname::text, c.relkind = 'p', r.prrelid IS NOT NULL OR t.tablename IS NOT NULL, \
           t.tablename IS NOT NULL, to_jsonb(t) ->> 'rowfilter' IS NOT NULL, \
           CASE WHEN to_jsonb(t) ? 'attnames' THEN ARRAY(SELECT jsonb_array_elements_text(to_jsonb(t) -> 'attnames')) END \
    FROM unnest($2::text[], $3::text[]) AS wanted (schema_name, table_name) \
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema_name \
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name \
    LEFT JOIN pg_catalog.pg_publication p ON p.pubname = $1 \
    LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid \
    LEFT JOIN pg_catalog.pg_publication_tables t \
           ON t.pubname = p.pubname AND t.schemaname = n.nspname AND t.tablename = c.relname";

/// Looks without changing anything.
pub(super) async fn look(
    client: &Client,
    publication: &str,
    wanted: &[TableName],
) -> Result<PublicationState, ConnectionError> {
    let found = client.query_opt(LOOK, &[&publication]).await?;
    let schemas: Vec<&str> = wanted.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = wanted.iter().map(|name| name.table.as_str()).collect();
    let mut state = PublicationState::default();
    if let Some(row) = found {
        (state.exists, state.all_kinds, state.via_root) = (true, row.try_get(0)?, row.try_get(1)?);
    }
    for row in client.query(LOOK_AT_TABLES, &[&publication, &schemas, &names]).await? {
        let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let Some(name) = wanted.iter().find(|name| name.schema == schema && name.table == table) else { continue };
        state.wanted.push(WantedTable {
            name: name.clone(),
            partitioned: row.try_get(2)?,
            member: row.try_get(3)?,
            published: row.try_get(4)?,
            filtered: row.try_get(5)?,
            columns: row.try_get(6)?,
        });
    }
    Ok(state)
}

/// The statements that make the publication what the tables need; none when it is so already.
pub(super) fn missing_statements(state: &PublicationState, publication: &str, wanted: &[TableName]) -> Vec<String> {
    let name = escape_identifier(publication);
    let filled = |template: &str, (place, text): (&str, &str)| {
        statements(&fill(template, &[("publication", &name), (place, text)]))
    };
    if !state.exists {
        let listed = tables(wanted);
        // Whose tables are none of the server's needs it all the same.
        let clause = if listed.is_empty() { listed } else { format!("FOR TABLE {listed}") };
        return vec![filled(CREATE, ("for_tables", &clause))];
    }
    let mut sql = Vec::new();
    let needs_root = !state.via_root && state.wanted.iter().any(|table| table.partitioned);
    if needs_root || !state.all_kinds {
        sql.push(filled(SET_OPTIONS, ("tables", "")));
    }
    let missing = state.wanted.iter().filter(|table| !table.member).map(|table| &table.name);
    let missing = tables(missing);
    if !missing.is_empty() {
        sql.push(filled(ADD_TABLES, ("tables", &missing)));
    }
    sql
}

/// Whether all changes of all these tables come through, whole and under their own names.
pub(super) fn check(
    state: &PublicationState,
    scene: &Scene,
    publication: &str,
    schemas: &[&TableSchema],
) -> Result<(), SourceError> {
    if !state.exists {
        return Err(match scene.resuming {
            Some(_) => scene.cannot_resume(format!("publication \"{publication}\" does not exist")),
            None => scene.refused(format!("publication \"{publication}\" does not exist"), prepare_hint(scene)),
        });
    }
    if !state.all_kinds {
        let message = format!("publication \"{publication}\" leaves out inserts, updates, deletes or truncates");
        return Err(scene.refused(message, prepare_hint(scene)));
    }
    let fault = |schema: &TableSchema| {
        let left_out = || {
            let missing = schema.columns.iter().find(|column| !is_published(state, schema, &column.name))?;
            Some(format!("has a column \"{}\" that publication \"{publication}\" leaves out", missing.name))
        };
        table_fault(state, publication, schema).or_else(left_out)
    };
    let faults = schemas.iter().filter_map(|schema| Some((schema, fault(schema)?)));
    match { faults }.next() {
        None => Ok(()),
        Some((schema, message)) => Err(SourceError::Table {
            source_name: scene.source_name.clone(),
            table: schema.name.to_string(),
            message,
            hint: prepare_hint(scene),
        }),
    }
}

/// Whether values of a column come through.
pub(super) fn is_published(state: &PublicationState, schema: &TableSchema, column: &str) -> bool {
    let table = state.wanted.iter().find(|table| table.name == schema.name);
    let columns = table.and_then(|table| table.columns.as_ref());
    columns.is_none_or(|columns| columns.iter().any(|name| name == column))
}

/// Why not all changes of a table come through, whatever their columns.
pub(super) fn table_fault(state: &PublicationState, publication: &str, schema: &TableSchema) -> Option<String> {
    let Some(table) = state.wanted.iter().find(|table| table.name == schema.name) else {
        return Some("does not exist".into());
    };
    if !table.published {
        return Some(format!("is not published by \"{publication}\" under its own name"));
    }
    table.filtered.then(|| format!("is filtered: publication \"{publication}\" has a condition for its rows"))
}

fn prepare_hint(scene: &Scene) -> String {
    format!("run \"tailwater source prepare {}\" with a role that owns the tables", scene.source_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(table: &str) -> TableName {
        TableName { source: "shop".into(), schema: "public".into(), table: table.into() }
    }

    fn table(table: &str, partitioned: bool, member: bool) -> WantedTable {
        let published = member;
        WantedTable { name: name(table), partitioned, member, published, filtered: false, columns: None }
    }

    #[test]
    fn a_missing_publication_is_made_for_all_tables() {
        let sql = missing_statements(&PublicationState::default(), "tail\"water", &[name("a"), name("B")]);
        assert_eq!(
            sql,
            ["CREATE PUBLICATION \"tail\"\"water\" FOR TABLE \"public\".\"a\", \"public\".\"B\"\n  WITH (publish = \
              'insert, update, delete, truncate', publish_via_partition_root = true);"]
        );
    }

    #[test]
    fn only_what_is_missing_is_added() {
        let wanted = vec![table("a", false, true), table("b", false, false)];
        let mut state = PublicationState { exists: true, all_kinds: true, via_root: false, wanted };
        assert_eq!(missing_statements(&state, "p", &[]), ["ALTER PUBLICATION \"p\" ADD TABLE \"public\".\"b\";"]);
        state.wanted = vec![table("a", true, true)];
        assert_eq!(missing_statements(&state, "p", &[]).len(), 1);
        state.via_root = true;
        assert!(missing_statements(&state, "p", &[]).is_empty());
    }
}
