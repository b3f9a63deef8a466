//! A pure decoder of binary logs: those of MySQL 8.0 to 9.x and of MariaDB 10.5 to 11.x.
//!
//! The transport (`mysql_async`) splits packets into events and decompresses transactions; everything else is here, because it drops
//! what it cannot decompress, checks no checksum, does not know MariaDB's events, and reads rows slowly. What is not understood is an
//! error and never skipped, unless its header allows that or the kind is known to say nothing.
//!
//! ```text
//! raw.rs        an event as it comes, its checksum     kind.rs       numbers of kinds
//! decoder.rs    order of events; dispatch by kind      event.rs      what events say
//! payload.rs    compressed transactions                query.rs      statements
//! gtid_event.rs transaction ids                        table_map.rs, metadata.rs, column.rs   tables
//! rows.rs, cell.rs, image.rs  rows                     reader.rs     bytes with bounds
//! ```

mod cell;
mod column;
mod decoder;
mod error;
mod event;
mod gtid_event;
mod image;
mod kind;
mod metadata;
mod payload;
mod query;
mod raw;
mod reader;
mod rows;
mod table_map;

#[cfg(test)]
mod tests;

pub use column::LogType;
pub use decoder::Decoder;
pub use error::{BinlogError, Flaw, RowFlaw};
pub use event::{Event, MariaXa, QueryKind};
pub use image::{Image, RowChange};
pub use raw::{Checksum, EventHeader, RawEvent};
pub use rows::{RowChanges, RowsEvent, RowsKind};
pub use table_map::{LogColumn, MetadataLevel, TableMap};

pub(in crate::mysql) use cell::{digits_bytes, fraction_bytes};
pub(in crate::mysql) use reader::{Reader, bit};
