//! Values as Debezium's connectors write them, and read back where they are not spelled as the database spells them.

use std::cell::Cell;
use std::fmt::Write;

use num_bigint::{BigInt, BigUint};
use num_traits::ToPrimitive;
use serde_json::Value as Json;

use crate::json;
use crate::kafka::base64;
use crate::numeric::Numeric;
use crate::sql_type::SqlType;
use crate::text;
use crate::value::{Interval, Value};

use super::field::{Kind, Unit};

/// From 1970 to the beginning of dates here.
const DAYS_TO_2000: i64 = 10_957;
const MICROS_TO_2000: i64 = DAYS_TO_2000 * MICROS_PER_DAY;
const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;
const MICROS_PER_MILLI: i64 = 1_000;
/// What the documentation says of `infinity` and `-infinity` in `timestamp`.
const FOREVER: i64 = 9_223_372_036_825_200_000;
const SINCE_EVER: i64 = -9_223_372_036_832_400_000;
/// The documentation's formula for months.
const DAYS_PER_MONTH: f64 = 365.25 / 12.0;

const INFINITE: &str = "is infinite or no number, which decimals = \"precise\" cannot write: \"string\" can";
/// The table was altered since, in a way that no view notices.
const NOT_DECLARED: &str =
    "has more digits than its type had when the sink was made: restart the daemon, which fills the topic again";
const UNEXPECTED: &str = "has a value that is not of its type";

/// Appends a value; an error says what is wrong, to follow the column's name.
pub(super) fn write(out: &mut Vec<u8>, (kind, sql_type): (&Kind, &SqlType), value: &Value) -> Result<(), &'static str> {
    match (kind, value) {
        (_, Value::Null) => out.extend_from_slice(b"null"),
        (Kind::Array(element), Value::Array(array)) => {
            let failed = Cell::new(None);
            json::write_array(out, (sql_type, array), &|out, element_type, value| {
                if let Err(reason) = write(out, (element, element_type), value) {
                    failed.set(Some(reason));
                }
            });
            return failed.get().map_or(Ok(()), Err);
        }
        (Kind::Bit, _) => json::write_value(out, &SqlType::Bool, &Value::Bool(bits(1, value)? == [1])),
        (Kind::Bits { length, .. }, _) => quoted_base64(out, &bits(*length, value)?),
        (_, Value::Int(number)) => plain(out, *number),
        (_, Value::Numeric(number)) => return write_numeric(out, kind, number),
        (_, Value::Date(days @ (i32::MIN | i32::MAX))) => plain(out, i64::from(*days)),
        (_, Value::Date(days)) => plain(out, i64::from(*days) + DAYS_TO_2000),
        (Kind::Time(unit), Value::Time(micros)) => plain(out, in_unit(*unit, *micros)?),
        (Kind::Timestamp(_), Value::Timestamp(i64::MAX)) => plain(out, FOREVER),
        (Kind::Timestamp(_), Value::Timestamp(i64::MIN)) => plain(out, SINCE_EVER),
        (Kind::Timestamp(unit), Value::Timestamp(micros)) => {
            plain(out, in_unit(*unit, micros.saturating_add(MICROS_TO_2000))?)
        }
        (Kind::Zoned(Some(digits)), Value::Timestamptz(_)) => {
            let from = out.len();
            json::write_value(out, sql_type, value);
            pad_fraction(out, from, *digits);
        }
        (Kind::LongTime, Value::Interval(interval)) => plain(out, interval.micros),
        (Kind::IntervalMicros, Value::Interval(interval)) => plain(out, approximate_micros(interval)),
        (_, Value::Interval(interval)) => json::write_string(out, &iso_interval(interval)),
        (_, Value::Bytes(bytes)) => quoted_base64(out, bytes),
        (_, Value::Text(text)) => json::write_string(out, text),
        (_, Value::Uuid(_)) => {
            let mut quoted = String::new();
            text::write_text(&mut quoted, sql_type, value);
            json::write_string(out, &quoted);
        }
        (_, Value::Bool(_) | Value::Float(_) | Value::Timestamptz(_)) => json::write_value(out, sql_type, value),
        (_, Value::Time(_) | Value::Timestamp(_) | Value::Array(_)) => return Err(UNEXPECTED),
    }
    Ok(())
}

