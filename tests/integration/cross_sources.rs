//! Views over Postgres, MySQL and Kafka at once equal what a Postgres answers that is loaded with the rows of all three, after load on each of
//! them and kills of the daemon; and each view says how far it is in each source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tailwater::cli::demo::Random;
use tailwater_connectors::Positions;

use super::kafka_source::{Load, ORACLE, SOURCE};
use super::support::database::Database;
use super::support::kafka_broker;
use super::support::kafka_rig::KafkaRig;
use super::support::mysql_rig::{self, Session};
use super::support::mysql_server::{Kind, MysqlServer};
use super::support::rig::{number, status, wait_for};

const KILLS: u64 = 50;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 900;
const CUSTOMERS: u64 = 40;
const ORDERS: u64 = 300;

const ORDERS_TABLE: &str =
    "create table orders (id bigint primary key, customer bigint, amount numeric(10,2) not null)";
const CUSTOMER_TABLE: &str = "create table customer (id bigint primary key, name varchar(40), level int)";

const VIEWS: [(&str, &str); 3] = [
    (
        "trade",
        "select c.id, c.name, c.level, o.orders, o.amount, k.clicks, k.cost from crm.crm.customer c \
         join (select customer, count(*) as orders, sum(amount) as amount from shop.public.orders group by customer) o on o.customer = c.id \
         left join (select who, count(*) as clicks, sum(cost) as cost from clicks.public.click group by who) k on k.who = c.id",
    ),
    (
        "order_lines",
        "select o.id, o.amount, c.name, p.name as person, p.points from shop.public.orders o join crm.crm.customer c on c.id = o.customer \
         left join clicks.public.person p on p.id = c.id",
    ),
    ("levels", "select level as id, count(*) as customers from crm.crm.customer group by level"),
];

/// Draws one.
type Statement = fn(&mut Random) -> String;

/// The servers, and writers on all of them.
struct World {
    rig: KafkaRig,
    mysql: MysqlServer,
    stop: Arc<AtomicBool>,
    /// Transactions of the two databases.
    written: [Arc<AtomicU64>; 2],
    writers: Vec<JoinHandle<()>>,
}

impl World {
    fn new() -> Self {
        let rig = KafkaRig::new();
        rig.broker.create_topic("clicks", 3, &[]);
        rig.broker.create_topic("people", 2, &[("cleanup.policy", "compact")]);
        rig.database().run("create database shop");
        Database::connect(&rig.oracle.url("shop")).run(ORDERS_TABLE);
        let mysql = mysql_rig::server(Kind::Mysql9, &[]);
        Session::connect(&mysql.url("mysql")).run("create database crm");
        Session::connect(&mysql.url("crm")).run(CUSTOMER_TABLE);
        let views: String =
            VIEWS.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\nkey = [\"id\"]\n\n")).collect();
        let sources = format!(
            "[source.shop]\ntype = \"postgres\"\nurl = \"{}\"\n\n[source.crm]\ntype = \"mysql\"\nurl = \"{}\"\n\n{views}",
            rig.oracle.url("shop"),
            mysql.url("crm")
        );
        rig.configure(SOURCE, &sources);
        Self { rig, mysql, stop: Arc::default(), written: Default::default(), writers: Vec::new() }
    }

    fn write(&mut self, seed: u64) {
        let postgres = Database::connect(&self.rig.oracle.url("shop"));
        let mut mysql = Session::connect(&self.mysql.url("crm"));
        self.writer((0, seed), order, move |sql| postgres.run(sql));
        self.writer((1, seed + 1), customer, move |sql| {
            sql.split_terminator(';').for_each(|statement| mysql.run(statement));
        });
    }

    fn writer(
        &mut self,
        (database, seed): (usize, u64),
        statement: Statement,
        mut run: impl FnMut(&str) + Send + 'static,
    ) {
        let (stop, written, mut random) = (self.stop.clone(), self.written[database].clone(), Random::new(seed));
        self.writers.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                run(&transaction(&mut random, statement));
                written.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    /// Ends the writers; both databases were written to.
    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.writers.drain(..).for_each(|writer| writer.join().unwrap());
        let written = [0, 1].map(|database: usize| self.written[database].load(Ordering::Relaxed));
        eprintln!("{written:?} transactions");
        assert!(written.iter().all(|transactions| *transactions > KILLS), "the writers did not get on: {written:?}");
    }

    /// Waits until each view says that it has all that is committed in each of its sources.
    fn wait_until_applied(&self) {
        let topics = self.rig.wait_until_applied(&["clicks", "people"]);
        let ends = [
            ("clicks", topics),
            ("shop", Database::connect(&self.rig.oracle.url("shop")).position()),
            ("crm", mysql_rig::end_of_log(&self.mysql)),
        ];
        let wanted =
            ends.map(|(source, end)| (source, Positions::parse(&format!("{source}={end}"), &[source.into()]).unwrap()));
        let reads = |view: &str, source: &str| view != "levels" || source == "crm";
        self.rig.wait_for_status("views at the ends of their sources", |status| {
            VIEWS.iter().all(|(view, _)| {
                let found = &status.views[*view].positions;
                wanted.iter().all(|(source, end)| match reads(view, source) {
                    true => found.covers(end),
                    false => !found.0.contains_key(*source),
                })
            })
        });
    }

    /// Views are what Postgres answers over the rows of the three.
    fn compare(&self) {
        self.rig.load("clicks");
        self.rig.load("people");
        let oracle = self.rig.database();
        oracle.run(ORACLE);
        let orders = Database::connect(&self.rig.oracle.url("shop"))
            .rows("select id::text, customer::text, amount::text from orders");
        let orders = orders.into_iter().map(|row| row.into_iter().map(|cell| cell.unwrap_or("null".into())).collect());
        fill(&oracle, ORDERS_TABLE, "orders", orders.collect());
        let customers = Session::connect(&self.mysql.url("crm")).rows("select id, quote(name), level from customer");
        fill(&oracle, CUSTOMER_TABLE, "customer", customers);
        let views = VIEWS.map(|(name, sql)| {
            (name, sql.replace("crm.crm.", "").replace("shop.public.", "").replace("clicks.public.", ""))
        });
        self.rig.assert_equal(&views.each_ref().map(|(name, sql)| (*name, sql.as_str())));
    }
}

