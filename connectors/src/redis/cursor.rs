//! What a Redis sink keeps about itself in the key `tailwater:{sink}:cursor`: JSON of the [`Cursor`], and how the rows'
//! keys look, so that a later life with another template finds the keys of this one.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::position::Positions;
use crate::sink::Cursor;

use super::config::{RedisFormat, RedisSinkConfig};
use super::key::RESERVED_PREFIX;
use super::pattern::KeyPattern;

/// How rows are laid out. Rows of another layout are not ours to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    pub(super) pattern: KeyPattern,
    format: SmolStr,
    ttl_ms: Option<u64>,
}

impl Layout {
    pub(super) fn new(pattern: KeyPattern, config: &RedisSinkConfig) -> Self {
        let format = match config.format {
            RedisFormat::Json => "json",
            RedisFormat::Hash => "hash",
        };
        Self { pattern, format: format.into(), ttl_ms: config.ttl.map(|ttl| ttl.as_millis() as u64) }
    }
}

/// The content of the cursor key. A superset of [`Cursor`]'s JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredCursor {
    pub(super) generation: SmolStr,
    step: u64,
    positions: Positions,
    /// The rows are being replaced: they are of several lives and stand for no step.
    #[serde(default)]
    replacing: bool,
    /// Layouts whose keys may be in Redis.
    pub(super) layouts: Vec<Layout>,
}

impl StoredCursor {
    pub(super) fn new(cursor: &Cursor, layouts: Vec<Layout>) -> Self {
        let Cursor { generation, step, positions } = cursor.clone();
        Self { generation, step, positions, replacing: false, layouts }
    }

    /// Says that the rows are not complete yet.
    pub(super) fn replacing(self) -> Self {
        Self { replacing: true, ..self }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a cursor has string keys only")
    }

    /// The cursor, if the rows are complete and of `layout`.
    pub(super) fn complete(self, layout: &Layout) -> Option<Cursor> {
        let usable = !self.replacing && self.layouts.len() == 1 && self.layouts[0] == *layout;
        usable.then_some(Cursor { generation: self.generation, step: self.step, positions: self.positions })
    }
}

/// Name of the cursor key.
pub(super) fn cursor_key(sink: &str) -> String {
    format!("{RESERVED_PREFIX}{sink}:cursor")
}
