//! A bank and a shop: tables, views over them, sinks, and two writers that never pause.
//!
//! The invariant: every transaction leaves the sum over `checking` and `savings` as it was. Accounts 1 to
//! [`LASTING_ACCOUNTS`] are always there; each writer opens and closes some of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tailwater::cli::demo::Random;

use super::database::Database;
use super::rig::wait_for;

/// Accounts that are never closed.
pub(crate) const LASTING_ACCOUNTS: u64 = 40;
/// Accounts that one writer opens and closes.
const PASSING_ACCOUNTS: u64 = 10;
/// Writers.
const WRITERS: u64 = 2;
/// Cents that all accounts hold together, always.
pub(crate) const WEALTH: i64 = 8_000_000;

/// Tables and first rows.
pub(crate) const SCHEMA: &str = "
create table checking (id int primary key, owner text not null, amount numeric(12,2) not null);
create table savings (id int primary key, amount numeric(12,2) not null);
insert into checking select i, 'owner ' || i, 1000 from generate_series(1, 40) i;
insert into savings select i, 1000 from generate_series(1, 40) i;
create table customers (id int primary key, name text not null, city text);
create table items (id int primary key, name text not null, price numeric(10,2) not null);
create table orders (id int primary key, customer int not null, item int not null, quantity int not null, status text);
insert into customers select i, 'customer ' || i, (array['Oslo','Rome','Bern',null])[1 + i % 4] from generate_series(1, 300) i;
insert into items select i, 'item ' || i, i * 1.25 from generate_series(1, 100) i;
insert into orders select i, 1 + i % 320, 1 + i * 7 % 105, 1 + i % 5, 'new' from generate_series(1, 12000) i;
create table notes (id int primary key, title text, body text);
alter table notes alter column body set storage external;
insert into notes select i, 'note ' || i, repeat(md5(i::text), 120) from generate_series(1, 60) i;
create table visits (kind text, place int);
alter table visits replica identity full;
insert into visits select 'k' || i % 7, i % 11 from generate_series(1, 500) i;
";

/// Views by name, each as the database is asked it too.
pub(crate) const VIEWS: [(&str, &str); 8] = [
    (
        "total",
        "select sum(amount) as amount, count(*) as n from (select amount from checking union all select amount from savings) held",
    ),
    (
        "balance",
        "select c.id, c.owner, c.amount as checking, s.amount as savings from checking c join savings s on s.id = c.id",
    ),
    (
        "order_card",
        "select o.id, o.status, o.quantity, c.name as customer, c.city, i.name as item, i.price * o.quantity as amount \
      from orders o join customers c on c.id = o.customer left join items i on i.id = o.item",
    ),
    (
        "spend",
        "select c.id, c.name, count(o.id) as orders, sum(o.quantity * i.price) as amount, max(o.id) as newest \
      from customers c left join orders o on o.customer = c.id left join items i on i.id = o.item group by c.id, c.name",
    ),
    (
        "city",
        "select c.city, o.status, count(*) as n, count(distinct o.item) as items, min(o.quantity) as least, avg(o.quantity) as mean \
      from orders o join customers c on c.id = o.customer group by c.city, o.status",
    ),
    ("note", "select id, title, length(body) as size, body from notes"),
    ("visit", "select kind, count(*) as n, sum(place) as places from visits group by kind"),
    (
        "bought",
        "select distinct c.city, o.item from orders o join customers c on c.id = o.customer where o.status = 'paid'",
    ),
];

/// Views and sinks as configuration.
pub(crate) fn configuration() -> String {
    let mut text = String::new();
    for (name, sql) in VIEWS {
        text.push_str(&format!("[view.{name}]\nsql = '''{sql}'''\n\n"));
    }
    for (sink, view, key, format) in SINKS {
        text.push_str(&format!(
            "[sink.{sink}]\ntype = \"redis\"\nview = \"{view}\"\nurl = \"${{REDIS}}\"\nkey = \"{key}\"\nformat = \"{format}\"\n\n"
        ));
    }
    text.push_str("[sink.search]\ntype = \"search\"\nview = \"order_card\"\n");
    text
}

