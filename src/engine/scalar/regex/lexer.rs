//! The text of a pattern to tokens.

use super::charset::{CharSet, Class};
use super::options::{Options, RegexError};

/// Largest count of `{m,n}`.
const COUNT_MAX: u16 = 255;

/// A place that takes no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordStart,
    WordEnd,
    WordBoundary,
    NoWordBoundary,
}

/// How often an atom stands, and whether as often or as rarely as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantifier {
    pub(super) min: u16,
    /// None for any number.
    pub(super) max: Option<u16>,
    /// None keeps the atom's own preference.
    pub(super) greedy: Option<bool>,
}

/// What opens with a parenthesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    Capture,
    Group,
    Look { behind: bool, negated: bool },
}

#[derive(Clone, Debug)]
pub(super) enum Token {
    Set(CharSet),
    Anchor(Anchor),
    Open(Open),
    Close,
    Or,
    Backref(usize),
    Quantifier(Quantifier),
    End,
}

/// What an escape stands for.
pub(super) enum Escape {
    Char(char),
    Class(Class, bool),
    Anchor(Anchor),
    Backref(usize),
}

const BAD_ESCAPE: RegexError = RegexError::Invalid("invalid escape \\ sequence");
const BAD_REPEAT: RegexError = RegexError::Invalid("quantifier operand invalid");
const BAD_COUNT: RegexError = RegexError::Invalid("invalid repetition count(s)");

/// Reads tokens one by one.
pub(super) struct Lexer {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) options: Options,
    /// Capturing parentheses that were opened: tells back references from octal numbers.
    pub(super) captures: usize,
}

impl Lexer {
    /// Past the prefix, with what it says.
    pub(super) fn new(pattern: &str, options: Options) -> Result<Self, RegexError> {
        let mut lexer = Self { text: pattern.chars().collect(), at: 0, options, captures: 0 };
        if options.other_syntax {
            return Err(RegexError::Unsupported("basic and extended regular expressions are not supported"));
        }
        if !options.literal {
            lexer.prefix()?;
        }
        if lexer.options.literal {
            lexer.options = Options { expanded: false, stop_at_newline: false, line_anchors: false, ..lexer.options };
        }
        Ok(lexer)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = wanted.chars().enumerate().all(|(place, c)| self.text.get(self.at + place) == Some(&c));
        if found {
            self.at += wanted.chars().count();
        }
        found
    }

    fn prefix(&mut self) -> Result<(), RegexError> {
        if self.take("***=") {
            self.options.literal = true;
            return Ok(());
        }
        if !self.take("***:") && self.take("***") {
            return Err(if self.peek() == Some('?') { RegexError::Invalid("invalid regexp") } else { BAD_REPEAT });
        }
        let starts = self.peek() == Some('(') && self.text.get(self.at + 1) == Some(&'?');
        if !starts || !self.text.get(self.at + 2).is_some_and(char::is_ascii_alphabetic) {
            return Ok(());
        }
        let bad = RegexError::Invalid("invalid embedded option");
        self.at += 2;
        while let Some(letter) = self.peek().filter(char::is_ascii_alphabetic) {
            if !self.options.set(letter) {
                return Err(bad);
            }
            self.at += 1;
        }
        if self.options.other_syntax {
            return Err(RegexError::Unsupported("basic and extended regular expressions are not supported"));
        }
        if self.take(")") { Ok(()) } else { Err(bad) }
    }

