//! The Redis protocol as clients of other languages speak it: `redis-cli`, Python's `redis`, Node's `ioredis` and `redis`.
//!
//! The libraries are fetched into a directory of the target; a machine without pip or npm fails these tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::support::rig::{Rig, said};

const SCHEMA: &str = "create table items (id int primary key, name text, price numeric(8,2), tags text[]); \
    insert into items select i, 'item ' || i, i * 1.5, array['a', 'b'] from generate_series(1, 250) i; \
    insert into items values (1000, null, null, null); insert into items values (1001, E'Zo\\u00eb \"quoted\"', 0, null)";
const VIEWS: &str = "[view.item]\nsql = \"select id, name, price, tags from items\"\n\n\
    [view.pair]\nsql = \"select id, name, price from items where name is not null\"\nkey = [\"id\", \"name\"]\n";
const PYTHON: &str = include_str!("clients/client.py");
const IOREDIS: &str = include_str!("clients/ioredis.js");
const NODE_REDIS: &str = include_str!("clients/node_redis.js");
/// Versions that the scripts were written for.
const PYTHON_LIBRARY: &str = "redis==5.2.1";
const NODE_LIBRARIES: [&str; 2] = ["ioredis@5.4.1", "redis@4.7.0"];

/// A running daemon with a password on the Redis protocol.
fn guarded() -> Rig {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let text = std::fs::read_to_string(rig.config()).unwrap();
    std::fs::write(rig.config(), format!("{text}redis_password = \"secret\"\n")).unwrap();
    rig.start();
    rig
}

/// Where libraries are kept between runs.
pub(crate) fn library_directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub(crate) fn must(command: &mut Command, why: &str) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{why}: {command:?}: {error}"));
    assert!(output.status.success(), "{why}: {command:?}: {}", said(&output));
    output
}

/// Runs a script with the port as its argument; what it prints last is `ok`.
fn run_script(mut interpreter: Command, script: &str, port: u16) {
    let mut child = interpreter
        .env("PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.ends_with(b"ok\n"), "{}", said(&output));
}

#[test]
fn python_redis_reads_views() {
    let directory = library_directory("python-clients");
    let python = directory.join("bin/python");
    let installed = |python: &Path| {
        Command::new(python).args(["-c", "import redis"]).output().is_ok_and(|output| output.status.success())
    };
    if !installed(&python) {
        let why = "the Python client cannot be installed; python3 with venv and pip are needed: run script/bootstrap";
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory), why);
        must(
            Command::new(&python).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                PYTHON_LIBRARY,
            ]),
            why,
        );
    }
    let rig = guarded();
    let mut command = Command::new(&python);
    command.arg("-");
    run_script(command, PYTHON, rig.resp.port());
}

/// The directory in which both Node clients are.
fn node_clients() -> PathBuf {
    static INSTALLED: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let install = || {
        let directory = library_directory("node-clients");
        let there = |name: &str| directory.join("node_modules").join(name).join("package.json").exists();
        if !(there("ioredis") && there("redis")) {
            let why = "the Node clients cannot be installed; node and npm are needed: run script/bootstrap";
            std::fs::create_dir_all(&directory).unwrap();
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"])
                .arg(&directory)
                .args(NODE_LIBRARIES);
            must(&mut npm, why);
        }
        directory
    };
    INSTALLED.get_or_init(install).clone()
}

fn run_node(script: &str) {
    let directory = node_clients();
    let rig = guarded();
    let mut command = Command::new("node");
    command.arg("-").current_dir(directory);
    run_script(command, script, rig.resp.port());
}

#[test]
fn node_ioredis_reads_views() {
    run_node(IOREDIS);
}

#[test]
fn node_redis_reads_views() {
    run_node(NODE_REDIS);
}

#[test]
fn redis_cli_reads_views() {
    let rig = guarded();
    let run = |arguments: &[&str]| {
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &rig.resp.port().to_string()]).args(arguments).env("REDISCLI_AUTH", "secret");
        let output = must(&mut cli, "redis-cli is needed: run script/bootstrap");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let document = "{\"id\":7,\"name\":\"item 7\",\"price\":\"10.50\",\"tags\":[\"a\",\"b\"]}\n";
    assert_eq!(run(&["GET", "item:7"]), document);
    assert_eq!(run(&["-3", "GET", "item:7"]), document);
    assert_eq!(run(&["MGET", "item:99999", "item:7"]), format!("\n{document}"));
    assert!(run(&["GET", "item:seven"]).contains("key column \"id\" of view \"item\""), "no key of the view");
    assert!(run(&["GET", "items:7"]).contains("did you mean \"item\"?"));
    assert_eq!(run(&["HMGET", "item:7", "name", "nothing", "price"]), "item 7\n\n10.50\n");
    assert_eq!(run(&["HGETALL", "item:1000"]), "id\n1000\n");
    assert_eq!(run(&["EXISTS", "item:7", "item:8", "item:9999"]), "2\n");
    assert_eq!(run(&["TYPE", "item:7"]), "hash\n");
    assert_eq!((run(&["TTL", "item:7"]), run(&["TTL", "item:9999"])), ("-1\n".into(), "-2\n".into()));
    assert!(run(&["SET", "item:7", "x"]).starts_with("READONLY"));
    assert!(run(&["PING"]).starts_with("PONG"));
    assert!(run(&["INFO", "server"]).contains("redis_version"));
    assert_eq!(run(&["--scan", "--pattern", "item:*"]).lines().count(), 252);
    assert_eq!(run(&["--scan", "--pattern", "pair:1?:*"]).lines().count(), 10);
    let mut cli = Command::new("redis-cli");
    cli.args(["-p", &rig.resp.port().to_string(), "GET", "item:7"]).env_remove("REDISCLI_AUTH");
    let output = cli.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("NOAUTH"), "{}", said(&output));
}
