//! Checked configuration of a Redis sink.

use std::time::Duration;

use smol_str::SmolStr;

/// `[sink.NAME]` with `type = "redis"`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSinkConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// View it holds.
    pub view: SmolStr,
    /// `redis://[user[:password]@]host:port[/db]`, `rediss://` for TLS.
    pub url: String,
    /// Key template, `order:{id}`; its columns must be exactly the view's key columns, in any order and text around them.
    /// `{{` and `}}` are braces. It begins with text of its own, not with `tailwater:`: a rebuild deletes every key that the
    /// template can have made and that is not in the view, so no other writer may use such keys.
    ///
    /// With one column the value stands as Postgres prints it. With several columns there is punctuation between them, and
    /// this, and `%`, are percent-encoded inside values: `("x:y", 1)` in `t:{a}:{b}` is `t:x%3Ay:1`. Null is `\N`.
    pub key: String,
    /// How a row is stored.
    pub format: RedisFormat,
    /// Time to live, set with every write of a key: rows that do not change for so long vanish from Redis.
    pub ttl: Option<Duration>,
    /// How long Redis may take for an answer.
    pub timeout: Duration,
}

/// Default of `timeout`: large transactions and a server that saves or loads take a while; giving up means sending all again.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How a row is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisFormat {
    /// One string: a JSON object with all columns.
    Json,
    /// One hash: a field per column, as Postgres prints it; null columns are absent, but null key columns are `\N`.
    Hash,
}
