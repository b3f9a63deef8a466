//! Sequence numbers and shards, and places in a shard.
//!
//! A sequence number has up to 128 decimal digits, more than any integer has bits for; within a shard it grows. A shard's id is
//! `shardId-` and twelve digits, which count the shards of a stream: children are made later than their parents, and have larger ids.

use std::fmt;

use smol_str::SmolStr;

/// Digits of a sequence number at most: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html>.
const DIGITS_MAX: usize = 129;
const SHARD_PREFIX: &str = "shardId-";
const SHARD_DIGITS: usize = 12;
const START: &str = "start";
const END: &str = "end";

/// Where a record stands in its shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sequence(SmolStr);

impl Sequence {
    /// `None`: not the digits of a number.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = text.trim_start_matches('0');
        (is_number && text.len() <= DIGITS_MAX).then(|| Self(if digits.is_empty() { "0" } else { digits }.into()))
    }

    /// Its digits.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Without zeros in front the longer one is the greater.
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which shard of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ShardId(pub(super) u64);

impl ShardId {
    /// `None`: a name of another form.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(SHARD_PREFIX)?;
        let is_number = digits.len() == SHARD_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SHARD_PREFIX}{:0width$}", self.0, width = SHARD_DIGITS)
    }
}

/// How far a shard is read. In this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// Nothing of it.
    Start,
    /// Up to this record, and with it.
    After(Sequence),
    /// All of it, and it takes no more.
    End,
}

impl Place {
    /// `None`: no such text.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            START => Some(Self::Start),
            END => Some(Self::End),
            other => Sequence::read(other).map(Self::After),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str(START),
            Self::After(sequence) => sequence.fmt(f),
            Self::End => f.write_str(END),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_compare_as_numbers_whatever_their_length() {
        let read = |text: &str| Sequence::read(text).expect("a number");
        assert!(read("9") < read("10") && read("0010") == read("10") && read("000") == read("0"));
        let (one, two) = (
            "49543463076548007577105092703039560359975228518395019266",
            "49543463076548007577105092703039560359975228518395019267",
        );
        assert!(read(one) < read(two) && read(two).to_string() == two);
        for wrong in ["", "-1", "+1", "1a", " 1", &"9".repeat(130)] {
            assert_eq!(Sequence::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shards_are_known_by_their_numbers() {
        assert_eq!(ShardId::read("shardId-000000000017"), Some(ShardId(17)));
        assert_eq!(ShardId(17).to_string(), "shardId-000000000017");
        for wrong in ["", "shardId-17", "shardId-00000000001x", "000000000017", "shardId-0000000000170"] {
            assert_eq!(ShardId::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn places_are_in_the_order_in_which_a_shard_is_read() {
        let at = |text: &str| Place::read(text).expect("a place");
        assert!(at("start") < at("0") && at("9") < at("10") && at("10") < at("end"));
        assert_eq!(Place::read("begin"), None);
    }
}
