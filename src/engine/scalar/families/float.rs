//! `+ - * / ^` over floats, with Postgres' overflow and underflow errors.

use tailwater_connectors::Value;

use super::read::float;
use crate::engine::scalar::cast::float_to_real;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

pub(super) fn overflow() -> RowError {
    RowError::new("22003", "value out of range: overflow")
}

pub(super) fn underflow() -> RowError {
    RowError::new("22003", "value out of range: underflow")
}

/// A result that is infinite though its operands are not has overflown.
pub(super) fn finite_like(result: f64, operands: &[f64]) -> Result<f64, RowError> {
    if result.is_infinite() && !operands.iter().any(|operand| operand.is_infinite()) {
        Err(overflow())
    } else {
        Ok(result)
    }
}

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Sub,
    Mul,
    Div,
}

fn compute(operation: Operation, arguments: &[Value]) -> Result<f64, RowError> {
    let (left, right) = (float(&arguments[0]), float(&arguments[1]));
    let operands = [left, right];
    match operation {
        Operation::Add => finite_like(left + right, &operands),
        Operation::Sub => finite_like(left - right, &operands),
        Operation::Mul => {
            let product = finite_like(left * right, &operands)?;
            if product == 0.0 && left != 0.0 && right != 0.0 { Err(underflow()) } else { Ok(product) }
        }
        Operation::Div if right == 0.0 && !left.is_nan() => Err(RowError::division_by_zero()),
        Operation::Div => {
            let quotient = finite_like(left / right, &operands)?;
            if quotient == 0.0 && left != 0.0 && !right.is_infinite() { Err(underflow()) } else { Ok(quotient) }
        }
    }
}

fn double(operation: Operation, arguments: &[Value]) -> Result<Value, RowError> {
    compute(operation, arguments).map(Value::Float)
}

/// Doubles hold the exact sum, product or a correctly roundable quotient of reals.
fn real(operation: Operation, arguments: &[Value]) -> Result<Value, RowError> {
    float_to_real(compute(operation, arguments)?)
}

/// `a ^ b` for doubles.
pub(super) fn power(arguments: &[Value]) -> Result<Value, RowError> {
    let (base, exponent) = (float(&arguments[0]), float(&arguments[1]));
    if base == 0.0 && exponent < 0.0 {
        return Err(RowError::new("2201F", "zero raised to a negative power is undefined"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(RowError::new("2201F", message));
    }
    let result = finite_like(base.powf(exponent), &[base, exponent])?;
    if result == 0.0 && base != 0.0 && base.is_finite() && exponent.is_finite() {
        return Err(underflow());
    }
    Ok(Value::Float(result))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("+(float4,float4) float4", |a| real(Operation::Add, a));
    catalog.strict("-(float4,float4) float4", |a| real(Operation::Sub, a));
    catalog.strict("*(float4,float4) float4", |a| real(Operation::Mul, a));
    catalog.strict("/(float4,float4) float4", |a| real(Operation::Div, a));
    for (left, right) in [("float8", "float8"), ("float4", "float8"), ("float8", "float4")] {
        catalog.strict(&format!("+({left},{right}) float8"), |a| double(Operation::Add, a));
        catalog.strict(&format!("-({left},{right}) float8"), |a| double(Operation::Sub, a));
        catalog.strict(&format!("*({left},{right}) float8"), |a| double(Operation::Mul, a));
        catalog.strict(&format!("/({left},{right}) float8"), |a| double(Operation::Div, a));
    }
    for name in ["float4", "float8"] {
        catalog.strict(&format!("-({name}) {name}"), |a| Ok(Value::Float(-float(&a[0]))));
        catalog.strict(&format!("abs({name}) {name}"), |a| Ok(Value::Float(float(&a[0]).abs())));
        catalog.strict(&format!("@({name}) {name}"), |a| Ok(Value::Float(float(&a[0]).abs())));
    }
    for name in ["^", "power", "pow"] {
        catalog.strict(&format!("{name}(float8,float8) float8"), power);
    }
}
