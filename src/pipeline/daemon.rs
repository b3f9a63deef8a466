//! Puts the daemon together and takes it apart again.
//!
//! Start: open the state, plan the views (from the state's own records where there are some), open the engine, then start the
//! tasks: per source a supervisor, the stepper's thread, the flusher, per sink a delivery. Stop: the sources first, then
//! the step in progress, then the flush, then the sinks; nothing that was committed is lost, nothing else was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::search::SearchIndex;
use tailwater_connectors::{Sink, ViewSchema};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::copies::Copies;
use super::delivered::Delivered;
use super::delivery::Delivery;
use super::durability::{DurableSenders, Flusher};
use super::error::PipelineError;
use super::health::HealthWatch;
use super::planning::Planning;
use super::records;
use super::sinks::make_sink;
use super::source::{BATCHES_IN_FLIGHT_MAX, Standing, Supervisor, Taken};
use super::status::{Condition, StatusBoard};
use super::touched::Touched;
use super::verify::{Gate, Parts, SinkAsk, Verifier, open_engine};
use super::{Projections, stepper::Stepper};
use crate::config::Config;
use crate::engine::{Engine, EngineCatalog};
use crate::state::{Checkpoint, StateHome};

/// How long deliveries may take to finish their last write when stopped.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A running daemon.
pub struct Daemon {
    projections: Projections,
    tasks: JoinSet<()>,
    stepper: tokio::task::JoinHandle<Result<(), PipelineError>>,
    stop: CancellationToken,
    stop_tasks: CancellationToken,
}

/// A sink ready to start, with what it delivers.
struct PlannedSink {
    name: SmolStr,
    view: SmolStr,
    sink: Box<dyn Sink>,
}

impl Daemon {
    /// Starts everything. Returns when the tasks run; whether sources and sinks are reached is on the board. Without
    /// state it waits for the sources, since views cannot be planned without tables.
    pub async fn start(config: Config, stop: CancellationToken) -> Result<Self, PipelineError> {
        let config = Arc::new(config);
        let (_, state) = StateHome::open(&config.state_dir, config.memory_bytes)?;
        let planning = records::plan(&config, &state, &stop).await?;
        let changelogs: BTreeSet<SmolStr> = config.sinks.iter().map(|sink| sink.view().clone()).collect();
        let catalog =
            EngineCatalog { tables: planning.tables().cloned().collect(), views: planning.views.clone(), changelogs };
        let opened = state.clone();
        let (directory, renewed) = (config.state_dir.clone(), planning.renewed.clone());
        let engine = tokio::task::spawn_blocking(move || open_engine(&opened, (catalog, &renewed), &directory));
        let engine = engine.await.expect("opening the engine does not panic")?;
        let (sinks, searches) = open_sinks(&config, engine.views())?;
        let checkpoint = state.read(|reader| reader.checkpoint())?;
        let (verifier, desk) = Verifier::new(&config, &planning, engine.views());
        let (checkpoints, newest) = watch::channel(checkpoint.clone());
        let projections = Projections {
            state: state.clone(),
            sources: planning.sources.iter().map(|source| source.name.clone()).collect(),
            views: engine.views().into(),
            operators: Arc::new(engine.operators()),
            checkpoints: newest,
            status: Arc::new(StatusBoard::default()),
            searches: Arc::new(searches),
            verify: desk,
        };
        let starting = Starting { config, planning, projections, verifier, gate: Arc::default(), stop };
        starting.spawn(engine, checkpoints, checkpoint, sinks)
    }

    /// What the server may see.
    pub fn projections(&self) -> &Projections {
        &self.projections
    }

    /// Runs until the stop signal, or until the engine cannot go on; then takes everything apart.
    pub async fn run(mut self) -> Result<(), PipelineError> {
        let outcome = (&mut self.stepper).await.expect("the stepper does not panic");
        match &outcome {
            // Every source has ended for good: what is committed is still served, and the status says why.
            Ok(()) => self.stop.cancelled().await,
            Err(error) => error!(%error, "the engine cannot go on"),
        }
        self.stop_tasks.cancel();
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, finish).await.is_err() {
            info!("a task did not finish in time; its work is taken up again at the next start");
        }
        // The engine has ended, so nothing is written any more. What cannot be said makes sinks be filled again after a reboot.
        if let Err(error) = self.projections.state.close() {
            error!(%error, "state could not be closed");
        }
        outcome
    }
}

struct Starting {
    config: Arc<Config>,
    planning: Planning,
    projections: Projections,
    verifier: Verifier,
    gate: Arc<Gate>,
    stop: CancellationToken,
}

