//! Where a run begins: at the topics' beginnings, or where the state stands, if that can be continued.
//!
//! A table is copied by being read: from its topic's beginning up to where the topic ended when that began, the copy's *target*. Until
//! then no view reads it. The target is kept as the copy's mark, so that a run that follows has the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::config::{KafkaSourceConfig, KafkaTable};
use super::faults::Faults;
use super::position::KafkaPosition;
use super::table::{TableReader, same_shape};
use super::topics::Topics;
use crate::position::Position;
use crate::schema::{TableName, TableSchema};
use crate::source::{CopyMark, ResumePoint, SourceError, SourceIdentity, SourceMessage, TableChange, UnfinishedCopy};

/// What `SourceIdentity::system` is.
pub(super) const SYSTEM: &str = "kafka";

/// What a source finds again: ids of topics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ids(pub(super) BTreeMap<SmolStr, SmolStr>);

/// A table that is complete once everything before `target` is read.
#[derive(Debug)]
pub(super) struct TopicCopy {
    pub(super) schema: Arc<TableSchema>,
    pub(super) target: KafkaPosition,
}

/// Where a run begins, and with what.
pub(super) struct Beginning {
    pub(super) position: KafkaPosition,
    pub(super) readers: Vec<TableReader>,
    pub(super) copies: Vec<TopicCopy>,
    pub(super) ids: Ids,
    /// A topic begins anew once everyone has met (see `Reader::limit`): until then it is not read.
    pub(super) postponed: bool,
    /// To be handed over before anything else.
    pub(super) messages: Vec<SourceMessage>,
}

/// Looks for beginnings.
pub(super) struct Begins<'a> {
    pub(super) config: &'a KafkaSourceConfig,
    pub(super) faults: &'a Faults,
    pub(super) topics: Topics<'a>,
    /// Where others are to be met before anything begins anew.
    pub(super) meets: Option<&'a KafkaPosition>,
}

