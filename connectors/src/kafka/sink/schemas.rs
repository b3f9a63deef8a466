//! What a topic's format has to do with a schema registry: the schemas of keys and values are registered before anything is written with
//! them, and again, which changes nothing, whenever a session begins. While it lasts the registry is not needed.

use std::sync::Arc;

use crate::kafka::format::TopicView;
use crate::kafka::registry::{Registry, RegistryError};
use crate::schema::ViewSchema;
use crate::sink::SinkError;

use super::config::{KafkaFormat, KafkaMode, KafkaSinkConfig};
use super::debezium::Debezium;
use super::encoder::Keys;
use super::error::Place;
use super::form::Form;

/// Whether the sink can have its format at all.
pub(super) fn refuse_misfits(
    config: &KafkaSinkConfig,
    (view, keys): (&ViewSchema, &Keys),
    place: &Place,
) -> Result<(), SinkError> {
    let kind = match config.format {
        KafkaFormat::Schema(kind) => kind,
        KafkaFormat::Debezium => return refuse_inexact(&Debezium::new(config, view, &keys.key), &keys.key, place),
        KafkaFormat::Json => return Ok(()),
    };
    let name = kind.format_name();
    if config.mode == KafkaMode::Append {
        let message = format!("format \"{name}\" writes rows, not events");
        return Err(place.refused(message, "write mode = \"upsert\", or format = \"json\" or \"debezium\""));
    }
    if config.registry.is_none() {
        let message = format!("format \"{name}\" registers its schemas");
        return Err(place.refused(message, "write registry = \"http://host:8081\""));
    }
    Ok(())
}

/// Keys that are written alike must be one.
fn refuse_inexact(debezium: &Debezium, key: &[usize], place: &Place) -> Result<(), SinkError> {
    let Some((column, instead)) = debezium.inexact(key) else { return Ok(()) };
    let message = format!("column \"{column}\" of the key would be written so that different keys look alike");
    Err(place.refused(message, format!("write {instead}")))
}

/// Asks whether the registry would take the schemas; changes nothing. Waits for answers.
pub(super) fn check(
    config: &KafkaSinkConfig,
    (view, keys): (&ViewSchema, &Keys),
    place: &Place,
) -> Result<(), SinkError> {
    let Some((topic, registry)) = registered(config, (view, keys), place)? else { return Ok(()) };
    topic.check(&registry).map_err(|error| error.into_sink_error(&place.sink))
}

/// Registers the schemas, where there are any. Waits for answers.
pub(super) fn register(
    config: &KafkaSinkConfig,
    (view, keys): (&ViewSchema, &Keys),
    place: &Place,
) -> Result<Form, SinkError> {
    match registered(config, (view, keys), place)? {
        None if config.format == KafkaFormat::Debezium => Ok(Form::Debezium(Debezium::new(config, view, &keys.key))),
        None => Ok(Form::Json),
        Some((topic, registry)) => {
            let schemas = topic.register(&registry).map_err(|error| error.into_sink_error(&place.sink))?;
            Ok(Form::Schema(Arc::new(schemas)))
        }
    }
}

fn registered<'a>(
    config: &'a KafkaSinkConfig,
    (view, keys): (&'a ViewSchema, &'a Keys),
    place: &Place,
) -> Result<Option<(TopicView<'a>, Registry)>, SinkError> {
    refuse_misfits(config, (view, keys), place)?;
    let (KafkaFormat::Schema(kind), Some(registry)) = (config.format, &config.registry) else { return Ok(None) };
    let registry = Registry::new(registry).map_err(|error: RegistryError| error.into_sink_error(&place.sink))?;
    Ok(Some((TopicView { topic: &config.topic, kind, view, key: &keys.key }, registry)))
}
