//! A table to be copied: what it looks like on the server now, and what of it is still to be read.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Client;

use super::mark::{Mark, Pages, PartMark};
use super::visibility::Visible;
use crate::postgres::catalog::{self, CatalogTable};
use crate::postgres::server_error::Scene;
use crate::postgres::sql_text::{self, literal};
use crate::schema::{TableName, TableSchema};
use crate::source::{CopyMark, SourceError};
use crate::sql_type::SqlType;

/// What makes columns what they are, as one text. The catalog is read by several queries; if this is the same before and after,
/// they saw one table.
const SHAPE: &str = "coalesce((SELECT pg_catalog.string_agg( \
        pg_catalog.format('%s %s %s %s', a.attnum, a.attname, a.atttypid, a.atttypmod), ',' ORDER BY a.attnum) \
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')";

/// Expression of the shape of a relation, by an expression of its oid.
pub(super) fn shape_sql(oid: u32) -> String {
    format!("(SELECT pg_catalog.md5({SHAPE}) FROM pg_catalog.pg_class c WHERE c.oid = {oid})")
}

/// A table as the server has it, with the shape that was its own all the while it was looked at.
pub(in crate::postgres) struct Described {
    pub(in crate::postgres) table: CatalogTable,
    pub(super) shape: String,
}

/// Describes tables that exist.
pub(in crate::postgres) async fn describe(
    client: &Client,
    scene: &Scene,
    names: &[TableName],
) -> Result<Vec<Described>, SourceError> {
    let before = shapes(client, scene, names).await?;
    let tables = catalog::tables(client, &scene.source_name, names).await?;
    let after = shapes(client, scene, names).await?;
    let described = |table: CatalogTable| {
        let shape = before.get(&table.schema.id).filter(|shape| after.get(&table.schema.id) == Some(shape));
        let shape = shape.cloned().ok_or_else(|| moved(scene, &table.schema.name))?;
        Ok(Described { table, shape })
    };
    tables.into_iter().map(described).collect()
}

/// Looking again tells whether it can be followed as it is now.
pub(super) fn moved(scene: &Scene, name: &TableName) -> SourceError {
    SourceError::Unavailable {
        source_name: scene.source_name.clone(),
        message: format!("table {name} was changed while it was copied"),
    }
}

async fn shapes(client: &Client, scene: &Scene, names: &[TableName]) -> Result<HashMap<u32, String>, SourceError> {
    let sql = format!(
        "SELECT c.oid, pg_catalog.md5({SHAPE}) FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name) \
         JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema_name \
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name"
    );
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let tables: Vec<&str> = names.iter().map(|name| name.table.as_str()).collect();
    let rows = client.query(&sql, &[&schemas, &tables]).await.map_err(|error| scene.error(error.into()))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Where rows of a table lie.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) oid: u32,
    /// Its name, quoted.
    pub(super) name: String,
    /// Whether it is read by ranges of pages. Otherwise in one go: tables that are not heaps, and a table of which not all partitions can
    /// be read by themselves.
    pub(super) by_pages: bool,
}

/// What is read of a table, and how.
#[derive(Debug)]
pub(super) struct Target {
    /// As the state knows it.
    pub(super) schema: Arc<TableSchema>,
    pub(super) types: Vec<SqlType>,
    /// Expressions of its columns.
    pub(super) select: String,
    /// Its name, quoted.
    pub(super) name: String,
    /// Whether the rows are in its partitions.
    pub(super) partitioned: bool,
    pub(super) shape: String,
    pub(super) parts: Vec<Part>,
}

/// Work on a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Pages of a part of this file.
    Chunk { part: usize, filenode: u32, pages: Pages },
    /// All of a table without a key.
    Whole,
    /// To be ended.
    End,
}

/// A table under copy.
#[derive(Debug)]
pub(in crate::postgres) struct TableCopy {
    pub(super) target: Arc<Target>,
    mark: Mark,
    pub(super) floor: Option<Arc<Visible>>,
    /// Taken by a session: part, pages.
    taken: Vec<(usize, Pages)>,
    /// Whether its end is under way or done.
    ending: bool,
}

