//! Regular expressions: `~`, `regexp_match`, `regexp_replace` and their kin, over the engine of `regex`.
//!
//! The forms with `/c` in their names are those of databases with `LC_CTYPE` `C`, where only ASCII has letters; the planner
//! chooses. Compiled patterns are kept per thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tailwater_connectors::Value;

use super::array::from_elements;
use super::read::{int, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::regex::{Letters, Options, Regex, RegexError};

/// Patterns kept compiled per thread; past it all are dropped, since patterns that come from rows do not repeat.
const COMPILED_MAX: usize = 128;

thread_local! {
    static COMPILED: RefCell<HashMap<(String, Options), Rc<Regex>>> = RefCell::new(HashMap::new());
}

fn row_error(error: RegexError) -> RowError {
    match error {
        RegexError::Invalid(reason) => RowError::new("2201B", format!("invalid regular expression: {reason}")),
        RegexError::Unsupported(reason) => RowError::new("0A000", reason),
        RegexError::TooManySteps => RowError::new("54000", "regular expression takes too many steps"),
    }
}

fn compiled(pattern: &str, options: Options) -> Result<Rc<Regex>, RowError> {
    COMPILED.with_borrow_mut(|known| {
        let key = (pattern.to_owned(), options);
        if let Some(regex) = known.get(&key) {
            return Ok(regex.clone());
        }
        let regex = Rc::new(Regex::new(pattern, options).map_err(row_error)?);
        if known.len() >= COMPILED_MAX {
            known.clear();
        }
        known.insert(key, regex.clone());
        Ok(regex)
    })
}

/// Why a call with a constant pattern can never answer; its arguments where they are constants.
pub(in crate::engine::scalar) fn refusal(name: &str, arguments: &[Option<&Value>]) -> Option<RowError> {
    let base = name.split('/').next().unwrap_or(name);
    let place = match (base, arguments.len()) {
        ("~" | "!~" | "~*" | "!~*", 2) | ("substring", 2) => usize::MAX,
        ("regexp_match" | "regexp_like" | "regexp_split_to_array", _) => 2,
        ("regexp_replace", 4) => 3,
        ("regexp_replace", _) => 5,
        ("regexp_count", _) => 3,
        ("regexp_instr", _) => 5,
        ("regexp_substr", _) => 4,
        _ => return None,
    };
    let constant = |place: usize| match arguments.get(place) {
        None => Some(""),
        Some(Some(Value::Text(constant))) => Some(constant.as_str()),
        Some(_) => None,
    };
    let flags = Flags::parse::<false>(constant(place)?).ok()?;
    compiled(constant(1).filter(|_| arguments.len() > 1)?, flags.options).err()
}

#[derive(Clone, Copy)]
struct Flags {
    options: Options,
    global: bool,
}

impl Flags {
    fn parse<const C: bool>(letters: &str) -> Result<Self, RowError> {
        let letters_of = if C { Letters::Ascii } else { Letters::Unicode };
        let mut flags = Self { options: Options { letters: letters_of, ..Options::default() }, global: false };
        for letter in letters.chars() {
            match letter {
                'g' => flags.global = true,
                _ if flags.options.set(letter) => {}
                _ => return Err(RowError::invalid_parameter("invalid regular expression option")),
            }
        }
        Ok(flags)
    }

    /// For functions of which the flag `g` is no option.
    fn parse_single<const C: bool>(letters: Option<&Value>, name: &str) -> Result<Self, RowError> {
        let flags = Self::parse::<C>(letters.map_or("", text))?;
        if flags.global {
            return Err(RowError::invalid_parameter(format!("{name}() does not support the \"global\" option")));
        }
        Ok(flags)
    }
}

/// A text and a pattern for it.
struct Search {
    source: Vec<char>,
    regex: Rc<Regex>,
}

type Range = (usize, usize);

/// Whole match first, then the groups.
type Found = Vec<Option<Range>>;

impl Search {
    fn new(arguments: &[Value], options: Options) -> Result<Self, RowError> {
        Ok(Self { source: text(&arguments[0]).chars().collect(), regex: compiled(text(&arguments[1]), options)? })
    }

    fn find(&self, from: usize) -> Result<Option<Found>, RowError> {
        if from > self.source.len() { Ok(None) } else { self.regex.find(&self.source, from).map_err(row_error) }
    }

    /// The next match that begins at `from` or later, with its range, and where the one after it may begin.
    fn step(&self, from: usize) -> Result<Option<(Found, Range, usize)>, RowError> {
        Ok(self.find(from)?.and_then(|found| {
            let (begin, end) = (*found.first()?)?;
            Some((found, (begin, end), if begin == end { end + 1 } else { end }))
        }))
    }

    fn piece(&self, (begin, end): Range) -> String {
        self.source[begin..end].iter().collect()
    }

    fn value(&self, range: Option<Range>) -> Value {
        range.map_or(Value::Null, |range| Value::text(self.piece(range)))
    }

    /// The match number `count`, from 1, searched from character `start`, from 1.
    fn nth(&self, start: usize, count: i64) -> Result<Option<Found>, RowError> {
        let mut from = start - 1;
        for turn in 1.. {
            let Some((found, _, next)) = self.step(from)? else { break };
            if turn == count {
                return Ok(Some(found));
            }
            from = next;
        }
        Ok(None)
    }
}

fn test<const C: bool, const IGNORE_CASE: bool, const NEGATED: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let mut options = Flags::parse::<C>("")?.options;
    options.ignore_case = IGNORE_CASE;
    matched(arguments, options).map(|found| Value::Bool(found != NEGATED))
}

