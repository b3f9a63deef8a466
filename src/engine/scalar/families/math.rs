//! Mathematical functions over numerics and doubles.

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::{Numeric, Value};

use super::float::{finite_like, underflow};
use super::read::{float, int, numeric};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn number(result: Result<Numeric, NumericError>) -> Result<Value, RowError> {
    Ok(Value::Numeric(result?))
}

fn double(result: f64) -> Result<Value, RowError> {
    Ok(Value::Float(result))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("round(numeric) numeric", |a| number(numeric(&a[0]).round(0)));
    catalog.strict("round(numeric,int4) numeric", |a| number(numeric(&a[0]).round(int(&a[1]) as i32)));
    catalog.strict("trunc(numeric) numeric", |a| number(numeric(&a[0]).trunc(0)));
    catalog.strict("trunc(numeric,int4) numeric", |a| number(numeric(&a[0]).trunc(int(&a[1]) as i32)));
    for name in ["ceil", "ceiling"] {
        catalog.strict(&format!("{name}(numeric) numeric"), |a| number(numeric(&a[0]).ceil()));
        catalog.strict(&format!("{name}(float8) float8"), |a| double(float(&a[0]).ceil()));
    }
    catalog.strict("floor(numeric) numeric", |a| number(numeric(&a[0]).floor()));
    catalog.strict("sign(numeric) numeric", |a| Ok(Value::Numeric(numeric(&a[0]).sign())));
    catalog.strict("sqrt(numeric) numeric", |a| number(numeric(&a[0]).sqrt()));
    catalog.strict("exp(numeric) numeric", |a| number(numeric(&a[0]).exp()));
    catalog.strict("ln(numeric) numeric", |a| number(numeric(&a[0]).ln()));
    for name in ["log", "log10"] {
        catalog.strict(&format!("{name}(numeric) numeric"), |a| number(numeric(&a[0]).log(&Numeric::from(10))));
        catalog.strict(&format!("{name}(float8) float8"), |a| logarithm(float(&a[0]), f64::log10));
    }
    catalog.strict("log(numeric,numeric) numeric", |a| number(numeric(&a[1]).log(numeric(&a[0]))));
    for name in ["^", "power", "pow"] {
        catalog.strict(&format!("{name}(numeric,numeric) numeric"), |a| number(numeric(&a[0]).power(numeric(&a[1]))));
    }
    catalog.strict("scale(numeric) int4", scale);
    catalog.strict("trim_scale(numeric) numeric", |a| Ok(Value::Numeric(numeric(&a[0]).trim_scale())));
    catalog.strict("width_bucket(numeric,numeric,numeric,int4) int4", width_bucket);
    for name in ["int4", "int8"] {
        catalog.strict(&format!("gcd({name},{name}) {name}"), gcd);
    }
    register_floats(catalog);
}

fn register_floats(catalog: &mut Catalog) {
    catalog.strict("round(float8) float8", |a| double(float(&a[0]).round_ties_even()));
    catalog.strict("trunc(float8) float8", |a| double(float(&a[0]).trunc()));
    catalog.strict("floor(float8) float8", |a| double(float(&a[0]).floor()));
    catalog.strict("sign(float8) float8", |a| {
        let number = float(&a[0]);
        double(if number > 0.0 {
            1.0
        } else if number < 0.0 {
            -1.0
        } else {
            0.0
        })
    });
    catalog.strict("sqrt(float8) float8", |a| match float(&a[0]) {
        number if number < 0.0 => Err(NumericError::NegativeSquareRoot.into()),
        number => double(number.sqrt()),
    });
    catalog.strict("cbrt(float8) float8", |a| double(float(&a[0]).cbrt()));
    catalog.strict("exp(float8) float8", |a| {
        let (number, result) = (float(&a[0]), float(&a[0]).exp());
        if result == 0.0 && number.is_finite() {
            return Err(underflow());
        }
        double(finite_like(result, &[number])?)
    });
    catalog.strict("ln(float8) float8", |a| logarithm(float(&a[0]), f64::ln));
    catalog.strict("pi() float8", |_| double(std::f64::consts::PI));
    catalog.strict("degrees(float8) float8", |a| double(finite_like(float(&a[0]).to_degrees(), &[float(&a[0])])?));
    catalog.strict("radians(float8) float8", |a| double(float(&a[0]) * (std::f64::consts::PI / 180.0)));
    catalog.strict("sin(float8) float8", |a| trigonometric(float(&a[0]), f64::sin));
    catalog.strict("cos(float8) float8", |a| trigonometric(float(&a[0]), f64::cos));
    catalog.strict("tan(float8) float8", |a| trigonometric(float(&a[0]), f64::tan));
    catalog.strict("atan(float8) float8", |a| double(float(&a[0]).atan()));
    catalog.strict("atan2(float8,float8) float8", |a| double(float(&a[0]).atan2(float(&a[1]))));
    catalog.strict("asin(float8) float8", |a| arc(float(&a[0]), f64::asin));
    catalog.strict("acos(float8) float8", |a| arc(float(&a[0]), f64::acos));
}

fn trigonometric(number: f64, curve: fn(f64) -> f64) -> Result<Value, RowError> {
    if number.is_infinite() { Err(RowError::out_of_range("input is")) } else { double(curve(number)) }
}

fn arc(number: f64, curve: fn(f64) -> f64) -> Result<Value, RowError> {
    if number.abs() > 1.0 { Err(RowError::out_of_range("input is")) } else { double(curve(number)) }
}

fn logarithm(number: f64, curve: fn(f64) -> f64) -> Result<Value, RowError> {
    if number == 0.0 {
        return Err(NumericError::LogarithmOfZero.into());
    }
    if number < 0.0 {
        return Err(NumericError::LogarithmOfNegative.into());
    }
    double(curve(number))
}

fn scale(arguments: &[Value]) -> Result<Value, RowError> {
    let number = numeric(&arguments[0]);
    Ok(if number.is_finite() { Value::Int(i64::from(number.scale())) } else { Value::Null })
}

fn gcd(arguments: &[Value]) -> Result<Value, RowError> {
    let (mut a, mut b) = (int(&arguments[0]).unsigned_abs(), int(&arguments[1]).unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).map(Value::Int).map_err(|_| RowError::out_of_range("bigint"))
}

fn width_bucket(arguments: &[Value]) -> Result<Value, RowError> {
    let [value, low, high] = [0, 1, 2].map(|index| numeric(&arguments[index]));
    let count = int(&arguments[3]);
    if count <= 0 {
        return Err(RowError::new("2201G", "count must be greater than zero"));
    }
    if [value, low, high].iter().any(|number| matches!(number, Numeric::NaN)) {
        return Err(RowError::new("2201G", "operand, lower bound, and upper bound cannot be NaN"));
    }
    if !low.is_finite() || !high.is_finite() {
        return Err(RowError::new("2201G", "lower and upper bounds must be finite"));
    }
    let ascending = low.numeric_cmp(high);
    if ascending.is_eq() {
        return Err(RowError::new("2201G", "lower bound cannot equal upper bound"));
    }
    let from_low = value.numeric_cmp(low);
    let from_high = value.numeric_cmp(high);
    if from_low == ascending {
        return Ok(Value::Int(0));
    }
    if from_high.is_eq() || from_high == ascending.reverse() {
        return Ok(Value::Int(count + 1));
    }
    let share = value.sub(low)?.mul(&Numeric::from(count))?;
    let width = high.sub(low)?;
    let whole = share.sub(&share.rem(&width)?)?.div(&width)?.round(0)?;
    Ok(Value::Int(whole.to_i64("integer")? + 1))
}
