//! What a topic holds, compared.

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::super::config::{KafkaFormat, KafkaMode};
use super::fixture::{Fixture, batch, change, filled, gone, json, key, put, row, run};
use crate::kafka::KafkaSink;
use crate::read_back::{Held, HeldEntry, ReadBack};
use crate::sink::Sink;
use crate::value::Value;

fn plant(fixture: &Fixture, (partition, key, value): (i32, &str, Option<&str>)) {
    let producer: BaseProducer = fixture.client().create().expect("a producer");
    let topic = fixture.topic();
    let mut record = BaseRecord::to(&topic).partition(partition).key(key);
    record.payload = value;
    producer.send(record).expect("sent");
    producer.flush(std::time::Duration::from_secs(30)).expect("acknowledged");
}

async fn held(sink: &mut KafkaSink, rows: &[(i64, &str)]) -> Vec<Held> {
    let rows: Vec<_> = rows.iter().map(|(id, text)| row(*id, text)).collect();
    sink.held(&rows).await.expect("it is read")
}

async fn entries(sink: &mut KafkaSink) -> Vec<HeldEntry> {
    let (mut entries, mut from) = (Vec::new(), 0);
    loop {
        let page = sink.entries(from).await.expect("it is read");
        entries.extend(page.entries);
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries.dedup();
    entries
}

fn entry(id: i64) -> HeldEntry {
    HeldEntry { name: key(id), key: Some(vec![Value::Int(id)]) }
}

#[test]
fn what_others_wrote_is_found_and_what_is_written_meanwhile_is_followed() {
    for (format, mode) in [(KafkaFormat::Json, KafkaMode::Upsert), (KafkaFormat::Debezium, KafkaMode::Append)] {
        let Some(fixture) = Fixture::new() else { return };
        run(async {
            let mut sink = fixture.sink_of(fixture.config(format, mode));
            filled(&mut sink, &[(1, "Ada"), (2, "Bo"), (3, "Cy")], 5).await;
            assert_eq!(
                held(&mut sink, &[(1, "Ada"), (2, "Bob"), (9, "Di")]).await,
                [Held::Same, Held::Other, Held::Nothing]
            );
            sink.write(&batch(6, vec![change(2, "Bo", "Bob"), gone(3, "Cy"), put(4, "Di")]))
                .await
                .expect("it is written");
            let rows = [(1, "Ada"), (2, "Bob"), (3, "Cy"), (4, "Di")];
            assert_eq!(held(&mut sink, &rows).await, [Held::Same, Held::Same, Held::Nothing, Held::Same]);
            assert_eq!(entries(&mut sink).await, [entry(1), entry(2), entry(4)]);
            let place = fixture.messages().into_iter().find(|found| found.key.as_deref() == Some(key(1).as_str()));
            let place = place.expect("row 1 is there").partition;
            plant(&fixture, (place, &key(1), Some(&json(1, "Eve"))));
            plant(&fixture, (1 - place, &key(1), Some(&json(1, "Ada"))));
            plant(&fixture, (0, "of others", Some("more")));
            assert_eq!(held(&mut sink, &[(1, "Ada")]).await, [Held::Other]);
            let found = entries(&mut sink).await;
            let foreign: Vec<&HeldEntry> = found.iter().filter(|entry| entry.key.is_none()).collect();
            assert_eq!(foreign.len(), 2, "{found:?}");
            assert_eq!(sink.name(&row(7, "Ada")), key(7));
        });
    }
}
