//! Where the whole matches: the leftmost place, and from there the longest or shortest text, as the whole prefers.

use super::charset::lower;
use super::dissect::Part;
use super::options::{Options, RegexError};
use super::parser::parse;
use super::program::Text;
use super::tree::Flags;

/// Begin and end of the whole match and of every capture, in characters.
pub(in crate::engine::scalar) type Captures = Vec<Option<(usize, usize)>>;

/// A compiled pattern.
pub(in crate::engine::scalar) struct Regex {
    root: Part,
    captures: usize,
    shorter: bool,
    has_backrefs: bool,
    options: Options,
}

impl Regex {
    pub(in crate::engine::scalar) fn new(pattern: &str, options: Options) -> Result<Self, RegexError> {
        let parsed = parse(pattern, options)?;
        Ok(Self {
            shorter: parsed.root.flags.has(Flags::SHORTER),
            root: Part::new(parsed.root)?,
            captures: parsed.captures,
            has_backrefs: parsed.has_backrefs,
            options: parsed.options,
        })
    }

    /// Number of capturing parentheses.
    pub(in crate::engine::scalar) fn captures(&self) -> usize {
        self.captures
    }

    /// Whether the text matches anywhere.
    pub(in crate::engine::scalar) fn is_match(&self, characters: &[char]) -> Result<bool, RegexError> {
        if self.has_backrefs {
            return Ok(self.find(characters, 0)?.is_some());
        }
        let text = Text::new(characters, self.options.letters);
        let found = self.root.program.first_end(&text, 0).is_some();
        text.exhausted()?;
        Ok(found)
    }

    /// The first match that begins at `from` or later.
    pub(in crate::engine::scalar) fn find(
        &self,
        characters: &[char],
        from: usize,
    ) -> Result<Option<Captures>, RegexError> {
        let text = Text::new(characters, self.options.letters);
        let found = self.search(&text, from);
        text.exhausted()?;
        Ok(found)
    }

    fn search(&self, text: &Text<'_>, from: usize) -> Option<Captures> {
        let (program, last) = (&self.root.program, text.characters.len());
        let (mut begin, mut seek) = (from, from);
        loop {
            // Only a text that begins before the first end can be the leftmost.
            let close = program.first_end(text, seek)?;
            let mut begins = (begin..=close).filter(|begin| program.may_begin(text, *begin));
            if let Some(found) = begins.find_map(|begin| self.match_at(text, begin)) {
                return Some(found);
            }
            (begin, seek) = (close + 1, close + 1);
            // Back references failed; Postgres does not begin again where the text ends.
            if seek >= last {
                return None;
            }
        }
    }

    fn match_at(&self, text: &Text<'_>, begin: usize) -> Option<Captures> {
        let program = &self.root.program;
        let (mut least, mut most) = (begin, text.characters.len());
        loop {
            let end = match self.shorter {
                true => program.shortest(text, begin, (least, most)),
                false => program.longest(text, begin, most),
            }?;
            let mut captures = vec![None; self.captures + 1];
            if self.root.dissect(&self.view(text), (begin, end), &mut captures) {
                captures[0] = Some((begin, end));
                return Some(captures);
            }
            if if self.shorter { end >= most } else { end <= begin } {
                return None;
            }
            if self.shorter { least = end + 1 } else { most = end - 1 }
        }
    }

    fn view<'a>(&self, text: &'a Text<'a>) -> View<'a> {
        View { text, options: self.options }
    }
}

/// A text with how its letters compare.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) text: &'a Text<'a>,
    options: Options,
}

impl View<'_> {
    /// Whether two pieces of the text are equal.
    pub(super) fn equal(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        let piece = |range: (usize, usize)| &self.text.characters[range.0..range.1];
        let (one, other) = (piece(one), piece(other));
        if !self.options.ignore_case {
            return one == other;
        }
        let small = |c: &char| lower(*c, self.options.letters);
        one.len() == other.len() && one.iter().map(small).eq(other.iter().map(small))
    }
}
