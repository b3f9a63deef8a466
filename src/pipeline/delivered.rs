//! How far each view's sinks are, so that its changelog is kept exactly as long as one of them needs it.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use smol_str::SmolStr;

/// Steps that sinks have stored themselves, by view and sink.
#[derive(Debug, Default)]
pub(super) struct Delivered(Mutex<BTreeMap<SmolStr, Sinks>>);

#[derive(Debug, Default)]
struct Sinks {
    steps: BTreeMap<SmolStr, u64>,
    trimmed: u64,
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

    /// Views whose changelog can be trimmed further than when last asked, each with the last step that can go.
    pub(super) fn trimmable(&self) -> Vec<(SmolStr, u64)> {
        let mut found = Vec::new();
        for (view, sinks) in self.0.lock().iter_mut() {
            let step = sinks.steps.values().copied().min().unwrap_or(0);
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
}
