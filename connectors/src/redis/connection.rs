//! One connection with a fenced transaction on it.
//!
//! The cursor key is always watched. A transaction's EXEC is refused by Redis when anyone else has touched the cursor since
//! it was read: a second daemon, a late command of our own former connection, FLUSHALL. Watching again travels behind
//! each EXEC in the same flight, so the fence costs no round trip.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo, Pipeline, RedisError, RedisResult, Value, cmd};

use super::error::Place;
use crate::sink::SinkError;

/// A server that does not take a connection in this time is treated as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes gathered before the socket is written: a few large writes per batch.
const WRITE_BUFFER_BYTES: usize = 256 << 10;

/// Commands around the rows: MULTI, SET cursor, EXEC, WATCH, GET.
const FRAME_COMMANDS: usize = 5;

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Redis has all of it.
    Done,
    /// Redis has none of it, or someone wrote the cursor at once after it; this is the cursor key's content now.
    Overtaken(Option<Vec<u8>>),
    /// Redis has the transaction except the commands it failed.
    Torn(RedisError),
}

/// An open connection that watches one cursor key.
pub(super) struct Connection {
    redis: MultiplexedConnection,
    cursor_key: String,
}

impl Connection {
    /// Connects; authenticates and selects the database as the URL says. `timeout` bounds every answer.
    pub(super) async fn open(url: &str, cursor_key: String, timeout: Duration) -> RedisResult<Self> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT.min(timeout)))
            .set_response_timeout(Some(timeout))
            .set_write_backpressure_boundary(WRITE_BUFFER_BYTES);
        let info = url.into_connection_info()?.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let redis = Client::open(info)?.get_multiplexed_async_connection_with_config(&settings).await?;
        Ok(Self { redis, cursor_key })
    }

    /// Reads the cursor key and watches it from here on.
    pub(super) async fn watch(&mut self) -> RedisResult<Option<Vec<u8>>> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("WATCH").arg(&self.cursor_key).cmd("GET").arg(&self.cursor_key);
        let mut content = Value::Nil;
        for reply in self.redis.send_packed_commands(&pipeline, 0, 2).await? {
            content = failure(reply)?;
        }
        redis::from_redis_value(content).map_err(RedisError::from)
    }

    /// Runs `commands` and sets the cursor key, all or nothing, if nobody touched the cursor key.
    pub(super) async fn transact(&mut self, commands: Vec<Cmd>, cursor: &str) -> RedisResult<Outcome> {
        let count = commands.len() + FRAME_COMMANDS;
        let mut pipeline = Pipeline::with_capacity(count);
        pipeline.cmd("MULTI");
        for command in commands {
            pipeline.add_command(command);
        }
        pipeline.cmd("SET").arg(&self.cursor_key).arg(cursor).cmd("EXEC");
        pipeline.cmd("WATCH").arg(&self.cursor_key).cmd("GET").arg(&self.cursor_key);
        let replies = self.redis.send_packed_commands(&pipeline, 0, count).await?;
        outcome(replies, count, cursor)
    }

    /// Takes the cursor away, so that nobody believes torn rows.
    pub(super) async fn forget_cursor(&mut self) -> RedisResult<()> {
        cmd("DEL").arg(&self.cursor_key).exec_async(&mut self.redis).await
    }

    /// One step of a scan over keys that match `glob`: where to go on, and keys. Zero ends it.
    pub(super) async fn scan(&mut self, from: u64, glob: &str, count: usize) -> RedisResult<(u64, Vec<Vec<u8>>)> {
        cmd("SCAN").arg(from).arg("MATCH").arg(glob).arg("COUNT").arg(count).query_async(&mut self.redis).await
    }

    /// Asks for the keys' strings, or with `hashes` for their hashes; a key of another type answers null or an error.
    pub(super) async fn contents(&mut self, keys: &[String], hashes: bool) -> RedisResult<Vec<Value>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if !hashes {
            let mut get = Cmd::with_capacity(1 + keys.len(), keys.iter().map(|key| key.len() + 16).sum());
            get.arg("MGET").arg(keys);
            return get.query_async(&mut self.redis).await;
        }
        let mut pipeline = Pipeline::with_capacity(keys.len());
        for key in keys {
            pipeline.cmd("HGETALL").arg(key);
        }
        self.redis.send_packed_commands(&pipeline, 0, keys.len()).await
    }

    /// The server's description of itself.
    pub(super) async fn info(&mut self) -> RedisResult<String> {
        cmd("PING").exec_async(&mut self.redis).await?;
        cmd("INFO").query_async(&mut self.redis).await
    }
}

/// Reads the replies to the transaction's frame.
fn outcome(replies: Vec<Value>, count: usize, cursor: &str) -> RedisResult<Outcome> {
    if replies.len() != count {
        return Err(RedisError::from((redis::ErrorKind::UnexpectedReturnType, "a transaction has too few replies")));
    }
    let mut replies = replies;
    let content = replies.pop().expect("length is checked");
    let watched = replies.pop().expect("length is checked");
    let executed = replies.pop().expect("length is checked");
    // EXECABORT only says that something before failed: the first error says what.
    for reply in replies {
        failure(reply)?;
    }
    let executed = failure(executed)?;
    failure(watched)?;
    let content = match failure(content)? {
        Value::BulkString(content) => Some(content),
        _ => None,
    };
    match executed {
        Value::Array(results) => match results.into_iter().find_map(|result| failure(result).err()) {
            Some(error) => Ok(Outcome::Torn(error)),
            None if content.as_deref() == Some(cursor.as_bytes()) => Ok(Outcome::Done),
            None => Ok(Outcome::Overtaken(content)),
        },
        _ => Ok(Outcome::Overtaken(content)),
    }
}

fn failure(reply: Value) -> RedisResult<Value> {
    match reply {
        Value::ServerError(error) => Err(error.into()),
        reply => Ok(reply),
    }
}

/// Refuses servers that cannot hold a view, warns about those that may lose rows.
pub(super) fn judge_server(info: &str, place: &Place) -> Result<(), SinkError> {
    let field = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim).unwrap_or_default()
    };
    let address = &place.address;
    if field("cluster_enabled") == "1" {
        return Err(place.cluster(format!("redis at {address} is a cluster node")));
    }
    if matches!(field("role"), "slave" | "replica") {
        let primary = format!("connect to its primary, {}:{}", field("master_host"), field("master_port"));
        return Err(place.refused(format!("redis at {address} is a read-only replica"), primary));
    }
    let policy = field("maxmemory_policy");
    if !matches!(field("maxmemory"), "" | "0") && !matches!(policy, "" | "noeviction") {
        tracing::warn!(
            sink = %place.sink,
            %policy,
            "redis evicts keys when its memory is full: rows of the view may be missing; set maxmemory-policy noeviction"
        );
    }
    Ok(())
}
