//! A topic of Kafka: a backlog of messages through a view into Redis, against what Kafka's own program of that purpose reads.

use std::process::{Command, Stdio};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tailwater::cli::demo::servers::PrivateRedis;
use tailwater_connectors::Position;

use crate::kafka_broker::{KafkaBroker, folder};
use crate::report::Report;
use crate::{Outcome, Sizes, daemon};

const TOPIC: &str = "orders";
const PARTITIONS: u64 = 2;
const TABLE: &str = "[source.bench.table.orders]\nmode = \"upsert\"\nkey = [\"id\"]\ncolumns = { id = \"bigint\", customer_id = \"integer\", \
    status = \"text\", amount = \"numeric(12,2)\", note = \"text\", updated = \"timestamptz\" }\n";
const VIEW: &str = "select id, customer_id, status, amount, note, updated from orders";
/// How long the broker may take for what was sent.
const FLUSH_MAX: Duration = Duration::from_secs(60);

/// Messages of JSON, the latest of each key a row.
pub(crate) fn run(sizes: &Sizes, report: &mut Report) -> Outcome<()> {
    eprintln!("source: Kafka 4.3 ...");
    let redis = PrivateRedis::start()?;
    let broker = KafkaBroker::shared();
    broker.create_topic(TOPIC, PARTITIONS as i32, &[]);
    let section = format!("type = \"kafka\"\nbrokers = \"{}\"\n{TABLE}", broker.address());
    let mut bench = daemon::Bench::over(&section, &redis, (VIEW, "bench:{id}"))?;
    bench.first_copy(0)?;
    bench.stop()?;
    let end = write(&broker, sizes)?;
    let limit = read(&broker, sizes.changes)?;
    let drained = bench.drain(&end, sizes.changes)?;
    report.kafka_drain(limit, drained);
    report.memory("Kafka", bench.peak_memory()?);
    bench.stop()
}

/// Writes the backlog; where the topic ends then.
fn write(broker: &KafkaBroker, sizes: &Sizes) -> Outcome<Position> {
    let producer: BaseProducer = broker.client().set("linger.ms", "20").create()?;
    let mut ends = [0; PARTITIONS as usize];
    for change in 0..sizes.changes {
        let id = 1 + change.wrapping_mul(7_919) % sizes.rows;
        let message = format!(
            r#"{{"id":{id},"customer_id":{},"status":"changed {}","amount":{}.25,"note":"{}","updated":"2026-01-01T00:00:{:02}.5Z"}}"#,
            id % 20_000,
            change % 11,
            change % 90_000,
            "n".repeat(20 + id as usize % 60),
            change % 60
        );
        let (key, partition) = (id.to_string(), id % PARTITIONS);
        ends[partition as usize] += 1;
        let mut record = BaseRecord::to(TOPIC).partition(partition as i32).key(&key).payload(&message);
        while let Err((error, back)) = producer.send(record) {
            if error.rdkafka_error_code() != Some(rdkafka::error::RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            record = back;
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(FLUSH_MAX)?;
    let places: Vec<_> = ends.iter().enumerate().map(|(at, end)| format!("{TOPIC}:{at}={end}")).collect();
    Ok(places.join(",").parse()?)
}

/// Messages per second, without the time that Java takes to start and that its group takes to form.
fn read(broker: &KafkaBroker, messages: u64) -> Outcome<f64> {
    let mut command = Command::new(folder().join("run"));
    command.arg("org.apache.kafka.tools.ConsumerPerformance").args(["--bootstrap-server", &broker.address()]);
    command.args(["--topic", TOPIC, "--num-records", &messages.to_string(), "--hide-header"]);
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.trim().rsplit(',').next().and_then(|number| number.trim().parse().ok());
    last.ok_or_else(|| format!("{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}
