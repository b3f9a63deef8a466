//! Everything that runs over one state with one configuration.
//!
//! It is prepared (planned, its engine opened), then its intake runs (sources, stepper, flusher), then its deliveries. A daemon has one; while
//! another configuration is applied, a second one is prepared beside it over a branch of the state (see `applying`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::search::SearchIndex;
use tailwater_connectors::{Sink, TableSchema, ViewSchema};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Projections;
use super::apply::ApplyDesk;
use super::copies::Copies;
use super::delivered::Delivered;
use super::delivery::{Delivery, FormerLife};
use super::durability::Flusher;
use super::error::PipelineError;
use super::planning::Planning;
use super::sinks::make_sink;
use super::source::BATCHES_IN_FLIGHT_MAX;
use super::starting::{Late, Opening, Starting};
use super::status::StatusBoard;
use super::stepper::Stepper;
use super::takeover::TakeOver;
use super::touched::Touched;
use super::verify::{Gate, Parts, SinkAsk, Verifier};
use crate::config::Config;
use crate::engine::{Engine, EngineCatalog, TakenOver};
use crate::state::Checkpoint;
use crate::state::State;

/// How long tasks may take to finish their last work when stopped.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A sink ready to start, with what it delivers.
struct PlannedSink {
    name: SmolStr,
    view: SmolStr,
    sink: Box<dyn Sink>,
}

type Searches = BTreeMap<SmolStr, Arc<SearchIndex>>;

/// One that does not run yet.
pub(super) struct Prepared {
    pub(super) config: Arc<Config>,
    pub(super) engine: Engine,
    pub(super) projections: Projections,
    pub(super) planning: Planning,
    sinks: Vec<PlannedSink>,
    checkpoints: watch::Sender<Checkpoint>,
    checkpoint: Checkpoint,
    verifier: Verifier,
}

/// One that runs.
pub(super) struct Generation {
    pub(super) config: Arc<Config>,
    pub(super) projections: Projections,
    /// Tables that are followed.
    pub(super) tables: Vec<Arc<TableSchema>>,
    /// Ends with the engine; taken once it has ended.
    pub(super) stepper: Option<JoinHandle<Result<(), PipelineError>>>,
    /// While it is set, nothing more is confirmed to the sources.
    hold: Arc<AtomicBool>,
    /// Sources that have not begun yet.
    pub(super) late: Option<Late>,
    delivered: Arc<Delivered>,
    waiting: Option<Waiting>,
    /// Where sinks are asked, once they deliver.
    pub(super) sink_asks: BTreeMap<SmolStr, mpsc::Sender<SinkAsk>>,
    intake: JoinSet<()>,
    tasks: JoinSet<()>,
    deliveries: JoinSet<()>,
    stop_intake: CancellationToken,
    stop_tasks: CancellationToken,
    stop_deliveries: CancellationToken,
}

/// What starts with the deliveries.
struct Waiting {
    sinks: Vec<PlannedSink>,
    verifier: Verifier,
    gate: Arc<Gate>,
}

/// What the engine of a configuration is to keep.
pub(super) fn catalog(config: &Config, planning: &Planning) -> EngineCatalog {
    EngineCatalog {
        tables: planning.tables().cloned().collect(),
        views: planning.views.clone(),
        changelogs: config.sinks.iter().map(|sink| sink.view().clone()).collect::<BTreeSet<_>>(),
    }
}

impl Prepared {
    /// Over an engine that was opened for this configuration and planning.
    pub(super) fn new(
        config: Arc<Config>,
        planning: Planning,
        (engine, state): (Engine, Arc<State>),
    ) -> Result<Self, PipelineError> {
        let (sinks, searches) = open_sinks(&config, engine.views(), &planning)?;
        let checkpoint = state.checkpoint()?;
        let (verifier, desk) = Verifier::new(&config, &planning, engine.views());
        let (checkpoints, newest) = watch::channel(checkpoint.clone());
        let projections = Projections {
            state,
            sources: planning.sources.iter().map(|source| source.name.clone()).collect(),
            views: engine.views().into(),
            operators: Arc::new(engine.operators()),
            checkpoints: newest,
            status: Arc::new(StatusBoard::default()),
            searches: Arc::new(searches),
            verify: desk,
        };
        Ok(Self { config, engine, projections, planning, sinks, checkpoints, checkpoint, verifier })
    }

