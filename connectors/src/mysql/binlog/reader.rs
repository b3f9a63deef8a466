//! Bounds-checked little-endian reading.

use super::error::Flaw;

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::mysql) struct Reader<'a>(pub(in crate::mysql) &'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::mysql) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::mysql) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(in crate::mysql) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(in crate::mysql) fn u8(&mut self) -> Result<u8, Flaw> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(in crate::mysql) fn u16(&mut self) -> Result<u16, Flaw> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(in crate::mysql) fn u32(&mut self) -> Result<u32, Flaw> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(in crate::mysql) fn u64(&mut self) -> Result<u64, Flaw> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// An unsigned number of up to eight bytes.
    pub(in crate::mysql) fn little(&mut self, count: usize) -> Result<u64, Flaw> {
        Ok(self.bytes(count)?.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// The same, most significant byte first.
    pub(in crate::mysql) fn big(&mut self, count: usize) -> Result<u64, Flaw> {
        Ok(self.bytes(count)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// A length-encoded integer of the client protocol.
    pub(in crate::mysql) fn packed(&mut self) -> Result<u64, Flaw> {
        match self.u8()? {
            0xfc => self.little(2),
            0xfd => self.little(3),
            0xfe => self.little(8),
            short @ ..=0xfa => Ok(short.into()),
            value => Err(Flaw::Unknown { field: "length", value }),
        }
    }

    /// A length-encoded count; what it counts has at least one byte each, so more of them than bytes is an error before memory is taken.
    pub(in crate::mysql) fn count(&mut self) -> Result<usize, Flaw> {
        let count = usize::try_from(self.packed()?).map_err(|_| Flaw::Short)?;
        if count > self.0.len() { Err(Flaw::Short) } else { Ok(count) }
    }

    /// Bytes behind their length-encoded length.
    pub(in crate::mysql) fn packed_bytes(&mut self) -> Result<&'a [u8], Flaw> {
        let length = self.count()?;
        self.bytes(length)
    }

    /// An integer of MySQL's serialization library: ones at the low end of the first byte count the bytes that follow.
    pub(in crate::mysql) fn variable(&mut self) -> Result<u64, Flaw> {
        let first = *self.0.first().ok_or(Flaw::Short)?;
        let more = first.trailing_ones() as usize;
        if more == 8 {
            self.u8()?;
            return self.u64();
        }
        let whole = u128::from(self.little(more + 1)?);
        Ok((whole >> (more + 1)) as u64)
    }

    pub(in crate::mysql) fn end(self) -> Result<(), Flaw> {
        match self.0.len() {
            0 => Ok(()),
            bytes => Err(Flaw::Trailing { bytes }),
        }
    }
}

/// Whether bit `index` is set, lowest bit of the first byte first.
pub(in crate::mysql) fn bit(bitmap: &[u8], index: usize) -> bool {
    bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}
