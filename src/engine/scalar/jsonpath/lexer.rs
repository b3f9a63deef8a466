//! Text to tokens. Of what fits, the longest is taken, as Postgres' scanner does.

use crate::engine::scalar::expression::RowError;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword without quotes.
    Word(String),
    /// In double quotes.
    Text(String),
    /// `$name`
    Variable(String),
    /// Digits alone.
    Integer(String),
    /// Any other number.
    Number(String),
    /// An operator or a bracket.
    Symbol(&'static str),
}

/// Longer ones first.
const SYMBOLS: [&str; 32] = [
    "&&", "||", "**", "<=", "<>", "==", "!=", ">=", "?", "%", "$", ".", "[", "]", "{", "}", "(", ")", "|", "&", "!",
    "=", "<", ">", "@", "#", ",", "*", ":", "-", "+", "/",
];

pub(super) fn syntax() -> RowError {
    RowError::new("42601", "syntax error in jsonpath")
}

fn invalid(message: &str) -> RowError {
    RowError::new("42601", format!("{message} in jsonpath"))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// What names are made of.
fn is_other(c: char) -> bool {
    !is_blank(c) && !matches!(c, '\\' | '"') && !"?%$.[]{}()|&!=<>@#,*:-+/".contains(c)
}

struct Lexer<'a> {
    source: &'a str,
    tokens: Vec<Token>,
}

/// All tokens of a path.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, RowError> {
    let mut lexer = Lexer { source, tokens: Vec::new() };
    while let Some(first) = lexer.source.chars().next() {
        lexer.token(first)?;
    }
    Ok(lexer.tokens)
}

impl<'a> Lexer<'a> {
    fn skip(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.source.split_at(bytes);
        self.source = rest;
        taken
    }

    fn token(&mut self, first: char) -> Result<(), RowError> {
        if is_blank(first) {
            self.skip(first.len_utf8());
            return Ok(());
        }
        if self.source.starts_with("/*") {
            return self.comment();
        }
        if first == '"' {
            self.skip(1);
            let text = self.quoted()?;
            self.tokens.push(Token::Text(text));
            return Ok(());
        }
        if first == '$' {
            return self.variable();
        }
        let is_digit = |c: char| c.is_ascii_digit();
        if (is_digit(first) || first == '.' && self.source[1..].starts_with(is_digit))
            && let Some(token) = self.number()?
        {
            self.tokens.push(token);
            return Ok(());
        }
        if is_other(first) || first == '\\' {
            return self.word();
        }
        let symbol = SYMBOLS.iter().find(|symbol| self.source.starts_with(**symbol)).ok_or_else(syntax)?;
        self.skip(symbol.len());
        self.tokens.push(Token::Symbol(symbol));
        Ok(())
    }

    fn comment(&mut self) -> Result<(), RowError> {
        let end = self.source[2..].find("*/").ok_or_else(|| invalid("unexpected end of comment"))?;
        self.skip(end + 4);
        Ok(())
    }

    fn variable(&mut self) -> Result<(), RowError> {
        self.skip(1);
        if self.source.starts_with('"') {
            self.skip(1);
            let name = self.quoted()?;
            self.tokens.push(Token::Variable(name));
            return Ok(());
        }
        let name = self.skip(length_while(self.source, is_other));
        self.tokens.push(if name.is_empty() { Token::Symbol("$") } else { Token::Variable(name.to_owned()) });
        Ok(())
    }

    /// The rest of a text in quotes.
    fn quoted(&mut self) -> Result<String, RowError> {
        let mut out = String::new();
        loop {
            match self.source.chars().next().ok_or_else(|| invalid("unexpected end of quoted string"))? {
                '"' => {
                    self.skip(1);
                    return Ok(out);
                }
                '\\' => self.escape(&mut out)?,
                c => {
                    self.skip(c.len_utf8());
                    out.push(c);
                }
            }
        }
    }

    fn word(&mut self) -> Result<(), RowError> {
        let mut out = String::new();
        loop {
            match self.source.chars().next() {
                Some('\\') => self.escape(&mut out)?,
                Some(c) if is_other(c) => {
                    self.skip(c.len_utf8());
                    out.push(c);
                }
                // Postgres loses a name that a comment follows at once.
                Some('/') if self.source.starts_with("/*") => return self.comment(),
                _ => {
                    self.tokens.push(Token::Word(out));
                    return Ok(());
                }
            }
        }
    }

