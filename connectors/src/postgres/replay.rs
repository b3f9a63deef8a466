//! A streamed transaction that has committed becomes its changes, in pieces.
//!
//! Its relations are its own. It announced them when it was open, perhaps long before others announced newer ones, and its rows are
//! as wide as it said. What a subtransaction that was rolled back announced, nobody hears of.

use super::changes::Changes;
use super::pgoutput::{Decoder, streamed_xid};
use super::spill::KeptMessages;
use super::streamed::{Committed, not_kept};
use crate::change::Change;
use crate::position::Lsn;
use crate::source::SourceError;

/// Messages of one piece, in bytes: some milliseconds.
const PIECE_BYTES: usize = 512 << 10;

/// One transaction under way.
#[derive(Debug)]
pub(super) struct Replay {
    committed: Committed,
    decoder: Decoder,
    changes: Changes,
    end: (Lsn, i64),
}

/// What was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) bytes: usize,
    pub(super) is_last: bool,
}

impl Replay {
    pub(super) fn new(committed: Committed, (decoder, changes): (Decoder, Changes), end: (Lsn, i64)) -> Self {
        Self { committed, decoder, changes, end }
    }

    /// End of the commit, and its time.
    pub(super) fn end(&self) -> (Lsn, i64) {
        self.end
    }

    /// What is being read back.
    pub(super) fn messages(&self) -> &KeptMessages {
        &self.committed.messages
    }

    /// Reads the next messages.
    pub(super) fn read_piece(&mut self, source_name: &str) -> Result<Piece, SourceError> {
        let mut bytes = 0;
        while bytes < PIECE_BYTES {
            let next = self.committed.messages.next();
            let Some(message) = next.map_err(|error| not_kept(source_name, &error))? else {
                return Ok(Piece { bytes, is_last: true });
            };
            bytes += message.len();
            if streamed_xid(message).is_some_and(|xid| self.committed.rolled_back.contains(&xid)) {
                continue;
            }
            let decoded = self.decoder.decode(message).map_err(|error| SourceError::Protocol {
                source_name: source_name.to_owned(),
                message: format!("in a streamed transaction: {error}"),
            })?;
            self.changes.accept(decoded)?;
        }
        Ok(Piece { bytes, is_last: false })
    }

    /// The changes, after the last piece. From here on its relations are everybody's.
    pub(super) fn finish(mut self, everybody: &mut Changes) -> Result<Vec<Change>, SourceError> {
        everybody.adopt_relations(&mut self.changes, &self.committed.announced);
        self.changes.end()
    }
}
