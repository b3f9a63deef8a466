//! Rows with a registered schema: written, compared, and refused.

use super::super::config::{KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::fixture::{Fixture, Pages, batch, change, cursor, filled, gone, key, put, row, run, view};
use super::schema_registry::{SchemaRegistry, is_left_out};
use crate::kafka::KafkaSink;
use crate::kafka::registry::{DEFAULT_TIMEOUT, RegistryConfig, SchemaKind};
use crate::read_back::{Held, HeldEntry, ReadBack};
use crate::row::Row;
use crate::sink::{RowChange, Sink};
use crate::sql_type::SqlType;
use crate::value::Value;

const KINDS: [SchemaKind; 3] = [SchemaKind::Avro, SchemaKind::Protobuf, SchemaKind::Json];

fn config(fixture: &Fixture, registry: &SchemaRegistry, kind: SchemaKind) -> KafkaSinkConfig {
    let addresses = vec![registry.address()];
    let registry = RegistryConfig { addresses, login: None, ca: None, timeout: DEFAULT_TIMEOUT };
    KafkaSinkConfig { registry: Some(registry), ..fixture.config(KafkaFormat::Schema(kind), KafkaMode::Upsert) }
}

/// What is held, by the names of keys.
async fn entries(sink: &mut KafkaSink) -> Vec<HeldEntry> {
    let mut entries = sink.entries(0).await.expect("it is read").entries;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries
}

#[test]
fn rows_with_a_schema_are_compared_and_their_keys_read_back() {
    if is_left_out() {
        return eprintln!("left out: no registry");
    }
    let registry = SchemaRegistry::shared();
    for kind in KINDS {
        let Some(fixture) = Fixture::new() else { return };
        run(async {
            let mut sink = fixture.sink_of(config(&fixture, &registry, kind));
            filled(&mut sink, &[(0, ""), (1, "Ada"), (2, "Bo")], 5).await;
            let changes = vec![change(1, "Ada", "Eve"), gone(2, "Bo"), put(3, "Cy")];
            sink.write(&batch(6, changes)).await.expect("it is written");
            let rows = [row(0, ""), row(1, "Ada"), row(2, "Bo"), row(3, "Cy")];
            let held = sink.held(&rows).await.expect("it is read");
            assert_eq!(held, [Held::Same, Held::Other, Held::Nothing, Held::Same], "{kind}");
            let entry = |id| HeldEntry { name: key(id), key: Some(vec![Value::Int(id)]) };
            assert_eq!(entries(&mut sink).await, [entry(0), entry(1), entry(3)], "{kind}");
            assert_eq!(sink.name(&row(7, "Ada")), key(7));
            drop(sink);
            let mut again = fixture.sink_of(config(&fixture, &registry, kind));
            assert_eq!(
                again.open(&view()).await.expect("it opens"),
                Some(cursor("g", 6)),
                "nothing was registered anew"
            );
        });
    }
}

#[test]
fn other_columns_are_another_schema_and_leave_nothing_of_the_former_one() {
    if is_left_out() {
        return eprintln!("left out: no registry");
    }
    let registry = SchemaRegistry::shared();
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut sink = fixture.sink_of(config(&fixture, &registry, SchemaKind::Avro));
        filled(&mut sink, &[(1, "Ada"), (2, "Bo")], 5).await;
        let mut other = view();
        other.columns[0].name = "number".into();
        let mut sink = KafkaSink::new(config(&fixture, &registry, SchemaKind::Avro), &other).expect("a sink");
        assert_eq!(sink.open(&other).await.expect("it opens"), None);
        sink.replace(&mut Pages::of(&[(1, "Ada"), (2, "Bo")]), &cursor("g", 6)).await.expect("it is filled");
        let held = entries(&mut sink).await;
        let names: Vec<&str> = held.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["{\"number\":1}", "{\"number\":2}"], "keys of the former schema are taken back");
    });
}

#[test]
fn what_a_format_cannot_write_is_refused_with_its_column_and_leaves_what_is_there() {
    if is_left_out() {
        return eprintln!("left out: no registry");
    }
    let registry = SchemaRegistry::shared();
    let Some(fixture) = Fixture::new() else { return };
    run(async {
        let mut dated = view();
        dated.columns[2].sql_type = SqlType::Date;
        let mut sink = KafkaSink::new(config(&fixture, &registry, SchemaKind::Avro), &dated).expect("a sink");
        sink.open(&dated).await.expect("it opens");
        sink.replace(&mut Pages::of(&[]), &cursor("g", 5)).await.expect("it is filled");
        let forever: Row = vec![Value::Int(1), Value::Null, Value::Date(i32::MAX)].into();
        let change = RowChange { old: None, new: Some(forever) };
        let error = sink.write(&batch(6, vec![change])).await.expect_err("it has no form");
        let said = "a row of view \"order_card\" cannot be written as avro: column \"paid\" is infinite";
        assert!(!error.is_transient() && error.to_string().contains(said), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("cast the column to text")), "{error:?}");
        assert_eq!(sink.open(&dated).await.expect("it opens"), Some(cursor("g", 5)));
    });
}

#[test]
fn events_have_no_schema() {
    let Some(fixture) = Fixture::new() else { return };
    let config = fixture.config(KafkaFormat::Schema(SchemaKind::Avro), KafkaMode::Append);
    let error = KafkaSink::new(config, &view()).err().expect("it is refused");
    assert!(error.to_string().contains("writes rows, not events"), "{error}");
}