fn write_numeric(out: &mut Vec<u8>, kind: &Kind, number: &Numeric) -> Result<(), &'static str> {
    match kind {
        Kind::UnsignedInt64 => {
            let (digits, _) = number.to_parts().ok_or(INFINITE)?;
            // As Java's `longValue` does it.
            plain(out, digits.to_u64().ok_or(NOT_DECLARED)? as i64);
        }
        Kind::DecimalDouble => json::write_value(out, &SqlType::Float8, &Value::Float(number.to_f64())),
        Kind::Decimal(precision, scale) => {
            if !number.is_finite() {
                return Err(INFINITE);
            }
            let scale = i16::try_from(*scale).map_err(|_| NOT_DECLARED)?;
            let held = number.apply_modifier(*precision, scale).map_err(|_| NOT_DECLARED)?;
            let (digits, _) = held.to_parts().filter(|_| held.numeric_eq(number)).ok_or(NOT_DECLARED)?;
            quoted_base64(out, &digits.to_signed_bytes_be());
        }
        Kind::ScaledDecimal => {
            let (digits, scale) = number.to_parts().ok_or(INFINITE)?;
            out.extend_from_slice(format!("{{\"scale\":{scale},\"value\":").as_bytes());
            quoted_base64(out, &digits.to_signed_bytes_be());
            out.push(b'}');
        }
        _ => json::write_string(out, &decimal_text(number)),
    }
    Ok(())
}

/// Special values by the names of Debezium's constants.
fn decimal_text(number: &Numeric) -> String {
    match number.to_string().as_str() {
        "NaN" => "NAN".into(),
        "Infinity" => "POSITIVE_INFINITY".into(),
        "-Infinity" => "NEGATIVE_INFINITY".into(),
        finite => finite.into(),
    }
}

/// `P1Y2M3DT4H5M6.78S`; what is below zero has its sign in each part.
fn iso_interval(interval: &Interval) -> String {
    let Interval { months, days, micros } = interval;
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let sign = if *micros < 0 && seconds % 60 == 0 && rest != 0 { "-" } else { "" };
    let fraction = format!(".{:06}", rest.unsigned_abs());
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    let (years, months) = (months / 12, months % 12);
    format!("P{years}Y{months}M{days}DT{hours}H{minutes}M{sign}{}{fraction}S", seconds % 60)
}

fn read_iso_interval(text: &str) -> Option<Value> {
    let mut rest = text.strip_prefix('P')?;
    let mut part = |letter: char| {
        let (number, behind) = rest.trim_start_matches('T').split_once(letter)?;
        rest = behind;
        Some(number)
    };
    let (years, months, days): (i32, i32, i32) =
        (part('Y')?.parse().ok()?, part('M')?.parse().ok()?, part('D')?.parse().ok()?);
    let (hours, minutes): (i64, i64) = (part('H')?.parse().ok()?, part('M')?.parse().ok()?);
    let seconds = part('S')?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    let fraction = if seconds.starts_with('-') { -fraction } else { fraction };
    let seconds = hours * 3_600 + minutes * 60 + whole.parse::<i64>().ok()?;
    Some(Value::Interval(Interval { months: years * 12 + months, days, micros: seconds * 1_000_000 + fraction }))
}

fn approximate_micros(interval: &Interval) -> i64 {
    let days = f64::from(interval.months) * DAYS_PER_MONTH + f64::from(interval.days);
    (days * MICROS_PER_DAY as f64 + interval.micros as f64) as i64
}

fn in_unit(unit: Unit, micros: i64) -> Result<i64, &'static str> {
    match unit {
        Unit::Millis if micros % MICROS_PER_MILLI != 0 => Err(NOT_DECLARED),
        Unit::Millis => Ok(micros / MICROS_PER_MILLI),
        Unit::Micros => Ok(micros),
    }
}

fn from_unit(unit: Unit, number: i64) -> Option<i64> {
    match unit {
        Unit::Millis => number.checked_mul(MICROS_PER_MILLI),
        Unit::Micros => Some(number),
    }
}

