//! Expressions made up by chance, always the same ones: numbers of all sizes, moments, intervals.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SEED: u64 = 20_240_229;

/// `count` expressions.
pub(super) fn made_up(count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(SEED);
    (0..count).map(|_| expression(&mut random)).collect()
}

fn pick<'a>(random: &mut StdRng, words: &[&'a str]) -> &'a str {
    words[random.random_range(0..words.len())]
}

fn numeric(random: &mut StdRng) -> String {
    let sign = pick(random, &["", "", "-"]);
    let digits = |random: &mut StdRng, most: usize| -> String {
        (0..random.random_range(1..=most)).map(|_| char::from(b'0' + random.random_range(0..10u8))).collect()
    };
    let most = [1, 4, 9, 20, 40][random.random_range(0..5)];
    let whole = digits(random, most);
    match random.random_range(0..4) {
        0 => format!("'{sign}{whole}'::numeric"),
        1 => format!("'{sign}0.000{}'::numeric", digits(random, 12)),
        _ => format!("'{sign}{whole}.{}'::numeric", digits(random, 8)),
    }
}

fn moment(random: &mut StdRng) -> String {
    let year = random.random_range(1..4000);
    let (month, day) = (random.random_range(1..=12), random.random_range(1..=28));
    let (hour, minute, second) = (random.random_range(0..24), random.random_range(0..60), random.random_range(0..60));
    let fraction = random.random_range(0..1_000_000);
    let kind = pick(random, &["timestamp", "timestamptz"]);
    let zone = if kind == "timestamptz" { "+00" } else { "" };
    format!("{kind} '{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:06}{zone}'")
}

fn interval(random: &mut StdRng) -> String {
    let mut field = |most: i64| random.random_range(-most..=most);
    format!(
        "interval '{} months {} days {} seconds {} microseconds'",
        field(200),
        field(400),
        field(200_000),
        field(999_999)
    )
}

fn float(random: &mut StdRng) -> String {
    let exponent = random.random_range(-30..30);
    format!("'{}e{exponent}'::{}", random.random_range(-9.99..9.99f64), pick(random, &["float8", "float8", "float4"]))
}

const FIELDS: [&str; 15] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "epoch",
    "week",
    "isoyear",
    "doy",
    "dow",
    "quarter",
    "century",
    "milliseconds",
    "julian",
];

fn expression(random: &mut StdRng) -> String {
    match random.random_range(0..16) {
        0..=3 => {
            let operator = pick(random, &["+", "-", "*", "/", "/", "%", "<", "="]);
            format!("{} {operator} {}", numeric(random), numeric(random))
        }
        4 => format!("sqrt(abs({}))", numeric(random)),
        5 => format!("ln(abs({}))", numeric(random)),
        6 => format!("exp({} / 1e20)", numeric(random)),
        7 => {
            let (base, exponent) = (random.random_range(1..100_000), random.random_range(-2_000..2_000));
            format!("power({base}.{:03}, {exponent}e-2)", random.random_range(0..1000))
        }
        8 => format!("{}({}, {})", pick(random, &["round", "trunc"]), numeric(random), random.random_range(-12..12)),
        9 => format!("{}::{}", numeric(random), pick(random, &["int4", "int8", "float8", "float4", "numeric(20,3)"])),
        10 => format!("{} {} {}", float(random), pick(random, &["+", "-", "*", "/", "<"]), float(random)),
        11 => format!("{}::{}", float(random), pick(random, &["numeric", "int4", "float4", "text"])),
        12 => format!("{} {} {}", moment(random), pick(random, &["+", "-"]), interval(random)),
        13 => format!("extract({} from {})", pick(random, &FIELDS), moment(random)),
        14 => {
            let unit = pick(random, &["week", "month", "quarter", "decade", "century", "hour"]);
            let left = moment(random).replacen("timestamptz", "timestamp", 1);
            let right = moment(random).replacen("timestamptz", "timestamp", 1);
            if random.random_bool(0.5) {
                format!("age({left}, {right})")
            } else {
                format!("date_trunc('{unit}', {left})")
            }
        }
        _ => {
            let factor = random.random_range(-9.0..9.0f64);
            format!("{} {} {factor:.3}", interval(random), pick(random, &["*", "/"]))
        }
    }
}