fn matched(arguments: &[Value], options: Options) -> Result<bool, RowError> {
    let search = Search::new(arguments, options)?;
    search.regex.is_match(&search.source).map_err(row_error)
}

fn regexp_like<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse_single::<C>(arguments.get(2), "regexp_like")?;
    matched(arguments, flags.options).map(Value::Bool)
}

/// Whole match when there are no groups, else the groups.
/// The groups of a match; the whole match of a pattern without any.
fn groups(search: &Search, found: &Found) -> Value {
    let groups = if found.len() > 1 { &found[1..] } else { &found[..] };
    from_elements(groups.iter().map(|range| search.value(*range)).collect())
}

/// The rows of `regexp_matches`: one of the first match, or of all with the flag `g`.
pub(super) fn matches<const C: bool>(arguments: &[Value]) -> Result<Vec<Value>, RowError> {
    let flags = Flags::parse::<C>(arguments.get(2).map_or("", text))?;
    let search = Search::new(arguments, flags.options)?;
    let (mut rows, mut from) = (Vec::new(), 0);
    while let Some((found, _, next)) = search.step(from)? {
        rows.push(groups(&search, &found));
        from = next;
        if !flags.global {
            break;
        }
    }
    Ok(rows)
}

fn regexp_match<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse_single::<C>(arguments.get(2), "regexp_match")?;
    let search = Search::new(arguments, flags.options)?;
    Ok(search.find(0)?.map_or(Value::Null, |found| groups(&search, &found)))
}

fn positive(value: Option<&Value>, (name, least): (&str, i64)) -> Result<i64, RowError> {
    let number = value.map_or(1, int);
    if number < least {
        return Err(RowError::invalid_parameter(format!("invalid value for parameter \"{name}\"")));
    }
    Ok(number)
}

fn start(value: Option<&Value>) -> Result<usize, RowError> {
    positive(value, ("start", 1)).map(|start| start as usize)
}

/// `source, pattern, replacement[, flags]`
fn regexp_replace<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let letters = arguments.get(3).map_or("", text);
    if letters.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(RowError::invalid_parameter("invalid regular expression option"));
    }
    let flags = Flags::parse::<C>(letters)?;
    replaced(arguments, flags, (1, i64::from(!flags.global)))
}

/// `source, pattern, replacement, start[, n[, flags]]`
fn regexp_replace_from<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let from = start(arguments.get(3))?;
    let count = arguments.get(4).map(|count| positive(Some(count), ("n", 0))).transpose()?;
    let flags = Flags::parse::<C>(arguments.get(5).map_or("", text))?;
    replaced(arguments, flags, (from, count.unwrap_or(i64::from(!flags.global))))
}

/// Replaces the match number `count`, or all when it is 0.
fn replaced(arguments: &[Value], flags: Flags, (start, count): (usize, i64)) -> Result<Value, RowError> {
    let search = Search::new(arguments, flags.options)?;
    let replacement = text(&arguments[2]);
    let (mut out, mut copied, mut from, mut turn) = (String::new(), 0, start - 1, 0);
    while let Some((found, (begin, end), next)) = search.step(from)? {
        (turn, from) = (turn + 1, next);
        if count > 0 && turn != count {
            continue;
        }
        out.extend(&search.source[copied..begin]);
        expand(&mut out, replacement, |group| found.get(group).copied().flatten().map(|range| search.piece(range)));
        copied = end;
        if count > 0 {
            break;
        }
    }
    out.extend(&search.source[copied..]);
    Ok(Value::text(out))
}

/// `\1` to `\9` are groups, `\&` the whole match, `\\` a backslash; any other backslash is itself.
fn expand(out: &mut String, replacement: &str, group: impl Fn(usize) -> Option<String>) {
    let mut characters = replacement.chars().peekable();
    while let Some(c) = characters.next() {
        let number = match characters.peek() {
            Some('&') if c == '\\' => 0,
            Some(digit @ '1'..='9') if c == '\\' => *digit as usize - '0' as usize,
            Some('\\') if c == '\\' => {
                characters.next();
                out.push('\\');
                continue;
            }
            _ => {
                out.push(c);
                continue;
            }
        };
        characters.next();
        out.push_str(&group(number).unwrap_or_default());
    }
}

/// `substring(source from pattern)`: the first group if there is one.
pub(super) fn substring<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let search = Search::new(arguments, Flags::parse::<C>("")?.options)?;
    let group = usize::from(search.regex.captures() > 0);
    Ok(search.find(0)?.map_or(Value::Null, |found| search.value(found[group])))
}

