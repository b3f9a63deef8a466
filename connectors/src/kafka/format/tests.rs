//! Properties of all decoders: no bytes panic, reasons quote nothing, and a value comes back as it was written.

use proptest::prelude::*;

use super::{DecodeError, Decoded, Decoder, Format, TimeUnit};
use crate::json::write_row;
use crate::kafka::column::read_column_type;
use crate::numeric::Numeric;
use crate::row::Row;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::{parse_text, write_text};
use crate::value::Value;

/// A value as Postgres prints it.
pub(super) fn written(sql_type: &SqlType, value: &Value) -> String {
    let mut text = String::new();
    write_text(&mut text, sql_type, value);
    text
}

/// Types and a value of each, drawn.
fn columns() -> Vec<Column> {
    let kinds = [
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "double precision",
        "numeric",
        "text",
        "bytea",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "uuid",
    ];
    let column = |kind: &str| Column::new(format!("c {kind}"), read_column_type(kind).expect("a type"), true);
    kinds.into_iter().map(column).collect()
}

fn row() -> impl Strategy<Value = Row> {
    let moments = -200_000_000_000_000_000i64..9_000_000_000_000_000_000;
    let text = "[^\0]{0,12}";
    let first = (any::<bool>(), any::<i16>(), any::<i32>(), any::<i64>(), any::<f64>(), (any::<i64>(), 0..20u16), text);
    let second =
        (any::<Vec<u8>>(), -2_000_000..2_000_000i32, 0..86_400_000_000i64, moments.clone(), moments, any::<u128>());
    (first, second, any::<u16>()).prop_map(|(first, second, nulls)| {
        let (a, b, c, d, e, (mantissa, scale), g) = first;
        let (h, i, j, k, l, m) = second;
        let values = vec![
            Value::Bool(a),
            Value::Int(b.into()),
            Value::Int(c.into()),
            Value::Int(d),
            Value::Float(if e.is_nan() { f64::NAN } else { e }),
            Value::Numeric(Numeric::from_i128(mantissa.into(), scale)),
            Value::text(g),
            Value::Bytes(h.into()),
            Value::Date(i),
            Value::Time(j),
            Value::Timestamp(k),
            Value::Timestamptz(l),
            Value::Uuid(m),
        ];
        let cell = |(place, value): (usize, Value)| if nulls >> place & 1 == 1 { Value::Null } else { value };
        values.into_iter().enumerate().map(cell).collect()
    })
}

fn decoded(format: &Format, columns: &[Column], bytes: &[u8]) -> Result<Decoded, DecodeError> {
    Decoder::new(format, columns, TimeUnit::default()).expect("columns that fit").decode(bytes)
}

proptest! {
    #[test]
    fn what_we_write_as_json_is_read_as_it_was(row in row()) {
        let mut json = Vec::new();
        write_row(&mut json, &columns(), &row);
        prop_assert_eq!(decoded(&Format::Json, &columns(), &json), Ok(Decoded::Row(row.to_vec())));
        let envelope = [b"{\"op\":\"u\",\"before\":null,\"after\":".as_slice(), &json, b"}"].concat();
        prop_assert_eq!(decoded(&Format::Debezium, &columns(), &envelope), Ok(Decoded::Row(row.to_vec())));
    }

    #[test]
    fn a_record_of_csv_is_read_as_it_was(row in row()) {
        let cell = |(column, value): (&Column, &Value)| match value {
            Value::Null => String::new(),
            value => format!("\"{}\"", written(&column.sql_type, value).replace('"', "\"\"")),
        };
        let line = columns().iter().zip(row.iter()).map(cell).collect::<Vec<_>>().join(",");
        prop_assert_eq!(decoded(&Format::Csv, &columns(), line.as_bytes()), Ok(Decoded::Row(row.to_vec())));
    }

    #[test]
    fn one_value_is_read_as_its_text(row in row()) {
        let columns = columns();
        for (column, value) in columns.iter().zip(row.iter()).filter(|(_, value)| !value.is_null()) {
            let text = written(&column.sql_type, value);
            prop_assert_eq!(parse_text(&column.sql_type, &text), Ok(value.clone()));
            let found = decoded(&Format::String, std::slice::from_ref(column), text.as_bytes());
            prop_assert_eq!(found, Ok(Decoded::Row(vec![value.clone()])));
        }
    }

    /// Bytes of all kinds, and JSON that was spoiled in one place.
    #[test]
    fn no_bytes_panic_and_what_is_wrong_quotes_none_of_them(bytes in any::<Vec<u8>>(), row in row(), place in any::<u16>(), byte in any::<u8>()) {
        let mut json = Vec::new();
        write_row(&mut json, &columns(), &row);
        let place = usize::from(place) % json.len();
        json[place] = byte;
        for input in [&bytes, &json] {
            for format in [Format::Json, Format::Debezium, Format::Csv] {
                let mut decoder = Decoder::new(&format, &columns(), TimeUnit::Nanoseconds).expect("any columns");
                let _ = decoder.decode(input);
                let _ = decoder.decode_key(input);
            }
        }
        let secret = format!("{{\"c integer\":\"secret{byte}\"}}");
        let found = decoded(&Format::Json, &columns(), secret.as_bytes()).expect_err("no number").to_string();
        prop_assert!(!found.contains("secret"), "{}", found);
    }
}