    /// Starts sources, stepper and flusher. Whether sources are reached is on the board. What the sources' servers keep beyond what they may
    /// is told to the desk.
    pub(super) fn start(
        self,
        stop: &CancellationToken,
        opening: Opening,
        desk: &ApplyDesk,
    ) -> Result<Generation, PipelineError> {
        let Self { config, engine, projections, planning, sinks, checkpoints, checkpoint, verifier } = self;
        let (stop_intake, stop_tasks) = (stop.child_token(), CancellationToken::new());
        let (hold, gate, delivered) = (Arc::<AtomicBool>::default(), Arc::<Gate>::default(), Arc::default());
        let (sender, messages) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let mut intake = JoinSet::new();
        let (alone, takeover) = opening.parts();
        let starting = Starting {
            config: &config,
            planning: &planning,
            projections: &projections,
            desk,
            takeover: takeover.as_ref(),
            stop: &stop_intake,
        };
        starting.show(&checkpoint);
        let (durable, late) = starting.spawn_sources(&mut intake, &sender, (&engine, &checkpoint), alone.as_ref())?;
        drop(sender);
        let mut tasks = JoinSet::new();
        let flusher = Flusher {
            state: projections.state.clone(),
            checkpoints: projections.checkpoints.clone(),
            durable,
            hold: hold.clone(),
            status: projections.status.clone(),
            stop: stop_tasks.clone(),
        };
        tasks.spawn(flusher.run());
        let stepper = Stepper {
            copies: Copies::new(&engine, planning.followed())?,
            engine,
            state: projections.state.clone(),
            messages,
            checkpoints,
            touched: Touched::new(&planning.sources, &config.views),
            applied: checkpoint.positions,
            delivered: Arc::clone(&delivered),
            status: projections.status.clone(),
            gate: gate.clone(),
            takeover,
            released: Default::default(),
            stop: stop_intake.clone(),
        };
        sinks.iter().for_each(|sink| delivered.register(&sink.view, &sink.name));
        Ok(Generation {
            tables: planning.tables().cloned().collect(),
            config,
            projections,
            stepper: Some(tokio::task::spawn_blocking(move || stepper.run())),
            hold,
            late,
            delivered,
            waiting: Some(Waiting { sinks, verifier, gate }),
            sink_asks: BTreeMap::new(),
            intake,
            tasks,
            deliveries: JoinSet::new(),
            stop_intake,
            stop_tasks,
            stop_deliveries: CancellationToken::new(),
        })
    }
}

impl Generation {
    /// Starts deliveries and verification. Once. `taken` is how it took the place of another.
    pub(super) fn deliver(&mut self, taken: Option<&TakenOver>, apply: &ApplyDesk) {
        let Some(Waiting { sinks, verifier, gate }) = self.waiting.take() else { return };
        let mut asks: BTreeMap<SmolStr, mpsc::Sender<SinkAsk>> = BTreeMap::new();
        for planned in sinks {
            let view = self.projections.views.iter().find(|view| view.name == planned.view);
            let (ask, asked) = mpsc::channel(1);
            asks.insert(planned.name.clone(), ask);
            let delivery = Delivery {
                name: planned.name,
                former: taken.and_then(|taken| former_life(taken, &planned.view)),
                view: view.expect("checked when sinks were opened").clone(),
                state: self.projections.state.clone(),
                checkpoints: self.projections.checkpoints.clone(),
                delivered: self.delivered.clone(),
                status: self.projections.status.clone(),
                asks: asked,
                stop: self.stop_deliveries.clone(),
            };
            self.deliveries.spawn(delivery.run(planned.sink));
        }
        let parts = Parts {
            config: self.config.clone(),
            state: self.projections.state.clone(),
            status: self.projections.status.clone(),
            gate,
            sinks: asks.clone(),
            apply: apply.clone(),
            stop: self.stop_intake.clone(),
        };
        self.tasks.spawn(verifier.run(parts));
        self.sink_asks = asks;
    }

