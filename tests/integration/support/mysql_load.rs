//! A load for servers of MySQL and MariaDB, and views over what it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use tailwater::cli::demo::Random;

use super::mysql_rig::Session;
use super::mysql_server::Kind;

const ACCOUNTS: u64 = 3_000;
const WRITERS: u64 = 3;
const SCHEMA: [&str; 7] = [
    "create table accounts (id int primary key, owner varchar(40) not null, balance int not null, note text)",
    "create table moves (account int not null, no bigint unsigned not null, amount int not null, made datetime(3), primary key (account, no))",
    "create table words (word varchar(40) character set utf8mb4 collate utf8mb4_bin primary key, n int not null)",
    // MariaDB, MySQL.
    "set @@max_recursive_iterations = 100000",
    "set @@cte_max_recursion_depth = 100000",
    "insert into accounts with recursive i as (select 1 as id union all select id + 1 from i where id < 3000) \
     select id, concat('owner ', id % 50), 100, repeat('x', id % 200) from i",
    "insert into words values ('a', 1), ('Ä', 2), ('日本', 3), ('', 4)",
];

/// The views.
pub(crate) const VIEWS: [(&str, &str); 4] = [
    ("totals", "select owner, count(*) as accounts, sum(balance) as total from accounts group by owner"),
    (
        "moved",
        "select m.account, m.no, a.owner, m.amount from moves m join accounts a on a.id = m.account where m.amount > 0",
    ),
    ("words_now", "select word, n from words"),
    ("notes", "select id, length(note) as size from accounts"),
];

/// The statements that make the tables on a server of this kind.
pub(crate) fn schema(kind: Kind) -> Vec<&'static str> {
    let others = if kind.is_mariadb() { "set @@cte" } else { "set @@max" };
    SCHEMA.into_iter().filter(|sql| !sql.starts_with(others)).collect()
}

/// Writers that never pause: money moves between accounts, accounts come and go, words change their keys.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    committed: Arc<AtomicU64>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts them.
    pub(crate) fn start(url: &str, seed: u64) -> Self {
        let (stop, committed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writer = |number: u64| {
            let (url, stop, committed) = (url.to_owned(), stop.clone(), committed.clone());
            thread::spawn(move || {
                let mut random = Random::new(seed * 31 + number);
                let mut session = None;
                while !stop.load(Ordering::Relaxed) {
                    let Some(open) = session.as_mut() else {
                        // A server that was killed comes again.
                        session = Session::try_connect(&url).ok();
                        continue;
                    };
                    match transaction(open, &mut random, number) {
                        Ok(()) => _ = committed.fetch_add(1, Ordering::Relaxed),
                        // Deadlocks are rolled back.
                        Err(_) => session = None,
                    }
                }
            })
        };
        let writers = (0..WRITERS).map(writer).collect();
        Self { stop, committed, writers }
    }

    /// Stops them; how many transactions they committed.
    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.writers.into_iter().for_each(|writer| writer.join().unwrap());
        self.committed.load(Ordering::Relaxed)
    }
}

fn transaction(session: &mut Session, random: &mut Random, writer: u64) -> Result<(), mysql_async::Error> {
    let (from, to, amount) = (1 + random.below(ACCOUNTS), 1 + random.below(ACCOUNTS), random.below(20));
    let no = random.below(1 << 40) << 8 | writer;
    let statements: Vec<String> = match random.below(8) {
        0 => vec![format!("update words set word = concat('w', {no}), n = n + 1 where word <> '' order by n limit 1")],
        1 => vec![
            format!("insert into words values ('w{no}', {amount})"),
            "delete from words where n > 15 limit 3".into(),
        ],
        2 => vec![format!("delete from moves where account = {from}")],
        3 => vec![format!("update accounts set note = concat(coalesce(note, ''), 'y') where id = {from}")],
        // The key of a row changes.
        4 => vec![format!("update accounts set id = id + {ACCOUNTS} where id = {from}")],
        _ => vec![
            format!("update accounts set balance = balance - {amount} where id = {from}"),
            format!("update accounts set balance = balance + {amount} where id = {to}"),
            format!("insert into moves values ({from}, {no}, {amount}, now(3)), ({to}, {no} + 1, -{amount}, now(3))"),
        ],
    };
    session.try_run("begin")?;
    for sql in statements {
        session.try_run(&sql)?;
    }
    session.try_run(if random.below(12) == 0 { "rollback" } else { "commit" })
}
