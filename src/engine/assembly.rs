//! Puts the engine together: places relations in state, keeps what is still right, compiles the views.
//!
//! A table's rows are kept while its columns and key are the same, also those of a copy under way. A view is kept while its plan is
//! the same, its fill is complete, and the relations it reads are the very tables it was filled from. All else gets
//! new tables and is filled again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{SqlType, TableName, TableSchema, ViewSchema};
use xxhash_rust::xxh3::xxh3_64;

use super::compile::Compiler;
use super::error::EngineError;
use super::index::Index;
use super::plan::{RelationName, ViewPlan};
use super::registry::{InputEntry, LAYOUT_VERSION, Registry, ViewEntry};
use super::relation::{Layout, Relation};
use super::view::{View, ViewCondition};
use crate::state::{ErrorTables, RegisteredView, TableId};

/// What the engine is to keep.
#[derive(Clone, Debug, Default)]
pub struct EngineCatalog {
    /// Replicated tables of all sources.
    pub tables: Vec<Arc<TableSchema>>,
    /// Views, each after those that it reads.
    pub views: Vec<ViewPlan>,
    /// Views whose changes are kept for sinks.
    pub changelogs: BTreeSet<SmolStr>,
}

/// The engine's parts. Relations are the tables in the catalog's order, then the views.
pub(super) struct Assembly {
    pub(super) relations: Vec<Relation>,
    pub(super) indexes: Vec<Index>,
    pub(super) views: Vec<View>,
    pub(super) registry: Registry,
    /// By place of the table: what is kept aside while its copy is under way; `None` once it is complete.
    pub(super) asides: Vec<Option<TableId>>,
    names: BTreeMap<RelationName, usize>,
}

impl Assembly {
    /// Assembles the catalog over what `former` says is in state.
    pub(super) fn new(catalog: &EngineCatalog, former: &Registry) -> Result<Self, EngineError> {
        let registry = Registry { next_table: former.next_table, ..Registry::default() };
        let mut assembly = Self {
            relations: Vec::new(),
            indexes: Vec::new(),
            views: Vec::new(),
            registry,
            asides: Vec::new(),
            names: BTreeMap::new(),
        };
        for schema in &catalog.tables {
            assembly.add_table(schema, former);
        }
        for plan in &catalog.views {
            assembly.add_view(plan, (catalog, former))?;
        }
        Ok(assembly)
    }

    fn add_relation(&mut self, relation: Relation) -> usize {
        self.names.insert(relation.name.clone(), self.relations.len());
        self.relations.push(relation);
        self.relations.len() - 1
    }

    fn add_table(&mut self, schema: &Arc<TableSchema>, former: &Registry) {
        let name = schema.name.to_string();
        let same = |entry: &&InputEntry| (entry.loaded || entry.aside.is_some()) && same_shape(&entry.schema, schema);
        let kept = former.inputs.get(&name).filter(same).cloned();
        let entry = kept.unwrap_or_else(|| {
            let (table, aside) = (self.registry.allocate(), Some(self.registry.allocate()));
            InputEntry { table, schema: (**schema).clone(), loaded: false, aside, changed: None }
        });
        let table = entry.table;
        self.asides.push(entry.aside);
        self.registry.inputs.insert(name, InputEntry { schema: (**schema).clone(), ..entry });
        let layout = if schema.key.is_empty() { Layout::Multiset } else { Layout::Keyed(schema.key.clone()) };
        let types = schema.columns.iter().map(|column| column.sql_type.clone()).collect();
        self.add_relation(Relation { name: RelationName::Table(schema.name.clone()), table, types, layout });
    }

