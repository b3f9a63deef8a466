//! The order of text: by bytes where the database orders by bytes, by an ICU collation through its sort keys, else refused.

use sqlparser::ast::Expr;
use tailwater_connectors::SqlType;

use super::super::error::{Code, Refusal, Result};
use super::super::names::parts;
use super::super::place::place_of;
use super::binder::{Binder, internal, type_refusal};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// The function that makes sort keys: collation, text → bytes.
const COLLATION_KEY: &str = "tw_collation_key";

/// How text is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextOrder {
    /// By bytes, as `C`.
    Bytes,
    /// By this ICU collation.
    Icu(String),
}

impl Binder<'_> {
    /// How the operands of a comparison are ordered.
    pub(super) fn text_order(&self, operands: &[Typed], written: &[&Expr]) -> Result<TextOrder> {
        if !operands.iter().any(|operand| is_collated(&operand.sql_type)) {
            return Ok(TextOrder::Bytes);
        }
        if let Some(collation) = written.iter().find_map(|expression| explicit(expression)) {
            return named(&collation).ok_or_else(|| {
                Refusal::new(Code::Collation, format!("collation {collation} is not kept"))
                    .at(written.first().and_then(|expression| place_of(*expression)))
                    .hint("COLLATE \"C\" and ICU collations such as \"und-x-icu\" are")
            });
        }
        if self.text.bytewise {
            return Ok(TextOrder::Bytes);
        }
        if let Some(locale) = &self.text.icu {
            return Ok(TextOrder::Icu(format!("{locale}-x-icu")));
        }
        if operands.iter().any(|operand| has_strings(&operand.sql_type)) {
            return Err(written.first().map_or_else(|| internal("an operand"), |written| strings_refused(written)));
        }
        Err(Refusal::new(Code::Collation, "text is ordered here, and the database's collation is neither C nor ICU")
            .at(written.first().and_then(|expression| place_of(*expression)))
            .hint("write COLLATE \"C\" (by bytes) or COLLATE \"und-x-icu\" (as in dictionaries) behind the operand, which orders so in the database as well"))
    }

    /// The sort key that stands before a text in an ORDER BY, when its collation needs one.
    pub(super) fn collated(&self, typed: &Typed, written: &Expr) -> Result<Option<Typed>> {
        match self.text_order(std::slice::from_ref(typed), &[written])? {
            TextOrder::Bytes => Ok(None),
            TextOrder::Icu(_) if has_strings(&typed.sql_type) => Err(strings_refused(written)),
            TextOrder::Icu(_) if matches!(typed.sql_type, SqlType::Array(_)) => {
                Err(Refusal::new(Code::Collation, "arrays of text are ordered by bytes only")
                    .at(place_of(written))
                    .hint("write COLLATE \"C\" behind it"))
            }
            TextOrder::Icu(collation) => sort_key(&collation, typed.clone()).map(Some),
        }
    }

    /// `<`, `<=`, `>`, `>=` over two operands.
    pub(super) fn ordered(&self, symbol: &str, operands: Vec<Typed>, written: &[&Expr]) -> Result<Typed> {
        let order = self.text_order(&operands, written)?;
        let plain = bind::operator(symbol, operands.clone()).map_err(type_refusal)?;
        let TextOrder::Icu(collation) = order else { return Ok(plain) };
        if has_strings(&operands[0].sql_type) {
            return Err(strings_refused(written[0]));
        }
        let [left, right] = <[Typed; 2]>::try_from(operands).map_err(|_| internal("two operands"))?;
        let keys = vec![sort_key(&collation, left)?, sort_key(&collation, right)?];
        // Texts that the collation holds equal are ordered by their bytes.
        let strict = symbol.trim_end_matches('=');
        let before = bind::operator(strict, keys.clone()).map_err(type_refusal)?.scalar;
        let equal = bind::operator("=", keys).map_err(type_refusal)?.scalar;
        let scalar = Scalar::Or(vec![before, Scalar::And(vec![equal, plain.scalar])]);
        Ok(Typed { scalar, sql_type: SqlType::Bool })
    }
}

fn sort_key(collation: &str, text: Typed) -> Result<Typed> {
    let text = bind::cast(text, &SqlType::Text, true).map_err(type_refusal)?;
    let name = bind::cast(bind::literal_text(collation), &SqlType::Text, true).map_err(type_refusal)?;
    bind::function(COLLATION_KEY, vec![name, text]).map_err(type_refusal)
}

/// The collation written behind an expression.
pub(super) fn explicit(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Nested(inner) => explicit(inner),
        Expr::Collate { collation, .. } => parts(collation).and_then(|mut parts| parts.pop()),
        _ => None,
    }
}

/// What a collation's name means.
fn named(collation: &str) -> Option<TextOrder> {
    match collation {
        "C" | "POSIX" | "ucs_basic" => Some(TextOrder::Bytes),
        name if name.ends_with("-x-icu") || name == "unicode" => Some(TextOrder::Icu(name.to_owned())),
        _ => None,
    }
}

/// Strings within documents have the database's collation, and no other.
fn has_strings(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Jsonb => true,
        SqlType::Array(element) => has_strings(element),
        _ => false,
    }
}

fn strings_refused(written: &Expr) -> Refusal {
    Refusal::new(Code::Collation, "jsonb is ordered here, and the database's collation is not C")
        .at(place_of(written))
        .hint("order by its text, (…)::text COLLATE \"C\", or by a field of it")
}

fn is_collated(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Text | SqlType::Bpchar | SqlType::Jsonb => true,
        SqlType::Array(element) => is_collated(element),
        _ => false,
    }
}
