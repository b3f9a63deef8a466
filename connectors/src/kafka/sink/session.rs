//! From a successful `open` to the first error. Everything here blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::schema::ViewSchema;
use crate::sink::{Cursor, SinkError};

use super::cluster::Cluster;
use super::config::KafkaSinkConfig;
use super::cursor::StoredCursor;
use super::encoder::{Encoder, Keys};
use super::error::Place;
use super::patience::{GivenUp, Patience};
use super::read_back::Reading;
use super::reader::{Seen, TopicReader};
use super::replace::Replacement;
use super::schemas;
use super::topic::{Wanted, message_bytes_max};
use super::transactions::{Portion, Transactions};

/// Who opens a sink.
#[derive(Clone)]
pub(super) struct Owner {
    /// Another one for each sink of each process.
    pub(super) name: SmolStr,
    /// It has opened the sink before: finding another owner means that it was taken over.
    pub(super) has_owned: bool,
}

/// An open sink.
pub(super) struct Session {
    pub(super) config: Arc<KafkaSinkConfig>,
    pub(super) place: Place,
    pub(super) encoder: Encoder,
    pub(super) given_up: GivenUp,
    transactions: Transactions,
    /// What is committed.
    pub(super) stored: StoredCursor,
    /// While the topic gets other rows.
    pub(super) replacement: Option<Replacement>,
    /// While someone asks what the topic holds.
    pub(super) reading: Option<Reading>,
}

/// What opens a session.
pub(super) struct Opening {
    pub(super) config: Arc<KafkaSinkConfig>,
    pub(super) place: Place,
    pub(super) view: ViewSchema,
    pub(super) keys: Keys,
    pub(super) owner: Owner,
    pub(super) given_up: GivenUp,
}

impl Opening {
    /// Looks at the topics and changes nothing.
    pub(super) fn check(&self) -> Result<(), SinkError> {
        let (cluster, patience) = (Cluster::new(&self.config.connection, &self.place)?, self.patience());
        Wanted::rows(&self.config).look(&cluster, &self.place, &patience)?;
        Wanted::cursors(&self.config).look(&cluster, &self.place, &patience)?;
        schemas::check(&self.config, (&self.view, &self.keys), &self.place)
    }

    /// Becomes the one that writes, and only then looks how far the topic is: what an earlier one left is decided by then.
    pub(super) fn open(self) -> Result<Session, SinkError> {
        let (cluster, patience) = (Cluster::new(&self.config.connection, &self.place)?, self.patience());
        let rows = Wanted::rows(&self.config);
        let found = rows.look(&cluster, &self.place, &patience)?;
        let cursors = Wanted::cursors(&self.config);
        if cursors.look(&cluster, &self.place, &patience)?.is_none() {
            cursors.make(&cluster, &self.place, &patience)?;
        }
        if self.owner.has_owned {
            // Before anything is taken from the one that may own it now. What we left open ourselves is not waited for.
            self.stored(&cluster, TopicReader::without_waiting)?;
        }
        // Before anything is taken from anyone: the registry may refuse, or not answer.
        let form = schemas::register(&self.config, (&self.view, &self.keys), &self.place)?;
        let bytes = found.as_ref().map_or_else(|| message_bytes_max(&self.config), |topic| topic.message_bytes_max);
        let transactions = Transactions::begin(&self.config, &self.place, bytes, &self.given_up)?;
        let commit = |stored: &StoredCursor| transactions.commit(&[], (&self.config.name, &stored.to_json()));
        let before = self.stored(&cluster, |reader| reader)?;
        let name = self.owner.name.clone();
        let mut stored = before.clone().unwrap_or_else(|| StoredCursor::nothing(name.clone()));
        let is_whole = match &found {
            Some(topic) => {
                let ends = cluster.ends(&self.config.topic, topic.partitions)?;
                stored.ends.iter().all(|(partition, last)| ends.get(partition).is_some_and(|end| end > last))
            }
            None => {
                // A topic that is made now must not pass for one that was filled, whatever happens next.
                stored = StoredCursor::nothing(name.clone());
                commit(&stored)?;
                false
            }
        };
        let topic = found.map_or_else(|| rows.make(&cluster, &self.place, &patience), Ok)?;
        let encoder = Encoder::new(&self.config, &self.view, (self.keys.clone(), topic.partitions), form);
        let stored = stored.taken_over(name, &encoder.layout(), is_whole);
        if before.as_ref() != Some(&stored) {
            commit(&stored)?;
        }
        let Self { config, place, given_up, .. } = self;
        Ok(Session { config, place, encoder, given_up, transactions, stored, replacement: None, reading: None })
    }

    fn patience(&self) -> Patience {
        Patience::new(self.config.connection.timeout, &self.given_up)
    }

    /// What is kept under the sink's name; refuses what another owner left, once the sink was ours.
    fn stored(
        &self,
        cluster: &Cluster,
        adapt: impl FnOnce(TopicReader) -> TopicReader,
    ) -> Result<Option<StoredCursor>, SinkError> {
        let topic = &self.config.cursor_topic;
        let mut reader = adapt(TopicReader::new(&self.config.connection, &self.place, (topic, 1))?);
        let mut last = None;
        reader.read(cluster, &mut self.patience(), &mut |seen: Seen<'_>| {
            if seen.key == Some(self.config.name.as_bytes()) {
                last = seen.value.map(<[u8]>::to_vec);
            }
        })?;
        let Some(last) = last else { return Ok(None) };
        let stored = StoredCursor::parse(&last).map_err(|_| {
            let name = &self.config.name;
            let hint = "another program wrote it: choose another \"cursor_topic\", or another name for the sink";
            self.place.refused(format!("topic \"{topic}\" has a record \"{name}\" that is no cursor"), hint)
        })?;
        if self.owner.has_owned && stored.owner != self.owner.name {
            let id = &self.config.transactional_id;
            return Err(self.place.refused(
                format!("another daemon has taken over this sink: it writes as transactional id \"{id}\""),
                "let one daemon only write a sink of this name; restart the one that shall have it",
            ));
        }
        Ok(Some(stored))
    }
}

impl Session {
    /// Commits `portions` and that the topic now holds the view at `cursor`; `None`: no step at all.
    pub(super) fn commit(&mut self, portions: &[Portion], cursor: Option<Cursor>) -> Result<(), SinkError> {
        let mut ends: BTreeMap<i32, i64> = self.stored.ends.clone();
        ends.extend(self.transactions.ends());
        let filled = self.stored.filled || cursor.is_some();
        let stored = StoredCursor { cursor, filled, ends, ..self.stored.clone() };
        self.transactions.commit(portions, (&self.config.name, &stored.to_json()))?;
        self.stored = stored;
        Ok(())
    }

    pub(super) fn cluster(&self) -> Result<Cluster, SinkError> {
        Cluster::new(&self.config.connection, &self.place)
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::new(self.config.connection.timeout, &self.given_up)
    }
}
