//! From the parser's spans to places.

use sqlparser::ast::{Ident, Spanned};
use sqlparser::tokenizer::{Location, Span};

use super::error::Place;

/// Where a syntax node begins.
pub(super) fn place_of(node: &impl Spanned) -> Option<Place> {
    place_of_span(node.span())
}

/// Where a name begins.
pub(super) fn place_of_name(name: &Ident) -> Option<Place> {
    place_of_span(name.span)
}

fn place_of_span(span: Span) -> Option<Place> {
    place_of_location(span.start)
}

/// A location of the tokenizer.
pub(super) fn place_of_location(location: Location) -> Option<Place> {
    Place::new(location.line, location.column)
}