impl Starting {
    fn spawn(
        self,
        engine: Engine,
        checkpoints: watch::Sender<Checkpoint>,
        checkpoint: Checkpoint,
        sinks: Vec<PlannedSink>,
    ) -> Result<Daemon, PipelineError> {
        let stop_tasks = CancellationToken::new();
        let mut tasks = JoinSet::new();
        self.show_start(&checkpoint);
        let (sender, messages) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let durable = self.spawn_sources(&mut tasks, &sender, (&engine, &checkpoint))?;
        drop(sender);
        let flusher = Flusher {
            state: self.projections.state.clone(),
            checkpoints: self.projections.checkpoints.clone(),
            durable,
            status: self.projections.status.clone(),
            stop: stop_tasks.clone(),
        };
        tasks.spawn(flusher.run());
        let delivered = Arc::new(Delivered::default());
        let asks = self.spawn_sinks(&mut tasks, sinks, &delivered, &stop_tasks);
        let copies = Copies::new(&engine, self.projections.sources.iter())?;
        let stepper = Stepper {
            engine,
            state: self.projections.state.clone(),
            messages,
            checkpoints,
            copies,
            touched: Touched::new(&self.planning.sources, &self.config.views),
            applied: checkpoint.positions,
            delivered,
            status: self.projections.status.clone(),
            gate: self.gate.clone(),
            stop: self.stop.clone(),
        };
        let parts = Parts {
            config: self.config,
            state: self.projections.state.clone(),
            status: self.projections.status.clone(),
            gate: self.gate,
            sinks: asks,
            stop: self.stop.clone(),
        };
        tasks.spawn(self.verifier.run(parts));
        let stepper = tokio::task::spawn_blocking(move || stepper.run());
        Ok(Daemon { projections: self.projections, tasks, stepper, stop: self.stop, stop_tasks })
    }

    fn show_start(&self, checkpoint: &Checkpoint) {
        self.projections.status.update(|status| {
            status.version = env!("CARGO_PKG_VERSION").into();
            status.state.condition = Condition::Live;
            status.step = checkpoint.step;
            status.applied = checkpoint.positions.clone();
            status.durable = checkpoint.positions.clone();
            for source in self.projections.sources.iter() {
                status.sources.entry(source.clone()).or_default();
            }
            for sink in &self.config.sinks {
                status.sinks.entry(sink.name().clone()).or_default().view = sink.view().clone();
            }
        });
    }

    fn spawn_sources(
        &self,
        tasks: &mut JoinSet<()>,
        sender: &mpsc::Sender<Taken>,
        (engine, checkpoint): (&Engine, &Checkpoint),
    ) -> Result<DurableSenders, PipelineError> {
        let mut durable = BTreeMap::new();
        for planned in &self.planning.sources {
            let (announce, confirmed) = watch::channel(checkpoint.positions.0.get(&planned.name).cloned());
            durable.insert(planned.name.clone(), announce);
            let config = self.config.sources.iter().find(|source| source.postgres.name == planned.name);
            let config = Arc::new(config.expect("planned from this configuration").clone());
            let watch = HealthWatch {
                config: config.clone(),
                status: self.projections.status.clone(),
                stop: self.stop.clone(),
            };
            tasks.spawn(watch.run());
            let supervisor = Supervisor {
                config,
                record: planned.record.clone(),
                spill: self.config.state_dir.join("spill").join(planned.name.as_str()),
                out: sender.clone(),
                durable: confirmed,
                status: self.projections.status.clone(),
                stop: self.stop.clone(),
            };
            let position = checkpoint.positions.0.get(&planned.name).cloned();
            let standing = Standing { position, copying: engine.copying_tables(&planned.name)? };
            tasks.spawn(supervisor.run(standing));
        }
        Ok(durable)
    }

    fn spawn_sinks(
        &self,
        tasks: &mut JoinSet<()>,
        sinks: Vec<PlannedSink>,
        delivered: &Arc<Delivered>,
        stop: &CancellationToken,
    ) -> BTreeMap<SmolStr, mpsc::Sender<SinkAsk>> {
        let mut asks = BTreeMap::new();
        for planned in sinks {
            delivered.register(&planned.view, &planned.name);
            let view = self.projections.views.iter().find(|view| view.name == planned.view);
            let (ask, asked) = mpsc::channel(1);
            asks.insert(planned.name.clone(), ask);
            let delivery = Delivery {
                name: planned.name,
                view: view.expect("checked when sinks were opened").clone(),
                state: self.projections.state.clone(),
                checkpoints: self.projections.checkpoints.clone(),
                delivered: delivered.clone(),
                status: self.projections.status.clone(),
                asks: asked,
                stop: stop.clone(),
            };
            tasks.spawn(delivery.run(planned.sink));
        }
        asks
    }
}

type Searches = BTreeMap<SmolStr, Arc<SearchIndex>>;

fn open_sinks(config: &Config, views: &[Arc<ViewSchema>]) -> Result<(Vec<PlannedSink>, Searches), PipelineError> {
    let (mut sinks, mut searches) = (Vec::new(), BTreeMap::new());
    for configured in &config.sinks {
        let view = views.iter().find(|view| view.name == *configured.view()).ok_or_else(|| PipelineError::Misfit {
            message: format!("sink \"{}\": there is no view \"{}\"", configured.name(), configured.view()),
            hint: "name a view of the configuration".into(),
        })?;
        let (sink, index) = make_sink(configured, &config.state_dir, view)?;
        if let Some(index) = index {
            searches.insert(configured.name().clone(), index);
        }
        sinks.push(PlannedSink { name: configured.name().clone(), view: configured.view().clone(), sink });
    }
    Ok((sinks, searches))
}
