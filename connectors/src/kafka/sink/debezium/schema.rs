//! Schemas of Kafka Connect, as its JSON converter writes them in front of a payload.

use serde_json::{Value as Json, json};

use super::field::{Field, Kind, Unit};

/// Version of the envelope's schema in Debezium 3.
const ENVELOPE_VERSION: u32 = 2;

/// Of a message key.
pub(super) fn of_key<'f>(topic: &str, fields: impl Iterator<Item = &'f Field>) -> Json {
    let fields: Vec<Json> = fields.map(of_field).collect();
    json!({"type": "struct", "fields": fields, "optional": false, "name": format!("{topic}.Key")})
}

/// Of a message value; `connector` is Debezium's name of the source's connector, where it has one.
pub(super) fn of_envelope(topic: &str, fields: &[Field], connector: Option<&str>) -> Json {
    let side = |name: &str| {
        let fields: Vec<Json> = fields.iter().map(of_field).collect();
        json!({"type": "struct", "fields": fields, "optional": true, "name": format!("{topic}.Value"), "field": name})
    };
    let fields = json!([
        side("before"),
        side("after"),
        of_source(connector),
        {
            "type": "struct",
            "fields": [plain("string", false, "id"), plain("int64", false, "total_order"), plain("int64", false, "data_collection_order")],
            "optional": true, "name": "event.block", "version": 1, "field": "transaction"
        },
        plain("string", false, "op"),
        plain("int64", true, "ts_ms"),
        plain("int64", true, "ts_us"),
        plain("int64", true, "ts_ns"),
    ]);
    let name = format!("{topic}.Envelope");
    json!({"type": "struct", "fields": fields, "optional": false, "name": name, "version": ENVELOPE_VERSION})
}

fn plain(kind: &str, optional: bool, name: &str) -> Json {
    json!({"type": kind, "optional": optional, "field": name})
}

fn of_source(connector: Option<&str>) -> Json {
    let snapshot = json!({
        "type": "string", "optional": true, "name": "io.debezium.data.Enum", "version": 1,
        "parameters": {"allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"},
        "default": "false", "field": "snapshot"
    });
    let mut fields = vec![
        plain("string", false, "version"),
        plain("string", false, "connector"),
        plain("string", false, "name"),
        plain("int64", false, "ts_ms"),
        snapshot,
        plain("string", false, "db"),
        plain("string", true, "sequence"),
        plain("int64", true, "ts_us"),
        plain("int64", true, "ts_ns"),
    ];
    let own: &[(&str, bool, &str)] = match connector {
        Some("postgresql") => &[
            ("string", false, "schema"),
            ("string", false, "table"),
            ("int64", true, "txId"),
            ("int64", true, "lsn"),
            ("int64", true, "xmin"),
            ("string", true, "origin"),
            ("int64", true, "origin_lsn"),
        ],
        Some(_) => &[
            ("string", true, "table"),
            ("int64", false, "server_id"),
            ("string", true, "gtid"),
            ("string", false, "file"),
            ("int64", false, "pos"),
            ("int32", false, "row"),
            ("int64", true, "thread"),
            ("string", true, "query"),
        ],
        None => &[("string", true, "table"), ("string", false, "position"), ("int64", false, "step")],
    };
    fields.extend(own.iter().map(|(kind, optional, name)| plain(kind, *optional, name)));
    let name = connector.map_or("tailwater.Source".into(), |name| format!("io.debezium.connector.{name}.Source"));
    json!({"type": "struct", "fields": fields, "optional": false, "name": name, "version": 1, "field": "source"})
}

fn of_field(field: &Field) -> Json {
    let mut schema = of_kind(&field.kind, field.nullable);
    schema["field"] = json!(field.name.as_str());
    schema
}

fn of_kind(kind: &Kind, optional: bool) -> Json {
    let plain = |literal: &str| json!({"type": literal, "optional": optional});
    let named = |literal: &str, name: &str| json!({"type": literal, "optional": optional, "name": name, "version": 1});
    let with = |mut schema: Json, parameter: &str, value: String| {
        schema["parameters"][parameter] = json!(value);
        schema
    };
    match kind {
        Kind::Bool | Kind::Bit => plain("boolean"),
        Kind::Int16 => plain("int16"),
        Kind::Int32 => plain("int32"),
        Kind::Int64 | Kind::UnsignedInt64 => plain("int64"),
        Kind::Year => named("int32", "io.debezium.time.Year"),
        Kind::Float32 => plain("float"),
        Kind::Float64 | Kind::DecimalDouble => plain("double"),
        Kind::DecimalText | Kind::Text(None) => plain("string"),
        Kind::Decimal(precision, scale) => {
            let schema = named("bytes", "org.apache.kafka.connect.data.Decimal");
            let schema = with(schema, "scale", scale.to_string());
            with(schema, "connect.decimal.precision", precision.to_string())
        }
        Kind::ScaledDecimal => json!({
            "type": "struct", "fields": [self::plain("int32", false, "scale"), self::plain("bytes", false, "value")],
            "optional": optional, "name": "io.debezium.data.VariableScaleDecimal", "version": 1
        }),
        Kind::Date => named("int32", "io.debezium.time.Date"),
        Kind::Time(Unit::Millis) => named("int32", "io.debezium.time.Time"),
        Kind::Time(Unit::Micros) | Kind::LongTime => named("int64", "io.debezium.time.MicroTime"),
        Kind::Timestamp(Unit::Millis) => named("int64", "io.debezium.time.Timestamp"),
        Kind::Timestamp(Unit::Micros) => named("int64", "io.debezium.time.MicroTimestamp"),
        Kind::Zoned(_) => named("string", "io.debezium.time.ZonedTimestamp"),
        Kind::IntervalText => named("string", "io.debezium.time.Interval"),
        Kind::IntervalMicros => named("int64", "io.debezium.time.MicroDuration"),
        Kind::Bytes => plain("bytes"),
        Kind::Bits { length, .. } => with(named("bytes", "io.debezium.data.Bits"), "length", length.to_string()),
        Kind::Text(Some(name)) => named("string", name),
        Kind::Labels(name, allowed) => with(named("string", name), "allowed", allowed.clone()),
        Kind::Array(element) => json!({"type": "array", "items": of_kind(element, true), "optional": optional}),
    }
}
