//! From changed rows to Redis commands, a few large ones instead of many small ones: every command of a transaction costs
//! a queue entry, two replies and their parsing.

use std::mem;
use std::time::Duration;

use redis::{Cmd, cmd};

use crate::json;
use crate::row::Row;
use crate::schema::ViewSchema;
use crate::sink::RowChange;
use crate::text;

use super::config::RedisFormat;
use super::key::KeyTemplate;

/// Keys in one MSET or DEL: enough to make a command's own cost vanish, little enough for its buffers.
const KEYS_PER_COMMAND_MAX: usize = 512;

/// How rows become commands.
pub(super) struct RowWriter<'a> {
    pub(super) view: &'a ViewSchema,
    pub(super) template: &'a KeyTemplate,
    pub(super) format: RedisFormat,
    pub(super) ttl: Option<Duration>,
}

impl RowWriter<'_> {
    /// Commands that bring `changes` about in any state of their keys, deletions first.
    pub(super) fn changes(&self, changes: &[RowChange]) -> Vec<Cmd> {
        let mut gone = Gathered::new("DEL");
        let (mut key, mut old_key) = (String::new(), String::new());
        for change in changes {
            old_key.clear();
            if let Some(old) = &change.old {
                match &change.new {
                    // SQL calls numeric 1.0 and 1.00 one key; their Redis keys differ.
                    Some(new) if self.view.key.iter().all(|&column| old[column] == new[column]) => {}
                    Some(new) => {
                        key.clear();
                        self.template.render(new, &mut key);
                        self.template.render(old, &mut old_key);
                        if key != old_key {
                            gone.key(&old_key, None);
                        }
                    }
                    None => {
                        self.template.render(old, &mut old_key);
                        gone.key(&old_key, None);
                    }
                }
            }
        }
        let mut commands = gone.finish();
        self.rows_into(changes.iter().filter_map(|change| change.new.as_ref()), &mut commands);
        commands
    }

    /// Commands that write `rows` over whatever their keys hold.
    pub(super) fn rows<'r>(&self, rows: impl Iterator<Item = &'r Row> + Clone) -> Vec<Cmd> {
        let mut commands = Vec::new();
        self.rows_into(rows, &mut commands);
        commands
    }

    fn rows_into<'r>(&self, rows: impl Iterator<Item = &'r Row> + Clone, commands: &mut Vec<Cmd>) {
        match (self.format, self.ttl) {
            (RedisFormat::Json, None) => self.json_forever(rows, commands),
            (RedisFormat::Json, Some(ttl)) => self.json_for(ttl, rows, commands),
            (RedisFormat::Hash, _) => self.hashes(rows, commands),
        }
    }

    fn json_forever<'r>(&self, rows: impl Iterator<Item = &'r Row>, commands: &mut Vec<Cmd>) {
        let mut set = Gathered::new("MSET");
        let (mut key, mut value) = (String::new(), Vec::new());
        for row in rows {
            self.key_and_json(row, &mut key, &mut value);
            set.key(&key, Some(&value));
        }
        commands.append(&mut set.finish());
    }

    fn json_for<'r>(&self, ttl: Duration, rows: impl Iterator<Item = &'r Row>, commands: &mut Vec<Cmd>) {
        let (mut key, mut value) = (String::new(), Vec::new());
        for row in rows {
            self.key_and_json(row, &mut key, &mut value);
            let mut set = Cmd::with_capacity(5, key.len() + value.len() + 32);
            set.arg("SET").arg(&key).arg(&value[..]).arg("PX").arg(ttl.as_millis() as u64);
            commands.push(set);
        }
    }

    /// Deletes the keys first, so that fields that are null now, and values of other types, go.
    fn hashes<'r>(&self, rows: impl Iterator<Item = &'r Row> + Clone, commands: &mut Vec<Cmd>) {
        let mut gone = Gathered::new("DEL");
        let (mut key, mut value) = (String::new(), String::new());
        for row in rows.clone() {
            key.clear();
            self.template.render(row, &mut key);
            gone.key(&key, None);
        }
        commands.append(&mut gone.finish());
        for row in rows {
            key.clear();
            self.template.render(row, &mut key);
            let mut set = Cmd::with_capacity(2 + 2 * row.len(), key.len() + 24 * row.len());
            set.arg("HSET").arg(&key);
            let mut fields = 0;
            each_field(self.view, row, &mut value, |name, value| {
                set.arg(name).arg(value);
                fields += 1;
            });
            if fields == 0 {
                continue;
            }
            commands.push(set);
            if let Some(ttl) = self.ttl {
                let mut expire = Cmd::with_capacity(3, key.len() + 24);
                expire.arg("PEXPIRE").arg(&key).arg(ttl.as_millis() as u64);
                commands.push(expire);
            }
        }
    }

    fn key_and_json(&self, row: &Row, key: &mut String, value: &mut Vec<u8>) {
        key.clear();
        value.clear();
        self.template.render(row, key);
        json::write_row(value, &self.view.columns, row);
    }
}

/// Calls `each` with name and text of every field that a hash has for `row`; `text` is room to write in.
pub(super) fn each_field(view: &ViewSchema, row: &Row, text: &mut String, mut each: impl FnMut(&str, &str)) {
    for (index, (column, field)) in view.columns.iter().zip(row.iter()).enumerate() {
        text.clear();
        match field.is_null() {
            true if view.key.contains(&index) => text.push_str("\\N"),
            true => continue,
            false => text::write_text(text, &column.sql_type, field),
        }
        each(column.name.as_str(), text);
    }
}

/// Deletes `keys`.
pub(super) fn delete(keys: &[Vec<u8>]) -> Vec<Cmd> {
    let gather = |keys: &[Vec<u8>]| {
        let mut gone = cmd("DEL");
        keys.iter().for_each(|key| _ = gone.arg(&key[..]));
        gone
    };
    keys.chunks(KEYS_PER_COMMAND_MAX).map(gather).collect()
}

/// Commands of one kind with many keys each.
struct Gathered {
    name: &'static str,
    keys: usize,
    current: Cmd,
    full: Vec<Cmd>,
}

impl Gathered {
    fn new(name: &'static str) -> Self {
        Self { name, keys: 0, current: Cmd::new(), full: Vec::new() }
    }

    fn key(&mut self, key: &str, value: Option<&[u8]>) {
        if self.keys == KEYS_PER_COMMAND_MAX {
            self.full.push(mem::take(&mut self.current));
            self.keys = 0;
        }
        if self.keys == 0 {
            let value_bytes = value.map_or(0, |value| value.len() + 16);
            let room = if self.full.is_empty() { 1 } else { KEYS_PER_COMMAND_MAX };
            self.current = Cmd::with_capacity(1 + 2 * room, room * (key.len() + value_bytes) + 8);
            self.current.arg(self.name);
        }
        self.keys += 1;
        self.current.arg(key);
        if let Some(value) = value {
            self.current.arg(value);
        }
    }

    fn finish(mut self) -> Vec<Cmd> {
        if self.keys > 0 {
            self.full.push(self.current);
        }
        self.full
    }
}
