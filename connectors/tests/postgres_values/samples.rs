//! Types with edge values as literals, and random ones.

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// Types that the columns need.
pub(crate) const SETUP: &str = r#"
    create extension hstore;
    create type mood as enum ('sad', 'ok', 'very happy', 'it''s "quoted", \ {odd}');
    create domain price as numeric(12, 2) check (value >= 0);
    create domain price2 as price;
    create domain ints as int[];
    create type pair as (a int, b text);
    create domain pair_domain as pair;
    create schema "odd schema";
    create type "odd schema"."Odd Type" as (x point);
"#;

/// Edge values by declared type.
pub(crate) const EDGES: &[(&str, &[&str])] = &[
    ("boolean", &["t", "f"]),
    ("smallint", &["0", "-1", "32767", "-32768"]),
    ("integer", &["0", "7", "2147483647", "-2147483648"]),
    ("bigint", &["0", "9223372036854775807", "-9223372036854775808", "9007199254740993"]),
    ("oid", &["0", "4294967295"]),
    (
        "real",
        &[
            "0",
            "-0",
            "1e5",
            "1e6",
            "123456",
            "1234567",
            "1e-4",
            "1e-5",
            "3.4028235e38",
            "1e-45",
            "1.17549435e-38",
            "NaN",
            "Infinity",
            "-Infinity",
            "0.1",
            "33554432",
            "67108864",
            "8589934592",
            "2.5e-7",
        ],
    ),
    (
        "double precision",
        &[
            "0",
            "-0",
            "0.1",
            "1e14",
            "1e15",
            "1e16",
            "123456789012345",
            "1234567890123456",
            "0.0001",
            "0.00001",
            "1.7976931348623157e308",
            "5e-324",
            "2.2250738585072014e-308",
            "NaN",
            "Infinity",
            "-Infinity",
            "9007199254740992",
            "9007199254740993",
            "18014398509481984",
            "36028797018963968",
            "1e22",
            "1e23",
            "1e-7",
            "9.5367431640625e-07",
            "144115188075855872",
            "1.2345678901234567e-300",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "0.00",
            "-0.5",
            "1",
            "10000",
            "100000000",
            "9999.9999",
            "0.0001",
            "0.00001",
            "-123456789.987654321",
            "1e100",
            "1e-100",
            "12345678901234567890123456789012345678901234567890.123456789",
            "NaN",
            "Infinity",
            "-Infinity",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "1.10",
            "1e131071",
            "0.1e-16382",
            "99999999999999999999999999999999999999",
            "170141183460469231731687303715884105728",
        ],
    ),
    ("numeric(10,2)", &["0", "12.5", "-99999999.99", "NaN"]),
    ("numeric(5,-3)", &["12345", "99999000", "-500"]),
    ("numeric(3,6)", &["0.000123", "-0.0009"]),
    (
        "text",
        &[
            "",
            " ",
            "plain",
            "quote ' \" \\ tab\t nl\n",
            "ünïcödé 漢字 🦀",
            "a text longer than twenty-three bytes, on the heap",
        ],
    ),
    ("varchar(20)", &["", "short", "twenty characters !!"]),
    ("char(6)", &["", "ab", "abcdef", "é"]),
    ("name", &["", "a_name"]),
    ("\"char\"", &["", "a", "\\"]),
    ("bytea", &["", "\\x00", "\\xdeadbeef00ff", "\\\\escaped\\001"]),
    (
        "date",
        &[
            "2000-01-01",
            "1999-12-31",
            "2024-02-29",
            "0001-01-01",
            "0001-12-31 BC",
            "4714-11-24 BC",
            "5874897-12-31",
            "10000-01-01",
            "infinity",
            "-infinity",
            "1900-02-28",
            "0044-03-15 BC",
        ],
    ),
    ("time", &["00:00", "24:00:00", "23:59:59.999999", "12:34:56.7", "00:00:00.000001"]),
    ("time(2)", &["12:34:56.789"]),
    ("timetz", &["00:00+00", "24:00:00+15:59", "12:34:56.7-08:30"]),
    (
        "timestamp",
        &[
            "2000-01-01 00:00",
            "1999-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
            "0001-01-01 00:00 BC",
            "4714-11-24 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "0044-03-15 12:00:00.5 BC",
            "10000-01-01 00:00",
        ],
    ),
    (
        "timestamptz",
        &[
            "2000-01-01 00:00+00",
            "1999-12-31 23:59:59.999999-08",
            "infinity",
            "-infinity",
            "0001-01-01 00:00+00 BC",
            "4714-11-24 00:00:00+00 BC",
            "294276-12-31 23:59:59.999999+00",
            "0044-03-15 12:00:00.5+01:30 BC",
            "10000-01-01 00:00+14",
        ],
    ),
    (
        "interval",
        &[
            "0",
            "1 year",
            "-1 year",
            "1 year 2 mons -3 days 04:05:06.7",
            "-1 mons +1 day -00:00:00.000001",
            "1 day -1 hour",
            "-1 day +1 hour",
            "00:00:00.1",
            "-178956970 years -8 mons",
            "178956970 years 7 mons",
            "2147483647 days",
            "-2147483648 days",
            "2562047788:00:54.775807",
            "-2562047788:00:54.775807",
            "1 mon",
            "2 days",
            "-1 day",
            "-1 days",
            "14 mons",
            "100 hours",
        ],
    ),
    (
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    ("json", &["{\"a\":  1,\n \"b\": [1, 2.50, null]}", "null", "\"x\"", " 1 "]),
    ("jsonb", &["{\"b\": 1, \"a\": [1, 2.50, 1e3, \"\\u00e9\\n\"]}", "null", "\"x\"", "[]", "1.10"]),
    ("jsonpath", &["$.a[*] ? (@ > 1)"]),
    ("inet", &["192.168.1.1", "192.168.1.0/24", "::1", "fe80::1/64"]),
    ("cidr", &["192.168.1.0/24", "10.0.0.0/8", "::/0"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("money", &["0", "-1234.56", "92233720368547758.07"]),
    ("bit(3)", &["101"]),
    ("varbit", &["", "10101"]),
    ("tsvector", &["a fat cat", "'a':1A 'cat':5,6B"]),
    ("tsquery", &["fat & (rat | cat)"]),
    ("xml", &["<a>1</a>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"c\"/>"]),
    ("point", &["(1,2)", "(0.1,-1e300)"]),
    ("line", &["{1,2,3}"]),
    ("lseg", &["[(1,2),(3,4)]"]),
    ("box", &["(1,2),(3,4)"]),
    ("path", &["((1,2),(3,4))", "[(1,2),(3,4)]"]),
    ("polygon", &["((1,2),(3,4),(5,6))"]),
    ("circle", &["<(1,2),3>"]),
    ("int4range", &["[1,5)", "empty", "(,)", "[3,]"]),
    ("numrange", &["[1.10,5)"]),
    ("tstzrange", &["[2020-01-01 00:00+00,2021-01-01 00:00+00)"]),
    ("int4multirange", &["{}", "{[1,5),[7,9)}"]),
    ("mood", &["sad", "ok", "very happy", "it's \"quoted\", \\ {odd}"]),
    ("price", &["0", "1.5"]),
    ("price2", &["0", "1.5", "1234567890.12"]),
    ("ints", &["{1,2,NULL}", "{}"]),
    ("pair", &["(1,\"a b\")", "(,)", "(2,)"]),
    ("pair_domain", &["(1,x)", "(,)"]),
    ("\"odd schema\".\"Odd Type\"", &["(\"(1,2)\")"]),
    ("hstore", &["a=>1, b=>NULL", "\"x y\"=>\"\\\"\""]),
    ("pg_lsn", &["16/B374D848"]),
    ("txid_snapshot", &["10:20:10,14,15"]),
    ("regclass", &["pg_class"]),
    ("int2vector", &["1 2 3"]),
    (
        "integer[]",
        &["{}", "{1}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={1,2}", "[-1:0][2:3]={{1,2},{3,4}}", "{{{1}},{{2}}}"],
    ),
    ("bigint[]", &["{9223372036854775807,-9223372036854775808}"]),
    ("boolean[]", &["{t,f,NULL}"]),
    ("real[]", &["{1.5,NaN,1e10,-Infinity}"]),
    ("double precision[]", &["{0.1,1e16}"]),
    ("numeric[]", &["{1.10,NaN,12345678901234567890.5}"]),
    ("numeric(6,2)[]", &["{1,2.555}"]),
    (
        "text[]",
        &[
            "{\"\",NULL,\"NULL\",\"null\",\"a b\",\"q\\\"q\",\"b\\\\b\",\"{x}\",\"a,b\",plain,é,\" \",\"\\n\"}",
            "{{a,b},{\"c d\",NULL}}",
        ],
    ),
    ("varchar(3)[]", &["{abc,d}"]),
    ("char(3)[]", &["{abc,d}"]),
    ("bytea[]", &["{\"\\\\x00ff\",\"\\\\x\"}"]),
    ("date[]", &["{2020-01-01,infinity,\"0044-03-15 BC\"}"]),
    ("time[]", &["{24:00:00,01:02:03.5}"]),
    ("timestamp[]", &["{\"2020-01-01 00:00:00.5\",-infinity}"]),
    ("timestamptz[]", &["{\"2020-01-01 00:00:00+00\",infinity}"]),
    ("interval[]", &["{\"1 day\",\"-1 mons +3 days\"}"]),
    ("uuid[]", &["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"]),
    ("json[]", &["{\"{\\\"a\\\": 1}\",\"[1,  2]\"}"]),
    ("jsonb[]", &["{\"{\\\"a\\\": 1}\",\"1.0\"}"]),
    ("mood[]", &["{sad,\"very happy\",\"it's \\\"quoted\\\", \\\\ {odd}\"}"]),
    ("price[]", &["{1,2.5}"]),
    ("ints[]", &["{\"{1,2}\",NULL}"]),
    ("inet[]", &["{192.168.1.1,10.0.0.0/8}"]),
    ("box[]", &["{(1,2),(3,4);(5,6),(7,8)}"]),
    ("pair[]", &["{\"(1,a)\",\"(,\\\"x y\\\")\"}"]),
    ("int4range[]", &["{\"[1,5)\",empty}"]),
];

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
                (rng.random::<i32>() >> shift, rng.random::<i32>() >> shift, rng.random::<i64>() >> shift);
            format!("{months} months {days} days {} hours {micros} us", rng.random_range(-99..99))
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
