//! Bounds-checked big-endian reading of one message.

use crate::position::Lsn;

use super::error::DecodeError;

/// What is left of one message; remembers its tag for errors.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) tag: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Result<Self, DecodeError> {
        let (&tag, rest) = message.split_first().ok_or(DecodeError::Empty)?;
        Ok(Self { tag, rest })
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated { tag: self.tag })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated { tag: self.tag })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(super) fn lsn(&mut self) -> Result<Lsn, DecodeError> {
        Ok(Lsn(u64::from_be_bytes(self.array()?)))
    }

    /// A count of columns; the protocol's is signed.
    pub(super) fn count16(&mut self) -> Result<u16, DecodeError> {
        let count = i16::from_be_bytes(self.array()?);
        u16::try_from(count).map_err(|_| DecodeError::NegativeLength { tag: self.tag })
    }

    /// A length or count of 32 bits; the protocol's is signed.
    pub(super) fn count32(&mut self) -> Result<usize, DecodeError> {
        let count = self.i32()?;
        usize::try_from(count).map_err(|_| DecodeError::NegativeLength { tag: self.tag })
    }

    /// A string that ends with a zero byte.
    pub(super) fn string(&mut self) -> Result<&'a str, DecodeError> {
        let end = self.rest.iter().position(|&byte| byte == 0).ok_or(DecodeError::Truncated { tag: self.tag })?;
        let text = std::str::from_utf8(&self.rest[..end]).map_err(|_| DecodeError::NotUtf8 { tag: self.tag })?;
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    /// A byte that the protocol reserves: zero today.
    pub(super) fn reserved(&mut self) -> Result<(), DecodeError> {
        match self.u8()? {
            0 => Ok(()),
            value => Err(self.unknown("flag", value)),
        }
    }

    pub(super) fn unknown(&self, field: &'static str, value: u8) -> DecodeError {
        DecodeError::UnknownValue { tag: self.tag, field, value }
    }

    pub(super) fn end(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::Trailing { tag: self.tag, bytes }),
        }
    }
}