impl Begins<'_> {
    pub(super) fn find(&self, resume: ResumePoint) -> Result<Beginning, SourceError> {
        match resume {
            ResumePoint::FirstCopy { tables, .. } => self.first(&tables),
            ResumePoint::Stream { position, identity, tables, copying, note } => {
                let position = self.resumable(position, &identity)?;
                let ids = note.as_deref().map(serde_json::from_str).transpose();
                let ids: Ids = ids
                    .map_err(|_| self.faults.protocol("what it noted of topics cannot be read"))?
                    .unwrap_or_default();
                self.again((position, ids), &tables, &copying)
            }
        }
    }

    /// The readers of these tables.
    fn reader(&self, table: &Arc<KafkaTable>) -> Result<TableReader, SourceError> {
        let made = TableReader::new(&self.config.name, table.clone());
        made.map_err(|error| {
            self.faults.table(table.name(), error.to_string(), "change the table's columns or its format")
        })
    }

    fn first(&self, wanted: &[TableName]) -> Result<Beginning, SourceError> {
        let nothing = KafkaPosition::default();
        let mut beginning = Beginning::at(nothing, Ids::default());
        let mut marks = Vec::new();
        for table in &self.config.tables {
            let reader = self.reader(table)?;
            if reader.tables().any(|schema| wanted.contains(&schema.name)) {
                marks.extend(self.begin(&mut beginning, reader)?);
            }
        }
        let position = Position::Kafka(beginning.position.clone());
        beginning.messages.push(SourceMessage::CopyBegins { position, marks });
        Ok(beginning)
    }

    /// Begins a topic at what there is of it. Answers with the marks of its tables.
    fn begin(&self, beginning: &mut Beginning, reader: TableReader) -> Result<Vec<(TableName, CopyMark)>, SourceError> {
        let topic = reader.table.topic.clone();
        let Some(extents) = self.topics.extents(&topic)? else {
            return Err(missing(self.faults, &reader.table));
        };
        let lows = extents.iter().map(|(partition, extent)| (*partition, extent.low)).collect();
        beginning.position.begin(&topic, lows);
        let mut target = beginning.position.only(&topic);
        for (partition, extent) in &extents {
            target.set(&topic, *partition, extent.high);
        }
        let total_bytes = extents.values().map(|extent| (extent.high - extent.low).max(0) as u64).sum();
        let mark = CopyMark { document: target.to_string(), done_bytes: 0, total_bytes };
        let marks = reader.tables().map(|schema| (schema.name.clone(), mark.clone())).collect();
        let copies = reader.tables().map(|schema| TopicCopy { schema: schema.clone(), target: target.clone() });
        beginning.copies.extend(copies.collect::<Vec<_>>());
        beginning.readers.push(reader);
        Ok(marks)
    }

    fn resumable(&self, position: Position, identity: &SourceIdentity) -> Result<KafkaPosition, SourceError> {
        let Position::Kafka(position) = position else {
            let hint = "name another state_dir, or the source it was made from";
            return Err(self.faults.refused("the state was made from a source of another kind", hint));
        };
        let cluster = self.topics.cluster()?;
        if cluster != identity.database {
            let reason = format!("the state was made from the cluster {}, and this is {cluster}", identity.database);
            return Err(self.faults.cannot_resume(&position, reason));
        }
        Ok(position)
    }

    fn again(
        &self,
        (position, ids): (KafkaPosition, Ids),
        tables: &[Arc<TableSchema>],
        copying: &[UnfinishedCopy],
    ) -> Result<Beginning, SourceError> {
        let mut beginning = Beginning::at(position, ids);
        for table in &self.config.tables {
            let reader = self.reader(table)?;
            let known = |schema: &Arc<TableSchema>| tables.iter().find(|known| known.name == schema.name);
            let differs = |schema: &&Arc<TableSchema>| known(schema).is_some_and(|known| !same_shape(known, schema));
            if let Some(schema) = reader.tables().find(differs) {
                let reason = "is declared otherwise than when it was read; it is read again after a restart".into();
                let change = TableChange { table: schema.name.clone(), columns: None, reason };
                beginning.messages.push(SourceMessage::TableChanged(change));
            } else if reader.tables().any(|schema| known(schema).is_some()) {
                self.go_on(&mut beginning, reader, copying)?;
            }
        }
        // With it the source is heard from, and what begins anew is kept.
        let position = Position::Kafka(beginning.position.clone());
        beginning.messages.push(SourceMessage::Progress { position });
        Ok(beginning)
    }

    fn go_on(
        &self,
        beginning: &mut Beginning,
        reader: TableReader,
        copying: &[UnfinishedCopy],
    ) -> Result<(), SourceError> {
        let topic = reader.table.topic.clone();
        let Some(place) = beginning.position.topic(&topic).cloned() else {
            return self.begin_beside(beginning, reader);
        };
        let unfinished = |schema: &TableSchema| copying.iter().find(|copy| copy.table == schema.name);
        let target = |copy: &UnfinishedCopy| {
            let target: KafkaPosition = copy.mark.as_ref()?.document.parse().ok()?;
            // A mark may have been kept without the position that belongs to it.
            (target.topic(&topic)?.reading == place.reading).then_some(target)
        };
        if unfinished(&reader.schema).is_some_and(|copy| target(copy).is_none()) {
            if self.meets.is_some_and(|meets| !beginning.position.covers(meets)) {
                beginning.postponed = true;
                return Ok(());
            }
            return self.begin_beside(beginning, reader);
        }
        for schema in reader.tables() {
            if let Some(copy) = unfinished(schema) {
                // The table of bad messages may be wanted later than its topic was read; then it begins here.
                let target = target(copy).unwrap_or_else(|| beginning.position.only(&topic));
                beginning.copies.push(TopicCopy { schema: schema.clone(), target });
            }
        }
        let Some(number) = self.topics.partitions(&topic)? else {
            return Err(self.faults.unavailable(format!("topic \"{topic}\" does not exist (any more)")));
        };
        if let Some((partition, _)) = place.offsets.iter().find(|(partition, _)| **partition >= number) {
            let reason = format!("topic \"{topic}\" has no partition {partition} any more: it was made again");
            return Err(self.faults.cannot_resume(&beginning.position, reason));
        }
        // Partitions that came while nobody looked have been empty before. Those that the others do not know are found when they have met us.
        let is_met = |partition: &i32| self.meets.is_none_or(|meets| meets.offset(&topic, *partition).is_some());
        for partition in (0..number).filter(|partition| !place.offsets.contains_key(partition)).filter(is_met) {
            beginning.position.set(&topic, partition, 0);
        }
        beginning.readers.push(reader);
        Ok(())
    }

    fn begin_beside(&self, beginning: &mut Beginning, reader: TableReader) -> Result<(), SourceError> {
        let marks = self.begin(beginning, reader)?;
        beginning.messages.extend(marks.into_iter().map(|(table, mark)| SourceMessage::CopyMark { table, mark }));
        Ok(())
    }
}

impl Beginning {
    fn at(position: KafkaPosition, ids: Ids) -> Self {
        Self { position, readers: Vec::new(), copies: Vec::new(), ids, postponed: false, messages: Vec::new() }
    }
}

/// The error for a table without its topic.
pub(super) fn missing(faults: &Faults, table: &KafkaTable) -> SourceError {
    let message = format!("topic \"{}\" does not exist", table.topic);
    faults.table(table.name(), message, "create the topic, or name another in the table's \"topic\"")
}
