//! The commands that are known: name, arity, where the keys are.

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Auth,
    Client,
    Catalogue,
    Config,
    Dbsize,
    Discard,
    Echo,
    Exec,
    Exists,
    ExpireTime,
    Get,
    Hello,
    Hexists,
    Hget,
    HgetAll,
    Hkeys,
    Hlen,
    Hmget,
    Hscan,
    Hstrlen,
    Hvals,
    Info,
    Keys,
    Mget,
    Multi,
    Ping,
    Quit,
    Reset,
    Role,
    Scan,
    Select,
    Strlen,
    Tailwater,
    Time,
    Type,
    Unwatch,
    Watch,
    /// Would change something: always refused.
    Write,
}

/// One line of the table.
pub(super) struct Spec {
    /// Name in lower case.
    pub(super) name: &'static str,
    /// Words with the name; negative: at least so many.
    pub(super) arity: i8,
    /// First key, last key, step, as COMMAND tells them.
    pub(super) keys: (i8, i8, i8),
    pub(super) command: Command,
    /// Whether it may read many rows.
    pub(super) heavy: bool,
}

const fn on_key(name: &'static str, arity: i8, command: Command) -> Spec {
    Spec { name, arity, keys: (1, 1, 1), command, heavy: false }
}

const fn on_keys(name: &'static str, command: Command) -> Spec {
    Spec { name, arity: -2, keys: (1, -1, 1), command, heavy: false }
}

const fn plain(name: &'static str, arity: i8, command: Command) -> Spec {
    Spec { name, arity, keys: (0, 0, 0), command, heavy: false }
}

const fn heavy(name: &'static str, arity: i8, command: Command) -> Spec {
    Spec { name, arity, keys: (0, 0, 0), command, heavy: true }
}

/// Commands that are answered, by name.
const READS: [Spec; 40] = [
    plain("auth", -2, Command::Auth),
    plain("client", -2, Command::Client),
    plain("command", -1, Command::Catalogue),
    plain("config", -2, Command::Config),
    heavy("dbsize", 1, Command::Dbsize),
    plain("discard", 1, Command::Discard),
    plain("echo", 2, Command::Echo),
    plain("exec", 1, Command::Exec),
    on_keys("exists", Command::Exists),
    on_key("expiretime", 2, Command::ExpireTime),
    on_key("get", 2, Command::Get),
    plain("hello", -1, Command::Hello),
    on_key("hexists", 3, Command::Hexists),
    on_key("hget", 3, Command::Hget),
    on_key("hgetall", 2, Command::HgetAll),
    on_key("hkeys", 2, Command::Hkeys),
    on_key("hlen", 2, Command::Hlen),
    on_key("hmget", -3, Command::Hmget),
    on_key("hscan", -3, Command::Hscan),
    on_key("hstrlen", 3, Command::Hstrlen),
    on_key("hvals", 2, Command::Hvals),
    plain("info", -1, Command::Info),
    heavy("keys", 2, Command::Keys),
    on_keys("mget", Command::Mget),
    plain("multi", 1, Command::Multi),
    on_key("pexpiretime", 2, Command::ExpireTime),
    plain("ping", -1, Command::Ping),
    on_key("pttl", 2, Command::ExpireTime),
    plain("quit", -1, Command::Quit),
    plain("reset", 1, Command::Reset),
    plain("role", 1, Command::Role),
    heavy("scan", -2, Command::Scan),
    plain("select", 2, Command::Select),
    on_key("strlen", 2, Command::Strlen),
    plain("tailwater", -2, Command::Tailwater),
    plain("time", 1, Command::Time),
    on_key("ttl", 2, Command::ExpireTime),
    on_key("type", 2, Command::Type),
    plain("unwatch", 1, Command::Unwatch),
    plain("watch", -2, Command::Watch),
];

