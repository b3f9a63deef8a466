//! A small filled state directory and what the servers see of it: one generation of projections, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use smol_str::SmolStr;
use tailwater_connectors::search::SearchSink;
use tailwater_connectors::search::config::SearchSinkConfig;
use tailwater_connectors::{
    ChangelogBatch, Cursor, Row, RowChange, RowPages, Sink, SinkError, SqlType, Value, ViewSchema,
};
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};

use super::{PATIENCE, Write, card, position};
use crate::pipeline::Projections;
use crate::pipeline::status::{Condition, SourceStatus, StatusBoard, ViewStatus};
use crate::pipeline::verify::VerifyDesk;
use crate::state::{Checkpoint, ErrorTables, RegisteredView, State, TableId, encode_key, encode_row};

const ERRORS: TableId = TableId(100);

/// Committed state under test.
pub(in crate::server) struct Filled {
    pub(in crate::server) projections: Arc<Projections>,
    search: Mutex<SearchSink>,
    checkpoints: watch::Sender<Checkpoint>,
    _directory: TempDir,
}

fn search_config() -> SearchSinkConfig {
    SearchSinkConfig {
        name: "find_cards".into(),
        view: "cards".into(),
        fields: BTreeMap::new(),
        language: None,
        commit_interval: Duration::ZERO,
        memory_bytes: 16 << 20,
    }
}

struct NoPages;

#[async_trait]
impl RowPages for NoPages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        Ok(None)
    }
}

impl Filled {
    /// Empty views, the first of which can have row errors, in these conditions, and a search sink.
    pub(in crate::server) fn new(views: Vec<(Arc<ViewSchema>, Condition)>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(directory.path(), 64 << 20).unwrap();
        let errors = ErrorTables { entries: ERRORS, total: TableId(101) };
        let register = |(index, (view, _)): (usize, &(Arc<ViewSchema>, Condition))| RegisteredView {
            name: view.name.clone(),
            table: TableId(index as u32 + 1),
            key_types: view.key.iter().map(|&column| view.columns[column].sql_type.clone()).collect(),
            errors: (index == 0).then_some(errors),
        };
        state.register_views(views.iter().enumerate().map(register).collect());
        let status = Arc::new(StatusBoard::default());
        status.update(|status| {
            status.state.condition = Condition::Live;
            status.sources.insert("shop".into(), SourceStatus { condition: Condition::Live, ..Default::default() });
            for (view, condition) in &views {
                status.views.insert(view.name.clone(), ViewStatus { condition: *condition, ..Default::default() });
            }
        });
        let (checkpoints, newest) = watch::channel(Checkpoint::default());
        let (search, index) = SearchSink::new(search_config(), directory.path().join("search"));
        let projections = Arc::new(Projections {
            state,
            sources: Arc::from([SmolStr::from("shop")]),
            views: views.into_iter().map(|(view, _)| view).collect(),
            operators: Arc::new(BTreeMap::from([("cards".into(), vec!["project 10 / #0".into()])])),
            checkpoints: newest,
            status,
            searches: Arc::new(BTreeMap::from([("find_cards".into(), index)])),
            verify: VerifyDesk::closed(),
        });
        Self { projections, search: Mutex::new(search), checkpoints, _directory: directory }
    }

    /// One step up to position `0/number`.
    pub(in crate::server) fn commit(&self, writes: &[Write], number: u64) {
        let mut tx = self.projections.state.begin();
        for (index, row, stays) in writes {
            let view = &self.projections.views[*index];
            let types: Vec<SqlType> = view.key.iter().map(|&column| view.columns[column].sql_type.clone()).collect();
            let (mut key, mut bytes) = (Vec::new(), Vec::new());
            encode_key(&mut key, &types, &row.project(&view.key)).unwrap();
            encode_row(&mut bytes, row);
            let table = TableId(*index as u32 + 1);
            if *stays { tx.put(table, key, bytes) } else { tx.delete(table, key) }
        }
        let checkpoint = tx.commit(&position(number)).unwrap();
        self.checkpoints.send_replace(checkpoint);
    }

    /// Adds an entry to the row errors of the first view, in a step of its own.
    pub(in crate::server) fn quarantine(&self, (entry, count): (Vec<Value>, i64), number: u64) {
        let mut tx = self.projections.state.begin();
        let mut key = Vec::new();
        encode_row(&mut key, &entry);
        tx.put(ERRORS, key, count.to_be_bytes().to_vec());
        let checkpoint = tx.commit(&position(number)).unwrap();
        self.checkpoints.send_replace(checkpoint);
    }

    /// Fills the search index with cards 1 to `cards`, up to position `0/number`.
    pub(in crate::server) async fn index(&self, cards: i64, number: u64) {
        let cursor = Cursor { generation: "g".into(), step: number, positions: position(number) };
        let changes = (1..=cards).map(|id| RowChange { old: None, new: Some(card(id)) }).collect();
        let mut search = self.search.lock().await;
        if search.open(&self.projections.views[0]).await.unwrap().is_none() {
            search.replace(&mut NoPages, &cursor).await.unwrap();
        }
        search.write(&ChangelogBatch { changes, cursor, committed_at: None }).await.unwrap();
        self.projections.status.update(|status| {
            status.sinks.entry("find_cards".into()).or_default().condition = Condition::Live;
        });
    }

    /// Nothing is committed here any more.
    pub(in crate::server) fn end(&mut self) {
        self.checkpoints = watch::channel(Checkpoint::default()).0;
    }

    /// How many look for its newest checkpoint.
    pub(in crate::server) fn receivers(&self) -> usize {
        self.checkpoints.receiver_count()
    }

    /// Returns when some request waits for a position here, which `idle` others do not.
    pub(in crate::server) fn await_reader(&self, idle: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.receivers() <= idle {
            assert!(Instant::now() < deadline, "no request waits for a position");
            std::thread::yield_now();
        }
    }

    /// Returns when nobody else holds it.
    pub(in crate::server) fn await_let_go(&self) {
        let deadline = Instant::now() + PATIENCE;
        while Arc::strong_count(&self.projections) > 1 {
            assert!(Instant::now() < deadline, "projections are held");
            std::thread::yield_now();
        }
    }
}
