//! A table with columns of all types, and what may be in them.

use crate::server::Kind;

/// What values are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made {
    /// Integers between these.
    Int(i128, i128),
    Float,
    Double,
    /// Digits in all, behind the point, and whether below zero.
    Decimal(usize, usize, bool),
    Bits(u32),
    Year,
    Date,
    /// With digits of a fraction.
    Time(usize),
    Datetime(usize),
    Timestamp(usize),
    /// Characters from these, at most so many.
    Text(&'static str, usize),
    /// At most so many bytes.
    Bytes(usize),
    Label(&'static [&'static str]),
    Labels(&'static [&'static str]),
    Json,
    /// Text that is a document.
    JsonText,
    Shape,
    Point,
    Vector,
    Uuid,
    Inet4,
    Inet6,
    /// By the server.
    Generated,
}

const WIDE: &str = "aZ09 '\"\\\n\té€日本語😀\u{7f}%_";
const NARROW: &str = "aZ09 '\"\\éüßÿ€";
const CYRILLIC: &str = "aZ09Приветмир";
const CHINESE: &str = "aZ09你好世界中";
const JAPANESE: &str = "aZ09日本語かなカナ";
const KOREAN: &str = "aZ09한국어";
const BASIC: &str = "aZ09éП日";
const LABELS: [&str; 5] = ["small", "it''s", "ü,b", "日本", "last"];
const SET_LABELS: [&str; 4] = ["red", "grün", "it''s", "x y"];
const MANY: [&str; 64] = [
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "c0", "c1", "c2",
    "c3", "c4", "c5", "c6", "c7", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "e0", "e1", "e2", "e3", "e4", "e5",
    "e6", "e7", "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "h0",
    "h1", "h2", "h3", "h4", "h5", "h6", "h7",
];

fn label_type(kind: &str, labels: &[&str]) -> String {
    format!("{kind}({})", labels.iter().map(|label| format!("'{label}'")).collect::<Vec<_>>().join(","))
}

