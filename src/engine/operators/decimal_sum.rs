//! Exact sums of `numeric`. The sum is shown with the greatest scale among the values that are in it, as Postgres does, so
//! values are counted by scale; NaN and infinities are counted apart.

use std::collections::BTreeMap;

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::{Numeric, Value};

use super::super::error::EngineError;
use super::parts::Parts;
use crate::state::StateError;

/// A sum that values can be taken away from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DecimalSum {
    sum: Numeric,
    scales: BTreeMap<u16, i64>,
    nan: i64,
    infinity: i64,
    negative_infinity: i64,
}

impl DecimalSum {
    /// Adds a value `times`.
    pub(super) fn add(&mut self, value: &Numeric, times: i64) -> Result<(), NumericError> {
        match value {
            Numeric::NaN => self.nan += times,
            Numeric::Infinity => self.infinity += times,
            Numeric::NegInfinity => self.negative_infinity += times,
            finite => {
                let product = match times {
                    1 => finite.clone(),
                    -1 => finite.neg(),
                    _ => finite.mul(&Numeric::from_i128(i128::from(times), 0))?,
                };
                self.sum = self.sum.add(&product)?;
                let count = self.scales.entry(finite.scale()).or_default();
                *count += times;
                if *count == 0 {
                    self.scales.remove(&finite.scale());
                }
            }
        }
        Ok(())
    }

    /// The sum.
    pub(super) fn total(&self) -> Result<Numeric, NumericError> {
        match (self.nan > 0, self.infinity > 0, self.negative_infinity > 0) {
            (true, _, _) | (_, true, true) => Ok(Numeric::NaN),
            (_, true, false) => Ok(Numeric::Infinity),
            (_, false, true) => Ok(Numeric::NegInfinity),
            (false, false, false) => {
                let scale = self.scales.last_key_value().map_or(0, |(scale, _)| *scale);
                if self.sum.scale() == scale { Ok(self.sum.clone()) } else { self.sum.round(i32::from(scale)) }
            }
        }
    }

    /// Whether there is a NaN or an infinity among the values.
    pub(super) fn has_special(&self) -> bool {
        self.nan + self.infinity + self.negative_infinity > 0
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        out.push(Value::Numeric(self.sum.clone()));
        out.extend([self.nan, self.infinity, self.negative_infinity, self.scales.len() as i64].map(Value::Int));
        for (scale, count) in &self.scales {
            out.extend([Value::Int(i64::from(*scale)), Value::Int(*count)]);
        }
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        let Value::Numeric(sum) = parts.next()? else {
            return Err(StateError::Damaged { place: "a numeric sum".into() }.into());
        };
        let mut loaded = Self { sum: sum.clone(), ..Self::default() };
        loaded.nan = parts.int()?;
        loaded.infinity = parts.int()?;
        loaded.negative_infinity = parts.int()?;
        for _ in 0..parts.int()? {
            let (scale, count) = (parts.int()?, parts.int()?);
            loaded.scales.insert(scale as u16, count);
        }
        Ok(loaded)
    }
}
