//! A parsed path, and how Postgres prints it.

use std::fmt::Write;
use std::rc::Rc;

use tailwater_connectors::Numeric;

use super::parser::parse;
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::families::json_text::print_string;
use crate::engine::scalar::regex::Regex;

/// `last` as a depth.
pub(super) const LAST: u32 = u32::MAX;

/// A whole path.
#[derive(Debug, PartialEq)]
pub(in crate::engine::scalar) struct Path {
    pub(super) strict: bool,
    pub(super) chain: Chain,
}

/// Where items come from, and the steps from them on.
#[derive(Debug, PartialEq)]
pub(super) struct Chain {
    pub(super) head: Head,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Head {
    Null,
    Bool(bool),
    Number(Numeric),
    Text(String),
    Variable(String),
    /// `$`
    Root,
    /// `@`
    Current,
    /// `last`
    Last,
    Arithmetic(Arithmetic, Box<(Chain, Chain)>),
    Sign {
        negative: bool,
        operand: Box<Chain>,
    },
    Condition(Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    And(Box<(Condition, Condition)>),
    Or(Box<(Condition, Condition)>),
    Not(Box<Condition>),
    IsUnknown(Box<Condition>),
    Exists(Chain),
    Compare(Comparison, Box<(Chain, Chain)>),
    StartsWith(Box<(Chain, Chain)>),
    LikeRegex(Chain, Pattern),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

/// A regular expression with its flags in the order in which they print.
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) flags: String,
    pub(super) regex: Rc<Regex>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// `.key`
    Key(String),
    /// `.*`
    AnyKey,
    /// `[*]`
    AnyElement,
    /// `[1, 2 to last]`
    Elements(Vec<(Chain, Option<Chain>)>),
    /// `.**{first to last}`
    AnyLevel {
        first: u32,
        last: u32,
    },
    /// `?(…)`
    Filter(Box<Condition>),
    Method(Method),
    /// `.datetime(template)`
    Datetime(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Type,
    Size,
    Double,
    Ceiling,
    Floor,
    Abs,
    KeyValue,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.text, self.flags)
    }
}
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.flags == other.flags
    }
}

impl Arithmetic {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

impl Comparison {
    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
        }
    }
}

impl Method {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::Type, Self::Size, Self::Double, Self::Ceiling, Self::Floor, Self::Abs, Self::KeyValue];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Double => "double",
            Self::Ceiling => "ceiling",
            Self::Floor => "floor",
            Self::Abs => "abs",
            Self::KeyValue => "keyvalue",
        }
    }
}

/// The text of a path as Postgres prints it.
pub(in crate::engine::scalar) fn written(source: &str) -> Result<String, RowError> {
    Ok(printed(&parse(source)?))
}

/// The text that is kept of a path: as Postgres prints it, unless that would read as another path (`(1 * 2).abs() + 3` prints
/// without its parentheses).
pub(in crate::engine::scalar) fn stored(source: &str) -> Result<String, RowError> {
    let path = parse(source)?;
    let text = printed(&path);
    let same = parse(&text).is_ok_and(|again| again == path);
    Ok(if same { text } else { source.to_owned() })
}

fn printed(path: &Path) -> String {
    let mut out = String::from(if path.strict { "strict " } else { "" });
    write_chain(&mut out, &path.chain, true);
    out
}

const ATOM: u8 = 6;

fn head_rank(head: &Head) -> u8 {
    match head {
        Head::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, _) => 3,
        Head::Arithmetic(..) => 4,
        Head::Sign { .. } => 5,
        Head::Condition(condition) => rank(condition),
        _ => ATOM,
    }
}

fn rank(condition: &Condition) -> u8 {
    match condition {
        Condition::Or(_) => 0,
        Condition::And(_) => 1,
        Condition::Compare(..) | Condition::StartsWith(_) => 2,
        _ => ATOM,
    }
}

fn write_chain(out: &mut String, chain: &Chain, brackets: bool) {
    write_head(out, chain, brackets);
    chain.steps.iter().for_each(|step| write_step(out, step));
}

/// In brackets when these are wanted.
fn enclosed(out: &mut String, brackets: bool, inner: impl FnOnce(&mut String)) {
    out.push_str(if brackets { "(" } else { "" });
    inner(out);
    out.push_str(if brackets { ")" } else { "" });
}

