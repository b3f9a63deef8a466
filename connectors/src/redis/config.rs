//! Checked configuration of a Redis sink.

use std::time::Duration;

use smol_str::SmolStr;

/// `[sink.NAME]` with `type = "redis"`.
#[derive(Clone)]
pub struct RedisSinkConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// View it holds.
    pub view: SmolStr,
    /// `redis://[user[:password]@]host:port[/db]`, `rediss://` for TLS.
    pub url: String,
    /// Key template, `order:{id}`; its columns must be exactly the view's key columns, in any order and text around them.
    pub key: String,
    /// How a row is stored.
    pub format: RedisFormat,
    /// Time to live, set with every write of a key.
    pub ttl: Option<Duration>,
}

/// How a row is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisFormat {
    /// One string: a JSON object.
    Json,
    /// One hash: a field per column; null columns are absent.
    Hash,
}