    /// A number; nothing where a name that begins with digits is longer.
    fn number(&mut self) -> Result<Option<Token>, RowError> {
        let source = self.source;
        let digits = |from: usize| length_while(&source[from..], |c| c.is_ascii_digit());
        let integer = if source.starts_with('0') { 1 } else { digits(0) };
        let decimal = source[integer..].starts_with('.').then(|| integer + 1 + digits(integer + 1));
        let (mut real, mut broken) = (None, 0);
        for mantissa in [Some(integer).filter(|length| *length > 0), decimal].into_iter().flatten() {
            let Some(sign) = source[mantissa..].strip_prefix(['e', 'E']) else { continue };
            let exponent = mantissa + 1 + usize::from(sign.starts_with(['+', '-']));
            match digits(exponent) {
                0 if exponent > mantissa + 1 => broken = exponent,
                0 => {}
                length => real = Some(exponent + length),
            }
        }
        let ends = [Some(integer).filter(|length| *length > 0), decimal, real];
        let longest = ends.iter().flatten().copied().max().unwrap_or(0);
        let junk = |end: &usize| source[*end..].chars().next().filter(|c| is_other(*c)).map(|c| end + c.len_utf8());
        let junk = ends.iter().flatten().filter_map(junk).max().unwrap_or(0);
        let word = length_while(source, is_other);
        if longest >= broken.max(junk).max(word) {
            let text = self.skip(longest).to_owned();
            return Ok(Some(if longest == integer { Token::Integer(text) } else { Token::Number(text) }));
        }
        match broken.max(junk) >= word {
            true if broken >= junk => Err(invalid("invalid numeric literal")),
            true => Err(invalid("trailing junk after numeric literal")),
            false => Ok(None),
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, out: &mut String) -> Result<(), RowError> {
        let letter = self.source[1..].chars().next().ok_or_else(|| invalid("unexpected end after backslash"))?;
        if letter == 'u' {
            return self.unicode(out);
        }
        self.skip(1 + letter.len_utf8());
        out.push(match letter {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => {
                let digits = self.source.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let code = code.ok_or_else(|| invalid("invalid hex character sequence"))?;
                self.skip(2);
                character(code)?
            }
            other => other,
        });
        Ok(())
    }

    /// One `\u…` after another: halves of characters stand side by side.
    fn unicode(&mut self, out: &mut String) -> Result<(), RowError> {
        let mut high: Option<u32> = None;
        let pair = || RowError::new("22P02", "invalid input syntax for type jsonpath");
        while self.source.starts_with("\\u") {
            self.skip(2);
            let code = self.code_point()?;
            match (high, code) {
                (None, 0xD800..0xDC00) => high = Some(code),
                (Some(first), 0xDC00..0xE000) => {
                    out.push(character(0x1_0000 + ((first - 0xD800) << 10) + (code - 0xDC00))?);
                    high = None;
                }
                (Some(_), _) | (None, 0xDC00..0xE000) => return Err(pair()),
                (None, code) => out.push(character(code)?),
            }
        }
        if high.is_some() { Err(pair()) } else { Ok(()) }
    }

    fn code_point(&mut self) -> Result<u32, RowError> {
        let broken = || invalid("invalid unicode sequence");
        let braced = self.source.starts_with('{');
        let rest = &self.source[usize::from(braced)..];
        let digits = length_while(rest, |c| c.is_ascii_hexdigit());
        let digits = match braced {
            true if (1..=6).contains(&digits) && rest[digits..].starts_with('}') => digits,
            false if digits >= 4 => 4,
            _ => return Err(broken()),
        };
        let code = u32::from_str_radix(&rest[..digits], 16).map_err(|_| broken())?;
        self.skip(digits + 2 * usize::from(braced));
        Ok(code)
    }
}

fn character(code: u32) -> Result<char, RowError> {
    if code == 0 {
        return Err(RowError::new("22P05", "unsupported Unicode escape sequence"));
    }
    char::from_u32(code).ok_or_else(|| invalid("invalid Unicode code point"))
}

fn length_while(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}
