//! A private schema registry for tests: Apicurio with its Confluent-compatible endpoint, on a free port, in memory, with what
//! `script/registry` installed; stopped when dropped. A file of its own that the tests of both packages may include.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use tempfile::TempDir;

/// What it says when it is ready.
const READY: &str = "Listening on:";
const LEFT_OUT: &str = "registry";

/// Whether tests with it are left out on purpose, by `TAILWATER_TEST_WITHOUT`: they are to say so and end.
pub(crate) fn is_left_out() -> bool {
    let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
    without.split(',').any(|name| name.trim() == LEFT_OUT)
}

/// The folder that the script prints; without the registry the tests fail with the script's sentence.
fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.ancestors().find(|folder| folder.join("script/registry").exists()).expect("the repository");
        let output = Command::new(root.join("script/registry")).arg("2.6").output().expect("a script");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    };
    FOLDER.get_or_init(find).clone()
}

/// Runs until dropped.
pub(crate) struct SchemaRegistry {
    port: u16,
    process: Child,
    _directory: TempDir,
}

impl SchemaRegistry {
    /// The one that all tests of this program share while one of them runs.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<SchemaRegistry>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let registry = Arc::new(Self::start());
            *shared = Arc::downgrade(&registry);
            registry
        })
    }

    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("twregistry").tempdir_in("/tmp").expect("a directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let mut command = Command::new(folder().join("run"));
        command.arg(format!("-Dquarkus.http.port={port}")).current_dir(directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("Java can be run");
        let mut said = BufReader::new(process.stdout.take().expect("it is piped"));
        let registry = Self { port, process, _directory: directory };
        let mut log = String::new();
        // It says so when it is ready, and nothing more when it has ended.
        while !log.contains(READY) {
            assert!(said.read_line(&mut log).expect("it is text") > 0, "the registry did not start: {log}");
        }
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        registry
    }

    /// Address of the compatible endpoint.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }
}

impl Drop for SchemaRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
