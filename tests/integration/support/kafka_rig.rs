//! A broker of Kafka, a daemon that follows its topics, and a Postgres that is loaded with the same messages by Kafka's own consumer.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rdkafka::consumer::{BaseConsumer, Consumer};
use tailwater::cli::demo::DaemonProcess;
use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::pipeline::status::Status;
use tailwater_connectors::Positions;
use tempfile::TempDir;

use super::database::Database;
use super::kafka_broker::KafkaBroker;
use super::rig::{self, PATIENCE, PROGRAM, steady_port, wait_for};
use super::shown;

/// All of them.
pub(crate) struct KafkaRig {
    pub(crate) daemon: DaemonProcess,
    pub(crate) broker: KafkaBroker,
    pub(crate) oracle: PrivatePostgres,
    pub(crate) directory: TempDir,
    pub(crate) http: SocketAddr,
    resp: SocketAddr,
}

impl KafkaRig {
    /// Starts the servers; the daemon is not configured yet.
    pub(crate) fn new() -> Self {
        Self::over(KafkaBroker::start(&[]))
    }

    /// The same over such a broker.
    pub(crate) fn over(broker: KafkaBroker) -> Self {
        let oracle = PrivatePostgres::start(&[]).unwrap();
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (http, resp) = (local(steady_port()), local(steady_port()));
        let path = directory.path().join("tailwater.toml");
        let daemon = DaemonProcess::new(Path::new(PROGRAM), &path, http, Vec::new());
        Self { daemon, broker, oracle, directory, http, resp }
    }

    /// Writes the configuration: `source` is what follows the brokers in `[source.clicks]`, `rest` other sections.
    pub(crate) fn configure(&self, source: &str, rest: &str) {
        self.configure_at(&self.broker.address(), source, rest);
    }

    /// The same, with the address of another of the broker's listeners.
    pub(crate) fn configure_at(&self, brokers: &str, source: &str, rest: &str) {
        let (http, resp) = (self.http, self.resp);
        let text = format!(
            "state_dir = \"./state\"\nmemory = \"64MiB\"\n\n[source.clicks]\ntype = \"kafka\"\nbrokers = \"{brokers}\"\n\
             timeout = \"5s\"\n{source}\n\n{rest}\n\n[server]\nhttp = \"{http}\"\nredis = \"{resp}\"\n"
        );
        std::fs::write(self.directory.path().join("tailwater.toml"), text).unwrap();
    }

    /// Starts the daemon and waits until views are live.
    pub(crate) fn start(&mut self) {
        self.daemon.start().unwrap();
        self.daemon.wait_until_ready(PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        rig::command(&self.directory.path().join("tailwater.toml"), arguments)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl FnMut(&Status) -> bool) -> Status {
        rig::wait_for_status((self.http, &self.daemon.log()), what, wanted)
    }

    /// Where the topics end once no transaction is open, as a position of the source.
    pub(crate) fn settled(&self, topics: &[&str]) -> String {
        let settled = wait_for(|| {
            let ends = self.ends(topics, "read_committed");
            (ends == self.ends(topics, "read_uncommitted")).then_some(ends)
        });
        settled.expect("transactions end")
    }

    /// Where they end for such readers.
    pub(crate) fn ends(&self, topics: &[&str], isolation: &str) -> String {
        let consumer: BaseConsumer = self.broker.client().set("isolation.level", isolation).create().expect("a client");
        let mut places = Vec::new();
        for topic in topics {
            let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
            for partition in metadata.topics()[0].partitions() {
                let (_, end) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE).unwrap();
                places.push(format!("{topic}:{}={end}", partition.id()));
            }
        }
        places.join(",")
    }

    /// Waits until the daemon has applied all that is committed in the topics.
    pub(crate) fn wait_until_applied(&self, topics: &[&str]) -> String {
        let ends = self.settled(topics);
        let wanted = Positions::parse(&format!("clicks={ends}"), &["clicks".into()]).unwrap();
        self.wait_for_status(&ends, |status| status.applied.covers(&wanted));
        ends
    }

    /// Rows of a view, sorted, every value as text, in the order of the columns' names.
    pub(crate) fn view(&self, view: &str) -> Vec<Vec<String>> {
        shown::rows(self.http, view)
    }

    /// A session of the Postgres that holds the same messages.
    pub(crate) fn database(&self) -> Database {
        Database::connect(&self.oracle.url("postgres"))
    }

    /// Loads a topic's committed messages into the table `raw_TOPIC`: partition, place, moment, key, value; what is read by Kafka's own
    /// consumer.
    pub(crate) fn load(&self, topic: &str) {
        let database = self.database();
        database.run(&format!(
            "drop table if exists raw_{topic} cascade; \
             create table raw_{topic} (partition int, place bigint, moment timestamptz, key text, value text)"
        ));
        let read = self.read(topic);
        for lines in read.lines().collect::<Vec<_>>().chunks(500) {
            let rows: Vec<String> = lines.iter().map(|line| values(line)).collect();
            database.run(&format!("insert into raw_{topic} values {}", rows.join(", ")));
        }
    }

    fn read(&self, topic: &str) -> String {
        let consumer: BaseConsumer = self.broker.client().create().expect("a client");
        let partitions = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap().topics()[0].partitions().len();
        // All at once, for each of them ends only after it has heard nothing for a while.
        let readers: Vec<Child> = (0..partitions).map(|partition| self.reader(topic, partition)).collect();
        let read = readers.into_iter().map(|reader| reader.wait_with_output().unwrap().stdout);
        read.map(|lines| String::from_utf8(lines).unwrap()).collect()
    }

    fn reader(&self, topic: &str, partition: usize) -> Child {
        let mut command = Command::new(super::kafka_broker::folder().join("run"));
        command.arg("org.apache.kafka.tools.consumer.ConsoleConsumer");
        command.args(["--bootstrap-server", &self.broker.address(), "--topic", topic]);
        command.args(["--partition", &partition.to_string(), "--offset", "earliest", "--timeout-ms", "10000"]);
        command.args(["--command-property", "isolation.level=read_committed"]);
        for shown in
            ["print.partition=true", "print.offset=true", "print.timestamp=true", "print.key=true", "null.literal=NULL"]
        {
            command.args(["--formatter-property", shown]);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Views are what the Postgres answers over the same messages.
    pub(crate) fn assert_equal(&self, views: &[(&str, &str)]) {
        shown::assert_equal((self.http, &self.daemon.log()), &self.database(), views);
    }
}

/// `CreateTime:1\tPartition:0\tOffset:5\tkey\tvalue` as values of SQL.
fn values(line: &str) -> String {
    let parts: Vec<&str> = line.splitn(5, '\t').collect();
    let [moment, partition, offset, key, value] = parts[..] else { panic!("no line of the consumer: {line}") };
    let number = |text: &str| text.rsplit(':').next().unwrap().to_owned();
    let quoted = |text: &str| match text {
        "NULL" => "null".to_owned(),
        text => format!("'{}'", text.replace('\'', "''")),
    };
    let (moment, partition, offset) = (number(moment), number(partition), number(offset));
    let (key, value) = (quoted(key), quoted(value));
    format!("({partition}, {offset}, to_timestamp({moment} / 1000.0), {key}, {value})")
}
