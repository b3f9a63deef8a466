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
use tailwater_connectors::{ResumePoint, Sink, ViewSchema};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::backoff::Backoff;
use super::delivered::Delivered;
use super::delivery::Delivery;
use super::durability::{DurableSenders, Flusher};
use super::error::PipelineError;
use super::health::HealthWatch;
use super::planning::{self, Planning, SourceRecord};
use super::sinks::make_sink;
use super::source::{BATCHES_IN_FLIGHT_MAX, Supervisor, Taken, connector};
use super::status::{Condition, StatusBoard};
use super::verify::{Gate, Parts, SinkAsk, Verifier, open_engine};
use super::{Projections, stepper::Stepper};
use crate::config::Config;
use crate::engine::{Engine, EngineCatalog};
use crate::state::{Checkpoint, State};

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
        let state = State::open(&config.state_dir.join("state"), config.memory_bytes)?;
        let planning = plan(&config, &state, &stop).await?;
        let changelogs: BTreeSet<SmolStr> = config.sinks.iter().map(|sink| sink.view().clone()).collect();
        let catalog =
            EngineCatalog { tables: planning.tables().cloned().collect(), views: planning.views.clone(), changelogs };
        let opened = state.clone();
        let directory = config.state_dir.clone();
        let engine = tokio::task::spawn_blocking(move || open_engine(&opened, catalog, &directory));
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
        Ok(starting.spawn(engine, checkpoints, checkpoint, sinks))
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
    ) -> Daemon {
        let stop_tasks = CancellationToken::new();
        let mut tasks = JoinSet::new();
        self.show_start(&checkpoint);
        let (sender, messages) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let durable = self.spawn_sources(&mut tasks, &sender, &checkpoint);
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
        let stepper = Stepper {
            engine,
            state: self.projections.state.clone(),
            messages,
            checkpoints,
            copying: self.copying(&checkpoint),
            begun: BTreeSet::new(),
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
        Daemon { projections: self.projections, tasks, stepper, stop: self.stop, stop_tasks }
    }

    /// Sources without a position in the state: their copy has not been completed.
    fn copying(&self, checkpoint: &Checkpoint) -> BTreeSet<SmolStr> {
        let names = self.planning.sources.iter().map(|source| source.name.clone());
        names.filter(|name| !checkpoint.positions.0.contains_key(name)).collect()
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
        checkpoint: &Checkpoint,
    ) -> DurableSenders {
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
                spill: self.config.state_dir.join("spill").join(planned.name.as_str()),
                out: sender.clone(),
                durable: confirmed,
                status: self.projections.status.clone(),
                stop: self.stop.clone(),
            };
            let (state, name, record) = (self.projections.state.clone(), planned.name.clone(), planned.record.clone());
            tasks.spawn(supervisor.run(move || resume_point(&state, &name, &record)));
        }
        durable
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

/// Where a source starts, by what the state holds at this moment.
fn resume_point(state: &State, name: &SmolStr, record: &SourceRecord) -> Result<ResumePoint, String> {
    let checkpoint = state.read(|reader| reader.checkpoint()).map_err(|error| error.to_string())?;
    Ok(match checkpoint.positions.0.get(name) {
        Some(position) => ResumePoint::Stream {
            position: position.clone(),
            identity: record.identity.clone(),
            tables: record.tables.clone(),
        },
        None => ResumePoint::FirstCopy {
            tables: record.tables.iter().map(|table| table.name.clone()).collect(),
            foreign: record.foreign,
        },
    })
}

/// Plans from the state's records; without them from the sources, which it waits for, and then records what they said.
async fn plan(config: &Config, state: &Arc<State>, stop: &CancellationToken) -> Result<Planning, PipelineError> {
    let recorded = |name: &str| Ok(state.read(|reader| reader.meta_get(&record_name(name)))?);
    if let Some(mut planning) = planning::plan_from_records(config, recorded)? {
        release_foreign(config, state, &mut planning).await?;
        return Ok(planning);
    }
    let mut backoff = Backoff::default();
    let planning = loop {
        match planning::plan_from_sources(config).await {
            Ok(planning) => break planning,
            Err(PipelineError::Source(error)) if error.is_transient() => {
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, "source unavailable, retrying");
                tokio::select! {
                    () = stop.cancelled() => return Err(PipelineError::Source(error)),
                    () = tokio::time::sleep(wait) => {}
                }
            }
            Err(error) => return Err(error),
        }
    };
    store_records(state, &planning)?;
    Ok(planning)
}

/// Looks again at what a server kept before there was state: once a person took it away, what comes is ours. A server that does
/// not answer is asked again at the next start.
async fn release_foreign(config: &Config, state: &Arc<State>, planning: &mut Planning) -> Result<(), PipelineError> {
    let positions = state.checkpoint()?.positions;
    let mut released = false;
    for source in planning.sources.iter_mut().filter(|source| source.record.foreign) {
        let configured = config.sources.iter().find(|configured| configured.postgres.name == source.name);
        if positions.0.contains_key(&source.name) || configured.is_none() {
            continue;
        }
        let mut connection = connector(configured.expect("looked for above"))?;
        if matches!(connection.health().await, Ok(None)) {
            (source.record.foreign, released) = (false, true);
        }
    }
    if released { store_records(state, planning) } else { Ok(()) }
}

/// Stored before anything is made on the servers. Positions stay.
fn store_records(state: &Arc<State>, planning: &Planning) -> Result<(), PipelineError> {
    let mut tx = state.begin();
    for source in &planning.sources {
        tx.meta_put(&record_name(&source.name), &source.record)?;
    }
    let positions = tx.checkpoint().positions;
    tx.commit(&positions)?;
    Ok(state.flush()?)
}

fn record_name(source: &str) -> String {
    format!("source/{source}")
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