/// Commands of Redis that change data, by name.
const WRITES: [&str; 108] = [
    "append",
    "bitfield",
    "bitop",
    "blmove",
    "blmpop",
    "blpop",
    "brpop",
    "brpoplpush",
    "bzmpop",
    "bzpopmax",
    "bzpopmin",
    "copy",
    "decr",
    "decrby",
    "del",
    "expire",
    "expireat",
    "flushall",
    "flushdb",
    "geoadd",
    "georadius",
    "georadiusbymember",
    "geosearchstore",
    "getdel",
    "getex",
    "getset",
    "hdel",
    "hexpire",
    "hexpireat",
    "hgetdel",
    "hgetex",
    "hincrby",
    "hincrbyfloat",
    "hmset",
    "hpersist",
    "hpexpire",
    "hpexpireat",
    "hset",
    "hsetex",
    "hsetnx",
    "incr",
    "incrby",
    "incrbyfloat",
    "linsert",
    "lmove",
    "lmpop",
    "lpop",
    "lpush",
    "lpushx",
    "lrem",
    "lset",
    "ltrim",
    "migrate",
    "move",
    "mset",
    "msetnx",
    "persist",
    "pexpire",
    "pexpireat",
    "pfadd",
    "pfdebug",
    "pfmerge",
    "psetex",
    "rename",
    "renamenx",
    "restore",
    "restore-asking",
    "rpop",
    "rpoplpush",
    "rpush",
    "rpushx",
    "sadd",
    "sdiffstore",
    "set",
    "setbit",
    "setex",
    "setnx",
    "setrange",
    "sinterstore",
    "smove",
    "sort",
    "spop",
    "srem",
    "sunionstore",
    "swapdb",
    "unlink",
    "xack",
    "xadd",
    "xautoclaim",
    "xclaim",
    "xdel",
    "xgroup",
    "xreadgroup",
    "xsetid",
    "xtrim",
    "zadd",
    "zdiffstore",
    "zincrby",
    "zinterstore",
    "zmpop",
    "zpopmax",
    "zpopmin",
    "zrangestore",
    "zrem",
    "zremrangebylex",
    "zremrangebyrank",
    "zremrangebyscore",
    "zunionstore",
];

static WRITE: Spec = plain("write", -1, Command::Write);

/// Commands that are answered.
pub(super) static TABLE: [Spec; READS.len()] = READS;
/// Longest name in both lists is shorter.
const NAME_BYTES_MAX: usize = 24;

/// The command named `name`, in any case, and its place in [`TABLE`] when it is answered.
pub(super) fn find(name: &[u8]) -> Option<(Option<usize>, &'static Spec)> {
    let mut lower = [0; NAME_BYTES_MAX];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    if let Ok(index) = TABLE.binary_search_by(|spec| spec.name.as_bytes().cmp(lower)) {
        return Some((Some(index), &TABLE[index]));
    }
    WRITES.binary_search_by(|write| write.as_bytes().cmp(lower)).ok().map(|_| (None, &WRITE))
}

impl Spec {
    /// Whether a request of `words` words fits.
    pub(super) fn fits(&self, words: usize) -> bool {
        let arity = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { words >= arity } else { words == arity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_so_every_command_is_found() {
        for (index, spec) in TABLE.iter().enumerate() {
            assert!(
                matches!(find(spec.name.to_uppercase().as_bytes()), Some((Some(at), _)) if at == index),
                "{}",
                spec.name
            );
        }
        for write in WRITES {
            assert!(matches!(find(write.as_bytes()), Some((None, spec)) if spec.command == Command::Write), "{write}");
        }
        assert!(find(b"nonsense").is_none());
        assert!(find(&[b'x'; 100]).is_none());
    }

    #[test]
    fn arity_counts_the_name() {
        assert!(on_key("get", 2, Command::Get).fits(2));
        assert!(!on_key("get", 2, Command::Get).fits(3));
        assert!(on_keys("mget", Command::Mget).fits(9));
        assert!(!on_keys("mget", Command::Mget).fits(1));
    }
}
