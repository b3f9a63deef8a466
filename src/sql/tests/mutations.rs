//! Random damage to SQL: planning answers, whatever it is given.

use proptest::prelude::*;

use super::golden::cases;
use super::planning::PLANS;
use super::shop::{shop, text};
use crate::sql::{plan_views, tables_read};

const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "group by",
    "having",
    "join",
    "left join",
    "on",
    "using",
    "(",
    ")",
    ",",
    ".",
    "*",
    "'",
    "\"",
    "as",
    "with",
    "union all",
    "distinct",
    "null",
    "1",
    "1e400",
    "-",
    "::int",
    "orders",
    "customers",
    "id",
    "o",
    "case when",
    "end",
    "in",
    "between",
    "and",
    "or",
    "not",
    "is null",
    "count(*)",
    "sum(",
    "filter (where",
    "values",
    "[1]",
    "->>",
    "any(",
    "interval '1 day'",
    "$1",
    ";",
    "--",
    "/*",
    "ä",
    "\u{0}",
    "over ()",
    "limit 1",
    "order by",
    "natural",
];

fn damaged(sql: &str, damage: &[(prop::sample::Index, usize, u8)]) -> String {
    let mut text: Vec<String> = sql.split_inclusive(' ').map(str::to_owned).collect();
    for (place, word, kind) in damage {
        let place = place.index(text.len().max(1)).min(text.len().saturating_sub(1));
        match kind {
            0 if !text.is_empty() => drop(text.remove(place)),
            1 if !text.is_empty() => text[place] = format!("{} ", WORDS[word % WORDS.len()]),
            2 if !text.is_empty() => {
                let other = word % text.len();
                text.swap(place, other);
            }
            _ => text.insert(place, format!("{} ", WORDS[word % WORDS.len()])),
        }
    }
    text.concat()
}

fn plans_or_refuses(sql: &str) {
    let _ = tables_read(sql);
    match plan_views(&shop(), &[text("v", sql)]) {
        Ok(plans) => assert_eq!(plans.len(), 1),
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(errors.iter().all(|error| !error.message.is_empty() && error.code.starts_with("TW-SQL-")));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_selects_never_panic(
        case in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<usize>(), 0u8..4), 1..5),
    ) {
        let cases = cases(PLANS);
        plans_or_refuses(&damaged(&cases[case.index(cases.len())].sql, &damage));
    }

    #[test]
    fn words_in_any_order_never_panic(words in prop::collection::vec(0..WORDS.len(), 0..20)) {
        let words: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
        plans_or_refuses(&words.join(" "));
    }

    #[test]
    fn any_text_never_panics(sql in "\\PC{0,80}") {
        plans_or_refuses(&sql);
    }
}
