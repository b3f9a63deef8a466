//! From the log's relations to the tables of the state: which wire column is which of ours. A table that the log describes
//! otherwise than the state knows it is an error, never a guess; relations nobody asked for are skipped.

use std::collections::HashMap;
use std::sync::Arc;

use super::binary::decode_binary;
use super::pgoutput::{Cell, Relation, RelationColumn, TupleData};
use crate::schema::{ReplicaIdentity, TableSchema};
use crate::source::SourceError;
use crate::text::parse_text;
use crate::value::Value;

/// A table of the state, with the types its columns have on the wire.
#[derive(Clone, Debug)]
pub(super) struct KnownTable {
    pub(super) schema: Arc<TableSchema>,
    /// Type oid of each of its columns.
    pub(super) type_oids: Vec<u32>,
}

/// Relations announced on this connection.
#[derive(Debug)]
pub(super) struct RelationMap {
    source_name: String,
    known: Arc<HashMap<u32, KnownTable>>,
    announced: HashMap<u32, Announced>,
    /// For a streamed transaction: what held for everybody when it committed.
    before: HashMap<u32, Announced>,
    announcements: u64,
}

/// What was said of a relation, and when.
#[derive(Clone, Debug)]
struct Announced {
    /// `None`: not asked for.
    mapping: Option<Arc<Mapping>>,
    /// In the order in which the server said it, whatever was committed first.
    number: u64,
}

/// How rows of one relation become rows of its table.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) table: Arc<TableSchema>,
    /// Per wire column: ours, and the type; `None` for a column that came later.
    columns: Vec<Option<MappedColumn>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MappedColumn {
    target: u16,
    type_oid: u32,
    type_modifier: i32,
}

/// Why a cell has no value.
#[derive(Debug)]
pub(super) enum CellError {
    /// The value is not of its column's type.
    Value {
        /// Position in the table's columns.
        column: usize,
        /// Names the type, not the value.
        message: String,
    },
    /// Unchanged where no older value can be.
    Unchanged,
}

impl RelationMap {
    pub(super) fn new(source_name: String, tables: Vec<KnownTable>) -> Self {
        let known: HashMap<u32, KnownTable> = tables.into_iter().map(|known| (known.schema.id, known)).collect();
        let (announced, before) = (HashMap::new(), HashMap::new());
        Self { source_name, known: Arc::new(known), announced, before, announcements: 0 }
    }

    /// Relations of a streamed transaction: none yet.
    pub(super) fn of_streamed(&self) -> Self {
        Self {
            source_name: self.source_name.clone(),
            known: self.known.clone(),
            announced: HashMap::new(),
            before: self.announced.clone(),
            announcements: 0,
        }
    }

    /// Takes over what a streamed transaction announced, by the numbers that its announcements have here, unless others announced
    /// the relation since: then the server holds that one for known.
    pub(super) fn adopt(&mut self, streamed: &Self, numbers: &HashMap<u32, u64>) {
        for (relation, &number) in numbers {
            let is_newer = self.announced.get(relation).is_none_or(|held| held.number < number);
            if let (true, Some(announced)) = (is_newer, streamed.announced.get(relation)) {
                self.announced.insert(*relation, Announced { mapping: announced.mapping.clone(), number });
            }
        }
    }

    /// The number of an announcement made now.
    pub(super) fn next_announcement(&mut self) -> u64 {
        self.announcements += 1;
        self.announcements
    }

    /// Whether it is a table of the state.
    pub(super) fn is_known(&self, relation: u32) -> bool {
        self.known.contains_key(&relation)
    }

    /// Takes note of a relation message.
    pub(super) fn announce(&mut self, relation: &Relation<'_>) -> Result<(), SourceError> {
        let mapping = match self.known.get(&relation.id) {
            Some(known) => Some(Arc::new(self.map(known, relation)?)),
            None => {
                self.refuse_recreated(relation)?;
                None
            }
        };
        let number = self.next_announcement();
        self.announced.insert(relation.id, Announced { mapping, number });
        Ok(())
    }

    /// The mapping of an announced relation, `None` when nobody asked for it.
    pub(super) fn get(&self, relation: u32) -> Option<&Arc<Mapping>> {
        self.announced.get(&relation)?.mapping.as_ref()
    }

    fn refuse_recreated(&self, relation: &Relation<'_>) -> Result<(), SourceError> {
        let schema = if relation.schema.is_empty() { "pg_catalog" } else { relation.schema };
        let same_name =
            |known: &&KnownTable| known.schema.name.schema == schema && known.schema.name.table == relation.name;
        match self.known.values().find(same_name) {
            Some(known) => Err(self.fault(&known.schema, "was dropped and made again".into())),
            None => Ok(()),
        }
    }