/// Makes the fraction of a second of the text behind `from` as long as its type says.
fn pad_fraction(out: &mut Vec<u8>, from: usize, digits: usize) {
    let Some(end) = out[from..].iter().position(|byte| *byte == b'Z').map(|place| from + place) else { return };
    let held = out[from..end].iter().rev().position(|byte| *byte == b'.');
    let missing = digits.saturating_sub(held.unwrap_or(0));
    let mut padding = vec![b'0'; missing];
    if held.is_none() {
        padding.insert(0, b'.');
    }
    out.splice(end..end, padding);
}

/// The lowest byte first, as many as hold `length` bits; of those without a length, as many as there are.
fn bits(length: u32, value: &Value) -> Result<Vec<u8>, &'static str> {
    let (number, held) = match value {
        Value::Int(number) => (Some(BigUint::from(*number as u64)), u64::from(length)),
        Value::Numeric(number) => (number.to_parts().and_then(|(digits, _)| digits.to_biguint()), u64::from(length)),
        Value::Text(text) if text.is_empty() => (Some(BigUint::default()), 0),
        Value::Text(text) => (BigUint::parse_bytes(text.as_bytes(), 2), text.len() as u64),
        _ => (None, 0),
    };
    let number = number.ok_or(UNEXPECTED)?;
    if number.bits() > held || held > u64::from(length) {
        return Err(NOT_DECLARED);
    }
    let mut bytes = number.to_bytes_le();
    bytes.resize(held.div_ceil(8) as usize, 0);
    Ok(bytes)
}

/// As many as there are bits; of those that vary only the bytes are known.
fn digits(number: &BigUint, length: u32, held: usize) -> String {
    let width = held.min(length as usize);
    format!("{:0>width$}", number.to_str_radix(2))
}

/// Reads back what is not spelled as the database spells it.
pub(super) fn read(kind: &Kind, sql_type: &SqlType, json: &Json) -> Option<Value> {
    let number = || json.as_i64();
    let decimal = |json: &Json, scale: u16| {
        let digits = BigInt::from_signed_bytes_be(&base64::decode(json.as_str()?)?);
        Some(Value::Numeric(Numeric::from_parts(digits, scale)))
    };
    match kind {
        Kind::Date => match i32::try_from(number()?).ok()? {
            days @ (i32::MIN | i32::MAX) => Some(Value::Date(days)),
            days => Some(Value::Date(days.checked_sub(DAYS_TO_2000 as i32)?)),
        },
        Kind::Time(unit) => Some(Value::Time(from_unit(*unit, number()?)?)),
        Kind::LongTime => Some(Value::Interval(Interval { months: 0, days: 0, micros: number()? })),
        Kind::Timestamp(unit) => match number()? {
            FOREVER => Some(Value::Timestamp(i64::MAX)),
            SINCE_EVER => Some(Value::Timestamp(i64::MIN)),
            count => Some(Value::Timestamp(from_unit(*unit, count)?.checked_sub(MICROS_TO_2000)?)),
        },
        Kind::Bytes => base64::decode(json.as_str()?).map(|bytes| Value::Bytes(bytes.into())),
        Kind::Bit => match sql_type {
            SqlType::Int8 => json.as_bool().map(|bit| Value::Int(i64::from(bit))),
            _ => json.as_bool().map(|bit| Value::text(if bit { "1" } else { "0" })),
        },
        Kind::Bits { length, .. } => {
            let bytes = base64::decode(json.as_str()?)?;
            let number = BigUint::from_bytes_le(&bytes);
            match sql_type {
                SqlType::Int8 => number.to_i64().map(Value::Int),
                SqlType::Numeric(_) => Some(Value::Numeric(Numeric::from_parts(number.into(), 0))),
                _ => Some(Value::text(digits(&number, *length, bytes.len() * 8))),
            }
        }
        Kind::UnsignedInt64 => Some(Value::Numeric(Numeric::from_parts(BigInt::from(number()? as u64), 0))),
        Kind::Decimal(_, scale) => decimal(json, *scale),
        Kind::ScaledDecimal => decimal(json.get("value")?, u16::try_from(json.get("scale")?.as_u64()?).ok()?),
        Kind::DecimalText => match json.as_str()? {
            "NAN" => "NaN".parse().ok().map(Value::Numeric),
            "POSITIVE_INFINITY" => "Infinity".parse().ok().map(Value::Numeric),
            "NEGATIVE_INFINITY" => "-Infinity".parse().ok().map(Value::Numeric),
            _ => None,
        },
        Kind::IntervalText => read_iso_interval(json.as_str()?),
        Kind::IntervalMicros => Some(Value::Interval(Interval { months: 0, days: 0, micros: number()? })),
        _ => None,
    }
}

