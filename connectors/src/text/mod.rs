//! Values in Postgres' text form, both ways, with the session settings that our connections pin (ISO dates, UTC,
//! `postgres` intervals, hex bytea, shortest exact floats).
//!
//! What [`write_text`] prints is byte for byte what Postgres' output function prints; [`parse_text`] reads that and, for
//! literals, the usual other forms of Postgres' input functions. What is not constant is refused: `now`, `today`, and time
//! zones by name other than UTC. Reading is the hot path of replication: no intermediate strings.
//!
//! ```text
//! write.rs     any value to text            parse.rs      any text to a value, scalars without a file of their own
//! float.rs     shortest exact floats        calendar.rs   days and civil dates
//! datetime.rs  dates and times to text      datetime_parse.rs  and back
//! interval.rs  intervals to text            interval_parse.rs  and back
//! array.rs     arrays, both ways            bytea.rs      bytea, both ways
//! ```

pub mod calendar;

mod array;
mod bytea;
mod datetime;
mod datetime_parse;
mod float;
mod interval;
mod interval_parse;
mod parse;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use array::DIMENSIONS_MAX as ARRAY_DIMENSIONS_MAX;
pub(crate) use datetime::{DateStyle, write_timestamp};
pub use parse::{TextError, parse_text};
pub use write::write_text;
pub(crate) use write::write_value;
