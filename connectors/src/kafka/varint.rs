//! Integers of variable length as Avro and Protobuf write them: seven bits a byte, the lowest first, the high bit says that more come.

/// Bytes of the longest one.
const BYTES_MAX: usize = 10;

/// Takes one from the front; `None` where the bytes end within it, or where it is longer than 64 bits.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if index == BYTES_MAX - 1 && bits > 1 {
            return None;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Some(value);
        }
    }
    None
}

/// The same where the lowest bit is the sign.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes).map(unzigzag)
}

/// Appends one.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The same with the sign in the lowest bit.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, (value << 1 ^ value >> 63) as u64);
}

/// The number whose sign is in the lowest bit.
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specifications() {
        let written = |value| {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            out
        };
        // Avro 1.12, "Binary encoding": 0 -1 1 -2 2 -64 64.
        let known: [(i64, &[u8]); 7] =
            [(0, &[0]), (-1, &[1]), (1, &[2]), (-2, &[3]), (2, &[4]), (-64, &[0x7f]), (64, &[0x80, 1])];
        for (value, bytes) in known {
            assert_eq!(written(value), bytes);
        }
        // Protocol Buffers, "Encoding": 150.
        assert_eq!(take(&mut &[0x96, 1][..]), Some(150));
    }

    #[test]
    fn what_does_not_end_or_has_more_than_64_bits_is_none() {
        assert_eq!(take(&mut &[][..]), None);
        assert_eq!(take(&mut &[0x80][..]), None);
        assert_eq!(take(&mut &[0xff; 11][..]), None);
        assert_eq!(take(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: i64, rest: Vec<u8>) {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            out.extend(&rest);
            let mut bytes = &out[..];
            prop_assert_eq!(take_signed(&mut bytes), Some(value));
            prop_assert_eq!(bytes, &rest[..]);
        }
    }
}
