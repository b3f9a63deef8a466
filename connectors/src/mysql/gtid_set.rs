//! Sets of MySQL's global transaction ids: `server uuid:tag:number`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use mysql_async::{GnoInterval, Sid};
use smol_str::SmolStr;

/// Longest tag that a server accepts.
const TAG_BYTES_MAX: usize = 32;
/// Largest number of a transaction.
const NUMBER_MAX: u64 = i64::MAX as u64 - 1;

/// Id of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtid {
    /// Uuid of the server that committed it first.
    pub server: [u8; 16],
    /// Its tag (MySQL 8.3 and later), mostly empty.
    pub tag: SmolStr,
    /// Its number, from 1.
    pub number: u64,
}

/// Ranges of numbers `(first, last)`, ascending, apart from each other by at least one number.
type Ranges = Vec<(u64, u64)>;

/// A set of transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GtidSet(BTreeMap<([u8; 16], SmolStr), Ranges>);

impl GtidSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest transaction, where there is no doubt: all are of one server and tag, and none is missing between them.
    pub fn newest(&self) -> Option<Gtid> {
        let mut names = self.0.iter();
        let (((server, tag), ranges), None) = (names.next()?, names.next()) else { return None };
        let [(_, number)] = ranges.as_slice() else { return None };
        Some(Gtid { server: *server, tag: tag.clone(), number: *number })
    }

    /// Adds one transaction.
    pub fn insert(&mut self, gtid: &Gtid) {
        self.insert_range(gtid.server, gtid.tag.clone(), (gtid.number, gtid.number));
    }

    /// Adds the transactions with the numbers from the first to the last.
    pub fn insert_range(&mut self, server: [u8; 16], tag: SmolStr, (first, last): (u64, u64)) {
        if first > last {
            return;
        }
        let ranges = self.0.entry((server, tag)).or_default();
        // Those that touch or overlap the new one become part of it.
        let from = ranges.partition_point(|(_, end)| *end < first.saturating_sub(1));
        let to = from + ranges[from..].partition_point(|(begin, _)| *begin <= last.saturating_add(1));
        let (mut first, mut last) = (first, last);
        if from < to {
            first = first.min(ranges[from].0);
            last = last.max(ranges[to - 1].1);
        }
        ranges.splice(from..to, [(first, last)]);
    }

    /// Whether this transaction is in it.
    pub fn contains(&self, gtid: &Gtid) -> bool {
        let ranges = self.0.get(&(gtid.server, gtid.tag.clone()));
        ranges.is_some_and(|ranges| covers_range(ranges, (gtid.number, gtid.number)))
    }

    /// Whether all of `other` is in it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(name, wanted)| {
            self.0.get(name).is_some_and(|ranges| wanted.iter().all(|range| covers_range(ranges, *range)))
        })
    }

    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for ((server, tag), ranges) in &other.0 {
            ranges.iter().for_each(|range| all.insert_range(*server, tag.clone(), *range));
        }
        all
    }

    /// What is in this and not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = BTreeMap::new();
        for (name, ranges) in &self.0 {
            let without = other.0.get(name).map(Vec::as_slice).unwrap_or_default();
            let rest: Ranges = ranges.iter().flat_map(|range| range_minus(*range, without)).collect();
            if !rest.is_empty() {
                left.insert(name.clone(), rest);
            }
        }
        Self(left)
    }

    /// Server, tag, and ranges from first to last.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8; 16], &str, &[(u64, u64)])> {
        self.0.iter().map(|((server, tag), ranges)| (server, tag.as_str(), ranges.as_slice()))
    }

    /// The same for a request of the log.
    pub fn to_sids(&self) -> Vec<Sid<'static>> {
        let sid = |(server, tag, ranges): (&[u8; 16], &str, &[(u64, u64)])| {
            // Only its text makes one with a tag.
            if let (false, Ok(tagged)) = (tag.is_empty(), one_text(server, tag, ranges).parse::<Sid<'static>>()) {
                return tagged;
            }
            // An interval's end is the number behind its last.
            let intervals = ranges.iter().map(|(first, last)| GnoInterval::new(*first, last + 1)).collect();
            Sid::new(*server).with_intervals(intervals)
        };
        self.iter().map(sid).collect()
    }
}

fn one_text(server: &[u8; 16], tag: &str, ranges: &[(u64, u64)]) -> String {
    GtidSet(BTreeMap::from([((*server, tag.into()), ranges.to_vec())])).to_string()
}

fn covers_range(ranges: &[(u64, u64)], (first, last): (u64, u64)) -> bool {
    let at = ranges.partition_point(|(_, end)| *end < first);
    ranges.get(at).is_some_and(|(begin, end)| *begin <= first && last <= *end)
}

/// What is left of a range when these are taken away.
fn range_minus((first, last): (u64, u64), without: &[(u64, u64)]) -> Ranges {
    let mut left = Vec::new();
    let touching = without.iter().filter(|(begin, end)| *end >= first && *begin <= last);
    let mut first = first;
    for &(begin, end) in touching {
        if begin > first {
            left.push((first, begin - 1));
        }
        first = end + 1;
    }
    if first <= last {
        left.push((first, last));
    }
    left
}

