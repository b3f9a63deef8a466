//! How a command fails: what is printed and with which exit code.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::pipeline::PipelineError;

/// Exit code: the daemon cannot be reached.
const UNREACHABLE: u8 = 3;

/// A command's end in failure.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// The thing asked for failed or was found wrong.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into(), hint: None }
    }

    /// The command line or the configuration is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into(), hint: None }
    }

    /// The daemon cannot be reached.
    pub(super) fn unreachable(message: impl Into<String>) -> Self {
        Self { code: UNREACHABLE, message: message.into(), hint: None }
    }

    /// Whether the daemon could not be reached.
    pub(super) fn is_unreachable(&self) -> bool {
        self.code == UNREACHABLE
    }

    /// With what to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it to stderr, gives the exit code.
    pub(super) fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message);
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(format!("the configuration has problems\n{error}"))
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        let (hint, mut message) = (error.hint(), error.to_string());
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message.push_str(&format!("\ncause: {error}"));
            cause = error.source();
        }
        Self { code: 1, message, hint }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
