//! Paths over documents made up by chance, always the same ones.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SEED: u64 = 20_240_303;

/// `count` calls.
pub(super) fn paths(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    (0..count).map(|_| call(&mut random)).collect()
}

fn pick<'a>(random: &mut StdRng, words: &[&'a str]) -> &'a str {
    words[random.random_range(0..words.len())]
}

fn document(random: &mut StdRng, depth: usize) -> String {
    let leaf = depth == 0 || random.random_bool(0.3);
    if leaf {
        let leaves = ["1", "2", "-1.50", "0", "\"a\"", "\"ab\"", "\"12\"", "\"2024-01-01\"", "null", "true", "false"];
        return pick(random, &leaves).to_owned();
    }
    let count = random.random_range(0..4);
    if random.random_bool(0.5) {
        let elements: Vec<String> = (0..count).map(|_| document(random, depth - 1)).collect();
        return format!("[{}]", elements.join(", "));
    }
    let fields: Vec<String> = (0..count)
        .map(|_| {
            let key = pick(random, &["a", "b", "cc", "d"]);
            format!("\"{key}\": {}", document(random, depth - 1))
        })
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn head(random: &mut StdRng, depth: usize, filtered: bool) -> String {
    match random.random_range(0..10) {
        0 => pick(random, &["1", "2", "0.5", "\"a\"", "null", "true", "$x", "$y"]).to_owned(),
        1 if depth > 0 => format!("({})", value(random, depth - 1, filtered)),
        2 if depth > 0 => format!("({})", condition(random, depth - 1, filtered)),
        3..=6 if filtered => "@".to_owned(),
        _ => "$".to_owned(),
    }
}

fn chain(random: &mut StdRng, depth: usize, filtered: bool) -> String {
    let mut out = head(random, depth, filtered);
    let is_number = out.starts_with(|c: char| c.is_ascii_digit());
    for _ in 0..random.random_range(0..3) {
        if is_number {
            break;
        }
        out.push_str(&step(random, depth));
    }
    out
}

fn step(random: &mut StdRng, depth: usize) -> String {
    match random.random_range(0..14) {
        0..=3 => format!(".{}", pick(random, &["a", "b", "cc", "d"])),
        4 => ".*".to_owned(),
        5 | 6 => "[*]".to_owned(),
        7 => format!("[{}]", pick(random, &["0", "1", "last", "last - 1", "0 to 1", "1, 0", "-1", "0 to last", "$.a"])),
        8 => format!(".**{}", pick(random, &["", "{1}", "{2}", "{0 to 1}", "{1 to last}", "{last}"])),
        9 | 10 => format!(
            ".{}()",
            pick(random, &["type", "size", "double", "ceiling", "floor", "abs", "keyvalue", "datetime"])
        ),
        _ if depth > 0 => format!(" ? ({})", condition(random, depth - 1, true)),
        _ => ".a".to_owned(),
    }
}

fn value(random: &mut StdRng, depth: usize, filtered: bool) -> String {
    match random.random_range(0..8) {
        0 if depth > 0 => {
            let operator = pick(random, &["+", "-", "*", "/", "%"]);
            let (left, right) = (chain(random, depth - 1, filtered), chain(random, depth - 1, filtered));
            format!("{left} {operator} {right}")
        }
        1 => format!("{}{}", pick(random, &["-", "+"]), chain(random, depth, filtered)),
        _ => chain(random, depth, filtered),
    }
}

fn condition(random: &mut StdRng, depth: usize, filtered: bool) -> String {
    let inner = depth.saturating_sub(1);
    match random.random_range(0..12) {
        0 if depth > 0 => format!("{} && {}", condition(random, inner, filtered), condition(random, inner, filtered)),
        1 if depth > 0 => format!("{} || {}", condition(random, inner, filtered), condition(random, inner, filtered)),
        2 if depth > 0 => format!("!({})", condition(random, inner, filtered)),
        3 if depth > 0 => format!("({}) is unknown", condition(random, inner, filtered)),
        4 => format!("exists({})", chain(random, inner, filtered)),
        5 => format!("{} starts with {}", chain(random, inner, filtered), pick(random, &["\"a\"", "$y", "\"\""])),
        6 => format!("{} like_regex \"^A\" flag \"i\"", chain(random, inner, filtered)),
        _ => {
            let comparison = pick(random, &["==", "!=", "<", ">", "<=", ">="]);
            format!("{} {comparison} {}", value(random, inner, filtered), value(random, inner, filtered))
        }
    }
}

fn call(random: &mut StdRng) -> String {
    let mode = pick(random, &["", "", "strict "]);
    let path = if random.random_bool(0.7) { value(random, 3, false) } else { condition(random, 3, false) };
    let document = document(random, 4);
    let function = pick(random, &["query_array", "query_array", "query_array_tz", "exists", "match", "query_first"]);
    let silent = pick(random, &["true", "false", "false"]);
    format!("jsonb_path_{function}('{document}', '{mode}{path}', '{{\"x\": [1, 2], \"y\": \"a\"}}', {silent})")
}
