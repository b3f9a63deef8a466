//! Literals as people write them: read as Postgres reads them, and refused where it refuses them.

use std::collections::BTreeMap;

use tailwater_connectors::postgres::wire_type::native;
use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{EnumType, SqlType};

use crate::server::{Server, version};

const LITERALS: &[(&str, u32, &[&str])] = &[
    (
        "boolean",
        16,
        &[
            "t", "tr", "true", "TRUE", " yes ", "on", "1", "f", "fal", "false", "n", "no", "off", "of", "0", "o", "",
            "2", "tru e",
        ],
    ),
    ("smallint", 21, &["1", " 1 ", "+1", "-0", "32768", "1.0", "", "-", "1e2", "abc"]),
    ("integer", 23, &["2147483648", "\t7\n", "--1", "00012"]),
    (
        "bigint",
        20,
        &["9223372036854775808", "-9223372036854775808", "-9223372036854775809", "000000000000000000000000001"],
    ),
    ("oid", 26, &["-1", "4294967296", " 12 "]),
    ("real", 700, &[" 1.5 ", "1e39", "1e-50", "inf", "-inf", "+Infinity", "nan", "1e", "", ".5", "5.", "."]),
    (
        "double precision",
        701,
        &["1e400", "1e-400", "1E5", "infinity", "-INF", "NaN", "1.5x", ".5", "5.", "0e999", "1 2"],
    ),
    ("numeric", 1700, &["1e3", "1.50e1", "  7 ", "nan", "inf", "-Infinity", "1e", ".", "", "1e-5", "+.5"]),
    ("bytea", 17, &["\\x", "\\xDEAD beef", "\\xabc", "\\xzz", "abc", "a\\\\b", "\\001\\377", "\\400", "\\"]),
    (
        "uuid",
        2950,
        &[
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "a0eebc99",
            "",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
        ],
    ),
    (
        "date",
        1082,
        &[
            "2013-01-01",
            "2013-1-1",
            " 2013-01-01 ",
            "1999-01-08",
            "January 8, 1999",
            "Jan 8 1999",
            "8 Jan 1999",
            "1/8/1999",
            "19990108",
            "990108",
            "1999-Jan-08",
            "08-Jan-1999",
            "Jan-08-1999",
            "01/02/03",
            "70-01-01",
            "epoch",
            "infinity",
            "-INFINITY",
            "2013-02-29",
            "2012-02-29",
            "2013-13-01",
            "0000-01-01",
            "0000-01-01 BC",
            "0001-01-01 BC",
            "2013-01-01 10:00",
            "Fri Jan 8 1999",
            "5874898-01-01",
            "4714-11-23 BC",
            "",
            "abc",
            "2013",
            "1.8.1999",
        ],
    ),
    (
        "time",
        1083,
        &[
            "04:05",
            "04:05:06",
            "04:05:06.789",
            "040506",
            "04:05 AM",
            "04:05 PM",
            "12:00 AM",
            "12:00 PM",
            "13:00 PM",
            "24:00",
            "24:00:01",
            "23:59:60",
            "23:59:60.5",
            "25:00",
            "04:60",
            "1:2:3",
            "04:05:06.1234565",
            "04:05:06.9999999",
            "04:05:06+02",
            "04:05:06Z",
            "",
        ],
    ),
    (
        "timestamp",
        1114,
        &[
            "2013-01-01 10:00",
            "2013-01-01T10:00:00",
            "2013-01-01T10:00:00Z",
            "2013-01-01 10:00:00+05",
            "2013-01-01",
            "20130101T100000",
            "2013-01-01 24:00:00",
            "2013-01-01 10:00:00.1234567",
            "Jan 5 2013 10:00 PM",
            "2013-01-01 10",
            "epoch",
            "infinity",
            "294277-01-01",
            "4714-11-23 23:59 BC",
            "2013-01-01 10:00:00 BC",
            "10:00 2013-01-01",
            "2013-01-01  10:00:00,",
            "10:00",
        ],
    ),
    (
        "timestamptz",
        1184,
        &[
            "2013-01-01 10:00+00",
            "2013-01-01 10:00-08",
            "2013-01-01 10:00:00.5 +05:30",
            "2013-01-01T10:00:00Z",
            "2013-01-01 10:00",
            "2013-01-01 10:00 UTC",
            "2013-01-01 10:00:00+0530",
            "2013-01-01 10:00:00+15:59:59",
            "2013-01-01 10:00:00+16",
            "2013-01-01 10:00:00-00:30",
            "2013-01-01",
            "0001-01-01 00:00:00+01 BC",
            "294276-12-31 23:59:59-01",
            "2013-01-01 10:00:00 GMT",
        ],
    ),
    (
        "interval",
        1186,
        &[
            "1 day",
            "1day",
            "1 year 2 months",
            "1.5 hours",
            "1.5 days",
            "1.5 months",
            "1.5 years",
            "1.5 weeks",
            "2 weeks",
            "1-2",
            "-1-2",
            "1 12:00:00",
            "12:00",
            "-12:30:15.5",
            "1:30.5",
            "P1Y2M3DT4H5M6.7S",
            "P1W",
            "PT36H",
            "P-1DT-1H",
            "1 day ago",
            "@ 1 minute 5 secs ago",
            "1",
            "-1",
            "1.5",
            "30 s",
            "5 ms",
            "7 us",
            "1 decade",
            "1 century",
            "2 millennia",
            "1 mon -1 day",
            "1 day 1 day",
            "",
            "day",
            "1 fortnight",
            "P",
            "1 year 2",
            "100 years 99:99:99",
            "00:00:61",
            "+3 days -02:00",
            "1.123456789 s",
            "3 days 04:05:06 ago",
            "1 h 2 m 3 s",
            "2147483648 days",
            "0.5 mon",
        ],
    ),
];

