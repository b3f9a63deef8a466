//! `+ - * / %` over integers and numerics, with overflow errors.

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::{Numeric, SqlType, Value};

use super::read::{int, numeric};
use crate::engine::scalar::cast::int_in_range;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

type IntOperation = fn(i64, i64) -> Option<i64>;
type NumericOperation = fn(&Numeric, &Numeric) -> Result<Numeric, NumericError>;

fn in_int2(number: Option<i64>) -> Result<Value, RowError> {
    int_in_range(&SqlType::Int2, number.ok_or_else(|| RowError::out_of_range("smallint"))?)
}
fn in_int4(number: Option<i64>) -> Result<Value, RowError> {
    int_in_range(&SqlType::Int4, number.ok_or_else(|| RowError::out_of_range("integer"))?)
}
fn in_int8(number: Option<i64>) -> Result<Value, RowError> {
    number.map(Value::Int).ok_or_else(|| RowError::out_of_range("bigint"))
}

macro_rules! integers {
    ($($symbol:literal, $operation:expr, $small:ident, $middle:ident, $big:ident;)*) => {
        $(
            fn $small(arguments: &[Value]) -> Result<Value, RowError> {
                in_int2(integer($operation, $symbol, arguments)?)
            }
            fn $middle(arguments: &[Value]) -> Result<Value, RowError> {
                in_int4(integer($operation, $symbol, arguments)?)
            }
            fn $big(arguments: &[Value]) -> Result<Value, RowError> {
                in_int8(integer($operation, $symbol, arguments)?)
            }
        )*
        fn register_integers(catalog: &mut Catalog) {
            $(
                catalog.strict(concat!($symbol, "(int2,int2) int2"), $small);
                catalog.strict(concat!($symbol, "(int4,int4) int4"), $middle);
                catalog.strict(concat!($symbol, "(int8,int8) int8"), $big);
                // Postgres has operators for mixed widths: without them an integer beside a wider one could not
                // choose between bigint and numeric.
                catalog.strict(concat!($symbol, "(int2,int4) int4"), $middle);
                catalog.strict(concat!($symbol, "(int4,int2) int4"), $middle);
                catalog.strict(concat!($symbol, "(int2,int8) int8"), $big);
                catalog.strict(concat!($symbol, "(int8,int2) int8"), $big);
                catalog.strict(concat!($symbol, "(int4,int8) int8"), $big);
                catalog.strict(concat!($symbol, "(int8,int4) int8"), $big);
            )*
        }
    };
}

integers! {
    "+", i64::checked_add, add_int2, add_int4, add_int8;
    "-", i64::checked_sub, sub_int2, sub_int4, sub_int8;
    "*", i64::checked_mul, mul_int2, mul_int4, mul_int8;
    "/", i64::checked_div, div_int2, div_int4, div_int8;
}

fn integer(operation: IntOperation, symbol: &str, arguments: &[Value]) -> Result<Option<i64>, RowError> {
    let (left, right) = (int(&arguments[0]), int(&arguments[1]));
    if right == 0 && symbol == "/" {
        return Err(RowError::division_by_zero());
    }
    Ok(operation(left, right))
}

fn rem_int(arguments: &[Value]) -> Result<Value, RowError> {
    match int(&arguments[1]) {
        0 => Err(RowError::division_by_zero()),
        divisor => Ok(Value::Int(int(&arguments[0]).wrapping_rem(divisor))),
    }
}

fn numbers(operation: NumericOperation, arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::Numeric(operation(numeric(&arguments[0]), numeric(&arguments[1]))?))
}

fn negate(to: &SqlType, arguments: &[Value]) -> Result<Value, RowError> {
    match int(&arguments[0]).checked_neg() {
        Some(number) => int_in_range(to, number),
        None => Err(RowError::out_of_range("bigint")),
    }
}

