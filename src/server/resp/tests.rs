//! Tests of the Redis protocol: over a bare socket, and with a client library.

use std::collections::{BTreeSet, HashMap};
use std::thread;

use redis::Commands;

use super::super::ServerConfig;
use super::super::testing::{CARDS, CITIES, Fixture, Socket, card, city};
use super::commands::{Command, TABLE};
use crate::pipeline::apply::ApplyDesk;

#[test]
fn rows_are_documents_and_hashes() {
    let fixture = Fixture::start(3);
    let document = r#"{"id":2,"name":"card 2","paid":true,"note":null}"#;
    Socket::open(&fixture).expect(&[
        ("GET cards:2", document),
        ("get cards:9", "nil"),
        ("MGET cards:9 cards:2", &format!("[nil {document}]")),
        ("STRLEN cards:2", &document.len().to_string()),
        ("HGETALL cards:2", "[id 2 name card 2 paid t]"),
        ("HGETALL cards:9", "[]"),
        ("HGET cards:2 name", "card 2"),
        ("HGET cards:2 note", "nil"),
        ("HMGET cards:2 paid nonsense id", "[t nil 2]"),
        ("HMGET cards:9 id name", "[nil nil]"),
        ("HLEN cards:2", "3"),
        ("HKEYS cards:2", "[id name paid]"),
        ("HVALS cards:2", "[2 card 2 t]"),
        ("HEXISTS cards:2 note", "0"),
        ("HSTRLEN cards:2 name", "6"),
        ("HSCAN cards:2 0 MATCH n*", "[0 [name card 2]]"),
        ("EXISTS cards:1 cards:1 cards:9", "2"),
        ("TYPE cards:1", "hash"),
        ("TYPE cards:9", "none"),
        ("TTL cards:1", "-1"),
        ("PTTL cards:9", "-2"),
        ("GET cities:de:10115", r#"{"country":"de","zip":"10115","people":7}"#),
        (r#"GET "cities:d\\:e:a,b\\\\""#, r#"{"country":"d:e","zip":"a,b\\","people":7}"#),
        (r#"HGETALL "cities:\\N:x""#, "[zip x people 7]"),
        ("GET total:", r#"{"n":3}"#),
        ("GET total", r#"{"n":3}"#),
    ]);
}

#[test]
fn errors_are_worded_as_in_redis_or_say_what_is_wrong() {
    let fixture = Fixture::start(1);
    Socket::open(&fixture).expect(&[
        ("NONSENSE a b", "-ERR unknown command 'NONSENSE', with args beginning with: 'a' 'b'"),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("GET a b", "-ERR wrong number of arguments for 'get' command"),
        ("SET a b", "-READONLY You can't write against a read only replica."),
        ("del cards:1", "-READONLY You can't write against a read only replica."),
        ("SELECT 1", "-ERR DB index is out of range"),
        ("GET filling:1", "-ERR view \"filling\" is loading"),
        ("GET broken:1", "-ERR view \"broken\" is failed: integer out of range"),
        ("GET order:1", "-ERR no view \"order\" (views: cards, cities, total, filling, broken)"),
        ("GET cards:x", "-ERR key column \"id\" of view \"cards\": invalid input syntax for type bigint"),
        ("GET cities:de", "-ERR the key of view \"cities\" is made of (country, zip); 1 given"),
        ("SCAN x", "-ERR invalid cursor"),
        ("SCAN 0 COUNT 0", "-ERR syntax error"),
        ("CONFIG SET a b", "-ERR unknown subcommand 'SET'. Try CONFIG HELP."),
    ]);
    assert!(Socket::open(&fixture).ask("SCAN 17").starts_with("-ERR invalid cursor"));
}

#[test]
fn a_broken_request_is_answered_and_ends_the_connection() {
    let fixture = Fixture::start(1);
    for (bytes, reply) in [
        (&b"*1\r\n$-5\r\n"[..], "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'"),
        (b"\"\r\n", "-ERR Protocol error: unbalanced quotes in request"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "closed"),
    ] {
        let mut socket = Socket::open(&fixture);
        socket.send(bytes);
        assert_eq!(socket.reply(), reply);
        assert_eq!(socket.line(), "");
    }
}

#[test]
fn a_long_pipeline_is_answered_though_the_client_reads_late() {
    let fixture = Fixture::start(1_000);
    let mut socket = Socket::open(&fixture);
    let requests: String = (0..200_000).map(|number| format!("GET cards:{}\r\n", number % 1_000 + 1)).collect();
    socket.send(requests.as_bytes());
    for number in 0..200_000 {
        assert!(socket.reply().starts_with(&format!("{{\"id\":{},", number % 1_000 + 1)));
    }
    assert_eq!(socket.ask("PING"), "PONG");
}

#[test]
fn every_command_with_any_words_gets_exactly_one_reply() {
    let fixture = Fixture::start(2);
    let mut socket = Socket::open(&fixture);
    let words = [
        "",
        "0",
        "1",
        "-1",
        "3",
        "x",
        "get",
        "list",
        "info",
        "docs",
        "count",
        "setname",
        "position",
        "wait",
        "match",
        "cards:1",
        "cards:",
        "cards:\u{fc}",
        ":",
        "cities:a:b",
        "total:",
        "filling:1",
        "*",
        "[",
        "99999999999999999999",
    ];
    let ends = [Command::Multi, Command::Quit, Command::Exec, Command::Discard];
    let specs = TABLE.iter().filter(|spec| !ends.contains(&spec.command));
    let mut token = 0;
    for (at, spec) in specs.enumerate() {
        for count in 0..120 {
            let pick = |index: usize| words[(at * 31 + count * 7 + index * (count + 3)) % words.len()].as_bytes();
            let request: Vec<&[u8]> = std::iter::once(spec.name.as_bytes()).chain((0..count % 5).map(pick)).collect();
            token += 1;
            let echo = token.to_string();
            let mut bytes = Vec::new();
            for words in [&request[..], &[b"ECHO", echo.as_bytes()]] {
                bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
                for word in words {
                    bytes.extend_from_slice(&[format!("${}\r\n", word.len()).as_bytes(), word, b"\r\n"].concat());
                }
            }
            socket.send(&bytes);
            socket.reply();
            assert_eq!(socket.reply(), echo, "after {request:?}");
        }
    }
}

fn scan_all(sockets: &mut [Socket], options: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let (mut cursor, mut keys, mut pages) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let reply = sockets[pages % sockets.len()].ask(&format!("SCAN {cursor} {options}"));
        let (next, page) = reply[1..reply.len() - 2].split_once(" [").unwrap();
        keys.extend(page.split_whitespace().map(str::to_owned));
        pages += 1;
        if next == "0" {
            return keys;
        }
        cursor = next.to_owned();
        between(pages);
    }
}

#[test]
fn scan_returns_every_key_that_stays_through_any_connection() {
    let fixture = Fixture::start(500);
    fixture.status.update(|status| {
        status.views.values_mut().for_each(|view| view.condition = crate::pipeline::status::Condition::Live);
    });
    let mut sockets = [Socket::open(&fixture), Socket::open(&fixture)];
    // Odd cards go and new ones come while the scan runs.
    let keys = scan_all(&mut sockets, "MATCH cards:* COUNT 7", |page| {
        let gone = (page as i64 * 14) % 500 / 2 * 2 + 1;
        let writes = [(CARDS, card(gone), false), (CARDS, card(10_000 + page as i64), true)];
        fixture.commit(&writes, 0x10 + page as u64);
    });
    let found: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    assert!((1..=250).all(|half| found.contains(format!("cards:{}", half * 2).as_str())));
    assert_eq!(found.len(), keys.len());
    let cities = scan_all(&mut sockets[..1], "MATCH cities:*", |_| ());
    assert_eq!(cities.len(), 3);
    let everything = scan_all(&mut sockets[..1], "COUNT 100", |_| ());
    assert!(everything.contains(&"total:".to_owned()));
    assert_eq!(sockets[0].ask("DBSIZE"), everything.len().to_string());
    sockets[0].expect(&[
        ("SCAN 0 TYPE string", "[0 []]"),
        ("SCAN 0 MATCH nothing:*", "[0 []]"),
        ("SCAN 0 MATCH cities:de:*", "[0 [cities:de:10115]]"),
        ("KEYS tot*", "[total:]"),
    ]);
}

#[test]
fn keys_that_scan_tells_are_read_back() {
    let fixture = Fixture::start(0);
    fixture.commit(&[(CITIES, city(Some("\\N"), ":\\:"), true), (CITIES, city(Some(""), "ü"), true)], 0x20);
    let mut client = redis::Client::open(format!("redis://{}", fixture.redis)).unwrap().get_connection().unwrap();
    let keys: Vec<String> = client.scan_match("cities:*").unwrap().map(Result::unwrap).collect();
    assert_eq!(keys.len(), 5);
    for key in keys {
        assert!(client.exists::<_, bool>(&key).unwrap(), "{key}");
    }
}

#[test]
fn scanning_over_a_view_that_cannot_be_served_says_so() {
    let fixture = Fixture::start(1);
    assert_eq!(Socket::open(&fixture).ask("SCAN 0 COUNT 100"), "-ERR view \"filling\" is loading");
}

#[test]
fn a_transaction_reads_one_checkpoint() {
    let fixture = Fixture::start(1);
    let mut socket = Socket::open(&fixture);
    socket.expect(&[("MULTI", "OK"), ("HGET cards:1 name", "QUEUED"), ("TAILWATER POSITION", "QUEUED")]);
    fixture.commit(&[(CARDS, card(1), false)], 0x20);
    socket.expect(&[
        ("SCAN 0 MATCH cards:*", "QUEUED"),
        ("EXEC", "[nil 0/20 [0 []]]"),
        ("EXEC", "-ERR EXEC without MULTI"),
        ("MULTI", "OK"),
        ("SET a b", "-READONLY You can't write against a read only replica."),
        ("EXEC", "-EXECABORT Transaction discarded because of previous errors."),
        ("MULTI", "OK"),
        ("GET cards:x", "QUEUED"),
        ("PING", "QUEUED"),
        ("EXEC", "[-ERR key column \"id\" of view \"cards\": invalid input syntax for type bigint PONG]"),
        ("MULTI", "OK"),
        ("DISCARD", "OK"),
        ("PING", "PONG"),
    ]);
}

#[test]
fn the_password_guards_everything() {
    let config = ServerConfig { redis_password: Some("hush".into()), ..ServerConfig::default() };
    let fixture = Fixture::start_with(1, config, ApplyDesk::closed());
    let mut socket = Socket::open(&fixture);
    socket.expect(&[
        ("GET cards:1", "-NOAUTH Authentication required."),
        ("SET a b", "-NOAUTH Authentication required."),
        ("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled."),
        ("AUTH somebody hush", "-WRONGPASS invalid username-password pair or user is disabled."),
        ("AUTH hush", "OK"),
        ("EXISTS cards:1", "1"),
        ("RESET", "RESET"),
        ("PING", "-NOAUTH Authentication required."),
    ]);
    assert!(socket.ask("HELLO 3").starts_with("-NOAUTH HELLO must be called"));
    assert!(socket.ask("HELLO 3 AUTH default hush SETNAME me").contains("proto 3"));
    socket.expect(&[
        ("CLIENT GETNAME", "me"),
        ("GET cards:9", "null"),
        ("HGETALL cards:1", "[id 1 name card 1 paid f]"),
    ]);
}

#[test]
fn waiting_for_a_position_reads_ones_own_writes() {
    let fixture = Fixture::start(1);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut socket = Socket::open(&fixture);
            socket.send(b"TAILWATER WAIT 0/20 20000\r\nEXISTS cards:2\r\n");
            (socket.reply(), socket.reply())
        });
        fixture.await_reader();
        fixture.commit(&[(CARDS, card(2), true)], 0x20);
        assert_eq!(waiting.join().unwrap(), ("0/20".into(), "1".into()));
    });
    Socket::open(&fixture).expect(&[
        ("TAILWATER POSITION", "0/20"),
        ("TAILWATER WAIT shop=0/21 20", "-TIMEOUT reached 0/20"),
        (
            "TAILWATER WAIT x 20",
            "-ERR \"x\" is not a position; expected for example 0/16B3748, a set of transaction ids, topic:partition=offset, or stream:shard=sequence",
        ),
        ("TAILWATER WAIT 0/1 60001", "-ERR timeout must be milliseconds from 0 to 60000"),
        ("TAILWATER WAIT 0/1", "-ERR wrong number of arguments for 'tailwater|wait' command"),
    ]);
}

