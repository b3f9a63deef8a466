//! Random values as SQL.

use std::fmt::Write;

use rand::Rng;
use rand::rngs::StdRng;

use crate::columns::Made;

/// A value for a column; null one time out of eight.
pub(crate) fn literal(random: &mut StdRng, made: Made) -> String {
    if random.random_ratio(1, 8) && !matches!(made, Made::Generated) {
        return "null".to_owned();
    }
    match made {
        Made::Int(low, high) => edge(random, low, high).to_string(),
        Made::Float => format!("{:e}", random.random_range(-1000.0f32..1000.0)),
        Made::Double => double(random),
        Made::Decimal(digits, scale, signed) => decimal(random, digits, scale, signed),
        Made::Bits(bits) => format!("{}", edge(random, 0, (1i128 << bits) - 1)),
        Made::Year => {
            if random.random_ratio(1, 4) {
                "0".into()
            } else {
                random.random_range(1901..2156).to_string()
            }
        }
        Made::Date => format!("'{}'", date(random)),
        Made::Time(digits) => {
            let (sign, hours) = (["", "-"][random.random_range(0..2)], random.random_range(0..838));
            format!("'{sign}{hours:02}:{}'", minutes(random, digits))
        }
        Made::Datetime(digits) => {
            format!("'{} {:02}:{}'", date(random), random.random_range(0..24), minutes(random, digits))
        }
        Made::Timestamp(digits) => match random.random_ratio(1, 8) {
            true => "'0000-00-00 00:00:00'".to_owned(),
            false => {
                let (year, month, day) =
                    (random.random_range(1971..2037), random.random_range(1..13), random.random_range(1..29));
                format!("'{year}-{month:02}-{day:02} {:02}:{}'", random.random_range(0..24), minutes(random, digits))
            }
        },
        Made::Text(letters, longest) => format!("_utf8mb4 x'{}'", hex(text(random, letters, longest).as_bytes())),
        Made::Bytes(longest) => format!("x'{}'", hex(&bytes(random, longest))),
        Made::Label(labels) => match random.random_ratio(1, 10) {
            true => "'no such label'".to_owned(),
            false => format!("'{}'", labels[random.random_range(0..labels.len())]),
        },
        Made::Labels(labels) => {
            let chosen: Vec<_> = labels.iter().filter(|_| random.random_ratio(1, 3)).copied().collect();
            format!("'{}'", chosen.join(","))
        }
        Made::Json => match random.random_ratio(1, 3) {
            true => opaque(random),
            false => format!("cast(_utf8mb4 x'{}' as json)", hex(document(random, 4).as_bytes())),
        },
        Made::JsonText => format!("_utf8mb4 x'{}'", hex(document(random, 3).as_bytes())),
        Made::Shape => shape(random),
        Made::Point => {
            format!("st_geomfromtext('POINT({} {})')", random.random_range(-90..90), random.random_range(-90..90))
        }
        Made::Vector => format!("x'{}'", hex(&bytes_of_vector(random))),
        Made::Uuid => uuid(random),
        Made::Inet4 => {
            format!("'{}.{}.0.{}'", random.random_range(0..256), random.random_range(0..256), random.random_range(0..9))
        }
        Made::Inet6 => inet6(random),
        Made::Generated => "default".to_owned(),
    }
}

fn edge(random: &mut StdRng, low: i128, high: i128) -> i128 {
    match random.random_range(0..6) {
        0 => low,
        1 => high,
        2 => 0.clamp(low, high),
        3 => random.random_range(-3i128..3).clamp(low, high),
        _ => random.random_range(low..=high),
    }
}

fn double(random: &mut StdRng) -> String {
    match random.random_range(0..8) {
        0 => "-0e0".to_owned(),
        1 => format!("{:e}", f64::MAX),
        2 => format!("{:e}", f64::MIN_POSITIVE),
        3 => random.random_range(-9i64..9).to_string() + "e0",
        4 => format!("1e{}", random.random_range(-20..25)),
        5 => format!("{}.5e{}", random.random_range(-999_999..999_999), random.random_range(-18..18)),
        6 => format!("{:e}", random.random_range(-1e9..1e9)),
        _ => {
            let number = f64::from_bits(random.random());
            if number.is_finite() && number.abs() > 1e-300 { format!("{number:e}") } else { "0".to_owned() }
        }
    }
}

fn decimal(random: &mut StdRng, digits: usize, scale: usize, signed: bool) -> String {
    let sign = if signed && random.random() { "-" } else { "" };
    let before = random.random_range(0..=digits - scale);
    let behind = random.random_range(0..=scale);
    let digit = |random: &mut StdRng| char::from(b'0' + random.random_range(0..10));
    let whole: String = (0..before).map(|_| digit(random)).collect();
    let fraction: String = (0..behind).map(|_| digit(random)).collect();
    format!("{sign}{}.{fraction}0", if whole.is_empty() { "0" } else { &whole })
}

