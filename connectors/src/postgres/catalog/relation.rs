//! Rows of `pg_class`, `pg_attribute` and `pg_index`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio_postgres::Client;

use crate::schema::{Collation, ReplicaIdentity};
use crate::source::SourceError;

use super::collation::collations;
use super::failure::client_error;

/// A row of `pg_class` with its published columns and its key.
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    /// `relkind`
    pub(super) kind: u8,
    /// `relpersistence`
    pub(super) persistence: u8,
    pub(super) identity: ReplicaIdentity,
    /// Negative when the table was never analyzed.
    pub(super) estimated_rows: f64,
    pub(super) attributes: Vec<Attribute>,
    /// Attribute numbers of the primary key, in key order.
    pub(super) primary: Option<Vec<i16>>,
    /// Attribute numbers of the index that is the replica identity.
    pub(super) identity_index: Option<Vec<i16>>,
}

/// A row of `pg_attribute`.
pub(super) struct Attribute {
    pub(super) number: i16,
    pub(super) name: String,
    pub(super) type_oid: u32,
    pub(super) type_modifier: i32,
    pub(super) not_null: bool,
    /// `None` for the database's default, and for types without one.
    pub(super) collation: Option<Arc<Collation>>,
    /// Its type with its modifier, in words.
    pub(super) declared: String,
}

impl Relation {
    /// Position in `attributes` of each attribute number; `None` if one of them is not published.
    pub(super) fn positions(&self, numbers: &[i16]) -> Option<Vec<usize>> {
        let position = |number: &i16| self.attributes.iter().position(|attribute| attribute.number == *number);
        numbers.iter().map(position).collect()
    }

    /// Type oids of all columns of these relations.
    pub(super) fn type_oids(relations: &[Self]) -> BTreeSet<u32> {
        relations.iter().flat_map(|relation| &relation.attributes).map(|attribute| attribute.type_oid).collect()
    }
}

const SELECT_RELATIONS: &str = "
    select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relreplident, c.reltuples::float8
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace";

/// Everything in `pg_class` with one of these names, whatever it is; `schemas` and `tables` go in pairs.
pub(super) async fn read_named(
    client: &Client,
    source: &str,
    schemas: &[&str],
    tables: &[&str],
) -> Result<Vec<Relation>, SourceError> {
    let query = format!(
        "{SELECT_RELATIONS} where (n.nspname::text, c.relname::text) in
             (select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))) and c.relkind not in ('i', 'I', 'c', 't')"
    );
    let rows = client.query(&query, &[&schemas, &tables]).await.map_err(|error| client_error(source, &error))?;
    complete(client, source, rows.iter().map(relation).collect()).await
}

/// All tables of users: no partitions, no system schemas, nothing that an extension made.
pub(super) async fn read_all(client: &Client, source: &str) -> Result<Vec<Relation>, SourceError> {
    let query = format!(
        "{SELECT_RELATIONS} where c.relkind in ('r', 'p') and c.relpersistence = 'p' and not c.relispartition
             and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
             and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass
                             and d.objid = c.oid and d.deptype = 'e')
         order by n.nspname, c.relname"
    );
    let rows = client.query(&query, &[]).await.map_err(|error| client_error(source, &error))?;
    complete(client, source, rows.iter().map(relation).collect()).await
}

/// Schemas in which a table of this name exists.
pub(super) async fn schemas_with(client: &Client, source: &str, table: &str) -> Result<Vec<String>, SourceError> {
    let query = format!("{SELECT_RELATIONS} where c.relname::text = $1 and c.relkind in ('r', 'p') order by 2 limit 3");
    let rows = client.query(&query, &[&table]).await.map_err(|error| client_error(source, &error))?;
    Ok(rows.iter().map(|row| row.get(1)).collect())
}

fn relation(row: &tokio_postgres::Row) -> Relation {
    Relation {
        oid: row.get(0),
        schema: row.get(1),
        name: row.get(2),
        kind: row.get::<_, i8>(3) as u8,
        persistence: row.get::<_, i8>(4) as u8,
        identity: match row.get::<_, i8>(5) as u8 {
            b'f' => ReplicaIdentity::Full,
            b'i' => ReplicaIdentity::Index,
            b'n' => ReplicaIdentity::Nothing,
            _ => ReplicaIdentity::Default,
        },
        estimated_rows: row.get(6),
        attributes: Vec::new(),
        primary: None,
        identity_index: None,
    }
}

async fn complete(client: &Client, source: &str, mut relations: Vec<Relation>) -> Result<Vec<Relation>, SourceError> {
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let at: HashMap<u32, usize> = oids.iter().enumerate().map(|(index, oid)| (*oid, index)).collect();
    let attributes = "
        select attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attcollation,
               pg_catalog.format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
        where attrelid = any ($1) and attnum > 0 and not attisdropped and attgenerated = ''
        order by attrelid, attnum";
    let rows = client.query(attributes, &[&oids]).await.map_err(|error| client_error(source, &error))?;
    let collations = collations(client, source, rows.iter().map(|row| row.get(6)).collect()).await?;
    for row in rows {
        let attribute = Attribute {
            number: row.get(1),
            name: row.get(2),
            type_oid: row.get(3),
            type_modifier: row.get(4),
            not_null: row.get(5),
            collation: collations.get(&row.get(6)).cloned(),
            declared: row.get(7),
        };
        relations[at[&row.get::<_, u32>(0)]].attributes.push(attribute);
    }
    // A deferrable primary key is no replica identity, and included columns are no part of a key.
    let indexes = "
        select indrelid, indisprimary, indisreplident, (indkey::int2[])[0:indnkeyatts - 1] from pg_catalog.pg_index
        where indrelid = any ($1) and indisvalid and indimmediate and (indisprimary or indisreplident)";
    for row in client.query(indexes, &[&oids]).await.map_err(|error| client_error(source, &error))? {
        let relation = &mut relations[at[&row.get::<_, u32>(0)]];
        let numbers: Vec<i16> = row.get(3);
        if row.get(2) {
            relation.identity_index = Some(numbers.clone());
        }
        if row.get(1) {
            relation.primary = Some(numbers);
        }
    }
    Ok(relations)
}