impl TableCopy {
    /// Lists the parts of a table. `kept` is how far its copy has come; a new one begins with what each of its chunks must see.
    pub(in crate::postgres) async fn new(
        client: &Client,
        scene: &Scene,
        (described, schema): (Described, Arc<TableSchema>),
        (kept, floor): (Option<&CopyMark>, Option<&str>),
    ) -> Result<Self, SourceError> {
        let Described { table, shape } = described;
        let (parts, marks) = match schema.key.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => parts(client, scene, &table).await?.into_iter().unzip(),
        };
        let mut mark =
            kept.and_then(Mark::parse).unwrap_or_else(|| Mark { floor: floor.map(Into::into), parts: Vec::new() });
        let known = std::mem::take(&mut mark.parts);
        let former = |part: PartMark| known.iter().find(|known| known.oid == part.oid).cloned().unwrap_or(part);
        mark.parts = marks.into_iter().map(former).collect();
        let floor = mark.floor.as_ref().map(|text| {
            let read = Visible::parse(text).map(Arc::new);
            read.ok_or_else(|| scene.protocol(format!("\"{text}\" is no snapshot")))
        });
        let expression =
            |column: &crate::Column| table.schema.column(&column.name).map(|at| table.expressions[at].clone());
        let select: Option<Vec<String>> = schema.columns.iter().map(expression).collect();
        let target = Target {
            types: schema.columns.iter().map(|column| column.sql_type.clone()).collect(),
            select: select.ok_or_else(|| moved(scene, &schema.name))?.join(", "),
            name: sql_text::table(&schema.name),
            partitioned: table.partitioned,
            schema,
            shape,
            parts,
        };
        Ok(Self { target: Arc::new(target), mark, floor: floor.transpose()?, taken: Vec::new(), ending: false })
    }

    pub(in crate::postgres) fn name(&self) -> &TableName {
        &self.target.schema.name
    }

    /// How far it has come, as the pipeline keeps it.
    pub(in crate::postgres) fn mark(&self) -> CopyMark {
        self.mark.print()
    }

    /// Takes what is to be done next, at most `size` pages of it.
    pub(super) fn take(&mut self, size: u64) -> Option<Next> {
        if self.ending {
            return None;
        }
        if self.target.schema.key.is_empty() {
            self.ending = true;
            return Some(Next::Whole);
        }
        for (part, mark) in self.mark.parts.iter().enumerate() {
            let taken: Vec<Pages> = self.taken.iter().filter(|(of, _)| *of == part).map(|(_, pages)| *pages).collect();
            if let Some(pages) = mark.gap(&taken, size) {
                self.taken.push((part, pages));
                return Some(Next::Chunk { part, filenode: mark.filenode, pages });
            }
        }
        self.ending = self.taken.is_empty();
        self.ending.then_some(Next::End)
    }

    /// Gives back what was not read.
    pub(super) fn give_back(&mut self, part: usize, pages: Pages) {
        self.taken.retain(|taken| *taken != (part, pages));
    }

    /// A chunk has been handed over: it saw what the floor sees.
    pub(super) fn done(&mut self, (part, filenode, pages): (usize, u32, Pages)) {
        self.give_back(part, pages);
        self.mark.parts[part].done(filenode, pages);
        (self.mark.floor, self.floor) = (None, None);
    }

    /// The part has another file: all of it is read again.
    pub(super) fn rewritten(&mut self, part: usize, filenode: u32, size: (u64, u64)) {
        let mark = &mut self.mark.parts[part];
        if mark.filenode != filenode {
            *mark = PartMark::new(mark.oid, filenode, size);
        }
    }
}

