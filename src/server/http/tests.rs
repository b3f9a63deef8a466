//! Tests of the HTTP interface with a client of its own.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use serde_json::{Value as Json, json};
use tailwater_connectors::{Array, Value};
use ureq::Agent;

use super::super::testing::{CARDS, Client, Fixture, card, header};
use super::super::{Server, ServerConfig};
use crate::pipeline::apply::{
    Action, ApplyDesk, ApplyPhase, ApplyRefusal, Plan, PlannedSinkChange, PlannedTableChange, PlannedViewChange,
};
use crate::pipeline::testing::answering;

fn card_json(id: i64) -> Json {
    json!({ "id": id, "name": format!("card {id}"), "paid": id % 2 == 0, "note": null })
}

#[test]
fn health_and_readiness_tell_what_is_not_live() {
    let fixture = Fixture::start(1);
    let client = Client(&fixture);
    assert_eq!(client.get("/healthz"), (200, Json::String("ok\n".into())));
    let (status, body) = client.get("/readyz");
    assert_eq!((status, &body["ready"]), (503, &json!(false)));
    assert_eq!(body["waiting_for"][0]["name"], "filling");
    assert_eq!(body["waiting_for"][1]["error"], "integer out of range");
    fixture.status.update(|status| status.views.values_mut().for_each(|view| view.condition = Default::default()));
    assert_eq!(client.get("/readyz").1["waiting_for"].as_array().unwrap().len(), 5);
    assert_eq!(client.get("/v1/status").1["sources"]["shop"]["condition"], "live");
}

#[test]
fn views_are_listed_with_their_types_and_keys() {
    let fixture = Fixture::start(1);
    let (_, body) = Client(&fixture).get("/v1/views");
    assert_eq!(body["views"][1]["key"], json!(["country", "zip"]));
    assert_eq!(body["views"][0]["columns"][0], json!({ "name": "id", "type": "bigint", "nullable": true }));
    assert_eq!(body["views"][4]["condition"], "failed");
    assert_eq!(body["position"], "0/10");
}

#[test]
fn pages_lead_from_one_to_the_next_through_all_rows() {
    let fixture = Fixture::start(2_503);
    let client = Client(&fixture);
    let (mut path, mut ids, mut pages) = ("/v1/views/cards/rows?limit=700".to_owned(), Vec::new(), 0);
    loop {
        let mut page = client.send(&path, &[]);
        assert_eq!(header(&page, "tailwater-position").unwrap(), "0/10");
        let rows: Vec<Json> = serde_json::from_str(&page.body_mut().read_to_string().unwrap()).unwrap();
        ids.extend(rows.iter().map(|row| row["id"].as_i64().unwrap()));
        pages += 1;
        let Some(next) = header(&page, "tailwater-next") else { break };
        path = format!("/v1/views/cards/rows?limit=700&after={next}");
    }
    assert_eq!((ids, pages), ((1..=2_503).collect::<Vec<i64>>(), 4));
    assert_eq!(client.get("/v1/views/cards/rows").1.as_array().unwrap().len(), 1_000);
}

#[test]
fn an_empty_view_is_an_empty_array() {
    let fixture = Fixture::start(0);
    assert_eq!(Client(&fixture).get("/v1/views/cards/rows"), (200, json!([])));
    let mut lines = Client(&fixture).send("/v1/views/cards/rows?limit=5", &[("accept", "application/x-ndjson")]);
    assert_eq!(lines.body_mut().read_to_string().unwrap(), "");
}

#[test]
fn a_whole_view_streams_as_lines_of_one_checkpoint() {
    let fixture = Fixture::start(20_000);
    let response = Client(&fixture).send("/v1/views/cards/rows", &[("accept", "application/x-ndjson")]);
    assert_eq!(header(&response, "content-type").unwrap(), "application/x-ndjson");
    assert_eq!(header(&response, "tailwater-position").unwrap(), "0/10");
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    let first: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first, card_json(1));
    // What happens now is not of this checkpoint.
    let gone: Vec<_> = (1..=20_000).map(|id| (CARDS, card(id), false)).collect();
    fixture.commit(&gone, 0x20);
    assert_eq!(lines.count(), 19_999);
    assert_eq!(Client(&fixture).get("/v1/views/cards/rows").1, json!([]));
}

