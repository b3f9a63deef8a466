//! Messages of the wire protocol cut out of a byte stream: a tag, a length, a body. Nothing is copied: a body is a slice
//! of the read buffer until the next read.

use std::ops::Range;

use bytes::{Buf, BytesMut};

use super::server_error::ConnectionError;

/// The server's own limit of an allocation; no honest message is larger.
pub(super) const MESSAGE_BYTES_MAX: usize = 1 << 30;
/// Room made before each read.
const READ_BYTES: usize = 256 << 10;
/// Tag and length.
const HEADER_BYTES: usize = 5;

/// Collects bytes, gives out whole messages. A refused length is final: every later call refuses again.
#[derive(Debug, Default)]
pub(super) struct FrameBuffer {
    bytes: BytesMut,
    /// Up to here the messages have been given out.
    taken: usize,
}

/// Where a message's body lies in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    body: Range<usize>,
}

impl FrameBuffer {
    /// Room for the next read; gives up the messages taken so far.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        self.bytes.advance(self.taken);
        self.taken = 0;
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// The next whole message, if it is here.
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, ConnectionError> {
        let Some((&[tag, a, b, c, d], _)) = self.bytes[self.taken..].split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
            return Err(ConnectionError::Protocol(format!("a message of {length} bytes")));
        }
        let end = self.taken + 1 + length;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let body = self.taken + HEADER_BYTES..end;
        self.taken = end;
        Ok(Some(Frame { tag, body }))
    }

    /// A message's body; valid until [`Self::space`] is called.
    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        &self.bytes[frame.body.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_cut_at_any_byte_come_out_whole() {
        let wire = b"Z\0\0\0\x05Id\0\0\0\x07abc1\0\0\0\x04";
        for cut in 0..wire.len() {
            let mut buffer = FrameBuffer::default();
            let mut seen = Vec::new();
            for part in [&wire[..cut], &wire[cut..]] {
                buffer.space().extend_from_slice(part);
                while let Some(frame) = buffer.next_frame().unwrap() {
                    seen.push((frame.tag, buffer.body(&frame).to_vec()));
                }
            }
            assert_eq!(seen, [(b'Z', b"I".to_vec()), (b'd', b"abc".to_vec()), (b'1', Vec::new())]);
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_for_good() {
        for length in [[0, 0, 0, 3], [0x40, 0, 0, 1], [0xff; 4]] {
            let mut buffer = FrameBuffer::default();
            buffer.space().extend_from_slice(b"d");
            buffer.space().extend_from_slice(&length);
            assert!(buffer.next_frame().is_err());
            buffer.space().extend_from_slice(&[0; 64]);
            assert!(buffer.next_frame().is_err());
        }
    }
}
