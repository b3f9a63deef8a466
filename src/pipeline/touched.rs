//! Which views a lost column touches, asked of the planner itself: with the column under a name that nobody writes, a view that does not
//! read it has the very same plan. What `SELECT *` and NATURAL JOIN make of it needs no thought of ours then.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{TableChange, TableSchema};

use super::planning::{PlannedSource, catalog, text};
use crate::config::ViewConfig;
use crate::sql::{self, SqlCatalog, ViewText};

/// Begins names that no catalog has.
const NOBODY: char = '\u{1}';

/// The views as they are planned.
pub(super) struct Touched {
    catalog: SqlCatalog,
    views: Vec<ViewText>,
    plans: BTreeMap<SmolStr, String>,
}

impl Touched {
    pub(super) fn new(sources: &[PlannedSource], views: &[ViewConfig]) -> Self {
        let (catalog, views): (SqlCatalog, Vec<ViewText>) = (catalog(sources), views.iter().map(text).collect());
        let plans = plans(&catalog, &views);
        Self { catalog, views, plans }
    }

    /// Names of the views that read the columns; none when the whole table is gone.
    pub(super) fn by(&self, change: &TableChange) -> Vec<SmolStr> {
        let Some(columns) = &change.columns else { return Vec::new() };
        let tables = self.catalog.tables.iter().map(|table| match table.name == change.table {
            true => Arc::new(without(table, columns)),
            false => table.clone(),
        });
        let now = plans(&SqlCatalog { tables: tables.collect(), ..self.catalog.clone() }, &self.views);
        let differs = |(name, plan): &(&SmolStr, &String)| now.get(*name) != Some(plan);
        self.plans.iter().filter(differs).map(|(name, _)| name.clone()).collect()
    }
}

fn without(table: &TableSchema, columns: &[usize]) -> TableSchema {
    let mut table = table.clone();
    for &column in columns {
        if let Some(column) = table.columns.get_mut(column) {
            column.name = format!("{NOBODY}{}", column.name).into();
        }
    }
    table
}

/// Plans of the views that can be planned.
fn plans(catalog: &SqlCatalog, views: &[ViewText]) -> BTreeMap<SmolStr, String> {
    let mut views = views.to_vec();
    loop {
        match sql::plan_views(catalog, &views) {
            Ok(plans) => return plans.iter().map(|plan| (plan.name.clone(), format!("{plan:?}"))).collect(),
            Err(errors) => {
                let number = views.len();
                views.retain(|view| !errors.iter().any(|error| error.view == view.name));
                if views.len() == number {
                    return BTreeMap::new();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::{Column, ReplicaIdentity, SqlType, TableName};

    use super::*;
    use crate::engine::RowErrorPolicy;

    fn table(name: &str, columns: &[&str]) -> Arc<TableSchema> {
        let columns = columns.iter().map(|name| Column::new(*name, SqlType::Int4, *name != "id")).collect();
        let name = TableName { source: "shop".into(), schema: "public".into(), table: name.into() };
        Arc::new(TableSchema { name, id: 1, columns, key: vec![0], identity: ReplicaIdentity::Default })
    }

    #[test]
    fn only_views_that_read_the_column_in_some_way_are_touched() {
        let views = [
            ("named", "select id, v from t"),
            ("star", "select * from t"),
            ("filter", "select id from t where v > 1"),
            ("natural", "select id, w from t natural join u"),
            ("reader", "select id from named"),
            ("key_only", "select id, w from t"),
            ("counted", "select count(*) as n from t"),
            ("other", "select * from u"),
        ];
        let view = |(name, sql): &(&str, &str)| ViewText {
            name: (*name).into(),
            sql: (*sql).into(),
            key: None,
            row_errors: RowErrorPolicy::Quarantine,
            file: String::new(),
            line: 1,
        };
        let mut catalog = SqlCatalog {
            tables: vec![table("t", &["id", "v", "w"]), table("u", &["id", "v"])],
            ..SqlCatalog::default()
        };
        catalog.collation_is_c = [("shop".into(), true)].into();
        let views: Vec<ViewText> = views.iter().map(view).collect();
        let plans = plans(&catalog, &views);
        assert_eq!(plans.len(), 8, "{plans:?}");
        let touched = Touched { catalog, views, plans };
        let change = TableChange {
            table: touched.catalog.tables[0].name.clone(),
            columns: Some(vec![1]),
            reason: String::new(),
        };
        assert_eq!(touched.by(&change), ["filter", "named", "natural", "reader", "star"]);
    }
}