/// Whether a tag has the form that servers accept: empty, or a letter or underscore and then also digits.
pub(super) fn is_tag(text: &str) -> bool {
    text.len() <= TAG_BYTES_MAX
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Text that is not a set of transaction ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a set of transaction ids")]
pub struct GtidSetError;

impl FromStr for GtidSet {
    type Err = GtidSetError;

    /// Reads what the server prints, line breaks included.
    fn from_str(text: &str) -> Result<Self, GtidSetError> {
        let mut set = Self::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let mut words = part.split(':').map(str::trim);
            let server = words.next().and_then(parse_uuid).ok_or(GtidSetError)?;
            let mut tag = SmolStr::default();
            let mut ranges = 0;
            for word in words {
                match parse_range(word) {
                    Some(range) => {
                        set.insert_range(server, tag.clone(), range);
                        ranges += 1;
                    }
                    None if is_tag(&word.to_ascii_lowercase()) && !word.is_empty() => {
                        tag = word.to_ascii_lowercase().into();
                        ranges = 0;
                    }
                    None => return Err(GtidSetError),
                }
            }
            if ranges == 0 {
                return Err(GtidSetError);
            }
        }
        Ok(set)
    }
}

fn parse_range(word: &str) -> Option<(u64, u64)> {
    let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number)),
        false => None,
    };
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = (number(first.trim())?, number(last.trim())?);
    (range.0 <= range.1).then_some(range)
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    let hyphens = [8, 13, 18, 23];
    if bytes.len() != 36 || hyphens.iter().any(|at| bytes[*at] != b'-') {
        return None;
    }
    let digits = bytes.iter().enumerate().filter(|(at, _)| !hyphens.contains(at));
    let digits: Option<Vec<u8>> = digits.map(|(_, byte)| char::from(*byte).to_digit(16).map(|it| it as u8)).collect();
    let pairs: Vec<u8> = digits?.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    pairs.try_into().ok()
}

fn write_uuid(f: &mut fmt::Formatter<'_>, bytes: &[u8; 16]) -> fmt::Result {
    for (index, byte) in bytes.iter().enumerate() {
        let hyphen = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        write!(f, "{hyphen}{byte:02x}")?;
    }
    Ok(())
}

impl fmt::Display for Gtid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_uuid(f, &self.server)?;
        if !self.tag.is_empty() {
            write!(f, ":{}", self.tag)?;
        }
        write!(f, ":{}", self.number)
    }
}

/// As the server prints it, on one line: tags of one server stand behind it together.
impl fmt::Display for GtidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before: Option<&[u8; 16]> = None;
        for (server, tag, ranges) in self.iter() {
            if before != Some(server) {
                f.write_str(if before.is_some() { "," } else { "" })?;
                write_uuid(f, server)?;
            }
            before = Some(server);
            if !tag.is_empty() {
                write!(f, ":{tag}")?;
            }
            for (first, last) in ranges {
                write!(f, ":{first}")?;
                if first != last {
                    write!(f, "-{last}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn set(text: &str) -> GtidSet {
        text.replace('S', SERVER).parse().expect("a set")
    }

    #[test]
    fn ranges_that_touch_become_one() {
        let mut numbers = GtidSet::new();
        let Some((server, ..)) = set("S:1").iter().map(|(server, ..)| (*server, ())).next() else { panic!("a server") };
        for number in [5, 1, 3, 2, 9, 4] {
            numbers.insert(&Gtid { server, tag: "".into(), number });
        }
        assert_eq!(numbers.to_string(), format!("{SERVER}:1-5:9"));
        numbers.insert_range(server, "".into(), (4, 8));
        assert_eq!(numbers.to_string(), format!("{SERVER}:1-9"));
    }

    #[test]
    fn sets_are_compared_as_sets() {
        assert!(set("S:1-5:9").covers(&set("S:2-4")) && set("S:1-5").covers(&GtidSet::new()));
        assert!(!set("S:1-5:9").covers(&set("S:5-6")) && !set("S:1-5").covers(&set("S:t:1")));
        assert_eq!(set("S:1-9").minus(&set("S:2:4-5")), set("S:1:3:6-9"));
        assert_eq!(set("S:1-3").minus(&set("S:1-3")), GtidSet::new());
        assert_eq!(set("S:1-3:t:1").union(&set("S:4:t:3")), set("S:1-4:t:1:3"));
    }

    #[test]
    fn what_the_server_prints_is_read_and_printed_again() {
        let text = format!("{SERVER}:1-5:7,\n{SERVER}:backup:1-2,\n4e11fa47-71ca-11e1-9e33-c80aa9429562:1");
        let expected = format!("{SERVER}:1-5:7:backup:1-2,4e11fa47-71ca-11e1-9e33-c80aa9429562:1");
        let set: GtidSet = text.parse().expect("a set");
        assert_eq!(set.to_string(), expected);
        assert_eq!(expected.parse(), Ok(set));
        for wrong in ["x", SERVER, &format!("{SERVER}:0"), &format!("{SERVER}:3-2"), &format!("{SERVER}:1:T g:1")] {
            assert_eq!(wrong.parse::<GtidSet>(), Err(GtidSetError), "{wrong}");
        }
    }
}
