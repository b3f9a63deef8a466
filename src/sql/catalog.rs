//! What names mean: the tables of all sources and the views planned so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Collation, Column, SqlType, TableSchema};

use super::error::{Code, Refusal, Result};
use super::names::suggestion;
use crate::engine::plan::{RelationName, ViewPlan};
use crate::engine::scalar::bind::Derivation;

/// The schema in which table names without one are looked up, where a source says nothing else.
pub const SEARCH_PATH: &str = "public";

/// The tables that views may read, of all sources.
#[derive(Clone, Debug, Default)]
pub struct SqlCatalog {
    /// Tables as their sources describe them.
    pub tables: Vec<Arc<TableSchema>>,
    /// By source: whether its database orders text by bytes (collation `C` or `POSIX`). A source that is missing
    /// here counts as one that does not.
    pub collation_is_c: BTreeMap<SmolStr, bool>,
    /// By source: whether only ASCII letters have case in its database (`LC_CTYPE` is `C`). A source that is missing
    /// here counts as one where others have, too.
    pub ascii_case: BTreeMap<SmolStr, bool>,
    /// By source: the locale of its database's ICU collation, when that is the default.
    pub icu: BTreeMap<SmolStr, SmolStr>,
    /// By source: the schema in which tables are looked up that are named without one. A source that is missing here has
    /// [`SEARCH_PATH`].
    pub default_schemas: BTreeMap<SmolStr, SmolStr>,
}

/// How databases treat text; for a view, what all of those it reads have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextRules {
    /// Whether text may be ordered by bytes.
    pub(super) bytewise: bool,
    /// Whether only ASCII letters have case.
    pub(super) ascii_case: bool,
    /// The ICU collation that orders text otherwise.
    pub(super) icu: Option<SmolStr>,
}

impl TextRules {
    /// What the databases of these relations have in common.
    pub(super) fn of<'r>(relations: impl Iterator<Item = &'r Relation> + Clone) -> Self {
        let all = |holds: fn(&Self) -> bool| relations.clone().all(|relation| holds(&relation.text));
        let first = relations.clone().next().and_then(|relation| relation.text.icu.clone());
        let icu = first.filter(|icu| relations.clone().all(|relation| relation.text.icu.as_ref() == Some(icu)));
        Self { bytewise: all(|text| text.bytewise), ascii_case: all(|text| text.ascii_case), icu }
    }
}

/// A name in a view's SQL that is neither a CTE nor an alias, folded as Postgres folds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnresolvedName {
    /// Source in the configuration, when written.
    pub source: Option<SmolStr>,
    /// Schema, when written.
    pub schema: Option<SmolStr>,
    /// Table or view.
    pub table: SmolStr,
}

impl UnresolvedName {
    pub(super) fn from_parts(parts: &[String]) -> Option<Self> {
        let (source, schema, table) = match parts {
            [table] => (None, None, table),
            [schema, table] => (None, Some(schema), table),
            [source, schema, table] => (Some(source), Some(schema), table),
            _ => return None,
        };
        Some(Self { source: source.map(Into::into), schema: schema.map(Into::into), table: table.into() })
    }

    fn fits(&self, table: &TableSchema, catalog: &SqlCatalog) -> bool {
        let default = catalog.default_schemas.get(&table.name.source).map_or(SEARCH_PATH, SmolStr::as_str);
        let schema = self.schema.as_deref().unwrap_or(default);
        table.name.table == self.table
            && table.name.schema == schema
            && self.source.as_ref().is_none_or(|source| *source == table.name.source)
    }

    fn is_bare(&self) -> bool {
        self.source.is_none() && self.schema.is_none()
    }
}

impl std::fmt::Display for UnresolvedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for qualifier in [&self.source, &self.schema].into_iter().flatten() {
            write!(f, "{qualifier}.")?;
        }
        f.write_str(&self.table)
    }
}

/// Something that can stand in FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) name: RelationName,
    pub(super) columns: Vec<Column>,
    /// Unique columns; `None` for a table without a primary key, empty for a view of at most one row.
    pub(super) key: Option<Vec<usize>>,
    /// How its text is treated.
    pub(super) text: TextRules,
    /// Collations of the columns.
    pub(super) collations: Vec<Derivation>,
}