const ARRAYS: &[(&str, u32, &[&str])] = &[
    (
        "integer[]",
        23,
        &[
            "{1,2}",
            " { 1 , 2 } ",
            "{}",
            "{ }",
            "{{1},{2}}",
            "{{1},{2,3}}",
            "{1,{2}}",
            "{{1},2}",
            "{1,}",
            "{,1}",
            "{1",
            "1,2",
            "{1} x",
            "[2:3]={1,2}",
            "[2:4]={1,2}",
            "[1:1][1:2]={{1,2}}",
            "{null,NULL}",
            "{\"1\"}",
            "{x}",
            "[3:2]={}",
            "{{{{{{{1}}}}}}}",
            "[2]={1,2}",
        ],
    ),
    (
        "text[]",
        25,
        &[
            "{a b , c}",
            "{a\\,b}",
            "{\"a\\\"b\"}",
            "{ \" a \" }",
            "{a\"b}",
            "{a\\ }",
            "{\"null\",null}",
            "{\"\"}",
            "{a{b}",
            "{a}b}",
            "{\"a\" \"b\"}",
            "{\\\\}",
            "{é,漢 字}",
        ],
    ),
];

/// Literals that Postgres takes since version 16. We read them as Postgres 15 does.
const SINCE_16: &[(&str, u32, &[&str])] =
    &[("integer", 23, &["1_000", "0x10", "0b1"]), ("bigint", 20, &["0o7"]), ("numeric", 1700, &["0x10", "1_0.5"])];

#[tokio::test]
async fn numbers_in_other_bases_are_refused_as_postgres_15_refuses_them() {
    let server = Server::start();
    let client = server.connect().await;
    let version = version(&client).await;
    for (name, oid, literals) in SINCE_16 {
        for literal in *literals {
            let query = format!("select format('%s', $1::text::{name})");
            let takes = client.query_one(&query, &[literal]).await.is_ok();
            assert_eq!(takes, version >= 160_000, "{name} {literal:?}");
            assert!(parse_text(&native(*oid, -1).unwrap(), literal).is_err(), "{name} {literal:?}");
        }
    }
}

#[tokio::test]
async fn literals_are_read_as_postgres_reads_them() {
    let server = Server::start();
    let client = server.connect().await;
    let mut wrong = Vec::new();
    let scalars = LITERALS.iter().map(|(name, oid, literals)| (name, native(*oid, -1).unwrap(), literals));
    let arrays = ARRAYS
        .iter()
        .map(|(name, oid, literals)| (name, SqlType::Array(Box::new(native(*oid, -1).unwrap())), literals));
    for (name, sql_type, literals) in scalars.chain(arrays) {
        for literal in *literals {
            let query = format!("select format('%s', $1::text::{name})");
            let expected = client.query_one(&query, &[literal]).await.ok().map(|row| row.get::<_, String>(0));
            let ours = parse_text(&sql_type, literal).ok().map(|value| {
                let mut text = String::new();
                write_text(&mut text, &sql_type, &value);
                text
            });
            if ours != expected {
                wrong.push(format!("{name} {literal:?}: we read {ours:?}, Postgres {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_constant_or_not_of_the_type_is_refused() {
    let labels = vec!["sad".into(), "ok".into()];
    let mood = SqlType::Enum(std::sync::Arc::new(EnumType { name: "mood".into(), labels }));
    assert!(parse_text(&mood, "ok").is_ok());
    let refused = BTreeMap::from([
        ("now", SqlType::Timestamptz),
        ("today", SqlType::Date),
        ("tomorrow", SqlType::Timestamp),
        ("allballs", SqlType::Time),
        ("2013-01-01 10:00 America/New_York", SqlType::Timestamptz),
        ("happy", mood),
    ]);
    for (literal, sql_type) in refused {
        let error = parse_text(&sql_type, literal).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid input syntax for type {sql_type}"));
    }
}
