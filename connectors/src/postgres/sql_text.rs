//! Quoting, and the SQL files of `migrations/postgres` with their placeholders filled in.

use postgres_protocol::escape::escape_identifier;

use crate::schema::TableName;

/// A string literal. Backslashes are safe: `standard_conforming_strings` is the default, and `E''` is used where one occurs.
pub(super) fn literal(text: &str) -> String {
    postgres_protocol::escape::escape_literal(text).trim_start().to_owned()
}

/// `"schema"."table"`
pub(super) fn table(name: &TableName) -> String {
    format!("{}.{}", escape_identifier(&name.schema), escape_identifier(&name.table))
}

/// `"schema"."a", "schema"."b"`
pub(super) fn tables<'a>(names: impl IntoIterator<Item = &'a TableName>) -> String {
    names.into_iter().map(table).collect::<Vec<_>>().join(", ")
}

/// Fills `{name}` placeholders in one pass, so that what is filled in is never searched again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let known = after
            .split_once('}')
            .and_then(|(name, tail)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, tail)));
        match known {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The statements of a file without its comment lines.
pub(super) fn statements(sql: &str) -> String {
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--") && !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_quoted_and_not_searched_again() {
        let name = TableName { source: "s".into(), schema: "a\"b".into(), table: "{slot}".into() };
        let filled = fill("SELECT {tables} {slot} {other", &[("tables", &tables([&name])), ("slot", &literal("it's"))]);
        assert_eq!(filled, "SELECT \"a\"\"b\".\"{slot}\" 'it''s' {other");
    }

    #[test]
    fn comments_are_left_out_of_what_is_run() {
        assert_eq!(statements("-- why\nSELECT 1;\n\n"), "SELECT 1;");
    }
}