    fn skip_blanks(&mut self) {
        while self.options.expanded {
            match self.peek() {
                Some(c) if c.is_ascii_whitespace() || c == '\u{b}' => self.at += 1,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn one(&self, c: char) -> Token {
        Token::Set(CharSet::one(c, self.options))
    }

    pub(super) fn next(&mut self) -> Result<Token, RegexError> {
        self.skip_blanks();
        let Some(c) = self.peek() else { return Ok(Token::End) };
        self.at += 1;
        if self.options.literal {
            return Ok(self.one(c));
        }
        let lines = self.options.line_anchors;
        Ok(match c {
            '|' => Token::Or,
            ')' => Token::Close,
            '(' => return self.open(),
            '*' => self.quantifier(0, None),
            '+' => self.quantifier(1, None),
            '?' => self.quantifier(0, Some(1)),
            '{' => {
                self.skip_blanks();
                if self.peek().is_some_and(|c| c.is_ascii_digit()) { self.counts()? } else { self.one(c) }
            }
            '.' => Token::Set(CharSet::any(self.options)),
            '^' => Token::Anchor(if lines { Anchor::LineStart } else { Anchor::TextStart }),
            '$' => Token::Anchor(if lines { Anchor::LineEnd } else { Anchor::TextEnd }),
            '[' if self.take("[:<:]]") => Token::Anchor(Anchor::WordStart),
            '[' if self.take("[:>:]]") => Token::Anchor(Anchor::WordEnd),
            '[' => Token::Set(self.bracket()?),
            '\\' => match self.escape()? {
                Escape::Char(c) => self.one(c),
                Escape::Class(class, negated) => Token::Set(CharSet::of_class(class, negated, self.options)),
                Escape::Anchor(anchor) => Token::Anchor(anchor),
                Escape::Backref(number) => Token::Backref(number),
            },
            _ => self.one(c),
        })
    }

    fn open(&mut self) -> Result<Token, RegexError> {
        if !self.take("?") {
            return Ok(Token::Open(Open::Capture));
        }
        if self.take("#") {
            while self.peek().is_some_and(|c| c != ')') {
                self.at += 1;
            }
            self.take(")");
            return self.next();
        }
        let kinds = [
            (":", Open::Group),
            ("=", Open::Look { behind: false, negated: false }),
            ("!", Open::Look { behind: false, negated: true }),
            ("<=", Open::Look { behind: true, negated: false }),
            ("<!", Open::Look { behind: true, negated: true }),
        ];
        let found = kinds.into_iter().find(|(text, _)| self.take(text));
        found.map(|(_, open)| Token::Open(open)).ok_or(BAD_REPEAT)
    }

    fn quantifier(&mut self, min: u16, max: Option<u16>) -> Token {
        let greedy = Some(!self.take("?"));
        Token::Quantifier(Quantifier { min, max, greedy })
    }

    fn count(&mut self) -> Result<u16, RegexError> {
        let mut count = 0u16;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            count = count * 10 + digit as u16;
            if count > COUNT_MAX {
                return Err(BAD_COUNT);
            }
            self.at += 1;
        }
        self.skip_blanks();
        Ok(count)
    }

    /// The rest of `{m}`, `{m,}` or `{m,n}`.
    fn counts(&mut self) -> Result<Token, RegexError> {
        let min = self.count()?;
        let (mut max, mut ranged) = (Some(min), false);
        if self.take(",") {
            self.skip_blanks();
            ranged = true;
            max = if self.peek().is_some_and(|c| c.is_ascii_digit()) { Some(self.count()?) } else { None };
        }
        if self.peek().is_none() {
            return Err(RegexError::Invalid("braces {} not balanced"));
        }
        if !self.take("}") || max.is_some_and(|max| min > max) {
            return Err(BAD_COUNT);
        }
        let greedy = !self.take("?");
        Ok(Token::Quantifier(Quantifier { min, max, greedy: ranged.then_some(greedy) }))
    }

    fn number(&mut self, radix: u32, (least, most): (usize, usize)) -> Result<u32, RegexError> {
        let (mut value, mut count) = (0u32, 0);
        while count < most
            && let Some(digit) = self.peek().and_then(|c| c.to_digit(radix))
        {
            value = value.saturating_mul(radix).saturating_add(digit);
            count += 1;
            self.at += 1;
        }
        if count < least { Err(BAD_ESCAPE) } else { Ok(value) }
    }

    fn coded(&mut self, lengths: (usize, usize)) -> Result<Escape, RegexError> {
        let code = self.number(16, lengths)?;
        char::from_u32(code).map(Escape::Char).ok_or(BAD_ESCAPE)
    }

    /// What follows a backslash.
    pub(super) fn escape(&mut self) -> Result<Escape, RegexError> {
        let c = self.peek().ok_or(BAD_ESCAPE)?;
        self.at += 1;
        Ok(match c {
            'a' => Escape::Char('\u{7}'),
            'b' => Escape::Char('\u{8}'),
            'B' => Escape::Char('\\'),
            'c' => {
                let letter = self.peek().ok_or(BAD_ESCAPE)?;
                self.at += 1;
                Escape::Char(char::from((letter as u32 & 0o37) as u8))
            }
            'e' => Escape::Char('\u{1b}'),
            'f' => Escape::Char('\u{c}'),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            't' => Escape::Char('\t'),
            'v' => Escape::Char('\u{b}'),
            'u' => return self.coded((4, 4)),
            'U' => return self.coded((8, 8)),
            'x' => return self.coded((1, 255)),
            'd' | 'D' => Escape::Class(Class::Digit, c == 'D'),
            's' | 'S' => Escape::Class(Class::Space, c == 'S'),
            'w' | 'W' => Escape::Class(Class::Word, c == 'W'),
            'A' => Escape::Anchor(Anchor::TextStart),
            'Z' => Escape::Anchor(Anchor::TextEnd),
            'm' => Escape::Anchor(Anchor::WordStart),
            'M' => Escape::Anchor(Anchor::WordEnd),
            'y' => Escape::Anchor(Anchor::WordBoundary),
            'Y' => Escape::Anchor(Anchor::NoWordBoundary),
            '0'..='9' => return self.digits(),
            _ if c.is_ascii_alphanumeric() => return Err(BAD_ESCAPE),
            _ => Escape::Char(c),
        })
    }

    /// One digit, or the number of parentheses that were opened, is a back reference; else an octal number.
    fn digits(&mut self) -> Result<Escape, RegexError> {
        self.at -= 1;
        let start = self.at;
        if self.peek() != Some('0') {
            let number = self.number(10, (1, 255))? as usize;
            if self.at == start + 1 || (number > 0 && number <= self.captures) {
                return Ok(Escape::Backref(number));
            }
            self.at = start;
        }
        let mut code = self.number(8, (1, 3))?;
        if code > 0xff {
            self.at -= 1;
            code >>= 3;
        }
        char::from_u32(code).map(Escape::Char).ok_or(BAD_ESCAPE)
    }
}
