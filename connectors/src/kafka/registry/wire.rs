//! The bytes in front of a message: a zero byte, the id of its schema in four bytes, the highest first, and for Protobuf the path to
//! its message type within the file: how many numbers there are, then the numbers, each with its sign in the lowest bit; the path `[0]`
//! is the single byte zero.
//! <https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format>

use crate::kafka::varint;

const MAGIC: u8 = 0;
/// Message types within message types, at most.
const PATH_MAX: u64 = 32;

/// A message without what stands in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// Id of the schema with which it was written.
    pub schema: u32,
    /// The rest.
    pub payload: &'a [u8],
}

/// Takes the id off the front; `None` where no id is there.
pub fn split(message: &[u8]) -> Option<Framed<'_>> {
    let (header, payload) = message.split_first_chunk::<5>()?;
    let [magic, id @ ..] = *header;
    (magic == MAGIC).then(|| Framed { schema: u32::from_be_bytes(id), payload })
}

/// Appends the front for `schema`.
pub fn put_schema(out: &mut Vec<u8>, schema: u32) {
    out.push(MAGIC);
    out.extend_from_slice(&schema.to_be_bytes());
}

/// Takes the path of a Protobuf message type off the front of a payload; `None` where it is none.
pub fn take_path(payload: &mut &[u8]) -> Option<Vec<usize>> {
    let count = u64::try_from(varint::take_signed(payload)?).ok()?;
    if count == 0 {
        return Some(vec![0]);
    }
    if count > PATH_MAX {
        return None;
    }
    (0..count).map(|_| usize::try_from(varint::take_signed(payload)?).ok()).collect()
}

/// Appends the path of a Protobuf message type.
pub fn put_path(out: &mut Vec<u8>, path: &[usize]) {
    if path == [0] {
        out.push(0);
        return;
    }
    varint::put_signed(out, path.len() as i64);
    path.iter().for_each(|&index| varint::put_signed(out, index as i64));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stands_behind_a_zero_byte() {
        assert_eq!(split(&[0, 0, 0, 1, 2, 9, 8]), Some(Framed { schema: 258, payload: &[9, 8] }));
        assert_eq!(split(&[0, 0, 0, 0, 7]), Some(Framed { schema: 7, payload: &[] }));
        assert_eq!(split(&[1, 0, 0, 0, 7, 9]), None);
        assert_eq!(split(&[0, 0, 0, 7]), None);
        assert_eq!(split(b""), None);
    }

    #[test]
    fn a_path_of_one_zero_is_one_byte_and_others_have_a_length() {
        // The examples of the documentation: [0] is 0, [1, 0] is 2 1 0 with signs in the lowest bits.
        for (path, bytes) in [(vec![0], &[0][..]), (vec![1, 0], &[4, 2, 0]), (vec![2], &[2, 4])] {
            let mut out = Vec::new();
            put_path(&mut out, &path);
            assert_eq!(out, bytes);
            let mut rest = &out[..];
            assert_eq!(take_path(&mut rest), Some(path));
            assert!(rest.is_empty());
        }
        assert_eq!(take_path(&mut &[2, 0][..]), Some(vec![0]));
        assert_eq!(take_path(&mut &[1][..]), None);
        assert_eq!(take_path(&mut &[4, 2][..]), None);
        assert_eq!(take_path(&mut &[0x80, 1, 0, 0][..]), None);
    }
}
