//! Tests of servers whose projections are replaced under open connections.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use serde_json::{Value as Json, json};
use tailwater_connectors::{Row, SqlType, Value};
use ureq::Agent;

use super::testing::{CARDS, CITIES, Client, Filled, Fixture, Socket, cities, city, header, view};
use crate::pipeline::status::Condition;

/// Places of views in what is seen next: none is where it was, and there are more.
const GROWING: usize = 0;
const OTHER_CARDS: usize = 1;
const FRESH: usize = 2;
const SAME_CITIES: usize = 5;

fn titled(id: i64) -> Row {
    Row::from(vec![Value::Int(id), Value::text(format!("title {id}"))])
}

fn many_cities(place: usize) -> Vec<(usize, Row, bool)> {
    (0..60).map(|zip| (place, city(Some("de"), &format!("2{zip:02}")), true)).collect()
}

/// Another generation at position 0/18: `growing` is loading, `cards` is another view, `fresh`, `d` and `e` are new, `cities` is the same, all others are gone.
fn other() -> Filled {
    let number = [("n", SqlType::Int4)];
    let cards = Arc::unwrap_or_clone(view("cards", &[("id", SqlType::Int8), ("title", SqlType::Text)], &[0]));
    let cards = Arc::new(tailwater_connectors::ViewSchema { fingerprint: 77, ..cards });
    let other = Filled::new(vec![
        (view("growing", &number, &[0]), Condition::Loading),
        (cards, Condition::Live),
        (view("fresh", &number, &[0]), Condition::Live),
        (view("d", &number, &[0]), Condition::Live),
        (view("e", &number, &[0]), Condition::Live),
        (cities(), Condition::Live),
    ]);
    let mut writes =
        vec![(GROWING, Row::from(vec![Value::Int(1)]), true), (FRESH, Row::from(vec![Value::Int(5)]), true)];
    writes.extend((1..=40).map(|id| (OTHER_CARDS, titled(id), true)));
    writes.extend(many_cities(SAME_CITIES));
    other.commit(&writes, 0x18);
    other
}

#[test]
fn a_connection_sees_other_views_from_one_request_to_the_next() {
    let fixture = Fixture::start(2_000);
    let agent: Agent = Agent::config_builder().http_status_as_error(false).max_idle_connections(1).build().into();
    let get = |path: &str| {
        let mut response = agent.get(format!("http://{}{path}", fixture.http)).call().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let next = header(&response, "tailwater-next");
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Json::String(text)), next)
    };
    let (_, _, token) = get("/v1/views/cards/rows?limit=5");
    let (_, _, city_token) = get("/v1/views/cities/rows?limit=1");
    let (token, city_token) = (token.unwrap(), city_token.unwrap());
    assert_eq!(get("/v1/views/total/rows/").0, 200);
    assert_eq!(get("/v1/views/fresh/rows").0, 404);
    let other = other();
    fixture.show(&other);
    assert_eq!(get("/v1/views/cards/rows/3").1, json!({ "id": 3, "title": "title 3" }));
    assert_eq!(get("/v1/views/fresh/rows").1, json!([{ "n": 5 }]));
    let (status, body, _) = get("/v1/views/total/rows/");
    assert_eq!((status, &body["error"]), (404, &json!("no view \"total\"")));
    assert_eq!(get("/v1/views/growing/rows/1").0, 503);
    // The page after belongs to the view it was begun with.
    assert_eq!(get(&format!("/v1/views/cards/rows?after={token}")).0, 400);
    assert_eq!(get(&format!("/v1/views/cities/rows?after={city_token}")).0, 200);
    let (_, views, _) = get("/v1/views");
    assert_eq!(views["views"].as_array().unwrap().len(), 6);
    assert_eq!(views["position"], "0/18");
    let (_, ready, _) = get("/readyz");
    assert_eq!(ready["waiting_for"].as_array().unwrap().len(), 1);
    assert_eq!(ready["waiting_for"][0]["name"], "growing");
    assert!(get("/v1/status").1["views"]["total"].is_null());
    let (_, metrics, _) = get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("tailwater_applied_position{source=\"shop\"} 24"), "{metrics}");
    assert!(metrics.contains("view=\"fresh\"") && !metrics.contains("view=\"total\""), "{metrics}");
}

