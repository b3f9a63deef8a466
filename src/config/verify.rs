//! `[verify]`: when views and sinks are compared with the source, and how fast.

use std::time::Duration;

use super::section::Section;

/// Rows per second when nothing is said: a few percent of a core, here and on the server.
const DEFAULT_ROWS_PER_SECOND: u64 = 20_000;
/// A whole verification is work for the source: more often than this is a mistake.
const EVERY_MIN: Duration = Duration::from_secs(1);

/// `[verify]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifySection {
    /// From one verification of everything to the next; `None`: only when asked for.
    pub every: Option<Duration>,
    /// Rows that are compared per second at most.
    pub rows_per_second: u64,
}

impl Default for VerifySection {
    fn default() -> Self {
        Self { every: None, rows_per_second: DEFAULT_ROWS_PER_SECOND }
    }
}

/// Reads the section, if there is one.
pub(super) fn read(section: Option<Section<'_>>) -> VerifySection {
    let Some(section) = section else { return VerifySection::default() };
    let every = section.duration("every");
    if every.is_some_and(|every| every < EVERY_MIN) {
        section.report(
            "every",
            "is too often",
            Some("write for example \"24h\"; leave it out to verify only when asked"),
        );
    }
    let rows_per_second = section.number("rows_per_second").unwrap_or(DEFAULT_ROWS_PER_SECOND);
    if rows_per_second == 0 {
        section.report("rows_per_second", "must not be zero", None);
    }
    section.finish();
    VerifySection { every, rows_per_second }
}
