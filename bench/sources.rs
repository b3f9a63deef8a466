//! Sources other than Postgres: a backlog in the log of the server, through a view into Redis, against what the server's own program drains of
//! the same log; and one in a topic of Kafka.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use tailwater::cli::demo::servers::PrivateRedis;
use tailwater_connectors::Position;
use tokio::runtime::Runtime;

use crate::mysql_server::{Kind, MysqlServer};
use crate::report::Report;
use crate::{Outcome, Sizes, daemon, kafka, limits};

/// Rows changed by one transaction of the backlog.
const TRANSACTION_ROWS: u64 = 20;
const TABLE: &str = "create table orders (id bigint primary key, customer_id int not null, status varchar(20) not null, \
    amount decimal(12,2) not null, note varchar(200) not null, updated datetime(6) not null)";
const VIEW: &str = "select id, customer_id, status, amount, note, updated from orders";
/// What the server's disk can do is of no interest here.
const OPTIONS: [&str; 3] =
    ["--innodb-buffer-pool-size=512M", "--max-allowed-packet=64M", "--innodb-flush-log-at-trx-commit=2"];

/// One server after the other.
pub(crate) fn run(runtime: &Runtime, sizes: &Sizes, as_json: bool) -> Outcome<()> {
    let mut report = Report::default();
    for (kind, name) in [(Kind::Mysql9, "MySQL 9.7"), (Kind::Mariadb11, "MariaDB 11.8")] {
        eprintln!("source: {name} ...");
        if kind.is_mariadb() && mariadb_binlog().is_none() {
            eprintln!("{name} is left out: name the program mariadb-binlog in TAILWATER_MARIADB_BINLOG");
            continue;
        }
        let redis = PrivateRedis::start()?;
        let server = MysqlServer::start(kind, &OPTIONS);
        let mut session = runtime.block_on(Conn::new(Opts::from_url(&server.url("mysql"))?))?;
        let mut sql = |sql: &str| -> Outcome<()> { Ok(runtime.block_on(session.query_drop(sql))?) };
        sql("create database shop")?;
        sql("use shop")?;
        fill(&mut sql, sizes)?;
        let section = format!("type = \"mysql\"\nurl = \"{}\"", server.url("shop"));
        let mut bench = daemon::Bench::over(&section, &redis, (VIEW, "bench:{id}"))?;
        let (live, _) = bench.first_copy(sizes.rows)?;
        bench.stop()?;
        sql("flush binary logs")?;
        let files: Vec<mysql_async::Row> = runtime.block_on(session.query("show binary logs"))?;
        let first: String = files.last().and_then(|row| row.get(0)).ok_or("the server has no log")?;
        let call = format!("call churn({}, {})", sizes.changes, sizes.rows);
        runtime.block_on(session.query_drop(call))?;
        let end = if kind.is_mariadb() { "select @@gtid_binlog_pos" } else { "select @@global.gtid_executed" };
        let end: Option<String> = runtime.block_on(session.query_first(end))?;
        let end: Position = end.unwrap_or_default().replace('\n', "").parse()?;
        // In memory, where there is such a place.
        let drained_to = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let limit = sizes.changes as f64 / limits::timed(&mut drain_program(&server, &first, drained_to.path())?)?;
        let drained = bench.drain(&end, sizes.changes)?;
        report.limit(&format!("first copy, {name}: until the view is live"), "rows/s", live);
        report.source_drain(name, limit, drained);
        report.memory(name, bench.peak_memory()?);
        bench.stop()?;
    }
    kafka::run(sizes, &mut report)?;
    report.print(as_json);
    Ok(())
}

fn fill(sql: &mut impl FnMut(&str) -> Outcome<()>, sizes: &Sizes) -> Outcome<()> {
    sql(TABLE)?;
    sql("create table digits (d int primary key)")?;
    sql("insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")?;
    let number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d";
    sql(&format!(
        "insert into orders select id, id % 20000, concat('status ', id % 5), id / 7, repeat('n', 20 + id % 60), now(6) from \
         (select 1 + {number} as id from digits a, digits b, digits c, digits e, digits f, digits g) n where id <= {}",
        sizes.rows
    ))?;
    sql(&format!(
        "create procedure churn(changes bigint, rows_there bigint) begin \
           declare done bigint default 0; declare n bigint default 0; \
           while done < changes do \
             start transaction; set n = 0; \
             while n < {TRANSACTION_ROWS} do \
               update orders set amount = amount + 1, status = concat('changed ', done % 11), updated = now(6) \
                 where id = 1 + (done * 7919 + n * 104729) % rows_there; \
               set n = n + 1; \
             end while; \
             commit; set done = done + {TRANSACTION_ROWS}; \
           end while; \
         end"
    ))
}

/// MariaDB's program, which is in no package of its server.
fn mariadb_binlog() -> Option<OsString> {
    std::env::var_os("TAILWATER_MARIADB_BINLOG")
}

/// The server's own client of its log, which keeps nothing of it but its bytes.
fn drain_program(server: &MysqlServer, first: &str, files: &Path) -> Outcome<Command> {
    let mut command = match mariadb_binlog().filter(|_| server.kind.is_mariadb()) {
        Some(program) => Command::new(program),
        None => {
            let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("script/mysql");
            let folder = Command::new(script).arg("9.7").output()?;
            let folder = PathBuf::from(String::from_utf8_lossy(&folder.stdout).trim());
            let mut run = Command::new(folder.join("run"));
            run.arg("usr/bin/mysqlbinlog");
            run
        }
    };
    command
        .args([
            "--no-defaults",
            "--host=127.0.0.1",
            "--user=root",
            "--read-from-remote-server",
            "--to-last-log",
            "--raw",
        ])
        .arg(format!("--result-file={}/", files.display()))
        .arg(format!("--port={}", server.port))
        .arg(first);
    Ok(command)
}