    /// The sources that have waited begin, and take over.
    pub(super) async fn follow(&mut self, takeover: TakeOver) {
        if let Some(late) = self.late.take() {
            late.follow(takeover, &mut self.intake).await;
        }
    }

    /// From now on nothing more is confirmed to the sources, until [`Generation::release`].
    pub(super) fn hold(&self) {
        self.hold.store(true, Ordering::SeqCst);
    }

    /// Confirms again.
    pub(super) fn release(&self) {
        self.hold.store(false, Ordering::SeqCst);
    }

    /// Waits until the engine ends: by the stop signal, by an error, or since all sources have ended. At once when it has ended.
    pub(super) async fn engine_ended(&mut self) -> Result<(), PipelineError> {
        match &mut self.stepper {
            Some(stepper) => {
                let outcome = stepper.await.expect("the stepper does not panic");
                self.stepper = None;
                outcome
            }
            None => Ok(()),
        }
    }

    /// Ends sources and engine; readers and deliveries go on with what is committed. Answers with that.
    pub(super) async fn stop_intake(&mut self) -> Result<Checkpoint, PipelineError> {
        self.stop_intake.cancel();
        self.late = None;
        self.engine_ended().await?;
        while self.intake.join_next().await.is_some() {}
        Ok(self.projections.state.checkpoint()?)
    }

    /// Lets the deliveries come to `step`, for a while, and ends them.
    pub(super) async fn end_deliveries(&mut self, step: u64, patience: Duration) {
        let come = async {
            while !self.delivered.all_at(step) {
                tokio::time::sleep(DELIVERED_POLL).await;
            }
        };
        if tokio::time::timeout(patience, come).await.is_err() {
            info!("a sink has not come to the end of what was before; it is filled again");
        }
        self.stop_deliveries.cancel();
        joined(&mut self.deliveries).await;
    }

    /// Ends everything.
    pub(super) async fn end(mut self) -> Result<(), PipelineError> {
        self.stop_intake.cancel();
        self.late = None;
        let outcome = self.engine_ended().await;
        self.stop_deliveries.cancel();
        self.stop_tasks.cancel();
        for tasks in [&mut self.intake, &mut self.deliveries, &mut self.tasks] {
            joined(tasks).await;
        }
        outcome
    }
}

/// The life of a view from which its sinks go on with the difference: fingerprint and last step.
fn former_life(taken: &TakenOver, view: &SmolStr) -> Option<FormerLife> {
    let (_, fingerprint) = taken.differences.iter().find(|(name, _)| name == view)?;
    Some(FormerLife { fingerprint: *fingerprint, step: taken.floor })
}

/// How often it is looked whether sinks are where they should be.
const DELIVERED_POLL: Duration = Duration::from_millis(20);

async fn joined(tasks: &mut JoinSet<()>) {
    let finish = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_MAX, finish).await.is_err() {
        info!("a task did not finish in time; its work is taken up again at the next start");
        tasks.abort_all();
    }
}

fn open_sinks(
    config: &Config,
    views: &[Arc<ViewSchema>],
    planning: &Planning,
) -> Result<(Vec<PlannedSink>, Searches), PipelineError> {
    let (mut sinks, mut searches) = (Vec::new(), BTreeMap::new());
    for configured in &config.sinks {
        let view = views.iter().find(|view| view.name == *configured.view()).ok_or_else(|| PipelineError::Misfit {
            message: format!("sink \"{}\": there is no view \"{}\"", configured.name(), configured.view()),
            hint: "name a view of the configuration".into(),
        })?;
        let (sink, index) = make_sink((configured, &config.state_dir), view, planning.tables())?;
        if let Some(index) = index {
            searches.insert(configured.name().clone(), index);
        }
        sinks.push(PlannedSink { name: configured.name().clone(), view: configured.view().clone(), sink });
    }
    Ok((sinks, searches))
}
