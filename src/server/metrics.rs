//! `/metrics`: the status board, the state directory and the request counters in Prometheus' text form.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use smol_str::SmolStr;
use tailwater_connectors::{OpenTransactions, Position, Positions};

use super::reads::Reads;
use crate::pipeline::apply::{ApplyPhase, ApplyStatus};
use crate::pipeline::status::{Condition, SourceStatus, Status};
use crate::pipeline::verify::{Outcome, VerifyStatus};
use crate::state::Usage;
use crate::telemetry::RequestCounters;

const CONDITIONS: [Condition; 5] =
    [Condition::Starting, Condition::Loading, Condition::Live, Condition::Retrying, Condition::Failed];

const PHASES: [(ApplyPhase, &str); 6] = [
    (ApplyPhase::None, "none"),
    (ApplyPhase::Copying, "copying"),
    (ApplyPhase::Filling, "filling"),
    (ApplyPhase::CatchingUp, "catching_up"),
    (ApplyPhase::Applied, "applied"),
    (ApplyPhase::Failed, "failed"),
];

/// Everything that `/metrics` shows.
pub(super) struct Metrics(Registry);

impl Metrics {
    pub(super) fn new(reads: Arc<Reads>, counters: &RequestCounters) -> Self {
        let mut registry = Registry::default();
        counters.register(&mut registry);
        registry.register_collector(Box::new(Board(reads)));
        Self(registry)
    }

    /// The text, with its content type.
    pub(super) fn text(&self) -> (&'static str, String) {
        let mut text = String::new();
        encode(&mut text, &self.0).expect("writing to memory");
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", text)
    }
}

struct Board(Arc<Reads>);

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Board")
    }
}

impl Collector for Board {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let projections = &self.0.now().projections;
        let status = projections.status.read();
        let out = &mut encoder;
        let checkpoint = projections.checkpoints.borrow().clone();
        gauge(out, "step", "Number of the newest committed step", [(none(), checkpoint.step as f64)])?;
        positions(out, "applied", "Position applied, as a number of bytes in the log", &checkpoint.positions)?;
        positions(out, "durable", "Position that survives a power cut", &status.durable)?;
        let writable = f64::from(u8::from(status.state.condition == Condition::Live));
        gauge(out, "state_writable", "Whether steps can be written to the state directory", [(none(), writable)])?;
        sources(out, &status)?;
        conditions(out, "view", status.views.iter().map(|(name, view)| (name, view.condition)))?;
        counter(
            out,
            "view_changes",
            "View rows changed",
            status.views.iter().map(|(name, view)| (label("view", name), view.changes)),
        )?;
        gauge(
            out,
            "view_row_errors",
            "Rows kept out of the view because an expression has no value for them",
            status.views.iter().map(|(name, view)| (label("view", name), view.row_errors as f64)),
        )?;
        sinks(out, &status)?;
        verified(out, &status.verify)?;
        applied(out, &status.apply)?;
        usage(out, &projections.state.usage())
    }
}

