//! `tailwater plan`, and how a plan is shown.

use std::io::{Read, Write};

use clap::Args;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use super::remote::{Answer, Remote};
use crate::pipeline::apply::{Action, Plan as Planned, PlannedViewChange};

/// Asks the running daemon what the configuration file as it is now would change. Changes nothing; exits with 0 whether something would or not.
#[derive(Args)]
pub(super) struct Plan {
    #[command(flatten)]
    daemon: DaemonAddress,
    /// JSON as the API gives it.
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub(super) fn run(self) -> Result<(), Failure> {
        let answer = Remote::new(self.daemon)?.post("/v1/plan").map_err(without_daemon)?;
        let (plan, text) = read(answer)?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{text}")?
        } else {
            print(&plan, &mut out)?
        }
        Ok(())
    }
}

/// The plan of an answer, and its text.
pub(super) fn read(mut answer: Answer) -> Result<(Planned, String), Failure> {
    let mut text = String::new();
    answer.body.read_to_string(&mut text)?;
    let plan = serde_json::from_str(&text);
    let plan = plan.map_err(|error| Failure::failed(format!("the daemon's answer is not a plan: {error}")))?;
    Ok((plan, text))
}

/// Without a daemon there is nothing to compare with, and nothing to wait for.
pub(super) fn without_daemon(failure: Failure) -> Failure {
    if failure.is_unreachable() {
        failure.hint("the next \"tailwater run\" takes the configuration file as it is; for a daemon elsewhere give --http HOST:PORT")
    } else {
        failure
    }
}

/// One thing that would be done.
struct Line {
    kind: &'static str,
    name: String,
    word: &'static str,
    detail: String,
}

fn lines(plan: &Planned) -> Vec<Line> {
    let line = |kind, name: &str, word, detail| Line { kind, name: name.into(), word, detail };
    let built = |action, [add, change]: [&'static str; 2]| match action {
        Action::Add => add,
        Action::Change => change,
        Action::Drop => "drop",
    };
    let tables = plan.tables.iter().map(|table| {
        let detail = if table.action == Action::Change { "it has another shape now" } else { "" };
        line("table", &table.table, built(table.action, ["copy", "copy again"]), detail.into())
    });
    let views =
        plan.views.iter().map(|view| line("view", &view.view, built(view.action, ["add", "change"]), reads(view)));
    let sinks = plan.sinks.iter().map(|sink| {
        let from = format!("from view {}", sink.view);
        let detail = if sink.action == Action::Drop { String::new() } else { from };
        line("sink", &sink.sink, built(sink.action, ["fill", "update"]), detail)
    });
    let settings = plan.settings.iter().map(|setting| line("setting", setting, "change", String::new()));
    tables.chain(views).chain(sinks).chain(settings).collect()
}

fn reads(view: &PlannedViewChange) -> String {
    let of = |words: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("{words} {}", names.join(", ")),
    };
    let (reads, waits) = (of("reads", &view.reads), of("; waits for the copy of", &view.waits_for));
    format!("{reads}{waits}")
}

/// A line for each thing that would be done.
pub(super) fn print(plan: &Planned, out: &mut impl Write) -> std::io::Result<()> {
    if plan.is_empty() {
        return writeln!(out, "nothing would change");
    }
    let lines = lines(plan);
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    for Line { kind, name, word, detail } in &lines {
        writeln!(out, "{}", format!("{kind:<7} {name:<width$} {word:<10} {detail}").trim_end())?;
    }
    Ok(())
}

/// The same in one line, for the log.
pub(super) fn in_words(plan: &Planned) -> String {
    let words = |line: &Line| format!("{} {} \"{}\"", line.word, line.kind, line.name);
    let words: Vec<_> = lines(plan).iter().map(words).collect();
    if words.is_empty() { "nothing changes".into() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::apply::{PlannedSinkChange, PlannedTableChange};

    #[test]
    fn a_plan_is_a_table_for_people_and_a_line_for_the_log() {
        let table = |table: &str, action| PlannedTableChange { table: table.into(), action };
        let view = |view: &str, action, reads: &[&str], waits: &[&str]| PlannedViewChange {
            view: view.into(),
            action,
            reads: reads.iter().map(|name| (*name).into()).collect(),
            waits_for: waits.iter().map(|name| (*name).into()).collect(),
        };
        let sink = |sink: &str, action| PlannedSinkChange { sink: sink.into(), view: "spend".into(), action };
        let plan = Planned {
            tables: vec![
                table("shop.public.orders", Action::Add),
                table("shop.public.items", Action::Change),
                table("shop.public.old", Action::Drop),
            ],
            views: vec![
                view("spend", Action::Add, &["shop.public.orders", "line"], &["shop.public.orders"]),
                view("line", Action::Change, &["shop.public.lines"], &[]),
                view("gone", Action::Drop, &[], &[]),
            ],
            sinks: vec![sink("cache", Action::Add), sink("find", Action::Change), sink("old", Action::Drop)],
            settings: vec!["source.shop.copy_rate".into()],
        };
        let mut out = Vec::new();
        print(&plan, &mut out).unwrap();
        let wanted = "\
table   shop.public.orders    copy
table   shop.public.items     copy again it has another shape now
table   shop.public.old       drop
view    spend                 add        reads shop.public.orders, line; waits for the copy of shop.public.orders
view    line                  change     reads shop.public.lines
view    gone                  drop
sink    cache                 fill       from view spend
sink    find                  update     from view spend
sink    old                   drop
setting source.shop.copy_rate change
";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        let words = in_words(&plan);
        assert!(words.starts_with("copy table \"shop.public.orders\", copy again table"), "{words}");
        assert!(words.ends_with("drop sink \"old\", change setting \"source.shop.copy_rate\""), "{words}");
        let mut out = Vec::new();
        print(&Planned::default(), &mut out).unwrap();
        assert_eq!(out, b"nothing would change\n");
        assert_eq!(in_words(&Planned::default()), "nothing changes");
    }
}