/// The number of a group that was asked for, if the pattern has it; without groups the first is the whole match.
fn group(search: &Search, value: Option<&Value>) -> Result<Option<usize>, RowError> {
    let wanted = value.map_or(Ok(0), |value| positive(Some(value), ("subexpr", 0)))? as usize;
    Ok(match search.regex.captures() {
        0 => (wanted <= 1).then_some(0),
        captures => (wanted <= captures).then_some(wanted),
    })
}

/// `source, pattern[, start[, n[, flags[, subexpr]]]]`
fn regexp_substr<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let (start, count) = (start(arguments.get(2))?, positive(arguments.get(3), ("n", 1))?);
    let flags = Flags::parse_single::<C>(arguments.get(4), "regexp_substr")?;
    let search = Search::new(arguments, flags.options)?;
    let group = group(&search, arguments.get(5))?;
    let found = search.nth(start, count)?;
    Ok(found.zip(group).map_or(Value::Null, |(found, group)| search.value(found[group])))
}

/// `source, pattern[, start[, n[, endoption[, flags[, subexpr]]]]]`
fn regexp_instr<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let (start, count) = (start(arguments.get(2))?, positive(arguments.get(3), ("n", 1))?);
    let end = arguments.get(4).map_or(0, int);
    if !(0..=1).contains(&end) {
        return Err(RowError::invalid_parameter("invalid value for parameter \"endoption\""));
    }
    let flags = Flags::parse_single::<C>(arguments.get(5), "regexp_instr")?;
    let search = Search::new(arguments, flags.options)?;
    let group = group(&search, arguments.get(6))?;
    let range = search.nth(start, count)?.zip(group).and_then(|(found, group)| found[group]);
    Ok(Value::Int(range.map_or(0, |(first, last)| if end == 1 { last } else { first } as i64 + 1)))
}

fn regexp_count<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let mut from = start(arguments.get(2))? - 1;
    let flags = Flags::parse_single::<C>(arguments.get(3), "regexp_count")?;
    let search = Search::new(arguments, flags.options)?;
    let mut count = 0;
    while let Some((_, _, next)) = search.step(from)? {
        count += 1;
        from = next;
    }
    Ok(Value::Int(count))
}

pub(super) fn regexp_split<const C: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse_single::<C>(arguments.get(2), "regexp_split_to_array")?;
    let search = Search::new(arguments, flags.options)?;
    let (mut parts, mut copied, mut from, mut ended) = (Vec::new(), 0, 0, 0);
    while let Some((_, (begin, end), next)) = search.step(from)? {
        from = next;
        // An empty match at either end, or right after the last match, splits nothing.
        if begin < search.source.len() && end > ended {
            parts.push(search.value(Some((copied, begin))));
            copied = end;
        }
        ended = end;
    }
    parts.push(search.value(Some((copied, search.source.len()))));
    Ok(from_elements(parts))
}

fn register_for<const C: bool>(catalog: &mut Catalog, (operators, functions): (&str, &str)) {
    for arguments in ["text,text", "bpchar,text"] {
        catalog.strict(&format!("~{operators}({arguments}) bool"), test::<C, false, false>);
        catalog.strict(&format!("!~{operators}({arguments}) bool"), test::<C, false, true>);
        catalog.strict(&format!("~*{operators}({arguments}) bool"), test::<C, true, false>);
        catalog.strict(&format!("!~*{operators}({arguments}) bool"), test::<C, true, true>);
    }
    let numbers = |least: usize, arguments: &[&'static str]| {
        (least..=arguments.len()).map(|count| arguments[..count].join(",")).collect::<Vec<_>>()
    };
    for (name, least, arguments, result, body) in [
        ("regexp_match", 2, &["text", "text", "text"][..], "text[]", regexp_match::<C> as fn(&[Value]) -> _),
        ("regexp_like", 2, &["text", "text", "text"], "bool", regexp_like::<C>),
        ("regexp_split_to_array", 2, &["text", "text", "text"], "text[]", regexp_split::<C>),
        ("regexp_replace", 3, &["text", "text", "text", "text"], "text", regexp_replace::<C>),
        ("regexp_replace", 4, &["text", "text", "text", "int4", "int4", "text"], "text", regexp_replace_from::<C>),
        ("regexp_count", 2, &["text", "text", "int4", "text"], "int4", regexp_count::<C>),
        ("regexp_instr", 2, &["text", "text", "int4", "int4", "int4", "text", "int4"], "int4", regexp_instr::<C>),
        ("regexp_substr", 2, &["text", "text", "int4", "int4", "text", "int4"], "text", regexp_substr::<C>),
        ("substring", 2, &["text", "text"], "text", substring::<C>),
    ] {
        for arguments in numbers(least, arguments) {
            catalog.strict(&format!("{name}{functions}({arguments}) {result}"), body);
        }
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    register_for::<false>(catalog, ("", ""));
    register_for::<true>(catalog, ("/C", "/c"));
    super::similar::register(catalog);
}
