//! Shapes of tables and views.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::sql_type::SqlType;

/// One column of a table or view.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// Name as the catalog has it, not quoted.
    pub name: SmolStr,
    /// Its type; a domain is given by its base type.
    pub sql_type: SqlType,
    /// False when declared NOT NULL.
    pub nullable: bool,
    /// How its text is ordered and compared, where that is not the database's default.
    #[serde(default)]
    pub collation: Option<Arc<Collation>>,
    /// The type as its source declares it.
    #[serde(default)]
    pub declared: Declared,
}

/// A column's type in its source's own words (`timestamp(3) without time zone`, `bigint unsigned`), where they are known. They say nothing of
/// values that the type does not, so columns that differ in them alone are equal: a state that was written without them fits the same table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Declared(Option<SmolStr>);

impl Declared {
    /// These words.
    pub fn new(words: impl Into<SmolStr>) -> Self {
        Self(Some(words.into()))
    }

    /// The words.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl PartialEq for Declared {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Declared {}

impl Hash for Declared {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Without the declared type, as in comparisons: what is made of this text decides whether a view is another one.
impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Column");
        shown.field("name", &self.name).field("sql_type", &self.sql_type);
        shown.field("nullable", &self.nullable).field("collation", &self.collation).finish()
    }
}

impl Column {
    /// A column whose text has the database's collation.
    pub fn new(name: impl Into<SmolStr>, sql_type: SqlType, nullable: bool) -> Self {
        Self { name: name.into(), sql_type, nullable, collation: None, declared: Declared::default() }
    }
}

/// A collation of a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Collation {
    /// Name as the database has it; with its schema where that is not `pg_catalog`.
    pub name: SmolStr,
    /// How it orders text.
    pub order: CollationOrder,
    /// Whether only ASCII letters have case.
    pub ascii_case: bool,
    /// Whether only texts of the same bytes are equal.
    pub deterministic: bool,
}

/// The order of a collation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CollationOrder {
    /// By bytes.
    Bytes,
    /// That of this locale in ICU, a BCP 47 tag such as `de-AT`.
    Icu(SmolStr),
    /// That of a C library, or with options that are known to its database alone.
    Foreign,
}

/// `source.schema.table`, all three always present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// Name of the source in the configuration.
    pub source: SmolStr,
    /// Schema in the database.
    pub schema: SmolStr,
    /// Table in the schema.
    pub table: SmolStr,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.source, self.schema, self.table)
    }
}

/// What the log says of an old row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplicaIdentity {
    /// The primary key.
    Default,
    /// The columns of a unique index.
    Index,
    /// The whole old row.
    Full,
    /// Nothing: updates and deletes cannot be followed.
    Nothing,
}

/// A replicated table as its source describes it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableSchema {
    /// Its full name.
    pub name: TableName,
    /// The id the source uses in its log (Postgres: relation oid).
    pub id: u32,
    /// Columns in the order in which rows carry them.
    pub columns: Vec<Column>,
    /// Primary key as positions in `columns`, in key order; empty when there is none (then identity must be full).
    pub key: Vec<usize>,
    /// Replica identity.
    pub identity: ReplicaIdentity,
}

impl TableSchema {
    /// Position of the column named `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// A view as readers and sinks see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewSchema {
    /// Name in the configuration.
    pub name: SmolStr,
    /// Output columns.
    pub columns: Vec<Column>,
    /// The view's key as positions in `columns`; never empty, except for a view of at most one row.
    pub key: Vec<usize>,
    /// Changes whenever the view's meaning or layout changes; part of [`crate::Cursor`]'s generation.
    pub fingerprint: u64,
}

impl ViewSchema {
    /// Position of the column named `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