#[test]
fn a_view_that_fails_is_no_longer_served() {
    let fixture = Fixture::start(1);
    let mut socket = Socket::open(&fixture);
    assert_eq!(socket.ask("EXISTS cards:1"), "1");
    let set = |condition| {
        fixture.status.update(|status| status.views.values_mut().for_each(|view| view.condition = condition));
    };
    set(crate::pipeline::status::Condition::Failed);
    assert_eq!(socket.ask("EXISTS cards:1"), "-ERR view \"cards\" is failed");
    set(crate::pipeline::status::Condition::Live);
    assert_eq!(socket.ask("EXISTS cards:1"), "1");
}

#[test]
fn a_client_library_connects_and_reads() {
    let fixture = Fixture::start(50);
    for suffix in ["", "/?protocol=resp3"] {
        let url = format!("redis://{}{suffix}", fixture.redis);
        let mut client = redis::Client::open(url).unwrap().get_connection().unwrap();
        let row: HashMap<String, String> = client.hgetall("cards:5").unwrap();
        assert_eq!(row["name"], "card 5");
        let missing: Option<String> = client.get("cards:500").unwrap();
        assert_eq!(missing, None);
        let keys: BTreeSet<String> = client.scan_match("cards:*").unwrap().map(Result::unwrap).collect();
        assert_eq!(keys.len(), 50);
        let refused = client.set::<_, _, ()>("a", 1).unwrap_err();
        assert_eq!(refused.kind(), redis::ErrorKind::Server(redis::ServerErrorKind::ReadOnly));
        let info: redis::InfoDict = redis::cmd("INFO").query(&mut client).unwrap();
        assert_eq!(info.get::<String>("position").unwrap(), "0/10");
    }
}

#[test]
fn stopping_ends_open_connections() {
    let mut fixture = Fixture::start(1);
    let mut idle = Socket::open(&fixture);
    let mut waiting = Socket::open(&fixture);
    assert_eq!(idle.ask("PING"), "PONG");
    waiting.send(b"TAILWATER WAIT 0/99 60000\r\n");
    fixture.await_reader();
    assert!(fixture.shut_down().as_secs() < 4);
    assert_eq!(idle.reply(), "closed");
    assert_eq!(waiting.reply(), "-ERR the server is stopping");
}
