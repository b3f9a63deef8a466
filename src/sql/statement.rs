//! Text → one parsed query, and the names of relations that it mentions.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, ObjectName, Query, Statement, TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::catalog::UnresolvedName;
use super::error::{Code, Place, Refusal, Result};
use super::named_arguments::by_position;
use super::names::{fold, parts};
use super::place::{place_of, place_of_location};
use crate::engine::plan::FrameExclusion;

/// Bytes of one view's SQL.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// Nesting that the parser accepts.
const PARSER_DEPTH_MAX: usize = 1_000;

/// EXCLUDE of a window frame, which the parser does not know: it is taken out before parsing, and a marker is put behind the
/// window's ORDER BY in its place.
pub(super) const EXCLUSIONS: &[(&str, FrameExclusion)] = &[
    ("tw_exclude_nothing", FrameExclusion::Nothing),
    ("tw_exclude_current_row", FrameExclusion::CurrentRow),
    ("tw_exclude_group", FrameExclusion::Group),
    ("tw_exclude_ties", FrameExclusion::Ties),
];

/// What `ROWS FROM (…)`, which the parser does not know, is called before parsing: a function of functions.
pub(super) const ROWS_FROM: &str = "tw_rows_from";

/// The one query of the text.
pub(super) fn parse(sql: &str) -> Result<Query> {
    if sql.len() > TEXT_BYTES_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("the SQL is longer than {TEXT_BYTES_MAX} bytes"))
            .hint("split it into several views that read each other"));
    }
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| Refusal::new(Code::Syntax, error.message).at(place_of_location(error.location)))?;
    let tokens = rows_from_named(exclusions_marked(tokens));
    let mut statements = Parser::new(&dialect)
        .with_recursion_limit(PARSER_DEPTH_MAX)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(syntax_error)?;
    match (statements.pop(), statements.is_empty()) {
        (None, _) => Err(Refusal::new(Code::NotOneSelect, "the SQL is empty").hint("write one SELECT")),
        (Some(Statement::Query(mut query)), true) => {
            let _ = VisitMut::visit(&mut *query, &mut Precedence);
            by_position(&mut query);
            Ok(*query)
        }
        (Some(other), true) => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT").at(place_of(&other))),
        (Some(second), false) => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT, without others after it")
            .at(place_of(&second))
            .hint("make one view of each")),
    }
}

/// The parser reads `a IS DISTINCT FROM b AND c` as `a IS DISTINCT FROM (b AND c)`; Postgres' AND and OR bind looser.
struct Precedence;

impl VisitorMut for Precedence {
    type Break = ();

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if let Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) = expression
            && is_connective(right)
        {
            let nothing = || Expr::Value(Value::Null.into());
            let mut whole = std::mem::replace(&mut **right, nothing());
            let operand = leftmost(&mut whole);
            let inner = std::mem::replace(operand, nothing());
            if let Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) = expression {
                **right = inner;
            }
            *operand = std::mem::replace(expression, nothing());
            *expression = whole;
        }
        ControlFlow::Continue(())
    }
}

fn is_connective(expression: &Expr) -> bool {
    matches!(expression, Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. })
}

/// The first operand of nested AND and OR.
fn leftmost(expression: &mut Expr) -> &mut Expr {
    if !is_connective(expression) {
        return expression;
    }
    match expression {
        Expr::BinaryOp { left, .. } => leftmost(left),
        other => other,
    }
}

/// Marks every `EXCLUDE …` of a frame.
fn exclusions_marked(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut marked: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let words: Vec<(usize, String)> =
            if is_word(token, "EXCLUDE") { words_after(&tokens, place) } else { Vec::new() };
        let named =
            |count: usize| words.iter().take(count).map(|(_, word)| word.as_str()).collect::<Vec<_>>().join("_");
        let found = [1, 2].into_iter().find_map(|count| {
            let marker = match named(count).as_str() {
                "no_others" => 0,
                "current_row" => 1,
                "group" => 2,
                "ties" => 3,
                _ => return None,
            };
            Some((EXCLUSIONS[marker].0, words.get(count - 1)?.0))
        });
        match found {
            Some((marker, last)) if mark(&mut marked, marker, token) => place = last + 1,
            _ => {
                marked.push(token.clone());
                place += 1;
            }
        }
    }
    marked
}

