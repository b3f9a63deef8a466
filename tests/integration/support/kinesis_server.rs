//! A private server that speaks Kinesis' protocol, with what `script/kinesis` installed, and questions to it; stopped when dropped. Its clock
//! can be put forward, and what it answers can be replaced by an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::rig::{PATIENCE, steady_port, wait_for};

const LEFT_OUT: &str = "kinesis3";
/// It does not look whether it is right.
const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=test";
/// Runs inside of the server: its clock goes ahead by the milliseconds in the file `clock`, and operations that are named in the file `faults`
/// are answered with the error behind their name.
const INSIDE: &str = r"
const fs = require('fs'), http = require('http'), now = Date.now, folder = process.env.TEST_FOLDER
const read = name => { try { return fs.readFileSync(folder + '/' + name, 'utf8') } catch (e) { return '' } }
Date.now = () => now() + (+read('clock'))
// The server would end where a client is killed while it asks.
process.on('uncaughtException', error => {
  if (error.code == 'ECONNRESET' || error.code == 'EPIPE') return
  console.error(error)
  process.exit(1)
})
const writeHead = http.ServerResponse.prototype.writeHead
http.ServerResponse.prototype.writeHead = function (...given) {
  this.setHeader('Date', new Date(Date.now()).toUTCString())
  return writeHead.apply(this, given)
}
const createServer = http.createServer
http.createServer = handler => createServer((request, response) => {
  const operation = (request.headers['x-amz-target'] || '').split('.')[1]
  const fault = read('faults').split('\n').map(line => line.split(' ')).find(([named]) => named == operation)
  if (!fault) return handler(request, response)
  request.resume()
  request.on('end', () => {
    response.statusCode = 400
    response.end(JSON.stringify({ __type: fault[1], message: 'on purpose' }))
  })
})
";

/// Whether tests with it are left out on purpose, by `TAILWATER_TEST_WITHOUT`: they are to say so and end.
pub(crate) fn is_left_out() -> bool {
    let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
    without.split(',').any(|name| name.trim() == LEFT_OUT)
}

/// The folder that the script prints; without the server the tests fail with the script's sentence.
fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("script/kinesis");
        let output = Command::new(script).arg("3.3").output().expect("a script");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    };
    FOLDER.get_or_init(find).clone()
}

/// Runs until dropped.
pub(crate) struct KinesisServer {
    port: u16,
    directory: TempDir,
    process: Child,
}

/// Asks a server; another thread's, too.
#[derive(Clone)]
pub(crate) struct KinesisClient {
    url: String,
    agent: ureq::Agent,
}

/// A record as a reader of one's own finds it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) shard: String,
    pub(crate) sequence: String,
    pub(crate) arrived: f64,
    pub(crate) key: String,
    /// In base64.
    pub(crate) data: String,
}

impl KinesisServer {
    pub(crate) fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("twkinesis").tempdir_in("/tmp").unwrap();
        let inside = directory.path().join("inside.js");
        std::fs::write(&inside, INSIDE).unwrap();
        let port = steady_port();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new(folder().join("run"));
        command.args(["--port", &port.to_string(), "--shardLimit", "100", "--createStreamMs", "20"]);
        command.args(["--updateStreamMs", "50", "--deleteStreamMs", "20"]);
        command.env("NODE_OPTIONS", format!("--require {}", inside.display())).env("TEST_FOLDER", directory.path());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let server = Self { port, process: command.spawn().expect("Node can be run"), directory };
        let answers = || server.client().ask("ListStreams", &json!({})).ok();
        assert!(wait_for(answers).is_some(), "the server did not start: {}", server.log());
        server
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> KinesisClient {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        KinesisClient { url: self.address(), agent: agent.into() }
    }

    /// Puts its clock forward by this in all.
    pub(crate) fn put_clock_forward(&self, hours: f64) {
        std::fs::write(self.directory.path().join("clock"), (hours * 3_600_000.0).to_string()).unwrap();
    }

    /// From now on an operation is answered with this error; `None`: it is answered.
    pub(crate) fn fail(&self, fault: Option<(&str, &str)>) {
        let line = fault.map(|(operation, error)| format!("{operation} {error}")).unwrap_or_default();
        std::fs::write(self.directory.path().join("faults"), line).unwrap();
    }
}

impl Drop for KinesisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl KinesisClient {
    /// Asks once. An error is its type and the server's words.
    pub(crate) fn ask(&self, operation: &str, question: &Json) -> Result<Json, String> {
        let request = self.agent.post(&self.url).header("content-type", "application/x-amz-json-1.1");
        let request = request.header("x-amz-target", format!("Kinesis_20131202.{operation}"));
        let request = request.header("authorization", AUTHORIZATION).header("x-amz-date", "20260101T000000Z");
        let mut response = request.send(question.to_string()).map_err(|error| error.to_string())?;
        let text = response.body_mut().with_config().limit(256 << 20).read_to_string().unwrap();
        match response.status().as_u16() {
            200 if text.is_empty() => Ok(Json::Null),
            200 => Ok(serde_json::from_str(&text).unwrap()),
            _ => Err(text),
        }
    }

