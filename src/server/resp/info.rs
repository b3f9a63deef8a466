//! INFO and COMMAND: what the server says of itself.

use std::fmt::Write;

use super::super::generation::Generation;
use super::arguments::Arguments;
use super::commands::{Spec, TABLE, find};
use super::handshake::unknown_subcommand;
use super::reply::Reply;
use super::session::{Refusal, Session};

/// The version of Redis whose commands and texts are followed; clients decide by it what they may send.
pub(super) const REDIS_VERSION: &str = "7.2.0";
/// Sections of INFO.
const SECTIONS: [&str; 7] = ["server", "clients", "memory", "persistence", "stats", "replication", "tailwater"];

impl Session {
    /// INFO [section ...]
    pub(super) fn info(&self, generation: &Generation, arguments: Arguments<'_>) -> String {
        let every = ["all", "default", "everything"];
        let asked = |section: &str| {
            arguments.len() == 1
                || arguments.from(1).iter().any(|word| {
                    word.eq_ignore_ascii_case(section.as_bytes())
                        || every.iter().any(|every| word.eq_ignore_ascii_case(every.as_bytes()))
                })
        };
        let mut text = String::new();
        for section in SECTIONS.iter().filter(|section| asked(section)) {
            let title = format!("{}{}", section[..1].to_uppercase(), &section[1..]);
            let separator = if text.is_empty() { "" } else { "\r\n" };
            let _ = write!(text, "{separator}# {title}\r\n{}", self.section(generation, section));
        }
        text
    }

    fn section(&self, generation: &Generation, section: &str) -> String {
        let shared = &self.shared;
        match section {
            "server" => format!(
                "redis_version:{REDIS_VERSION}\r\nredis_mode:standalone\r\ntailwater_version:{}\r\nos:{}\r\n\
                 arch_bits:64\r\nprocess_id:{}\r\nuptime_in_seconds:{}\r\n",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::process::id(),
                shared.started.elapsed().as_secs(),
            ),
            "clients" => format!(
                "connected_clients:{}\r\nmaxclients:{}\r\nblocked_clients:0\r\n",
                shared.counters.redis_connections.get(),
                super::server::CONNECTIONS_MAX,
            ),
            "memory" => "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n".into(),
            "persistence" => "loading:0\r\n".into(),
            "stats" => format!(
                "total_connections_received:{}\r\ntotal_commands_processed:{}\r\ntotal_error_replies:{}\r\n",
                shared.counters.redis_connections_opened.get(),
                shared.commands_answered(),
                shared.counters.redis_errors.get(),
            ),
            "replication" => "role:master\r\nconnected_slaves:0\r\n".into(),
            _ => tailwater_section(generation),
        }
    }
}

fn tailwater_section(generation: &Generation) -> String {
    let projections = &generation.projections;
    let checkpoint = projections.checkpoints.borrow().clone();
    let mut text = format!("step:{}\r\nposition:{}\r\n", checkpoint.step, checkpoint.positions);
    projections.status.inspect(|status| {
        let _ = write!(text, "durable_position:{}\r\n", status.durable);
        for view in projections.views.iter() {
            let condition = status.views.get(&view.name).map_or("starting", |view| view.condition.word());
            let _ = write!(text, "view_{}:condition={condition}\r\n", view.name);
        }
    });
    text
}

/// COMMAND [COUNT | DOCS [name ...] | INFO [name ...] | LIST | GETKEYS ...]
pub(super) fn command(arguments: Arguments<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
    if arguments.len() == 1 {
        reply.array(TABLE.len());
        TABLE.iter().for_each(|spec| describe(spec, reply));
    } else if arguments.is(1, "count") {
        reply.integer(TABLE.len() as i64);
    } else if arguments.is(1, "list") {
        reply.array(TABLE.len());
        TABLE.iter().for_each(|spec| reply.bulk(spec.name.as_bytes()));
    } else if arguments.is(1, "info") {
        let named: Vec<_> = arguments.from(2).iter().map(answered).collect();
        let all = || TABLE.iter().map(Some).collect();
        let wanted: Vec<Option<&Spec>> = if named.is_empty() { all() } else { named };
        reply.array(wanted.len());
        for spec in wanted {
            match spec {
                Some(spec) => describe(spec, reply),
                None => reply.null(),
            }
        }
    } else if arguments.is(1, "docs") {
        docs(arguments, reply);
    } else {
        return Err(unknown_subcommand("COMMAND", arguments));
    }
    Ok(())
}

fn answered(name: &[u8]) -> Option<&'static Spec> {
    find(name).and_then(|(index, spec)| index.map(|_| spec))
}

fn docs(arguments: Arguments<'_>, reply: &mut Reply<'_>) {
    let named: Vec<&Spec> = arguments.from(2).iter().filter_map(answered).collect();
    let wanted: Vec<&Spec> = if arguments.len() == 2 { TABLE.iter().collect() } else { named };
    reply.map(wanted.len());
    for spec in wanted {
        reply.bulk(spec.name.as_bytes());
        reply.map(2);
        reply.bulk(b"summary");
        reply.bulk(b"As in Redis, on views.");
        reply.bulk(b"group");
        reply.bulk(if spec.keys.0 > 0 { b"generic" } else { b"server" });
    }
}

/// Name, arity, flags, keys; the newer fields are empty.
fn describe(spec: &Spec, reply: &mut Reply<'_>) {
    reply.array(10);
    reply.bulk(spec.name.as_bytes());
    reply.integer(i64::from(spec.arity));
    reply.set(1);
    reply.simple(if spec.keys.0 > 0 || spec.heavy { "readonly" } else { "fast" });
    for number in [spec.keys.0, spec.keys.1, spec.keys.2] {
        reply.integer(i64::from(number));
    }
    for _ in 0..3 {
        reply.set(0);
    }
    reply.array(0);
}
