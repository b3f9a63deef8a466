//! Records and cursor, all or nothing. Everything here blocks.
//!
//! One producer with a `transactional.id`. When it begins, the brokers end what an earlier one left open, and from then on refuse
//! what that one still sends. A producer that met an error is done with: what became of its transaction, the next one is told.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig};

use crate::sink::SinkError;

use super::cluster::client;
use super::config::KafkaSinkConfig;
use super::encoder::{Moment, Record};
use super::error::{Place, Words};
use super::patience::{GivenUp, Patience};

/// Memory of the client for what is not sent yet; past it we wait.
const QUEUE_KIBIBYTES: &str = "65536";
/// What the client takes for a setting.
const MESSAGE_BYTES_MAX: usize = 1_000_000_000;
/// A transaction of a daemon that is gone hides what comes behind it from readers for so many times the sink's timeout.
const TIMEOUTS_PER_TRANSACTION: u32 = 2;
/// For one wait; the client waits to its end, whatever it hears.
const LISTEN: Duration = Duration::from_millis(1);
/// For the wish that a transaction which failed does not stay open.
const ABORT_MAX: Duration = Duration::from_secs(1);

/// Records of one step.
pub(super) struct Portion {
    pub(super) moment: Moment,
    pub(super) records: Vec<Record>,
}

/// The producer.
pub(super) struct Transactions {
    producer: BaseProducer<Reports>,
    place: Place,
    timeout: Duration,
    given_up: GivenUp,
}

impl Transactions {
    /// Makes a producer whose messages have up to `message_bytes_max` bytes, and ends what earlier ones of its name left open.
    pub(super) fn begin(
        config: &KafkaSinkConfig,
        place: &Place,
        message_bytes_max: usize,
        given_up: &GivenUp,
    ) -> Result<Self, SinkError> {
        let timeout = config.connection.timeout;
        let mut client = client(&config.connection, place);
        client
            .set("transactional.id", &config.transactional_id)
            .set("transaction.timeout.ms", (timeout * TIMEOUTS_PER_TRANSACTION).as_millis().to_string())
            .set("message.max.bytes", message_bytes_max.min(MESSAGE_BYTES_MAX).to_string())
            .set("queue.buffering.max.kbytes", QUEUE_KIBIBYTES)
            // A commit waits for what is sent; there is nothing to wait for before it is sent.
            .set("linger.ms", "0")
            .set("compression.type", config.compression.name());
        let reports = Reports { topic: config.topic.clone(), words: place.words.clone(), seen: Mutex::default() };
        let producer = client.create_with_context(reports).map_err(|error| place.sort(&error))?;
        let transactions = Self { producer, place: place.clone(), timeout, given_up: given_up.clone() };
        let patience = Patience::new(timeout, given_up);
        transactions.persist(&patience, |slice| transactions.producer.init_transactions(slice))?;
        Ok(transactions)
    }

    /// Commits `portions` and the record of `cursor`, its key and its value; both or neither.
    pub(super) fn commit(&self, portions: &[Portion], cursor: (&str, &[u8])) -> Result<(), SinkError> {
        let committed = self.try_commit(portions, cursor);
        if committed.is_err() {
            // An open transaction would hide what others write behind it. Where this fails, its time limit ends it.
            self.producer.purge(PurgeConfig::default().queue().inflight());
            let _ = self.producer.flush(ABORT_MAX).and_then(|()| self.producer.abort_transaction(ABORT_MAX));
        }
        committed
    }

    /// The last offset of each partition of the rows' topic that a commit is known to have filled.
    pub(super) fn ends(&self) -> BTreeMap<i32, i64> {
        self.reports().seen.lock().ends.clone()
    }

    fn try_commit(&self, portions: &[Portion], (key, value): (&str, &[u8])) -> Result<(), SinkError> {
        let mut patience = Patience::new(self.timeout, &self.given_up);
        *self.reports().seen.lock() = Seen { ends: self.ends(), ..Seen::default() };
        self.producer.begin_transaction().map_err(|error| self.sort(&error))?;
        let mut sent = 1;
        for Portion { moment, records } in portions {
            sent += records.len();
            let headers = headers(moment);
            for record in records {
                self.send(record, &headers, &mut patience)?;
            }
        }
        let cursor = BaseRecord::to(&self.place.cursor_topic).partition(0).key(key).payload(value);
        self.enqueue(cursor, &mut patience)?;
        self.flush(&mut patience)?;
        let acknowledged = self.reports().seen.lock().acknowledged;
        assert_eq!(acknowledged, sent, "every record that is not refused is acknowledged");
        self.persist(&patience, |slice| self.producer.commit_transaction(slice))
    }

