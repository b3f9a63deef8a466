//! `bit_and`, `bit_or` and `bit_xor`: how many values have each bit.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::plan::AggregateFunction;
use super::parts::Parts;

/// Counts of values and of their bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BitCounts {
    count: i64,
    bits: Box<[i64; 64]>,
}

impl Default for BitCounts {
    fn default() -> Self {
        Self { count: 0, bits: Box::new([0; 64]) }
    }
}

impl BitCounts {
    /// Adds a value `times`.
    pub(super) fn add(&mut self, value: i64, times: i64) {
        self.count += times;
        for (place, count) in self.bits.iter_mut().enumerate() {
            *count += (value >> place & 1) * times;
        }
    }

    /// The combined value; narrower integers are sign-extended, so their bits combine alike.
    pub(super) fn result(&self, function: AggregateFunction) -> Value {
        if self.count == 0 {
            return Value::Null;
        }
        let is_set = |count: i64| match function {
            AggregateFunction::BitAnd => count == self.count,
            AggregateFunction::BitOr => count > 0,
            _ => count % 2 != 0,
        };
        let set = self.bits.iter().enumerate().filter(|(_, count)| is_set(**count));
        Value::Int(set.fold(0, |value, (place, _)| value | 1 << place))
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        out.push(Value::Int(self.count));
        out.extend(self.bits.iter().copied().map(Value::Int));
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        let mut loaded = Self { count: parts.int()?, ..Self::default() };
        for count in loaded.bits.iter_mut() {
            *count = parts.int()?;
        }
        Ok(loaded)
    }
}