fn write_head(out: &mut String, chain: &Chain, brackets: bool) {
    let rank = head_rank(&chain.head);
    match &chain.head {
        Head::Null => out.push_str("null"),
        Head::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Head::Number(number) => enclosed(out, !chain.steps.is_empty(), |out| out.push_str(&number.to_string())),
        Head::Text(text) => print_string(out, text),
        Head::Variable(name) => {
            out.push('$');
            print_string(out, name);
        }
        Head::Root => out.push('$'),
        Head::Current => out.push('@'),
        Head::Last => out.push_str("last"),
        Head::Arithmetic(operator, sides) => enclosed(out, brackets, |out| {
            write_chain(out, &sides.0, head_rank(&sides.0.head) <= rank);
            out.extend([" ", operator.symbol(), " "]);
            write_chain(out, &sides.1, head_rank(&sides.1.head) <= rank);
        }),
        Head::Sign { negative, operand } => enclosed(out, brackets, |out| {
            out.push(if *negative { '-' } else { '+' });
            write_chain(out, operand, head_rank(&operand.head) <= rank);
        }),
        Head::Condition(condition) => write_condition(out, condition, brackets),
    }
}

fn write_condition(out: &mut String, condition: &Condition, brackets: bool) {
    let own = rank(condition);
    let operand = |out: &mut String, chain: &Chain| write_chain(out, chain, head_rank(&chain.head) <= own);
    match condition {
        Condition::And(sides) | Condition::Or(sides) => enclosed(out, brackets, |out| {
            write_condition(out, &sides.0, rank(&sides.0) <= own);
            out.push_str(if own == 1 { " && " } else { " || " });
            write_condition(out, &sides.1, rank(&sides.1) <= own);
        }),
        Condition::Not(inner) => {
            out.push('!');
            enclosed(out, true, |out| write_condition(out, inner, false));
        }
        Condition::IsUnknown(inner) => {
            enclosed(out, true, |out| write_condition(out, inner, false));
            out.push_str(" is unknown");
        }
        Condition::Exists(chain) => {
            out.push_str("exists ");
            enclosed(out, true, |out| write_chain(out, chain, false));
        }
        Condition::Compare(comparison, sides) => enclosed(out, brackets, |out| {
            operand(out, &sides.0);
            out.extend([" ", comparison.symbol(), " "]);
            operand(out, &sides.1);
        }),
        Condition::StartsWith(sides) => enclosed(out, brackets, |out| {
            operand(out, &sides.0);
            out.push_str(" starts with ");
            operand(out, &sides.1);
        }),
        Condition::LikeRegex(chain, pattern) => enclosed(out, brackets, |out| {
            operand(out, chain);
            out.push_str(" like_regex ");
            print_string(out, &pattern.text);
            if !pattern.flags.is_empty() {
                out.extend([" flag \"", &pattern.flags, "\""]);
            }
        }),
    }
}

fn write_step(out: &mut String, step: &Step) {
    match step {
        Step::Key(key) => {
            out.push('.');
            print_string(out, key);
        }
        Step::AnyKey => out.push_str(".*"),
        Step::AnyElement => out.push_str("[*]"),
        Step::Elements(ranges) => {
            out.push('[');
            for (index, (from, to)) in ranges.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_chain(out, from, false);
                if let Some(to) = to {
                    out.push_str(" to ");
                    write_chain(out, to, false);
                }
            }
            out.push(']');
        }
        Step::AnyLevel { first, last } => write_levels(out, *first, *last),
        Step::Filter(condition) => {
            out.push('?');
            enclosed(out, true, |out| write_condition(out, condition, false));
        }
        Step::Method(method) => out.extend([".", method.name(), "()"]),
        Step::Datetime(template) => {
            out.push_str(".datetime");
            enclosed(out, true, |out| template.iter().for_each(|template| print_string(out, template)));
        }
    }
}

fn write_levels(out: &mut String, first: u32, last: u32) {
    let level = |level: u32| if level == LAST { "last".to_owned() } else { level.to_string() };
    let _ = match (first, last) {
        (0, LAST) => write!(out, ".**"),
        _ if first == last => write!(out, ".**{{{}}}", level(first)),
        _ => write!(out, ".**{{{} to {}}}", level(first), level(last)),
    };
}
