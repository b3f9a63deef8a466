//! Angles and hyperbolas over doubles, in radians and degrees; degrees are exact where the answer is.

use std::f64::consts::LN_2;

use tailwater_connectors::Value;

use super::float::overflow;
use super::read::float;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// As Postgres writes it.
pub(super) const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;
/// Beyond it squares add nothing.
const HUGE: f64 = 268_435_456.0;

fn out_of_range() -> RowError {
    RowError::out_of_range("input is")
}

fn sin_to_30(x: f64) -> f64 {
    ((x * RADIANS_PER_DEGREE).sin() / (30.0 * RADIANS_PER_DEGREE).sin()) / 2.0
}

fn cos_to_60(x: f64) -> f64 {
    let below_one = |x: f64| 1.0 - (x * RADIANS_PER_DEGREE).cos();
    1.0 - (below_one(x) / below_one(60.0)) / 2.0
}

fn sin_to_90(x: f64) -> f64 {
    if x <= 30.0 { sin_to_30(x) } else { cos_to_60(90.0 - x) }
}

fn cos_to_90(x: f64) -> f64 {
    if x <= 60.0 { cos_to_60(x) } else { sin_to_30(90.0 - x) }
}

fn asin_above_0(x: f64) -> f64 {
    if x <= 0.5 { (x.asin() / 0.5f64.asin()) * 30.0 } else { 90.0 - (x.acos() / 0.5f64.acos()) * 60.0 }
}

fn acos_above_0(x: f64) -> f64 {
    if x <= 0.5 { 90.0 - (x.asin() / 0.5f64.asin()) * 30.0 } else { (x.acos() / 0.5f64.acos()) * 60.0 }
}

/// An angle as one of the first quadrant, with the signs of its cosine and sine.
struct Folded {
    angle: f64,
    cosine: f64,
    sine: f64,
}

fn folded(degrees: f64) -> Folded {
    let (mut angle, mut cosine, mut sine) = (degrees % 360.0, 1.0, 1.0);
    if angle < 0.0 {
        (angle, sine) = (-angle, -sine);
    }
    if angle > 180.0 {
        (angle, sine) = (360.0 - angle, -sine);
    }
    if angle > 90.0 {
        (angle, cosine) = (180.0 - angle, -cosine);
    }
    Folded { angle, cosine, sine }
}

/// Never a negative zero.
fn plain_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

fn sind(x: f64) -> f64 {
    let at = folded(x);
    at.sine * sin_to_90(at.angle)
}

fn cosd(x: f64) -> f64 {
    let at = folded(x);
    at.cosine * cos_to_90(at.angle)
}

fn tand(x: f64) -> f64 {
    let at = folded(x);
    let tangent = |x: f64| sin_to_90(x) / cos_to_90(x);
    plain_zero(at.sine * at.cosine * (tangent(at.angle) / tangent(45.0)))
}

fn cotd(x: f64) -> f64 {
    let at = folded(x);
    let cotangent = |x: f64| cos_to_90(x) / sin_to_90(x);
    plain_zero(at.sine * at.cosine * (cotangent(at.angle) / cotangent(45.0)))
}

fn asind(x: f64) -> f64 {
    if x >= 0.0 { asin_above_0(x) } else { -asin_above_0(-x) }
}

fn acosd(x: f64) -> f64 {
    if x >= 0.0 { acos_above_0(x) } else { 90.0 + asin_above_0(-x) }
}