#[test]
fn what_is_replaced_is_let_go_by_connections_that_wait() {
    let fixture = Fixture::start(1);
    // A connection of each kind that is idle, and one that waits.
    let agent: Agent = Agent::config_builder().build().into();
    agent.get(format!("http://{}/v1/views/cards/rows", fixture.http)).call().unwrap().body_mut().read_to_vec().unwrap();
    let mut idle = Socket::open(&fixture);
    idle.expect(&[("EXISTS cards:1", "1"), ("MULTI", "OK"), ("GET cards:1", "QUEUED")]);
    let mut scanning = Socket::open(&fixture);
    let reply = scanning.ask("SCAN 0 COUNT 1");
    let cursor = reply[1..].split(' ').next().unwrap();
    let mut waiting = Socket::open(&fixture);
    waiting.send(b"TAILWATER WAIT 0/99 20000\r\n");
    fixture.await_reader();
    let other = other();
    fixture.show(&other);
    // Nobody asks for anything.
    fixture.first.await_let_go();
    fixture.show(&self::other());
    other.await_let_go();
    idle.expect(&[("EXEC", "[{\"id\":1,\"title\":\"title 1\"}]")]);
    let found = rest(&mut scanning, cursor.into(), "MATCH cities:*");
    assert_eq!(found.len(), 60, "no city was scanned before");
}

#[test]
fn a_read_goes_on_waiting_in_what_comes_next() {
    let mut fixture = Fixture::start(1);
    let other = other();
    thread::scope(|scope| {
        let path = "/v1/views/cards/rows/2?min_position=0/20&timeout=20s";
        let waiting = scope.spawn(|| Client(&fixture).get(path));
        let redis = scope.spawn(|| {
            let mut socket = Socket::open(&fixture);
            socket.send(b"TAILWATER WAIT 0/20 20000\r\nHGET cards:2 title\r\n");
            (socket.reply(), socket.reply())
        });
        let dropped = scope.spawn(|| Client(&fixture).get("/v1/views/total/rows?min_position=0/20&timeout=20s"));
        fixture.first.await_reader(3);
        fixture.show(&other);
        other.await_reader(3);
        other.commit(&[(OTHER_CARDS, titled(2), true)], 0x20);
        assert_eq!(waiting.join().unwrap(), (200, json!({ "id": 2, "title": "title 2" })));
        assert_eq!(redis.join().unwrap(), ("0/20".into(), "title 2".into()));
        assert_eq!(dropped.join().unwrap().0, 404, "it was dropped meanwhile");
    });
    // When nothing is committed any more, what comes next is waited for, within the time.
    fixture.show(&fixture.first);
    fixture.first.end();
    let begun = Instant::now();
    let (status, body) = Client(&fixture).get("/v1/views/cards/rows?min_position=0/30&timeout=100ms");
    assert_eq!((status, &body["position"]), (504, &json!("0/10")));
    assert!(begun.elapsed().as_millis() >= 100);
    thread::scope(|scope| {
        let path = "/v1/views/cards/rows/3?min_position=0/20&timeout=20s";
        let waiting = scope.spawn(|| Client(&fixture).get(path));
        fixture.show(&other);
        assert_eq!(waiting.join().unwrap().1["title"], "title 3");
    });
}

#[test]
fn the_time_to_wait_does_not_begin_anew() {
    let fixture = Fixture::start(1);
    let others = [other(), other(), other()];
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let begun = Instant::now();
            let answer = Client(&fixture).get("/v1/views/cards/rows?min_position=0/99&timeout=1s");
            (answer.0, answer.1["position"].clone(), begun.elapsed())
        });
        fixture.await_reader();
        for other in &others {
            fixture.show(other);
            other.await_reader(1);
            // A part of the time passes in each of them.
            thread::sleep(std::time::Duration::from_millis(200));
        }
        let (status, position, took) = waiting.join().unwrap();
        assert_eq!((status, position), (504, json!("0/18")));
        assert!((1_000..1_550).contains(&took.as_millis()), "{took:?}");
    });
}

#[test]
fn a_search_goes_on_waiting_in_what_comes_next() {
    let fixture = Fixture::start(3);
    fixture.index(3, 0x10);
    let other = Filled::new(vec![(Arc::clone(&fixture.first.projections.views[CARDS]), Condition::Live)]);
    thread::scope(|scope| {
        let path = "/v1/search/find_cards?q=card&min_position=0/20&timeout=20s";
        let waiting = scope.spawn(|| Client(&fixture).get(path));
        fixture.runtime.block_on(other.index(5, 0x20));
        fixture.show(&other);
        let (status, body) = waiting.join().unwrap();
        assert_eq!((status, &body["total"], &body["position"]), (200, &json!(5), &json!("0/20")));
    });
}

#[test]
fn a_stream_ends_as_it_began() {
    let fixture = Fixture::start(200_000);
    let response = Client(&fixture).send("/v1/views/cards/rows", &[("accept", "application/x-ndjson")]);
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    assert!(lines.next().unwrap().unwrap().contains("card 1"));
    fixture.show(&other());
    assert_eq!(Client(&fixture).get("/v1/views/cards/rows").1.as_array().unwrap().len(), 40);
    assert_eq!(lines.map(Result::unwrap).filter(|line| line.contains("\"paid\"")).count(), 199_999);
    fixture.first.await_let_go();
}