/// Redis sinks: name, view, key template, format.
pub(crate) const SINKS: [(&str, &str, &str, &str); 4] = [
    ("balances", "balance", "balance:{id}", "json"),
    ("orders", "order_card", "order:{id}", "json"),
    ("spends", "spend", "spend:{id}", "hash"),
    ("cities", "city", "city:{city}:{status}", "hash"),
];

/// Ids of all accounts that there ever are.
pub(crate) fn accounts() -> Vec<u64> {
    let passing = (0..WRITERS).flat_map(|writer| (0..PASSING_ACCOUNTS).map(move |n| 1_000 * (writer + 1) + n));
    (1..=LASTING_ACCOUNTS).chain(passing).collect()
}

/// Writers at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    failure: Arc<Mutex<Option<String>>>,
    committed: Arc<AtomicU64>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the writers.
    pub(crate) fn start(url: &str, seed: u64) -> Self {
        let (stop, failure) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let committed = Arc::new(AtomicU64::new(0));
        let writer = |number: u64| {
            let (stop, failure, committed) = (stop.clone(), failure.clone(), committed.clone());
            let (url, mut database) = (url.to_owned(), Database::connect(url));
            let mut writer =
                Writer { number, random: Random::new(seed * 1_000 + number), next_order: 100_000 * (number + 1) };
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let sql = writer.transaction();
                    match database.attempt(&sql) {
                        Ok(()) => _ = committed.fetch_add(1, Ordering::Relaxed),
                        // The server may die before this; then the next transaction notices.
                        Err(error) if is_lock_or_key(&error) => _ = database.attempt("rollback"),
                        Err(error) if is_outage(&error) => match reconnect(&url) {
                            Some(connected) => database = connected,
                            None => return note(&failure, format!("the database did not come back: {error:?}")),
                        },
                        Err(error) => return note(&failure, format!("{sql}: {error:?}")),
                    }
                    // Leaves the daemon a part of the machine.
                    std::thread::sleep(std::time::Duration::from_millis(writer.random.below(6)));
                }
            })
        };
        let writers = (0..WRITERS).map(writer).collect();
        Self { stop, failure, committed, writers }
    }

    /// Stops them; answers how many transactions committed.
    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.join().unwrap();
        }
        assert_eq!(*self.failure.lock().unwrap(), None);
        self.committed.load(Ordering::Relaxed)
    }
}

fn note(failure: &Mutex<Option<String>>, text: String) {
    *failure.lock().unwrap() = Some(text);
}

/// Two writers may lock each other out, and a key may be taken.
fn is_lock_or_key(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| ["40P01", "23505"].contains(&code.code()))
}

fn is_outage(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| code.code().starts_with("57P"))
}

fn reconnect(url: &str) -> Option<Database> {
    wait_for(|| Database::try_connect(url).ok())
}

struct Writer {
    number: u64,
    random: Random,
    next_order: u64,
}

impl Writer {
    fn transaction(&mut self) -> String {
        match self.random.below(100) {
            0..30 => self.transfer("commit"),
            30..34 => self.transfer("rollback"),
            34..40 => self.transfer_after_savepoint(),
            40..48 => self.account(),
            48..62 => self.order(),
            62..74 => self.change_orders(),
            74..80 => self.delete_orders(),
            80..85 => self.change_keys(),
            85..89 => self.change_shop(),
            89..93 => self.note(),
            93..97 => self.visit(),
            97..99 => self.much(),
            _ => format!("begin; truncate notes; insert into notes values ({}, 'first', 'short'); commit", self.number),
        }
    }

    fn lasting(&mut self) -> u64 {
        1 + self.random.below(LASTING_ACCOUNTS)
    }

    fn moves(&mut self) -> String {
        let (from, to, amount) = (self.lasting(), self.lasting(), self.random.below(5_000));
        let (one, other) = if self.random.below(2) == 0 { ("checking", "savings") } else { ("savings", "checking") };
        format!(
            "update {one} set amount = amount - {amount} / 100.0 where id = {from}; \
             update {other} set amount = amount + {amount} / 100.0 where id = {to};"
        )
    }

    fn transfer(&mut self, end: &str) -> String {
        let moves: String = (0..=self.random.below(3)).map(|_| self.moves()).collect();
        format!("begin; {moves} {end}")
    }

