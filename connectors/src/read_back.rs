//! The contract of sinks that can be asked what they hold.
//!
//! Asked by the task that drives the sink, between two writes, so that every answer is of the cursor that was written last.

use async_trait::async_trait;

use crate::row::Row;
use crate::sink::SinkError;
use crate::value::Value;

/// What an outside system holds for one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Exactly what a write of the row would leave there.
    Same,
    /// Something else.
    Other,
    /// Nothing.
    Nothing,
    /// Nothing, and that may be: what is written vanishes after a time.
    Expired,
}

/// One entry of the outside system that looks as if the view had made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldEntry {
    /// Its name there.
    pub name: String,
    /// Key of the view's row that would have this name, in the view's key order; `None` when no row could.
    pub key: Option<Vec<Value>>,
}

/// Some entries, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldEntries {
    /// The entries; one may come twice.
    pub entries: Vec<HeldEntry>,
    /// For the next call; `None` at the end.
    pub next: Option<u64>,
}

/// Reads back. Needs a sink that is open; an error means that it is to be opened again.
#[async_trait]
pub trait ReadBack: Send {
    /// What is held for each of `rows`, in their order.
    async fn held(&mut self, rows: &[Row]) -> Result<Vec<Held>, SinkError>;

    /// Some of the entries; `from` is 0, or what the last answer says.
    async fn entries(&mut self, from: u64) -> Result<HeldEntries, SinkError>;

    /// The name that the entry of `row` has.
    fn name(&self, row: &Row) -> String;
}
