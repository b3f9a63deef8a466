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
    for name in ["sqrt", "|/"] {
        catalog.strict(&format!("{name}(float8) float8"), |a| match float(&a[0]) {
            number if number < 0.0 => Err(NumericError::NegativeSquareRoot.into()),
            number => double(number.sqrt()),
        });
    }
    for name in ["cbrt", "||/"] {
        catalog.strict(&format!("{name}(float8) float8"), |a| double(cube_root(float(&a[0]))));
    }
    catalog.strict("exp(float8) float8", |a| {
        let (number, result) = (float(&a[0]), float(&a[0]).exp());
        if result == 0.0 && number.is_finite() {
            return Err(underflow());
        }
        double(finite_like(result, &[number])?)
    });
    catalog.strict("ln(float8) float8", |a| logarithm(float(&a[0]), f64::ln));
    catalog.strict("pi() float8", |_| double(std::f64::consts::PI));
}

/// In the steps of the C library that Postgres runs on, whose last digit is the one to have.
fn cube_root(x: f64) -> f64 {
    const ROOT: f64 = 1.259_921_049_894_873_2;
    const SQUARE: f64 = 1.587_401_051_968_199_5;
    if x == 0.0 || !x.is_finite() {
        return x + x;
    }
    let (mut size, mut exponent) = (x.abs(), 0i32);
    if size < f64::MIN_POSITIVE {
        (size, exponent) = (size * 18_014_398_509_481_984.0, -54);
    }
    let bits = size.to_bits();
    exponent += (bits >> 52) as i32 - 1_022;
    let part = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3fe0_0000_0000_0000);
    let mut guess = 0.784_932_344_976_639_2 - 0.145_263_899_385_486_37 * part;
    guess = 1.834_692_774_836_130_8 - guess * part;
    guess = 2.446_931_225_635_344_4 - guess * part;
    guess = 2.114_994_941_673_713 - guess * part;
    guess = 1.508_191_937_815_849 - guess * part;
    guess = 0.354_895_765_043_919_86 + guess * part;
    let cube = guess * guess * guess;
    let factor = [1.0 / SQUARE, 1.0 / ROOT, 1.0, ROOT, SQUARE][(2 + exponent % 3) as usize];
    let root = guess * (cube + 2.0 * part) / (2.0 * cube + part) * factor;
    (root * 2f64.powi(exponent / 3)).copysign(x)
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