type Labels = Vec<(&'static str, String)>;

fn none() -> Labels {
    Vec::new()
}

fn label(key: &'static str, value: &SmolStr) -> Labels {
    vec![(key, value.to_string())]
}

fn sources(out: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let all = || status.sources.iter().map(|(name, source)| (label("source", name), source));
    conditions(out, "source", status.sources.iter().map(|(name, source)| (name, source.condition)))?;
    gauge(
        out,
        "source_lag_seconds",
        "From the newest applied transaction's commit to its being applied",
        all().filter_map(|(labels, source)| Some((labels, source.last_lag_ms? / 1_000.0))),
    )?;
    copies(out, status)?;
    slots(out, status)?;
    open_transactions(out, status)?;
    let lists = [
        ("source_changes", "Row changes taken from the log", all().map(|(l, s)| (l, s.changes)).collect::<Vec<_>>()),
        ("source_transactions", "Transactions taken from the log", all().map(|(l, s)| (l, s.transactions)).collect()),
        (
            "source_rows_copied",
            "Rows of tables copied since the start",
            all().map(|(l, s)| (l, s.rows_copied)).collect(),
        ),
    ];
    lists.into_iter().try_for_each(|(name, help, values)| counter(out, name, help, values))
}

/// Copies under way.
fn copies(out: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let copies =
        || status.sources.iter().filter_map(|(name, source)| Some((label("source", name), source.copy.as_ref()?)));
    let done = copies().map(|(labels, copy)| (labels, copy.done_bytes as f64));
    gauge(out, "source_copy_done_bytes", "Bytes read of tables that are being copied", done)?;
    let total = copies().map(|(labels, copy)| (labels, copy.total_bytes as f64));
    gauge(out, "source_copy_total_bytes", "Bytes of tables that are being copied", total)?;
    let left = copies().map(|(labels, copy)| (labels, copy.tables_left as f64));
    gauge(out, "source_copy_tables_left", "Tables whose copy is not complete", left)
}

type Held = fn(&OpenTransactions) -> u64;

/// What is held of transactions that have not committed yet.
fn open_transactions(out: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let all = || status.sources.iter().map(|(name, source)| (label("source", name), source.open_transactions));
    let held: [(&str, &str, Held); 3] = [
        ("source_open_transactions", "Open transactions of which the server has sent something", |held| held.open),
        ("source_open_memory_bytes", "Memory of open transactions", |held| held.memory_bytes),
        ("source_open_disk_bytes", "Files of open transactions", |held| held.disk_bytes),
    ];
    for (name, help, of) in held {
        gauge(out, name, help, all().map(|(labels, held)| (labels, of(&held) as f64)))?;
    }
    let spilled = all().map(|(labels, held)| (labels, held.spilled_bytes));
    counter(out, "source_spilled_bytes", "Bytes of open transactions written to disk", spilled)
}

/// What the sources' servers keep for us.
fn slots(out: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let known = || {
        let all = status.sources.iter().map(|(name, source)| (label("source", name), source));
        all.filter_map(|(labels, source)| Some((labels, source.health.as_ref()?)))
    };
    let kept = known().map(|(labels, health)| (labels, health.log_kept_bytes as f64));
    gauge(out, "source_log_kept_bytes", "Log that the server keeps for us", kept)?;
    let unconfirmed = known().map(|(labels, health)| (labels, health.unconfirmed_bytes as f64));
    gauge(out, "source_log_unconfirmed_bytes", "Log written since what we confirmed", unconfirmed)?;
    let left = known().filter_map(|(labels, health)| Some((labels, health.log_left_bytes? as f64)));
    gauge(out, "source_log_left_bytes", "Log that may be written until the server may remove what we need", left)?;
    let seconds = known().filter_map(|(labels, health)| Some((labels, health.log_left_seconds? as f64)));
    gauge(out, "source_log_left_seconds", "Time until the server may remove what we need", seconds)?;
    let flags = |flag: fn(&SourceStatus) -> bool| {
        status.sources.iter().map(move |(name, source)| (label("source", name), f64::from(u8::from(flag(source)))))
    };
    let aside = flags(|source| source.rebuild_at.is_some());
    gauge(out, "source_set_aside", "1 while nobody follows the source until it is rebuilt", aside)?;
    let warned = flags(|source| source.warning.is_some());
    gauge(out, "source_warning", "1 while the status has a warning for the source", warned)
}

fn sinks(out: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let all = || status.sinks.iter().map(|(name, sink)| (label("sink", name), sink));
    conditions(out, "sink", status.sinks.iter().map(|(name, sink)| (name, sink.condition)))?;
    gauge(out, "sink_step", "Step that the sink holds", all().map(|(labels, sink)| (labels, sink.step as f64)))?;
    gauge(
        out,
        "sink_steps_behind",
        "Steps of its view that wait for the sink",
        all().map(|(labels, sink)| (labels, sink.steps_behind as f64)),
    )?;
    counter(out, "sink_changes", "Rows written", all().map(|(labels, sink)| (labels, sink.changes)))?;
    let reached = all().flat_map(|(labels, sink)| {
        numbers(&sink.positions)
            .map(move |(source, number)| ([labels.clone(), label("source", source)].concat(), number))
    });
    gauge(out, "sink_position", "Position that the sink holds", reached)
}

/// What verifications found, by view and sink; what was not compared has no series.
fn verified(out: &mut DescriptorEncoder<'_>, verify: &VerifyStatus) -> fmt::Result {
    let labels = |outcome: &Outcome| vec![(outcome.subject.word(), outcome.name.to_string())];
    let compared = || verify.outcomes.iter().filter(|outcome| outcome.position.is_some());
    let differing = compared().map(|outcome| (labels(outcome), outcome.differing as f64));
    gauge(out, "verify_differing_keys", "Keys that differed when it was verified last", differing)?;
    let good = verify.outcomes.iter().map(|outcome| (labels(outcome), f64::from(u8::from(outcome.verdict.is_good()))));
    gauge(out, "verify_good", "0 when the last verification found a difference or could not compare", good)?;
    let seconds = |text: &str| Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp() as f64);
    let times = verify.outcomes.iter().filter_map(|outcome| Some((labels(outcome), seconds(&outcome.finished_at)?)));
    gauge(out, "verify_last_timestamp_seconds", "When it was verified last", times)?;
    gauge(out, "verify_running", "1 while a verification runs", [(none(), f64::from(u8::from(verify.running)))])?;
    let rows = [(none(), verify.rows as f64)];
    gauge(out, "verify_rows_compared", "Rows that verifications have compared so far", rows)
}