#[test]
fn a_session_looks_anew_at_which_views_are_live() {
    let fixture = Fixture::start(1);
    let mut socket = Socket::open(&fixture);
    // The place of `cards` is that of `growing` next.
    socket.expect(&[("EXISTS cards:1", "1"), ("GET filling:1", "-ERR view \"filling\" is loading"), ("MULTI", "OK")]);
    socket.expect(&[("HKEYS cards:1", "QUEUED"), ("GET total", "QUEUED"), ("TAILWATER POSITION", "QUEUED")]);
    fixture.show(&other());
    socket.expect(&[
        ("EXEC", "[[id title] -ERR no view \"total\" (views: growing, cards, fresh, d, e, cities) 0/18]"),
        ("GET growing:1", "-ERR view \"growing\" is loading"),
        ("GET fresh:5", "{\"n\":5}"),
        ("EXISTS cities:de:200", "1"),
    ]);
    assert!(socket.ask("INFO tailwater").contains("view_growing:condition=loading"));
}

/// A page of SCAN: the next cursor, the keys.
fn page(socket: &mut Socket, cursor: &str, options: &str) -> (String, Vec<String>) {
    let reply = socket.ask(&format!("SCAN {cursor} {options}"));
    let (next, keys) = reply[1..reply.len() - 2].split_once(" [").unwrap_or_else(|| panic!("{reply}"));
    (next.into(), keys.split_whitespace().map(str::to_owned).collect())
}

/// The rest of a scan.
fn rest(socket: &mut Socket, mut cursor: String, options: &str) -> Vec<String> {
    let mut found = Vec::new();
    while cursor != "0" {
        let (next, keys) = page(socket, &cursor, options);
        found.extend(keys);
        cursor = next;
    }
    found
}

#[test]
fn a_scan_that_runs_finds_all_that_stays() {
    let fixture = Fixture::start(40);
    fixture.commit(&many_cities(CITIES), 0x11);
    let (mut socket, options) = (Socket::open(&fixture), "MATCH c* COUNT 7");
    let (within_cards, first) = page(&mut socket, "0", options);
    assert_eq!(first.len(), 7);
    let (mut within_cities, mut before) = page(&mut socket, "0", "MATCH cities:* COUNT 20");
    assert_eq!(before.len(), 20);
    fixture.show(&other());
    // `cards` is another view now: it is scanned from its beginning, then the rest.
    let found: BTreeSet<String> = rest(&mut socket, within_cards, options).into_iter().collect();
    assert!((1..=40).all(|id| found.contains(&format!("cards:{id}"))));
    assert!((0..60).all(|zip| found.contains(&format!("cities:de:2{zip:02}"))));
    assert_eq!(found.len(), 100);
    // `cities` is the same view elsewhere: the scan goes on behind what it found.
    let (next, more) = page(&mut socket, &within_cities, "MATCH cities:* COUNT 20");
    before.extend(more);
    within_cities = next;
    fixture.show(&fixture.first);
    before.extend(rest(&mut socket, within_cities, "MATCH cities:* COUNT 20"));
    let all: BTreeSet<&String> = before.iter().collect();
    assert_eq!(all.len(), before.len(), "found once");
    assert!((0..60).all(|zip| all.contains(&format!("cities:de:2{zip:02}"))));
}

#[test]
fn readers_and_replacements_do_not_mix() {
    let fixture = Fixture::start(40);
    let other = other();
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let read = || {
            let mut socket = Socket::open(&fixture);
            let mut seen = [0, 0];
            while !done.load(std::sync::atomic::Ordering::Relaxed) || seen.contains(&0) {
                socket.send(b"MULTI\r\nHKEYS cards:3\r\nTAILWATER POSITION\r\nEXISTS fresh:5\r\nEXEC\r\n");
                (0..4).for_each(|_| drop(socket.reply()));
                match socket.reply().as_str() {
                    "[[id name paid] 0/10 -ERR no view \"fresh\" (views: cards, cities, total, filling, broken)]" => {
                        seen[0] += 1
                    }
                    "[[id title] 0/18 1]" => seen[1] += 1,
                    reply => panic!("{reply}"),
                }
            }
        };
        let readers = [scope.spawn(read), scope.spawn(read)];
        for _ in 0..300 {
            fixture.show(&other);
            thread::yield_now();
            fixture.show(&fixture.first);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        while readers.iter().any(|reader| !reader.is_finished()) {
            fixture.show(&other);
            thread::yield_now();
            fixture.show(&fixture.first);
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    fixture.show(&other);
    fixture.first.await_let_go();
}
