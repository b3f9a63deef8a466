//! `tailwater.toml`: raw as typed → checked as used; all problems in one report.
//!
//! [`load`] reads the file, replaces `${NAME}` from the environment in values, checks every key of every section and
//! gives either a [`Config`] or all [`Problem`]s at once, each with file, line, key and hint.

mod checked;
mod kafka;
mod problem;
mod schemas;
mod section;
mod source;
mod units;
mod verify;

pub use checked::{Config, RowErrors, ServerSection, SinkConfig, ViewConfig, load};
pub use problem::{ConfigError, Problem};
pub use source::{LogLimit, SourceConfig, SourceDifference, SourceKind};
pub(crate) use units::duration;
pub use verify::VerifySection;

#[cfg(test)]
mod tests;
