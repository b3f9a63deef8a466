//! Changelog chunks: the changes of one view in one step, with the positions that the step reached.
//!
//! Per view the chunks of steps after the *floor* are kept, without gaps. Followers that stand before the floor get an
//! error, so that nobody takes the rest for the whole.

use tailwater_connectors::{Positions, Row, RowChange};

use super::row_codec::{Input, decode_row, encode_row, put_bytes, put_varint};
use super::table::{TABLE_ID_BYTES, TableId};
use super::{Checkpoint, StateError};

const VERSION: u8 = 2;
/// Chunks that say nothing of when their transactions were committed.
const VERSION_WITHOUT_TIME: u8 = 1;
const HAS_OLD: u8 = 1;
const HAS_NEW: u8 = 2;
/// Steps count from 1, so this key is free.
pub(super) const FLOOR_STEP: u64 = 0;

/// What a step changed in a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The step.
    pub checkpoint: Checkpoint,
    /// When the newest transaction of the step was committed, microseconds since 2000-01-01 UTC by its source's clock; `None`: not known.
    pub committed_at: Option<i64>,
    /// The changes, at most one for each key.
    pub changes: Vec<RowChange>,
}

/// Changes and trims that a step collects for one view.
#[derive(Default)]
pub(super) struct ChangelogDraft {
    count: u64,
    changes: Vec<u8>,
    scratch: Vec<u8>,
    pub(super) trim: Option<u64>,
    /// The floor of a changelog that begins again with this step.
    pub(super) restart: Option<u64>,
}

