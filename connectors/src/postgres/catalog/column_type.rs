//! Types of columns: catalog rows, and resolving an oid to how its values are carried.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use postgres_protocol::escape::escape_identifier;
use smol_str::SmolStr;
use tokio_postgres::Client;

use crate::postgres::wire_type::{NO_MODIFIER, native};
use crate::source::SourceError;
use crate::sql_type::{EnumType, SqlType};

use super::failure::client_error;

/// Domains over arrays over domains: how deep it may go.
const DEPTH_MAX: usize = 16;

/// A row of `pg_type`.
struct TypeEntry {
    name: SmolStr,
    kind: u8,
    base: u32,
    base_modifier: i32,
    /// Element type of a true array; 0 for others, also for `int2vector` and its like.
    element: u32,
    /// Output function, quoted.
    output: String,
}

/// The types that some columns need.
#[derive(Default)]
pub(super) struct Types {
    entries: HashMap<u32, TypeEntry>,
    enums: HashMap<u32, Arc<EnumType>>,
}

/// How a column's values are carried.
pub(super) struct Resolved {
    pub(super) sql_type: SqlType,
    /// Function that makes the output text of it, when the binary form cannot be read.
    pub(super) output: Option<String>,
}

impl Types {
    /// Reads these types and all that they are made of.
    pub(super) async fn read(client: &Client, source: &str, wanted: BTreeSet<u32>) -> Result<Self, SourceError> {
        let mut types = Self::default();
        let mut missing: Vec<u32> = wanted.into_iter().filter(|oid| native(*oid, NO_MODIFIER).is_none()).collect();
        for _ in 0..DEPTH_MAX {
            if missing.is_empty() {
                break;
            }
            types.read_entries(client, source, &missing).await?;
            let parts = types.entries.values().flat_map(|entry| [entry.base, entry.element]);
            let unknown =
                |oid: &u32| *oid != 0 && !types.entries.contains_key(oid) && native(*oid, NO_MODIFIER).is_none();
            missing = parts.filter(unknown).collect::<BTreeSet<_>>().into_iter().collect();
        }
        types.read_labels(client, source).await?;
        Ok(types)
    }

    async fn read_entries(&mut self, client: &Client, source: &str, oids: &[u32]) -> Result<(), SourceError> {
        let query = "
            select t.oid, pg_catalog.format_type(t.oid, null), t.typtype, t.typbasetype, t.typtypmod,
                   case when e.typarray = t.oid then e.oid else 0::oid end, pn.nspname, p.proname
            from pg_catalog.pg_type t
            join pg_catalog.pg_proc p on p.oid = t.typoutput
            join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
            left join pg_catalog.pg_type e on e.oid = t.typelem
            where t.oid = any ($1)";
        for row in client.query(query, &[&oids]).await.map_err(|error| client_error(source, &error))? {
            let (schema, function): (&str, &str) = (row.get(6), row.get(7));
            let entry = TypeEntry {
                name: SmolStr::new(row.get::<_, &str>(1)),
                kind: row.get::<_, i8>(2) as u8,
                base: row.get(3),
                base_modifier: row.get(4),
                element: row.get(5),
                output: format!("{}.{}", escape_identifier(schema), escape_identifier(function)),
            };
            self.entries.insert(row.get(0), entry);
        }
        Ok(())
    }

    async fn read_labels(&mut self, client: &Client, source: &str) -> Result<(), SourceError> {
        let enums = self.entries.iter().filter(|(_, entry)| entry.kind == b'e');
        let mut labels: HashMap<u32, Vec<SmolStr>> = enums.map(|(oid, _)| (*oid, Vec::new())).collect();
        if labels.is_empty() {
            return Ok(());
        }
        let query = "select enumtypid, enumlabel from pg_catalog.pg_enum where enumtypid = any ($1)
            order by enumtypid, enumsortorder";
        let oids: Vec<u32> = labels.keys().copied().collect();
        for row in client.query(query, &[&oids]).await.map_err(|error| client_error(source, &error))? {
            labels.entry(row.get(0)).or_default().push(SmolStr::new(row.get::<_, &str>(1)));
        }
        for (oid, labels) in labels {
            let name = self.entries[&oid].name.clone();
            self.enums.insert(oid, Arc::new(EnumType { name, labels }));
        }
        Ok(())
    }

    /// How a column of this type and modifier is carried.
    pub(super) fn resolve(&self, oid: u32, modifier: i32) -> Resolved {
        self.resolve_within(oid, modifier, DEPTH_MAX)
    }

    fn resolve_within(&self, oid: u32, modifier: i32, depth: usize) -> Resolved {
        if let Some(sql_type) = native(oid, modifier) {
            return Resolved { sql_type, output: None };
        }
        let Some(entry) = self.entries.get(&oid) else {
            // Dropped between two queries; the table will be gone too.
            return Resolved { sql_type: SqlType::Other(SmolStr::new_static("???")), output: None };
        };
        if entry.kind == b'd' && depth > 0 {
            return self.resolve_within(entry.base, entry.base_modifier, depth - 1);
        }
        if let Some(enumeration) = self.enums.get(&oid) {
            return Resolved { sql_type: SqlType::Enum(Arc::clone(enumeration)), output: None };
        }
        if entry.element != 0 && depth > 0 {
            let element = self.resolve_within(entry.element, modifier, depth - 1);
            // An array as element, through a domain, prints as a quoted text.
            if element.output.is_none() && !matches!(element.sql_type, SqlType::Array(_) | SqlType::Other(_)) {
                return Resolved { sql_type: SqlType::Array(Box::new(element.sql_type)), output: None };
            }
        }
        Resolved { sql_type: SqlType::Other(entry.name.clone()), output: Some(entry.output.clone()) }
    }
}
