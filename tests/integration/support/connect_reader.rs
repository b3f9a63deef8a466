//! An existing consumer of Debezium's events: Kafka Connect with Debezium's own transformation `ExtractNewRecordState`, which writes what it reads
//! into a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::super::clients::must;
use super::kafka_broker::KafkaBroker;
use super::rig::wait_for;

/// Kafka Connect takes ten seconds of a processor before it reads anything; so much more patience it gets.
const STARTS_SLOWLY: u32 = 3;

/// Stopped when dropped.
pub(crate) struct ConnectReader {
    process: Child,
    directory: TempDir,
}

impl ConnectReader {
    /// Whether tests with it are left out on purpose.
    pub(crate) fn is_left_out() -> bool {
        let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
        without.split(',').any(|name| name.trim() == "debezium")
    }

    /// Reads a topic from its beginning. Converters, and all else that is not of this test, as Kafka Connect has them by itself.
    pub(crate) fn start(broker: &KafkaBroker, topic: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = must(Command::new(root.join("script/debezium")).arg("3.6"), "no consumer of Debezium's events");
        let folder = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let worker = format!(
            "bootstrap.servers={}\nkey.converter=org.apache.kafka.connect.json.JsonConverter\n\
             value.converter=org.apache.kafka.connect.json.JsonConverter\noffset.storage.file.filename={}\nlisteners=http://127.0.0.1:0\n\
             offset.flush.interval.ms=500\nconsumer.isolation.level=read_committed\nconsumer.auto.offset.reset=earliest\n\
             plugin.path={}\nplugin.discovery=hybrid_warn\n",
            broker.address(),
            path("offsets"),
            folder.join("plugins").display()
        );
        // Its name is that of its group, too: of two with one name, one would wait for the other.
        let connector = format!(
            "name=reader-{topic}\nconnector.class=org.apache.kafka.connect.file.FileStreamSinkConnector\ntasks.max=1\nfile={}\ntopics={topic}\n\
             transforms=unwrap\ntransforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState\n\
             transforms.unwrap.delete.tombstone.handling.mode=rewrite\ntransforms.unwrap.add.fields=op,source.connector,source.snapshot\n",
            path("read")
        );
        fs::write(directory.path().join("worker.properties"), worker).unwrap();
        fs::write(directory.path().join("connector.properties"), connector).unwrap();
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new(folder.join("run"));
        command.args([path("worker.properties"), path("connector.properties")]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { process: command.spawn().unwrap(), directory }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// The first lines, as soon as there are so many.
    pub(crate) fn lines(&self, number: usize) -> Vec<String> {
        let look = || {
            let lines: Vec<String> = self.file("read").lines().map(Into::into).collect();
            (lines.len() >= number).then_some(lines)
        };
        let found = (0..STARTS_SLOWLY).find_map(|_| wait_for(look));
        found.unwrap_or_else(|| panic!("it read only {}\nlog:\n{}", self.file("read"), self.file("log")))
    }
}

impl Drop for ConnectReader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
