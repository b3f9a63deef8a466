//! Byte order is SQL order.

use std::cmp::Ordering;
use std::sync::Arc;

use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use smol_str::SmolStr;
use tailwater_connectors::Numeric;

use super::*;

fn encode(sql_type: &SqlType, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(&mut out, sql_type, value).unwrap();
    out
}

/// `sql_cmp` as Postgres documents it, written without regard to speed.
fn reference(sql_type: &SqlType, left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Float(a), Value::Float(b)) => match (a.is_nan(), b.is_nan()) {
            (false, false) => a.partial_cmp(b).unwrap(),
            (a, b) => a.cmp(&b),
        },
        (Value::Numeric(a), Value::Numeric(b)) => reference_numeric(a, b),
        (Value::Text(a), Value::Text(b)) => match sql_type {
            SqlType::Enum(labels) => {
                let position = |text| labels.labels.iter().position(|label| label == text).unwrap();
                position(a).cmp(&position(b))
            }
            SqlType::Bpchar => a.trim_end_matches(' ').cmp(b.trim_end_matches(' ')),
            _ => a.cmp(b),
        },
        (Value::Interval(a), Value::Interval(b)) => {
            let micros = |i: &Interval| {
                (i128::from(i.months) * 30 + i128::from(i.days)) * 24 * 3600 * 1_000_000 + i128::from(i.micros)
            };
            micros(a).cmp(&micros(b))
        }
        (Value::Array(a), Value::Array(b)) => {
            let SqlType::Array(element) = sql_type else { panic!("array of no element type") };
            let pairs = a.elements.iter().zip(&b.elements);
            let differing = pairs.map(|(a, b)| reference(element, a, b)).find(|order| order.is_ne());
            let lengths = |array: &Array| array.dimensions.iter().map(|dimension| dimension.0).collect::<Vec<_>>();
            let lowers = |array: &Array| array.dimensions.iter().map(|dimension| dimension.1).collect::<Vec<_>>();
            differing
                .unwrap_or(Ordering::Equal)
                .then(a.elements.len().cmp(&b.elements.len()))
                .then(a.dimensions.len().cmp(&b.dimensions.len()))
                .then(lengths(a).cmp(&lengths(b)))
                .then(lowers(a).cmp(&lowers(b)))
        }
        // Variants whose representation is their value.
        (a, b) => a.cmp(b),
    }
}

fn reference_numeric(left: &Numeric, right: &Numeric) -> Ordering {
    let class = |numeric: &Numeric| match numeric {
        Numeric::NegInfinity => 0,
        Numeric::Small { .. } | Numeric::Big(_) => 1,
        Numeric::Infinity => 2,
        Numeric::NaN => 3,
    };
    let shifted = |numeric: &Numeric, other_scale: u16| match numeric {
        Numeric::Small { mantissa, .. } => BigInt::from(*mantissa) * BigInt::from(10).pow(other_scale.into()),
        Numeric::Big(parts) => &parts.0 * BigInt::from(10).pow(other_scale.into()),
        _ => BigInt::default(),
    };
    let scale = |numeric: &Numeric| match numeric {
        Numeric::Small { scale, .. } => *scale,
        Numeric::Big(parts) => parts.1,
        _ => 0,
    };
    class(left).cmp(&class(right)).then_with(|| shifted(left, scale(right)).cmp(&shifted(right, scale(left))))
}

fn numeric() -> impl Strategy<Value = Numeric> {
    let small = |mantissa: BoxedStrategy<i64>| {
        (mantissa, 0_u16..25).prop_map(|(mantissa, scale)| Numeric::Small { mantissa, scale })
    };
    prop_oneof![
        4 => small((-200_i64..200).boxed()),
        4 => small((-30_i64..30, 0_u32..16).prop_map(|(digits, zeros)| digits * 10_i64.pow(zeros)).boxed()),
        2 => small(any::<i64>().boxed()),
        2 => (any::<i128>(), 0_u16..40).prop_map(|(mantissa, scale)| Numeric::Big(Arc::new((mantissa.into(), scale)))),
        1 => prop_oneof![Just(Numeric::NaN), Just(Numeric::Infinity), Just(Numeric::NegInfinity)],
    ]
}

fn nullable(values: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 9 => values].boxed()
}

fn text() -> impl Strategy<Value = Value> {
    "[\u{0}\u{1}ab \u{ff}\u{1F600}]{0,5}".prop_map(Value::text)
}

fn mood() -> SqlType {
    let labels = ["sad", "ok", "happy"].map(SmolStr::new).to_vec();
    SqlType::Enum(Arc::new(tailwater_connectors::EnumType { name: "mood".into(), labels }))
}

fn float() -> impl Strategy<Value = Value> {
    let edges = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1.0, -1.0];
    prop_oneof![proptest::sample::select(edges.to_vec()), any::<f64>()].prop_map(Value::Float)
}

fn interval() -> impl Strategy<Value = Value> {
    let near = (-3_i32..3, -40_i32..40, -3_i64..3).prop_map(|(months, days, half_days)| Interval {
        months,
        days,
        micros: half_days * 43_200_000_000,
    });
    let far = any::<(i32, i32, i64)>().prop_map(|(months, days, micros)| Interval { months, days, micros });
    prop_oneof![near, far].prop_map(Value::Interval)
}