    fn send(&self, record: &Record, headers: &OwnedHeaders, patience: &mut Patience) -> Result<(), SinkError> {
        let message = BaseRecord::to(&self.place.topic)
            .partition(record.spot.partition)
            .key(&record.spot.key)
            .headers(headers.clone());
        match &record.value {
            Some(value) => self.enqueue(message.payload(value), patience),
            None => self.enqueue(message, patience),
        }
    }

    /// Waits while the client's queue is full.
    fn enqueue<K, V>(&self, message: BaseRecord<'_, K, V>, patience: &mut Patience) -> Result<(), SinkError>
    where
        K: rdkafka::message::ToBytes + ?Sized,
        V: rdkafka::message::ToBytes + ?Sized,
    {
        let mut message = message;
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((error, back)) if error.rdkafka_error_code() == Some(Code::QueueFull) => message = back,
                Err((error, _)) => return Err(self.sort(&error)),
            }
            self.listen(patience)?;
        }
    }

    /// Waits until every record is acknowledged.
    fn flush(&self, patience: &mut Patience) -> Result<(), SinkError> {
        while self.producer.flush(Duration::ZERO).is_err() {
            self.listen(patience)?;
        }
        self.reports().failure().map_or(Ok(()), |code| Err(self.sort_code(code)))
    }

    /// Hears reports of delivery for a while.
    fn listen(&self, patience: &mut Patience) -> Result<(), SinkError> {
        let before = self.reports().seen.lock().acknowledged;
        self.producer.poll(LISTEN);
        if let Some(code) = self.reports().failure() {
            return Err(self.sort_code(code));
        }
        if self.reports().seen.lock().acknowledged > before {
            patience.renew();
        }
        if patience.is_over() {
            return Err(self.place.unavailable(format!("no broker at {} takes records in time", self.place.brokers)));
        }
        Ok(())
    }

    /// Asks again until there is a definite answer.
    fn persist(&self, patience: &Patience, ask: impl Fn(Duration) -> KafkaResult<()>) -> Result<(), SinkError> {
        loop {
            let Err(error) = ask(patience.slice()) else { return Ok(()) };
            let is_passing = match &error {
                KafkaError::Transaction(error) => error.is_retriable(),
                KafkaError::Flush(code) => *code == Code::OperationTimedOut,
                _ => false,
            };
            if !is_passing || patience.is_over() {
                return Err(self.sort(&error));
            }
            self.producer.poll(Duration::ZERO);
            if let Some(code) = self.reports().failure() {
                return Err(self.sort_code(code));
            }
        }
    }

    fn reports(&self) -> &Reports {
        self.producer.context()
    }

    /// The first cause that is known.
    fn sort(&self, error: &KafkaError) -> SinkError {
        let first = self.reports().failure().filter(|code| !matches!(code, Code::PurgeQueue | Code::PurgeInflight));
        match (first, self.producer.client().fatal_error()) {
            (Some(code), _) | (None, Some((code, _))) => self.place.sort_code(code),
            (None, None) => self.place.sort(error),
        }
    }

    fn sort_code(&self, code: Code) -> SinkError {
        let fatal = self.producer.client().fatal_error().map(|(code, _)| code);
        self.place.sort_code(if matches!(code, Code::PurgeQueue | Code::PurgeInflight) {
            fatal.unwrap_or(code)
        } else {
            code
        })
    }
}

/// What the client reports.
struct Reports {
    topic: String,
    words: Words,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    acknowledged: usize,
    failure: Option<Code>,
    ends: BTreeMap<i32, i64>,
}

impl Reports {
    fn failure(&self) -> Option<Code> {
        self.seen.lock().failure
    }
}

impl ClientContext for Reports {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "kafka producer");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka producer");
        self.words.hear(&error, reason);
        // Others pass, or are told where they matter.
        let definite = [Code::Authentication, Code::SSL, Code::TransactionalIdAuthorizationFailed];
        if let Some(code) = error.rdkafka_error_code().filter(|code| definite.contains(code)) {
            self.seen.lock().failure.get_or_insert(code);
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut seen = self.seen.lock();
        match result {
            Ok(message) => {
                seen.acknowledged += 1;
                if message.topic() == self.topic {
                    let end = seen.ends.entry(message.partition()).or_default();
                    *end = (*end).max(message.offset());
                }
            }
            Err((error, _)) => {
                seen.failure.get_or_insert(error.rdkafka_error_code().unwrap_or(Code::Fail));
            }
        }
    }
}

fn headers(moment: &Moment) -> OwnedHeaders {
    let (position, step) = (moment.positions.to_string(), moment.step.to_string());
    let headers = OwnedHeaders::new_with_capacity(3)
        .insert(Header { key: "tailwater.position", value: Some(&position) })
        .insert(Header { key: "tailwater.step", value: Some(&step) });
    match moment.committed_micros {
        Some(micros) => headers.insert(Header { key: "tailwater.committed_at_us", value: Some(&micros.to_string()) }),
        None => headers,
    }
}
