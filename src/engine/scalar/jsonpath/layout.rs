//! Where parts of a document stand in Postgres' binary form of it: `.keyvalue()` shows that as `id`.
//!
//! A container is a word with its size, a word for each key and value, then their bytes: all keys before all values. Numbers
//! and containers begin at multiples of a word.

use tailwater_connectors::Numeric;

use super::item::Item;

const WORD: u64 = 4;
/// Decimal digits that Postgres keeps in one digit of a number.
const DIGITS: i64 = 4;

/// Bytes from the begin of a document to that of a part; nothing for what is no part of it.
pub(super) fn offset(document: &Item, part: &Item) -> Option<u64> {
    Walk { part, found: None }.placed(document, 0).found
}

struct Walk<'a> {
    part: &'a Item,
    found: Option<u64>,
}

impl Walk<'_> {
    fn placed(mut self, document: &Item, at: u64) -> Self {
        self.end(document, at);
        self
    }

    /// Where a value that begins at `at` or behind ends.
    fn end(&mut self, item: &Item, at: u64) -> u64 {
        match item {
            Item::Null | Item::Bool(_) | Item::Moment(_) => at,
            Item::Text(text) => at + text.len() as u64,
            Item::Number(number) => aligned(at) + number_bytes(number),
            Item::Array(elements) => {
                let start = self.begin(item, at);
                let first = start + WORD * (1 + elements.len() as u64);
                elements.iter().fold(first, |at, element| self.end(element, at))
            }
            Item::Object(fields) => {
                let start = self.begin(item, at);
                let keys: u64 = fields.iter().map(|(key, _)| key.len() as u64).sum();
                let first = start + WORD * (1 + 2 * fields.len() as u64) + keys;
                fields.iter().fold(first, |at, (_, value)| self.end(value, at))
            }
        }
    }

    fn begin(&mut self, item: &Item, at: u64) -> u64 {
        let start = aligned(at);
        if item.is_same_part(self.part) {
            self.found = self.found.or(Some(start));
        }
        start
    }
}

fn aligned(at: u64) -> u64 {
    at.div_ceil(WORD) * WORD
}

/// Length word, header, digits to the base of ten thousand without zeros around.
fn number_bytes(number: &Numeric) -> u64 {
    let Some((mantissa, scale)) = number.to_parts() else { return WORD };
    let digits = mantissa.magnitude().to_str_radix(10);
    let scale = i64::from(scale);
    let kept = digits.trim_end_matches('0');
    let (count, weight) = if kept.is_empty() {
        (0, 0)
    } else {
        // Powers of ten of the first and the last digit that count.
        let first = digits.len() as i64 - 1 - scale;
        let last = first - (kept.len() as i64 - 1);
        let (high, low) = (first.div_euclid(DIGITS), last.div_euclid(DIGITS));
        (high - low + 1, high)
    };
    let is_short = scale <= 63 && (-64..=63).contains(&weight);
    WORD + if is_short { 2 } else { 4 } + 2 * count as u64
}
