//! The queries of Nexmark (`tests/nexmark/*.sql`) over the events of its generator: those before the start are in the tables when a
//! view is filled, the others come as rows.

use std::path::Path;
use std::sync::Arc;

use nexmark::EventGenerator;
use nexmark::config::NexmarkConfig;
use nexmark::event::Event;
use tailwater::sql::ViewText;
use tailwater_connectors::{Change, Column, ReplicaIdentity, Row, SqlType, TableName, TableSchema, Value};

use super::data::SOURCE;
use super::{Filled, Workload, transactions};
use crate::Outcome;

/// Milliseconds from 1970 to 2000, from which timestamps are counted.
const EPOCH_2000: u64 = 946_684_800_000;
/// 15 July 2015, in milliseconds since 1970.
const START: u64 = 1_436_918_400_000;
const SIDE_ROWS: u64 = 100;

/// A query and its text.
pub(super) struct Query {
    pub(super) name: String,
    sql: String,
}

/// All queries, in their order. A comment `-- key: …` declares a key that cannot be inferred.
pub(super) fn queries() -> Outcome<Vec<Query>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nexmark");
    let mut paths = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Outcome<Vec<_>>>()?;
    paths.sort();
    let query = |path: &std::path::PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Query { name: format!("nexmark {stem}"), sql: std::fs::read_to_string(path)? })
    };
    paths.iter().map(query).collect()
}

/// Events, as rows of the tables.
pub(super) struct Events {
    tables: [Arc<TableSchema>; 4],
    /// Rows of persons, auctions and bids before the start.
    before: [Arc<Vec<Row>>; 3],
    after: Vec<Change>,
}

impl Events {
    /// So many before the start, and so many that come.
    pub(super) fn draw(before: u64, after: u64) -> Self {
        let tables = schemas();
        let mut rows = [Vec::new(), Vec::new(), Vec::new()];
        let mut changes = Vec::new();
        let config = NexmarkConfig { base_time: START, ..NexmarkConfig::default() };
        for (number, event) in (0..before + after).zip(EventGenerator::new(config)) {
            let (table, row) = row(number, event);
            if number < before {
                rows[table].push(row);
            } else {
                changes.push(Change::Insert { table: Arc::clone(&tables[table]), new: row });
            }
        }
        Self { tables, before: rows.map(Arc::new), after: changes }
    }

    /// One query over them.
    pub(super) fn workload(&self, query: Query) -> Workload {
        let key = query.sql.lines().find_map(|line| line.strip_prefix("-- key: "));
        let key = key.map(|key| key.split(", ").map(str::to_owned).collect());
        let view = ViewText { name: "bench".into(), sql: query.sql, key, ..ViewText::default() };
        let event_tables = self.tables.iter().zip(&self.before).map(|(schema, rows)| {
            let kept = Arc::clone(rows);
            let row = move |number: u64| kept[number as usize].clone();
            Filled { schema: Arc::clone(schema), rows: rows.len() as u64, row: Box::new(row) }
        });
        let side = |number: u64| Row::from(vec![Value::Int(number as i64), Value::text(format!("side {number}"))]);
        let side = Filled { schema: Arc::clone(&self.tables[3]), rows: SIDE_ROWS, row: Box::new(side) };
        let tables = event_tables.chain([side]).collect();
        Workload { name: query.name, view, tables, transactions: transactions(&self.after) }
    }
}

/// The table by its number and the row. Bids are numbered, which their stream does not do.
fn row(number: u64, event: Event) -> (usize, Row) {
    let int = |number: usize| Value::Int(number as i64);
    let time = |milliseconds: u64| Value::Timestamp((milliseconds - EPOCH_2000) as i64 * 1_000);
    let text = |text: String| Value::text(text);
    let (table, cells) = match event {
        Event::Person(p) => {
            let texts = [p.name, p.email_address, p.credit_card, p.city, p.state].map(text);
            let mut cells = vec![int(p.id)];
            cells.extend(texts);
            cells.extend([time(p.date_time), text(p.extra)]);
            (0, cells)
        }
        Event::Auction(a) => {
            let mut cells = vec![int(a.id), text(a.item_name), text(a.description), int(a.initial_bid), int(a.reserve)];
            cells.extend([time(a.date_time), time(a.expires), int(a.seller), int(a.category), text(a.extra)]);
            (1, cells)
        }
        Event::Bid(b) => {
            let mut cells = vec![Value::Int(number as i64), int(b.auction), int(b.bidder), int(b.price)];
            cells.extend([text(b.channel), text(b.url), time(b.date_time), text(b.extra)]);
            (2, cells)
        }
    };
    (table, cells.into())
}

fn schemas() -> [Arc<TableSchema>; 4] {
    const PERSON: &[&str] = &["id", "name", "email_address", "credit_card", "city", "state", "date_time", "extra"];
    const AUCTION: &[&str] = &[
        "id",
        "item_name",
        "description",
        "initial_bid",
        "reserve",
        "date_time",
        "expires",
        "seller",
        "category",
        "extra",
    ];
    const BID: &[&str] = &["id", "auction", "bidder", "price", "channel", "url", "date_time", "extra"];
    let tables = [("person", PERSON), ("auction", AUCTION), ("bid", BID), ("side_input", &["key", "value"])];
    let mut id = 0;
    tables.map(|(name, columns)| {
        id += 1;
        Arc::new(TableSchema {
            name: TableName { source: SOURCE, schema: "public".into(), table: name.into() },
            id,
            columns: columns.iter().map(|column| Column::new(*column, type_of(column), false)).collect(),
            key: vec![0],
            identity: ReplicaIdentity::Default,
        })
    })
}

fn type_of(column: &str) -> SqlType {
    match column {
        "id" | "key" | "initial_bid" | "reserve" | "seller" | "category" | "auction" | "bidder" | "price" => {
            SqlType::Int8
        }
        "date_time" | "expires" => SqlType::Timestamp,
        _ => SqlType::Text,
    }
}
