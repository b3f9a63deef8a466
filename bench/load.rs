//! The tables, the views over them, and the changes.

use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::{Outcome, Sizes};

/// A view into Redis.
pub(crate) struct Scenario {
    /// Name in the report.
    pub(crate) name: &'static str,
    /// The view.
    pub(crate) sql: &'static str,
    /// Key template of the sink.
    pub(crate) key: &'static str,
    /// Whether the two small tables are read, too.
    pub(crate) joins: bool,
}

/// The scenario in which latency is measured.
pub(crate) const LATENCY_SCENARIO: &str = "3-table join";
const CUSTOMERS: u64 = 20_000;
const PRODUCTS: u64 = 1_000;
/// Rows changed by one transaction of the backlog.
const TRANSACTION_ROWS: u64 = 20;

/// What is measured.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "one-table view",
        sql: "select id, customer_id, status, amount, note, updated from orders",
        key: "bench:{id}",
        joins: false,
    },
    Scenario {
        name: LATENCY_SCENARIO,
        sql: "select o.id, o.status, o.amount, o.updated, c.name as customer, c.city, p.title \
              from orders o join customers c on c.id = o.customer_id left join products p on p.id = o.product_id",
        key: "bench:{id}",
        joins: true,
    },
    Scenario {
        name: "join and aggregate",
        sql: "select c.id, c.city, count(*) as orders, sum(o.amount) as total, max(o.updated) as newest \
              from orders o join customers c on c.id = o.customer_id group by c.id, c.city",
        key: "bench:{id}",
        joins: true,
    },
];

/// A session; its connection runs on `runtime`.
pub(crate) fn connect(runtime: &Runtime, database: &PrivatePostgres) -> Outcome<Client> {
    let (client, connection) = runtime.block_on(tokio_postgres::connect(&database.url("postgres"), NoTls))?;
    runtime.spawn(connection);
    Ok(client)
}

/// Makes and fills the tables.
pub(crate) fn tables(runtime: &Runtime, database: &PrivatePostgres, sizes: &Sizes) -> Outcome<()> {
    let sql = format!(
        "create table customers (id integer primary key, name text not null, city text not null);
         create table products (id integer primary key, title text not null);
         create table orders (id integer primary key, customer_id integer not null, product_id integer, status text not null,
                              amount numeric(12, 2) not null, note text, updated timestamptz not null);
         insert into customers select i, 'customer ' || i, 'city ' || i % 100 from generate_series(1, {CUSTOMERS}) i;
         insert into products select i, 'product number ' || i from generate_series(1, {PRODUCTS}) i;
         insert into orders select i, 1 + i % {CUSTOMERS}, 1 + i % {PRODUCTS}, 'new', i % 1000 + 0.25, 'a note of the order ' || i,
             '2026-01-01'::timestamptz + i * interval '1 second' from generate_series(1, {rows}) i;
         create publication bench for table orders, customers, products;
         analyze; checkpoint;",
        rows = sizes.rows
    );
    let client = connect(runtime, database)?;
    Ok(runtime.block_on(client.batch_execute(&sql))?)
}

/// Rows that the first copy of a scenario reads.
pub(crate) fn copied_rows(scenario: &Scenario, sizes: &Sizes) -> u64 {
    match (scenario.joins, scenario.name) {
        (false, _) => sizes.rows,
        (true, LATENCY_SCENARIO) => sizes.rows + CUSTOMERS + PRODUCTS,
        (true, _) => sizes.rows + CUSTOMERS,
    }
}

/// Changes rows in transactions of 20; answers where the log ends.
pub(crate) fn backlog(runtime: &Runtime, database: &PrivatePostgres, sizes: &Sizes) -> Outcome<String> {
    let sql = format!(
        "do $$ begin for i in 0..{transactions} - 1 loop
             update orders set status = 'state ' || i % 7, amount = amount + 1, updated = updated + interval '1 minute'
             where id in (select 1 + (i * 7919 + j * 104729) % {rows} from generate_series(1, {TRANSACTION_ROWS}) j);
             commit;
         end loop; end $$",
        transactions = sizes.changes / TRANSACTION_ROWS,
        rows = sizes.rows
    );
    let client = connect(runtime, database)?;
    runtime.block_on(client.batch_execute(&sql))?;
    let row = runtime.block_on(client.query_one("select pg_current_wal_flush_lsn()::text", &[]))?;
    Ok(row.get(0))
}

/// Gives back slots, the publication of the daemon and what the sink wrote.
pub(crate) fn clean_up(runtime: &Runtime, database: &PrivatePostgres, redis: &PrivateRedis) -> Outcome<()> {
    let client = connect(runtime, database)?;
    let sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active;
               drop publication if exists tailwater; vacuum orders; checkpoint;";
    for statement in sql.split_inclusive(';') {
        runtime.block_on(client.batch_execute(statement))?;
    }
    let mut connection = redis::Client::open(redis.url())?.get_connection()?;
    Ok(redis::cmd("FLUSHALL").exec(&mut connection)?)
}
