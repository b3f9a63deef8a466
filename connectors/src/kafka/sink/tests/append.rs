//! Events.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::config::{KafkaFormat, KafkaMode};
use super::fixture::{Fixture, Pages, batch, change, cursor, gone, put, run, view};
use super::kafka_topic::Found;
use crate::sink::Sink;

/// Letters of all events in order of each key, after a look whether each goes on where the last one of its key ended.
fn letters(messages: &[Found]) -> BTreeMap<i64, String> {
    let (mut rows, mut letters) = (BTreeMap::<String, Json>::new(), BTreeMap::<i64, String>::new());
    for message in messages {
        let key = message.key.clone().expect("a key");
        let Some(value) = &message.value else { continue };
        let event: Json = serde_json::from_str(value).expect("JSON");
        let former = rows.remove(&key).unwrap_or_default();
        assert_eq!(event["before"], former, "{value}");
        if !event["after"].is_null() {
            rows.insert(key.clone(), event["after"].clone());
        }
        let id = serde_json::from_str::<Json>(&key).expect("JSON")["id"].as_i64().expect("an id");
        letters.entry(id).or_default().push_str(event["op"].as_str().expect("a letter"));
    }
    letters
}

#[test]
fn events_go_on_where_the_last_one_of_their_key_ended_also_over_a_replacement() {
    for (format, mode) in [(KafkaFormat::Json, KafkaMode::Append), (KafkaFormat::Debezium, KafkaMode::Upsert)] {
        let Some(fixture) = Fixture::new() else { return };
        run(async {
            let mut sink = fixture.sink_of(fixture.config(format, mode));
            sink.open(&view()).await.expect("it opens");
            let mut pages = Pages::failing_after(&[(1, "Ada"), (2, "Bo")]);
            sink.replace(&mut pages, &cursor("g", 4)).await.expect_err("pages end early");
            sink.open(&view()).await.expect("it opens");
            let mut pages = Pages::of(&[(1, "Ada"), (2, "Bo"), (3, "Cy"), (4, "Di")]);
            sink.replace(&mut pages, &cursor("g", 5)).await.expect("it is filled");
            let changes = vec![put(5, "Eve"), change(2, "Bo", "Bob"), gone(3, "Cy")];
            sink.write(&batch(6, changes)).await.expect("it is written");
            let mut pages = Pages::of(&[(1, "Ada"), (2, "Bert"), (5, "Eva"), (6, "Fay")]);
            sink.replace(&mut pages, &cursor("h", 7)).await.expect("it is filled");
            let wanted = [(1, "r"), (2, "ruu"), (3, "rd"), (4, "rd"), (5, "cu"), (6, "c")];
            let wanted: BTreeMap<i64, String> = wanted.map(|(id, letters)| (id, letters.into())).into();
            assert_eq!(letters(&fixture.messages()), wanted);
        });
    }
}
