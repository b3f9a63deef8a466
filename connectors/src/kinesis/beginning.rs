//! Where a run begins: at the streams' beginnings, or where the state stands, if that can be continued.
//!
//! A table is copied by being read: from its stream's beginning until all that had come when that began is read. Until then no view reads it.
//! The moment, by the server's clock, is kept as the copy's mark, so that a run that follows has the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::answer::{Shard, Summary};
use super::call_error::CallError;
use super::client::{Client, Dated};
use super::config::{KinesisSourceConfig, KinesisTable};
use super::faults::Faults;
use super::kept::{Kept, KeptStream};
use super::position::KinesisPosition;
use super::table::{TableReader, same_shape};
use crate::position::Position;
use crate::schema::{TableName, TableSchema};
use crate::source::{CopyMark, ResumePoint, SourceError, SourceIdentity, SourceMessage, TableChange, UnfinishedCopy};

/// What `SourceIdentity::system` is.
pub(super) const SYSTEM: &str = "kinesis";
/// A stream that cannot be read yet, or not any more.
const UNREADABLE: [&str; 2] = ["CREATING", "DELETING"];

/// Up to when a stream is to be read until its tables are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    /// Of the position that belongs to it.
    reading: u32,
    /// Seconds since 1970.
    pub(super) moment: i64,
}

/// A table that is complete once everything before `target` is read.
#[derive(Debug)]
pub(super) struct StreamCopy {
    pub(super) schema: Arc<TableSchema>,
    pub(super) stream: SmolStr,
    pub(super) target: Target,
}

/// Where a run begins, and with what.
#[derive(Default)]
pub(super) struct Beginning {
    pub(super) position: KinesisPosition,
    pub(super) readers: Vec<TableReader>,
    pub(super) copies: Vec<StreamCopy>,
    pub(super) kept: Kept,
    /// A stream begins anew once everyone has met (see `Reader::limit`): until then it is not read.
    pub(super) postponed: bool,
    /// To be handed over before anything else.
    pub(super) messages: Vec<SourceMessage>,
}

/// Looks for beginnings.
pub(super) struct Begins<'a> {
    pub(super) config: &'a KinesisSourceConfig,
    pub(super) faults: &'a Faults,
    pub(super) client: &'a Client,
    /// Where others are to be met before anything begins anew.
    pub(super) meets: Option<&'a KinesisPosition>,
}

