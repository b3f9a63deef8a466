//! Files of SELECTs, each with what it becomes below it.
//!
//! A case is SQL up to a line that ends with `;`, then the expected text up to an empty line; lines that begin with
//! `#` are headings. `TAILWATER_REWRITE=1` writes what is into the files, to be read and committed.

use std::fmt::Write;
use std::path::PathBuf;

use super::super::error::Code;

/// One case.
pub(super) struct Case {
    pub(super) heading: String,
    pub(super) sql: String,
    pub(super) expected: String,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The cases of a file.
pub(super) fn cases(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let mut cases = Vec::new();
    let mut heading = String::new();
    for block in text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty()) {
        if block.starts_with('#') {
            heading = format!("{block}\n\n");
            continue;
        }
        let (sql, expected) = match block.split_once(";\n") {
            Some((sql, expected)) => (sql, expected),
            // A file of questions alone.
            None => (block.trim_end_matches(';'), ""),
        };
        let heading = std::mem::take(&mut heading);
        cases.push(Case { heading, sql: sql.to_owned(), expected: format!("{expected}\n") });
    }
    cases
}

/// Compares every case, or rewrites the file.
pub(super) fn compare(name: &str, actual: impl Fn(&str) -> String) {
    let mut text = String::new();
    let mut wrong = String::new();
    for case in cases(name) {
        let actual = format!("{}\n", actual(&case.sql).trim_end());
        if actual != case.expected {
            write!(wrong, "{};\n{actual}--- expected\n{}\n", case.sql, case.expected).unwrap();
        }
        write!(text, "{}{};\n{actual}\n", case.heading, case.sql).unwrap();
    }
    settle(name, &text, &wrong);
}

fn settle(name: &str, text: &str, wrong: &str) {
    if std::env::var_os("TAILWATER_REWRITE").is_some() {
        std::fs::write(path(name), text).unwrap();
    } else {
        assert!(wrong.is_empty(), "{name} (TAILWATER_REWRITE=1 rewrites it):\n{wrong}");
    }
}

#[test]
fn the_reference_lists_every_code() {
    let mut text = String::from(
        "# SQL of views\n\n\
         A view is one `SELECT` in Postgres' dialect. Kept are: projections, `WHERE`, inner, left, right and cross joins of any\n\
         number of tables (`ON`, `USING`, `NATURAL`), `GROUP BY` and `HAVING`, `count`, `sum`, `avg`, `min` and `max` with\n\
         `DISTINCT` and `FILTER`, `SELECT DISTINCT`, `UNION` and `UNION ALL`, `WITH`, subqueries in `FROM`, `VALUES`, and views that\n\
         read other views. A top-level `ORDER BY` is ignored with a warning: a view has no order.\n\n\
         Every view has a key: inferred from primary keys, `GROUP BY`, `DISTINCT` and joins, or declared with `key = [...]`.\n\n\
         ## Codes of errors\n\n| code | meaning | what to do |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        writeln!(text, "| {} | {} | {} |", code.id(), code.title(), code.advice()).unwrap();
    }
    let name = "docs/reference/sql.md";
    std::fs::create_dir_all(path("docs/reference")).unwrap();
    let known = std::fs::read_to_string(path(name)).unwrap_or_default();
    settle(name, &text, if known == text { "" } else { "the page is stale" });
}
