//! Examples whose answers were taken from Postgres 15.

use super::{Numeric, NumericError};
use std::cmp::Ordering;

fn n(text: &str) -> Numeric {
    text.parse().expect("a number")
}

fn shown(result: Result<Numeric, NumericError>) -> String {
    result.map_or_else(|error| error.to_string(), |number| number.to_string())
}

#[test]
fn what_is_read_is_printed_with_its_scale() {
    for (input, output) in [
        ("0", "0"),
        (" 1.50 ", "1.50"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("-0.00", "0.00"),
        ("1e3", "1000"),
        ("1.5e-3", "0.0015"),
        ("12.34E1", "123.4"),
        ("0e10", "0"),
        ("0e-3", "0.000"),
        ("nan", "NaN"),
        ("inf", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("000000000000000000000000000000000000001.10", "1.10"),
    ] {
        assert_eq!(n(input).to_string(), output, "{input}");
    }
}

#[test]
fn text_that_is_not_a_number_is_refused() {
    for input in ["", " ", ".", "-", "1e", "1e+", "1.2.3", "0x1F", "1_000", "abc", "1 2", "+-1", "∞", "e5"] {
        assert_eq!(input.parse::<Numeric>(), Err(NumericError::InvalidSyntax), "{input}");
    }
    for input in ["1e131072", "1e-16384", "1e99999999999999999999", "1e1999999999"] {
        assert_eq!(input.parse::<Numeric>(), Err(NumericError::Overflow), "{input}");
    }
}

#[test]
fn one_value_has_one_shape() {
    let big = n("9223372036854775808");
    assert!(matches!(big, Numeric::Big(_)));
    assert!(matches!(big.sub(&Numeric::ONE), Ok(Numeric::Small { .. })));
    assert_eq!(size_of::<Numeric>(), 16);
}

#[test]
fn order_is_by_value_and_nan_is_greatest() {
    let sorted = ["-Infinity", "-1e30", "-2", "-0.001", "0.000", "1e-100", "0.5", "1", "3e40", "Infinity", "NaN"];
    for (i, a) in sorted.iter().enumerate() {
        for (j, b) in sorted.iter().enumerate() {
            assert_eq!(n(a).numeric_cmp(&n(b)), i.cmp(&j), "{a} {b}");
        }
    }
    assert_eq!(n("1.0").numeric_cmp(&n("1.000")), Ordering::Equal);
    assert_eq!(n("1e30").numeric_cmp(&n("1000000000000000000000000000000.00")), Ordering::Equal);
    assert_ne!(n("1.0"), n("1.00"));
    assert_eq!(n("1.10").normalized(), n("1.1"));
    assert_eq!(n("1e30").normalized(), n("1e30"));
    assert_eq!(n("100000000000000000000000.500").normalized().to_string(), "100000000000000000000000.5");
}

#[test]
fn arithmetic_has_the_scales_of_postgres() {
    assert_eq!(shown(n("1.5").add(&n("2.25"))), "3.75");
    assert_eq!(shown(n("1.50").mul(&n("2.0"))), "3.000");
    assert_eq!(shown(n("1").div(&n("3"))), "0.33333333333333333333");
    assert_eq!(shown(n("10").div(&n("3"))), "3.3333333333333333");
    assert_eq!(shown(n("2").div(&n("1"))), "2.0000000000000000");
    assert_eq!(shown(n("1").div(&n("0"))), "division by zero");
    assert_eq!(shown(n("-7.5").rem(&n("2"))), "-1.5");
    assert_eq!(shown(n("NaN").div(&n("0"))), "NaN");
    assert_eq!(shown(n("9223372036854775807").add(&n("1"))), "9223372036854775808");
}

#[test]
fn rounding_is_half_away_from_zero() {
    assert_eq!(shown(n("2.5").round(0)), "3");
    assert_eq!(shown(n("-2.5").round(0)), "-3");
    assert_eq!(shown(n("1.25").round(1)), "1.3");
    assert_eq!(shown(n("1250").round(-2)), "1300");
    assert_eq!(shown(n("1.5").round(3)), "1.500");
    assert_eq!(shown(n("-1.59").trunc(1)), "-1.5");
    assert_eq!(shown(n("-1.5").ceil()), "-1");
    assert_eq!(shown(n("-1.5").floor()), "-2");
    assert_eq!(shown(n("123.456").apply_modifier(5, 2)), "123.46");
    assert_eq!(shown(n("1234.5").apply_modifier(5, 2)), "numeric field overflow");
    assert_eq!(shown(n("12345").apply_modifier(3, -2)), "12300");
    assert_eq!(shown(n("0.00123").apply_modifier(2, 4)), "0.0012");
}

#[test]
fn roots_logarithms_and_powers_have_sixteen_digits() {
    assert_eq!(shown(n("2").sqrt()), "1.414213562373095");
    assert_eq!(shown(n("2").exp()), "7.3890560989306502");
    assert_eq!(shown(n("-1").exp()), "0.3678794411714423");
    assert_eq!(shown(n("2").ln()), "0.6931471805599453");
    assert_eq!(shown(n("100").log(&n("10"))), "2.0000000000000000");
    assert_eq!(shown(n("2").power(&n("3"))), "8.0000000000000000");
    assert_eq!(shown(n("2").power(&n("0.5"))), "1.4142135623730950");
    assert_eq!(shown(n("2").power(&n("-1"))), "0.5000000000000000");
    assert_eq!(shown(n("0").power(&n("-1"))), "zero raised to a negative power is undefined");
}

#[test]
fn floats_and_integers_convert_as_postgres_does() {
    assert_eq!(Numeric::from_f64(0.1 + 0.2).to_string(), "0.3");
    assert_eq!(Numeric::from_f64(1e20).to_string(), "100000000000000000000");
    assert_eq!(Numeric::from_f64(1.5e-10).to_string(), "0.00000000015");
    assert_eq!(Numeric::from_f32(0.1).to_string(), "0.1");
    assert_eq!(n("2.5").to_i64("bigint"), Ok(3));
    assert_eq!(n("1e30").to_i64("bigint"), Err(NumericError::OutOfRange("bigint")));
    assert_eq!(n("1e30").to_f64(), 1e30);
}
