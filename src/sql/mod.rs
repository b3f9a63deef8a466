//! Text → plan: catalog, binder, decorrelation, refusals, view keys.
//!
//! ```text
//! text ─statement─▶ query ─bind─▶ nodes over numbered columns ─decorrelate─▶ the same without references to queries around
//!      ─simplify, lower─▶ plan ─prune─▶ plan ─keys─▶ ViewPlan
//! ```
//!
//! Nothing here runs, and nothing here looks at data. What cannot be kept is refused with a stable code ([`SqlError`]),
//! the place in the SQL, and what to write instead.

mod bind;
mod catalog;
mod columns;
mod decorrelate;
mod error;
mod keys;
mod lower;
mod named_arguments;
mod names;
mod node;
mod place;
mod planner;
mod prune;
mod rename;
mod scalars;
mod simplify;
mod statement;

#[cfg(test)]
mod tests;

pub use catalog::{SEARCH_PATH, SqlCatalog, UnresolvedName};
pub use error::{Place, SqlError};
pub use planner::{Planned, SqlWarning, ViewText, plan_views, plan_with_warnings, tables_read};
