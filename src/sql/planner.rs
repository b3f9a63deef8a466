//! Views → plans, in the order in which they read each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use smol_str::SmolStr;
use sqlparser::ast::Query;
use tailwater_connectors::Column;

use super::bind::{Binder, BoundView};
use super::catalog::{Names, Relation, SqlCatalog, TextRules, UnresolvedName};
use super::decorrelate::decorrelated;
use super::error::{Code, Place, Refusal, Result, SqlError};
use super::keys::{Relations, identity, missing_key};
use super::lower::Lowering;
use super::names::suggestion;
use super::prune::pruned;
use super::simplify::simplified;
use super::statement::{names_read, parse};
use crate::engine::plan::{Plan, RowErrorPolicy, ViewPlan};
use crate::engine::scalar::bind::Derivation;

/// Stack of the planning thread: expressions nest, and the parser and the binder follow them by recursion. Only pages
/// that are touched cost memory.
const STACK_BYTES: usize = 512 * 1024 * 1024;

/// A view as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewText {
    /// Name of the view.
    pub name: SmolStr,
    /// Its SELECT.
    pub sql: String,
    /// Names of the key columns, when declared.
    pub key: Option<Vec<String>>,
    /// What becomes of rows for which an expression has no value.
    pub row_errors: RowErrorPolicy,
    /// File that holds the SQL, for errors; may be empty.
    pub file: String,
    /// Line of the file on which the SQL begins.
    pub line: u32,
}

/// Something in a view that works, but not as one may think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlWarning {
    /// The view.
    pub view: SmolStr,
    /// What it is.
    pub message: String,
    /// Where in the SQL, when known.
    pub place: Option<Place>,
}

/// Planned views.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// A view stands after those that it reads.
    pub views: Vec<ViewPlan>,
    /// What to tell the user.
    pub warnings: Vec<SqlWarning>,
}

/// Names of the tables and views that a SELECT mentions: what must be in the catalog before it is planned.
#[expect(clippy::result_large_err, reason = "asked once per view when the configuration is read")]
pub fn tables_read(sql: &str) -> std::result::Result<Vec<UnresolvedName>, SqlError> {
    let view = ViewText { sql: sql.to_owned(), ..ViewText::default() };
    on_big_stack(|| parse(sql).map(|query| names_read(&query))).map_err(|refusal| refusal.of_view(&view))
}

/// Plans all views; all problems at once, in the order of `views`.
pub fn plan_views(catalog: &SqlCatalog, views: &[ViewText]) -> std::result::Result<Vec<ViewPlan>, Vec<SqlError>> {
    plan_with_warnings(catalog, views).map(|planned| planned.views)
}

/// As [`plan_views`], with what should be said about views that work.
pub fn plan_with_warnings(catalog: &SqlCatalog, views: &[ViewText]) -> std::result::Result<Planned, Vec<SqlError>> {
    on_big_stack(|| Planner::new(catalog, views).run())
}

fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let builder = thread::Builder::new().name("plan sql".into()).stack_size(STACK_BYTES);
    thread::scope(|scope| {
        let planning = builder.spawn_scoped(scope, work).expect("the system can start a thread");
        planning.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

struct Planner<'a> {
    views: &'a [ViewText],
    names: Names<'a>,
    /// Whether text in a planned view may be ordered by bytes, and what relations it scans.
    planned: Planned,
    errors: BTreeMap<usize, SqlError>,
}

impl<'a> Planner<'a> {
    fn new(catalog: &'a SqlCatalog, views: &'a [ViewText]) -> Self {
        Self { views, names: Names::new(catalog), planned: Planned::default(), errors: BTreeMap::new() }
    }

    fn run(mut self) -> std::result::Result<Planned, Vec<SqlError>> {
        let mut parsed: BTreeMap<usize, Query> = BTreeMap::new();
        for (index, view) in self.views.iter().enumerate() {
            match parse(&view.sql) {
                Ok(query) => {
                    parsed.insert(index, query);
                }
                Err(refusal) => self.fail(index, refusal),
            }
        }
        let mut open: BTreeMap<usize, BTreeSet<usize>> =
            parsed.iter().map(|(&index, query)| (index, self.views_read(query))).collect();
        // Views that read a view with an error are not planned: its error says it all.
        while let Some(next) = self.next(&mut open) {
            open.remove(&next);
            let query = parsed.remove(&next).expect("open views are parsed");
            if let Err(refusal) = self.plan(next, query) {
                self.fail(next, refusal);
            }
            if !self.errors.contains_key(&next) {
                open.values_mut().for_each(|reads| {
                    reads.remove(&next);
                });
            }
        }
        self.refuse_cycles(&open);
        if self.errors.is_empty() { Ok(self.planned) } else { Err(self.errors.into_values().collect()) }
    }

    fn next(&self, open: &mut BTreeMap<usize, BTreeSet<usize>>) -> Option<usize> {
        open.iter().find(|(_, reads)| reads.is_empty()).map(|(&index, _)| index)
    }

    fn fail(&mut self, index: usize, refusal: Refusal) {
        self.errors.insert(index, refusal.of_view(&self.views[index]));
    }

    /// Views that a query reads; a name that is a table as well is refused later, as ambiguous.
    fn views_read(&self, query: &Query) -> BTreeSet<usize> {
        let names = names_read(query);
        let bare = names.iter().filter(|name| name.source.is_none() && name.schema.is_none());
        bare.filter_map(|name| self.views.iter().position(|view| view.name == name.table)).collect()
    }

    fn refuse_cycles(&mut self, open: &BTreeMap<usize, BTreeSet<usize>>) {
        for &index in open.keys() {
            if let Some(circle) = circle(index, open) {
                let names: Vec<&str> = circle.iter().map(|&index| self.views[index].name.as_str()).collect();
                let message = format!("views read each other in a circle: {}", names.join(" reads "));
                self.fail(
                    index,
                    Refusal::new(Code::Cycle, message).hint("a view may only read tables and views before it"),
                );
            }
        }
    }

    fn plan(&mut self, index: usize, query: Query) -> Result<()> {
        let view = &self.views[index];
        let relations = self.relations(&query)?;
        let text = TextRules::of(relations.values().map(Arc::as_ref));
        let (whole, columns, collations) = self.bind(view, &query, (text.clone(), &relations))?;
        let plan = pruned(whole.clone(), &relations);
        let key = match (&view.key, identity(&plan, &relations).best()) {
            (Some(declared), _) => declared_key(declared, &columns)?,
            (None, Some(key)) => key.iter().copied().collect(),
            (None, None) => return Err(no_key(&whole, &relations)),
        };
        let plan = ViewPlan { name: view.name.clone(), plan, columns, key, row_errors: view.row_errors };
        self.names.add_view(&plan, text, collations);
        self.planned.views.push(plan);
        Ok(())
    }

    /// The relations that a query reads; unknown names are found again, with their place, when it is rewritten.
    fn relations(&self, query: &Query) -> Result<Relations> {
        let found = names_read(query).into_iter().filter_map(|name| self.names.resolve(&name).ok());
        Ok(found.map(|relation: Arc<Relation>| (relation.name.clone(), relation)).collect())
    }

    fn bind(
        &mut self,
        view: &ViewText,
        query: &Query,
        (text, relations): (TextRules, &Relations),
    ) -> Result<(Plan, Vec<Column>, Vec<Derivation>)> {
        let BoundView { node, outputs, mut columns, order_dropped } = Binder::new(&self.names, text).view(query)?;
        if let Some(place) = order_dropped {
            let message = "ORDER BY is ignored: a view has no order".to_owned();
            self.planned.warnings.push(SqlWarning { view: view.name.clone(), message, place: Some(place) });
        }
        let mut seen = BTreeSet::new();
        if let Some((twice, _)) = outputs.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            return Err(Refusal::new(Code::DuplicateColumn, format!("two output columns are called \"{twice}\""))
                .hint("give one of them another name with AS"));
        }
        let node = simplified(decorrelated(node, &mut columns)?);
        let ids: Vec<usize> = outputs.iter().map(|(_, id)| *id).collect();
        let plan = Lowering { columns: &columns, relations }.exactly(&node, &ids);
        let collations = ids.iter().map(|id| columns.collation(*id).clone()).collect();
        let column =
            |(name, id): (String, usize)| Column::new(name, columns.sql_type(id).clone(), columns.is_nullable(id));
        let shown = outputs.into_iter().map(column);
        Ok((plan, shown.collect(), collations))
    }
}