    fn transfer_after_savepoint(&mut self) -> String {
        let (kept, undone, last) = (self.moves(), self.moves(), self.moves());
        format!(
            "begin; {kept} savepoint s; {undone} delete from orders where id % 50 = 1; rollback to s; {last} commit"
        )
    }

    /// Opens an account with money of account 1, or closes it and gives the money back.
    fn account(&mut self) -> String {
        let id = 1_000 * (self.number + 1) + self.random.below(PASSING_ACCOUNTS);
        if self.random.below(2) == 0 {
            return format!(
                "begin; insert into checking values ({id}, 'guest', 10); insert into savings values ({id}, 5.5); \
                 update checking set amount = amount - 15.5 where id = 1; commit"
            );
        }
        format!(
            "begin; with gone as (delete from savings where id = {id} returning amount) \
             update checking set amount = amount + (select coalesce(sum(amount), 0) from gone) where id = 1; \
             with gone as (delete from checking where id = {id} returning amount) \
             update savings set amount = amount + (select coalesce(sum(amount), 0) from gone) where id = 2; commit"
        )
    }

    fn order(&mut self) -> String {
        let rows: Vec<String> = (0..=self.random.below(4))
            .map(|_| {
                self.next_order += 1;
                let (customer, item) = (1 + self.random.below(320), 1 + self.random.below(105));
                format!("({}, {customer}, {item}, {}, 'new')", self.next_order, 1 + self.random.below(5))
            })
            .collect();
        format!("insert into orders values {}", rows.join(", "))
    }

    fn change_orders(&mut self) -> String {
        let (id, status) = (1 + self.random.below(12_000), ["'paid'", "'sent'", "null"][self.random.below(3) as usize]);
        format!("update orders set status = {status}, quantity = 1 + quantity % 5 where id between {id} and {id} + 3")
    }

    fn delete_orders(&mut self) -> String {
        let id = 1 + self.random.below(self.next_order - 100_000 * (self.number + 1) + 1);
        format!("delete from orders where id in ({}, {})", id, 100_000 * (self.number + 1) + id)
    }

    /// Primary keys change, of rows on both sides of joins.
    fn change_keys(&mut self) -> String {
        let (order, customer) = (1 + self.random.below(12_000), 1 + self.random.below(310));
        format!(
            "begin; update orders set id = id + 1000000 * {} where id = {order}; \
             update customers set id = -id where abs(id) = {customer}; commit",
            self.number + 1
        )
    }

    fn change_shop(&mut self) -> String {
        let (item, customer) = (1 + self.random.below(105), 1 + self.random.below(320));
        match self.random.below(4) {
            0 => format!("update items set price = price + 0.01 where id = {item}"),
            1 => format!("delete from items where id = {item}"),
            2 => format!(
                "insert into items values ({item}, 'again', 3.5) on conflict (id) do update set name = 'changed'"
            ),
            _ => format!("update customers set city = 'Kyiv', name = name || '.' where id = {customer}"),
        }
    }

    /// Values kept out of line, which an update does not send again.
    fn note(&mut self) -> String {
        let id = 1 + self.random.below(60);
        match self.random.below(3) {
            0 => {
                format!("insert into notes values ({id}, 'note', repeat(md5('{id}'), 150)) on conflict (id) do nothing")
            }
            1 => format!("update notes set title = title || '!' where id = {id}"),
            _ => format!("update notes set id = id + 100 where id = {id}"),
        }
    }

    fn visit(&mut self) -> String {
        let (kind, place) = (self.random.below(9), self.random.below(11));
        match self.random.below(3) {
            0 => format!("insert into visits values ('k{kind}', {place}), ('k{kind}', {place}), (null, 1)"),
            1 => format!("update visits set place = place + 1 where kind = 'k{kind}' and place = {place}"),
            _ => format!("delete from visits where kind = 'k{kind}' and place = {place}"),
        }
    }

    fn much(&mut self) -> String {
        let from = self.random.below(11_000);
        format!(
            "begin; update orders set quantity = 1 + quantity % 5 where id between {from} and {from} + 800; {} commit",
            self.moves()
        )
    }
}