/// Days, some of them in no calendar.
fn date(random: &mut StdRng) -> String {
    match random.random_range(0..10) {
        0 => "0000-00-00".to_owned(),
        1 => format!("{}-00-00", random.random_range(1000..9999)),
        2 => "9999-12-31".to_owned(),
        3 => "0001-01-01".to_owned(),
        _ => format!(
            "{:04}-{:02}-{:02}",
            random.random_range(1000..9999),
            random.random_range(1..13),
            random.random_range(1..29)
        ),
    }
}

fn minutes(random: &mut StdRng, digits: usize) -> String {
    let (minutes, seconds) = (random.random_range(0..60), random.random_range(0..60));
    match digits {
        0 => format!("{minutes:02}:{seconds:02}"),
        _ => format!("{minutes:02}:{seconds:02}.{:0digits$}", random.random_range(0..10u32.pow(digits as u32))),
    }
}

fn text(random: &mut StdRng, letters: &str, longest: usize) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let length =
        if random.random() { random.random_range(0..=longest) } else { random.random_range(0..=longest.min(8)) };
    (0..length).map(|_| letters[random.random_range(0..letters.len())]).collect()
}

fn bytes(random: &mut StdRng, longest: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..random.random_range(0..=longest)).map(|_| random.random()).collect();
    if random.random_ratio(1, 3) {
        bytes.iter_mut().rev().take(2).for_each(|byte| *byte = 0);
    }
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A document as text.
pub(crate) fn document(random: &mut StdRng, depth: u32) -> String {
    match random.random_range(0..if depth == 0 { 7 } else { 11 }) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => edge(random, i64::MIN as i128, i64::MAX as i128).to_string(),
        3 => edge(random, 0, u64::MAX as i128).to_string(),
        4 => random.random_range(-40_000..80_000).to_string(),
        5 => double(random).replace("-0e0", "-0.0"),
        6 => serde_json::to_string(&text(random, "aé\"\\/\n\t\u{1}\u{1f}日😀'", 200)).unwrap(),
        7 | 8 => {
            let count = random.random_range(0..6);
            format!("[{}]", (0..count).map(|_| document(random, depth - 1)).collect::<Vec<_>>().join(","))
        }
        _ => {
            let count = random.random_range(0..6);
            let member = |_| {
                let name = serde_json::to_string(&text(random, "abé\" .", 5)).unwrap();
                format!("{name}:{}", document(random, depth - 1))
            };
            format!("{{{}}}", (0..count).map(member).collect::<Vec<_>>().join(","))
        }
    }
}

/// A document with values of types that JSON has not.
fn opaque(random: &mut StdRng) -> String {
    let decimal = decimal(random, 30, 10, true);
    let day = format!(
        "{}-{:02}-{:02}",
        random.random_range(1000..9999),
        random.random_range(1..13),
        random.random_range(1..29)
    );
    let blob = hex(&bytes(random, 120));
    format!(
        "json_object('d', cast('{decimal}' as decimal(40,10)), 't', cast('-{}:{}' as time(6)), 'day', cast('{day}' as date),
         'at', cast('{day} {:02}:{}' as datetime(6)), 'bytes', cast(x'{blob}' as binary), 'many', json_array({}))",
        random.random_range(0..838),
        minutes(random, 6),
        random.random_range(0..24),
        minutes(random, 3),
        (0..random.random_range(0..3)).map(|_| double(random)).collect::<Vec<_>>().join(","),
    )
}

fn shape(random: &mut StdRng) -> String {
    let system = ["", ", 4326"][random.random_range(0..2)];
    let mut point = || format!("{} {}", random.random_range(-80..80), random.random_range(-80..80));
    let text = match (point(), point(), point()) {
        (a, b, c) if a < b => format!("LINESTRING({a},{b},{c})"),
        (a, b, _) if a == b => format!("POINT({a})"),
        (a, b, c) if a < c => format!("MULTIPOINT({a},{b},{c})"),
        (a, b, c) => format!("GEOMETRYCOLLECTION(POINT({a}),LINESTRING({b},{c}))"),
    };
    format!("st_geomfromtext('{text}'{system})")
}

fn bytes_of_vector(random: &mut StdRng) -> Vec<u8> {
    (0..3).flat_map(|_| random.random_range(-1e3f32..1e3).to_le_bytes()).collect()
}

fn uuid(random: &mut StdRng) -> String {
    let text = hex(&random.random::<[u8; 16]>());
    // Of the later versions the server takes those of one variant only.
    let (version, variant) = (random.random_range(0..8), ["8", "9", "a", "b"][random.random_range(0..4)]);
    let end = if random.random() { &text[20..] } else { "aabbcc000000" };
    format!("'{}-{}-{version}{}-{variant}{}-{end}'", &text[..8], &text[8..12], &text[13..16], &text[17..20])
}

fn inet6(random: &mut StdRng) -> String {
    match random.random_range(0..6) {
        0 => "'::'".to_owned(),
        1 => "'::1'".to_owned(),
        2 => "'::1.2.3.4'".to_owned(),
        3 => "'::ffff:1.2.3.4'".to_owned(),
        _ => {
            let word =
                |_| if random.random_ratio(1, 2) { "0".to_owned() } else { format!("{:x}", random.random::<u16>()) };
            format!("'{}'", (0..8).map(word).collect::<Vec<_>>().join(":"))
        }
    }
}
