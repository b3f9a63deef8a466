//! What the reader does with answers that are no records, and what it looks at between them: whether streams are there, and which shards
//! they have.

use std::time::{Duration, Instant};

use smol_str::SmolStr;

use super::answer::Records;
use super::beginning::made_again;
use super::call_error::CallError;
use super::client::Dated;
use super::kept::Following;
use super::kept::Last;
use super::reader::Reader;
use super::reading::{Answered, Question, through};
use super::round::Round;
use super::sequence::{Place, ShardId};
use super::shards::{discover, parents};
use crate::kafka::config::OnLost;
use crate::source::SourceError;

/// From look to look at a stream. Kinesis answers twenty such questions of an account in a second.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Being told for so long that too much is asked for is an outage.
const THROTTLED_MAX: Duration = Duration::from_secs(30);

impl Reader {
    /// Takes what a shard answered.
    pub(super) fn take(
        &mut self,
        round: &mut Round,
        (reader, question): (usize, &Question),
        answer: Result<Dated<Records>, CallError>,
    ) -> Result<(), SourceError> {
        let (stream, shard) = (&question.stream, question.shard);
        let interval = self.config.read_interval;
        let Some(reading) = self.shards.get_mut(&(reader, shard)) else { return Ok(()) };
        let records = match answer {
            Ok(records) => records,
            Err(error) => return self.unanswered((reader, question), error),
        };
        reading.due = Instant::now() + interval;
        let answered = reading.answered(question.is_open(), &question.place, records);
        if answered.is_seeking {
            return Ok(());
        }
        if !self.follows((reader, question), &answered)? {
            return Ok(());
        }
        if let Some(reading) = self.shards.get_mut(&(reader, shard)) {
            reading.reached(through(&answered));
        }
        self.take_records(round, (reader, stream, shard), &answered.records.answer)
    }

    /// Whether the records follow those that were read. Not if the shard is to be opened again first.
    fn follows(&mut self, (reader, question): (usize, &Question), answered: &Answered) -> Result<bool, SourceError> {
        let (stream, shard) = (&question.stream, question.shard);
        let Some(reading) = self.shards.get_mut(&(reader, shard)) else { return Ok(false) };
        let horizon = answered.records.at - self.streams.get(stream).map_or(0, |stream| stream.retention_seconds);
        let Some(kept) = self.kept.0.get(stream) else { return Ok(true) };
        match kept.following(answered.last, reading.through, horizon) {
            Following::Whole => Ok(true),
            Following::Doubtful => {
                reading.close();
                reading.due = Instant::now();
                Ok(false)
            }
            Following::Lost => {
                let behind = match &question.place {
                    Place::After(sequence) => {
                        format!("what followed record {sequence} in {shard} of stream \"{stream}\"")
                    }
                    Place::Start | Place::End => format!("what came first in {shard} of stream \"{stream}\""),
                };
                self.lost(&behind)?;
                Ok(true)
            }
        }
    }

    /// Records may have been removed before they were read.
    fn lost(&self, what: &str) -> Result<(), SourceError> {
        match self.config.on_lost {
            OnLost::Stop => {
                let reason = format!("{what} was removed before it was read");
                Err(self.faults.cannot_resume(&self.position, reason))
            }
            OnLost::Skip => {
                tracing::warn!(source = %self.config.name, "skipped: {what} was removed before it was read");
                Ok(())
            }
        }
    }

