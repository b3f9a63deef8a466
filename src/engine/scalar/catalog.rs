//! The table of builtins: every function and operator with its signature, as lines like `left(text,int4) text`.
//!
//! Argument words are type names, `any` (each of its own type), `anyelement`/`anyarray` (one element type throughout),
//! `anynonarray`, `anyenum`, and `variadic any` last. The table is built once.

use std::collections::HashMap;
use std::sync::OnceLock;

use tailwater_connectors::SqlType;

use super::expression::{PlainBody, TableBody, TypedBody};
use super::families;

/// What an argument or result may be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    Is(SqlType),
    Any,
    AnyElement,
    AnyArray,
    AnyNonArray,
    AnyEnum,
}

/// Which kind of body an entry has.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Plain(PlainBody),
    Typed(TypedBody),
    /// Set-returning; only in [`Catalog::tables`].
    Table(TableBody),
}

/// One overload.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) arguments: Vec<Pattern>,
    /// The last argument may be given any number of times, at least once.
    pub(super) variadic: bool,
    pub(super) result: Pattern,
    pub(super) strict: bool,
    pub(super) body: Body,
}

impl Entry {
    /// Types of its arguments as signatures name them; nothing useful for polymorphic ones.
    pub(super) fn argument_list(&self) -> String {
        let shown = self.arguments.iter().map(|pattern| match pattern {
            Pattern::Is(sql_type) => sql_type.to_string(),
            _ => String::new(),
        });
        shown.collect::<Vec<_>>().join(",")
    }
}

/// Overloads by name.
#[derive(Default)]
pub(super) struct Catalog(HashMap<String, Vec<Entry>>);

impl Catalog {
    /// The builtins.
    pub(super) fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalog> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut catalog = Self::default();
            families::register(&mut catalog);
            catalog
        })
    }

    /// The set-returning functions; the result is the type of their last column.
    pub(super) fn tables() -> &'static Self {
        static TABLES: OnceLock<Catalog> = OnceLock::new();
        TABLES.get_or_init(|| {
            let mut catalog = Self::default();
            families::register_tables(&mut catalog);
            catalog
        })
    }

    /// Overloads of `name`.
    pub(super) fn overloads(&self, name: &str) -> &[Entry] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// All overloads by name, sorted.
    #[cfg(test)]
    pub(super) fn all(&self) -> std::collections::BTreeMap<&str, &[Entry]> {
        self.0.iter().map(|(name, entries)| (name.as_str(), entries.as_slice())).collect()
    }

    /// Adds a builtin that returns null for null without being called.
    pub(super) fn strict(&mut self, signature: &str, body: PlainBody) {
        self.add(signature, true, Body::Plain(body));
    }

    /// Adds a builtin that sees nulls.
    pub(super) fn nullable(&mut self, signature: &str, body: PlainBody) {
        self.add(signature, false, Body::Plain(body));
    }

    /// Adds a strict builtin that sees its arguments' types.
    pub(super) fn typed(&mut self, signature: &str, body: TypedBody) {
        self.add(signature, true, Body::Typed(body));
    }

    /// Adds a builtin that sees nulls and its arguments' types.
    pub(super) fn typed_nullable(&mut self, signature: &str, body: TypedBody) {
        self.add(signature, false, Body::Typed(body));
    }

    /// Adds a set-returning function that has no rows for null.
    pub(super) fn rows(&mut self, signature: &str, body: TableBody) {
        self.add(signature, true, Body::Table(body));
    }

    /// Adds a set-returning function that sees nulls.
    pub(super) fn rows_nullable(&mut self, signature: &str, body: TableBody) {
        self.add(signature, false, Body::Table(body));
    }

    fn add(&mut self, signature: &str, strict: bool, body: Body) {
        let (name, rest) = signature.split_once('(').expect("signatures have parentheses");
        let (arguments, result) = rest.rsplit_once(") ").expect("signatures end in a result type");
        let variadic = arguments.contains("variadic ");
        let words =
            arguments.split(',').map(|word| word.trim_start_matches("variadic ")).filter(|word| !word.is_empty());
        let entry = Entry { arguments: words.map(pattern).collect(), variadic, result: pattern(result), strict, body };
        self.0.entry(name.to_owned()).or_default().push(entry);
    }
}

fn pattern(word: &str) -> Pattern {
    match word {
        "any" => Pattern::Any,
        "anyelement" => Pattern::AnyElement,
        "anyarray" => Pattern::AnyArray,
        "anynonarray" => Pattern::AnyNonArray,
        "anyenum" => Pattern::AnyEnum,
        other => Pattern::Is(named(other).expect("catalog types are known")),
    }
}

/// The type with this internal name.
pub(super) fn named(name: &str) -> Option<SqlType> {
    if let Some(element) = name.strip_suffix("[]") {
        return named(element).map(|element| SqlType::Array(Box::new(element)));
    }
    Some(match name {
        "bool" => SqlType::Bool,
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "oid" => SqlType::Oid,
        "float4" => SqlType::Float4,
        "float8" => SqlType::Float8,
        "numeric" => SqlType::Numeric(None),
        "text" | "varchar" => SqlType::Text,
        "bpchar" => SqlType::Bpchar,
        "bytea" => SqlType::Bytea,
        "date" => SqlType::Date,
        "time" => SqlType::Time,
        "timestamp" => SqlType::Timestamp,
        "timestamptz" => SqlType::Timestamptz,
        "interval" => SqlType::Interval,
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        "inet" | "cidr" | "macaddr" | "macaddr8" | "pg_lsn" | "tsvector" | "jsonpath" => SqlType::Other(name.into()),
        _ => return None,
    })
}
