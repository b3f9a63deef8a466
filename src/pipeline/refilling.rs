//! Fills one view or one sink again, for whoever asks.

use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::oneshot;

use super::apply::{Action, ApplyPhase, ApplyRefusal, ApplyStatus, Plan, PlannedSinkChange, Reply, Wish};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::replacing::stopping;
use super::status::{Condition, SinkStatus};
use super::verify::{SinkAsk, mark};

/// How long a delivery may take to take the ask: it writes a batch meanwhile.
const ASK_MAX: Duration = Duration::from_secs(10);

impl Daemon {
    /// A view is filled from its tables beside what is served, with the views that read it.
    pub(super) async fn fill_view_again(&mut self, view: &SmolStr, reply: Reply) -> Result<(), PipelineError> {
        let views = &self.generation.projections.views;
        if !views.iter().any(|known| known.name == *view) {
            reply.done(Err(unknown("view", view, views.iter().map(|view| view.name.as_str()))));
            return Ok(());
        }
        if let Err(error) = mark(&self.generation.config.state_dir, view) {
            reply.done(Err(ApplyRefusal::Refused {
                message: format!("view \"{view}\" cannot be marked to be filled again: {error}"),
                hint: Some("look at the disk of the state directory".into()),
            }));
            return Ok(());
        }
        self.take_up(Wish::Refill, reply).await
    }

    /// A sink gets all rows of its view.
    pub(super) async fn fill_sink_again(&mut self, sink: &SmolStr, reply: Reply) -> Result<(), PipelineError> {
        let Some(ask) = self.generation.sink_asks.get(sink).cloned() else {
            let sinks = self.generation.config.sinks.iter();
            reply.done(Err(unknown("sink", sink, sinks.map(|sink| sink.name().as_str()))));
            return Ok(());
        };
        let status = self.sink_status(sink);
        let (answer, filled) = oneshot::channel();
        let asked = async { tokio::time::timeout(ASK_MAX, ask.send(SinkAsk::Refill { answer })).await };
        if status.condition != Condition::Live || !matches!(asked.await, Ok(Ok(()))) {
            let (message, hint) = self.why_not_filled(sink);
            reply.done(Err(ApplyRefusal::Refused { message, hint }));
            return Ok(());
        }
        self.show_begun(ApplyPhase::Filling);
        let change = PlannedSinkChange { sink: sink.clone(), view: status.view, action: Action::Change };
        let turn = reply.begun(Plan { sinks: vec![change], ..Plan::default() });
        let runs = self.generation.stepper.is_some();
        let ended = tokio::select! {
            filled = filled => match filled {
                Ok(()) => ApplyStatus { phase: ApplyPhase::Applied, ..ApplyStatus::default() },
                Err(_) => {
                    let (message, hint) = self.why_not_filled(sink);
                    ApplyStatus::failed(message, hint)
                }
            },
            Err(error) = self.generation.engine_ended(), if runs => return Err(error),
            () = self.stop.cancelled() => ApplyStatus::failed(stopping().to_string(), None),
        };
        self.show_end(ended, turn);
        Ok(())
    }

    fn sink_status(&self, sink: &SmolStr) -> SinkStatus {
        self.generation.projections.status.inspect(|status| status.sinks.get(sink).cloned()).unwrap_or_default()
    }

    fn why_not_filled(&self, sink: &SmolStr) -> (String, Option<String>) {
        let SinkStatus { condition, error, hint, .. } = self.sink_status(sink);
        let why = error.unwrap_or_else(|| format!("it is {}", condition.word()));
        let hint = hint.unwrap_or_else(|| "ask again once \"tailwater status\" shows it live".into());
        (format!("sink \"{sink}\" is not filled again: {why}"), Some(hint))
    }
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> ApplyRefusal {
    let known = known.collect::<Vec<_>>().join(", ");
    ApplyRefusal::Refused { message: format!("there is no {kind} \"{name}\""), hint: Some(format!("{kind}s: {known}")) }
}