impl ChangelogDraft {
    pub(super) fn append(&mut self, changes: &[RowChange]) {
        self.count += changes.len() as u64;
        for change in changes {
            let flag = |row: &Option<Row>, flag| if row.is_some() { flag } else { 0 };
            self.changes.push(flag(&change.old, HAS_OLD) | flag(&change.new, HAS_NEW));
            for row in [&change.old, &change.new].into_iter().flatten() {
                self.scratch.clear();
                encode_row(&mut self.scratch, row);
                put_bytes(&mut self.changes, &self.scratch);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn moves_floor(&self) -> bool {
        self.trim.is_some() || self.restart.is_some()
    }

    /// The chunk as it is stored.
    pub(super) fn chunk(&self, positions: &Positions, committed_at: Option<i64>) -> Vec<u8> {
        let positions = serde_json::to_vec(positions).expect("positions are a map of strings");
        let mut out = Vec::with_capacity(self.changes.len() + positions.len() + 32);
        out.push(VERSION);
        put_bytes(&mut out, &positions);
        put_bytes(&mut out, committed_at.map(i64::to_be_bytes).as_ref().map_or(&[], |bytes| bytes.as_slice()));
        put_varint(&mut out, self.count);
        out.extend_from_slice(&self.changes);
        out
    }
}

/// Key of a view's chunk of `step`.
pub(super) fn chunk_key(table: TableId, step: u64) -> Vec<u8> {
    table.stored_key(&step.to_be_bytes())
}

/// The step in a key made by [`chunk_key`].
pub(super) fn chunk_step(key: &[u8]) -> Result<u64, StateError> {
    let step = key.get(TABLE_ID_BYTES..).and_then(|step| step.try_into().ok());
    step.map(u64::from_be_bytes).ok_or_else(|| StateError::damaged("a changelog key"))
}

/// Reads a floor as it is stored.
pub(super) fn decode_floor(bytes: &[u8]) -> Result<u64, StateError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| StateError::damaged("a changelog floor"))
}

/// Reads a chunk.
pub(super) fn decode_chunk(step: u64, bytes: &[u8]) -> Result<Chunk, StateError> {
    let damaged = || StateError::damaged(format!("the changelog of step {step}"));
    let mut input = Input(bytes);
    let version =
        input.byte().filter(|version| matches!(*version, VERSION | VERSION_WITHOUT_TIME)).ok_or_else(damaged)?;
    let positions = input.bytes().and_then(|text| serde_json::from_slice(text).ok()).ok_or_else(damaged)?;
    let committed_at = match version {
        VERSION => decode_time(input.bytes().ok_or_else(damaged)?).ok_or_else(damaged)?,
        _ => None,
    };
    let count = input.count().ok_or_else(damaged)?;
    let mut changes = Vec::with_capacity(count);
    for _ in 0..count {
        let flags = input.byte().filter(|flags| (1..=HAS_OLD | HAS_NEW).contains(flags)).ok_or_else(damaged)?;
        let mut side = |flag| match flags & flag {
            0 => Ok(None),
            _ => decode_row(input.bytes().ok_or_else(damaged)?).map(Some),
        };
        changes.push(RowChange { old: side(HAS_OLD)?, new: side(HAS_NEW)? });
    }
    if !input.0.is_empty() {
        return Err(damaged());
    }
    Ok(Chunk { checkpoint: Checkpoint { step, positions }, committed_at, changes })
}

/// `None`: these are no bytes of a time.
fn decode_time(bytes: &[u8]) -> Option<Option<i64>> {
    match bytes {
        [] => Some(None),
        _ => bytes.try_into().ok().map(|bytes| Some(i64::from_be_bytes(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::{Lsn, Position, Value};

    use super::*;

    fn positions() -> Positions {
        Positions([("main".into(), Position::Lsn(Lsn(0x70)))].into())
    }

    fn changes() -> Vec<RowChange> {
        let row = |id, name: &str| Some(Row::from(vec![Value::Int(id), Value::text(name)]));
        vec![
            RowChange { old: None, new: row(1, "Ada") },
            RowChange { old: row(2, "Bo"), new: row(2, "Cy") },
            RowChange { old: row(3, "Di"), new: None },
        ]
    }

    fn draft() -> ChangelogDraft {
        let mut draft = ChangelogDraft::default();
        draft.append(&changes());
        draft
    }

    #[test]
    fn a_chunk_is_read_as_it_was_written_with_its_time_or_without() {
        for committed_at in [None, Some(0), Some(-1), Some(753_315_200_123_456), Some(i64::MIN), Some(i64::MAX)] {
            let chunk = decode_chunk(7, &draft().chunk(&positions(), committed_at)).unwrap();
            let checkpoint = Checkpoint { step: 7, positions: positions() };
            assert_eq!(chunk, Chunk { checkpoint, committed_at, changes: changes() });
        }
    }

    /// As format 4 of the state has it, byte by byte.
    #[test]
    fn a_chunk_without_a_place_for_the_time_is_read() {
        let draft = draft();
        let mut bytes = vec![1];
        put_bytes(&mut bytes, br#"{"main":"0/70"}"#);
        put_varint(&mut bytes, draft.count);
        bytes.extend_from_slice(&draft.changes);
        let chunk = decode_chunk(7, &bytes).unwrap();
        let checkpoint = Checkpoint { step: 7, positions: positions() };
        assert_eq!(chunk, Chunk { checkpoint, committed_at: None, changes: changes() });
    }

    #[test]
    fn what_is_cut_off_or_of_another_version_is_damage() {
        let bytes = draft().chunk(&positions(), Some(77));
        for length in 0..bytes.len() {
            assert!(matches!(decode_chunk(7, &bytes[..length]), Err(StateError::Damaged { .. })), "{length}");
        }
        for (version, more) in [(0, None), (3, None), (VERSION, Some(0))] {
            let mut other = bytes.clone();
            other[0] = version;
            other.extend(more);
            assert!(matches!(decode_chunk(7, &other), Err(StateError::Damaged { .. })), "{version}");
        }
        let mut short = vec![VERSION];
        put_bytes(&mut short, b"{}");
        put_bytes(&mut short, &[0; 7]);
        put_varint(&mut short, 0);
        assert!(matches!(decode_chunk(7, &short), Err(StateError::Damaged { .. })), "no time has seven bytes");
    }
}
