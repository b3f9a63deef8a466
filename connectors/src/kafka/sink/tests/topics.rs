//! Topics that are missing, or do not fit.

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::super::config::{KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::fixture::{Fixture, Pages, batch, cursor, filled, put, run, table, view};
use crate::sink::{Sink, SinkError};

async fn setting(fixture: &Fixture, topic: &str, name: &str) -> String {
    let asked = [ResourceSpecifier::Topic(topic)];
    let told = fixture.broker.admin().describe_configs(&asked, &AdminOptions::new()).await.expect("an answer");
    let told = told.into_iter().next().expect("a topic").expect("its settings");
    told.get(name).and_then(|entry| entry.value.clone()).expect("a setting")
}

fn topics(fixture: &Fixture) -> Vec<String> {
    let consumer: BaseConsumer = fixture.client().create().expect("a client");
    let metadata = consumer.fetch_metadata(None, std::time::Duration::from_secs(30)).expect("metadata");
    metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
}

async fn refused(fixture: &Fixture, config: KafkaSinkConfig) -> (String, String) {
    let refusal = |error: SinkError| (error.to_string(), error.hint().expect("someone must act").to_owned());
    let checked = fixture.sink_of(config.clone()).check(&view()).await.expect_err("it does not fit");
    let opened = fixture.sink_of(config).open(&view()).await.expect_err("it does not fit");
    let (checked, opened) = (refusal(checked), refusal(opened));
    assert_eq!(checked, opened);
    checked
}

#[test]
fn missing_topics_are_made_for_their_mode_by_open_and_not_by_check() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        config.topic_config = vec![("retention.ms".into(), "86400000".into())];
        let mut sink = fixture.sink_of(config);
        sink.check(&view()).await.expect("there is nothing to say");
        assert!(!topics(&fixture).contains(&fixture.topic()) && !topics(&fixture).contains(&fixture.cursor_topic()));
        sink.open(&view()).await.expect("it opens");
        assert_eq!(setting(&fixture, &fixture.topic(), "cleanup.policy").await, "compact");
        assert_eq!(setting(&fixture, &fixture.topic(), "retention.ms").await, "86400000");
        assert_eq!(setting(&fixture, &fixture.cursor_topic(), "cleanup.policy").await, "compact");
        sink.check(&view()).await.expect("there is nothing to say");
    });
}

#[test]
fn a_topic_that_does_not_fit_is_refused_with_the_command_that_mends_it() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let topic = fixture.topic();
        fixture.make_topic(&[("cleanup.policy", "compact,delete")]);
        let upsert = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        let alter = |setting: &str| {
            let brokers = fixture.broker.address();
            format!(
                "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics --entity-name {topic} --add-config {setting}"
            )
        };
        let (message, hint) = refused(&fixture, upsert.clone()).await;
        assert!(message.contains("cleanup.policy = compact,delete, not compact"), "{message}");
        assert_eq!(hint, alter("cleanup.policy=compact"));
        let append = fixture.config(KafkaFormat::Json, KafkaMode::Append);
        assert_eq!(refused(&fixture, append).await.1, alter("cleanup.policy=delete"));
    });
}

#[test]
fn other_settings_and_another_number_of_partitions_are_named() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        fixture.make_topic(&[("cleanup.policy", "compact")]);
        let config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        let settings = vec![("max.message.bytes".into(), "5000000".into())];
        let (message, hint) = refused(&fixture, KafkaSinkConfig { topic_config: settings, ..config.clone() }).await;
        assert!(
            message.contains("\"topic_config\" says 5000000") && hint.ends_with("max.message.bytes=5000000"),
            "{message} {hint}"
        );
        let (message, hint) = refused(&fixture, KafkaSinkConfig { partitions: Some(3), ..config.clone() }).await;
        assert!(message.contains("has 2 partitions") && hint.contains("--partitions 3"), "{message} {hint}");
        let (_, hint) = refused(&fixture, KafkaSinkConfig { partitions: Some(1), ..config }).await;
        assert_eq!(hint, "write partitions = 2");
    });
}

#[test]
fn a_row_that_is_too_large_is_refused_and_nothing_of_its_batch_is_seen() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut config = fixture.config(KafkaFormat::Json, KafkaMode::Upsert);
        config.topic_config = vec![("max.message.bytes".into(), "20000".into())];
        let mut sink = fixture.sink_of(config.clone());
        filled(&mut sink, &[(1, "Ada")], 5).await;
        let large = "x".repeat(30_000);
        let error = sink.write(&batch(6, vec![put(2, "Bo"), put(3, &large)])).await.expect_err("it is too large");
        assert!(error.hint().is_some_and(|hint| hint.contains("max.message.bytes=BYTES")), "{error:?}");
        assert!(!error.to_string().contains("xxx"), "{error}");
        assert_eq!(fixture.table(), table(&[(1, "Ada")]));
        assert_eq!(fixture.sink_of(config).open(&view()).await.expect("it opens"), Some(cursor("g", 5)));
    });
}

#[test]
fn a_topic_that_was_made_again_does_not_pass_for_the_one_that_was_filled() {
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink();
        filled(&mut sink, &[(1, "Ada"), (2, "Bo"), (3, "Cy")], 5).await;
        sink.write(&batch(6, Vec::new())).await.expect("it is written");
        drop(sink);
        let admin = fixture.broker.admin();
        for is_made in [true, false] {
            let deleted = admin.delete_topics(&[&fixture.topic()], &AdminOptions::new()).await.expect("an answer");
            assert!(deleted.iter().all(Result::is_ok));
            while topics(&fixture).contains(&fixture.topic()) {}
            if is_made {
                fixture.make_topic(&[("cleanup.policy", "compact")]);
            }
            let mut sink = fixture.sink();
            assert_eq!(sink.open(&view()).await.expect("it opens"), None, "made by someone else: {is_made}");
            drop(sink);
            // Nor does it later.
            let mut sink = fixture.sink();
            assert_eq!(sink.open(&view()).await.expect("it opens"), None, "made by someone else: {is_made}");
            sink.replace(&mut Pages::of(&[(1, "Ada")]), &cursor("g", 7)).await.expect("it is filled");
            sink.write(&batch(8, vec![put(4, "Di")])).await.expect("it is written");
            assert_eq!(fixture.table(), table(&[(1, "Ada"), (4, "Di")]));
        }
    });
}
