//! How text is compared: the collation of the operands; in its order by bytes, or by the sort keys of an ICU collation, else refused.

use std::sync::Arc;

use tailwater_connectors::{Collation, CollationOrder, SqlType, Value};

use super::super::error::{Code, Place, Refusal, Result};
use super::super::place::place_of;
use super::binder::{Binder, type_refusal};
use crate::engine::scalar::bind::{self, AnyCollation, Derivation, Typed};
use crate::engine::scalar::{Scalar, is_kept_locale};

/// The function that makes sort keys: collation, text → bytes.
const COLLATION_KEY: &str = "tw_collation_key";
/// Functions over text that do not compare it.
const BLIND: &[&str] = &[
    "array_length",
    "array_to_json",
    "ascii",
    "bit_length",
    "cardinality",
    "char_length",
    "character_length",
    "coalesce",
    "concat",
    "concat_ws",
    "encode",
    "format",
    "initcap",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "left",
    "length",
    "lower",
    "lpad",
    "md5",
    "octet_length",
    "overlay",
    "quote_ident",
    "quote_literal",
    "repeat",
    "reverse",
    "right",
    "row_to_json",
    "rpad",
    "substr",
    "to_json",
    "to_jsonb",
    "unnest",
    "upper",
];

/// How text is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextOrder {
    /// By bytes, as `C`.
    Bytes,
    /// By the ICU collation of this name.
    Icu(String),
}

