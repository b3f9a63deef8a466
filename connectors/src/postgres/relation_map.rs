//! From the log's relations to the tables of the state: which wire column is which of ours. What the log describes otherwise than
//! the state knows it is left out and reported, never guessed; relations nobody asked for are skipped.

use std::collections::HashMap;
use std::sync::Arc;

use super::binary::decode_binary;
use super::pgoutput::{Cell, Relation, RelationColumn, TupleData};
use crate::schema::{ReplicaIdentity, TableSchema};
use crate::source::TableChange;
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
    known: Arc<HashMap<u32, KnownTable>>,
    announced: HashMap<u32, Announced>,
    /// For a streamed transaction: what held for everybody when it committed.
    before: HashMap<u32, Announced>,
    announcements: u64,
    /// Changes of tables, each once, of which nobody has been told yet.
    changed: Vec<TableChange>,
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
    pub(super) fn new(tables: Vec<KnownTable>) -> Self {
        let known: HashMap<u32, KnownTable> = tables.into_iter().map(|known| (known.schema.id, known)).collect();
        let (announced, before) = (HashMap::new(), HashMap::new());
        Self { known: Arc::new(known), announced, before, announcements: 0, changed: Vec::new() }
    }

    /// Relations of a streamed transaction: none yet.
    pub(super) fn of_streamed(&self) -> Self {
        Self {
            known: self.known.clone(),
            announced: HashMap::new(),
            before: self.announced.clone(),
            announcements: 0,
            changed: Vec::new(),
        }
    }

    /// Takes over what a streamed transaction announced, by the numbers that its announcements have here, unless others announced
    /// the relation since: then the server holds that one for known.
    pub(super) fn adopt(&mut self, streamed: &mut Self, numbers: &HashMap<u32, u64>) {
        self.changed.append(&mut streamed.changed);
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
    pub(super) fn announce(&mut self, relation: &Relation<'_>) {
        let (mapping, change) = match self.known.get(&relation.id) {
            Some(known) => match self.map(known, relation) {
                Ok((mapping, lost)) => (Some(Arc::new(mapping)), lost),
                Err(change) => (None, Some(change)),
            },
            None => (None, self.made_again(relation)),
        };
        self.changed.extend(change);
        let number = self.next_announcement();
        self.announced.insert(relation.id, Announced { mapping, number });
    }

    /// What became of tables since this was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<TableChange> {
        std::mem::take(&mut self.changed)
    }

    /// The mapping of an announced relation, `None` when nobody asked for it.
    pub(super) fn get(&self, relation: u32) -> Option<&Arc<Mapping>> {
        self.announced.get(&relation)?.mapping.as_ref()
    }

    fn made_again(&self, relation: &Relation<'_>) -> Option<TableChange> {
        let schema = if relation.schema.is_empty() { "pg_catalog" } else { relation.schema };
        let same_name =
            |known: &&KnownTable| known.schema.name.schema == schema && known.schema.name.table == relation.name;
        let known = self.known.values().find(same_name)?;
        Some(gone(&known.schema, "was dropped and made again"))
    }

    /// The mapping, with what is missing in it; `Err`: the table cannot be followed.
    fn map(&self, known: &KnownTable, relation: &Relation<'_>) -> Result<(Mapping, Option<TableChange>), TableChange> {
        let table = &known.schema;
        if relation.name != table.name.table || (!relation.schema.is_empty() && relation.schema != table.name.schema) {
            return Err(gone(table, format!("is now named \"{}.{}\"", relation.schema, relation.name)));
        }
        check_identity(table, relation)?;
        let mut lost = Lost::default();
        let mut seen = vec![false; table.columns.len()];
        let mut columns = Vec::with_capacity(relation.columns.len());
        for wire in &relation.columns {
            let target = table.column(wire.name);
            if let Some(target) = target {
                seen[target] = true;
            }
            let change = target.and_then(|target| self.column_change(known, target, (relation.id, wire)));
            if let (Some(target), Some(change)) = (target, &change) {
                lost.push(table, target, change);
            }
            columns.push(target.filter(|_| change.is_none()).map(|target| MappedColumn {
                target: target as u16,
                type_oid: wire.type_oid,
                type_modifier: wire.type_modifier,
            }));
        }
        for missing in (0..seen.len()).filter(|column| !seen[*column]) {
            lost.push(table, missing, "was dropped, renamed, or is no longer published");
        }
        let change = lost.change(table)?;
        Ok((Mapping { table: table.clone(), columns }, change))
    }

    /// Why values of this column are not those of the state's any more.
    fn column_change(
        &self,
        known: &KnownTable,
        target: usize,
        (relation, wire): (u32, &RelationColumn<'_>),
    ) -> Option<String> {
        if known.type_oids.get(target) != Some(&wire.type_oid) {
            return Some(format!("is no longer of type {}", known.schema.columns[target].sql_type));
        }
        let before = self.announced.get(&relation).or_else(|| self.before.get(&relation))?.mapping.as_ref()?;
        let old = before.columns.iter().flatten().find(|column| usize::from(column.target) == target)?;
        let rewrites = scale(old.type_oid, old.type_modifier) != scale(wire.type_oid, wire.type_modifier);
        rewrites.then(|| "changed its length or precision".into())
    }
}

/// What of a modifier says how values look: `numeric(10,2)` to `numeric(10,4)` rewrites the table without a word in the log, a wider
/// one of the same scale does not.
fn scale(type_oid: u32, modifier: i32) -> i32 {
    const VARCHAR: u32 = 1043;
    const NUMERIC: u32 = 1700;
    match type_oid {
        VARCHAR => 0,
        NUMERIC if modifier >= 4 => (modifier - 4) & 0xFFFF,
        _ => modifier,
    }
}

/// Nothing of the table comes any more.
pub(super) fn gone(table: &TableSchema, reason: impl Into<String>) -> TableChange {
    TableChange { table: table.name.clone(), columns: None, reason: reason.into() }
}

/// Columns whose values do not come any more.
#[derive(Default)]
pub(super) struct Lost {
    columns: Vec<usize>,
    reasons: Vec<String>,
}

impl Lost {
    pub(super) fn push(&mut self, table: &TableSchema, column: usize, reason: &str) {
        self.columns.push(column);
        self.reasons.push(format!("column \"{}\" {reason}", table.columns[column].name));
    }

    /// Without a part of its key, or without a key, no row is found again: then the whole table is lost.
    pub(super) fn change(mut self, table: &TableSchema) -> Result<Option<TableChange>, TableChange> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        self.columns.sort_unstable();
        let reason = self.reasons.join(", ");
        match table.key.is_empty() || table.key.iter().any(|column| self.columns.contains(column)) {
            true => Err(gone(table, reason)),
            false => Ok(Some(TableChange { table: table.name.clone(), columns: Some(self.columns), reason })),
        }
    }
}

/// The log names rows by the replica identity, the state by the key: they must be the same columns.
fn check_identity(table: &TableSchema, relation: &Relation<'_>) -> Result<(), TableChange> {
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
        _ => Err(gone(table, "has a replica identity that is not the key it is kept by")),
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
