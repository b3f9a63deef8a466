//! Places on the way of a transaction at which a test lets the process die, as by SIGKILL.
//!
//! `TAILWATER_FAIL_POINT=POINT:N` ends the process at the N-th pass of a point, without unwinding, without flushing, without a word to
//! servers. Only builds with debug assertions have it: in a release [`pass`] is empty and the variable is not read.
#![cfg_attr(not(debug_assertions), allow(dead_code))]

/// A place to die at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailPoint {
    /// Transactions are decoded; nothing of them is in a step.
    BeforeStep,
    /// All operators ran; the step's one write did not begin.
    BeforeWrite,
    /// The step's one write is done; nothing is flushed, nobody knows.
    AfterWrite,
    /// What is written survives a power cut; the source has not heard.
    AfterFlush,
    /// A batch of changes is folded; the sink has none of it.
    BeforeDelivery,
    /// The sink has a batch and its cursor; we have not taken note.
    AfterDelivery,
    /// A batch of a view's fill is taken in.
    InFill,
    /// A page of a sink's refill is handed over.
    InRefill,
    /// A step that forgets old changes is about to be written.
    InTrim,
    /// The beginning of the stream is committed, with all tables still to be copied.
    CopyBegun,
    /// A batch of rows of a copy is taken in.
    InCopy,
    /// A run of rows is written as files; the state does not have it.
    RunWritten,
    /// The state has a run of rows; nothing is committed that tells of it.
    RunIngested,
    /// It is committed how far the copy of a table has come.
    CopyMarked,
    /// It is committed that a table is complete.
    CopyEnded,
    /// A branch of the state is made.
    Branched,
    /// A branch is about to take the place of its state.
    BeforeCurrent,
    /// It has; nobody knows.
    AfterCurrent,
}

impl FailPoint {
    /// All of them with their names.
    pub const ALL: [(Self, &str); 18] = [
        (Self::BeforeStep, "before_step"),
        (Self::BeforeWrite, "before_write"),
        (Self::AfterWrite, "after_write"),
        (Self::AfterFlush, "after_flush"),
        (Self::BeforeDelivery, "before_delivery"),
        (Self::AfterDelivery, "after_delivery"),
        (Self::InFill, "in_fill"),
        (Self::InRefill, "in_refill"),
        (Self::InTrim, "in_trim"),
        (Self::CopyBegun, "copy_begun"),
        (Self::InCopy, "in_copy"),
        (Self::RunWritten, "run_written"),
        (Self::RunIngested, "run_ingested"),
        (Self::CopyMarked, "copy_marked"),
        (Self::CopyEnded, "copy_ended"),
        (Self::Branched, "branched"),
        (Self::BeforeCurrent, "before_current"),
        (Self::AfterCurrent, "after_current"),
    ];
}

/// The variable that arms a point.
pub const VARIABLE: &str = "TAILWATER_FAIL_POINT";

/// Passes a point, or dies there.
#[cfg(not(debug_assertions))]
pub(crate) const fn pass(_: FailPoint) {}

/// Passes a point, or dies there.
#[cfg(debug_assertions)]
pub(crate) fn pass(point: FailPoint) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ARMED: LazyLock<Option<(FailPoint, u64)>> =
        LazyLock::new(|| std::env::var(VARIABLE).ok().map(|text| parse(&text)));
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if let Some((armed, number)) = *ARMED
        && armed == point
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == number
    {
        std::process::abort();
    }
}

/// `POINT:N`; a variable that cannot be read must not look like a test that passed.
#[cfg(debug_assertions)]
fn parse(text: &str) -> (FailPoint, u64) {
    let parsed = text.split_once(':').and_then(|(name, number)| {
        let point = FailPoint::ALL.iter().find(|(_, known)| *known == name)?.0;
        Some((point, number.parse().ok()?))
    });
    parsed.unwrap_or_else(|| panic!("{VARIABLE}={text} is not POINT:N"))
}
