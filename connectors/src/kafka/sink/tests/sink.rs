//! Rows, cursor and replacement.

use super::super::config::{KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::fixture::{Fixture, Pages, batch, change, cursor, filled, gone, put, run, table, view};
use crate::sink::{Cursor, Sink};

#[test]
fn rows_and_cursor_are_there_together_and_the_next_open_finds_them() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        assert_eq!(sink.open(&view()).await.expect("it opens"), None);
        sink.replace(&mut Pages::of(&[(1, "Ada"), (2, "Bo"), (3, "Cy")]), &cursor("g", 5)).await.expect("it is filled");
        assert_eq!(fixture.table(), table(&[(1, "Ada"), (2, "Bo"), (3, "Cy")]));
        let changes = vec![put(4, "Di"), change(2, "Bo", "Bob"), gone(3, "Cy")];
        sink.write(&batch(6, changes)).await.expect("it is written");
        sink.write(&batch(9, Vec::new())).await.expect("the cursor moves alone");
        assert_eq!(fixture.table(), table(&[(1, "Ada"), (2, "Bob"), (4, "Di")]));
        let last = fixture.messages().into_iter().find(|found| found.key.as_deref() == Some("{\"id\":4}"));
        let last = last.expect("it was written");
        assert_eq!((last.header("tailwater.step"), last.header("tailwater.position")), (Some("6"), Some("0/60")));
        drop(sink);
        assert_eq!(fixture.sink().open(&view()).await.expect("it opens"), Some(cursor("g", 9)));
    });
}

#[test]
fn a_replacement_writes_the_difference_and_leaves_no_ghost() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada"), (2, "Bo"), (3, "Cy"), (4, "Di")], 5).await;
        let before = fixture.messages().len();
        sink.replace(&mut Pages::of(&[(2, "Bo"), (3, "Cyd"), (5, "Eve")]), &cursor("h", 6))
            .await
            .expect("it is filled");
        assert_eq!(fixture.table(), table(&[(2, "Bo"), (3, "Cyd"), (5, "Eve")]));
        assert_eq!(fixture.messages().len() - before, 4, "two rows differ, two are gone");
        assert_eq!(sink.open(&view()).await.expect("it opens"), Some(cursor("h", 6)));
    });
}

#[test]
fn an_interrupted_replacement_stands_for_no_step() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada"), (2, "Bo")], 5).await;
        let mut pages = Pages::failing_after(&[(1, "Ada"), (2, "Bob")]);
        sink.replace(&mut pages, &cursor("h", 6)).await.expect_err("pages end early");
        assert_eq!(sink.open(&view()).await.expect("it opens"), None);
        sink.replace(&mut Pages::of(&[(2, "Bob")]), &cursor("h", 7)).await.expect("it is filled");
        assert_eq!(fixture.table(), table(&[(2, "Bob")]));
    });
}

/// What another configuration of the sink finds of the former one.
async fn reopened(fixture: &Fixture, change: impl FnOnce(&mut KafkaSinkConfig)) -> Option<Cursor> {
    let mut config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
    change(&mut config);
    fixture.sink_of(config).open(&view()).await.expect("it opens")
}

#[test]
fn rows_of_another_layout_are_not_gone_on_with() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada")], 5).await;
        drop(sink);
        assert_eq!(reopened(&fixture, |_| ()).await, Some(cursor("g", 5)));
        assert_eq!(reopened(&fixture, |config| config.format = KafkaFormat::Debezium).await, None);
        // Nobody has written it anew meanwhile.
        assert_eq!(reopened(&fixture, |_| ()).await, None);
    });
}

#[test]
fn keys_in_another_partition_than_their_own_are_taken_back() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        let rows: Vec<(i64, &str)> = (0..20).map(|id| (id, "Ada")).collect();
        filled(&mut sink, &rows, 5).await;
        let topic = fixture.topic();
        let more = rdkafka::admin::NewPartitions::new(&topic, 5);
        let made = fixture.broker.admin().create_partitions([&more], &rdkafka::admin::AdminOptions::new()).await;
        assert!(made.is_ok_and(|made| made.iter().all(Result::is_ok)));
        let mut config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        config.partitions = None;
        let mut sink = fixture.sink_of(config);
        assert_eq!(sink.open(&view()).await.expect("it opens"), None, "keys have other places now");
        sink.replace(&mut Pages::of(&rows), &cursor("g", 6)).await.expect("it is filled");
        let mut places = std::collections::BTreeMap::new();
        for found in fixture.messages() {
            let key = found.key.expect("a key");
            match found.value {
                Some(_) => _ = places.insert((found.partition, key), ()),
                None => _ = places.remove(&(found.partition, key)),
            }
        }
        assert_eq!(places.len(), rows.len(), "every key is in one partition: {places:?}");
    });
}
