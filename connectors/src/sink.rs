//! The contract of a sink.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use crate::position::Positions;
use crate::read_back::ReadBack;
use crate::row::Row;
use crate::schema::ViewSchema;

/// How far a sink holds a view. Stored by the outside system in the same atomic act as the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Which life of which view: state directory id and view fingerprint. A cursor of another generation says
    /// nothing about this one.
    pub generation: SmolStr,
    /// Number of the step up to which, inclusive, the sink holds the view.
    pub step: u64,
    /// The same in the sources' words.
    pub positions: Positions,
}

/// One row of a view that changed: at least one side is present, and both have the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The row as it was in the view.
    pub old: Option<Row>,
    /// The row as it is now; `None` when it left the view.
    pub new: Option<Row>,
}

/// Changes of one view over one or several steps, at most one change per key.
#[derive(Clone, Debug)]
pub struct ChangelogBatch {
    /// The changes; empty when only the cursor moves.
    pub changes: Vec<RowChange>,
    /// Where the sink stands after this batch.
    pub cursor: Cursor,
    /// When the newest transaction that it covers was committed, microseconds since 2000-01-01 UTC by its source's clock; `None`: not known.
    pub committed_at: Option<i64>,
}

/// All rows of a view at one checkpoint, page by page.
#[async_trait]
pub trait RowPages: Send {
    /// The next page in key order; `None` at the end.
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError>;
}

/// Writes one view to one outside system. Driven by one task of `pipeline`, one call at a time, in this order: `open`,
/// then `replace` if the sink held another generation or nothing, then `write` for ever. After an error the
/// pipeline calls `open` again and continues from what it answers.
#[async_trait]
pub trait Sink: Send {
    /// Connects, looks, changes nothing.
    async fn check(&mut self, view: &ViewSchema) -> Result<(), SinkError>;

    /// Connects and says what the outside system already holds, `None` for nothing.
    async fn open(&mut self, view: &ViewSchema) -> Result<Option<Cursor>, SinkError>;

    /// Makes the outside system hold exactly `pages` and `cursor`: writes every row, removes rows of former lives.
    /// Interrupted, it is called again from the start.
    async fn replace(&mut self, pages: &mut dyn RowPages, cursor: &Cursor) -> Result<(), SinkError>;

    /// Returns when the outside system has the batch and its cursor, both or neither. Harmless when repeated.
    async fn write(&mut self, batch: &ChangelogBatch) -> Result<(), SinkError>;

    /// Whether it tells what happened rather than what is: then [`Self::write_steps`] gets the steps one by one, not folded.
    fn tells_each_step(&self) -> bool {
        false
    }

    /// [`Self::write`] of several batches in their order. A part of them may be written when it fails, the first ones.
    async fn write_steps(&mut self, batches: &[ChangelogBatch]) -> Result<(), SinkError> {
        for batch in batches {
            self.write(batch).await?;
        }
        Ok(())
    }

    /// A way to ask what the outside system holds, where there is one. Used between calls of `write`.
    fn read_back(&mut self) -> Option<&mut dyn ReadBack> {
        None
    }
}

/// Why a sink refused. Texts name no row values and no secrets.
#[derive(Debug, Error)]
pub enum SinkError {
    /// The outside system cannot be reached or is overloaded now; trying again may help.
    #[error("sink \"{sink}\" is unavailable: {message}")]
    Unavailable {
        /// The sink.
        sink: String,
        /// What happened.
        message: String,
    },
    /// The outside system says no, or its content is not ours; someone must act.
    #[error("sink \"{sink}\": {message}")]
    Refused {
        /// The sink.
        sink: String,
        /// What it said.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl SinkError {
    /// Whether trying again, without anyone acting, may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } => Some(hint),
            Self::Unavailable { .. } => None,
        }
    }
}
