//! Random literals.

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// How many random values each type gets.
const RANDOM_VALUES: usize = 1_500;

/// Random literals of a type; none for types without a generator.
pub(crate) fn random(declared: &str) -> Vec<String> {
    let Some(generate) = generator(declared) else { return Vec::new() };
    let mut rng = StdRng::seed_from_u64(20_240_229);
    (0..RANDOM_VALUES).map(|_| generate(&mut rng)).collect()
}

fn generator(declared: &str) -> Option<fn(&mut StdRng) -> String> {
    Some(match declared {
        "integer" => |rng| rng.random::<i32>().to_string(),
        "bigint" => |rng| (rng.random::<i64>() >> rng.random_range(0..64)).to_string(),
        "real" => |rng| float(rng, |rng| f64::from(f32::from_bits(float4_bits(rng)))),
        "double precision" => |rng| float(rng, |rng| f64::from_bits(float8_bits(rng))),
        "numeric" => numeric,
        "text" => text,
        "bytea" => {
            |rng| (0..rng.random_range(0..40)).fold("\\x".into(), |hex, _| format!("{hex}{:02x}", rng.random::<u8>()))
        }
        "date" => |rng| format!("{}", Days(rng.random_range(-2_451_545i64..2_145_031_949))),
        "time" => |rng| clock(rng.random_range(0..86_400_000_000)),
        "timestamp" | "timestamptz" => |rng| {
            let latest = 106_751_991 >> rng.random_range(0..8);
            let days = Days(rng.random_range(-600_000..latest));
            let micros = rng.random_range(0..86_400_000_000i64);
            let micros = micros - micros % 10i64.pow(rng.random_range(0..7));
            let date = days.to_string();
            let (date, era) = date.split_once(' ').unwrap_or((&date, ""));
            format!("{date} {} {era}", clock(micros))
        },
        "interval" => |rng| {
            let shift = rng.random_range(0..32);
            let (months, days, micros) =
                (rng.random::<i32>() >> shift, rng.random::<i32>() >> shift, rng.random::<i64>() >> shift >> 1);
            // Postgres 14 reads no field that four bytes do not hold.
            let (minutes, micros) = (micros / 60_000_000, micros % 60_000_000);
            let hours = minutes / 60 + rng.random_range(-99..99);
            format!("{months} months {days} days {hours} hours {} minutes {micros} us", minutes % 60)
        },
        "uuid" => |rng| format!("{:032x}", rng.random::<u128>()),
        "text[]" => |rng| {
            let elements: Vec<String> = (0..rng.random_range(1..6)).map(|_| quoted(&text(rng))).collect();
            format!("{{{}}}", elements.join(","))
        },
        "integer[]" => |rng| {
            let (rows, columns, lower) = (rng.random_range(1..4), rng.random_range(1..4), rng.random_range(-3..4));
            let row =
                |rng: &mut StdRng| (0..columns).map(|_| rng.random::<i16>().to_string()).collect::<Vec<_>>().join(",");
            let body: Vec<String> = (0..rows).map(|_| format!("{{{}}}", row(rng))).collect();
            format!("[{lower}:{}][1:{columns}]={{{}}}", lower + rows - 1, body.join(","))
        },
        _ => return None,
    })
}

fn float8_bits(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..4) {
        0 => rng.next_u64(),
        // Powers of two and their neighbours, where the shortest form is hardest.
        1 => (rng.random_range(1..2047u64) << 52).wrapping_add_signed(rng.random_range(-2..=2)),
        2 => (rng.random_range(0..1u64 << 60) as f64).to_bits(),
        _ => (f64::from(rng.random::<i32>()) / 10f64.powi(rng.random_range(0..12))).to_bits(),
    }
}

fn float4_bits(rng: &mut StdRng) -> u32 {
    match rng.random_range(0..4) {
        0 => rng.next_u32(),
        1 => (rng.random_range(1..255u32) << 23).wrapping_add_signed(rng.random_range(-2..=2)),
        2 => (rng.random_range(0..1u32 << 31) as f32).to_bits(),
        _ => (f32::from(rng.random::<i16>()) / 10f32.powi(rng.random_range(0..8))).to_bits(),
    }
}

fn float(rng: &mut StdRng, next: fn(&mut StdRng) -> f64) -> String {
    let value = next(rng);
    if value.is_finite() { format!("{value:e}") } else { "NaN".into() }
}

fn numeric(rng: &mut StdRng) -> String {
    let digits = |rng: &mut StdRng, most: usize| {
        let zeros = rng.random_bool(0.3);
        let digit = |rng: &mut StdRng| {
            if zeros && rng.random_bool(0.8) { '0' } else { char::from(rng.random_range(b'0'..=b'9')) }
        };
        (0..rng.random_range(0..=most)).map(|_| digit(rng)).collect::<String>()
    };
    let most = if rng.random_bool(0.1) { 200 } else { 14 };
    let sign = if rng.random() { "-" } else { "" };
    format!("{sign}{}0.{}", digits(rng, most), digits(rng, most))
}

fn text(rng: &mut StdRng) -> String {
    const CHARS: &[char] = &['a', 'B', '0', ' ', '"', '\\', '{', '}', ',', '\'', '\n', '\t', 'é', '漢', '🦀', ';', '('];
    (0..rng.random_range(0..30)).map(|_| CHARS[rng.random_range(0..CHARS.len())]).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn clock(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    format!("{:02}:{:02}:{:02}.{:06}", seconds / 3_600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

/// Days since 2000-01-01, printed as a date by counting years, months and days plainly.
struct Days(i64);

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (cycles, mut rest) = (self.0.div_euclid(146_097), self.0.rem_euclid(146_097));
        let mut year = 2_000 + cycles * 400;
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        while rest >= 365 + i64::from(leap(year)) {
            rest -= 365 + i64::from(leap(year));
            year += 1;
        }
        let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while rest >= lengths[month] {
            rest -= lengths[month];
            month += 1;
        }
        let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
        write!(f, "{shown:04}-{:02}-{:02}{era}", month + 1, rest + 1)
    }
}
