//! Printed forms, and reading back what was printed. The comparison with a real server is in
//! `tests/postgres_values`.

use std::sync::Arc;

use proptest::prelude::*;

use super::{parse_text, write_text};
use crate::sql_type::SqlType;
use crate::value::{Array, Interval, Value};

fn printed(sql_type: &SqlType, value: &Value) -> String {
    let mut out = String::new();
    write_text(&mut out, sql_type, value);
    out
}

fn array_of(element: SqlType) -> SqlType {
    SqlType::Array(Box::new(element))
}

#[test]
fn values_print_as_postgres_prints_them() {
    let cases = [
        (SqlType::Float8, Value::Float(1e16), "1e+16"),
        (SqlType::Float8, Value::Float(0.00001), "1e-05"),
        (SqlType::Float8, Value::Float(123_456_789_012_345.0), "123456789012345"),
        (SqlType::Float8, Value::Float(-0.0), "-0"),
        (SqlType::Float4, Value::Float(f64::from(0.1f32)), "0.1"),
        (SqlType::Float4, Value::Float(1_000_000.0), "1e+06"),
        (SqlType::Bool, Value::Bool(true), "t"),
        (SqlType::Date, Value::Date(i32::MAX), "infinity"),
        (SqlType::Date, Value::Date(-730_120), "0001-12-31 BC"),
        (SqlType::Time, Value::Time(86_400_000_000), "24:00:00"),
        (SqlType::Timestamp, Value::Timestamp(1_500_000), "2000-01-01 00:00:01.5"),
        (SqlType::Timestamptz, Value::Timestamptz(-1), "1999-12-31 23:59:59.999999+00"),
        (SqlType::Timestamptz, Value::Timestamptz(i64::MIN), "-infinity"),
        (SqlType::Uuid, Value::Uuid(1), "00000000-0000-0000-0000-000000000001"),
        (SqlType::Bytea, Value::Bytes(Arc::new([0, 255])), "\\x00ff"),
        (SqlType::Int8, Value::Int(i64::MIN), "-9223372036854775808"),
        (SqlType::Int8, Value::Null, ""),
    ];
    for (sql_type, value, text) in cases {
        assert_eq!(printed(&sql_type, &value), text);
    }
}

#[test]
fn arrays_keep_dimensions_lower_bounds_and_quotes() {
    let sql_type = array_of(SqlType::Text);
    for text in ["{}", "{a,NULL,\"null\",\"\",\"a b\",\"q\\\"q\\\\\"}", "[0:1][2:3]={{a,b},{c,d}}", "{{{a}},{{b}}}"] {
        let value = parse_text(&sql_type, text).expect("an array");
        assert_eq!(printed(&sql_type, &value), text);
    }
    for text in ["{{a},b}", "{a,{b}}", "{{a},{b,c}}", "{a", "{a}}", "{a,}", "[1:2]={a}", "{{}}x"] {
        assert!(parse_text(&sql_type, text).is_err(), "{text}");
    }
}

#[test]
fn errors_name_the_type_and_not_the_text() {
    let error = parse_text(&SqlType::Int4, "secret").expect_err("not a number");
    assert_eq!(error.to_string(), "invalid input syntax for type integer");
}

fn any_value() -> impl Strategy<Value = (SqlType, Value)> {
    let interval = (any::<i32>(), any::<i32>(), any::<i64>());
    prop_oneof![
        any::<bool>().prop_map(|value| (SqlType::Bool, Value::Bool(value))),
        any::<i64>().prop_map(|value| (SqlType::Int8, Value::Int(value))),
        any::<f64>().prop_map(|value| (SqlType::Float8, Value::Float(value))),
        any::<f32>().prop_map(|value| (SqlType::Float4, Value::Float(value.into()))),
        any::<u128>().prop_map(|value| (SqlType::Uuid, Value::Uuid(value))),
        ".*".prop_map(|value| (SqlType::Text, Value::text(value))),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(|value| (SqlType::Bytea, Value::Bytes(value.into()))),
        (-2_451_545..2_145_031_949).prop_map(|value| (SqlType::Date, Value::Date(value))),
        (0..=86_400_000_000i64).prop_map(|value| (SqlType::Time, Value::Time(value))),
        (-211_813_488_000_000_000..9_223_371_331_200_000_000i64)
            .prop_map(|value| (SqlType::Timestamptz, Value::Timestamptz(value))),
        (-211_813_488_000_000_000..9_223_371_331_200_000_000i64)
            .prop_map(|value| (SqlType::Timestamp, Value::Timestamp(value))),
        interval.prop_map(|(months, days, micros)| {
            (SqlType::Interval, Value::Interval(Interval { months, days, micros }))
        }),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?"
            .prop_map(|text| { (SqlType::Numeric(None), Value::Numeric(text.parse().expect("a number"))) }),
    ]
}

proptest! {
    #[test]
    fn what_was_printed_is_read_as_the_same((sql_type, value) in any_value()) {
        prop_assert_eq!(parse_text(&sql_type, &printed(&sql_type, &value)), Ok(value.clone()));
        let array = Array { dimensions: vec![(1, 0), (2, -5)], elements: vec![value, Value::Null] };
        let (sql_type, value) = (array_of(sql_type), Value::Array(Arc::new(array)));
        prop_assert_eq!(parse_text(&sql_type, &printed(&sql_type, &value)), Ok(value));
    }

    #[test]
    fn no_text_panics(text in "[-+{}\"\\\\,:. 0-9a-zTPé]{0,24}", (sql_type, _) in any_value()) {
        if let Ok(value) = parse_text(&sql_type, &text) {
            prop_assert_eq!(parse_text(&sql_type, &printed(&sql_type, &value)), Ok(value));
        }
        let _ = parse_text(&array_of(sql_type), &text);
    }
}