#[test]
fn a_stream_that_is_cut_off_is_seen_as_such() {
    let mut fixture = Fixture::start(400_000);
    let response = Client(&fixture).send("/v1/views/cards/rows", &[("accept", "application/x-ndjson")]);
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    assert!(lines.next().unwrap().is_ok());
    // Nobody reads on, so the stream fills the connection and is cut off when the server stops.
    assert!(fixture.shut_down().as_secs() < 8);
    drop(fixture);
    assert!(lines.any(|line| line.is_err()));
}

#[test]
fn a_row_is_found_by_its_key() {
    let fixture = Fixture::start(9);
    let client = Client(&fixture);
    assert_eq!(client.get("/v1/views/cards/rows/7"), (200, card_json(7)));
    assert_eq!(client.get("/v1/views/cities/rows/de,10115").1["people"], 7);
    assert_eq!(client.get("/v1/views/cities/rows/d:e,a%5C,b%5C%5C").1["country"], "d:e");
    assert_eq!(client.get("/v1/views/cities/rows/%5CN,x").1["country"], Json::Null);
    assert_eq!(client.get("/v1/views/total/rows/"), (200, json!({ "n": 9 })));
    let (status, body) = client.get("/v1/views/cards/rows/700");
    assert_eq!((status, &body["position"]), (404, &json!("0/10")));
    let (status, body) = client.get("/v1/views/cards/rows/seven");
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("invalid input syntax for type bigint"));
    assert_eq!(client.get("/v1/views/cities/rows/de").0, 400);
}

#[test]
fn what_cannot_be_served_says_why() {
    let fixture = Fixture::start(1);
    let client = Client(&fixture);
    let (status, body) = client.get("/v1/views/card/rows");
    assert_eq!((status, &body["error"]), (404, &json!("no view \"card\"")));
    assert!(body["hint"].as_str().unwrap().starts_with("did you mean \"cards\"? views: cards, cities"));
    let (status, body) = client.get("/v1/views/filling/rows/1");
    assert_eq!((status, &body["condition"]), (503, &json!("loading")));
    let (status, body) = client.get("/v1/views/broken/rows");
    assert_eq!((status, &body["reason"]), (503, &json!("integer out of range")));
    assert_eq!(body["hint"], "cast to bigint");
    assert_eq!(client.get("/v1/search/cards?q=x").0, 404);
    assert_eq!(client.get("/nowhere").0, 404);
    let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
    let posted = agent.post(format!("http://{}/v1/views", fixture.http)).send_empty().unwrap();
    assert_eq!(posted.status(), 405);
}

#[test]
fn malformed_parameters_are_refused_and_not_ignored() {
    let fixture = Fixture::start(1);
    for query in [
        "limit=0",
        "limit=10001",
        "limit=x",
        "after=zz",
        "after=0001",
        "min_positon=0/1",
        "min_position=abc",
        "min_position=other=0/1",
        "timeout=5",
        "timeout=61s",
        "q=x",
    ] {
        let (status, body) = Client(&fixture).get(&format!("/v1/views/cards/rows?{query}"));
        assert_eq!(status, 400, "{query}: {body}");
        assert!(body["hint"].is_string(), "{query}: {body}");
    }
}