/// The parts of a table with a key, each as large as it is now.
async fn parts(client: &Client, scene: &Scene, table: &CatalogTable) -> Result<Vec<(Part, PartMark)>, SourceError> {
    let leaves = match table.partitioned {
        true => "SELECT p.relid AS oid FROM pg_catalog.pg_partition_tree($1::oid::regclass) p WHERE p.isleaf",
        false => "SELECT $1::oid AS oid",
    };
    let sql = format!(
        "SELECT c.oid, n.nspname::text, c.relname::text, a.amname = 'heap', \
                pg_catalog.has_table_privilege(c.oid, 'SELECT'), coalesce(pg_catalog.pg_relation_filenode(c.oid), 0::oid), \
                coalesce(pg_catalog.pg_relation_size(c.oid), 0) \
         FROM ({leaves}) leaf JOIN pg_catalog.pg_class c ON c.oid = leaf.oid AND c.relkind = 'r' \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam ORDER BY c.oid"
    );
    let block: String =
        client.query_one("SHOW block_size", &[]).await.map_err(|error| scene.error(error.into()))?.get(0);
    let block: u64 = block.parse().map_err(|_| scene.protocol("block_size is no number"))?;
    let rows = client.query(&sql, &[&table.schema.id]).await.map_err(|error| scene.error(error.into()))?;
    let mut all = Vec::new();
    let (mut readable, mut bytes_all) = (true, 0);
    for row in &rows {
        let (oid, schema, name): (u32, String, String) = (row.get(0), row.get(1), row.get(2));
        let (is_heap, may_read, filenode): (Option<bool>, bool, u32) = (row.get(3), row.get(4), row.get(5));
        let bytes = u64::try_from(row.get::<_, i64>(6)).unwrap_or(0);
        let by_pages = is_heap == Some(true);
        let pages = if by_pages { bytes.div_ceil(block) } else { 1 };
        let name = sql_text::table(&TableName { source: "".into(), schema: schema.into(), table: name.into() });
        all.push((Part { oid, name, by_pages }, PartMark::new(oid, filenode, (pages, bytes))));
        (readable, bytes_all) = (readable && may_read, bytes_all + bytes);
    }
    if readable || !table.partitioned {
        return Ok(all);
    }
    let (oid, name) = (table.schema.id, sql_text::table(&table.schema.name));
    Ok(vec![(Part { oid, name, by_pages: false }, PartMark::new(oid, 0, (1, bytes_all)))])
}

/// Expression of the oid that a name has now.
pub(super) fn oid_sql(name: &str) -> String {
    format!("{}::regclass::oid", literal(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, ReplicaIdentity};

    fn copy(pages: u64) -> TableCopy {
        let schema = TableSchema {
            name: TableName { source: "shop".into(), schema: "public".into(), table: "t".into() },
            id: 1,
            columns: vec![Column::new("id", SqlType::Int4, false)],
            key: vec![0],
            identity: ReplicaIdentity::Default,
        };
        let target = Target {
            types: vec![SqlType::Int4],
            select: "id".into(),
            name: "t".into(),
            partitioned: false,
            shape: String::new(),
            parts: vec![Part { oid: 1, name: "t".into(), by_pages: true }],
            schema: Arc::new(schema),
        };
        let mark = Mark { floor: None, parts: vec![PartMark::new(1, 7, (pages, pages * 8_192))] };
        TableCopy { target: Arc::new(target), mark, floor: None, taken: Vec::new(), ending: false }
    }

    #[test]
    fn a_table_ends_once_and_after_all_that_was_taken() {
        let mut copy = copy(8);
        let chunk = |pages| Some(Next::Chunk { part: 0, filenode: 7, pages });
        assert_eq!((copy.take(4), copy.take(8), copy.take(8)), (chunk((0, 4)), chunk((4, 8)), None));
        copy.done((0, 7, (4, 8)));
        assert_eq!(copy.take(8), None);
        copy.give_back(0, (0, 4));
        assert_eq!(copy.take(8), chunk((0, 4)));
        copy.done((0, 7, (0, 4)));
        assert_eq!((copy.take(8), copy.take(8)), (Some(Next::End), None));
        assert_eq!(self::copy(0).take(1), Some(Next::End));
    }

    #[test]
    fn what_is_read_of_the_old_file_is_read_again_of_the_new_one() {
        let mut copy = copy(8);
        let taken = copy.take(4);
        copy.rewritten(0, 9, (2, 16_384));
        copy.done((0, 7, (0, 4)));
        assert_eq!(taken, Some(Next::Chunk { part: 0, filenode: 7, pages: (0, 4) }));
        assert_eq!(copy.take(4), Some(Next::Chunk { part: 0, filenode: 9, pages: (0, 2) }));
    }
}
