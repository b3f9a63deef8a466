//! The Redis sink: one key per row of a view, and one key for the cursor.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::join;
use redis::{Cmd, IntoConnectionInfo, RedisError};
use smol_str::SmolStr;

use crate::read_back::ReadBack;
use crate::schema::ViewSchema;
use crate::sink::{ChangelogBatch, Cursor, RowPages, Sink, SinkError};

use super::commands::{RowWriter, delete};
use super::config::RedisSinkConfig;
use super::connection::{Connection, Outcome, judge_server};
use super::cursor::{Layout, StoredCursor, cursor_key};
use super::error::Place;
use super::key::KeyTemplate;

/// Keys looked at per step of a scan: some 100 µs of the server's time.
const SCAN_COUNT: usize = 1_000;

/// Longer ones would overflow the server's clock.
const TTL_MAX: Duration = Duration::from_secs(1_000 * 365 * 24 * 3600);

/// Holds a view in Redis or Valkey.
pub struct RedisSink {
    pub(super) config: RedisSinkConfig,
    pub(super) place: Place,
    pub(super) session: Option<Session>,
    /// Generation this process wrote last: finding another one means that another daemon took over.
    written: Option<SmolStr>,
    /// Redis failed a part of a transaction: its rows are not what its cursor says, until they are replaced.
    torn: bool,
}

/// From a successful `open` to the first error.
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) view: ViewSchema,
    pub(super) template: KeyTemplate,
    pub(super) layout: Layout,
    /// Layouts of which keys may be in Redis.
    former: Vec<Layout>,
}

impl RedisSink {
    /// A sink that connects when it is opened. Refuses a configuration that does not fit the view.
    pub fn new(config: RedisSinkConfig, view: &ViewSchema) -> Result<Self, SinkError> {
        let address = config.url.as_str().into_connection_info().map(|info| info.addr().to_string());
        let place = Place { sink: config.name.to_string(), address: address.clone().unwrap_or_default() };
        if let Err(error) = address {
            return Err(place.sort(&error));
        }
        let sink = Self { config, place, session: None, written: None, torn: false };
        sink.template(view)?;
        Ok(sink)
    }

    fn template(&self, view: &ViewSchema) -> Result<KeyTemplate, SinkError> {
        if self.config.ttl.is_some_and(|ttl| ttl.as_millis() == 0 || ttl > TTL_MAX) {
            let message = "ttl is shorter than a millisecond or longer than 1000 years";
            return Err(self.place.refused(message, "leave it out to keep rows for ever"));
        }
        KeyTemplate::new(&self.config.key, view).map_err(|error| self.place.refused(error.to_string(), error.hint()))
    }

    async fn connect(&self) -> Result<Connection, SinkError> {
        let connection = Connection::open(&self.config.url, cursor_key(&self.config.name), self.config.timeout).await;
        connection.map_err(|error| self.place.sort(&error))
    }

    /// Reads and watches the cursor key.
    async fn stored(&self, connection: &mut Connection) -> Result<Option<StoredCursor>, SinkError> {
        let key = cursor_key(&self.config.name);
        let foreign = || {
            let hint = format!("another program wrote it; after \"DEL {key}\" the sink is filled again from the view");
            self.place.refused(format!("key \"{key}\" does not hold a cursor of this sink"), hint)
        };
        match connection.watch().await {
            Ok(None) => Ok(None),
            Ok(Some(content)) => StoredCursor::parse(&content).map(Some).map_err(|_| foreign()),
            Err(error) if error.code() == Some("WRONGTYPE") => Err(foreign()),
            Err(error) => Err(self.place.sort(&error)),
        }
    }

    fn overtaken(&self) -> SinkError {
        self.place.refused(
            "another daemon has taken over this sink: its cursor in Redis is of another state directory or view",
            "let one daemon only write a sink of this name; restart the one that shall have it",
        )
    }

    /// One fenced transaction; the session ends with any error.
    async fn transact(&mut self, commands: Vec<Cmd>, cursor: &StoredCursor) -> Result<(), SinkError> {
        let Some(session) = &mut self.session else {
            return Err(self.place.unavailable("not connected"));
        };
        let outcome = session.connection.transact(commands, &cursor.to_json()).await;
        self.conclude(outcome, cursor).await
    }