/// In the steps of the C library, whose last digit is the one to have.
fn asinh(x: f64) -> f64 {
    let size = x.abs();
    if size < 1.0 / HUGE || !x.is_finite() {
        return x;
    }
    let result = if size > HUGE {
        size.ln() + LN_2
    } else if size > 2.0 {
        (2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size)).ln()
    } else {
        let square = size * size;
        (size + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    result.copysign(x)
}

/// The same for arguments of 1 and more.
fn acosh(x: f64) -> f64 {
    if x >= HUGE {
        if x.is_finite() { x.ln() + LN_2 } else { x }
    } else if x > 2.0 {
        (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln()
    } else {
        let above = x - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    }
}

/// The same for arguments between -1 and 1.
fn atanh(x: f64) -> f64 {
    let size = x.abs();
    let result = if size < 1.0 / HUGE {
        size
    } else if size < 0.5 {
        let twice = size + size;
        0.5 * (twice + twice * size / (1.0 - size)).ln_1p()
    } else if size < 1.0 {
        0.5 * ((size + size) / (1.0 - size)).ln_1p()
    } else {
        f64::INFINITY
    };
    result.copysign(x)
}

/// A function of angles, which are finite.
fn angle(arguments: &[Value], curve: fn(f64) -> f64) -> Result<Value, RowError> {
    let number = float(&arguments[0]);
    if number.is_infinite() { Err(out_of_range()) } else { Ok(Value::Float(curve(number))) }
}

/// A function that is defined for what `known` accepts.
fn within(arguments: &[Value], known: fn(f64) -> bool, curve: fn(f64) -> f64) -> Result<Value, RowError> {
    let number = float(&arguments[0]);
    if number.is_nan() {
        return Ok(Value::Float(number));
    }
    if known(number) { Ok(Value::Float(curve(number))) } else { Err(out_of_range()) }
}

fn in_unit(x: f64) -> bool {
    x.abs() <= 1.0
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("degrees(float8) float8", |a| {
        let (number, result) = (float(&a[0]), float(&a[0]) / RADIANS_PER_DEGREE);
        if result.is_infinite() && number.is_finite() { Err(overflow()) } else { Ok(Value::Float(result)) }
    });
    catalog.strict("radians(float8) float8", |a| Ok(Value::Float(float(&a[0]) * RADIANS_PER_DEGREE)));
    catalog.strict("sin(float8) float8", |a| angle(a, f64::sin));
    catalog.strict("cos(float8) float8", |a| angle(a, f64::cos));
    catalog.strict("tan(float8) float8", |a| angle(a, f64::tan));
    catalog.strict("cot(float8) float8", |a| angle(a, |x| 1.0 / x.tan()));
    catalog.strict("sind(float8) float8", |a| angle(a, sind));
    catalog.strict("cosd(float8) float8", |a| angle(a, cosd));
    catalog.strict("tand(float8) float8", |a| angle(a, tand));
    catalog.strict("cotd(float8) float8", |a| angle(a, cotd));
    catalog.strict("asin(float8) float8", |a| within(a, in_unit, f64::asin));
    catalog.strict("acos(float8) float8", |a| within(a, in_unit, f64::acos));
    catalog.strict("asind(float8) float8", |a| within(a, in_unit, asind));
    catalog.strict("acosd(float8) float8", |a| within(a, in_unit, acosd));
    catalog.strict("atan(float8) float8", |a| Ok(Value::Float(float(&a[0]).atan())));
    catalog.strict("atand(float8) float8", |a| Ok(Value::Float((float(&a[0]).atan() / 1.0f64.atan()) * 45.0)));
    catalog.strict("atan2(float8,float8) float8", |a| Ok(Value::Float(float(&a[0]).atan2(float(&a[1])))));
    catalog.strict("atan2d(float8,float8) float8", |a| {
        Ok(Value::Float((float(&a[0]).atan2(float(&a[1])) / 1.0f64.atan()) * 45.0))
    });
    catalog.strict("sinh(float8) float8", |a| Ok(Value::Float(float(&a[0]).sinh())));
    catalog.strict("cosh(float8) float8", |a| Ok(Value::Float(float(&a[0]).cosh())));
    catalog.strict("tanh(float8) float8", |a| Ok(Value::Float(float(&a[0]).tanh())));
    catalog.strict("asinh(float8) float8", |a| Ok(Value::Float(asinh(float(&a[0])))));
    catalog.strict("acosh(float8) float8", |a| within(a, |x| x >= 1.0, acosh));
    catalog.strict("atanh(float8) float8", |a| within(a, in_unit, atanh));
}
