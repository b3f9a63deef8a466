//! Window functions and their frames.

use tailwater_connectors::SqlType;

use super::super::scalar::Scalar;
use super::aggregate::AggregateCall;

/// Window functions.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a plan has few of them")]
pub enum WindowFunction {
    /// `row_number()`
    RowNumber,
    /// `rank()`
    Rank,
    /// `dense_rank()`
    DenseRank,
    /// `percent_rank()`
    PercentRank,
    /// `cume_dist()`
    CumeDist,
    /// `ntile(n)`; one argument.
    Ntile,
    /// `lag(value, offset, default)`; all three arguments are given, of them `value` and `default` have the result's type.
    Lag,
    /// `lead(value, offset, default)`, as `Lag`.
    Lead,
    /// `first_value(value)`
    FirstValue,
    /// `last_value(value)`
    LastValue,
    /// `nth_value(value, n)`
    NthValue,
    /// An aggregate over the frame; arguments and filter are in the call.
    Aggregate(AggregateCall),
}

/// One call of a window function.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// Function.
    pub function: WindowFunction,
    /// Arguments over the input's columns; none for aggregates, which hold their own.
    pub arguments: Vec<Scalar>,
    /// Types of the arguments.
    pub argument_types: Vec<SqlType>,
    /// The frame; of no meaning to functions that look at the partition.
    pub frame: Frame,
    /// Result type.
    pub result_type: SqlType,
}

/// A window frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What the offsets of the bounds count.
    pub units: FrameUnits,
    /// Where it begins.
    pub start: FrameBound,
    /// Where it ends.
    pub end: FrameBound,
    /// What is left out of it.
    pub exclusion: FrameExclusion,
}

/// What the offsets of frame bounds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUnits {
    /// Rows.
    Rows,
    /// Distance of the values of the one sort key.
    Range,
    /// Groups of rows that are equal in the order.
    Groups,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameBound {
    /// The partition's first row.
    UnboundedPreceding,
    /// So many rows or groups before the current one. ROWS and GROUPS only.
    Preceding(u64),
    /// The current row (ROWS), else its first or last peer.
    CurrentRow,
    /// So many rows or groups after the current one. ROWS and GROUPS only.
    Following(u64),
    /// RANGE only: rows whose sort key is not beyond this value, computed from the current row (`key - offset` for PRECEDING
    /// in an ascending order), in the sort key's type. Where the current row's key is null the bound is its peers.
    RangeLimit(Scalar),
    /// The partition's last row.
    UnboundedFollowing,
}

/// EXCLUDE of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameExclusion {
    /// NO OTHERS
    Nothing,
    /// CURRENT ROW
    CurrentRow,
    /// GROUP: the current row and its peers.
    Group,
    /// TIES: the peers without the current row.
    Ties,
}