#[test]
fn a_read_waits_for_its_position() {
    let fixture = Fixture::start(1);
    thread::scope(|scope| {
        let path = "/v1/views/cards/rows/2?min_position=0/20&timeout=20s";
        let waiting = scope.spawn(|| Client(&fixture).get(path));
        fixture.commit(&[(CARDS, card(2), true)], 0x20);
        assert_eq!(waiting.join().unwrap(), (200, card_json(2)));
    });
    let (status, body) = Client(&fixture).get("/v1/views/cards/rows?min_position=shop=0/30&timeout=50ms");
    assert_eq!((status, &body["position"]), (504, &json!("0/20")));
}

#[test]
fn a_search_answers_with_the_position_of_its_index() {
    let fixture = Fixture::start(3);
    let client = Client(&fixture);
    let (status, body) = client.get("/v1/search/find_cards?q=card");
    assert_eq!((status, &body["condition"]), (503, &json!("starting")));
    fixture.index(3, 0x10);
    let (_, body) = client.get("/v1/search/find_cards?q=name:2");
    assert_eq!((&body["position"], &body["total"]), (&json!("0/10"), &json!(1)));
    assert_eq!(body["hits"][0]["row"], card_json(2));
    assert_eq!(body["hits"][0]["highlights"]["name"], "card <b>2</b>");
    assert_eq!(client.get("/v1/search/find_cards?q=card&limit=2").1["hits"].as_array().unwrap().len(), 2);
    assert_eq!(client.get("/v1/search/find_cards").0, 400);
    assert_eq!(client.get("/v1/search/find_cards?q=name:[").0, 400);
    let (status, body) = client.get("/v1/search/find_card?q=x");
    assert_eq!((status, &body["hint"]), (404, &json!("did you mean \"find_cards\"? search sinks: find_cards")));
}

#[test]
fn a_search_waits_for_the_position_of_its_index() {
    let fixture = Fixture::start(3);
    fixture.index(3, 0x10);
    // The views' position is not the index's.
    fixture.commit(&[(CARDS, card(4), true)], 0x20);
    let (status, body) = Client(&fixture).get("/v1/search/find_cards?q=card&min_position=0/20&timeout=30ms");
    assert_eq!((status, &body["position"]), (504, &json!("0/10")));
    thread::scope(|scope| {
        let path = "/v1/search/find_cards?q=card&min_position=0/20&timeout=20s";
        let waiting = scope.spawn(|| Client(&fixture).get(path));
        fixture.index(4, 0x20);
        let (status, body) = waiting.join().unwrap();
        assert_eq!((status, &body["total"], &body["position"]), (200, &json!(4), &json!("0/20")));
    });
}

/// Division by zero in operator `operator` over `row`.
fn entry(operator: i64, row: Vec<Value>) -> Vec<Value> {
    [vec![Value::Int(operator), Value::text("22012"), Value::text("division by zero")], row].concat()
}

#[test]
fn row_errors_are_listed_with_their_operator_and_row() {
    let fixture = Fixture::start(1);
    let client = Client(&fixture);
    assert_eq!(client.get("/v1/views/cards/errors"), (200, json!([])));
    let days = Value::Array(Arc::new(Array { dimensions: vec![(2, 1)], elements: vec![Value::Null, Value::Date(1)] }));
    let row = vec![Value::Int(1 << 60), Value::Int(0), Value::Null, Value::Bool(true), Value::text("a\"b"), days];
    fixture.quarantine((entry(0, row), 2), 0x20);
    let mut response = client.send("/v1/views/cards/errors?min_position=0/20", &[]);
    assert_eq!(header(&response, "tailwater-position").unwrap(), "0/20");
    assert_eq!(
        serde_json::from_str::<Json>(&response.body_mut().read_to_string().unwrap()).unwrap(),
        json!([{
            "code": "22012",
            "message": "division by zero",
            "operator": "project 10 / #0",
            "row": ["1152921504606846976", 0, null, true, "a\"b", [null, "2000-01-02"]],
            "count": 2,
        }])
    );
    // Other people's data are shown here and nowhere else.
    for path in ["/v1/status", "/metrics", "/v1/views"] {
        assert!(!client.get(path).1.to_string().contains("1152921504606846976"), "{path}");
    }
    assert_eq!(client.get("/v1/views/cities/errors"), (200, json!([])));
    assert_eq!(client.get("/v1/views/broken/errors").0, 503);
    assert_eq!(client.get("/v1/views/card/errors").0, 404);
}

