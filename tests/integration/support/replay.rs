//! A recording through a real engine over a real state directory, compared with Postgres' answers.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater::engine::{Engine, EngineCatalog, ViewCondition, ViewPlan};
use tailwater::state::State;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{Column, Row, Transaction, Value};
use tempfile::TempDir;

use super::oracle::TextRow;
use super::recording::{Recording, SOURCE};

const MEMORY_BYTES: usize = 16 << 20;
const CHANGELOG_BYTES_MAX: usize = 64 << 20;
/// Differing rows that a message shows.
const SHOWN_MAX: usize = 6;

/// An engine at some place of a recording.
pub(crate) struct Replay<'r> {
    recording: &'r Recording,
    catalog: EngineCatalog,
    open: Option<(Engine, Arc<State>)>,
    /// Rows by view and key as the changelog tells them, from `followed` on.
    mirror: BTreeMap<SmolStr, BTreeMap<Vec<Value>, Row>>,
    followed: u64,
    directory: TempDir,
}

impl<'r> Replay<'r> {
    /// A fresh state directory with the first copy loaded and these views filled.
    pub(crate) fn start(recording: &'r Recording, views: &[ViewPlan]) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let catalog = EngineCatalog { tables: recording.tables.clone(), ..EngineCatalog::default() };
        let mut replay = Self { recording, catalog, open: None, mirror: BTreeMap::new(), followed: 0, directory };
        replay.reopen(views)?;
        let engine = replay.engine();
        for (table, rows) in &recording.copied {
            engine.load(table, rows).map_err(chain)?;
        }
        engine.load_done(&SOURCE, &recording.copied_at).map_err(chain)?;
        replay.fill()?;
        Ok(replay)
    }

    /// Closes engine and state, and opens them again with these views. Fills nothing.
    pub(crate) fn reopen(&mut self, views: &[ViewPlan]) -> Result<(), String> {
        self.open = None;
        self.catalog.views = views.to_vec();
        self.catalog.changelogs = views.iter().map(|view| view.name.clone()).collect();
        let state = State::open(self.directory.path(), MEMORY_BYTES).map_err(chain)?;
        let engine = Engine::open(Arc::clone(&state), self.catalog.clone()).map_err(chain)?;
        self.open = Some((engine, state));
        Ok(())
    }

    fn engine(&mut self) -> &mut Engine {
        &mut self.open.as_mut().expect("opened by start and reopen").0
    }

    fn state(&self) -> &State {
        &self.open.as_ref().expect("opened by start and reopen").1
    }

    /// Fills views that need it.
    pub(crate) fn fill(&mut self) -> Result<(), String> {
        self.engine().fill(&mut |_, _| ControlFlow::Continue(())).map_err(chain)?;
        self.followed = self.state().checkpoint().map_err(chain)?.step;
        self.mirror.clear();
        for view in self.catalog.views.clone() {
            let rows = self.rows(&view.name)?.into_iter();
            self.mirror.insert(view.name.clone(), rows.map(|row| (key(&view, &row), row)).collect());
        }
        Ok(())
    }

    /// One step.
    pub(crate) fn step(&mut self, transactions: &[Transaction]) -> Result<(), String> {
        let outcome = self.engine().step(&SOURCE, transactions).map_err(chain)?;
        match outcome.failed.into_iter().next() {
            Some((view, error)) => Err(format!("view {view} stopped: {}", chain(error))),
            None => Ok(()),
        }
    }

    fn rows(&self, view: &str) -> Result<Vec<Row>, String> {
        let page = self.state().read(|reader| reader.view_rows(view, None, usize::MAX >> 1)).map_err(chain)?;
        Ok(page.rows)
    }