    fn must(&self, operation: &str, question: &Json) -> Json {
        self.ask(operation, question).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn create(&self, stream: &str, shards: usize) {
        self.must("CreateStream", &json!({ "StreamName": stream, "ShardCount": shards }));
        self.wait_until_active(stream);
    }

    pub(crate) fn wait_until_active(&self, stream: &str) {
        let is_active = || {
            let found = self.ask("DescribeStreamSummary", &json!({ "StreamName": stream })).ok()?;
            (found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE").then_some(())
        };
        assert!(wait_for(is_active).is_some(), "stream {stream} never became active");
    }

    pub(crate) fn delete(&self, stream: &str) {
        self.must("DeleteStream", &json!({ "StreamName": stream }));
        let is_gone = || self.ask("DescribeStreamSummary", &json!({ "StreamName": stream })).err();
        assert!(wait_for(is_gone).is_some(), "stream {stream} never went");
    }

    /// Puts records, which are key and value, in this order. Answers with the sequence number of each, whose shard stands in front.
    pub(crate) fn put(&self, stream: &str, records: &[(&str, &str)]) -> Vec<(String, String)> {
        let put = |(key, value): &(&str, &str)| {
            let question = json!({ "StreamName": stream, "PartitionKey": key, "Data": encoded(value.as_bytes()) });
            let answer = self.must("PutRecord", &question);
            let text = |name: &str| answer[name].as_str().unwrap().to_owned();
            (text("ShardId"), text("SequenceNumber"))
        };
        records.iter().map(put).collect()
    }

    /// Puts records with as few questions as possible, in this order.
    pub(crate) fn put_many(&self, stream: &str, records: &[(String, String)]) {
        for some in records.chunks(500) {
            let record =
                |(key, value): &(String, String)| json!({ "PartitionKey": key, "Data": encoded(value.as_bytes()) });
            let records: Vec<Json> = some.iter().map(record).collect();
            let answer = self.must("PutRecords", &json!({ "StreamName": stream, "Records": records }));
            assert_eq!(answer["FailedRecordCount"].as_u64().unwrap_or(0), 0, "{answer}");
        }
    }

    /// All shards that there ever were.
    pub(crate) fn shards(&self, stream: &str) -> Vec<Json> {
        self.must("ListShards", &json!({ "StreamName": stream }))["Shards"].as_array().unwrap().clone()
    }

    /// Shards that take records.
    pub(crate) fn open_shards(&self, stream: &str) -> Vec<Json> {
        let mut shards = self.shards(stream);
        shards.retain(|shard| shard["SequenceNumberRange"]["EndingSequenceNumber"].is_null());
        shards
    }

    /// Splits a shard in two halves.
    pub(crate) fn split(&self, stream: &str, shard: &Json) -> Result<(), String> {
        let edge = |name: &str| shard["HashKeyRange"][name].as_str().unwrap().parse::<u128>().unwrap();
        let (start, end) = (edge("StartingHashKey"), edge("EndingHashKey"));
        let middle = (start + (end - start) / 2).to_string();
        let question = json!({ "StreamName": stream, "ShardToSplit": shard["ShardId"], "NewStartingHashKey": middle });
        self.ask("SplitShard", &question).map(|_| ())
    }

    /// Merges two shards that lie side by side.
    pub(crate) fn merge(&self, stream: &str, one: &Json, other: &Json) -> Result<(), String> {
        let question = json!({
            "StreamName": stream, "ShardToMerge": one["ShardId"], "AdjacentShardToMerge": other["ShardId"]
        });
        self.ask("MergeShards", &question).map(|_| ())
    }

    /// Every record that is kept, shard by shard.
    pub(crate) fn read(&self, stream: &str) -> Vec<Found> {
        self.shards(stream)
            .iter()
            .flat_map(|shard| self.read_shard(stream, shard["ShardId"].as_str().unwrap()))
            .collect()
    }

    fn read_shard(&self, stream: &str, shard: &str) -> Vec<Found> {
        let question = json!({ "StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let mut iterator = self.must("GetShardIterator", &question)["ShardIterator"].clone();
        let mut found = Vec::new();
        loop {
            let answer = self.must("GetRecords", &json!({ "ShardIterator": iterator }));
            let records = answer["Records"].as_array().unwrap();
            if records.is_empty() {
                return found;
            }
            let text = |record: &Json, name: &str| record[name].as_str().unwrap().to_owned();
            found.extend(records.iter().map(|record| Found {
                shard: shard.to_owned(),
                sequence: text(record, "SequenceNumber"),
                arrived: record["ApproximateArrivalTimestamp"].as_f64().unwrap(),
                key: text(record, "PartitionKey"),
                data: text(record, "Data"),
            }));
            iterator = answer["NextShardIterator"].clone();
        }
    }

    /// Where a stream ends that nobody writes: its open shards with the last record of each.
    pub(crate) fn end(&self, stream: &str) -> String {
        let mut last = BTreeMap::new();
        for found in self.read(stream) {
            last.insert(found.shard, found.sequence);
        }
        let place = |shard: &Json| {
            let id = shard["ShardId"].as_str().unwrap();
            format!("{stream}:{id}={}", last.get(id).map_or("start", String::as_str))
        };
        self.open_shards(stream).iter().map(place).collect::<Vec<_>>().join(",")
    }
}

/// Base64.
fn encoded(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let at = (bits >> (18 - 6 * digit)) as usize & 63;
            out.push(if digit <= chunk.len() { char::from(DIGITS[at]) } else { '=' });
        }
    }
    out
}
