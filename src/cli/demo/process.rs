//! A daemon as a process of its own, for the demo and the tests: started, awaited, stopped, killed.

use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::pipeline::status::{Condition, Status};

/// How often the process is looked at.
const POLL: Duration = Duration::from_millis(20);
/// A stop writes what is in flight; past this it is killed.
const STOP_MAX: Duration = Duration::from_secs(20);

/// `tailwater run` in the background.
pub struct DaemonProcess {
    program: PathBuf,
    config: PathBuf,
    environment: Vec<(String, String)>,
    http: SocketAddr,
    child: Option<Child>,
}

impl DaemonProcess {
    /// A daemon that is not started yet: `program run --config config`, serving HTTP at `http`; its log goes to `log`
    /// beside the configuration.
    pub fn new(program: &Path, config: &Path, http: SocketAddr, environment: Vec<(String, String)>) -> Self {
        Self { program: program.into(), config: config.into(), environment, http, child: None }
    }

    /// Sets the variables that the next start adds to our own environment.
    pub fn set_environment(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
    }

    /// Starts it.
    pub fn start(&mut self) -> io::Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(&self.program).arg("run").arg("--config").arg(&self.config);
        command.envs(self.environment.iter().cloned());
        self.child = Some(command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        Ok(())
    }

    /// Where its log goes.
    pub fn log(&self) -> PathBuf {
        self.config.with_extension("log")
    }

    /// Waits until `/readyz` says that everything is live.
    pub fn wait_until_ready(&mut self, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let url = format!("http://{}/readyz", self.http);
        loop {
            if ureq::get(&url).call().is_ok() {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?.is_some(),
                None => true,
            };
            if ended || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                let what = if ended { "ended" } else { "was not ready in time" };
                return Err(io::Error::other(format!("the daemon {what}; its log says:\n{log}")));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until every sink follows its view.
    pub fn wait_until_delivering(&mut self, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let url = format!("http://{}/v1/status", self.http);
        loop {
            let answer = ureq::get(&url).call().and_then(|response| response.into_body().read_to_string());
            let status: Option<Status> = answer.ok().and_then(|text| serde_json::from_str(&text).ok());
            if status.is_some_and(|status| status.sinks.values().all(|sink| sink.condition == Condition::Live)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                return Err(io::Error::other(format!("a sink did not follow in time; the daemon's log says:\n{log}")));
            }
            std::thread::sleep(POLL);
        }
    }

    /// SIGKILL, at once.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends it a signal by its name, as `HUP`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let Some(child) = &self.child else { return Err(io::Error::other("the daemon does not run")) };
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().map(drop)
    }

    /// SIGTERM; answers how it ended.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        let Some(mut child) = self.child.take() else { return Err(io::Error::other("the daemon does not run")) };
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        let deadline = Instant::now() + STOP_MAX;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other("the daemon did not stop in time"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until it ends by itself; `None` when it still runs.
    pub fn wait_until_ended(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        while let Some(child) = &mut self.child {
            if let Some(status) = child.try_wait()? {
                self.child = None;
                return Ok(Some(status));
            }
            if Instant::now() > deadline {
                break;
            }
            std::thread::sleep(POLL);
        }
        Ok(None)
    }

    /// Its process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
