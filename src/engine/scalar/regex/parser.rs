//! Tokens to the tree of parts.

use std::rc::Rc;

use super::lexer::{Lexer, Open, Quantifier, Token};
use super::options::{Options, RegexError};
use super::tree::{Atom, Item, Node, Re, alternatives, branch};

/// Parentheses in each other.
const DEPTH_MAX: usize = 200;
const UNBALANCED: RegexError = RegexError::Invalid("parentheses () not balanced");
const ONCE: Quantifier = Quantifier { min: 1, max: Some(1), greedy: None };

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) captures: usize,
    pub(super) has_backrefs: bool,
    /// With what the pattern's own prefix says.
    pub(super) options: Options,
}

/// Where a list of branches stands.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    /// Parentheses in there capture nothing.
    looking: bool,
}

struct Parser {
    lexer: Lexer,
    token: Token,
    /// What closed captures take.
    captures: Vec<Option<Re>>,
    has_backrefs: bool,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &str, options: Options) -> Result<Parsed, RegexError> {
    let mut lexer = Lexer::new(pattern, options)?;
    let token = lexer.next()?;
    let mut parser = Parser { lexer, token, captures: Vec::new(), has_backrefs: false };
    let root = parser.branches(Place { depth: 0, looking: false })?;
    Ok(Parsed {
        root,
        captures: parser.captures.len(),
        has_backrefs: parser.has_backrefs,
        options: parser.lexer.options,
    })
}

impl Parser {
    fn advance(&mut self) -> Result<(), RegexError> {
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn branches(&mut self, place: Place) -> Result<Node, RegexError> {
        if place.depth > DEPTH_MAX {
            return Err(RegexError::Invalid("regular expression is too complex"));
        }
        let mut found = vec![self.branch(place)?];
        while matches!(self.token, Token::Or) {
            self.advance()?;
            found.push(self.branch(place)?);
        }
        match (&self.token, place.depth) {
            (Token::Close, 0) => return Err(UNBALANCED),
            (Token::Close, _) => self.advance()?,
            (_, 0) => {}
            _ => return Err(UNBALANCED),
        }
        Ok(alternatives(found))
    }

    fn branch(&mut self, place: Place) -> Result<Node, RegexError> {
        let mut items: Vec<Item> = Vec::new();
        while !matches!(self.token, Token::Or | Token::Close | Token::End) {
            let atom = self.atom(place)?;
            let takes_quantifier = !matches!(atom, Atom::Constraint(_));
            let quantifier = match self.token {
                Token::Quantifier(quantifier) if takes_quantifier => {
                    self.advance()?;
                    quantifier
                }
                _ => ONCE,
            };
            items.push((atom, quantifier));
        }
        Ok(branch(&items))
    }

    fn atom(&mut self, place: Place) -> Result<Atom, RegexError> {
        let inside = Place { depth: place.depth + 1, ..place };
        match std::mem::replace(&mut self.token, Token::End) {
            Token::Set(set) => {
                self.advance()?;
                Ok(Atom::Set(Re::Set(Rc::new(set))))
            }
            Token::Anchor(anchor) => {
                self.advance()?;
                Ok(Atom::Constraint(Re::Anchor(anchor)))
            }
            Token::Open(Open::Look { behind, negated }) => {
                self.advance()?;
                let inner = self.branches(Place { looking: true, ..inside })?;
                Ok(Atom::Constraint(Re::Look { behind, negated, inner: Rc::new(inner.re) }))
            }
            Token::Open(Open::Capture) if !place.looking => {
                self.captures.push(None);
                self.lexer.captures = self.captures.len();
                let number = self.captures.len();
                self.advance()?;
                let node = self.branches(inside)?.captured(number);
                self.captures[number - 1] = Some(node.re.clone());
                Ok(Atom::Group(node))
            }
            Token::Open(_) => {
                self.advance()?;
                Ok(Atom::Group(self.branches(inside)?))
            }
            Token::Backref(number) => {
                let capture = number.checked_sub(1).and_then(|place| self.captures.get(place).cloned().flatten());
                let capture = capture.filter(|_| !place.looking);
                let re = capture.ok_or(RegexError::Invalid("invalid backreference number"))?;
                self.has_backrefs = true;
                self.advance()?;
                Ok(Atom::Backref(number, re.without_constraints()))
            }
            _ => Err(RegexError::Invalid("quantifier operand invalid")),
        }
    }
}
