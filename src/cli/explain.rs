//! `tailwater explain`.

use std::io::Write;

use clap::Args;

use super::arguments::ConfigPath;
use super::failure::Failure;
use crate::config;
use crate::engine::{self, EngineCatalog};
use crate::pipeline::{PipelineError, plan_from_sources};

/// Prints how views are kept.
#[derive(Args)]
pub(super) struct Explain {
    /// The view; default: all.
    view: Option<String>,
    #[command(flatten)]
    config: ConfigPath,
}

impl Explain {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = config::load(&self.config.config)?;
        let planning = plan_from_sources(&config).await?;
        let wanted = |name: &str| self.view.as_deref().is_none_or(|wanted| wanted == name);
        let views: Vec<_> = planning.views().iter().filter(|view| wanted(&view.name)).collect();
        if let (Some(name), true) = (&self.view, views.is_empty()) {
            let known: Vec<_> = planning.views().iter().map(|view| view.name.as_str()).collect();
            return Err(
                Failure::usage(format!("there is no view \"{name}\"")).hint(format!("views: {}", known.join(", ")))
            );
        }
        let catalog = EngineCatalog {
            tables: planning.tables().cloned().collect(),
            views: planning.views().to_vec(),
            changelogs: config.sinks.iter().map(|sink| sink.view().clone()).collect(),
        };
        let mut out = std::io::stdout().lock();
        for view in views {
            for line in engine::explain(view, &catalog).map_err(PipelineError::from)? {
                let indent = "  ".repeat(line.depth);
                writeln!(out, "{indent}{}", line.text)?;
                for state in &line.state {
                    writeln!(out, "{indent}    keeps {state}")?;
                }
            }
        }
        Ok(())
    }
}