    fn map(&self, known: &KnownTable, relation: &Relation<'_>) -> Result<Mapping, SourceError> {
        let table = &known.schema;
        if relation.name != table.name.table || (!relation.schema.is_empty() && relation.schema != table.name.schema) {
            return Err(self.fault(table, format!("is now named \"{}.{}\"", relation.schema, relation.name)));
        }
        let mut seen = vec![false; table.columns.len()];
        let mut columns = Vec::with_capacity(relation.columns.len());
        for wire in &relation.columns {
            let Some(target) = table.column(wire.name) else {
                columns.push(None);
                continue;
            };
            self.check_type(known, target, wire)?;
            seen[target] = true;
            let target = target as u16;
            columns.push(Some(MappedColumn { target, type_oid: wire.type_oid, type_modifier: wire.type_modifier }));
        }
        if let Some(missing) = seen.iter().position(|seen| !seen) {
            let name = &table.columns[missing].name;
            return Err(self.fault(table, format!("column \"{name}\" was dropped, renamed, or is no longer published")));
        }
        self.check_identity(table, relation)?;
        let mapping = Mapping { table: table.clone(), columns };
        self.check_modifiers(&mapping, relation.id)?;
        Ok(mapping)
    }

    fn check_type(&self, known: &KnownTable, target: usize, wire: &RelationColumn<'_>) -> Result<(), SourceError> {
        if known.type_oids.get(target) == Some(&wire.type_oid) {
            return Ok(());
        }
        let column = &known.schema.columns[target];
        Err(self.fault(&known.schema, format!("column \"{}\" is no longer of type {}", column.name, column.sql_type)))
    }

    /// `numeric(10,2)` to `numeric(10,4)` rewrites the table without a word in the log.
    fn check_modifiers(&self, mapping: &Mapping, relation: u32) -> Result<(), SourceError> {
        const VARCHAR: u32 = 1043;
        let before = self.announced.get(&relation).or_else(|| self.before.get(&relation));
        let Some(before) = before.and_then(|before| before.mapping.as_ref()) else { return Ok(()) };
        let old = |target: u16| before.columns.iter().flatten().find(|column| column.target == target);
        for column in mapping.columns.iter().flatten() {
            let changed = old(column.target).is_some_and(|old| old.type_modifier != column.type_modifier);
            if changed && column.type_oid != VARCHAR {
                let name = &mapping.table.columns[usize::from(column.target)].name;
                return Err(self.fault(&mapping.table, format!("column \"{name}\" changed its length or precision")));
            }
        }
        Ok(())
    }

    /// The log names rows by the replica identity, the state by the key: they must be the same columns.
    fn check_identity(&self, table: &Arc<TableSchema>, relation: &Relation<'_>) -> Result<(), SourceError> {
        let is_key = |column: usize| table.key.contains(&column);
        let same = || {
            relation.columns.iter().all(|wire| wire.is_key == table.column(wire.name).is_some_and(is_key))
                && !table.key.is_empty()
        };
        match relation.identity {
            ReplicaIdentity::Full => Ok(()),
            ReplicaIdentity::Default | ReplicaIdentity::Index if same() => Ok(()),
            // Inserts can be followed; the database itself refuses updates and deletes.
            ReplicaIdentity::Nothing if !table.key.is_empty() => Ok(()),
            _ => Err(SourceError::Table {
                source_name: self.source_name.clone(),
                table: table.name.to_string(),
                message: "its replica identity is not the key it is kept by".into(),
                hint: format!(
                    "ALTER TABLE {}.{} REPLICA IDENTITY FULL; or run \"tailwater source drop {}\", remove the state directory and start again",
                    table.name.schema, table.name.table, self.source_name
                ),
            }),
        }
    }

    fn fault(&self, table: &TableSchema, message: String) -> SourceError {
        SourceError::Table {
            source_name: self.source_name.clone(),
            table: table.name.to_string(),
            message,
            hint: format!(
                "adapt the views if needed, then run \"tailwater source drop {}\", remove the state directory and start again: its tables are copied again",
                self.source_name
            ),
        }
    }
}

impl Mapping {
    /// Decodes a tuple into `row`, in the table's order. Columns left unchanged are put into `unchanged`, ascending, and
    /// stay null.
    pub(super) fn read(
        &self,
        tuple: TupleData<'_>,
        row: &mut Vec<Value>,
        unchanged: &mut Vec<u16>,
    ) -> Result<(), CellError> {
        row.clear();
        row.resize(self.table.columns.len(), Value::Null);
        for (cell, mapped) in tuple.cells().zip(&self.columns) {
            let Some(mapped) = mapped else { continue };
            let target = usize::from(mapped.target);
            let sql_type = &self.table.columns[target].sql_type;
            let error = |message: String| CellError::Value { column: target, message };
            row[target] = match cell {
                Cell::Null => continue,
                Cell::Unchanged => {
                    unchanged.push(mapped.target);
                    continue;
                }
                Cell::Text(bytes) => {
                    let text = std::str::from_utf8(bytes).map_err(|_| error("text that is not UTF-8".into()))?;
                    parse_text(sql_type, text).map_err(|cause| error(cause.to_string()))?
                }
                Cell::Binary(bytes) => decode_binary(sql_type, bytes).map_err(|cause| error(cause.to_string()))?,
            };
        }
        if unchanged.len() > 1 {
            unchanged.sort_unstable();
        }
        Ok(())
    }
}