/// A scalar type with values of it.
fn scalars() -> Vec<(SqlType, BoxedStrategy<Value>)> {
    let int = || prop_oneof![-300_i64..300, any::<i64>()].prop_map(Value::Int);
    let bytes = vec(prop_oneof![Just(0_u8), Just(1), Just(0xFF), any::<u8>()], 0..6);
    vec![
        (SqlType::Bool, nullable(any::<bool>().prop_map(Value::Bool))),
        (SqlType::Int8, nullable(int())),
        (SqlType::Float8, nullable(float())),
        (SqlType::Numeric(None), nullable(numeric().prop_map(Value::Numeric))),
        (SqlType::Text, nullable(text())),
        (SqlType::Bpchar, nullable(text())),
        (SqlType::Bytea, nullable(bytes.prop_map(|bytes| Value::Bytes(bytes.into())))),
        (SqlType::Date, nullable(any::<i32>().prop_map(Value::Date))),
        (SqlType::Time, nullable((0..86_400_000_001_i64).prop_map(Value::Time))),
        (SqlType::Timestamp, nullable(any::<i64>().prop_map(Value::Timestamp))),
        (SqlType::Timestamptz, nullable(any::<i64>().prop_map(Value::Timestamptz))),
        (SqlType::Interval, nullable(interval())),
        (SqlType::Uuid, nullable(any::<u128>().prop_map(Value::Uuid))),
        (mood(), nullable(proptest::sample::select(vec!["sad", "ok", "happy"]).prop_map(Value::text))),
        (SqlType::Other("inet".into()), nullable(text())),
    ]
}

fn array(element: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let shaped = (vec(element, 0..4), any::<bool>(), -2_i32..3).prop_map(|(elements, flat, lower)| {
        let length = elements.len() as u32;
        let dimensions = match (length, flat) {
            (0, _) => Vec::new(),
            (_, true) => vec![(length, lower)],
            (_, false) => vec![(1, 1), (length, lower)],
        };
        Value::Array(Arc::new(Array { dimensions, elements }))
    });
    nullable(shaped)
}

fn columns() -> Vec<(SqlType, BoxedStrategy<Value>)> {
    let arrays = scalars().into_iter().map(|(element, values)| (SqlType::Array(Box::new(element)), array(values)));
    scalars().into_iter().chain(arrays).collect()
}

/// Two or three keys of one shape.
fn keys() -> impl Strategy<Value = (Vec<SqlType>, Vec<Value>, Vec<Value>)> {
    let shapes = vec(proptest::sample::select((0..columns().len()).collect::<Vec<_>>()), 1..4);
    shapes.prop_flat_map(|shape| {
        let columns = columns();
        let types = shape.iter().map(|&column| columns[column].0.clone()).collect::<Vec<_>>();
        let values = || shape.iter().map(|&column| columns[column].1.clone()).collect::<Vec<_>>();
        (Just(types), values(), values())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_compare_as_sql_does((types, left, right) in keys(), same in 0_usize..4) {
        // Often the first columns are equal, so that the later ones decide.
        let right = left.iter().take(same).chain(right.iter().skip(same)).cloned().collect::<Vec<_>>();
        let (mut left_key, mut right_key) = (Vec::new(), Vec::new());
        encode_key(&mut left_key, &types, &left).unwrap();
        encode_key(&mut right_key, &types, &right).unwrap();
        let columns = types.iter().zip(left.iter().zip(&right));
        let expected = columns.map(|(sql_type, (a, b))| reference(sql_type, a, b)).find(|order| order.is_ne());
        prop_assert_eq!(left_key.cmp(&right_key), expected.unwrap_or(Ordering::Equal), "{:?} {:?} {:?}", types, left, right);
    }

    #[test]
    fn no_value_is_a_prefix_of_another((types, left, right) in keys()) {
        for ((sql_type, a), b) in types.iter().zip(&left).zip(&right) {
            let (a, b) = (encode(sql_type, a), encode(sql_type, b));
            prop_assert!(a == b || !(a.starts_with(&b) || b.starts_with(&a)));
        }
    }

    #[test]
    fn numeric_keys_compare_by_value(left in numeric(), right in numeric()) {
        let sql_type = SqlType::Numeric(None);
        let keys = [&left, &right].map(|numeric| encode(&sql_type, &Value::Numeric(numeric.clone())));
        prop_assert_eq!(keys[0].cmp(&keys[1]), reference_numeric(&left, &right));
    }

    #[test]
    fn the_end_of_a_prefix_is_above_all_it_begins(
        prefix in vec(prop_oneof![Just(0xFF_u8), any::<u8>()], 0..4),
        rest in vec(Just(0xFF_u8), 0..4),
    ) {
        let inside = [prefix.as_slice(), &rest].concat();
        match prefix_end(&prefix) {
            Some(end) => prop_assert!(inside < end && !end.starts_with(&prefix)),
            None => prop_assert!(prefix.iter().all(|&byte| byte == 0xFF)),
        }
    }
}

#[test]
fn a_numeric_is_the_same_key_at_every_scale() {
    let key =
        |mantissa: i64, scale| encode(&SqlType::Numeric(None), &Value::Numeric(Numeric::Small { mantissa, scale }));
    assert_eq!(key(1, 0), key(100, 2));
    assert_eq!(key(0, 0), key(0, 9));
    assert_eq!(key(-1250, 3), key(-125, 2));
    assert_ne!(key(1, 0), key(1, 1));
}

#[test]
fn a_label_that_the_enum_does_not_have_is_an_error() {
    let error = encode_value(&mut Vec::new(), &mood(), &Value::text("furious")).unwrap_err();
    assert!(error.to_string().contains("mood") && !error.to_string().contains("furious"), "{error}");
}

#[test]
fn a_value_of_another_type_is_an_error() {
    assert!(encode_value(&mut Vec::new(), &SqlType::Int4, &Value::text("1")).is_err());
    assert!(encode_key(&mut Vec::new(), &[SqlType::Int4], &[]).is_err());
}
