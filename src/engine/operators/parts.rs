//! State of accumulators as values of one stored row.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use crate::state::StateError;

/// Values of a row of state, taken one by one.
pub(super) struct Parts<'a>(pub(super) std::slice::Iter<'a, Value>);

impl<'a> Parts<'a> {
    pub(super) fn next(&mut self) -> Result<&'a Value, EngineError> {
        self.0.next().ok_or_else(|| damaged().into())
    }

    pub(super) fn int(&mut self) -> Result<i64, EngineError> {
        match self.next()? {
            Value::Int(value) => Ok(*value),
            _ => Err(damaged().into()),
        }
    }

    pub(super) fn wide_int(&mut self) -> Result<i128, EngineError> {
        let (high, low) = (self.int()?, self.int()?);
        Ok(i128::from(high) << 64 | i128::from(low as u64))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, EngineError> {
        match self.next()? {
            Value::Text(text) => Ok(text),
            _ => Err(damaged().into()),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], EngineError> {
        match self.next()? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(damaged().into()),
        }
    }
}

fn damaged() -> StateError {
    StateError::Damaged { place: "an aggregate's state".into() }
}