    /// Deals with what came in place of records.
    fn unanswered(&mut self, (reader, question): (usize, &Question), error: CallError) -> Result<(), SourceError> {
        let (stream, shard) = (&question.stream, question.shard);
        let interval = self.config.read_interval;
        let Some(reading) = self.shards.get_mut(&(reader, shard)) else { return Ok(()) };
        match error {
            CallError::Throttled(message) => {
                let is_new = reading.throttled.is_none();
                let since = reading.pause(interval);
                if since.elapsed() > THROTTLED_MAX {
                    return Err(self.faults.asked(stream, CallError::Throttled(message)));
                }
                if is_new {
                    let pause = reading.throttled.map(|(_, pause)| pause).unwrap_or_default();
                    tracing::warn!(source = %self.config.name, %stream, %shard, ?pause, "more is read than Kinesis answers, pausing: {message}");
                }
                Ok(())
            }
            // A pipeline that took nothing held us up.
            CallError::Expired => {
                tracing::info!(source = %self.config.name, %stream, %shard, "an iterator has expired, opening again");
                reading.close();
                Ok(())
            }
            CallError::Invalid(_) if question.is_open() => {
                reading.close();
                reading.due = Instant::now() + interval;
                Ok(())
            }
            CallError::Invalid(message) => match &question.place {
                Place::After(_) => {
                    let reason = format!("{shard} of stream \"{stream}\" was never where it was read to: {message}");
                    Err(self.faults.cannot_resume(&self.position, reason))
                }
                Place::Start | Place::End => Err(self.faults.asked(stream, CallError::Invalid(message))),
            },
            // The stream is gone, or the shard: looking tells.
            CallError::Missing(_) => {
                reading.close();
                reading.due = Instant::now() + interval;
                self.look_at(stream)
            }
            other => Err(self.faults.asked(stream, other)),
        }
    }

    /// Looks at streams that were not looked at for a while.
    pub(super) fn look(&mut self) -> Result<(), SourceError> {
        let is_due = |looked: Option<Instant>| looked.is_none_or(|looked| looked.elapsed() >= LOOK_INTERVAL);
        let due: Vec<SmolStr> =
            self.streams.iter().filter(|(_, it)| is_due(it.looked)).map(|(name, _)| name.clone()).collect();
        due.iter().try_for_each(|stream| self.look_at(stream))
    }

    /// Whether a stream is there, is the one that was read, how long it keeps records, and which shards it has.
    fn look_at(&mut self, stream: &SmolStr) -> Result<(), SourceError> {
        let Dated { answer: summary, at } = match self.client.summary(stream) {
            Ok(dated) => dated,
            Err(CallError::Throttled(_)) if self.streams.get(stream).is_some_and(|known| known.looked.is_some()) => {
                return Ok(());
            }
            Err(error) => return Err(self.faults.asked(stream, error)),
        };
        let kept = self.kept.0.get(stream);
        if kept.is_some_and(|kept| kept.created != summary.created) {
            return Err(self.faults.cannot_resume(&self.position, made_again(stream)));
        }
        if !matches!(summary.status.as_str(), "ACTIVE" | "UPDATING") {
            let message = format!("stream \"{stream}\" cannot be read: it is {}", summary.status);
            return Err(self.faults.unavailable(message));
        }
        if let Some(known) = self.streams.get_mut(stream) {
            (known.retention_seconds, known.looked) = (summary.retention_seconds, Some(Instant::now()));
        }
        let gone = self.list(stream)?;
        let horizon = at - summary.retention_seconds;
        for shard in gone {
            let following = self.kept.0.get(stream).map(|kept| kept.following(Last::Missing, None, horizon));
            if following != Some(Following::Whole) {
                self.lost(&format!("{shard} of stream \"{stream}\""))?;
            }
            self.position.set(stream, shard, Place::End);
        }
        Ok(())
    }

    /// Learns which shards a stream has. Answers with those that are not kept any more and were not read to their ends.
    pub(super) fn list(&mut self, stream: &SmolStr) -> Result<Vec<ShardId>, SourceError> {
        let listed = self.client.shards(stream).map_err(|error| self.faults.asked(stream, error))?;
        let place = self.position.stream(stream).cloned().unwrap_or_default();
        let found = discover(&place, &listed).map_err(|what| {
            let reason = format!("stream \"{stream}\" is another one than was read: {what}");
            self.faults.cannot_resume(&self.position, reason)
        })?;
        if let Some(known) = self.streams.get_mut(stream) {
            known.parents = parents(&listed);
        }
        // Beyond where others are to be met nothing is begun.
        let last = self.stop_at.as_ref().map(|stop_at| stop_at.stream(stream).and_then(|place| place.last()));
        let is_wanted = |shard: &ShardId| last.is_none_or(|last| last.is_some_and(|last| *shard <= last));
        for shard in found.new.into_iter().filter(is_wanted) {
            tracing::info!(source = %self.config.name, %stream, %shard, "a shard is new");
            self.position.set(stream, shard, Place::Start);
        }
        Ok(found.gone)
    }
}
