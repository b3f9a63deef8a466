//! Everything that happens to a database and its daemon, drawn at random, for as long as wanted: load, deaths, outages, networks that fail,
//! changed tables, other configurations. Again and again all is compared with the database's own answers.
//!
//! `TAILWATER_SOAK_MINUTES` is how long it lasts (`script/soak`), `TAILWATER_SOAK_SEED` draws another history.

use std::time::{Duration, Instant};

use tailwater::cli::demo::Random;
use tailwater::pipeline::apply::{ApplyPhase, Plan};
use tailwater::pipeline::status::Condition;

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::proxy::{Network, Proxy};
use super::support::rig::{PATIENCE, Rig, number, post, said};

/// Minutes, unless said otherwise.
const MINUTES: u64 = 1;
/// Things that happen between two comparisons.
const BETWEEN_COMPARISONS: u64 = 4;
/// A table that is changed, made again and emptied.
const EXTRA: &str = "create table extra (id int primary key, a int, b int, c text); \
    insert into extra select i, i % 100, i % 7, repeat('c', i % 50) from generate_series(1, 3000) i";
/// What the view `extra_view` may be.
const EXTRA_VIEWS: [&str; 3] = [
    "select id, a, b from extra",
    "select b, count(*) as n, sum(a) as a from extra group by b",
    "select e.id, e.a, o.status from extra e left join orders o on o.id = e.id where e.b > 2",
];

/// What may happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    Kill,
    Stop,
    PostgresCrash,
    PostgresRestart,
    RedisCrash,
    PostgresCut,
    RedisCut,
    PostgresDown,
    Walsenders,
    Apply,
    AppliedAndKilled,
    Column,
    Retyped,
    MadeAgain,
    Rewritten,
    Emptied,
    Large,
    Verify,
}

const EVENTS: [Event; 18] = [
    Event::Kill,
    Event::Stop,
    Event::PostgresCrash,
    Event::PostgresRestart,
    Event::RedisCrash,
    Event::PostgresCut,
    Event::RedisCut,
    Event::PostgresDown,
    Event::Walsenders,
    Event::Apply,
    Event::AppliedAndKilled,
    Event::Column,
    Event::Retyped,
    Event::MadeAgain,
    Event::Rewritten,
    Event::Emptied,
    Event::Large,
    Event::Verify,
];

struct Soak {
    rig: Rig,
    postgres: Proxy,
    redis: Proxy,
    random: Random,
    /// Which of [`EXTRA_VIEWS`] is configured.
    view: usize,
    /// Whether the column `a` of the extra table is a bigint.
    wide: bool,
    history: Vec<Event>,
}

impl Soak {
    fn new(seed: u64) -> Self {
        let rig = Rig::new(&format!("{SCHEMA}; {EXTRA}"), "");
        let (postgres, redis) = (Proxy::to(rig.postgres.port()), Proxy::to(rig.redis.port()));
        let mut soak =
            Self { rig, postgres, redis, random: Random::new(seed), view: 0, wide: false, history: Vec::new() };
        soak.configure();
        soak.rig.start();
        soak
    }

    /// Writes a configuration with another view of the extra table, over the proxies.
    fn configure(&mut self) {
        self.view = self.random.below(EXTRA_VIEWS.len() as u64) as usize;
        let rig = &self.rig;
        rig.configure(&format!("{}\n[view.extra_view]\nsql = \"{}\"\n", configuration(), EXTRA_VIEWS[self.view]));
        rig.edit_configuration(&format!("127.0.0.1:{}", rig.postgres.port()), &self.postgres.address().to_string());
        rig.edit_configuration(&format!("127.0.0.1:{}", rig.redis.port()), &self.redis.address().to_string());
    }

    /// A random moment; nothing is waited for.
    fn pause(&mut self, millis_max: u64) {
        std::thread::sleep(Duration::from_millis(self.random.below(millis_max)));
    }