#[test]
fn pages_of_row_errors_lead_from_one_to_the_next() {
    let fixture = Fixture::start(1);
    let client = Client(&fixture);
    (0..25).for_each(|id| fixture.quarantine((entry(7, vec![Value::Int(id)]), 1), 0x20 + id as u64));
    let (mut path, mut found) = ("/v1/views/cards/errors?limit=10".to_owned(), Vec::new());
    let pages = (1..).find(|_| {
        let mut page = client.send(&path, &[("accept", "application/x-ndjson")]);
        assert_eq!(header(&page, "content-type").unwrap(), "application/x-ndjson");
        for line in page.body_mut().read_to_string().unwrap().lines() {
            let error: Json = serde_json::from_str(line).unwrap();
            assert_eq!(error["operator"], 7, "an operator without a text is a number");
            found.push(error["row"][0].as_i64().unwrap());
        }
        let next = header(&page, "tailwater-next");
        let last = next.is_none();
        let next = next.unwrap_or_default();
        path = format!("/v1/views/cards/errors?limit=10&after={next}");
        assert!(last || client.get(&format!("/v1/views/cards/rows?after={next}")).0 == 400, "no token of rows");
        last
    });
    assert_eq!((pages, found), (Some(3), (0..25).collect()));
}

#[test]
fn rows_need_the_token_where_one_is_set() {
    let config = ServerConfig { http_token: Some("open sesame".into()), ..ServerConfig::default() };
    let fixture = Fixture::start_with(1, config, ApplyDesk::closed());
    let client = Client(&fixture);
    for path in ["/v1/plan", "/v1/apply", "/v1/rebuild?view=cards", "/v1/verify"] {
        assert_eq!(client.post(path).0, 401, "{path}");
    }
    for path in ["/v1/views", "/v1/status", "/v1/views/cards/rows/1", "/v1/views/cards/errors", "/v1/search/x?q=y"] {
        assert_eq!(client.get(path).0, 401, "{path}");
    }
    assert_eq!(client.get("/healthz").0, 200);
    assert_eq!(client.send("/v1/views", &[("authorization", "Bearer open sesame")]).status(), 200);
    assert_eq!(client.send("/v1/views", &[("authorization", "Bearer open")]).status(), 401);
}