impl Binder<'_> {
    /// How operands are ordered.
    pub(super) fn text_order(&self, operands: &[Typed], place: Option<Place>) -> Result<TextOrder> {
        if operands.iter().any(|operand| has_strings(&operand.sql_type)) {
            return if self.text.bytewise { Ok(TextOrder::Bytes) } else { Err(strings_refused().at(place)) };
        }
        let Some(collation) = self.collation(operands, place)? else { return Ok(TextOrder::Bytes) };
        self.comparable(operands, place)?;
        let refuse = |message: String| {
            Err(Refusal::new(Code::Collation, message)
                .at(place)
                .hint("write COLLATE \"C\" (by bytes) or COLLATE \"und-x-icu\" (as in dictionaries) behind the operand, which orders so in the database as well"))
        };
        let locale = match &collation {
            None if self.text.bytewise => return Ok(TextOrder::Bytes),
            None => self.text.icu.clone(),
            Some(named) => match &named.order {
                CollationOrder::Bytes => return Ok(TextOrder::Bytes),
                CollationOrder::Icu(locale) => Some(locale.clone()),
                CollationOrder::Foreign => None,
            },
        };
        match (locale.filter(|locale| is_kept_locale(locale)), collation) {
            (Some(locale), _) => Ok(TextOrder::Icu(format!("{}-x-icu", locale.replace('_', "-")))),
            (None, None) => {
                refuse("text is ordered here, and the database's collation is neither C nor ICU".to_owned())
            }
            (None, Some(named)) => {
                refuse(format!("text is ordered here by collation \"{}\", which is not kept", named.name))
            }
        }
    }

    /// Refuses equality of text that is not equality of bytes, or that no collation is derived for.
    pub(super) fn comparable(&self, operands: &[Typed], place: Option<Place>) -> Result<()> {
        match self.collation(operands, place)? {
            Some(Some(collation)) if !collation.deterministic => Err(not_deterministic(&collation).at(place)),
            _ => Ok(()),
        }
    }

    /// Refuses a function or operator that compares text in a way of its own, where equality is not equality of bytes.
    pub(super) fn refuse_comparing(&self, name: &str, operands: &[Typed], place: Option<Place>) -> Result<()> {
        let foreign = |operand: &Typed| match &operand.collation {
            Derivation::Implicit(Some(collation)) | Derivation::Explicit(Some(collation))
                if !collation.deterministic =>
            {
                Some(not_deterministic(collation))
            }
            _ => None,
        };
        match operands.iter().find_map(foreign) {
            Some(refusal) if name != "||" && !BLIND.contains(&name) => Err(refusal.at(place)),
            _ => Ok(()),
        }
    }

    /// Refuses a column of groups, DISTINCT or a partition whose values are not compared as we do.
    pub(super) fn groupable(&self, typed: &Typed, place: Option<Place>) -> Result<()> {
        super::set::refuse_without_equality(&typed.sql_type).map_err(|refusal| refusal.at(place))?;
        self.comparable(std::slice::from_ref(typed), place)
    }

    /// A call over these operands, where it asks what a letter is, by their collation.
    pub(super) fn with_letters(&self, call: Typed, operands: &[Typed], place: Option<Place>) -> Result<Typed> {
        let ascii = bind::with_ascii_letters(call.clone());
        let differs = ascii != call && self.has_ascii_case(operands, place)?;
        Ok(if differs { ascii } else { call })
    }

    /// Whether only ASCII letters have case in text of these operands' collation.
    pub(super) fn has_ascii_case(&self, operands: &[Typed], place: Option<Place>) -> Result<bool> {
        Ok(match self.collation(operands, place)?.flatten() {
            Some(collation) => collation.ascii_case,
            None => self.text.ascii_case,
        })
    }

    /// The collation of operands that are compared; nothing when none is text.
    fn collation(&self, operands: &[Typed], place: Option<Place>) -> Result<Option<AnyCollation>> {
        if !compares_text(operands) {
            return Ok(None);
        }
        let open = || {
            Refusal::new(Code::CollationConflict, "could not determine which collation to use for string comparison")
                .at(place)
        };
        match Derivation::merged(operands) {
            Derivation::Implicit(collation) | Derivation::Explicit(collation) => Ok(Some(collation)),
            Derivation::Mismatch(one, other) => Err(mismatch(&one, &other).at(place)),
            Derivation::Conflict(one, other) => {
                let hint = format!(
                    "it is {} on one side and {} on the other: write COLLATE behind one",
                    named(&one),
                    named(&other)
                );
                Err(open().hint(hint))
            }
            Derivation::None => Err(open().hint("write COLLATE behind the operand")),
        }
    }

    /// The sort key that stands before a text in an ORDER BY, when its collation needs one.
    pub(super) fn sort_key(&self, typed: &Typed, place: Option<Place>) -> Result<Option<Typed>> {
        match self.text_order(std::slice::from_ref(typed), place)? {
            TextOrder::Bytes => Ok(None),
            TextOrder::Icu(_) if matches!(typed.sql_type, SqlType::Array(_)) => Err(arrays_by_bytes(place)),
            TextOrder::Icu(collation) => sort_key(&collation, typed.clone()).map(Some),
        }
    }

    /// `<`, `<=`, `>`, `>=` over two operands.
    pub(super) fn ordered(&self, symbol: &str, operands: Vec<Typed>, place: Option<Place>) -> Result<Typed> {
        let order = self.text_order(&operands, place)?;
        let plain = bind::operator(symbol, operands.clone()).map_err(type_refusal)?;
        let TextOrder::Icu(collation) = order else { return Ok(plain) };
        if operands.iter().any(|operand| matches!(operand.sql_type, SqlType::Array(_))) {
            return Err(arrays_by_bytes(place));
        }
        let [left, right] = <[Typed; 2]>::try_from(operands).map_err(|_| super::binder::internal("two operands"))?;
        let keys = vec![sort_key(&collation, left)?, sort_key(&collation, right)?];
        // Texts that the collation holds equal are ordered by their bytes.
        let strict = symbol.trim_end_matches('=');
        let before = bind::operator(strict, keys.clone()).map_err(type_refusal)?.scalar;
        let equal = bind::operator("=", keys).map_err(type_refusal)?.scalar;
        let scalar = Scalar::Or(vec![before, Scalar::And(vec![equal, plain.scalar])]);
        Ok(Typed::new(scalar, SqlType::Bool))
    }

    /// `greatest` or `least` of text in the order of an ICU collation.
    pub(super) fn collated_extremum(
        &self,
        name: &str,
        (collation, operands): (&str, Vec<Typed>),
        place: Option<Place>,
    ) -> Result<Typed> {
        let derived = Derivation::of_result(&SqlType::Text, &operands);
        let (operands, sql_type) = bind::unify(operands).map_err(type_refusal)?;
        if sql_type != SqlType::Text {
            let message = format!("{name} of {sql_type} is kept in the order of bytes only");
            return Err(Refusal::new(Code::Collation, message)
                .at(place)
                .hint("write COLLATE \"C\" behind an argument"));
        }
        let arguments = std::iter::once(bind::literal_text(collation)).chain(operands).collect();
        let typed = bind::function(&format!("tw_{name}"), arguments).map_err(type_refusal)?;
        Ok(typed.collated(derived))
    }

    /// `typed COLLATE name`
    pub(super) fn collate(&self, typed: Typed, name: &[String], place: Option<Place>) -> Result<Typed> {
        let typed = super::binder::settled(typed)?;
        if !bind::is_collatable(&typed.sql_type) {
            let message = format!("collations are not supported by type {}", typed.sql_type);
            return Err(Refusal::new(Code::Types, message).at(place));
        }
        let shown = name.last().map_or("", String::as_str);
        let collation = match shown {
            "default" => None,
            known => Some(built_in(known).or_else(|| self.names.collation(name)).ok_or_else(|| {
                Refusal::new(Code::Collation, format!("collation {known} is not kept"))
                    .at(place)
                    .hint("COLLATE \"C\" and ICU collations such as \"und-x-icu\" are")
            })?),
        };
        Ok(typed.collated(Derivation::Explicit(collation)))
    }
}

