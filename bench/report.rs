//! What a run found.

use serde_json::{Value, json};

use crate::latency::Latency;

/// Gathers lines; a line has a figure, perhaps with the limit it is measured against and the target.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    copy: f64,
}

struct Line {
    name: String,
    unit: &'static str,
    figure: f64,
    ratio: Option<f64>,
    target: Option<&'static str>,
}

impl Report {
    fn line(&mut self, name: impl Into<String>, unit: &'static str, figure: f64) -> &mut Line {
        self.lines.push(Line { name: name.into(), unit, figure, ratio: None, target: None });
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    pub(crate) fn limit(&mut self, name: &str, unit: &'static str, figure: f64) {
        if name.starts_with("COPY") {
            self.copy = figure;
        }
        self.line(format!("limit: {name}"), unit, figure);
    }

    pub(crate) fn first_copy(&mut self, scenario: &str, (live, delivered): (f64, f64)) {
        let copy = self.copy;
        let line = self.line(format!("first copy, {scenario}: until the view is live"), "rows/s", live);
        (line.ratio, line.target) = (Some(live / copy), Some("0.5 of COPY (one-table view)"));
        self.line(format!("first copy, {scenario}: until Redis holds it"), "rows/s", delivered).ratio =
            Some(delivered / copy);
    }

    pub(crate) fn drain(&mut self, scenario: &str, limit: f64, drained: f64) {
        self.line(format!("limit: pg_recvlogical, {scenario}'s backlog"), "changes/s", limit);
        let line = self.line(format!("drain into Redis, {scenario}"), "changes/s", drained);
        (line.ratio, line.target) = (Some(drained / limit), Some("0.9 of pg_recvlogical"));
    }

    pub(crate) fn source_drain(&mut self, source: &str, limit: f64, drained: f64) {
        self.line(format!("limit: mysqlbinlog, {source}'s backlog"), "changes/s", limit);
        let line = self.line(format!("drain into Redis, {source}"), "changes/s", drained);
        (line.ratio, line.target) = (Some(drained / limit), Some("0.8 of mysqlbinlog --raw"));
    }

    pub(crate) fn kafka_drain(&mut self, limit: f64, drained: f64) {
        self.line("limit: kafka-consumer-perf-test", "messages/s", limit);
        let line = self.line("drain into Redis, Kafka", "messages/s", drained);
        (line.ratio, line.target) = (Some(drained / limit), Some("0.5 of kafka-consumer-perf-test"));
    }

    pub(crate) fn latency(&mut self, rate: u64, latency: Latency) {
        self.line(format!("changes made at {rate}/s"), "changes/s", latency.rate);
        self.line(format!("commit to Redis at {rate}/s, p50"), "ms", latency.p50).target = Some("2 ms at 5,000/s");
        self.line(format!("commit to Redis at {rate}/s, p99"), "ms", latency.p99).target = Some("10 ms at 5,000/s");
        self.line(format!("commit to Redis at {rate}/s, worst"), "ms", latency.worst);
    }

    pub(crate) fn idle(&mut self, share: f64) {
        self.line("idle CPU", "of a core", share).target = Some("0.01");
    }

    pub(crate) fn memory(&mut self, scenario: &str, bytes: f64) {
        self.line(format!("peak memory, {scenario} (budget 512 MiB)"), "MiB", bytes / f64::from(1 << 20));
    }

    /// To stdout.
    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let lines = self.lines.iter().map(|line| {
                json!({"name": line.name, "unit": line.unit, "figure": line.figure, "ratio": line.ratio, "target": line.target})
            });
            println!("{}", Value::from_iter(lines));
            return;
        }
        println!("{:<62} {:>12} {:<10} {:>6}  target", "", "figure", "", "ratio");
        for line in &self.lines {
            let figure =
                if line.figure < 100.0 { format!("{:.3}", line.figure) } else { format!("{:.0}", line.figure) };
            let ratio = line.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            println!(
                "{:<62} {figure:>12} {:<10} {ratio:>6}  {}",
                line.name,
                line.unit,
                line.target.unwrap_or_default()
            );
        }
    }
}