    fn happen(&mut self, event: Event) {
        self.history.push(event);
        match event {
            Event::Kill => self.rig.daemon.kill().unwrap(),
            Event::Stop => assert!(self.rig.daemon.stop().unwrap().success(), "{}", self.story()),
            Event::PostgresCrash => {
                self.rig.postgres.stop(false);
                self.pause(500);
                self.rig.postgres.launch().unwrap();
            }
            Event::PostgresRestart => {
                self.rig.postgres.stop(true);
                self.rig.postgres.launch().unwrap();
            }
            Event::RedisCrash => {
                self.rig.redis.kill();
                self.pause(500);
                self.rig.redis.launch().unwrap();
            }
            Event::PostgresCut => self.postgres.set(Network::cut_after(1 + self.random.below(200_000))),
            Event::RedisCut => self.redis.set(Network::cut_after(1 + self.random.below(20_000))),
            Event::PostgresDown => {
                self.postgres.set(Network::Down);
                self.pause(1_500);
            }
            Event::Walsenders => self.sql("select pg_terminate_backend(pid) from pg_stat_replication"),
            Event::Apply => {
                self.configure();
                self.apply();
            }
            Event::AppliedAndKilled => {
                self.configure();
                let _ = post(self.rig.http, "/v1/apply");
                self.pause(800);
                self.rig.daemon.kill().unwrap();
            }
            Event::Column => self.sql("alter table extra add column z int default 7; alter table extra drop column z"),
            Event::Retyped => {
                self.wide = !self.wide;
                let kind = if self.wide { "bigint" } else { "int" };
                self.change(&format!("alter table extra alter column a type {kind}; update extra set a = a + 1"));
            }
            Event::MadeAgain => {
                self.wide = false;
                self.change(&format!("drop table extra; {EXTRA}; update extra set b = b + 1"));
            }
            Event::Rewritten => self.sql("vacuum full customers"),
            Event::Emptied => self.sql(
                "begin; truncate extra; insert into extra select i, i, i % 5 from generate_series(1, 500) i; commit",
            ),
            Event::Large => self.sql("update orders set quantity = 1 + quantity % 9"),
            Event::Verify => {
                let output = self.rig.command(&["verify"]);
                assert_eq!(output.status.code(), Some(0), "{}\n{}", said(&output), self.story());
            }
        }
        self.pause(400);
        self.postgres.set(Network::Works);
        self.redis.set(Network::Works);
        if matches!(event, Event::Kill | Event::Stop | Event::AppliedAndKilled) {
            self.rig.daemon.start().unwrap();
        }
        self.ready();
    }

    fn sql(&self, sql: &str) {
        self.rig.database().run(sql);
    }

    /// Changes the extra table so that its view must stop, and takes it up again.
    fn change(&mut self, sql: &str) {
        self.sql(sql);
        self.rig.wait_for_status("a changed table noticed", |status| {
            status.views.get("extra_view").is_some_and(|view| view.condition == Condition::Failed)
        });
        self.apply();
    }

    fn apply(&mut self) {
        self.ready();
        let before = self.rig.status().unwrap().apply.since;
        let answer = post(self.rig.http, "/v1/apply").unwrap();
        assert_eq!(answer.code, 202, "{}\n{}", answer.body, self.story());
        let plan: Plan = serde_json::from_str(&answer.body).unwrap();
        if plan.is_empty() {
            return;
        }
        let done = self.rig.wait_for_status("an applied configuration", |status| {
            status.apply.since != before && matches!(status.apply.phase, ApplyPhase::Applied | ApplyPhase::Failed)
        });
        assert_eq!(done.apply.phase, ApplyPhase::Applied, "{:?}\n{}", done.apply, self.story());
    }

    /// Waits until all views but those that a changed table has stopped are live.
    fn ready(&self) {
        self.rig.wait_for_status("sources and views that go on", |status| {
            status.sources.values().all(|source| source.condition == Condition::Live)
                && status.views.values().all(|view| matches!(view.condition, Condition::Live | Condition::Failed))
        });
    }

    fn compare(&mut self) {
        self.rig.daemon.wait_until_ready(PATIENCE).unwrap();
        self.rig.daemon.wait_until_delivering(PATIENCE).unwrap();
        compare(&self.rig);
        self.rig.database().assert_equal(EXTRA_VIEWS[self.view], self.rig.resp, "extra_view");
    }

    fn story(&self) -> String {
        format!("after {:?}\n{}", self.history, self.rig.log())
    }
}

#[test]
fn whatever_happens_all_ends_equal() {
    let (minutes, seed) = (number("TAILWATER_SOAK_MINUTES", MINUTES), number("TAILWATER_SOAK_SEED", 1));
    let mut soak = Soak::new(seed);
    let begun = Instant::now();
    let (mut rounds, mut committed) = (0, 0);
    while begun.elapsed() < Duration::from_secs(60 * minutes) {
        let load = Load::start(&soak.rig.postgres.url("postgres"), seed * 1_000 + rounds);
        for _ in 0..BETWEEN_COMPARISONS {
            let event = EVENTS[soak.random.below(EVENTS.len() as u64) as usize];
            eprintln!("{:>7.1?} {event:?}", begun.elapsed());
            soak.happen(event);
        }
        committed += load.stop();
        soak.compare();
        rounds += 1;
        eprintln!("{:>7.1?} equal, round {rounds}, {committed} transactions", begun.elapsed());
    }
    assert!(rounds > 0 && committed > 0);
}
