//! The page of functions and operators is what the catalog says.

use std::fmt::Write;
use std::path::PathBuf;

use crate::engine::scalar::catalog::{Catalog, Entry, Pattern};

const INTRODUCTION: &str = "# Functions and operators of views

Written from the catalog of builtins; every line is an overload that views may use, with Postgres' meaning. `any` is a value of
any type; `anyelement` and `anyarray` stand for one type throughout. Besides there are `CASE`, `COALESCE`, `NULLIF`, `GREATEST`,
`LEAST`, `IN`, `BETWEEN`, `IS [NOT] DISTINCT FROM`, `AND`, `OR`, `NOT`, `ANY` and `ALL` of arrays, casts, and conversion by the name
of a type. `LIKE` is `~~`, `ILIKE` is `~~*`; their third operand is `ESCAPE`. What may differ from Postgres is in
[differences.md](differences.md).
";

fn shown(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Is(sql_type) => sql_type.to_string(),
        Pattern::Any => "any".to_owned(),
        Pattern::AnyElement => "anyelement".to_owned(),
        Pattern::AnyArray => "anyarray".to_owned(),
        Pattern::AnyNonArray => "anynonarray".to_owned(),
        Pattern::AnyEnum => "anyenum".to_owned(),
    }
}

fn overload(name: &str, entry: &Entry) -> String {
    let arguments: Vec<String> = entry.arguments.iter().map(shown).collect();
    let result = shown(&entry.result);
    let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
    match &arguments[..] {
        [only] if is_operator => format!("{name} {only} → {result}"),
        [left, right] if is_operator => format!("{left} {name} {right} → {result}"),
        _ => {
            let more = if entry.variadic { ", …" } else { "" };
            format!("{name}({}{more}) → {result}", arguments.join(", "))
        }
    }
}

fn page() -> String {
    let mut operators = String::from("\n## Operators\n");
    let mut functions = String::from("\n## Functions\n");
    // Forms that the planner chooses are not written by anyone.
    let is_written =
        |name: &str| name == "/" || !(name.starts_with("tw_") || name.contains('/') && name.ends_with(['c', 'C']));
    for (name, entries) in Catalog::builtin().all().into_iter().filter(|(name, _)| is_written(name)) {
        let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        let out = if is_operator { &mut operators } else { &mut functions };
        write!(out, "\n### `{name}`\n\n").expect("text can be written");
        for entry in entries {
            writeln!(out, "- `{}`", overload(name, entry)).expect("text can be written");
        }
    }
    format!("{INTRODUCTION}{operators}{functions}")
}

#[test]
fn the_reference_lists_every_function_and_operator() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference/functions.md");
    if std::env::var_os("TAILWATER_REWRITE").is_some() {
        std::fs::write(&path, page()).expect("the page can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == page(), "docs/reference/functions.md is stale (TAILWATER_REWRITE=1 rewrites it)");
}
