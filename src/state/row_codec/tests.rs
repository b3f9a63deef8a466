//! Rows come back as they were; damage is noticed.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::state::StoredRow;

fn numeric() -> impl Strategy<Value = Numeric> {
    prop_oneof![
        (any::<i64>(), any::<u16>()).prop_map(|(mantissa, scale)| Numeric::Small { mantissa, scale }),
        (any::<i128>(), any::<u16>()).prop_map(|(mantissa, scale)| {
            Numeric::Big(Arc::new((BigInt::from(mantissa) * BigInt::from(u128::MAX), scale)))
        }),
        Just(Numeric::NaN),
        Just(Numeric::Infinity),
        Just(Numeric::NegInfinity),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![-200_i64..200, any::<i64>()].prop_map(Value::Int),
        prop_oneof![Just(-0.0), Just(f64::NAN), any::<f64>()].prop_map(Value::Float),
        numeric().prop_map(Value::Numeric),
        ".{0,100}".prop_map(Value::text),
        vec(any::<u8>(), 0..100).prop_map(|bytes| Value::Bytes(bytes.into())),
        any::<i32>().prop_map(Value::Date),
        any::<i64>().prop_map(Value::Time),
        any::<i64>().prop_map(Value::Timestamp),
        any::<i64>().prop_map(Value::Timestamptz),
        any::<(i32, i32, i64)>().prop_map(|(months, days, micros)| Value::Interval(Interval { months, days, micros })),
        any::<u128>().prop_map(Value::Uuid),
    ];
    leaf.prop_recursive(2, 20, 5, |element| {
        (vec(any::<(u32, i32)>(), 0..3), vec(element, 0..5))
            .prop_map(|(dimensions, elements)| Value::Array(Arc::new(Array { dimensions, elements })))
    })
}

fn encode(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_row(&mut out, values);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn rows_come_back_exactly(values in vec(value(), 0..12)) {
        // `Value`'s equality is that of representations.
        let row = decode_row(&encode(&values)).unwrap();
        prop_assert_eq!(&*row, values.as_slice());
    }

    #[test]
    fn columns_of_a_stored_row_are_those_of_the_row(
        values in vec(value(), 1..8),
        columns in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = encode(&values);
        let columns: Vec<usize> = columns.into_iter().map(|column| column.index(values.len())).collect();
        let (mut stored, mut projected) = (StoredRow::default(), Vec::new());
        stored.find(&bytes).unwrap();
        stored.project(&bytes, &columns, &mut projected).unwrap();
        let expected: Vec<Value> = columns.iter().map(|column| values[*column].clone()).collect();
        prop_assert_eq!(projected, encode(&expected));
        for (column, value) in values.iter().enumerate() {
            prop_assert_eq!(&stored.value(&bytes, column).unwrap(), value);
        }
        prop_assert!(stored.value(&bytes, values.len()).is_err());
    }

    #[test]
    fn damaged_bytes_are_an_error_or_another_row_and_never_a_panic(
        values in vec(value(), 0..6),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode(&values);
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = decode_row(&bytes);
        let _ = StoredRow::default().find(&bytes);
        let cut = encode(&values);
        let cut = &cut[..length.index(cut.len())];
        let is_damaged = matches!(decode_row(cut), Err(StateError::Damaged { .. }));
        prop_assert!(is_damaged);
        prop_assert!(StoredRow::default().find(cut).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode_row(&bytes);
        let _ = decode_row(&[&[VERSION], bytes.as_slice()].concat());
    }
}

#[test]
fn a_row_of_another_version_or_with_something_behind_it_is_damaged() {
    let bytes = encode(&[Value::Int(1)]);
    assert_eq!(bytes.len(), 3);
    assert!(decode_row(&bytes).is_ok());
    assert!(decode_row(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert!(decode_row(&[&[VERSION + 1], &bytes[1..]].concat()).is_err());
    assert!(decode_row(&[]).is_err());
}

#[test]
fn a_huge_count_does_not_allocate() {
    let mut bytes = vec![VERSION];
    put_varint(&mut bytes, u64::MAX);
    assert!(decode_row(&bytes).is_err());
}
