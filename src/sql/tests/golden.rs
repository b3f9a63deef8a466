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
         A view is one `SELECT` in Postgres' dialect, kept incrementally: after every step its rows are what Postgres would answer.\n\n\
         - **Joins**: inner, left, right, full, cross, `NATURAL`, `USING`, `LATERAL` (also with `LIMIT`: top n per row), any condition,\n  \
           `IS NOT DISTINCT FROM`; `EXISTS`, `IN`, `NOT IN`, `ANY`, `ALL` with their nulls. Equalities are found by keys and indexes; a condition\n  \
           without an equality looks at every row of the other side.\n\
         - **Subqueries** anywhere: in the SELECT list, in conditions and under `OR`, correlated or not, `ARRAY(SELECT …)`; in the `ON` of\n  \
           a FULL JOIN if they refer to one side only.\n\
         - **Aggregates**: `count`, `sum`, `avg`, `min`, `max`, `bool_and`, `bool_or`, `every`, `bit_and`, `bit_or`, `bit_xor`, the families of\n  \
           `stddev`, `variance`, `covar`, `corr` and `regr`, `array_agg`, `string_agg`, `json_agg`, `jsonb_agg`, `json_object_agg`,\n  \
           `jsonb_object_agg`, `percentile_cont`, `percentile_disc`, `mode`, with `DISTINCT`, `FILTER` and `ORDER BY` inside; `GROUPING SETS`, `ROLLUP`,\n  \
           `CUBE`, `grouping()`, `HAVING`.\n\
         - **Sets**: `UNION`, `INTERSECT`, `EXCEPT`, each with `ALL`; `DISTINCT`, `DISTINCT ON`, `VALUES`.\n\
         - **Limits**: `ORDER BY … LIMIT … OFFSET`, `FETCH … WITH TIES`. Rows that the order does not tell apart are taken by their bytes.\n  \
           Without a limit a top-level `ORDER BY` is ignored with a warning: a view has no order.\n\
         - **Window functions**: all of Postgres' with `ROWS`, `RANGE` and `GROUPS` frames and `EXCLUDE`, every aggregate `OVER`, named windows.\n  \
           `row_number() <= k` and `rank() <= k` keep the first k rows only.\n\
         - `WITH`, also `MATERIALIZED`; `WITH RECURSIVE` with one reference in the recursive part; set-returning functions in `FROM` and in the\n  \
           SELECT list ([functions.md](functions.md)), side by side in `ROWS FROM (…)`; whole rows in `row_to_json(t)`, `to_jsonb(t)`, `json_agg(t)`.\n\
         - **Documents**: `json` and `jsonb` with their operators and functions, order and equality of `jsonb`, `jsonpath` (`@?`, `@@`, `jsonb_path_query`\n  \
           and its kin).\n\
         - **Collations**: text is compared by its column's collation or by `COLLATE`, derived as Postgres derives it. Kept are `C` and its kin and ICU\n  \
           collations without options, also a database's ICU default; those of a C library are refused where order matters, nondeterministic\n  \
           ones wherever text is compared.\n\n\
         `tailwater explain` shows the operators of a view, what each keeps and how that grows. [differences.md](differences.md) names what may\n\
         differ from Postgres.\n\n\
         Every view has a key: inferred from primary keys, `GROUP BY` (with `GROUPING SETS` also from `grouping()`), `DISTINCT`, joins\n\
         (with `FULL JOIN` the keys of both sides, or merged ones), and `UNION ALL` of branches with different constants; or declared with\n\
         `key = [...]`. Where rows may be the same, as in `SELECT status FROM orders`, write `SELECT DISTINCT status`, or\n\
         `SELECT status, count(*) FROM orders GROUP BY status`, or select the key as well.\n\n\
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
