//! A broker, a view, and what is written of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::ClientConfig;

use super::super::config::{Compression, DebeziumStyle, KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::super::error::{Place, Words};
use super::kafka_broker::{KafkaBroker, is_left_out};
use super::kafka_topic::{Found, committed};
use crate::kafka::{KafkaConnection, KafkaSink, Tls};
use crate::position::{Lsn, Position, Positions};
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::sink::{ChangelogBatch, Cursor, RowChange, RowPages, Sink, SinkError};
use crate::sql_type::SqlType;
use crate::value::Value;

/// A broker and topics of one's own in it.
pub(super) struct Fixture {
    pub(super) broker: Arc<KafkaBroker>,
    /// Distinguishes topics of tests.
    number: u32,
}

impl Fixture {
    /// `None`: brokers are left out on purpose.
    pub(super) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if is_left_out() {
            eprintln!("left out: there is to be no Kafka");
            return None;
        }
        Some(Self { broker: KafkaBroker::shared(), number: NUMBER.fetch_add(1, Ordering::Relaxed) })
    }

    pub(super) fn client(&self) -> ClientConfig {
        self.broker.client()
    }

    pub(super) fn topic(&self) -> String {
        format!("orders-{}", self.number)
    }

    pub(super) fn cursor_topic(&self) -> String {
        format!("cursors-{}", self.number)
    }

    /// A sink with a topic of its own, two partitions.
    pub(super) fn config(&self, format: KafkaFormat, mode: KafkaMode) -> KafkaSinkConfig {
        KafkaSinkConfig {
            partitions: Some(2),
            replication: Some(1),
            ..config(&self.broker.address(), (&self.topic(), &self.cursor_topic()), (format, mode))
        }
    }

    pub(super) fn sink(&self) -> KafkaSink {
        self.sink_of(self.config(KafkaFormat::Json, KafkaMode::Upsert))
    }

    pub(super) fn sink_of(&self, config: KafkaSinkConfig) -> KafkaSink {
        KafkaSink::new(config, &view()).expect("a sink")
    }

    /// Makes the topic, on a thread that may block.
    pub(super) fn make_topic(&self, settings: &[(&str, &str)]) {
        std::thread::scope(|scope| {
            scope.spawn(|| self.broker.create_topic(&self.topic(), 2, settings)).join().expect("it is made");
        });
    }

    /// All committed messages of the topic.
    pub(super) fn messages(&self) -> Vec<Found> {
        committed(&self.client(), &self.topic())
    }

    /// `key -> value` of the last messages.
    pub(super) fn table(&self) -> BTreeMap<String, String> {
        let mut table = BTreeMap::new();
        for message in self.messages() {
            let key = message.key.expect("a key");
            match message.value {
                Some(value) => _ = table.insert(key, value),
                None => _ = table.remove(&key),
            }
        }
        table
    }
}

/// A sink's configuration.
pub(super) fn config(
    brokers: &str,
    (topic, cursor_topic): (&str, &str),
    (format, mode): (KafkaFormat, KafkaMode),
) -> KafkaSinkConfig {
    let connection =
        KafkaConnection { brokers: brokers.into(), tls: Tls::Off, sasl: None, timeout: Duration::from_secs(30) };
    KafkaSinkConfig {
        name: "orders".into(),
        view: "order_card".into(),
        origin: None,
        connection,
        topic: topic.into(),
        format,
        // Messages as people read them.
        debezium: DebeziumStyle { schemas: false, ..DebeziumStyle::default() },
        registry: None,
        mode,
        key: None,
        partition_by: None,
        partitions: None,
        replication: None,
        topic_config: Vec::new(),
        transactional_id: format!("tailwater-{topic}"),
        cursor_topic: cursor_topic.into(),
        compression: Compression::default(),
    }
}

pub(super) fn place() -> Place {
    Place {
        sink: "orders".into(),
        brokers: "broker:9092".into(),
        topic: "orders".into(),
        cursor_topic: "cursors".into(),
        transactional_id: "tailwater-orders".into(),
        words: Words::default(),
    }
}

pub(super) fn view() -> ViewSchema {
    let column = |name: &str, sql_type| Column::new(name, sql_type, true);
    ViewSchema {
        name: "order_card".into(),
        columns: vec![column("id", SqlType::Int8), column("customer", SqlType::Text), column("paid", SqlType::Bool)],
        key: vec![0],
        fingerprint: 1,
    }
}

pub(super) fn row(id: i64, customer: &str) -> Row {
    vec![Value::Int(id), Value::text(customer), Value::Bool(true)].into()
}

/// The row as JSON.
pub(super) fn json(id: i64, customer: &str) -> String {
    format!(r#"{{"id":{id},"customer":"{customer}","paid":true}}"#)
}

pub(super) fn key(id: i64) -> String {
    format!(r#"{{"id":{id}}}"#)
}

/// `key -> value` of rows.
pub(super) fn table(rows: &[(i64, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(id, customer)| (key(*id), json(*id, customer))).collect()
}

pub(super) fn cursor(generation: &str, step: u64) -> Cursor {
    let positions = [("shop".into(), Position::Lsn(Lsn(step * 16)))].into();
    Cursor { generation: generation.into(), step, positions: Positions(positions) }
}

pub(super) fn put(id: i64, customer: &str) -> RowChange {
    RowChange { old: None, new: Some(row(id, customer)) }
}

pub(super) fn change(id: i64, from: &str, to: &str) -> RowChange {
    RowChange { old: Some(row(id, from)), new: Some(row(id, to)) }
}

pub(super) fn gone(id: i64, customer: &str) -> RowChange {
    RowChange { old: Some(row(id, customer)), new: None }
}

pub(super) fn batch(step: u64, changes: Vec<RowChange>) -> ChangelogBatch {
    ChangelogBatch { changes, cursor: cursor("g", step), committed_at: None }
}

/// Pages given beforehand; a `None` page fails.
pub(super) struct Pages(Vec<Option<Vec<Row>>>);

impl Pages {
    pub(super) fn of(rows: &[(i64, &str)]) -> Self {
        Self(rows.chunks(2).rev().map(|page| Some(page.iter().map(|(id, text)| row(*id, text)).collect())).collect())
    }

    pub(super) fn failing_after(rows: &[(i64, &str)]) -> Self {
        let Self(pages) = Self::of(rows);
        Self([None].into_iter().chain(pages).collect())
    }
}

#[async_trait]
impl RowPages for Pages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        match self.0.pop() {
            Some(Some(page)) => Ok(Some(page)),
            Some(None) => Err(SinkError::Unavailable { sink: "orders".into(), message: "pages failed".into() }),
            None => Ok(None),
        }
    }
}

/// Opens and fills.
pub(super) async fn filled(sink: &mut KafkaSink, rows: &[(i64, &str)], step: u64) {
    sink.open(&view()).await.expect("it opens");
    sink.replace(&mut Pages::of(rows), &cursor("g", step)).await.expect("it is filled");
}

/// Runs where blocking work has threads of its own.
pub(super) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}