    /// What the views hold now against Postgres' answers at a boundary.
    pub(crate) fn compare(&mut self, boundary: usize) -> Result<(), String> {
        self.follow_changelog()?;
        for view in self.catalog.views.clone() {
            let condition = self.engine().view_condition(&view.name);
            if condition != ViewCondition::Live {
                return Err(format!("view {} is not live but {condition:?}", view.name));
            }
            let rows = self.rows(&view.name)?;
            if self.mirror[&view.name].values().cloned().collect::<std::collections::BTreeSet<_>>()
                != rows.iter().cloned().collect()
            {
                return Err(format!("view {}: its changelog does not lead to its rows", view.name));
            }
            let mut ours: Vec<TextRow> = rows.iter().map(|row| text_row(&view.columns, row)).collect();
            ours.sort_unstable();
            let theirs = &self.recording.boundaries[boundary].answers[&view.name];
            if let Some(difference) = difference(&ours, theirs) {
                return Err(format!("view {} after transaction {boundary}:\n{difference}", view.name));
            }
        }
        Ok(())
    }

    /// Takes the changes since the last time into the mirror; each must start from what is there.
    fn follow_changelog(&mut self) -> Result<(), String> {
        for view in self.catalog.views.clone() {
            let after = self.followed;
            let chunks = self.state().read(|reader| reader.changelog(&view.name, after, CHANGELOG_BYTES_MAX));
            let mirror = self.mirror.get_mut(&view.name).ok_or("a view without a mirror")?;
            for (checkpoint, changes) in chunks.map_err(chain)? {
                for change in changes {
                    let some = change.old.as_ref().or(change.new.as_ref()).ok_or("an empty change")?;
                    let key = key(&view, some);
                    if mirror.remove(&key) != change.old {
                        let step = checkpoint.step;
                        return Err(format!("view {}: a change of step {step} starts from another row", view.name));
                    }
                    if let Some(new) = change.new {
                        mirror.insert(key, new);
                    }
                }
            }
        }
        self.followed = self.state().checkpoint().map_err(chain)?.step;
        Ok(())
    }
}

fn key(view: &ViewPlan, row: &Row) -> Vec<Value> {
    let values = view.key.iter().map(|column| row[*column].clone());
    values.map(grouped).collect()
}

/// Keys are equal by SQL's equality; a numeric may come back with another scale, a float with another zero.
fn grouped(value: Value) -> Value {
    match value {
        Value::Numeric(number) => {
            let text = number.to_string();
            let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            Value::text(trimmed)
        }
        Value::Float(0.0) => Value::Float(0.0),
        other => other,
    }
}

fn text_row(columns: &[Column], row: &Row) -> TextRow {
    let cell = |(column, value): (&Column, &Value)| {
        (!value.is_null()).then(|| {
            let mut text = String::new();
            write_text(&mut text, &column.sql_type, value);
            text
        })
    };
    columns.iter().zip(row.iter()).map(cell).collect()
}

/// Rows that only one of two sorted lists has.
fn difference(ours: &[TextRow], theirs: &[TextRow]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let mut counts: BTreeMap<&TextRow, i64> = BTreeMap::new();
    ours.iter().for_each(|row| *counts.entry(row).or_default() += 1);
    theirs.iter().for_each(|row| *counts.entry(row).or_default() -= 1);
    let shown = |sign: fn(i64) -> bool, label: &str| {
        let rows = counts.iter().filter(|(_, count)| sign(**count)).take(SHOWN_MAX);
        rows.map(|(row, count)| format!("    {label} ({}x): {}", count.abs(), drawn(row))).collect::<Vec<_>>()
    };
    let mut lines = shown(|count| count < 0, "missing");
    lines.extend(shown(|count| count > 0, "extra  "));
    Some(lines.join("\n"))
}

fn drawn(row: &TextRow) -> String {
    let cells = row.iter().map(|cell| match cell {
        Some(text) if text.chars().count() > 80 => format!("{:?}…", text.chars().take(80).collect::<String>()),
        Some(text) => format!("{text:?}"),
        None => "null".into(),
    });
    cells.collect::<Vec<_>>().join(" | ")
}

/// An error with its causes.
fn chain(error: impl Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