    async fn conclude(&mut self, outcome: Result<Outcome, RedisError>, cursor: &StoredCursor) -> Result<(), SinkError> {
        if let Ok(Outcome::Done) = outcome {
            self.written = Some(cursor.generation.clone());
            return Ok(());
        }
        let session = self.session.take();
        match outcome {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Overtaken(content)) => {
                let found = content.and_then(|content| StoredCursor::parse(&content).ok());
                match found {
                    Some(found) if found.generation != cursor.generation => Err(self.overtaken()),
                    _ => Err(self.place.unavailable("the cursor in Redis was changed or deleted by someone else")),
                }
            }
            Ok(Outcome::Torn(error)) => {
                self.torn = true;
                if let Some(mut session) = session {
                    session.connection.forget_cursor().await.map_err(|error| self.place.sort(&error))?;
                }
                Err(self.place.sort(&error))
            }
            Err(error) => Err(self.place.sort(&error)),
        }
    }

    pub(super) fn session(&mut self) -> Result<&mut Session, SinkError> {
        self.session.as_mut().ok_or_else(|| self.place.unavailable("not connected"))
    }

    /// Calls `found` with each step's keys that one of the layouts made.
    pub(super) async fn scan_own(&mut self, glob: &str, from: u64) -> Result<(u64, Vec<Vec<u8>>), SinkError> {
        let session = self.session()?;
        let step = session.connection.scan(from, glob, SCAN_COUNT).await;
        let ours = |key: &Vec<u8>| session.layouts().any(|layout| layout.pattern.recognises(key));
        match step {
            Ok((next, mut keys)) => {
                keys.retain(ours);
                Ok((next, keys))
            }
            Err(error) => {
                self.session = None;
                Err(self.place.sort(&error))
            }
        }
    }

    fn globs(&mut self) -> Result<Vec<String>, SinkError> {
        let mut globs: Vec<_> = self.session()?.layouts().map(|layout| layout.pattern.glob()).collect();
        globs.sort();
        globs.dedup();
        Ok(globs)
    }

    /// Hashes of keys that are in Redis before a replacement. 128 bits: no two keys are taken for one.
    async fn keys_before(&mut self) -> Result<HashSet<u128>, SinkError> {
        let mut before = HashSet::new();
        for glob in self.globs()? {
            let mut from = 0;
            loop {
                let (next, keys) = self.scan_own(&glob, from).await?;
                before.extend(keys.iter().map(|key| hash(key)));
                from = next;
                if from == 0 {
                    break;
                }
            }
        }
        Ok(before)
    }

    /// Writes all pages; what stays in `before` was not written.
    async fn write_pages(
        &mut self,
        pages: &mut dyn RowPages,
        marker: &StoredCursor,
        before: &mut HashSet<u128>,
    ) -> Result<(), SinkError> {
        let marker_json = marker.to_json();
        let mut page = pages.next_page().await?;
        let mut key = String::new();
        while let Some(rows) = page {
            let (format, ttl) = (self.config.format, self.config.ttl);
            let session = self.session()?;
            if !before.is_empty() {
                for row in &rows {
                    key.clear();
                    session.template.render(row, &mut key);
                    before.remove(&hash(key.as_bytes()));
                }
            }
            let writer = RowWriter { view: &session.view, template: &session.template, format, ttl };
            let commands = writer.rows(rows.iter());
            let (outcome, next) = join!(session.connection.transact(commands, &marker_json), pages.next_page());
            self.conclude(outcome, marker).await?;
            page = next?;
        }
        Ok(())
    }

    async fn delete_ghosts(&mut self, ghosts: &HashSet<u128>, marker: &StoredCursor) -> Result<(), SinkError> {
        if ghosts.is_empty() {
            return Ok(());
        }
        for glob in self.globs()? {
            let mut from = 0;
            loop {
                let (next, mut keys) = self.scan_own(&glob, from).await?;
                keys.retain(|key| ghosts.contains(&hash(key)));
                if !keys.is_empty() {
                    self.transact(delete(&keys), marker).await?;
                }
                from = next;
                if from == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Session {
    fn layouts(&self) -> impl Iterator<Item = &Layout> {
        self.former.iter().chain([&self.layout])
    }
}

fn hash(key: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(key)
}

#[async_trait]
impl Sink for RedisSink {
    async fn check(&mut self, view: &ViewSchema) -> Result<(), SinkError> {
        self.template(view)?;
        let mut connection = self.connect().await?;
        match connection.info().await {
            Ok(info) => judge_server(&info, &self.place)?,
            // A user who may not ask for INFO may still write.
            Err(error) if error.code() == Some("NOPERM") => {}
            Err(error) => return Err(self.place.sort(&error)),
        }
        self.stored(&mut connection).await.map(drop)
    }

    async fn open(&mut self, view: &ViewSchema) -> Result<Option<Cursor>, SinkError> {
        self.session = None;
        let template = self.template(view)?;
        let layout = Layout::new(template.pattern().clone(), &self.config);
        let mut connection = self.connect().await?;
        let stored = self.stored(&mut connection).await?;
        let took_over = |stored: &StoredCursor| self.written.as_ref().is_some_and(|own| *own != stored.generation);
        if stored.as_ref().is_some_and(took_over) {
            return Err(self.overtaken());
        }
        let former = stored.as_ref().map(|stored| stored.layouts.clone()).unwrap_or_default();
        let cursor = stored.filter(|_| !self.torn).and_then(|stored| stored.complete(&layout));
        self.session = Some(Session { connection, view: view.clone(), template, layout, former });
        Ok(cursor)
    }

    async fn replace(&mut self, pages: &mut dyn RowPages, cursor: &Cursor) -> Result<(), SinkError> {
        let session = self.session()?;
        session.former.retain(|former| *former != session.layout);
        let marker = StoredCursor::new(cursor, session.layouts().cloned().collect()).replacing();
        self.transact(Vec::new(), &marker).await?;
        let mut before = self.keys_before().await?;
        self.write_pages(pages, &marker, &mut before).await?;
        self.delete_ghosts(&before, &marker).await?;
        let layout = self.session()?.layout.clone();
        self.transact(Vec::new(), &StoredCursor::new(cursor, vec![layout])).await?;
        self.session()?.former.clear();
        self.torn = false;
        Ok(())
    }

    async fn write(&mut self, batch: &ChangelogBatch) -> Result<(), SinkError> {
        let (format, ttl) = (self.config.format, self.config.ttl);
        let session = self.session()?;
        let writer = RowWriter { view: &session.view, template: &session.template, format, ttl };
        let commands = writer.changes(&batch.changes);
        let cursor = StoredCursor::new(&batch.cursor, vec![session.layout.clone()]);
        self.transact(commands, &cursor).await
    }

    fn read_back(&mut self) -> Option<&mut dyn ReadBack> {
        Some(self)
    }
}
