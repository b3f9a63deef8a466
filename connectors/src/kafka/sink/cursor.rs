//! What a Kafka sink keeps about itself: the last record of its name in the topic of cursors, JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::sink::Cursor;

/// How rows are laid out. Rows of another layout are not ours to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    pub(super) topic: String,
    pub(super) format: String,
    pub(super) mode: String,
    /// Columns of the key, in order.
    pub(super) key: Vec<SmolStr>,
    /// Columns that place a message.
    pub(super) partition_by: Vec<SmolStr>,
    /// Their number decides where a key is.
    pub(super) partitions: i32,
    /// Ids of the schemas of keys and values, for formats that have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schemas: Option<(u32, u32)>,
}

/// The value of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredCursor {
    /// Which running daemon wrote it: whoever finds another name than its own has been taken over.
    pub(super) owner: SmolStr,
    /// What the topic holds; `None`: nothing, or rows of several lives that stand for no step.
    pub(super) cursor: Option<Cursor>,
    /// Whether the topic was filled to the end once, however it looks now.
    pub(super) filled: bool,
    /// Of the rows that are in the topic.
    pub(super) layout: Option<Layout>,
    /// By partition the last message that the topic is known to have had: a topic that ends before it is not the same.
    #[serde(default)]
    pub(super) ends: BTreeMap<i32, i64>,
}

impl StoredCursor {
    /// Of a sink that never wrote.
    pub(super) fn nothing(owner: SmolStr) -> Self {
        Self { owner, cursor: None, filled: false, layout: None, ends: BTreeMap::new() }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a cursor has keys that are strings or numbers")
    }

    /// What there is, taken over by `owner` with rows to be of `layout`. `is_whole`: the topic is there, and as long as it was.
    pub(super) fn taken_over(self, owner: SmolStr, layout: &Layout, is_whole: bool) -> Self {
        let is_same_topic = is_whole && self.layout.as_ref().is_some_and(|held| held.topic == layout.topic);
        let is_complete = is_same_topic && self.layout.as_ref() == Some(layout);
        Self {
            owner,
            cursor: self.cursor.filter(|_| is_complete),
            filled: self.filled && is_same_topic,
            layout: Some(layout.clone()),
            ends: if is_same_topic { self.ends } else { BTreeMap::new() },
        }
    }
}
