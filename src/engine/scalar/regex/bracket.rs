//! `[...]` to a set.

use super::charset::{CharSet, Class};
use super::lexer::{Escape, Lexer};
use super::options::RegexError;

const UNBALANCED: RegexError = RegexError::Invalid("brackets [] not balanced");
const BAD_RANGE: RegexError = RegexError::Invalid("invalid character range");

enum Part {
    Char(char),
    /// A minus that is none of the characters.
    Minus,
    Class(Class, bool),
    Equivalent(char),
    End,
}

impl Lexer {
    /// The rest of a bracket expression.
    pub(super) fn bracket(&mut self) -> Result<CharSet, RegexError> {
        let complement = self.take("^");
        let mut set = CharSet::empty(self.options);
        let mut first = true;
        loop {
            let part = self.part(first)?;
            first = false;
            let start = match part {
                Part::End => break,
                Part::Minus => return Err(BAD_RANGE),
                Part::Class(class, negated) => {
                    set.add_class(class, negated, self.options);
                    continue;
                }
                Part::Equivalent(c) => {
                    set.add(c, self.options);
                    continue;
                }
                Part::Char(c) => c,
            };
            // A minus between two characters, not before the closing bracket.
            if self.peek() == Some('-') && self.text.get(self.at + 1) != Some(&']') {
                self.at += 1;
                let end = match self.part(false)? {
                    Part::Char(end) => end,
                    Part::Minus => '-',
                    _ => return Err(BAD_RANGE),
                };
                if end < start {
                    return Err(BAD_RANGE);
                }
                set.add_range(start, end, self.options);
            } else {
                set.add(start, self.options);
            }
        }
        Ok(if complement { set.complemented(self.options) } else { set.sealed() })
    }

    fn part(&mut self, first: bool) -> Result<Part, RegexError> {
        let c = self.peek().ok_or(UNBALANCED)?;
        self.at += 1;
        Ok(match c {
            ']' if !first => Part::End,
            '-' if !first && self.peek() != Some(']') => Part::Minus,
            '\\' => match self.escape()? {
                Escape::Char(c) => Part::Char(c),
                Escape::Class(class, negated) => Part::Class(class, negated),
                _ => return Err(RegexError::Invalid("invalid escape \\ sequence")),
            },
            '[' => match self.peek() {
                None => return Err(UNBALANCED),
                Some(':') => {
                    let name = self.named(':')?;
                    let class = Class::named(&name).ok_or(RegexError::Invalid("invalid character class"))?;
                    Part::Class(class, false)
                }
                Some('.') => Part::Char(self.element('.')?),
                Some('=') => Part::Equivalent(self.element('=')?),
                Some(_) => Part::Char('['),
            },
            _ => Part::Char(c),
        })
    }

    /// The name in `[:name:]`, past its end.
    fn named(&mut self, mark: char) -> Result<String, RegexError> {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some() {
            if self.peek() == Some(mark) && self.text.get(self.at + 1) == Some(&']') {
                let name = self.text[start..self.at].iter().collect();
                self.at += 2;
                return Ok(name);
            }
            self.at += 1;
        }
        Err(UNBALANCED)
    }

    fn element(&mut self, mark: char) -> Result<char, RegexError> {
        let name = self.named(mark)?;
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) => Ok(c),
            (None, _) => Err(RegexError::Invalid("invalid collating element")),
            _ => Err(RegexError::Unsupported("names of collating elements are not supported")),
        }
    }
}
