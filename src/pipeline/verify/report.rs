//! What a verification found, as the API, the command line and the status show it.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Differing keys that an outcome lists; all are counted.
pub(super) const KEYS_LISTED_MAX: usize = 20;

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A view with the source's own answer.
    View,
    /// What a sink holds with its view.
    Sink,
}

impl Subject {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Sink => "sink",
        }
    }
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every row was compared, and nothing differs.
    Equal,
    /// Something differs.
    Different,
    /// A sink differed, was filled again from its view, and is equal now.
    Repaired,
    /// It could not be compared now; the message says why.
    NotCompared,
    /// It is of a kind that cannot be compared.
    Skipped,
}

impl Verdict {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::Repaired => "repaired",
            Self::NotCompared => "not compared",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it is as it should be, as far as that can be known.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Equal | Self::Skipped)
    }
}

/// In which way a key differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It should be there and is not.
    Missing,
    /// It is there and should not be.
    Extra,
    /// Its row has other values.
    Different,
    /// The source has several rows with the view's key.
    Twice,
}

impl Difference {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
            Self::Twice => "twice in the source",
        }
    }
}

/// A key that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferingKey {
    /// Key columns in Postgres' text form, joined by `,`; of a sink the name of the entry.
    pub key: String,
    /// In which way.
    pub difference: Difference,
}

/// What was found of one view or sink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What it is.
    pub subject: Subject,
    /// Its name.
    pub name: SmolStr,
    /// How it ended.
    pub verdict: Verdict,
    /// Position at which both sides were read; of a sink, where it stood when the last of it was read.
    pub position: Option<String>,
    /// Rows compared.
    pub rows: u64,
    /// Of these, rows that are equal in SQL or within what SQL leaves open, but written differently.
    pub rows_written_differently: u64,
    /// Keys that differ.
    pub differing: u64,
    /// The first of them.
    pub keys: Vec<DifferingKey>,
    /// Why it was not compared, or what was done.
    pub message: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// When it was known, RFC 3339.
    pub finished_at: String,
}

impl Outcome {
    /// Nothing compared yet.
    pub(super) fn new(subject: Subject, name: SmolStr) -> Self {
        Self {
            subject,
            name,
            verdict: Verdict::NotCompared,
            position: None,
            rows: 0,
            rows_written_differently: 0,
            differing: 0,
            keys: Vec::new(),
            message: None,
            hint: None,
            seconds: 0.0,
            finished_at: String::new(),
        }
    }

    /// Counts a key that differs, and lists it if there is room.
    pub(super) fn differs(&mut self, difference: Difference, key: impl FnOnce() -> String) {
        self.differing += 1;
        if self.keys.len() < KEYS_LISTED_MAX {
            self.keys.push(DifferingKey { key: key(), difference });
        }
    }

    /// The verdict after everything was compared.
    pub(super) fn judge(&mut self) {
        self.verdict = if self.differing == 0 { Verdict::Equal } else { Verdict::Different };
    }

    /// Not compared, and why.
    pub(super) fn excused(mut self, message: impl Into<String>, hint: Option<&str>) -> Self {
        self.verdict = Verdict::NotCompared;
        self.message = Some(message.into());
        self.hint = hint.map(Into::into);
        self
    }
}

/// What is known from verifications so far; kept over restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifyStatus {
    /// Whether one runs now.
    #[serde(default)]
    pub running: bool,
    /// When a verification of everything ended last, RFC 3339.
    pub finished_at: Option<String>,
    /// Rows compared by all of them.
    pub rows: u64,
    /// The last outcome of each view and sink, without keys.
    pub outcomes: Vec<Outcome>,
}

impl VerifyStatus {
    /// Takes in what was found of one view or sink.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        self.rows += outcome.rows;
        self.outcomes.retain(|known| (known.subject, &known.name) != (outcome.subject, &outcome.name));
        self.outcomes.push(Outcome { keys: Vec::new(), ..outcome.clone() });
        self.outcomes.sort_by(|a, b| (a.subject, &a.name).cmp(&(b.subject, &b.name)));
    }
}
