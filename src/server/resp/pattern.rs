//! Glob patterns as Redis has them: `*`, `?`, `[a-z]`, `[^a]`, `\x`.

/// Whether `text` matches `pattern`. Takes at most the product of both lengths in time.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where to go on when what follows the last `*` does not match: the star takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() || at < pattern.len() {
        if pattern.get(at) == Some(&b'*') {
            retry = Some((at, read + 1));
            at += 1;
            continue;
        }
        let one = text.get(read).and_then(|&byte| matches_one(&pattern[at..], byte));
        match (one, retry) {
            (Some(used), _) => (at, read) = (at + used, read + 1),
            (None, Some((star, next))) if next <= text.len() => {
                (at, read) = (star, next);
            }
            (None, _) => return false,
        }
    }
    true
}

/// Bytes of the pattern that match `byte`, when its first element does.
fn matches_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => {
            let (used, hit) = matches_class(rest, byte);
            hit.then_some(used + 1)
        }
        [plain, ..] => (*plain == byte).then_some(1),
    }
}

/// Length of the class after `[`, and whether `byte` is in it. A class that is not closed ends with the pattern.
fn matches_class(class: &[u8], byte: u8) -> (usize, bool) {
    let negated = class.first() == Some(&b'^');
    let (mut at, mut hit) = (usize::from(negated), false);
    loop {
        match class.get(at..).unwrap_or(&[]) {
            [] => return (class.len(), hit != negated),
            [b']', ..] => return (at + 1, hit != negated),
            [b'\\', escaped, ..] => {
                hit |= *escaped == byte;
                at += 2;
            }
            [low, b'-', high, ..] if *high != b']' => {
                hit |= (*low.min(high)..=*low.max(high)).contains(&byte);
                at += 3;
            }
            [plain, ..] => {
                hit |= *plain == byte;
                at += 1;
            }
        }
    }
}

/// The bytes that every match of `pattern` starts with, and whether a match is exactly these bytes.
pub(super) fn literal_prefix(pattern: &[u8]) -> (Vec<u8>, bool) {
    let (mut prefix, mut at) = (Vec::new(), 0);
    while at < pattern.len() {
        match &pattern[at..] {
            [b'*' | b'?' | b'[', ..] => return (prefix, false),
            [b'\\', escaped, ..] => {
                prefix.push(*escaped);
                at += 2;
            }
            [plain, ..] => {
                prefix.push(*plain);
                at += 1;
            }
            [] => break,
        }
    }
    (prefix, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("orders:*", "orders:1", true),
            ("orders:*", "order:1", false),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*ab", "aab", true),
            ("a[", "a", false),
            ("", "", true),
            ("", "a", false),
            ("***", "abc", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_is_answered_in_time() {
        let pattern = "*a".repeat(200);
        assert!(!matches(format!("{pattern}b").as_bytes(), "a".repeat(5_000).as_bytes()));
    }

    #[test]
    fn the_literal_prefix_stops_at_the_first_wildcard() {
        assert_eq!(literal_prefix(b"orders:*"), (b"orders:".to_vec(), false));
        assert_eq!(literal_prefix(b"a\\*b"), (b"a*b".to_vec(), true));
        assert_eq!(literal_prefix(b"*"), (vec![], false));
    }

    proptest! {
        #[test]
        fn every_match_starts_with_the_literal_prefix(pattern in "[ab*?\\[\\]\\\\^-]{0,8}", text in "[ab*]{0,6}") {
            let (prefix, exact) = literal_prefix(pattern.as_bytes());
            if matches(pattern.as_bytes(), text.as_bytes()) {
                prop_assert!(text.as_bytes().starts_with(&prefix));
                prop_assert!(!exact || text.as_bytes() == prefix);
            }
        }
    }
}
