//! The sources of a generation begin: all of them, or one alone until the others follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::Position;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Projections;
use super::apply::ApplyDesk;
use super::aside::Aside;
use super::durability::DurableSenders;
use super::error::PipelineError;
use super::health::HealthWatch;
use super::planning::{PlannedSource, Planning};
use super::source::{Item, Standing, Supervisor, Taken};
use super::status::Condition;
use super::takeover::TakeOver;
use crate::config::Config;
use crate::engine::Engine;
use crate::state::Checkpoint;

/// Which sources begin, and for what.
pub(super) enum Opening {
    /// All of them.
    All,
    /// All of them, to take over.
    TakeOver(TakeOver),
    /// One; the others come with the take-over, see [`Late`].
    Alone(SmolStr),
}

impl Opening {
    /// The source that begins alone, and where all are to be met.
    pub(super) fn parts(self) -> (Option<SmolStr>, Option<TakeOver>) {
        match self {
            Self::All => (None, None),
            Self::TakeOver(takeover) => (None, Some(takeover)),
            Self::Alone(source) => (Some(source), None),
        }
    }
}

/// Sources that wait for the one that began alone.
pub(super) struct Late {
    first: SmolStr,
    to_engine: mpsc::Sender<Taken>,
    others: Vec<Following>,
}

/// The tasks of one source.
struct Following {
    supervisor: Supervisor,
    watch: HealthWatch,
    standing: Option<Standing>,
}

pub(super) struct Starting<'a> {
    pub(super) config: &'a Config,
    pub(super) planning: &'a Planning,
    pub(super) projections: &'a Projections,
    pub(super) desk: &'a ApplyDesk,
    /// Where the sources are to be met before they go further.
    pub(super) takeover: Option<&'a TakeOver>,
    pub(super) stop: &'a CancellationToken,
}

impl Following {
    fn spawn(self, tasks: &mut JoinSet<()>) {
        tasks.spawn(self.watch.run());
        tasks.spawn(self.supervisor.run(self.standing));
    }
}

impl Starting<'_> {
    /// Spawns the sources; with `alone` just that one, and answers with the others.
    pub(super) fn spawn_sources(
        &self,
        tasks: &mut JoinSet<()>,
        sender: &mpsc::Sender<Taken>,
        (engine, checkpoint): (&Engine, &Checkpoint),
        alone: Option<&SmolStr>,
    ) -> Result<(DurableSenders, Option<Late>), PipelineError> {
        let (mut durable, mut others) = (BTreeMap::new(), Vec::new());
        for planned in &self.planning.sources {
            let position = checkpoint.positions.0.get(&planned.name).cloned();
            let (announce, confirmed) = watch::channel(position.clone());
            durable.insert(planned.name.clone(), announce);
            let mut following = self.following(planned, sender, confirmed);
            if planned.record.aside.is_some() {
                tasks.spawn(following.watch.run());
            } else if alone.is_none_or(|alone| *alone == planned.name) {
                let (copying, note) = (engine.copying_tables(&planned.name)?, engine.note(&planned.name)?);
                following.standing = Some(Standing { position, copying, note });
                following.spawn(tasks);
            } else {
                others.push(following);
            }
        }
        let late = alone.map(|first| Late { first: first.clone(), to_engine: sender.clone(), others });
        Ok((durable, late))
    }

    fn following(
        &self,
        planned: &PlannedSource,
        sender: &mpsc::Sender<Taken>,
        confirmed: watch::Receiver<Option<Position>>,
    ) -> Following {
        let config = self.config.sources.iter().find(|source| *source.name() == planned.name);
        let config = Arc::new(config.expect("planned from this configuration").clone());
        let watch = HealthWatch {
            config: config.clone(),
            status: self.projections.status.clone(),
            desk: planned.record.aside.is_none().then(|| self.desk.clone()),
            stop: self.stop.clone(),
        };
        let supervisor = Supervisor {
            config,
            record: planned.record.clone(),
            meets: self.takeover.and_then(|takeover| takeover.target(&planned.name)).cloned(),
            spill: self.config.state_dir.join("spill").join(planned.name.as_str()),
            out: sender.clone(),
            durable: confirmed,
            status: self.projections.status.clone(),
            stop: self.stop.clone(),
        };
        Following { supervisor, watch, standing: None }
    }

    /// What is known at once.
    pub(super) fn show(&self, checkpoint: &Checkpoint) {
        self.projections.status.update(|status| {
            status.version = env!("CARGO_PKG_VERSION").into();
            status.state.condition = Condition::Live;
            status.step = checkpoint.step;
            status.applied = checkpoint.positions.clone();
            status.durable = checkpoint.positions.clone();
            for planned in &self.planning.sources {
                let source = status.sources.entry(planned.name.clone()).or_default();
                planned.record.aside.iter().for_each(|mark| Aside::new(mark).show(source));
            }
            for (view, sources) in self.planning.sources_read() {
                status.views.entry(view).or_default().sources = sources;
            }
            for sink in &self.config.sinks {
                status.sinks.entry(sink.name().clone()).or_default().view = sink.view().clone();
            }
        });
    }
}

impl Late {
    /// Asks the engine where the first source stands, behind all that it has handed over. `None` when the engine has no room for
    /// the question now, or has ended.
    pub(super) fn ask(&self) -> Option<oneshot::Receiver<Standing>> {
        let (answer, standing) = oneshot::channel();
        self.to_engine.try_send(Taken { source: self.first.clone(), item: Item::Stand(answer) }).ok()?;
        Some(standing)
    }

    /// The engine is told where to take over, and then the other sources begin.
    pub(super) async fn follow(mut self, takeover: TakeOver, tasks: &mut JoinSet<()>) {
        for Following { supervisor, .. } in &mut self.others {
            supervisor.meets = takeover.target(supervisor.config.name()).cloned();
        }
        let item = Item::TakeOver(Box::new(takeover));
        // An engine that has ended says why itself.
        let _ = self.to_engine.send(Taken { source: self.first, item }).await;
        self.others.into_iter().for_each(|following| following.spawn(tasks));
    }
}