/// Makes a table of these rows, whose values are SQL.
fn fill(oracle: &Database, table: &str, name: &str, rows: Vec<Vec<String>>) {
    let rows: Vec<String> = rows.into_iter().map(|row| format!("({})", row.join(","))).collect();
    oracle.run(&format!("drop table if exists {name}; {table}; insert into {name} values {}", rows.join(",")));
}

fn transaction(random: &mut Random, statement: Statement) -> String {
    let statements: String = (0..1 + random.below(8)).map(|_| statement(random) + ";").collect();
    let end = if random.below(6) == 0 { "rollback" } else { "commit" };
    format!("begin;{statements}{end};")
}

fn order(random: &mut Random) -> String {
    let (id, customer) = (random.below(ORDERS), random.below(CUSTOMERS + 2));
    match random.below(4) {
        0 => format!("delete from orders where id = {id}"),
        _ => format!(
            "insert into orders values ({id}, {customer}, {}.{:02}) on conflict (id) do update \
             set customer = excluded.customer, amount = excluded.amount",
            random.below(1_000),
            random.below(100)
        ),
    }
}

fn customer(random: &mut Random) -> String {
    let id = random.below(CUSTOMERS);
    match random.below(5) {
        0 => format!("delete from customer where id = {id}"),
        1 => format!("update customer set level = level + 1 where id = {id}"),
        _ => format!("replace into customer values ({id}, 'c{}', {})", random.below(1_000), random.below(5)),
    }
}

#[test]
fn views_over_three_kinds_of_sources_equal_those_over_the_same_rows_after_load_and_kills() {
    if kafka_broker::is_left_out() || Kind::Mysql9.is_left_out() {
        return eprintln!("left out: views over Postgres, MySQL and Kafka");
    }
    let (kills, seed) = (number("TAILWATER_CROSS_KILLS", KILLS), number("TAILWATER_CROSS_SEED", 11));
    let mut world = World::new();
    let load = Load::start(&world.rig.broker.client(), seed);
    world.write(seed);
    let mut random = Random::new(seed);
    for _ in 0..kills {
        world.rig.daemon.start().unwrap();
        let http = world.rig.http;
        assert!(wait_for(|| status(http).ok()).is_some(), "it never answered: {}", world.rig.log());
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(LIFE_MAX)));
        world.rig.daemon.kill().unwrap();
    }
    world.rig.start();
    let messages = load.stop();
    world.stop();
    assert!(messages > 300, "the writers of topics did not get on: {messages}");
    world.wait_until_applied();
    world.compare();
    let shown = super::support::rig::said(&world.rig.command(&["status"]));
    let trade = shown.lines().find(|line| line.contains("trade ")).unwrap_or_default();
    assert!(["clicks=", "crm=", "shop="].iter().all(|source| trade.contains(source)), "{shown}");
    assert!(world.rig.daemon.stop().unwrap().success());
}
