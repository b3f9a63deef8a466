//! What to ask the source about a view: its SQL, with the views that it reads in WITH.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;
use tailwater_connectors::{SnapshotQuery, TableName, postgres};

use super::freedom::Freedom;
use crate::config::ViewConfig;
use crate::engine::ViewPlan;
use crate::pipeline::planning::Planning;
use crate::sql::{self, SEARCH_PATH, UnresolvedName};

/// A view as its source can be asked about it.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) source: SmolStr,
    pub(super) query: SnapshotQuery,
    /// Tables that are read.
    pub(super) tables: Vec<TableName>,
    pub(super) freedom: Freedom,
    /// The view and those that it reads: rows with errors in any of them leave the source without an answer.
    pub(super) views: Vec<SmolStr>,
}

/// Questions by view; a view that no database can be asked about has the reason.
pub(super) type Questions = BTreeMap<SmolStr, Result<Question, &'static str>>;

/// Questions for all views of the configuration.
pub(super) fn questions(views: &[ViewConfig], planning: &Planning) -> Questions {
    let texts: BTreeMap<&SmolStr, &ViewConfig> = views.iter().map(|view| (&view.name, view)).collect();
    let asking = Asking { texts, planning };
    planning.views().iter().map(|plan| (plan.name.clone(), asking.question(plan))).collect()
}

struct Asking<'a> {
    texts: BTreeMap<&'a SmolStr, &'a ViewConfig>,
    planning: &'a Planning,
}

impl Asking<'_> {
    fn question(&self, plan: &ViewPlan) -> Result<Question, &'static str> {
        let (mut views, mut tables) = (BTreeSet::new(), BTreeSet::new());
        self.gather(&plan.name, &mut views, &mut tables)?;
        let sources: BTreeSet<&SmolStr> = tables.iter().map(|table| &table.source).collect();
        let source = match (sources.len(), self.planning.sources.as_slice()) {
            (1, _) => sources.into_iter().next().cloned(),
            (0, [only]) => Some(only.name.clone()),
            _ => None,
        };
        let source = source.ok_or("it reads several sources: no one database can be asked for it")?;
        let mut freedom = Freedom::default();
        // A view after those it reads.
        let read: Vec<&ViewPlan> =
            self.planning.views().iter().filter(|candidate| views.contains(&candidate.name)).collect();
        read.iter().for_each(|view| freedom.add(&view.plan));
        let parts = read.iter().map(|view| format!("{} AS (\n{}\n)", quoted(&view.name), self.text(&view.name)));
        let sql = format!("WITH {} SELECT * FROM {}", parts.collect::<Vec<_>>().join(", "), quoted(&plan.name));
        let types = plan.columns.iter().map(|column| column.sql_type.clone()).collect();
        let query = SnapshotQuery { sql, types };
        let tables = tables.into_iter().collect();
        Ok(Question { source, query, tables, freedom, views: read.iter().map(|view| view.name.clone()).collect() })
    }

    /// The view's SQL without the semicolon that may end it.
    fn text(&self, view: &SmolStr) -> &str {
        let text = self.texts.get(view).map_or("", |view| view.sql.as_str());
        text.trim_end().trim_end_matches(';')
    }

    /// Adds a view and everything that its SQL names.
    fn gather(
        &self,
        view: &SmolStr,
        views: &mut BTreeSet<SmolStr>,
        tables: &mut BTreeSet<TableName>,
    ) -> Result<(), &'static str> {
        if !views.insert(view.clone()) {
            return Ok(());
        }
        for name in sql::tables_read(self.text(view)).map_err(|_| "its SQL cannot be read")? {
            if name.source.is_some() {
                return Err("its SQL names a source, which no database understands: write schema.table");
            }
            if name.schema.is_none() && self.texts.contains_key(&name.table) {
                self.gather(&name.table, views, tables)?;
            } else {
                let table = self.table(&name).ok_or("a table of its SQL is not followed")?;
                if postgres::is_messages(table) {
                    return Err("it reads logical messages, which no query shows");
                }
                tables.insert(table.clone());
            }
        }
        Ok(())
    }

    fn table(&self, name: &UnresolvedName) -> Option<&TableName> {
        let schema = name.schema.as_deref().unwrap_or(SEARCH_PATH);
        let mut names = self.planning.tables().map(|table| &table.name);
        names.find(|table| table.schema == schema && table.table == name.table)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
