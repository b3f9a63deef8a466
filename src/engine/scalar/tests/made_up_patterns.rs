//! Regular expressions and number templates made up by chance, always the same ones.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SEED: u64 = 20_240_301;

fn pick<'a>(random: &mut StdRng, words: &[&'a str]) -> &'a str {
    words[random.random_range(0..words.len())]
}

/// `count` calls with regular expressions.
pub(super) fn patterns(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    (0..count).map(|_| call(&mut random)).collect()
}

fn call(random: &mut StdRng) -> String {
    let pattern = branches(random, 2);
    let length = random.random_range(0..9);
    let text: String = (0..length).map(|_| pick(random, &["a", "a", "b", "b", "c", " ", "1", "_"])).collect();
    match random.random_range(0..5) {
        0 => format!("regexp_replace('{text}', '{pattern}', '<\\&>', 'g')"),
        1 => format!("regexp_substr('{text}', '{pattern}')"),
        2 => format!("'{text}' ~ '{pattern}'"),
        3 => format!("regexp_split_to_array('{text}', '{pattern}')"),
        _ => format!("regexp_match('{text}', '{pattern}')"),
    }
}

fn branches(random: &mut StdRng, depth: u32) -> String {
    let count = if random.random_bool(0.65) { 1 } else { random.random_range(2..4) };
    (0..count).map(|_| branch(random, depth)).collect::<Vec<_>>().join("|")
}

fn branch(random: &mut StdRng, depth: u32) -> String {
    let least = usize::from(random.random_bool(0.85));
    (0..random.random_range(least..4)).map(|_| quantified(random, depth)).collect()
}

fn quantified(random: &mut StdRng, depth: u32) -> String {
    let atom = match random.random_range(0..20) {
        0..=5 if depth > 0 => format!("({})", branches(random, depth - 1)),
        6 if depth > 0 => format!("(?:{})", branches(random, depth - 1)),
        7 => return pick(random, &["^", "$", "\\m", "\\M", "\\y", "\\Y", "\\A", "\\Z"]).to_owned(),
        8 => return format!("{}{})", pick(random, &["(?=", "(?!", "(?<=", "(?<!"]), pick(random, &["a", "b*", "ab?"])),
        9 => pick(random, &["\\1", "\\2", "a"]).to_owned(),
        10..=12 => pick(random, &["[ab]", "[^a]", "[a-c]", "[[:alpha:]]", "\\w", "\\d", "."]).to_owned(),
        _ => pick(random, &["a", "a", "b", "b", "c", " "]).to_owned(),
    };
    if random.random_bool(0.5) {
        return atom;
    }
    let counts = ["*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}", "{1,1}", "{0,1}"];
    let greedy = if random.random_bool(0.65) { "" } else { "?" };
    format!("{atom}{}{greedy}", pick(random, &counts))
}

/// `count` numbers as templates show and read them.
pub(super) fn number_templates(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    (0..count).map(|_| templated(&mut random)).collect()
}

fn templated(random: &mut StdRng) -> String {
    let mut template = pick(random, &["", "", "FM", "S", "MI", "PL", "SG", "L"]).to_owned();
    for _ in 0..random.random_range(0..6) {
        template.push_str(pick(random, &["9", "9", "9", "0", ",", "G", " "]));
    }
    if random.random_bool(0.5) {
        template.push_str(pick(random, &[".", "D"]));
        for _ in 0..random.random_range(0..4) {
            template.push_str(pick(random, &["9", "9", "0"]));
        }
    }
    template.push_str(pick(random, &["", "", "", "S", "MI", "PR", "SG", "th", "TH", "V9", "EEEE"]));
    let size = [1.0, 10.0, 1_000.0, 1e6][random.random_range(0..4)];
    let number = random.random_range(-size..size);
    let number = if random.random_bool(0.1) { 0.0 } else { number };
    match random.random_range(0..5) {
        0 => format!("to_char({}, '{template}')", number as i64),
        1 => format!("to_char({number:.2}::float8, '{template}')"),
        2 => format!("to_char({}::bigint, '{template}')", number as i64),
        3 => format!("to_number('{number:.2}', '{template}')"),
        _ => format!("to_char({number:.3}, '{template}')"),
    }
}

/// `count` moments and intervals as templates show and read them.
pub(super) fn date_templates(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    (0..count).map(|_| dated(&mut random)).collect()
}

const DATE_FIELDS: [&str; 52] = [
    "YYYY", "YYYY", "YYY", "YY", "Y", "Y,YYY", "IYYY", "IY", "MM", "MM", "Mon", "Month", "MONTH", "DD", "DD", "DDD",
    "D", "ID", "IDDD", "IW", "WW", "W", "Q", "CC", "J", "RM", "rm", "HH24", "HH24", "HH12", "HH", "MI", "SS", "SSSS",
    "MS", "US", "FF1", "FF3", "FF5", "AM", "p.m.", "BC", "A.D.", "TZH", "TZM", "Day", "DY", "day", "dd", "hh24", "mi",
    "FX",
];

fn dated(random: &mut StdRng) -> String {
    let mut template = String::new();
    for _ in 0..random.random_range(1..6) {
        template.push_str(pick(random, &["", "", "", "FM"]));
        template.push_str(pick(random, &DATE_FIELDS));
        template.push_str(pick(random, &["", "", "", "", "th", "TH"]));
        template.push_str(pick(random, &["", "-", "-", "/", " ", " ", ":", "  ", "\"T\"", "x", ", "]));
    }
    let sign = pick(random, &["", "", "-"]);
    let mut number = |most: u32| random.random_range(0..most);
    let time = format!("{:02}:{:02}:{:02}.{:06}", number(24), number(60), number(60), number(1_000_000));
    let day = format!("{:04}-{:02}-{:02}", 1 + number(3_000), 1 + number(12), 1 + number(28));
    let era = if number(10) == 0 { " BC" } else { "" };
    let moment = format!("timestamp '{day} {time}{era}'");
    let (years, months, days) = (number(300), number(12), number(40));
    match number(5) {
        0 => format!("to_char({moment}, '{template}')"),
        1 => format!(
            "to_char(interval '{sign}{years} years {sign}{months} months {sign}{days} days {sign}{time}', '{template}')"
        ),
        2 => format!("to_date('{day} {time}', '{template}')"),
        _ => format!("to_timestamp(to_char({moment}, '{template}'), '{template}')"),
    }
}
