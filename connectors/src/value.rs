//! One SQL value, as it crosses the edge and lives in the engine.
//!
//! A value does not carry its SQL type; the schema beside it does ([`crate::SqlType`]). Two values of one
//! column always have the same variant or are `Null`.
//!
//! `Eq`, `Ord` and `Hash` are *representation* identity: numeric `1.0` differs from `1.00`, `-0.0` from `0.0`, all
//! NaN are one. That is the identity of rows in deltas, so that a change of display is a change. SQL's own equality
//! and order (grouping, joins, `=`, `<`) are `sql_eq`/`sql_cmp` and the state's key codec.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::numeric::Numeric;

/// A Postgres interval: three fields that are kept apart, as Postgres keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Interval {
    /// Months, years folded in.
    pub months: i32,
    /// Days, not folded into months or hours.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// A Postgres array: dimensions with lower bounds, elements in row-major order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Array {
    /// `(length, lower bound)` per dimension; empty for the empty array.
    pub dimensions: Vec<(u32, i32)>,
    /// Elements; their number is the product of the lengths.
    pub elements: Vec<Value>,
}

/// One SQL value or null.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// SQL null.
    #[default]
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`, `integer`, `bigint`, `oid`
    Int(i64),
    /// `real` (widened exactly) and `double precision`
    Float(f64),
    /// `numeric`, unbounded and with its display scale
    Numeric(Numeric),
    /// `text`, `varchar`, `char(n)` (blank padded as stored), enum labels, `json`/`jsonb` text as Postgres prints it, and
    /// the exact output text of every type without a variant of its own
    Text(SmolStr),
    /// `bytea`
    Bytes(Arc<[u8]>),
    /// `date`: days since 2000-01-01; `i32::MAX`/`MIN` are ±infinity
    Date(i32),
    /// `time`: microseconds since midnight, `0..=86_400_000_000`
    Time(i64),
    /// `timestamp`: microseconds since 2000-01-01 00:00; `i64::MAX`/`MIN` are ±infinity
    Timestamp(i64),
    /// `timestamptz`: microseconds since 2000-01-01 00:00 UTC; `i64::MAX`/`MIN` are ±infinity
    Timestamptz(i64),
    /// `interval`
    Interval(Interval),
    /// `uuid`
    Uuid(u128),
    /// arrays of any element type
    Array(Arc<Array>),
}

impl Value {
    /// Text from anything string-like.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is SQL null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Bytes this value holds outside its own 32 bytes or so, for budgets; an estimate.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Text(text) if text.is_heap_allocated() => text.len() + 16,
            Self::Bytes(bytes) => bytes.len() + 16,
            Self::Numeric(numeric) => numeric.heap_bytes(),
            Self::Array(array) => {
                array.elements.iter().map(|element| size_of::<Value>() + element.heap_bytes()).sum::<usize>() + 64
            }
            _ => 0,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Numeric(_) => 4,
            Self::Text(_) => 5,
            Self::Bytes(_) => 6,
            Self::Date(_) => 7,
            Self::Time(_) => 8,
            Self::Timestamp(_) => 9,
            Self::Timestamptz(_) => 10,
            Self::Interval(_) => 11,
            Self::Uuid(_) => 12,
            Self::Array(_) => 13,
        }
    }
}

/// Bits of a float with all NaN as one, in numeric order.
fn float_order(value: f64) -> i64 {
    let bits = if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { value.to_bits() } as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Value {}
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => float_order(*a).cmp(&float_order(*b)),
            (Self::Numeric(a), Self::Numeric(b)) => a.representation_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_str().cmp(b.as_str()),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(b),
            (Self::Timestamptz(a), Self::Timestamptz(b)) => a.cmp(b),
            (Self::Interval(a), Self::Interval(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.rank());
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Float(value) => float_order(*value).hash(state),
            Self::Numeric(value) => value.representation_hash(state),
            Self::Text(value) => value.as_str().hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::Date(value) => value.hash(state),
            Self::Time(value) | Self::Timestamp(value) | Self::Timestamptz(value) => value.hash(state),
            Self::Interval(value) => value.hash(state),
            Self::Uuid(value) => value.hash(state),
            Self::Array(value) => value.hash(state),
        }
    }
}
