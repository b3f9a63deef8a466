//! Two that write, and what was left open.

use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::super::config::{KafkaFormat, KafkaMode};
use super::fixture::{Fixture, batch, cursor, filled, put, run, table, view};
use crate::sink::{Sink, SinkError};

const PATIENCE: Duration = Duration::from_secs(30);

fn producer(fixture: &Fixture, transactional_id: &str) -> BaseProducer {
    let producer: BaseProducer =
        fixture.client().set("transactional.id", transactional_id).create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("a producer that may write");
    producer
}

fn refusal(error: &SinkError) -> (String, String) {
    (error.to_string(), error.hint().expect("someone must act").to_owned())
}

#[test]
fn whoever_opens_last_writes_and_the_former_one_is_told() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let (mut former, mut latter) = (fixture.sink(), fixture.sink());
        filled(&mut former, &[(1, "Ada")], 5).await;
        assert_eq!(latter.open(&view()).await.expect("it opens"), Some(cursor("g", 5)));
        former.write(&batch(6, vec![put(2, "of the former")])).await.expect_err("it is fenced");
        let error = former.open(&view()).await.expect_err("it was taken over");
        assert!(refusal(&error).0.contains("another daemon has taken over"), "{error}");
        // The refusal took nothing from the one that writes.
        latter.write(&batch(6, vec![put(2, "Bo")])).await.expect("it is written");
        assert_eq!(fixture.table(), table(&[(1, "Ada"), (2, "Bo")]));
        // A daemon that starts again is a new one.
        let mut again = fixture.sink();
        assert_eq!(again.open(&view()).await.expect("it opens"), Some(cursor("g", 6)));
        again.write(&batch(7, vec![put(3, "Cy")])).await.expect("it is written");
    });
}

#[test]
fn after_an_outage_of_its_own_a_sink_goes_on() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada")], 5).await;
        // As brokers do when a transaction takes too long: nobody else owns the sink.
        drop(producer(&fixture, &format!("tailwater-{}", fixture.topic())));
        let error = sink.write(&batch(6, vec![put(2, "Bo")])).await.expect_err("it is fenced");
        assert!(error.is_transient(), "{error}");
        assert_eq!(sink.open(&view()).await.expect("it opens"), Some(cursor("g", 5)));
        sink.write(&batch(6, vec![put(2, "Bo")])).await.expect("it is written");
        assert_eq!(fixture.table(), table(&[(1, "Ada"), (2, "Bo")]));
    });
}

#[test]
fn a_transaction_that_was_left_open_is_ended_by_the_next_open() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada")], 5).await;
        drop(sink);
        let left = producer(&fixture, &format!("tailwater-{}", fixture.topic()));
        left.begin_transaction().expect("a transaction");
        left.send(BaseRecord::to(&fixture.topic()).partition(0).key("{\"id\":9}").payload("half")).expect("sent");
        left.flush(PATIENCE).expect("acknowledged");
        let mut sink = fixture.sink();
        assert_eq!(sink.open(&view()).await.expect("it opens"), Some(cursor("g", 5)));
        sink.write(&batch(6, vec![put(2, "Bo")])).await.expect("it is written");
        assert_eq!(fixture.table(), table(&[(1, "Ada"), (2, "Bo")]));
    });
}

/// The last stable offset stands still before the transaction of the other; a reader that takes it for the end would miss the cursor.
#[test]
fn an_open_transaction_of_another_program_does_not_hide_the_cursor() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        config.connection.timeout = Duration::from_secs(4);
        let mut sink = fixture.sink_of(config.clone());
        filled(&mut sink, &[(1, "Ada")], 5).await;
        let other = producer(&fixture, &format!("other-{}", fixture.topic()));
        other.begin_transaction().expect("a transaction");
        other.send(BaseRecord::to(&fixture.cursor_topic()).key("other").payload("{}")).expect("sent");
        other.flush(PATIENCE).expect("acknowledged");
        sink.write(&batch(6, vec![put(2, "Bo")])).await.expect("it is written");
        let mut next = fixture.sink_of(config);
        let error = next.open(&view()).await.expect_err("nobody can know");
        assert!(error.is_transient() && error.to_string().contains("stays open in topic"), "{error}");
        other.abort_transaction(PATIENCE).expect("aborted");
        assert_eq!(next.open(&view()).await.expect("it opens"), Some(cursor("g", 6)));
    });
}
