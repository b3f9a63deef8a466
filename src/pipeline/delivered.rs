//! How far each view's sinks are, so that its changelog is kept as long as one of them needs it, within a bound.
//!
//! Past the bound the oldest changes go although a sink still needs them: that sink is filled from the view when it comes back
//! (its place is below the changelog's floor). A dead sink thus costs a bounded piece of our disk, and never the source's log.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use smol_str::SmolStr;

/// Row changes of one view that may wait for its slowest sink: a few hundred bytes each on disk.
const WAITING_CHANGES_MAX: u64 = 5_000_000;
/// Steps are remembered in spans of about this many changes: how finely the bound is kept, and what remembering costs.
const SPAN_CHANGES: u64 = 50_000;

/// Steps that sinks have stored themselves, by view and sink.
#[derive(Debug, Default)]
pub(super) struct Delivered(Mutex<BTreeMap<SmolStr, Sinks>>);

#[derive(Debug, Default)]
struct Sinks {
    steps: BTreeMap<SmolStr, u64>,
    trimmed: u64,
    /// Consecutive spans of the changelog since the start, oldest first.
    waiting: VecDeque<Span>,
    waiting_changes: u64,
}

#[derive(Debug)]
struct Span {
    last_step: u64,
    changes: u64,
}

impl Sinks {
    /// Forgets spans that all sinks have; with too many left the oldest, too. Answers the last step that can go.
    fn settle(&mut self) -> u64 {
        let mut step = self.steps.values().copied().min().unwrap_or(0);
        while let Some(oldest) = self.waiting.front() {
            if oldest.last_step > step && self.waiting_changes <= WAITING_CHANGES_MAX {
                break;
            }
            step = step.max(oldest.last_step);
            self.waiting_changes -= oldest.changes;
            self.waiting.pop_front();
        }
        step
    }
}

impl Delivered {
    /// Announces a sink; until it reports, nothing of its view's changelog may go.
    pub(super) fn register(&self, view: &SmolStr, sink: &SmolStr) {
        self.0.lock().entry(view.clone()).or_default().steps.insert(sink.clone(), 0);
    }

    /// The sink itself now holds its view up to `step`.
    pub(super) fn report(&self, view: &SmolStr, sink: &SmolStr, step: u64) {
        self.0.lock().entry(view.clone()).or_default().steps.insert(sink.clone(), step);
    }

    /// Whether every sink holds its view up to `step`.
    pub(super) fn all_at(&self, step: u64) -> bool {
        self.0.lock().values().all(|sinks| sinks.steps.values().all(|at| *at >= step))
    }

    /// `step` changed so many rows of the view.
    pub(super) fn committed(&self, view: &SmolStr, step: u64, changes: u64) {
        let mut views = self.0.lock();
        let Some(sinks) = views.get_mut(view) else { return };
        sinks.waiting_changes += changes;
        match sinks.waiting.back_mut() {
            Some(span) if span.changes < SPAN_CHANGES => {
                span.last_step = step;
                span.changes += changes;
            }
            _ => sinks.waiting.push_back(Span { last_step: step, changes }),
        }
    }

    /// Views whose changelog can be trimmed further than when last asked, each with the last step that can go.
    pub(super) fn trimmable(&self) -> Vec<(SmolStr, u64)> {
        let mut found = Vec::new();
        for (view, sinks) in self.0.lock().iter_mut() {
            let step = sinks.settle();
            if step > sinks.trimmed {
                sinks.trimmed = step;
                found.push((view.clone(), step));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_sink_of_a_view_decides() {
        let delivered = Delivered::default();
        let (view, fast, slow) = ("v".into(), "fast".into(), "slow".into());
        delivered.register(&view, &fast);
        delivered.register(&view, &slow);
        delivered.report(&view, &fast, 9);
        assert_eq!(delivered.trimmable(), []);
        delivered.report(&view, &slow, 4);
        assert_eq!(delivered.trimmable(), [(view.clone(), 4)]);
        assert_eq!(delivered.trimmable(), []);
        delivered.report(&view, &slow, 11);
        assert_eq!(delivered.trimmable(), [(view, 9)]);
    }

    #[test]
    fn a_dead_sink_keeps_a_bounded_changelog() {
        let delivered = Delivered::default();
        let (view, sink) = ("v".into(), "dead".into());
        delivered.register(&view, &sink);
        let steps = 3 * WAITING_CHANGES_MAX / 1_000;
        for step in 1..=steps {
            delivered.committed(&view, step, 1_000);
            delivered.trimmable();
        }
        let views = delivered.0.lock();
        let waiting = &views[&view];
        assert!(waiting.waiting_changes <= WAITING_CHANGES_MAX + 1_000);
        assert!(waiting.trimmed > steps / 2, "the oldest steps went");
        assert!(waiting.waiting.len() as u64 <= WAITING_CHANGES_MAX / SPAN_CHANGES + 2);
    }
}
