//! What Redis holds, compared with what a write of the rows would leave there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use redis::{RedisError, Value};

use crate::json;
use crate::read_back::{Held, HeldEntries, HeldEntry, ReadBack};
use crate::row::Row;
use crate::schema::ViewSchema;
use crate::sink::SinkError;

use super::commands::each_field;
use super::config::RedisFormat;
use super::sink::RedisSink;

#[async_trait]
impl ReadBack for RedisSink {
    async fn held(&mut self, rows: &[Row]) -> Result<Vec<Held>, SinkError> {
        let format = self.config.format;
        let nothing = if self.config.ttl.is_some() { Held::Expired } else { Held::Nothing };
        let keys: Vec<String> = rows.iter().map(|row| self.name(row)).collect();
        let session = self.session()?;
        let contents = session.connection.contents(&keys, format == RedisFormat::Hash).await;
        match contents {
            Ok(contents) if contents.len() == rows.len() => {
                let held = |(row, content)| match format {
                    RedisFormat::Json => json_held(&session.view, row, content, nothing),
                    RedisFormat::Hash => hash_held(&session.view, row, content, nothing),
                };
                Ok(rows.iter().zip(contents).map(held).collect())
            }
            Ok(_) => Err(self.lost(&RedisError::from((redis::ErrorKind::UnexpectedReturnType, "too few replies")))),
            Err(error) => Err(self.lost(&error)),
        }
    }

    async fn entries(&mut self, from: u64) -> Result<HeldEntries, SinkError> {
        let glob = self.session()?.layout.pattern.glob();
        let (next, keys) = self.scan_own(&glob, from).await?;
        let session = self.session()?;
        let entry = |key: Vec<u8>| HeldEntry {
            key: session.template.parse(&session.view, &key),
            name: String::from_utf8_lossy(&key).into_owned(),
        };
        Ok(HeldEntries { entries: keys.into_iter().map(entry).collect(), next: (next != 0).then_some(next) })
    }

    fn name(&self, row: &Row) -> String {
        let mut name = String::new();
        if let Some(session) = &self.session {
            session.template.render(row, &mut name);
        }
        name
    }
}

impl RedisSink {
    /// The session ends with any error.
    fn lost(&mut self, error: &RedisError) -> SinkError {
        self.session = None;
        self.place.sort(error)
    }
}

fn json_held(view: &ViewSchema, row: &Row, content: Value, nothing: Held) -> Held {
    let mut wanted = Vec::new();
    json::write_row(&mut wanted, &view.columns, row);
    match content {
        Value::Nil => nothing,
        Value::BulkString(held) if held == wanted => Held::Same,
        _ => Held::Other,
    }
}

fn hash_held(view: &ViewSchema, row: &Row, content: Value, nothing: Held) -> Held {
    let (mut wanted, mut text) = (BTreeMap::new(), String::new());
    each_field(view, row, &mut text, |name, text| _ = wanted.insert(name.to_owned(), text.to_owned()));
    // A key of another type answers an error.
    let Ok(held) = redis::from_redis_value::<BTreeMap<String, String>>(content) else { return Held::Other };
    match (held == wanted, held.is_empty()) {
        (true, _) => Held::Same,
        (false, true) => nothing,
        (false, false) => Held::Other,
    }
}
