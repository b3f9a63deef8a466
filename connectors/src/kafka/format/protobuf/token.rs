//! The text of a `.proto` file as words, numbers, strings and signs; comments are gone.

use std::borrow::Cow;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, perhaps with dots; a keyword.
    Word(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// A string without its quotes, escapes as they are.
    Text(Cow<'a, str>),
    /// Any other character.
    Sign(char),
}

/// A piece and the line on which it begins.
pub(super) type Placed<'a> = (usize, Token<'a>);

/// The pieces of a text; the error names the line.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                let end = rest[2..].find("*/").ok_or_else(|| format!("line {line}: a comment does not end"))?;
                (None, end + 4)
            }
            '"' | '\'' => {
                let length = quoted(rest, first).ok_or_else(|| format!("line {line}: a string does not end"))?;
                (Some(Token::Text(Cow::Borrowed(&rest[1..length - 1]))), length)
            }
            c if c.is_ascii_alphabetic() || c == '_' || (c == '.' && starts_name(&rest[1..])) => {
                let length = 1 + run(&rest[1..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
                (Some(Token::Word(&rest[..length])), length)
            }
            c if c.is_ascii_digit() => {
                let length = run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '.'));
                (Some(Token::Number(&rest[..length])), length)
            }
            c => (Some(Token::Sign(c)), c.len_utf8()),
        };
        found.extend(token.map(|token| (line, token)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    Ok(found)
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn run(text: &str, is_of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_of(c)).unwrap_or(text.len())
}

/// Length with both quotes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return None,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}
