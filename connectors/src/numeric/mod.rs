//! Postgres' `numeric`: exact, unbounded, with a display scale; NaN and ±Infinity included.
//!
//! `number` is the value and its identity, `text` its printed form, `order` its numeric order, `arithmetic`,
//! `rounding` and `transcendental` compute with Postgres' result scales, `convert` leads to and from integers and floats.

mod arithmetic;
mod convert;
mod failure;
mod number;
mod order;
mod rounding;
mod text;
mod transcendental;

pub use failure::NumericError;
pub use number::Numeric;

#[cfg(test)]
mod tests;
