//! Private servers of MySQL and MariaDB for tests, on free ports, in copies of the data directories that `script/mysql` and `script/mariadb`
//! made; stopped when dropped. A file of its own that the tests of both packages include, because no crate ships it.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Starting one on a loaded machine takes long.
const START_MAX: Duration = Duration::from_secs(60);

/// The servers that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Mariadb10,
    Mariadb11,
    Mysql9,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Mariadb10, Self::Mariadb11, Self::Mysql9];

    pub(crate) fn is_mariadb(self) -> bool {
        self != Self::Mysql9
    }

    /// Name in `TAILWATER_TEST_WITHOUT`, which leaves its tests out: they are to say so and end.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mariadb10 => "mariadb10",
            Self::Mariadb11 => "mariadb11",
            Self::Mysql9 => "mysql9",
        }
    }

    /// Whether tests with it are left out on purpose.
    pub(crate) fn is_left_out(self) -> bool {
        let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
        without.split(',').any(|name| name.trim() == self.name())
    }

    /// The folder that its script prints; without the server the tests fail with the script's sentence.
    fn folder(self) -> PathBuf {
        static FOLDERS: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
        let (script, version) = match self {
            Self::Mariadb10 => ("mariadb", "10.11"),
            Self::Mariadb11 => ("mariadb", "11.8"),
            Self::Mysql9 => ("mysql", "9.7"),
        };
        let find = || {
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
            let root =
                manifest.ancestors().find(|folder| folder.join("script/mysql").exists()).expect("the repository");
            let output = Command::new(root.join("script").join(script)).arg(version).output().expect("a script");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
        };
        FOLDERS[self as usize].get_or_init(find).clone()
    }
}

/// Runs until dropped.
pub(crate) struct MysqlServer {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    directory: TempDir,
    options: Vec<String>,
    process: Option<Child>,
}

impl MysqlServer {
    /// The one of its kind that all tests of this program share while one of them runs.
    pub(crate) fn shared(kind: Kind) -> Arc<Self> {
        static SHARED: [Mutex<Weak<MysqlServer>>; 3] = [const { Mutex::new(Weak::new()) }; 3];
        let mut shared = SHARED[kind as usize].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start(kind, &[]));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// One of one's own, with these options behind the usual ones.
    pub(crate) fn start(kind: Kind, options: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("twmy").tempdir_in("/tmp").expect("a directory");
        let mut copy = Command::new("cp");
        copy.args(["-r", "--reflink=auto"]).arg(kind.folder().join("data")).arg(directory.path().join("data"));
        assert!(copy.status().expect("cp").success(), "the data directory cannot be copied");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { kind, port, directory, options, process: None };
        server.restart();
        server
    }

    /// Starts it again, after [`Self::stop`] or [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        self.kill();
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        let log = std::fs::File::create(path("log")).expect("a log file");
        // A server of MariaDB that starts removes temporary tables there, also those of others.
        std::fs::create_dir_all(path("tmp")).expect("a directory");
        let mut command = Command::new(self.kind.folder().join("server"));
        command
            .arg(format!("--datadir={}", path("data")))
            .arg(format!("--socket={}", path("socket")))
            .arg(format!("--pid-file={}", path("pid")))
            .arg(format!("--tmpdir={}", path("tmp")))
            .arg(format!("--port={}", self.port))
            .args(USUAL)
            .args(if self.kind.is_mariadb() { MARIADB.as_slice() } else { &MYSQL })
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        self.process = Some(command.spawn().expect("the server can be run"));
        self.wait_until_ready();
    }

    /// Whether it greets who connects.
    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        loop {
            let greeted = std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok_and(|mut stream| {
                let _ = stream.set_read_timeout(Some(START_MAX));
                stream.read_exact(&mut [0; 5]).is_ok()
            });
            if greeted {
                return;
            }
            let ended = self.process.as_mut().and_then(|process| process.try_wait().ok()).flatten();
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                panic!("{:?} did not start: {log}", self.kind);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Connection text, as superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// Its data directory.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Stops it in order.
    #[allow(dead_code, reason = "not every program that includes this file needs it")]
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let stopped = Command::new("kill").arg(process.id().to_string()).status();
        assert!(stopped.is_ok_and(|status| status.success()), "the server cannot be stopped");
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

impl Drop for MysqlServer {
    fn drop(&mut self) {
        self.kill();
    }
}

const USUAL: [&str; 10] = [
    "--bind-address=127.0.0.1",
    "--server-id=1",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
];
const MARIADB: [&str; 5] = [
    "--gtid-strict-mode=1",
    "--sync-binlog=0",
    "--innodb-data-file-path=ibdata1:3M:autoextend",
    "--innodb-log-file-size=4M",
    "--log-slave-updates=1",
];
const MYSQL: [&str; 6] = [
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--sync-binlog=0",
    "--mysqlx=OFF",
    "--innodb-redo-log-capacity=8M",
    "--log-error-verbosity=2",
];
