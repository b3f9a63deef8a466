//! Proves, online, that the views equal the source and that sinks equal the views.
//!
//! ```text
//!  desk ◀─ API, command line, schedule
//!   │ one at a time
//!   ▼
//! Verifier ─ view ─▶ moment of the source at C ─ rows ─▶ Comparer, on a state that Gate let come to exactly C
//!          └ sink ─▶ the sink's delivery: page by page what it holds against the view at the sink's own cursor
//! ```
//!
//! Invariants: both sides of a comparison are of one position, however busy the source is. Whatever happens to a verification, the
//! stream goes on. A difference that is reported is one, save what [`freedom`] says SQL leaves open; an answer that could not be read to
//! its end is never called equal. No value of a row is in the log, the status or the metrics.

mod compare;
mod desk;
mod freedom;
mod gate;
mod moment;
mod pace;
mod question;
mod refill;
mod report;
mod sink;
mod sink_ask;
mod verifier;

pub use desk::{Outcomes, VerifyDesk, VerifyRefusal, VerifyWish};
pub(super) use gate::Gate;
pub(super) use refill::{forget_marks, mark, open_engine};
pub use report::{Difference, DifferingKey, Outcome, Subject, Verdict, VerifyStatus};
pub(super) use sink_ask::{SinkAsk, answer as answer_sink_ask};
pub(super) use verifier::{Parts, Verifier};
