//! Tokens to a path.

use std::rc::Rc;

use tailwater_connectors::Numeric;

use super::lexer::{Token, syntax, tokens};
use super::path::{Arithmetic, Chain, Comparison, Condition, Head, LAST, Method, Path, Pattern, Step};
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::regex::{Options, Regex, RegexError};

/// Deeper nesting is refused: parsing and running recurse.
const DEPTH_MAX: usize = 128;

type Parsed<T> = Result<T, RowError>;

/// The grammar keeps values and conditions apart.
enum Part {
    Value(Chain),
    /// And whether it stands in parentheses.
    Condition(Condition, bool),
}

impl Part {
    fn value(self) -> Parsed<Chain> {
        match self {
            Self::Value(chain) => Ok(chain),
            Self::Condition(..) => Err(syntax()),
        }
    }

    fn condition(self) -> Parsed<Condition> {
        match self {
            Self::Condition(condition, _) => Ok(condition),
            Self::Value(_) => Err(syntax()),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Filters and subscripts around this place.
    filters: usize,
    subscripts: usize,
}

/// The path that a text is.
pub(in crate::engine::scalar) fn parse(source: &str) -> Parsed<Path> {
    let tokens = tokens(source)?;
    if tokens.is_empty() {
        return Err(RowError::new("22P02", "invalid input syntax for type jsonpath"));
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, filters: 0, subscripts: 0 };
    let strict = parser.take_word("strict");
    if !strict {
        parser.take_word("lax");
    }
    let chain = match parser.either()? {
        Part::Value(chain) => chain,
        Part::Condition(condition, _) => Chain { head: Head::Condition(Box::new(condition)), steps: Vec::new() },
    };
    if parser.at < parser.tokens.len() {
        return Err(syntax());
    }
    Ok(Path { strict, chain })
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Parsed<Token> {
        let token = self.peek().cloned().ok_or_else(syntax)?;
        self.at += 1;
        Ok(token)
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(syntax()) }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    /// OR, the loosest.
    fn either(&mut self) -> Parsed<Part> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(RowError::new("54001", "stack depth limit exceeded"));
        }
        let mut left = self.both()?;
        while self.take("||") {
            let sides = Box::new((left.condition()?, self.both()?.condition()?));
            left = Part::Condition(Condition::Or(sides), false);
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Parsed<Part> {
        let mut left = self.test()?;
        while self.take("&&") {
            let sides = Box::new((left.condition()?, self.test()?.condition()?));
            left = Part::Condition(Condition::And(sides), false);
        }
        Ok(left)
    }

    /// A comparison, or a value alone.
    fn test(&mut self) -> Parsed<Part> {
        let plain = |condition| Ok(Part::Condition(condition, false));
        if self.take("!") {
            let inner = match self.peek() {
                Some(Token::Symbol("(")) => self.enclosed()?.condition()?,
                _ => self.exists()?.ok_or_else(syntax)?,
            };
            return plain(Condition::Not(Box::new(inner)));
        }
        if let Some(exists) = self.exists()? {
            return plain(exists);
        }
        let left = self.sum()?;
        if matches!(left, Part::Condition(_, true)) && self.take_word("is") {
            return if self.take_word("unknown") {
                plain(Condition::IsUnknown(Box::new(left.condition()?)))
            } else {
                Err(syntax())
            };
        }
        if let Some(comparison) = self.comparison() {
            return plain(Condition::Compare(comparison, Box::new((left.value()?, self.sum()?.value()?))));
        }
        if self.take_word("starts") {
            if !self.take_word("with") {
                return Err(syntax());
            }
            let head = match self.next()? {
                Token::Text(text) => Head::Text(text),
                Token::Variable(name) => Head::Variable(name),
                _ => return Err(syntax()),
            };
            return plain(Condition::StartsWith(Box::new((left.value()?, Chain { head, steps: Vec::new() }))));
        }
        if self.take_word("like_regex") {
            let pattern = self.pattern()?;
            return plain(Condition::LikeRegex(left.value()?, pattern));
        }
        Ok(left)
    }

    fn exists(&mut self) -> Parsed<Option<Condition>> {
        if !self.take_word("exists") {
            return Ok(None);
        }
        self.enclosed()?.value().map(|chain| Some(Condition::Exists(chain)))
    }

    /// What stands in parentheses.
    fn enclosed(&mut self) -> Parsed<Part> {
        self.expect("(")?;
        let inner = self.either()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let Some(Token::Symbol(symbol)) = self.peek() else { return None };
        let found = match *symbol {
            "==" => Comparison::Equal,
            "!=" | "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            ">" => Comparison::Greater,
            "<=" => Comparison::AtMost,
            ">=" => Comparison::AtLeast,
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        let Token::Text(text) = self.next()? else { return Err(syntax()) };
        let mut given = String::new();
        if self.take_word("flag") {
            let Token::Text(flags) = self.next()? else { return Err(syntax()) };
            given = flags;
        }
        if given.contains(|c| !"ismxq".contains(c)) {
            return Err(RowError::new("42601", "unrecognized flag character in LIKE_REGEX predicate"));
        }
        let flags: String = "ismxq".chars().filter(|flag| given.contains(*flag)).collect();
        let has = |flag: char| flags.contains(flag);
        if has('x') && !has('q') {
            let message = "XQuery \"x\" flag (expanded regular expressions) is not implemented";
            return Err(RowError::new("0A000", message));
        }
        let lines = Options { stop_at_newline: !has('s'), line_anchors: has('m'), ..Options::default() };
        let options = if has('q') { Options { literal: true, ..Options::default() } } else { lines };
        let regex = Regex::new(&text, Options { ignore_case: has('i'), ..options }).map_err(|error| match error {
            RegexError::Unsupported(reason) => RowError::new("0A000", reason),
            _ => RowError::new("2201B", "invalid regular expression"),
        })?;
        Ok(Pattern { text, flags, regex: Rc::new(regex) })
    }

    fn sum(&mut self) -> Parsed<Part> {
        self.operators(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    fn product(&mut self) -> Parsed<Part> {
        let operators = [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Modulo)];
        self.operators(&operators, Self::signed)
    }

    fn operators(&mut self, operators: &[(&str, Arithmetic)], operand: fn(&mut Self) -> Parsed<Part>) -> Parsed<Part> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.is(symbol)) {
            self.at += 1;
            let sides = Box::new((left.value()?, operand(self)?.value()?));
            left = Part::Value(Chain { head: Head::Arithmetic(*operator, sides), steps: Vec::new() });
        }
        Ok(left)
    }

    /// Signs belong to numbers that are written.
    fn signed(&mut self) -> Parsed<Part> {
        let mut signs = Vec::new();
        while self.is("-") || self.is("+") {
            signs.push(self.is("-"));
            self.at += 1;
        }
        let part = self.accessor()?;
        if signs.is_empty() {
            return Ok(part);
        }
        let signed = |operand: Chain, negative: bool| match (operand.head, operand.steps.is_empty()) {
            (Head::Number(number), true) => {
                let number = if negative { number.neg() } else { number };
                Chain { head: Head::Number(number), steps: Vec::new() }
            }
            (head, _) => {
                let operand = Box::new(Chain { head, steps: operand.steps });
                Chain { head: Head::Sign { negative, operand }, steps: Vec::new() }
            }
        };
        Ok(Part::Value(signs.into_iter().rev().fold(part.value()?, signed)))
    }

    fn accessor(&mut self) -> Parsed<Part> {
        let mut part = if self.is("(") {
            match self.enclosed()? {
                Part::Condition(condition, _) => Part::Condition(condition, true),
                value => value,
            }
        } else {
            Part::Value(Chain { head: self.primary()?, steps: Vec::new() })
        };
        while let Some(step) = self.step()? {
            let mut chain = match part {
                Part::Value(chain) => chain,
                Part::Condition(condition, _) => {
                    Chain { head: Head::Condition(Box::new(condition)), steps: Vec::new() }
                }
            };
            chain.steps.push(step);
            part = Part::Value(chain);
        }
        Ok(part)
    }

    fn primary(&mut self) -> Parsed<Head> {
        Ok(match self.next()? {
            Token::Text(text) => Head::Text(text),
            Token::Variable(name) => Head::Variable(name),
            Token::Integer(digits) | Token::Number(digits) => Head::Number(digits.parse::<Numeric>()?),
            Token::Symbol("$") => Head::Root,
            Token::Symbol("@") if self.filters > 0 => Head::Current,
            Token::Symbol("@") => return Err(RowError::new("42601", "@ is not allowed in root expressions")),
            Token::Word(word) => match word.as_str() {
                "null" => Head::Null,
                "true" => Head::Bool(true),
                "false" => Head::Bool(false),
                word if word.eq_ignore_ascii_case("last") => {
                    if self.subscripts == 0 {
                        return Err(RowError::new("42601", "LAST is allowed only in array subscripts"));
                    }
                    Head::Last
                }
                _ => return Err(syntax()),
            },
            Token::Symbol(_) => return Err(syntax()),
        })
    }

    fn step(&mut self) -> Parsed<Option<Step>> {
        if self.take("?") {
            self.filters += 1;
            let condition = self.enclosed()?.condition()?;
            self.filters -= 1;
            return Ok(Some(Step::Filter(Box::new(condition))));
        }
        if self.take("[") {
            return self.subscript().map(Some);
        }
        if !self.take(".") {
            return Ok(None);
        }
        Ok(Some(match self.next()? {
            Token::Symbol("*") => Step::AnyKey,
            Token::Symbol("**") => self.levels()?,
            Token::Text(key) => Step::Key(key),
            Token::Word(word) if self.is("(") => self.method(&word)?,
            Token::Word(key) => Step::Key(key),
            _ => return Err(syntax()),
        }))
    }

    fn subscript(&mut self) -> Parsed<Step> {
        if self.take("*") {
            self.expect("]")?;
            return Ok(Step::AnyElement);
        }
        self.subscripts += 1;
        let mut ranges = Vec::new();
        loop {
            let from = self.sum()?.value()?;
            let to = if self.take_word("to") { Some(self.sum()?.value()?) } else { None };
            ranges.push((from, to));
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        self.subscripts -= 1;
        Ok(Step::Elements(ranges))
    }

    fn levels(&mut self) -> Parsed<Step> {
        if !self.take("{") {
            return Ok(Step::AnyLevel { first: 0, last: LAST });
        }
        let first = self.level()?;
        let last = if self.take_word("to") { self.level()? } else { first };
        self.expect("}")?;
        Ok(Step::AnyLevel { first, last })
    }

    fn level(&mut self) -> Parsed<u32> {
        if self.take_word("last") {
            return Ok(LAST);
        }
        let Token::Integer(digits) = self.next()? else { return Err(syntax()) };
        let level = digits.parse::<i32>().ok().and_then(|level| u32::try_from(level).ok());
        level.ok_or_else(|| RowError::out_of_range("integer"))
    }

    fn method(&mut self, name: &str) -> Parsed<Step> {
        self.expect("(")?;
        let step = if name.eq_ignore_ascii_case("datetime") {
            Step::Datetime(match self.peek().cloned() {
                Some(Token::Text(template)) => {
                    self.at += 1;
                    Some(template)
                }
                _ => None,
            })
        } else {
            let method = Method::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(name));
            Step::Method(method.ok_or_else(syntax)?)
        };
        self.expect(")")?;
        Ok(step)
    }
}