impl Begins<'_> {
    pub(super) fn find(&self, resume: ResumePoint) -> Result<Beginning, SourceError> {
        match resume {
            ResumePoint::FirstCopy { tables, .. } => self.first(&tables),
            ResumePoint::Stream { position, identity, tables, copying, note } => {
                let Position::Kinesis(position) = position else {
                    let hint = "name another state_dir, or the source it was made from";
                    return Err(self.faults.refused("the state was made from a source of another kind", hint));
                };
                let kept = note.as_deref().map(serde_json::from_str).transpose();
                let kept: Option<Kept> =
                    kept.map_err(|_| self.faults.protocol("what it noted of streams cannot be read"))?;
                let beginning = Beginning { position, kept: kept.unwrap_or_default(), ..Default::default() };
                self.again(beginning, (&identity, &tables), &copying)
            }
        }
    }

    fn reader(&self, table: &Arc<KinesisTable>) -> Result<TableReader, SourceError> {
        let made = TableReader::new(&self.config.name, table.clone());
        made.map_err(|error| {
            self.faults.table(table.name(), error.to_string(), "change the table's columns or its format")
        })
    }

    fn first(&self, wanted: &[TableName]) -> Result<Beginning, SourceError> {
        let mut beginning = Beginning::default();
        let mut marks = Vec::new();
        for table in &self.config.tables {
            let reader = self.reader(table)?;
            if reader.tables().any(|schema| wanted.contains(&schema.name)) {
                let summary = self.summary(&reader.table)?;
                marks.extend(self.begin(&mut beginning, reader, summary)?);
            }
        }
        let position = Position::Kinesis(beginning.position.clone());
        beginning.messages.push(SourceMessage::CopyBegins { position, marks });
        beginning.messages.push(note(&beginning.kept));
        Ok(beginning)
    }

    fn summary(&self, table: &KinesisTable) -> Result<Dated<Summary>, SourceError> {
        let stream = &table.stream;
        let dated = match self.client.summary(stream) {
            Ok(dated) => dated,
            Err(CallError::Missing(_)) => return Err(self.faults.missing(table)),
            Err(error) => return Err(self.faults.asked(stream, error)),
        };
        let status = &dated.answer.status;
        match UNREADABLE.contains(&status.as_str()) {
            true => Err(self.faults.unavailable(format!("stream \"{stream}\" cannot be read: it is {status}"))),
            false => Ok(dated),
        }
    }

    fn shards(&self, stream: &str) -> Result<Vec<Shard>, SourceError> {
        self.client.shards(stream).map_err(|error| self.faults.asked(stream, error))
    }

    /// Begins a stream at what there is of it. Answers with the marks of its tables.
    fn begin(
        &self,
        beginning: &mut Beginning,
        reader: TableReader,
        Dated { answer: summary, at: moment }: Dated<Summary>,
    ) -> Result<Vec<(TableName, CopyMark)>, SourceError> {
        let stream = reader.table.stream.clone();
        let shards = self.shards(&stream)?;
        beginning.position.begin(&stream, shards.iter().map(|shard| shard.id));
        let kept = KeptStream { created: summary.created, begun: moment, through: None };
        beginning.kept.0.insert(stream.clone(), kept);
        let reading = beginning.position.stream(&stream).map_or(0, |place| place.reading);
        let target = Target { reading, moment };
        let document = serde_json::to_string(&target).expect("numbers are text");
        let mark = CopyMark { document, done_bytes: 0, total_bytes: 0 };
        let marks = reader.tables().map(|schema| (schema.name.clone(), mark.clone())).collect();
        let copies =
            reader.tables().map(|schema| StreamCopy { schema: schema.clone(), stream: stream.clone(), target });
        beginning.copies.extend(copies.collect::<Vec<_>>());
        beginning.readers.push(reader);
        Ok(marks)
    }

    fn again(
        &self,
        mut beginning: Beginning,
        (identity, tables): (&SourceIdentity, &[Arc<TableSchema>]),
        copying: &[UnfinishedCopy],
    ) -> Result<Beginning, SourceError> {
        for table in &self.config.tables {
            let reader = self.reader(table)?;
            let known = |schema: &Arc<TableSchema>| tables.iter().find(|known| known.name == schema.name);
            let differs = |schema: &&Arc<TableSchema>| known(schema).is_some_and(|known| !same_shape(known, schema));
            if let Some(schema) = reader.tables().find(differs) {
                let reason = "is declared otherwise than when it was read; it is read again after a restart".into();
                let change = TableChange { table: schema.name.clone(), columns: None, reason };
                beginning.messages.push(SourceMessage::TableChanged(change));
            } else if reader.tables().any(|schema| known(schema).is_some()) {
                self.go_on(&mut beginning, reader, (identity, copying))?;
            }
        }
        beginning.messages.push(note(&beginning.kept));
        // With it the source is heard from, and what begins anew is kept.
        let position = Position::Kinesis(beginning.position.clone());
        beginning.messages.push(SourceMessage::Progress { position });
        Ok(beginning)
    }

    fn go_on(
        &self,
        beginning: &mut Beginning,
        reader: TableReader,
        (identity, copying): (&SourceIdentity, &[UnfinishedCopy]),
    ) -> Result<(), SourceError> {
        let stream = reader.table.stream.clone();
        let place = beginning.position.stream(&stream).cloned();
        let summary = match self.summary(&reader.table) {
            // It was there, and may be again.
            Err(SourceError::Table { message, .. }) if place.is_some() => return Err(self.faults.unavailable(message)),
            answered => answered?,
        };
        let (owner, was) = (&summary.answer.owner, &identity.database);
        if owner != was {
            let reason = format!("the state was made from streams of {was}, and \"{stream}\" is one of {owner}");
            return Err(self.faults.cannot_resume(&beginning.position, reason));
        }
        let Some(place) = place else { return self.begin_beside(beginning, reader, summary) };
        let unfinished = |schema: &TableSchema| copying.iter().find(|copy| copy.table == schema.name);
        let target = |copy: &UnfinishedCopy| {
            let target: Target = serde_json::from_str(&copy.mark.as_ref()?.document).ok()?;
            // A mark may have been kept without the position that belongs to it.
            (target.reading == place.reading).then_some(target)
        };
        if unfinished(&reader.schema).is_some_and(|copy| target(copy).is_none()) {
            if self.meets.is_some_and(|meets| !beginning.position.covers(meets)) {
                beginning.postponed = true;
                return Ok(());
            }
            return self.begin_beside(beginning, reader, summary);
        }
        self.same_stream(beginning, &stream, &summary)?;
        for schema in reader.tables() {
            if let Some(copy) = unfinished(schema) {
                // The table of bad records may be wanted later than its stream was read; then it begins here.
                let target = target(copy).unwrap_or(Target { reading: place.reading, moment: 0 });
                beginning.copies.push(StreamCopy { schema: schema.clone(), stream: stream.clone(), target });
            }
        }
        beginning.readers.push(reader);
        Ok(())
    }

    /// Whether it is the one that was read.
    fn same_stream(
        &self,
        beginning: &mut Beginning,
        stream: &SmolStr,
        Dated { answer, at }: &Dated<Summary>,
    ) -> Result<(), SourceError> {
        let found = KeptStream { created: answer.created, begun: *at, through: None };
        let kept = beginning.kept.0.entry(stream.clone()).or_insert(found);
        if kept.created == answer.created {
            return Ok(());
        }
        Err(self.faults.cannot_resume(&beginning.position, made_again(stream)))
    }

    fn begin_beside(
        &self,
        beginning: &mut Beginning,
        reader: TableReader,
        summary: Dated<Summary>,
    ) -> Result<(), SourceError> {
        let marks = self.begin(beginning, reader, summary)?;
        beginning.messages.extend(marks.into_iter().map(|(table, mark)| SourceMessage::CopyMark { table, mark }));
        Ok(())
    }
}

/// What is kept, to be kept.
pub(super) fn note(kept: &Kept) -> SourceMessage {
    SourceMessage::Note(serde_json::to_string(kept).expect("names and numbers are text"))
}

pub(super) fn made_again(stream: &str) -> String {
    format!("stream \"{stream}\" was deleted and made again")
}
