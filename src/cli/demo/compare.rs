//! Compares a view, as the daemon's Redis protocol gives it, with Postgres' own answer at one position.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::cli::failure::Failure;

/// Keys asked for at once.
const SCAN_COUNT: usize = 5_000;
/// How long the daemon may take to reach the position.
const WAIT_MS: u64 = 60_000;
/// Differing rows that are shown.
const SHOWN_MAX: usize = 5;

/// A row as text by column; null columns are absent.
type Row = BTreeMap<String, String>;

/// A comparison's outcome.
pub struct Compared {
    /// Position at which both sides were asked.
    pub position: String,
    /// Rows of the view at that position, by Postgres.
    pub rows: usize,
    /// Rows that only Postgres has, and rows that only the daemon has, as text; at most a few of each.
    pub differing: Vec<String>,
}

/// Asks Postgres for `sql` and the daemon's Redis protocol at `resp` for `view`, both at the position that Postgres'
/// log has now. Nothing else may write meanwhile.
pub async fn differences(client: &Client, sql: &str, resp: SocketAddr, view: &str) -> Result<Compared, Failure> {
    let position: String = ask(client, "select pg_current_wal_flush_lsn()").await?.remove(0).into_values().collect();
    let mut oracle = ask(client, sql).await?;
    let (name, wanted) = (view.to_string(), position.clone());
    let kept = tokio::task::spawn_blocking(move || kept_rows(resp, &name, &wanted));
    let mut kept = kept.await.map_err(|error| Failure::failed(error.to_string()))??;
    oracle.sort_unstable();
    kept.sort_unstable();
    let mut differing = only_in_first(&oracle, &kept, "only Postgres has");
    differing.extend(only_in_first(&kept, &oracle, "only the view has"));
    if differing.is_empty() && oracle.len() != kept.len() {
        differing.push(format!("Postgres has {} rows, the view {}", oracle.len(), kept.len()));
    }
    Ok(Compared { position, rows: oracle.len(), differing })
}

async fn ask(client: &Client, sql: &str) -> Result<Vec<Row>, Failure> {
    let answer = client.simple_query(sql).await.map_err(super::data::postgres)?;
    let rows = answer.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let cell = |row: &tokio_postgres::SimpleQueryRow, index: usize| {
        row.get(index).map(|text| (row.columns()[index].name().to_string(), text.to_string()))
    };
    Ok(rows.map(|row| (0..row.len()).filter_map(|index| cell(&row, index)).collect()).collect())
}

fn kept_rows(resp: SocketAddr, view: &str, position: &str) -> Result<Vec<Row>, Failure> {
    let failed = |error: redis::RedisError| Failure::failed(format!("the daemon's Redis protocol: {error}"));
    let client = redis::Client::open(format!("redis://{resp}")).map_err(failed)?;
    let mut connection = client.get_connection().map_err(failed)?;
    redis::cmd("TAILWATER").arg("WAIT").arg(position).arg(WAIT_MS).exec(&mut connection).map_err(failed)?;
    let (mut rows, mut cursor, mut seen) = (Vec::new(), 0u64, std::collections::BTreeSet::new());
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{view}:*")).arg("COUNT").arg(SCAN_COUNT);
        let (next, keys): (u64, Vec<String>) = scan.query(&mut connection).map_err(failed)?;
        let mut pipeline = redis::pipe();
        for key in keys.into_iter().filter(|key| seen.insert(key.clone())) {
            pipeline.cmd("HGETALL").arg(key);
        }
        rows.extend(pipeline.query::<Vec<Row>>(&mut connection).map_err(failed)?);
        cursor = next;
        if cursor == 0 {
            return Ok(rows);
        }
    }
}

/// Rows of sorted `first` that sorted `second` lacks, counted as multisets.
fn only_in_first(first: &[Row], second: &[Row], label: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut others = second.iter().peekable();
    for row in first {
        while others.next_if(|other| *other < row).is_some() {}
        if others.next_if_eq(&row).is_none() {
            missing.push(row);
        }
    }
    missing.iter().take(SHOWN_MAX).map(|row| format!("{label}: {row:?}")).collect()
}