/// A way from a view back to itself.
fn circle(start: usize, reads: &BTreeMap<usize, BTreeSet<usize>>) -> Option<Vec<usize>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let here = *way.last()?;
        for &next in reads.get(&here).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(next);
            if next == start {
                return Some(longer);
            }
            if reads.contains_key(&next) && seen.insert(next) {
                ways.push(longer);
            }
        }
    }
    None
}

fn no_key(plan: &Plan, relations: &Relations) -> Refusal {
    let refusal = Refusal::new(Code::NoKey, "no key can be inferred: two rows of the view could be the same");
    let mut read = Vec::new();
    plan.relations(&mut read);
    let keyless = read.iter().any(|name| relations.get(name).is_some_and(|found| found.key.is_none()));
    let first = match (plan, missing_key(plan, relations)) {
        (Plan::UnionAll { .. }, _) => {
            "select a different constant in each branch of UNION ALL, as in 'a' AS kind, beside the keys of the branches"
                .to_owned()
        }
        (_, Some(missing)) if !missing.is_empty() => format!("select {} as well", missing.join(", ")),
        _ if holds(plan, &|node| matches!(node, Plan::Expand { .. })) => {
            "select all grouped columns, and grouping(…) of those that may be null".to_owned()
        }
        _ if holds(plan, &|node| matches!(node, Plan::UnionAll { .. })) => {
            "select the keys of both sides of a FULL JOIN, and a different constant in each branch of UNION ALL".to_owned()
        }
        _ if keyless => "give the table a primary key, and select it".to_owned(),
        _ => "select the columns by which rows differ".to_owned(),
    };
    refusal.hint(format!(
        "{first}; or SELECT DISTINCT, or count(*) with GROUP BY, where rows may be the same; or declare key = [...] with columns \
         in which no two rows are the same"
    ))
}

/// Whether a node of this kind is anywhere in a plan.
fn holds(plan: &Plan, kind: &dyn Fn(&Plan) -> bool) -> bool {
    kind(plan) || plan.inputs().into_iter().any(|input| holds(input, kind))
}

fn declared_key(declared: &[String], columns: &[Column]) -> Result<Vec<usize>> {
    let mut key = Vec::new();
    for name in declared {
        let Some(position) = columns.iter().position(|column| column.name == *name) else {
            let refusal = Refusal::new(Code::BadKey, format!("key column \"{name}\" is not a column of the view"));
            let names = || columns.iter().map(|column| column.name.as_str());
            let known = || format!("columns: {}", names().collect::<Vec<_>>().join(", "));
            return Err(refusal.hint(suggestion(name, names()).unwrap_or_else(known)));
        };
        if key.contains(&position) {
            return Err(Refusal::new(Code::BadKey, format!("key column \"{name}\" is declared twice")));
        }
        key.push(position);
    }
    if key.is_empty() {
        return Err(Refusal::new(Code::BadKey, "the declared key is empty").hint("name at least one column"));
    }
    Ok(key)
}
