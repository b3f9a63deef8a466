//! What another configuration would change, and what it cannot.

use std::collections::BTreeSet;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{TableName, TableSchema, ViewSchema};

use super::desk::ApplyRefusal;
use super::plan::{Action, Plan, PlannedSinkChange, PlannedTableChange, PlannedViewChange};
use crate::config::{Config, SourceConfig};
use crate::engine::{RelationName, ViewPlan};

/// What runs, or is to run.
pub(in crate::pipeline) struct Side<'a> {
    pub(in crate::pipeline) config: &'a Config,
    pub(in crate::pipeline) tables: &'a [Arc<TableSchema>],
    pub(in crate::pipeline) views: &'a [Arc<ViewSchema>],
}

/// What is known of the new one besides.
pub(in crate::pipeline) struct News<'a> {
    pub(in crate::pipeline) plans: &'a [ViewPlan],
    /// Views that have no rows yet.
    pub(in crate::pipeline) empty: BTreeSet<SmolStr>,
    /// Tables that are to be copied.
    pub(in crate::pipeline) uncopied: BTreeSet<TableName>,
}

/// Refuses what only a restart can change.
pub(in crate::pipeline) fn refuse_restarts(old: &Config, new: &Config) -> Result<(), ApplyRefusal> {
    let mut settings = Vec::new();
    let mut differs = |name: String, differs: bool| settings.extend(differs.then_some(name));
    differs("state_dir".into(), old.state_dir != new.state_dir);
    differs("memory".into(), old.memory_bytes != new.memory_bytes);
    differs("[server]".into(), old.server != new.server);
    for (old, new) in sources(old, new) {
        new.difference(old)
            .at_restart
            .iter()
            .for_each(|setting| differs(format!("source.{}.{setting}", new.name()), true));
    }
    if settings.is_empty() {
        return Ok(());
    }
    Err(ApplyRefusal::Refused {
        message: format!("{} cannot be changed while the daemon runs", settings.join(", ")),
        hint: Some("put it back to apply the rest, or restart the daemon".into()),
    })
}

/// Sources that both have.
fn sources<'a>(old: &'a Config, new: &'a Config) -> impl Iterator<Item = (&'a SourceConfig, &'a SourceConfig)> {
    new.sources.iter().filter_map(|new| {
        let same = |old: &&SourceConfig| old.name() == new.name();
        Some((old.sources.iter().find(same)?, new))
    })
}

/// The difference.
pub(in crate::pipeline) fn difference(old: &Side<'_>, new: &Side<'_>, news: &News<'_>) -> Plan {
    let views = views(old, new, news);
    let sinks = sinks(old, new, &views);
    Plan { tables: tables(old, new, news), views, sinks, settings: settings(old.config, new.config) }
}

fn tables(old: &Side<'_>, new: &Side<'_>, news: &News<'_>) -> Vec<PlannedTableChange> {
    let has = |tables: &[Arc<TableSchema>], name: &TableName| tables.iter().any(|table| table.name == *name);
    let copied = news.uncopied.iter().map(|name| PlannedTableChange {
        table: name.to_string(),
        action: if has(old.tables, name) { Action::Change } else { Action::Add },
    });
    let dropped = old.tables.iter().filter(|table| !has(new.tables, &table.name));
    let dropped = dropped.map(|table| PlannedTableChange { table: table.name.to_string(), action: Action::Drop });
    copied.chain(dropped).collect()
}

fn views(old: &Side<'_>, new: &Side<'_>, news: &News<'_>) -> Vec<PlannedViewChange> {
    let former = |name: &SmolStr| old.views.iter().find(|view| view.name == *name);
    let built = new.views.iter().filter_map(|view| {
        let action = match former(&view.name) {
            None => Action::Add,
            Some(former) if former.fingerprint != view.fingerprint || news.empty.contains(&view.name) => Action::Change,
            Some(_) => return None,
        };
        let mut names = Vec::new();
        if let Some(plan) = news.plans.iter().find(|plan| plan.name == view.name) {
            plan.plan.relations(&mut names);
        }
        let waits = |name: &&RelationName| match name {
            RelationName::Table(table) => news.uncopied.contains(table),
            RelationName::View(_) => false,
        };
        let waits_for = unique(names.iter().filter(waits));
        Some(PlannedViewChange { view: view.name.clone(), action, reads: unique(names.iter()), waits_for })
    });
    let dropped = old.views.iter().filter(|view| !new.views.iter().any(|new| new.name == view.name));
    let dropped = dropped.map(|view| PlannedViewChange {
        view: view.name.clone(),
        action: Action::Drop,
        reads: Vec::new(),
        waits_for: Vec::new(),
    });
    built.chain(dropped).collect()
}

fn unique<'a>(names: impl Iterator<Item = &'a RelationName>) -> Vec<String> {
    let text = |name: &RelationName| match name {
        RelationName::Table(table) => table.to_string(),
        RelationName::View(view) => view.to_string(),
    };
    names.map(text).collect::<BTreeSet<_>>().into_iter().collect()
}

fn sinks(old: &Side<'_>, new: &Side<'_>, views: &[PlannedViewChange]) -> Vec<PlannedSinkChange> {
    let change = |sink: &crate::config::SinkConfig, action| PlannedSinkChange {
        sink: sink.name().clone(),
        view: sink.view().clone(),
        action,
    };
    let kept = new.config.sinks.iter().filter_map(|sink| {
        let former = old.config.sinks.iter().find(|old| old.name() == sink.name());
        let view_changes = views.iter().any(|view| view.view == *sink.view());
        match former {
            None => Some(change(sink, Action::Add)),
            Some(former) if former != sink || view_changes => Some(change(sink, Action::Change)),
            Some(_) => None,
        }
    });
    let dropped = old.config.sinks.iter().filter(|old| !new.config.sinks.iter().any(|new| new.name() == old.name()));
    kept.chain(dropped.map(|sink| change(sink, Action::Drop))).collect()
}

fn settings(old: &Config, new: &Config) -> Vec<String> {
    let mut settings = Vec::new();
    let mut differs = |name: String, differs: bool| settings.extend(differs.then_some(name));
    for (old, new) in sources(old, new) {
        let running = new.difference(old).while_running;
        running.iter().for_each(|setting| differs(format!("source.{}.{setting}", new.name()), true));
    }
    for new in new.sources.iter().filter(|new| !old.sources.iter().any(|old| old.name() == new.name())) {
        differs(format!("source.{} is added", new.name()), true);
    }
    for old in old.sources.iter().filter(|old| !new.sources.iter().any(|new| old.name() == new.name())) {
        differs(format!("source.{} is dropped", old.name()), true);
    }
    differs("[verify]".into(), old.verify != new.verify);
    settings
}
