//! Text → one parsed query, and the names of relations that it mentions.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion_sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};
use datafusion_sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::Tokenizer;

use super::catalog::UnresolvedName;
use super::error::{Code, Place, Refusal, Result};
use super::names::{fold, parts};
use super::place::{place_of, place_of_location};

/// Bytes of one view's SQL.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// Nesting that the parser accepts.
const PARSER_DEPTH_MAX: usize = 1_000;

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
    let mut statements = Parser::new(&dialect)
        .with_recursion_limit(PARSER_DEPTH_MAX)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(syntax_error)?;
    match (statements.pop(), statements.is_empty()) {
        (None, _) => Err(Refusal::new(Code::NotOneSelect, "the SQL is empty").hint("write one SELECT")),
        (Some(Statement::Query(query)), true) => Ok(*query),
        (Some(other), true) => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT").at(place_of(&other))),
        (Some(second), false) => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT, without others after it")
            .at(place_of(&second))
            .hint("make one view of each")),
    }
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
        self.scopes.push(CteScope { names: ctes.map(|cte| fold(&cte.alias.name)).collect(), defined: 0 });
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

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let parts = parts(relation).unwrap_or_default();
        let mut in_force = self.scopes.iter().flat_map(|scope| &scope.names[..scope.defined]);
        let is_cte = matches!(parts.as_slice(), [name] if in_force.any(|cte| cte == name));
        if !is_cte && let Some(name) = UnresolvedName::from_parts(&parts) {
            self.names.insert(name);
        }
        ControlFlow::Continue(())
    }
}