#[test]
fn metrics_show_positions_conditions_and_requests() {
    let fixture = Fixture::start(1);
    let client = Client(&fixture);
    client.get("/v1/views/cards/rows/1");
    fixture.status.update(|status| {
        status.views.get_mut("cards").unwrap().row_errors = 3;
        (status.apply.phase, status.apply.rows) = (ApplyPhase::Filling, 12);
    });
    let (_, text) = client.get("/metrics");
    let text = text.as_str().unwrap();
    for line in [
        "tailwater_applied_position{source=\"shop\"} 16",
        "tailwater_step 1",
        "tailwater_view_condition{view=\"broken\",condition=\"failed\"} 1",
        "tailwater_view_row_errors{view=\"cards\"} 3",
        "tailwater_view_row_errors{view=\"cities\"} 0",
        "tailwater_source_changes_total{source=\"shop\"} 0",
        "tailwater_http_requests_total{route=\"/v1/views/{view}/rows/{key}\",status=\"200\"} 1",
        "tailwater_state_disk_bytes ",
        "tailwater_apply_phase{phase=\"none\"} 0",
        "tailwater_apply_phase{phase=\"filling\"} 1",
        "tailwater_apply_rows 12",
    ] {
        assert!(text.lines().any(|shown| shown.starts_with(line)), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_plan_is_asked_for_and_applied() {
    let plan = Plan {
        tables: vec![PlannedTableChange { table: "shop.public.orders".into(), action: Action::Add }],
        views: vec![PlannedViewChange {
            view: "spend".into(),
            action: Action::Change,
            reads: vec!["shop.public.orders".into()],
            waits_for: vec!["shop.public.orders".into()],
        }],
        sinks: vec![PlannedSinkChange { sink: "old".into(), view: "gone".into(), action: Action::Drop }],
        settings: vec!["source.shop.copy_rate".into()],
    };
    let wrong = |hint: Option<&str>| ApplyRefusal::Refused { message: "line 3: no".into(), hint: hint.map(Into::into) };
    let answers = vec![
        Ok(plan.clone()),
        Ok(plan.clone()),
        Err(ApplyRefusal::Busy),
        Err(wrong(Some("mend it"))),
        Err(wrong(None)),
        Err(ApplyRefusal::Stopping),
    ];
    let (desk, asked) = answering(answers);
    let fixture = Fixture::start_with(1, ServerConfig::default(), desk);
    let client = Client(&fixture);
    let (status, body) = client.post("/v1/plan");
    assert_eq!((status, &body), (200, &serde_json::to_value(&plan).unwrap()));
    assert_eq!(
        body["views"][0],
        json!({ "view": "spend", "action": "change", "reads": ["shop.public.orders"], "waits_for": ["shop.public.orders"] })
    );
    assert_eq!(client.post("/v1/apply"), (202, body));
    let (status, body) = client.post("/v1/apply");
    assert_eq!(
        (status, &body["error"]),
        (409, &json!("a configuration is being applied, or something is being rebuilt"))
    );
    assert!(body["hint"].is_string());
    assert_eq!(client.post("/v1/plan"), (422, json!({ "error": "line 3: no", "hint": "mend it" })));
    assert_eq!(client.post("/v1/plan"), (422, json!({ "error": "line 3: no" })));
    // One that stops, and one that nobody sits at any more.
    assert_eq!([client.post("/v1/apply").0, client.post("/v1/apply").0], [503, 503]);
    assert_eq!(*asked.lock(), ["plan", "apply", "apply", "plan", "plan", "apply"]);
    assert_eq!([client.get("/v1/plan").0, client.get("/v1/apply").0], [405, 405]);
}

#[test]
fn stopping_ends_waits_and_finishes_soon() {
    let mut fixture = Fixture::start(1);
    let mut socket = TcpStream::connect(fixture.http).unwrap();
    let request =
        "GET /v1/views/cards/rows?min_position=0/99&timeout=60s HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    fixture.await_reader();
    let took = fixture.shut_down();
    assert!(took.as_secs() < 4, "{took:?}");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let fixture = Fixture::start(0);
    let other = Fixture::start(0);
    let config = ServerConfig { http: Some(fixture.http), ..ServerConfig::default() };
    let error = other.runtime.block_on(Server::bind(other.live(), config)).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on {} for HTTP", fixture.http));
    assert!(error.hint().unwrap().contains("another program listens on port"));
}

#[test]
fn what_is_to_be_rebuilt_is_named_once() {
    let (desk, asked) = answering(vec![Ok(Plan::default()); 3]);
    let fixture = Fixture::start_with(1, ServerConfig::default(), desk);
    let client = Client(&fixture);
    for named in ["source=shop", "view=cards", "sink=find%20it"] {
        assert_eq!(client.post(&format!("/v1/rebuild?{named}")).0, 202, "{named}");
    }
    assert_eq!(*asked.lock(), ["Source(\"shop\")", "View(\"cards\")", "Sink(\"find it\")"]);
    for wrong in ["", "?source=shop&view=cards", "?table=orders"] {
        let (status, body) = client.post(&format!("/v1/rebuild{wrong}"));
        assert_eq!(
            (status, &body["hint"]),
            (400, &json!("parameters here: source, view or sink, one of them")),
            "{wrong}"
        );
    }
}
