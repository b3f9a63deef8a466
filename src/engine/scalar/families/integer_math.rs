//! Whole-number mathematics: `factorial`, `gcd`, `lcm`, `min_scale`, and the buckets of `width_bucket`.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use tailwater_connectors::{Numeric, SqlType, Value};

use super::read::{array, float, int, numeric};
use crate::engine::scalar::cast::int_in_range;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::sql_cmp;
use crate::engine::scalar::expression::RowError;

/// The largest whose factorial a numeric can hold.
const FACTORIAL_MAX: i64 = 32_177;

fn factorial(arguments: &[Value]) -> Result<Value, RowError> {
    let number = int(&arguments[0]);
    if number < 0 {
        return Err(RowError::new("22003", "factorial of a negative number is undefined"));
    }
    if number > FACTORIAL_MAX {
        return Err(RowError::new("22003", "value overflows numeric format"));
    }
    let product = (2..=number).fold(BigInt::from(1), |product, factor| product * factor);
    Ok(Value::Numeric(Numeric::from_parts(product, 0)))
}

fn common_divisor(mut a: BigInt, mut b: BigInt) -> BigInt {
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a.abs()
}

/// Both as whole numbers of one scale; none for NaN and infinities.
fn aligned(arguments: &[Value]) -> Option<(BigInt, BigInt, u16)> {
    let ((left, left_scale), (right, right_scale)) =
        (numeric(&arguments[0]).to_parts()?, numeric(&arguments[1]).to_parts()?);
    let scale = left_scale.max(right_scale);
    let grown = |number: BigInt, from: u16| number * BigInt::from(10).pow(u32::from(scale - from));
    Some((grown(left, left_scale).abs(), grown(right, right_scale).abs(), scale))
}

fn numeric_gcd(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::Numeric(match aligned(arguments) {
        None => Numeric::NaN,
        Some((left, right, scale)) => Numeric::from_parts(common_divisor(left, right), scale),
    }))
}

fn numeric_lcm(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::Numeric(match aligned(arguments) {
        None => Numeric::NaN,
        Some((left, right, scale)) if left.is_zero() || right.is_zero() => Numeric::from_parts(BigInt::zero(), scale),
        Some((left, right, scale)) => {
            let divisor = common_divisor(left.clone(), right.clone());
            Numeric::from_parts(left / divisor * right, scale)
        }
    }))
}

fn int_gcd(left: i64, right: i64) -> u64 {
    let (mut a, mut b) = (left.unsigned_abs(), right.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn in_range(to: &SqlType, number: Option<u64>) -> Result<Value, RowError> {
    match number.and_then(|number| i64::try_from(number).ok()) {
        Some(number) => int_in_range(to, number),
        None => Err(RowError::out_of_range("bigint")),
    }
}

fn gcd(to: &SqlType, arguments: &[Value]) -> Result<Value, RowError> {
    in_range(to, Some(int_gcd(int(&arguments[0]), int(&arguments[1]))))
}

fn lcm(to: &SqlType, arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (int(&arguments[0]), int(&arguments[1]));
    if left == 0 || right == 0 {
        return Ok(Value::Int(0));
    }
    in_range(to, (left.unsigned_abs() / int_gcd(left, right)).checked_mul(right.unsigned_abs()))
}

fn min_scale(arguments: &[Value]) -> Result<Value, RowError> {
    let number = numeric(&arguments[0]);
    let shortest = number.trim_scale().scale();
    Ok(if number.is_finite() { Value::Int(i64::from(shortest)) } else { Value::Null })
}

fn bad_bucket(message: &str) -> RowError {
    RowError::new("2201G", message)
}

/// Buckets of equal width between two doubles.
fn float_bucket(arguments: &[Value]) -> Result<Value, RowError> {
    let [value, low, high] = [0, 1, 2].map(|index| float(&arguments[index]));
    let count = int(&arguments[3]);
    if count <= 0 {
        return Err(bad_bucket("count must be greater than zero"));
    }
    if value.is_nan() || low.is_nan() || high.is_nan() {
        return Err(bad_bucket("operand, lower bound, and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(bad_bucket("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(bad_bucket("lower bound cannot equal upper bound"));
    }
    let rising = low < high;
    if if rising { value < low } else { value > low } {
        return Ok(Value::Int(0));
    }
    if if rising { value >= high } else { value <= high } {
        return int_in_range(&SqlType::Int4, count + 1);
    }
    // Halved where the width is more than a double can hold.
    let share = match (rising, (high - low).is_infinite()) {
        (true, false) => (value - low) / (high - low),
        (false, false) => (low - value) / (low - high),
        (true, true) => (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
        (false, true) => (low / 2.0 - value / 2.0) / (low / 2.0 - high / 2.0),
    };
    let bucket = (count as f64 * share) as i64;
    Ok(Value::Int(bucket.min(count - 1) + 1))
}

/// Buckets that begin at the elements of a sorted array.
fn bucket_of_thresholds(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let thresholds = array(&arguments[1]);
    if thresholds.dimensions.len() > 1 {
        return Err(RowError::new("2202E", "thresholds must be one-dimensional array"));
    }
    if thresholds.elements.iter().any(Value::is_null) {
        return Err(RowError::new("22004", "thresholds array must not contain NULLs"));
    }
    let (mut left, mut right) = (0, thresholds.elements.len());
    while left < right {
        let middle = (left + right) / 2;
        if sql_cmp(&types[0], &arguments[0], &thresholds.elements[middle]).is_lt() {
            right = middle;
        } else {
            left = middle + 1;
        }
    }
    Ok(Value::Int(left as i64))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("factorial(int8) numeric", factorial);
    catalog.strict("gcd(int4,int4) int4", |a| gcd(&SqlType::Int4, a));
    catalog.strict("gcd(int8,int8) int8", |a| gcd(&SqlType::Int8, a));
    catalog.strict("gcd(numeric,numeric) numeric", numeric_gcd);
    catalog.strict("lcm(int4,int4) int4", |a| lcm(&SqlType::Int4, a));
    catalog.strict("lcm(int8,int8) int8", |a| lcm(&SqlType::Int8, a));
    catalog.strict("lcm(numeric,numeric) numeric", numeric_lcm);
    catalog.strict("min_scale(numeric) int4", min_scale);
    catalog.strict("width_bucket(float8,float8,float8,int4) int4", float_bucket);
    catalog.typed("width_bucket(anyelement,anyarray) int4", bucket_of_thresholds);
    catalog.strict("<<(int2,int4) int2", |a| shifted(a, |number, by| number.wrapping_shl(by)));
    catalog.strict(">>(int2,int4) int2", |a| shifted(a, |number, by| number.wrapping_shr(by)));
}

/// The machine shifts 32 bits; what is above 16 is lost.
fn shifted(arguments: &[Value], shift: fn(i32, u32) -> i32) -> Result<Value, RowError> {
    let result = shift(int(&arguments[0]) as i32, int(&arguments[1]) as u32);
    Ok(Value::Int(i64::from(result as i16)))
}