/// Types of all columns behind the key, with what to put in.
pub(crate) fn all(kind: Kind) -> Vec<(String, Made)> {
    let common: &[(&str, Made)] = &[
        ("tinyint", Made::Int(-128, 127)),
        ("tinyint unsigned", Made::Int(0, 255)),
        ("smallint", Made::Int(-32_768, 32_767)),
        ("year", Made::Year),
        ("smallint unsigned zerofill", Made::Int(0, 65_535)),
        ("mediumint", Made::Int(-8_388_608, 8_388_607)),
        ("mediumint unsigned", Made::Int(0, 16_777_215)),
        ("int", Made::Int(-2_147_483_648, 2_147_483_647)),
        ("int unsigned", Made::Int(0, 4_294_967_295)),
        ("bigint", Made::Int(i64::MIN as i128, i64::MAX as i128)),
        ("bigint unsigned", Made::Int(0, u64::MAX as i128)),
        ("float", Made::Float),
        ("float(9,3)", Made::Float),
        ("double", Made::Double),
        ("double(20,5)", Made::Float),
        ("decimal(10,2)", Made::Decimal(10, 2, true)),
        ("decimal(65,30)", Made::Decimal(65, 30, true)),
        ("decimal(38,0)", Made::Decimal(38, 0, true)),
        ("decimal(9,9)", Made::Decimal(9, 9, true)),
        ("decimal(20,3) unsigned zerofill", Made::Decimal(20, 3, false)),
        ("bit(1)", Made::Bits(1)),
        ("bit(11)", Made::Bits(11)),
        ("bit(63)", Made::Bits(63)),
        ("bit(64)", Made::Bits(64)),
        ("date", Made::Date),
        ("time", Made::Time(0)),
        ("time(1)", Made::Time(1)),
        ("time(4)", Made::Time(4)),
        ("time(6)", Made::Time(6)),
        ("datetime", Made::Datetime(0)),
        ("datetime(2)", Made::Datetime(2)),
        ("datetime(3)", Made::Datetime(3)),
        ("datetime(6)", Made::Datetime(6)),
        ("timestamp null", Made::Timestamp(0)),
        ("timestamp(1) null", Made::Timestamp(1)),
        ("timestamp(6) null", Made::Timestamp(6)),
        ("char(10)", Made::Text(WIDE, 10)),
        ("char(100)", Made::Text(WIDE, 100)),
        ("varchar(20)", Made::Text(WIDE, 20)),
        ("varchar(1000)", Made::Text(WIDE, 1000)),
        ("varchar(30) character set ascii", Made::Text("aZ09 ~", 30)),
        ("varchar(30) character set latin1", Made::Text(NARROW, 30)),
        ("char(30) character set cp1251", Made::Text(CYRILLIC, 30)),
        ("varchar(30) character set koi8r", Made::Text(CYRILLIC, 30)),
        ("varchar(30) character set gbk", Made::Text(CHINESE, 30)),
        ("varchar(30) character set big5", Made::Text(CHINESE, 30)),
        ("varchar(30) character set sjis", Made::Text(JAPANESE, 30)),
        ("varchar(30) character set ujis", Made::Text(JAPANESE, 30)),
        ("varchar(30) character set euckr", Made::Text(KOREAN, 30)),
        ("varchar(30) character set ucs2", Made::Text(BASIC, 30)),
        ("varchar(30) character set utf16", Made::Text(WIDE, 30)),
        ("varchar(30) character set utf16le", Made::Text(WIDE, 30)),
        ("varchar(30) character set utf32", Made::Text(WIDE, 30)),
        ("varchar(30) character set utf8mb3", Made::Text(BASIC, 30)),
        ("tinytext", Made::Text(WIDE, 50)),
        ("text", Made::Text(WIDE, 500)),
        ("mediumtext character set latin1", Made::Text(NARROW, 500)),
        ("longtext", Made::Text(WIDE, 500)),
        ("binary(5)", Made::Bytes(5)),
        ("binary(255)", Made::Bytes(255)),
        ("varbinary(300)", Made::Bytes(300)),
        ("tinyblob", Made::Bytes(200)),
        ("blob", Made::Bytes(1000)),
        ("mediumblob", Made::Bytes(1000)),
        ("longblob", Made::Bytes(1000)),
        ("geometry", Made::Shape),
        ("point", Made::Point),
        ("bigint as (f7 + 1) virtual", Made::Generated),
        ("varchar(200) as (concat('x', f7)) stored", Made::Generated),
        ("int invisible", Made::Int(-5, 5)),
    ];
    let mut all: Vec<_> = common.iter().map(|(sql, made)| (sql.to_string(), *made)).collect();
    all.push((label_type("enum", &LABELS), Made::Label(&LABELS)));
    all.push((label_type("enum", &LABELS[..2]) + " character set latin1", Made::Label(&LABELS[..2])));
    all.push((label_type("set", &SET_LABELS), Made::Labels(&SET_LABELS)));
    all.push((label_type("set", &MANY), Made::Labels(&MANY)));
    let special: &[(&str, Made)] = match kind {
        Kind::Mysql9 => &[
            ("json", Made::Json),
            ("json", Made::Json),
            ("vector(3)", Made::Vector),
            ("varchar(30) character set gb18030", Made::Text(CHINESE, 30)),
        ],
        Kind::Mariadb10 => &MARIADB,
        Kind::Mariadb11 => &MARIADB_WITH_VECTORS,
    };
    all.extend(special.iter().map(|(sql, made)| (sql.to_string(), *made)));
    all
}

const MARIADB: [(&str, Made); 7] = [
    ("json", Made::JsonText),
    ("uuid", Made::Uuid),
    ("inet4", Made::Inet4),
    ("inet6", Made::Inet6),
    ("varchar(1000) compressed", Made::Text(WIDE, 1000)),
    ("blob compressed", Made::Bytes(1000)),
    ("text compressed character set latin1", Made::Text(NARROW, 300)),
];
const MARIADB_WITH_VECTORS: [(&str, Made); 8] = {
    let [a, b, c, d, e, f, g] = MARIADB;
    [a, b, c, d, e, f, g, ("vector(3)", Made::Vector)]
};
