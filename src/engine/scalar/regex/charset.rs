//! Sets of characters: ranges, POSIX classes, case.

use super::options::{Letters, Options};

const LAST: u32 = 0x0010_FFFF;

/// A POSIX class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
    Word,
}

impl Class {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "alnum" => Self::Alnum,
            "alpha" => Self::Alpha,
            "ascii" => Self::Ascii,
            "blank" => Self::Blank,
            "cntrl" => Self::Cntrl,
            "digit" => Self::Digit,
            "graph" => Self::Graph,
            "lower" => Self::Lower,
            "print" => Self::Print,
            "punct" => Self::Punct,
            "space" => Self::Space,
            "upper" => Self::Upper,
            "xdigit" => Self::Xdigit,
            "word" => Self::Word,
            _ => return None,
        })
    }

    pub(super) fn contains(self, c: char, letters: Letters) -> bool {
        let known = c.is_ascii() || letters == Letters::Unicode;
        match self {
            Self::Alnum => known && (is_alpha(c) || c.is_ascii_digit()),
            Self::Alpha => known && is_alpha(c),
            Self::Ascii => c.is_ascii(),
            Self::Blank => known && (c == '\t' || is_blank(c)),
            Self::Cntrl => known && is_control(c),
            Self::Digit => c.is_ascii_digit(),
            Self::Graph => known && !is_control(c) && !is_space(c),
            Self::Lower => known && c.is_lowercase(),
            Self::Print => known && !is_control(c) && (c == ' ' || !c.is_ascii_whitespace()),
            Self::Punct => known && !is_control(c) && !is_space(c) && !is_alpha(c) && !c.is_ascii_digit(),
            Self::Space => known && is_space(c),
            Self::Upper => known && c.is_uppercase(),
            Self::Xdigit => c.is_ascii_hexdigit(),
            Self::Word => c == '_' || (known && (is_alpha(c) || c.is_ascii_digit())),
        }
    }
}

/// The C library counts digits of other scripts as letters.
fn is_alpha(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { c.is_alphanumeric() }
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Blanks that may not be broken are none to the C library.
fn is_blank(c: char) -> bool {
    c == ' ' || (is_space(c) && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}'))
}

fn is_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ') || (c > '\u{a0}' && c.is_whitespace() && !matches!(c, '\u{2007}' | '\u{202f}'))
}

/// What the C library calls the capital.
pub(super) fn upper(c: char, letters: Letters) -> char {
    if letters == Letters::Ascii {
        return c.to_ascii_uppercase();
    }
    let mut found = c.to_uppercase();
    if found.len() == 1 { found.next().unwrap_or(c) } else { c }
}

/// What it calls the small letter.
pub(super) fn lower(c: char, letters: Letters) -> char {
    if letters == Letters::Ascii { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub(super) struct CharSet {
    /// Membership of the first 128 characters.
    ascii: u128,
    /// All ranges, sorted once the set is sealed.
    ranges: Vec<(u32, u32)>,
    classes: Vec<(Class, bool)>,
    letters: Letters,
    complement: bool,
    /// Left out of a complement.
    no_newline: bool,
}

impl CharSet {
    /// Every character, or all but the newline.
    pub(super) fn any(options: Options) -> Self {
        Self { complement: true, no_newline: options.stop_at_newline, ..Self::empty(options) }.sealed()
    }

    pub(super) fn empty(options: Options) -> Self {
        Self { letters: options.letters, ..Self::default() }
    }

    /// One character, in both cases where they do not count.
    pub(super) fn one(c: char, options: Options) -> Self {
        let mut set = Self::empty(options);
        set.add(c, options);
        set.sealed()
    }

    pub(super) fn of_class(class: Class, negated: bool, options: Options) -> Self {
        let mut set = Self::empty(options);
        set.add_class(class, negated, options);
        set.sealed()
    }

    pub(super) fn add(&mut self, c: char, options: Options) {
        if options.ignore_case {
            let (small, capital) = (lower(c, self.letters), upper(c, self.letters));
            self.ranges.extend([(small as u32, small as u32), (capital as u32, capital as u32)]);
        } else {
            self.ranges.push((c as u32, c as u32));
        }
    }

    pub(super) fn add_range(&mut self, first: char, last: char, options: Options) {
        self.ranges.push((first as u32, last as u32));
        if options.ignore_case {
            for c in first..=last {
                self.add(c, options);
            }
        }
    }

    pub(super) fn add_class(&mut self, class: Class, negated: bool, options: Options) {
        let cased = options.ignore_case && matches!(class, Class::Lower | Class::Upper);
        self.classes.push((if cased { Class::Alpha } else { class }, negated));
    }

    pub(super) fn complemented(mut self, options: Options) -> Self {
        self.complement = true;
        self.no_newline = options.stop_at_newline;
        self.sealed()
    }

    /// Ready to be asked.
    pub(super) fn sealed(mut self) -> Self {
        self.ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in self.ranges.drain(..) {
            match merged.last_mut() {
                Some(known) if first <= known.1.saturating_add(1) => known.1 = known.1.max(last.min(LAST)),
                _ => merged.push((first, last)),
            }
        }
        self.ranges = merged;
        self.ascii = (0..128u8).filter(|code| self.holds(char::from(*code))).fold(0, |set, code| set | 1 << code);
        self
    }

    fn holds(&self, c: char) -> bool {
        if self.complement && self.no_newline && c == '\n' {
            return false;
        }
        let code = c as u32;
        let at = self.ranges.partition_point(|range| range.1 < code);
        let listed = self.ranges.get(at).is_some_and(|range| range.0 <= code);
        let found = listed || self.classes.iter().any(|(class, negated)| class.contains(c, self.letters) != *negated);
        found != self.complement
    }

    pub(super) fn contains(&self, c: char) -> bool {
        if c.is_ascii() { self.ascii >> (c as u32) & 1 == 1 } else { self.holds(c) }
    }
}
