//! Private brokers of Apache Kafka for tests: one node in KRaft mode on free ports, with what `script/kafka` installed; stopped when dropped. A
//! file of its own that the tests of both packages include, because no crate ships it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tempfile::TempDir;

/// A virtual machine of Java starts slowly on a loaded machine.
const START_MAX: Duration = Duration::from_secs(90);
/// How long its answers may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qk";
const LEFT_OUT: &str = "kafka4";

/// Whether tests with it are left out on purpose, by `TAILWATER_TEST_WITHOUT`: they are to say so and end.
pub(crate) fn is_left_out() -> bool {
    let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
    without.split(',').any(|name| name.trim() == LEFT_OUT)
}

/// Of brokers that live as long as their test. Those that are killed are of another, see `script/kafka`.
const LASTING: &str = "4.3";
const KILLED: &str = "4.0";

/// The folder that the script prints, with Kafka's programs.
pub(crate) fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| found(LASTING)).clone()
}

/// Without the broker the tests fail with the script's sentence.
fn found(version: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().find(|folder| folder.join("script/kafka").exists()).expect("the repository");
    let output = Command::new(root.join("script/kafka")).arg(version).output().expect("a script");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// Runs until dropped.
pub(crate) struct KafkaBroker {
    pub(crate) port: u16,
    /// Ports of further listeners, by their protocol.
    guarded: BTreeMap<String, u16>,
    /// Of Kafka.
    home: PathBuf,
    directory: TempDir,
    process: Option<Child>,
}

impl KafkaBroker {
    /// The one that all tests of this program share while one of them runs.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<KafkaBroker>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let broker = Arc::new(Self::made(LASTING, &[], &[], &[]));
            *shared = Arc::downgrade(&broker);
            broker
        })
    }

    /// One of one's own, which may be killed, with these properties (`name=value`) behind the usual ones.
    pub(crate) fn start(properties: &[&str]) -> Self {
        Self::made(KILLED, &[], properties, &[])
    }

    /// One that listens also by other protocols (`SSL`, `SASL_SSL`); `users` are those of SCRAM, in the words of Kafka's `--add-scram`.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn guarded(protocols: &[&str], properties: &[&str], users: &[&str]) -> Self {
        Self::made(LASTING, protocols, properties, users)
    }

    fn made(version: &str, protocols: &[&str], properties: &[&str], users: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("twkafka").tempdir_in("/tmp").expect("a directory");
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let (port, controller) = (free(), free());
        let guarded: BTreeMap<_, _> = protocols.iter().map(|protocol| ((*protocol).to_owned(), free())).collect();
        let others: String = guarded.iter().map(|(protocol, port)| format!(",{protocol}://localhost:{port}")).collect();
        let data = directory.path().join("data");
        let mut lines = vec![
            format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{others}"),
            format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}{others}"),
            format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
            format!("log.dirs={}", data.display()),
        ];
        lines.extend(USUAL.iter().chain(properties).map(|line| (*line).to_owned()));
        std::fs::write(directory.path().join("properties"), lines.join("\n")).expect("a file");
        let mut broker = Self { port, guarded, home: found(version), directory, process: None };
        let users = users.iter().flat_map(|user| ["--add-scram", user]);
        let arguments: Vec<_> =
            ["format", "--cluster-id", CLUSTER].into_iter().chain(users).chain(["--config"]).collect();
        let formatted = broker.program("kafka.tools.StorageTool", &arguments);
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        broker.restart();
        broker
    }

    /// Runs one of Kafka's programs, with the file of properties as last argument.
    fn program(&self, class: &str, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(self.home.join("run"));
        command.arg(class).args(arguments).arg(self.directory.path().join("properties"));
        command.stdin(Stdio::null()).output().expect("Java can be run")
    }

    /// Starts it again, after [`Self::stop`] or [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        self.kill();
        let log = std::fs::File::create(self.directory.path().join("log")).expect("a log file");
        let mut command = Command::new(self.home.join("run"));
        command.arg("kafka.Kafka").arg(self.directory.path().join("properties"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log file")).stderr(log);
        self.process = Some(command.spawn().expect("Java can be run"));
        self.wait_until_ready();
    }

    /// Whether it says what topics there are, itself among the brokers.
    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        let consumer: BaseConsumer = self.client().create().expect("a client");
        loop {
            // With a bound that lets the loop see a broker that ended.
            let metadata = consumer.fetch_metadata(None, Duration::from_secs(1));
            if metadata.is_ok_and(|metadata| !metadata.brokers().is_empty()) {
                return;
            }
            let ended = self.process.as_mut().and_then(|process| process.try_wait().ok()).flatten();
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                panic!("the broker did not start: {log}");
            }
        }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `host:port` of a further listener.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn address_by(&self, protocol: &str) -> String {
        format!("localhost:{}", self.guarded[protocol])
    }

    /// Lets a user do something, in the words of Kafka's `kafka-acls`.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn allow(&self, user: &str, arguments: &[&str]) {
        let mut command = Command::new(self.home.join("run"));
        command.args(["org.apache.kafka.tools.AclCommand", "--bootstrap-server", &self.address(), "--add"]);
        command.args(["--allow-principal", user]).args(arguments);
        let output = command.stdin(Stdio::null()).output().expect("Java can be run");
        assert!(output.status.success(), "{output:?}");
    }

    /// Settings of a client of this broker.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.address()).set("log_level", "0").set("reconnect.backoff.max.ms", "200");
        client
    }

    /// For what neither producer nor consumer can ask.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().expect("a client")
    }

    /// Makes a topic, with settings of its own.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let made = block_on(self.admin().create_topics([&topic], &options())).expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// Gives a topic more partitions.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn add_partitions(&self, name: &str, number: usize) {
        let (admin, partitions) = (self.admin(), NewPartitions::new(name, number));
        let answered = block_on(admin.create_partitions([&partitions], &options())).expect("an answer");
        assert!(answered.iter().all(Result::is_ok), "{answered:?}");
    }

    /// Takes a topic away, and waits until nobody is told of it any more.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn delete_topic(&self, name: &str) {
        let answered = block_on(self.admin().delete_topics(&[name], &options())).expect("an answer");
        assert!(answered.iter().all(Result::is_ok), "{answered:?}");
        let deadline = Instant::now() + ANSWER_MAX;
        loop {
            let consumer: BaseConsumer = self.client().create().expect("a client");
            let metadata = consumer.fetch_metadata(None, ANSWER_MAX).expect("an answer");
            if metadata.topics().iter().all(|topic| topic.name() != name) {
                return;
            }
            assert!(Instant::now() < deadline, "topic {name} does not go");
        }
    }

    /// Removes what a partition holds before this offset, as retention does.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(before)).expect("a place");
        block_on(self.admin().delete_records(&list, &options())).expect("an answer");
    }

    /// Stops it in order.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let stopped = Command::new("kill").arg(process.id().to_string()).status();
        assert!(stopped.is_ok_and(|status| status.success()), "the broker cannot be stopped");
        let _ = process.wait();
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for KafkaBroker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER_MAX))
}

fn block_on<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(asked)
}

const USUAL: [&str; 15] = [
    "process.roles=broker,controller",
    "node.id=1",
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
    "inter.broker.listener.name=PLAINTEXT",
    "auto.create.topics.enable=false",
    "num.partitions=1",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "transaction.state.log.num.partitions=4",
    "group.initial.rebalance.delay.ms=0",
    "log.cleaner.enable=true",
    "log.cleaner.dedupe.buffer.size=16777216",
];