fn sort_key(collation: &str, text: Typed) -> Result<Typed> {
    let text = bind::cast(text, &SqlType::Text, true).map_err(type_refusal)?;
    let name = bind::cast(bind::literal_text(collation), &SqlType::Text, true).map_err(type_refusal)?;
    bind::function(COLLATION_KEY, vec![name, text]).map_err(type_refusal)
}

/// What every database has.
fn built_in(name: &str) -> Option<Arc<Collation>> {
    let (order, ascii_case) = match name {
        "C" | "POSIX" | "ucs_basic" => (CollationOrder::Bytes, true),
        "C.UTF-8" | "C.utf8" | "pg_c_utf8" => (CollationOrder::Bytes, false),
        "unicode" => (CollationOrder::Icu("und".into()), false),
        other => (CollationOrder::Icu(other.strip_suffix("-x-icu")?.into()), false),
    };
    Some(Arc::new(Collation { name: name.into(), order, ascii_case, deterministic: true }))
}

/// Two COLLATE clauses that meet.
pub(super) fn mismatch(one: &AnyCollation, other: &AnyCollation) -> Refusal {
    let message = format!("collation mismatch between explicit collations {} and {}", named(one), named(other));
    Refusal::new(Code::CollationConflict, message)
}

/// Columns of two collations that become one column.
pub(super) fn conflict(one: &AnyCollation, other: &AnyCollation) -> Refusal {
    let message = format!("collation mismatch between implicit collations {} and {}", named(one), named(other));
    Refusal::new(Code::CollationConflict, message).hint("write COLLATE behind one or both of the columns")
}

fn not_deterministic(collation: &Collation) -> Refusal {
    let message =
        format!("text is compared here by collation \"{}\", in which different texts are equal", collation.name);
    Refusal::new(Code::Collation, message)
        .hint("write COLLATE \"C\" or a deterministic ICU collation behind the operand")
}

/// Strings within documents have the database's collation, and no other.
fn has_strings(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Jsonb => true,
        SqlType::Array(element) => has_strings(element),
        _ => false,
    }
}

fn strings_refused() -> Refusal {
    Refusal::new(Code::Collation, "jsonb is ordered here, and the database's collation is not C")
        .hint("order by its text, (…)::text COLLATE \"C\", or by a field of it")
}

fn arrays_by_bytes(place: Option<Place>) -> Refusal {
    Refusal::new(Code::Collation, "arrays of text are ordered by bytes only")
        .at(place)
        .hint("write COLLATE \"C\" behind it")
}

fn named(collation: &AnyCollation) -> String {
    format!("\"{}\"", collation.as_ref().map_or("default", |collation| collation.name.as_str()))
}

/// Whether operands are text; constants of open type become it when nothing else says what they are.
fn compares_text(operands: &[Typed]) -> bool {
    let mut known = operands.iter().map(|operand| &operand.sql_type).filter(|sql_type| **sql_type != SqlType::Unknown);
    match known.next() {
        Some(first) => bind::is_collatable(first) || known.any(bind::is_collatable),
        None => operands.iter().any(|operand| matches!(&operand.scalar, Scalar::Literal(Value::Text(_)))),
    }
}

/// Where the first of several expressions stands.
pub(super) fn first_place(written: &[&sqlparser::ast::Expr]) -> Option<Place> {
    written.first().and_then(|expression| place_of(*expression))
}