/// Names every `ROWS FROM (` that stands where a table may.
fn rows_from_named(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let mut named: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // By depth of parentheses: whether the clause at hand is FROM.
    let mut from = vec![false];
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let clause = from.last_mut();
        match &token.token {
            Token::LParen => from.push(false),
            Token::RParen => drop(from.pop()),
            Token::Word(word) if word.quote_style.is_none() => match (word.value.to_ascii_uppercase().as_str(), clause)
            {
                ("FROM", Some(clause)) => *clause = true,
                ("SELECT" | "WHERE" | "GROUP" | "ORDER" | "HAVING" | "WINDOW" | "LIMIT" | "ON", Some(clause)) => {
                    *clause = false;
                }
                ("JOIN", Some(clause)) => *clause = true,
                ("ROWS", Some(true)) => {
                    let mut next = tokens.iter().enumerate().skip(place + 1).filter(|(_, token)| !is_blank(token));
                    if let (Some((last, next)), Some((_, open))) = (next.next(), next.next())
                        && is_word(next, "FROM")
                        && open.token == Token::LParen
                    {
                        named.push(TokenWithSpan { token: Token::make_word(ROWS_FROM, None), span: token.span });
                        place = last + 1;
                        continue;
                    }
                }
                _ => {}
            },
            _ => {}
        }
        named.push(token.clone());
        place += 1;
    }
    named
}

/// The next words from a place on, blanks left out.
fn words_after(tokens: &[TokenWithSpan], place: usize) -> Vec<(usize, String)> {
    let meaning = tokens.iter().enumerate().skip(place + 1);
    let meaning = meaning.filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)));
    let word = |(place, token): (usize, &TokenWithSpan)| match &token.token {
        Token::Word(word) => Some((place, word.value.to_ascii_lowercase())),
        _ => None,
    };
    meaning.map_while(word).take(2).collect()
}

fn is_word(token: &TokenWithSpan, wanted: &str) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

/// Puts a marker before the frame that ends here; says whether there is one.
fn mark(tokens: &mut Vec<TokenWithSpan>, marker: &str, like: &TokenWithSpan) -> bool {
    let mut depth = 0;
    let (mut frame, mut ordered) = (None, false);
    for (place, token) in tokens.iter().enumerate().rev() {
        match &token.token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => break,
            Token::LParen => depth -= 1,
            _ if depth > 0 => {}
            _ if frame.is_none() && ["ROWS", "RANGE", "GROUPS"].iter().any(|unit| is_word(token, unit)) => {
                frame = Some(place);
            }
            _ => ordered |= frame.is_some() && is_word(token, "ORDER"),
        }
    }
    let Some(frame) = frame else { return false };
    let token = |token: Token| TokenWithSpan { token, span: like.span };
    let blank = || token(Token::Whitespace(Whitespace::Space));
    let mut inserted = match ordered {
        true => vec![token(Token::Comma)],
        false => vec![token(Token::make_keyword("ORDER")), blank(), token(Token::make_keyword("BY"))],
    };
    inserted.extend([blank(), token(Token::make_word(marker, None)), blank()]);
    tokens.splice(frame..frame, inserted);
    true
}

/// The parser writes the place into its text.
fn syntax_error(error: ParserError) -> Refusal {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Refusal::new(Code::TooLarge, "the SQL is nested too deeply")
                .hint("split it into several views that read each other");
        }
    };
    match message.rsplit_once(" at Line: ") {
        Some((message, place)) => Refusal::new(Code::Syntax, lower_first(message)).at(written_place(place)),
        None => Refusal::new(Code::Syntax, lower_first(&message)),
    }
}

fn written_place(text: &str) -> Option<Place> {
    let (line, column) = text.split_once(", Column: ")?;
    Place::new(line.trim().parse().ok()?, column.trim().parse().ok()?)
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect()
}

/// Names of tables and views that a query mentions; names of CTEs left out where they are in force.
pub(super) fn names_read(query: &Query) -> Vec<UnresolvedName> {
    let mut reader = NameReader::default();
    let _ = query.visit(&mut reader);
    reader.names.into_iter().collect()
}

#[derive(Default)]
struct NameReader {
    names: BTreeSet<UnresolvedName>,
    /// The queries around, innermost last.
    scopes: Vec<CteScope>,
    /// The name that comes next is a function's.
    is_function: bool,
}

/// CTEs of one query: each is in force after its own definition.
struct CteScope {
    names: Vec<String>,
    defined: usize,
}

impl Visitor for NameReader {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        let names: Vec<String> = ctes.map(|cte| fold(&cte.alias.name)).collect();
        // A recursive query sees its own name.
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let defined = if recursive { names.len() } else { 0 };
        self.scopes.push(CteScope { names, defined });
        ControlFlow::Continue(())
    }

    // The definitions are visited in order and before the body: the first queries that end are they.
    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(around) = self.scopes.last_mut() {
            around.defined = (around.defined + 1).min(around.names.len());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.is_function = matches!(factor, TableFactor::Table { args: Some(_), .. });
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if std::mem::take(&mut self.is_function) {
            return ControlFlow::Continue(());
        }
        let parts = parts(relation).unwrap_or_default();
        let mut in_force = self.scopes.iter().flat_map(|scope| &scope.names[..scope.defined]);
        let is_cte = matches!(parts.as_slice(), [name] if in_force.any(|cte| cte == name));
        if !is_cte && let Some(name) = UnresolvedName::from_parts(&parts) {
            self.names.insert(name);
        }
        ControlFlow::Continue(())
    }
}