fn magnitude(to: &SqlType, arguments: &[Value]) -> Result<Value, RowError> {
    match int(&arguments[0]).checked_abs() {
        Some(number) => int_in_range(to, number),
        None => Err(RowError::out_of_range("bigint")),
    }
}

fn same(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(arguments[0].clone())
}

pub(super) fn register(catalog: &mut Catalog) {
    register_integers(catalog);
    for name in ["%", "mod"] {
        for int in ["int2", "int4", "int8"] {
            catalog.strict(&format!("{name}({int},{int}) {int}"), rem_int);
        }
        catalog.strict(&format!("{name}(numeric,numeric) numeric"), |a| numbers(Numeric::rem, a));
    }
    catalog.strict("+(numeric,numeric) numeric", |a| numbers(Numeric::add, a));
    catalog.strict("-(numeric,numeric) numeric", |a| numbers(Numeric::sub, a));
    catalog.strict("*(numeric,numeric) numeric", |a| numbers(Numeric::mul, a));
    catalog.strict("/(numeric,numeric) numeric", |a| numbers(Numeric::div, a));
    catalog.strict("div(numeric,numeric) numeric", whole_quotient);
    for name in ["int2", "int4", "int8", "numeric", "float4", "float8"] {
        catalog.strict(&format!("+({name}) {name}"), same);
    }
    catalog.strict("-(int2) int2", |a| negate(&SqlType::Int2, a));
    catalog.strict("-(int4) int4", |a| negate(&SqlType::Int4, a));
    catalog.strict("-(int8) int8", |a| negate(&SqlType::Int8, a));
    catalog.strict("-(numeric) numeric", |a| Ok(Value::Numeric(numeric(&a[0]).neg())));
    for name in ["abs", "@"] {
        catalog.strict(&format!("{name}(int2) int2"), |a| magnitude(&SqlType::Int2, a));
        catalog.strict(&format!("{name}(int4) int4"), |a| magnitude(&SqlType::Int4, a));
        catalog.strict(&format!("{name}(int8) int8"), |a| magnitude(&SqlType::Int8, a));
        catalog.strict(&format!("{name}(numeric) numeric"), |a| Ok(Value::Numeric(numeric(&a[0]).abs())));
    }
    register_bits(catalog);
}

fn whole_quotient(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (numeric(&arguments[0]), numeric(&arguments[1]));
    if !left.is_finite() || !right.is_finite() || right.is_zero() {
        return Ok(Value::Numeric(left.div(right)?));
    }
    let exact = left.sub(&left.rem(right)?)?;
    Ok(Value::Numeric(exact.div(right)?.round(0)?))
}

fn register_bits(catalog: &mut Catalog) {
    for name in ["int2", "int4", "int8"] {
        catalog.strict(&format!("&({name},{name}) {name}"), |a| Ok(Value::Int(int(&a[0]) & int(&a[1]))));
        catalog.strict(&format!("|({name},{name}) {name}"), |a| Ok(Value::Int(int(&a[0]) | int(&a[1]))));
        catalog.strict(&format!("#({name},{name}) {name}"), |a| Ok(Value::Int(int(&a[0]) ^ int(&a[1]))));
        catalog.strict(&format!("~({name}) {name}"), |a| Ok(Value::Int(!int(&a[0]))));
    }
    catalog.strict("<<(int4,int4) int4", |a| {
        Ok(Value::Int(i64::from((int(&a[0]) as i32).wrapping_shl(int(&a[1]) as u32))))
    });
    catalog.strict(">>(int4,int4) int4", |a| {
        Ok(Value::Int(i64::from((int(&a[0]) as i32).wrapping_shr(int(&a[1]) as u32))))
    });
    catalog.strict("<<(int8,int4) int8", |a| Ok(Value::Int(int(&a[0]).wrapping_shl(int(&a[1]) as u32))));
    catalog.strict(">>(int8,int4) int8", |a| Ok(Value::Int(int(&a[0]).wrapping_shr(int(&a[1]) as u32))));
}