fn plain(out: &mut Vec<u8>, number: i64) {
    let mut text = String::new();
    write!(text, "{number}").expect("writing to a string does not fail");
    out.extend_from_slice(text.as_bytes());
}

fn quoted_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(base64::encoded(bytes).as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::field::Field;
    use super::super::style::{DebeziumStyle, Decimals, Intervals};
    use super::*;
    use crate::schema::Column;
    use crate::text::parse_text;

    /// As people read it.
    const READABLE: DebeziumStyle =
        DebeziumStyle { schemas: false, decimals: Decimals::String, intervals: Intervals::String };

    fn written((sql_type, declared): (&SqlType, &str), text: &str, style: DebeziumStyle) -> String {
        let field = Field::of(&Column::new("c", sql_type.clone(), true), Some(declared), style);
        let mut out = Vec::new();
        let value = parse_text(sql_type, text).expect("a value");
        write(&mut out, (&field.kind, sql_type), &value).expect("it can be written");
        let json = serde_json::from_slice(&out).expect("JSON");
        if let Some(read) = read(&field.kind, sql_type, &json).filter(|_| style.intervals == Intervals::String) {
            assert_eq!(read, value, "{field:?} {text}");
        }
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// The examples of the documentation: "Temporal types", "TIMESTAMP type", "Decimal types", "Basic types" of both connectors.
    #[test]
    fn values_are_written_as_debezium_documents_them() {
        let wanted: [(SqlType, &str, &str, &str); 27] = [
            (SqlType::Int8, "bigint", "9223372036854775807", "9223372036854775807"),
            (SqlType::Timestamp, "timestamp without time zone", "2018-06-20 15:13:16.945104", "1529507596945104"),
            (SqlType::Timestamp, "", "2018-06-20 15:13:16.945104", "1529507596945104"),
            (SqlType::Timestamp, "timestamp(3) without time zone", "2018-06-20 15:13:16.945", "1529507596945"),
            (SqlType::Timestamp, "timestamp without time zone", "infinity", "9223372036825200000"),
            (SqlType::Timestamp, "timestamp without time zone", "-infinity", "-9223372036832400000"),
            (SqlType::Timestamp, "datetime", "2018-06-20 06:37:03", "1529476623000"),
            (SqlType::Timestamp, "datetime(6)", "2018-06-20 06:37:03.000001", "1529476623000001"),
            (SqlType::Timestamptz, "timestamp", "2018-06-20 13:37:03+00", "\"2018-06-20T13:37:03Z\""),
            (SqlType::Timestamptz, "timestamp(3)", "2018-06-20 13:37:03.5+00", "\"2018-06-20T13:37:03.500Z\""),
            (SqlType::Timestamptz, "timestamp(2)", "2018-06-20 13:37:03+00", "\"2018-06-20T13:37:03.00Z\""),
            (
                SqlType::Timestamptz,
                "timestamp(3) with time zone",
                "2018-06-20 15:13:16.9+02",
                "\"2018-06-20T13:13:16.9Z\"",
            ),
            (SqlType::Date, "date", "1970-01-11", "10"),
            (SqlType::Time, "time without time zone", "00:00:01.5", "1500000"),
            (SqlType::Time, "time(3) without time zone", "00:00:01.5", "1500"),
            (SqlType::Interval, "time", "-00:00:01.5", "-1500000"),
            (SqlType::Interval, "interval", "1 year 2 mons 3 days 04:05:06.78", "\"P1Y2M3DT4H5M6.78S\""),
            (SqlType::Interval, "interval", "-00:00:00.5", "\"P0Y0M0DT0H0M-0.5S\""),
            (SqlType::Int2, "year", "2018", "2018"),
            (SqlType::Numeric(Some((20, 0))), "bigint unsigned", "42", "42"),
            (SqlType::Numeric(Some((20, 0))), "bigint unsigned", "18446744073709551615", "-1"),
            (SqlType::Int8, "bit(9)", "257", "\"AQE=\""),
            (SqlType::Other("bit".into()), "bit(10)", "1000000001", "\"AQI=\""),
            (SqlType::Numeric(None), "numeric", "12.50", "\"12.50\""),
            (SqlType::Numeric(None), "numeric", "NaN", "\"NAN\""),
            (SqlType::Jsonb, "jsonb", "{\"a\": 1}", "\"{\\\"a\\\": 1}\""),
            (SqlType::Array(Box::new(SqlType::Date)), "date[]", "{1970-01-02,NULL}", "[1,null]"),
        ];
        for (sql_type, declared, text, json) in &wanted {
            assert_eq!(written((sql_type, declared), text, READABLE), *json, "{declared} {text}");
        }
        let wanted_bits: [(SqlType, &str, &str, &str); 4] = [
            (SqlType::Int8, "bit(1)", "1", "true"),
            (SqlType::Other("bit".into()), "bit(1)", "0", "false"),
            (SqlType::Other("bit varying".into()), "bit varying", "00000101", "\"BQ==\""),
            (SqlType::Other("bit varying".into()), "bit varying(20)", "0000000100000010", "\"AgE=\""),
        ];
        for (sql_type, declared, text, json) in &wanted_bits {
            assert_eq!(written((sql_type, declared), text, READABLE), *json, "{declared} {text}");
        }
        for (text, base64) in [("", ""), ("\\x66", "Zg=="), ("\\x666f", "Zm8="), ("\\x666f6f62", "Zm9vYg==")] {
            assert_eq!(written((&SqlType::Bytea, ""), text, READABLE), format!("\"{base64}\""));
        }
    }

    /// Such a value stands where the table was altered behind a sink's back: what would be lost is refused.
    #[test]
    fn what_the_declared_type_would_not_hold_is_refused() {
        let cases = [
            (SqlType::Timestamp, "timestamp(3) without time zone", "2018-06-20 15:13:16.945104"),
            (SqlType::Time, "time(0) without time zone", "00:00:01.000001"),
            (SqlType::Int8, "bit(3)", "8"),
            (SqlType::Other("bit".into()), "bit(3)", "1000"),
            (SqlType::Numeric(Some((4, 2))), "numeric(4,2)", "123.45"),
            (SqlType::Numeric(Some((4, 2))), "numeric(4,2)", "1.234"),
            (SqlType::Numeric(Some((4, 2))), "numeric(4,2)", "NaN"),
        ];
        for (sql_type, declared, text) in &cases {
            let style = DebeziumStyle { decimals: Decimals::Precise, ..READABLE };
            let field = Field::of(&Column::new("c", sql_type.clone(), true), Some(declared), style);
            let value = parse_text(sql_type, text).expect("a value");
            assert!(write(&mut Vec::new(), (&field.kind, sql_type), &value).is_err(), "{declared} {text}");
        }
    }

    /// `new BigDecimal("12.50").unscaledValue().toByteArray()`, and so on.
    #[test]
    fn decimals_and_intervals_are_written_as_the_settings_say() {
        let precise = DebeziumStyle { decimals: Decimals::Precise, ..READABLE };
        let two = SqlType::Numeric(Some((8, 2)));
        for (text, base64) in [("12.50", "BOI="), ("-0.01", "/w=="), ("0.00", "AA=="), ("1.28", "AIA=")] {
            assert_eq!(written((&two, ""), text, precise), format!("\"{base64}\""));
        }
        assert_eq!(written((&SqlType::Numeric(None), ""), "12.50", precise), r#"{"scale":2,"value":"BOI="}"#);
        let double = DebeziumStyle { decimals: Decimals::Double, ..READABLE };
        assert_eq!(written((&two, ""), "12.50", double), "12.5");
        let numeric = DebeziumStyle { intervals: Intervals::Numeric, ..READABLE };
        assert_eq!(written((&SqlType::Interval, ""), "1 mon 00:00:01", numeric), "2629801000000");
    }
}