/// How far an application of a configuration is.
fn applied(out: &mut DescriptorEncoder<'_>, apply: &ApplyStatus) -> fmt::Result {
    let phases = PHASES.map(|(phase, word)| {
        let holds = f64::from(u8::from(phase == apply.phase));
        (vec![("phase", word.into())], holds)
    });
    gauge(out, "apply_phase", "1 for how far the newest application of a configuration is", phases)?;
    let rows = [(none(), apply.rows as f64)];
    gauge(out, "apply_rows", "Rows read for the view that is being filled for it", rows)
}

fn usage(out: &mut DescriptorEncoder<'_>, usage: &Usage) -> fmt::Result {
    for (name, help, value) in [
        ("state_block_cache_bytes", "Memory of the block cache", usage.block_cache_bytes),
        ("state_memtable_bytes", "Memory of tables not yet on disk", usage.memtable_bytes),
        ("state_row_cache_bytes", "Memory of the row cache", usage.row_cache_bytes),
        ("state_disk_bytes", "Size of the state directory", usage.disk_bytes),
        ("state_writes_stopped", "1 while compaction holds back writes", u64::from(usage.writes_stopped)),
    ] {
        gauge(out, name, help, [(none(), value as f64)])?;
    }
    let reads = [("hit", usage.cache_hits), ("miss", usage.cache_misses)];
    let reads = reads.map(|(result, count)| (vec![("result", result.to_string())], count));
    counter(out, "state_row_reads", "Rows read by key, by whether the row cache held them", reads)
}

fn numbers(positions: &Positions) -> impl Iterator<Item = (&SmolStr, f64)> {
    positions.0.iter().filter_map(|(source, position)| match position {
        Position::Lsn(lsn) => Some((source, lsn.0 as f64)),
        // Sets of transactions are no number.
        Position::Mysql(_) | Position::Kafka(_) | Position::Kinesis(_) => None,
    })
}

fn positions(out: &mut DescriptorEncoder<'_>, which: &str, help: &str, positions: &Positions) -> fmt::Result {
    let values = numbers(positions).map(|(source, number)| (label("source", source), number));
    gauge(out, &format!("{which}_position"), help, values)
}

/// One series per condition, 1 for the one that holds.
fn conditions<'a>(
    out: &mut DescriptorEncoder<'_>,
    kind: &'static str,
    all: impl Iterator<Item = (&'a SmolStr, Condition)>,
) -> fmt::Result {
    let series = all.flat_map(|(name, now)| {
        CONDITIONS.map(|condition| {
            let labels = vec![(kind, name.to_string()), ("condition", condition.word().into())];
            (labels, f64::from(u8::from(condition == now)))
        })
    });
    gauge(out, &format!("{kind}_condition"), "1 for the condition that holds", series)
}

fn gauge(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, f64)>,
) -> fmt::Result {
    let name = format!("tailwater_{name}");
    let mut metric = out.encode_descriptor(&name, help, None, MetricType::Gauge)?;
    values.into_iter().try_for_each(|(labels, value)| {
        if labels.is_empty() {
            metric.encode_gauge(&value)
        } else {
            metric.encode_family(&labels)?.encode_gauge(&value)
        }
    })
}

fn counter(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, u64)>,
) -> fmt::Result {
    let name = format!("tailwater_{name}");
    let mut metric = out.encode_descriptor(&name, help, None, MetricType::Counter)?;
    values.into_iter().try_for_each(|(labels, value)| {
        metric.encode_family(&labels)?.encode_counter::<NoExemplar, u64, f64>(&value, None)
    })
}

type NoExemplar = [(&'static str, &'static str); 0];
