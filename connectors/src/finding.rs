//! What looking at an outside system finds.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, but not as well as it could, or only for now.
    Warning,
    /// Streaming cannot start or would stop.
    Error,
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, in a sentence.
    pub what: String,
    /// SQL that puts it right, run by a role that may; `None` where SQL does not help.
    pub sql_to_fix: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}
