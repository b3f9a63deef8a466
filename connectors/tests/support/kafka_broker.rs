//! Private brokers of Apache Kafka for tests: one node in KRaft mode, or several, on free ports, with what `script/kafka` installed; stopped when dropped. A
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
    nodes: Vec<Node>,
    /// Ports of further listeners, by their protocol.
    guarded: BTreeMap<String, u16>,
    /// Of Kafka.
    home: PathBuf,
    /// In which each node has its own.
    #[allow(dead_code, reason = "it goes when the broker does")]
    directory: TempDir,
}

/// A broker and controller.
struct Node {
    port: u16,
    folder: PathBuf,
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

    /// Three nodes that may be killed; topics are on all of them.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn cluster() -> Self {
        let mut cluster = Self::prepared(KILLED, 3, (&[], &CLUSTER_OF_THREE), &[]);
        cluster.restart();
        cluster
    }

    fn made(version: &str, protocols: &[&str], properties: &[&str], users: &[&str]) -> Self {
        let mut broker = Self::prepared(version, 1, (protocols, properties), users);
        broker.restart();
        broker
    }

    fn prepared(version: &str, number: usize, (protocols, properties): (&[&str], &[&str]), users: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("twkafka").tempdir_in("/tmp").expect("a directory");
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let guarded: BTreeMap<_, _> = protocols.iter().map(|protocol| ((*protocol).to_owned(), free())).collect();
        let others: String = guarded.iter().map(|(protocol, port)| format!(",{protocol}://localhost:{port}")).collect();
        let controllers: Vec<u16> = (0..number).map(|_| free()).collect();
        let voters: Vec<_> = (1..).zip(&controllers).map(|(id, port)| format!("{id}@127.0.0.1:{port}")).collect();
        let mut broker = Self { nodes: Vec::new(), guarded, home: found(version), directory };
        for (id, controller) in (1..).zip(&controllers) {
            let (port, folder) = (free(), broker.directory.path().join(format!("{id}")));
            let mut lines = vec![
                format!("node.id={id}"),
                format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{others}"),
                format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}{others}"),
                format!("controller.quorum.voters={}", voters.join(",")),
                format!("log.dirs={}", folder.join("data").display()),
            ];
            lines.extend(USUAL.iter().chain(properties).map(|line| (*line).to_owned()));
            std::fs::create_dir(&folder).expect("a folder");
            std::fs::write(folder.join("properties"), lines.join("\n")).expect("a file");
            let node = Node { port, folder, process: None };
            let mut command = Command::new(broker.home.join("run"));
            command
                .stdin(Stdio::null())
                .args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER])
                .args(users.iter().flat_map(|user| ["--add-scram", user]));
            let formatted =
                command.arg("--config").arg(node.folder.join("properties")).output().expect("Java can be run");
            assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
            broker.nodes.push(node);
        }
        broker
    }

    /// Starts it again, after [`Self::stop`] or [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        self.kill();
        for node in 0..self.nodes.len() {
            self.spawn(node);
        }
        self.wait_until_ready();
    }

    /// Ends one node at once.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn kill_node(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts one node again, and waits until it leads and follows as before.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn restart_node(&mut self, node: usize) {
        self.spawn(node);
        self.wait_until_ready();
        let deadline = Instant::now() + START_MAX;
        let consumer: BaseConsumer = self.client().create().expect("a client");
        let is_in_sync = || {
            let metadata = consumer.fetch_metadata(None, ANSWER_MAX).ok()?;
            let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            partitions.all(|partition| partition.isr().len() == partition.replicas().len()).then_some(())
        };
        while is_in_sync().is_none() {
            assert!(Instant::now() < deadline, "node {node} does not catch up");
        }
    }

    fn spawn(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        let log = std::fs::File::create(node.folder.join("log")).expect("a log file");
        let mut command = Command::new(self.home.join("run"));
        command
            .stdin(Stdio::null())
            .arg("kafka.Kafka")
            .arg(node.folder.join("properties"))
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        node.process = Some(command.spawn().expect("Java can be run"));
    }

    /// Whether it says what topics there are, all nodes among the brokers.
    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        let consumer: BaseConsumer = self.client().create().expect("a client");
        loop {
            // With a bound that lets the loop see a broker that ended.
            let metadata = consumer.fetch_metadata(None, Duration::from_secs(1));
            if metadata.is_ok_and(|metadata| metadata.brokers().len() == self.nodes.len()) {
                return;
            }
            for node in &mut self.nodes {
                let ended = node.process.as_mut().and_then(|process| process.try_wait().ok()).flatten();
                if ended.is_some() || Instant::now() > deadline {
                    let log = std::fs::read_to_string(node.folder.join("log")).unwrap_or_default();
                    panic!("the broker did not start: {log}");
                }
            }
        }
    }

    /// `host:port`, of all nodes.
    pub(crate) fn address(&self) -> String {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect::<Vec<_>>().join(",")
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
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(self.nodes.len() as i32));
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
        for process in self.nodes.iter().filter_map(|node| node.process.as_ref()) {
            let stopped = Command::new("kill").arg(process.id().to_string()).status();
            assert!(stopped.is_ok_and(|status| status.success()), "the broker cannot be stopped");
        }
        for mut process in self.nodes.iter_mut().filter_map(|node| node.process.take()) {
            let _ = process.wait();
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.nodes.iter_mut().for_each(Node::kill);
    }
}

impl Node {
    fn kill(&mut self) {
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

const USUAL: [&str; 14] = [
    "process.roles=broker,controller",
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

/// What is behind the usual ones where there are three nodes, of which one may be away.
const CLUSTER_OF_THREE: [&str; 5] = [
    "offsets.topic.replication.factor=3",
    "transaction.state.log.replication.factor=3",
    "transaction.state.log.min.isr=2",
    "default.replication.factor=3",
    "min.insync.replicas=2",
];
