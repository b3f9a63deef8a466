//! `tailwater query`.

use clap::Args;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use super::remote::{Remote, encoded};

/// Prints rows as JSON lines; their position goes to stderr.
#[derive(Args)]
pub(super) struct Query {
    /// The view.
    view: String,
    /// Key of one row, as in the API's path; without it all rows.
    key: Option<String>,
    /// At most this many rows.
    #[arg(long)]
    limit: Option<u64>,
    /// Wait until the view has applied at least this source position.
    #[arg(long)]
    min_position: Option<String>,
    /// How long to wait for it.
    #[arg(long, default_value = "5s")]
    timeout: String,
    #[command(flatten)]
    daemon: DaemonAddress,
}

impl Query {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut parameters = Vec::new();
        if let Some(position) = &self.min_position {
            parameters.push(format!("min_position={}&timeout={}", encoded(position), encoded(&self.timeout)));
        }
        if let Some(limit) = self.limit {
            parameters.push(format!("limit={limit}"));
        }
        let path = match &self.key {
            Some(key) => format!("/v1/views/{}/rows/{}", encoded(&self.view), encoded(key)),
            None => format!("/v1/views/{}/rows", encoded(&self.view)),
        };
        let path = if parameters.is_empty() { path } else { format!("{path}?{}", parameters.join("&")) };
        let mut answer = Remote::new(self.daemon)?.get(&path, "application/x-ndjson")?;
        let mut out = std::io::stdout().lock();
        std::io::copy(&mut answer.body, &mut out)?;
        if self.key.is_some() {
            std::io::Write::write_all(&mut out, b"\n")?;
        }
        if let Some(position) = answer.position {
            eprintln!("position {position}");
        }
        if answer.next.is_some() {
            eprintln!("there are more rows: raise --limit");
        }
        Ok(())
    }
}