/// The names that are in force while one view is planned.
pub(super) struct Names<'a> {
    catalog: &'a SqlCatalog,
    views: BTreeMap<SmolStr, Arc<Relation>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(catalog: &'a SqlCatalog) -> Self {
        Self { catalog, views: BTreeMap::new() }
    }

    /// Makes a planned view readable for those after it.
    pub(super) fn add_view(&mut self, view: &ViewPlan, text: TextRules, collations: Vec<Derivation>) {
        let relation = Relation {
            name: RelationName::View(view.name.clone()),
            columns: view.columns.clone(),
            key: Some(view.key.clone()),
            text,
            collations,
        };
        self.views.insert(view.name.clone(), Arc::new(relation));
    }

    /// The one relation that a name means.
    pub(super) fn resolve(&self, name: &UnresolvedName) -> Result<Arc<Relation>> {
        let tables: Vec<_> = self.catalog.tables.iter().filter(|table| name.fits(table, self.catalog)).collect();
        let view = if name.is_bare() { self.views.get(&name.table) } else { None };
        match (tables.as_slice(), view) {
            ([table], None) => Ok(self.table(table)),
            ([], Some(view)) => Ok(view.clone()),
            ([], None) => Err(self.unknown(name)),
            (tables, view) => Err(ambiguous(name, tables, view.is_some())),
        }
    }

    /// The enum called `name`, from the columns of the tables.
    pub(super) fn enumeration(&self, name: &str) -> Option<SqlType> {
        let columns = self.catalog.tables.iter().flat_map(|table| &table.columns);
        let types = columns.map(|column| match &column.sql_type {
            SqlType::Array(element) => element,
            other => other,
        });
        let mut found = types.filter(|sql_type| match sql_type {
            SqlType::Enum(enumeration) => enumeration.name == name || enumeration.name.rsplit('.').next() == Some(name),
            _ => false,
        });
        let first = found.next()?;
        found.all(|other| other == first).then(|| first.clone())
    }

    /// The collation called so, from the columns of the tables.
    pub(super) fn collation(&self, name: &[String]) -> Option<Arc<Collation>> {
        let written = name.join(".");
        let columns = self.catalog.tables.iter().flat_map(|table| &table.columns);
        let mut found = columns.filter_map(|column| column.collation.as_ref()).filter(|collation| {
            collation.name == written || name.len() == 1 && collation.name == format!("{SEARCH_PATH}.{written}")
        });
        let first = found.next()?;
        found.all(|other| other == first).then(|| first.clone())
    }

    fn table(&self, table: &TableSchema) -> Arc<Relation> {
        let collation = |column: &Column| match &column.collation {
            Some(collation) => Derivation::Implicit(Some(collation.clone())),
            None => Derivation::of_type(&column.sql_type),
        };
        Arc::new(Relation {
            name: RelationName::Table(table.name.clone()),
            columns: table.columns.clone(),
            key: (!table.key.is_empty()).then(|| table.key.clone()),
            collations: table.columns.iter().map(collation).collect(),
            text: TextRules {
                bytewise: self.catalog.collation_is_c.get(&table.name.source).copied().unwrap_or(false),
                ascii_case: self.catalog.ascii_case.get(&table.name.source).copied().unwrap_or(false),
                icu: self.catalog.icu.get(&table.name.source).cloned(),
            },
        })
    }

    fn unknown(&self, name: &UnresolvedName) -> Refusal {
        let refusal = Refusal::new(Code::UnknownTable, format!("table \"{name}\" does not exist"));
        let mut tables = self.catalog.tables.iter();
        if let Some(elsewhere) = tables.find(|table| table.name.table == name.table) {
            return refusal.hint(format!("there is a table \"{}\"", elsewhere.name));
        }
        let tables = self.catalog.tables.iter().map(|table| table.name.table.as_str());
        match suggestion(&name.table, tables.chain(self.views.keys().map(SmolStr::as_str))) {
            Some(hint) => refusal.hint(hint),
            None => refusal.hint("is it in the source's \"tables\", and may the source's role see it?"),
        }
    }
}

fn ambiguous(name: &UnresolvedName, tables: &[&Arc<TableSchema>], view: bool) -> Refusal {
    let mut meanings: Vec<String> = tables.iter().map(|table| format!("table \"{}\"", table.name)).collect();
    meanings.extend(view.then(|| format!("view \"{}\"", name.table)));
    let hint = match tables {
        [only] if view => format!("rename the view, or write \"{}\" for the table", only.name),
        _ => "write source.schema.table".to_owned(),
    };
    Refusal::new(Code::AmbiguousTable, format!("\"{name}\" means {}", meanings.join(" and "))).hint(hint)
}