    fn add_view(&mut self, plan: &ViewPlan, (catalog, former): (&EngineCatalog, &Registry)) -> Result<(), EngineError> {
        let reads = self.tables_read(plan);
        let fingerprint = xxh3_64(format!("{LAYOUT_VERSION}|{plan:?}|{reads:?}").as_bytes());
        let same = |entry: &&ViewEntry| entry.complete && entry.fingerprint == fingerprint;
        let entry = former.views.get(&plan.name).filter(same).cloned().unwrap_or_else(|| ViewEntry {
            rows: self.registry.allocate(),
            fingerprint,
            complete: false,
            changelog: false,
            tables: BTreeMap::new(),
        });
        let (rows, complete) = (entry.rows, entry.complete);
        let changelog = catalog.changelogs.contains(&plan.name);
        self.registry.views.insert(plan.name.clone(), ViewEntry { changelog, ..entry });
        let mut compiler = Compiler {
            relations: &self.relations,
            names: &self.names,
            registry: &mut self.registry,
            indexes: &mut self.indexes,
            former: &former.indexes,
            view: plan.name.clone(),
            next_node: 0,
            recursion: None,
        };
        let root = compiler.node(&plan.plan)?;
        check_output(plan, &root.types)?;
        let mut own_table = |name: &str| self.registry.operator_table(&plan.name, name.into());
        let errors = ErrorTables { entries: own_table("errors"), total: own_table("number of errors") };
        let mut reads = Vec::new();
        root.relations(&mut reads);
        reads.sort_unstable();
        reads.dedup();
        let relation = self.add_relation(Relation {
            name: RelationName::View(plan.name.clone()),
            table: rows,
            types: plan.columns.iter().map(|column| column.sql_type.clone()).collect(),
            layout: Layout::Keyed(plan.key.clone()),
        });
        let key_is_proven = root.key.as_ref().is_some_and(|key| key.iter().all(|column| plan.key.contains(column)));
        self.views.push(View {
            key_is_proven,
            schema: Arc::new(view_schema(plan, fingerprint, rows)),
            root,
            relation,
            reads,
            row_errors: plan.row_errors,
            errors,
            has_changelog: changelog,
            condition: if complete { ViewCondition::Live } else { ViewCondition::Filling },
            half_filled: false,
        });
        Ok(())
    }

    /// Tables of state of the relations that a plan reads; they change when a relation is built anew.
    fn tables_read(&self, plan: &ViewPlan) -> Vec<TableId> {
        let mut names = Vec::new();
        plan.plan.relations(&mut names);
        names.iter().filter_map(|name| self.names.get(name)).map(|place| self.relations[*place].table).collect()
    }

    /// The views as readers find them.
    pub(super) fn registered_views(&self, stopped: impl Fn(usize) -> bool) -> Vec<RegisteredView> {
        let registered = |view: &View| RegisteredView {
            name: view.schema.name.clone(),
            table: self.relations[view.relation].table,
            key_types: view.schema.key.iter().map(|column| view.schema.columns[*column].sql_type.clone()).collect(),
            errors: Some(view.errors),
        };
        let served = |(place, view): &(usize, &View)| {
            !stopped(*place) && !matches!(view.condition, ViewCondition::Failed { .. })
        };
        self.views.iter().enumerate().filter(served).map(|(_, view)| registered(view)).collect()
    }

    /// Name of a relation's column.
    pub(super) fn column_name(&self, relation: usize, column: usize) -> SmolStr {
        let entry = |name: &TableName| self.registry.inputs.get(&name.to_string());
        let name = match &self.relations[relation].name {
            RelationName::Table(name) => entry(name).and_then(|entry| entry.schema.columns.get(column)),
            RelationName::View(_) => {
                let view = self.views.iter().find(|view| view.relation == relation);
                view.and_then(|view| view.schema.columns.get(column))
            }
        };
        name.map_or_else(|| format!("#{column}").into(), |column| column.name.clone())
    }

    /// Place of a table in the list of relations.
    pub(super) fn table(&self, schema: &TableSchema) -> Option<usize> {
        self.place(&schema.name)
    }

    /// The same by name.
    pub(super) fn place(&self, table: &TableName) -> Option<usize> {
        self.names.get(&RelationName::Table(table.clone())).copied()
    }
}

/// Whether rows of the one can be read as rows of the other.
pub(super) fn same_shape(a: &TableSchema, b: &TableSchema) -> bool {
    let columns = |schema: &TableSchema| -> Vec<_> {
        schema.columns.iter().map(|column| (column.name.clone(), column.sql_type.clone())).collect()
    };
    a.key == b.key && columns(a) == columns(b)
}

fn view_schema(plan: &ViewPlan, fingerprint: u64, rows: TableId) -> ViewSchema {
    let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    ViewSchema {
        name: plan.name.clone(),
        columns: plan.columns.clone(),
        key: plan.key.clone(),
        // A view that is filled again is another life: sinks must not continue from the cursor of the one before.
        fingerprint: xxh3_64(format!("{fingerprint}|{rows:?}|{names:?}").as_bytes()),
    }
}

fn check_output(plan: &ViewPlan, types: &[SqlType]) -> Result<(), EngineError> {
    let fits = plan.columns.len() == types.len() && plan.key.iter().all(|column| *column < types.len());
    if fits {
        return Ok(());
    }
    Err(EngineError::Plan { view: plan.name.clone(), message: "its columns or key do not fit its plan".into() })
}
