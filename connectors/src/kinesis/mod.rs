//! Kinesis. What is in records is decoded as what is in Kafka's messages ([`crate::kafka::format`]).
//!
//! ```text
//! config.rs       what is configured
//! source.rs       the source as the pipeline sees it     beginning.rs  where a run begins
//! reader.rs       the loop that reads                    looking.rs    answers that are no records, and looks at streams
//! reading.rs      one shard that is read                 round.rs      records that are handed over together
//! shards.rs       what a listing of shards means         kept.rs       what is kept beside the position, and what was lost
//! position.rs     places in streams                      sequence.rs   sequence numbers, shards, places in one
//! table.rs        records as changes of a table          check.rs      what stands in the way
//! faults.rs       errors of a source
//!
//! client.rs       questions                              answer.rs     answers
//! call_error.rs   why there is none                      signature.rs  requests are signed
//! ```

mod answer;
mod beginning;
mod call_error;
mod check;
mod client;
pub mod config;
mod faults;
mod kept;
mod looking;
mod position;
mod reader;
mod reading;
mod round;
mod sequence;
mod shards;
mod signature;
mod source;
mod table;

pub use answer::read_any;
pub use check::check;
pub use position::{KinesisPosition, KinesisPositionError, is_stream_name};
pub use source::KinesisSource;
pub use table::METADATA_COLUMNS;
