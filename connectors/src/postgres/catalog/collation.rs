//! How the database compares text.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio_postgres::Client;

use crate::schema::{Collation, CollationOrder};
use crate::source::SourceError;

use super::failure::client_error;

/// The database's default collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseCollation {
    /// Locale name as the database has it, for example `en_US.utf8`; of ICU with `icu:` before it, `icu:en-US`.
    pub name: String,
    /// Whether text sorts by its bytes, as ours does.
    pub is_c: bool,
    /// Whether only ASCII letters have case.
    pub ascii_case: bool,
}

/// Asks for the default collation of the connected database. Columns may declare another: see [`Collation`].
pub async fn collation(client: &Client, source: &str) -> Result<DatabaseCollation, SourceError> {
    // Through JSON, because the columns came with Postgres 15 and one was renamed with 17.
    let query = "
        select datcollate::text, coalesce(row->>'datlocprovider', 'c'),
               coalesce(row->>'datlocale', row->>'daticulocale', datcollate::text), datctype::text
        from pg_catalog.pg_database, pg_catalog.to_jsonb(pg_database) as row
        where datname = pg_catalog.current_database()";
    let row = client.query_one(query, &[]).await.map_err(|error| client_error(source, &error))?;
    let (libc, provider, locale): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let ctype: String = row.get(3);
    let only_ascii = |name: &str| matches!(name, "C" | "POSIX");
    Ok(match provider.as_str() {
        // The builtin provider's locales differ in case mapping only, all compare by code point.
        "b" => DatabaseCollation { ascii_case: only_ascii(&locale), name: locale, is_c: true },
        "c" => DatabaseCollation { is_c: sorts_by_bytes(&libc), ascii_case: only_ascii(&ctype), name: libc },
        _ => DatabaseCollation { name: format!("icu:{locale}"), is_c: false, ascii_case: false },
    })
}

/// Whether the database compares text by its bytes.
pub async fn is_c_collation(client: &Client, source: &str) -> Result<bool, SourceError> {
    Ok(collation(client, source).await?.is_c)
}

/// The collations of these oids but the default one.
pub(super) async fn collations(
    client: &Client,
    source: &str,
    oids: BTreeSet<u32>,
) -> Result<HashMap<u32, Arc<Collation>>, SourceError> {
    // Through JSON, because names of columns differ from version to version.
    let query = "
        select c.oid, case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end || c.collname,
               c.collprovider::text, coalesce(row->>'colllocale', row->>'colliculocale', row->>'collcollate', ''),
               coalesce(row->>'collctype', ''), c.collisdeterministic, row->>'collicurules' is not null
        from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace,
             pg_catalog.to_jsonb(c) as row
        where c.oid = any ($1) and c.collprovider <> 'd'";
    let oids: Vec<u32> = oids.into_iter().filter(|oid| *oid != 0).collect();
    let rows = client.query(query, &[&oids]).await.map_err(|error| client_error(source, &error))?;
    Ok(rows.iter().map(|row| (row.get(0), Arc::new(described(row)))).collect())
}

fn described(row: &tokio_postgres::Row) -> Collation {
    let (name, provider, locale): (&str, &str, &str) = (row.get(1), row.get(2), row.get(3));
    let (ctype, has_rules): (&str, bool) = (row.get(4), row.get(6));
    let only_ascii = |name: &str| matches!(name, "C" | "POSIX");
    let (order, ascii_case) = match provider {
        "b" => (CollationOrder::Bytes, only_ascii(locale)),
        "c" if sorts_by_bytes(locale) => (CollationOrder::Bytes, only_ascii(ctype)),
        "i" if !has_rules => (CollationOrder::Icu(locale.into()), false),
        _ => (CollationOrder::Foreign, only_ascii(ctype)),
    };
    Collation { name: name.into(), order, ascii_case, deterministic: row.get(5) }
}

fn sorts_by_bytes(locale: &str) -> bool {
    ["C", "POSIX", "C.UTF-8", "C.UTF8"].iter().any(|name| locale.eq_ignore_ascii_case(name))
}
