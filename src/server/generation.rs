//! What both protocols ask of the projections of one moment: which view, may it be served.
//!
//! A view is served when it is live *before and after* a checkpoint was pinned: live before, so that the checkpoint holds all of
//! its rows; live after, so that no step in it left the view behind. See [`crate::pipeline::status::ViewStatus`].

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::ViewSchema;
use thiserror::Error;

use super::key::KeyError;
use crate::pipeline::Projections;
use crate::pipeline::status::Condition;
use crate::state::{Reader, StateError};

/// Names listed in an error.
const NAMES_LISTED_MAX: usize = 20;

/// Why a read was not answered.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    #[error("no {kind} \"{name}\"")]
    Unknown { kind: &'static str, name: String, hint: String },
    #[error("{kind} \"{name}\" is {}", condition.word())]
    NotLive { kind: &'static str, name: SmolStr, condition: Condition, reason: Option<String>, hint: Option<String> },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the reader went away or was too slow")]
    SlowReader,
}

/// The projections that are seen between two applied configurations, with their views by name. They hold files of the state: whoever waits for
/// something lets them go first.
pub(super) struct Generation {
    /// Handles of the pipeline.
    pub(super) projections: Arc<Projections>,
    /// Grows with every generation of this process, from 1.
    pub(super) number: u64,
    by_name: HashMap<SmolStr, usize>,
}

impl Generation {
    pub(super) fn new(projections: Arc<Projections>, number: u64) -> Self {
        let by_name = projections.views.iter().enumerate().map(|(index, view)| (view.name.clone(), index)).collect();
        Self { projections, number, by_name }
    }

    /// The view named `name`, and its place among the views.
    pub(super) fn view(&self, name: &str) -> Result<(usize, &Arc<ViewSchema>), ReadError> {
        let index = self.by_name.get(name).copied();
        index.map(|index| (index, &self.projections.views[index])).ok_or_else(|| {
            let names = self.projections.views.iter().map(|view| view.name.as_str());
            ReadError::Unknown { kind: "view", name: name.into(), hint: names_hint("view", name, names) }
        })
    }

    /// Whether the board says that `view` is live now.
    pub(super) fn is_live(&self, view: &ViewSchema) -> bool {
        self.projections
            .status
            .inspect(|status| status.views.get(&view.name).is_some_and(|view| view.condition == Condition::Live))
    }

    /// Why `view` is not served.
    pub(super) fn not_live(&self, view: &ViewSchema) -> ReadError {
        let status =
            self.projections.status.inspect(|status| status.views.get(&view.name).cloned()).unwrap_or_default();
        // Between two looks the view may have become live; for this reader it was still loading.
        let condition = if status.condition == Condition::Live { Condition::Loading } else { status.condition };
        let hint =
            status.hint.or_else(|| (condition != Condition::Failed).then(|| "try again later; see /v1/status".into()));
        ReadError::NotLive { kind: "view", name: view.name.clone(), condition, reason: status.error, hint }
    }

    /// Runs `read` on one pinned checkpoint in which `view` is complete. Blocks on the disk.
    pub(super) fn read<T>(
        &self,
        view: &ViewSchema,
        read: impl FnOnce(&Reader<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if !self.is_live(view) {
            return Err(self.not_live(view));
        }
        self.projections.state.read(|reader| if self.is_live(view) { read(reader) } else { Err(self.not_live(view)) })
    }

    /// The sources that are not followed at the moment: the position of what is read of them does not move. Joined by commas.
    pub(super) fn stale_sources(&self) -> String {
        self.projections.status.inspect(|status| {
            let written = status.state.condition == Condition::Live;
            let live = |name: &&SmolStr| {
                written && status.sources.get(*name).is_some_and(|source| source.condition == Condition::Live)
            };
            let stale = self.projections.sources.iter().filter(|name| !live(name));
            stale.map(SmolStr::as_str).collect::<Vec<_>>().join(",")
        })
    }
}

/// What to say to someone who asked for a name that is not there.
pub(super) fn names_hint<'a>(kind: &str, wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return format!("the configuration has no {kind} of this sort");
    }
    let nearest = names.iter().map(|name| (distance(wrong, name), *name)).min();
    let mut hint = match nearest {
        Some((distance, name)) if distance <= 1 + name.chars().count() / 4 => format!("did you mean \"{name}\"? "),
        _ => String::new(),
    };
    let more = if names.len() > NAMES_LISTED_MAX { ", ..." } else { "" };
    let listed = names[..names.len().min(NAMES_LISTED_MAX)].join(", ");
    let _ = write!(hint, "{kind}s: {listed}{more}");
    hint
}

/// Edits between two names; names far longer than any of ours are simply far away.
fn distance(one: &str, two: &str) -> usize {
    if one.len() > 100 || two.len() > 100 {
        return usize::MAX;
    }
    let two: Vec<char> = two.chars().collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (index, character) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in two.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_suggested() {
        let hint = |wrong| names_hint("view", wrong, ["orders", "order_card"].into_iter());
        assert_eq!(hint("order"), "did you mean \"orders\"? views: orders, order_card");
        assert_eq!(hint("customers"), "views: orders, order_card");
        assert_eq!(names_hint("view", "x", std::iter::empty()), "the configuration has no view of this sort");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
