//! How the database compares text.

use tokio_postgres::Client;

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

/// Asks for the default collation of the connected database. Columns may declare another.
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

fn sorts_by_bytes(locale: &str) -> bool {
    ["C", "POSIX", "C.UTF-8", "C.UTF8"].iter().any(|name| locale.eq_ignore_ascii_case(name))
}
