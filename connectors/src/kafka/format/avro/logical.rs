//! What annotations say that a type means: Avro's logical types, and the names that Kafka Connect and Debezium write into
//! `connect.name` where Avro has no logical type.

use serde_json::{Map, Value as Json};

use super::super::datum::Kind;
use super::schema::Node;

/// Digits behind the point that a decimal may have, as Postgres holds them.
const SCALE_MAX: u64 = 16_383;

/// Parts of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// A meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Logical {
    /// Two's complement, the highest byte first; digits behind the point.
    Decimal(u16),
    /// The same with its scale behind it.
    BigDecimal,
    /// Debezium's record of a scale and bytes.
    ScaledDecimal,
    /// As text, or as 16 bytes.
    Uuid,
    Date,
    Time(Unit),
    /// Without a time zone.
    Local(Unit),
    /// A moment.
    Moment(Unit),
    /// Months, days, milliseconds.
    Duration,
}

impl Logical {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Decimal(_) | Self::BigDecimal | Self::ScaledDecimal => Kind::Decimal,
            Self::Uuid => Kind::Uuid,
            Self::Date => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::Local(_) => Kind::Timestamp,
            Self::Moment(_) => Kind::Timestamptz,
            Self::Duration => Kind::Interval,
        }
    }
}

/// The meaning of a type; `None`: what it says by itself. A logical type that is unknown, or that does not fit what it annotates, is no
/// logical type, as the specification wants it.
pub(super) fn of(written: &Node, object: &Map<String, Json>) -> Option<Logical> {
    let text = |name: &str| object.get(name).and_then(Json::as_str);
    text("logicalType")
        .and_then(|name| specified(written, name, object))
        .or_else(|| text("connect.name").and_then(|name| connected(written, name)))
}

fn specified(written: &Node, name: &str, object: &Map<String, Json>) -> Option<Logical> {
    Some(match (name, written) {
        ("decimal", Node::Bytes | Node::Fixed(_)) => {
            let scale = object.get("scale").map_or(Some(0), Json::as_u64)?;
            let precision = object.get("precision").and_then(Json::as_u64)?;
            let is_valid = precision > 0 && scale <= SCALE_MAX;
            return is_valid.then_some(Logical::Decimal(scale as u16));
        }
        ("big-decimal", Node::Bytes) => Logical::BigDecimal,
        ("uuid", Node::String | Node::Fixed(16)) => Logical::Uuid,
        ("date", Node::Int) => Logical::Date,
        ("time-millis", Node::Int) => Logical::Time(Unit::Millis),
        ("time-micros", Node::Long) => Logical::Time(Unit::Micros),
        ("timestamp-millis", Node::Long) => Logical::Moment(Unit::Millis),
        ("timestamp-micros", Node::Long) => Logical::Moment(Unit::Micros),
        ("timestamp-nanos", Node::Long) => Logical::Moment(Unit::Nanos),
        ("local-timestamp-millis", Node::Long) => Logical::Local(Unit::Millis),
        ("local-timestamp-micros", Node::Long) => Logical::Local(Unit::Micros),
        ("local-timestamp-nanos", Node::Long) => Logical::Local(Unit::Nanos),
        ("duration", Node::Fixed(12)) => Logical::Duration,
        _ => return None,
    })
}

/// <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types>
fn connected(written: &Node, name: &str) -> Option<Logical> {
    Some(match (name, written) {
        ("io.debezium.time.Date" | "org.apache.kafka.connect.data.Date", Node::Int) => Logical::Date,
        ("io.debezium.time.Time" | "org.apache.kafka.connect.data.Time", Node::Int) => Logical::Time(Unit::Millis),
        ("io.debezium.time.MicroTime", Node::Long) => Logical::Time(Unit::Micros),
        ("io.debezium.time.NanoTime", Node::Long) => Logical::Time(Unit::Nanos),
        ("io.debezium.time.Timestamp", Node::Long) => Logical::Local(Unit::Millis),
        ("io.debezium.time.MicroTimestamp", Node::Long) => Logical::Local(Unit::Micros),
        ("io.debezium.time.NanoTimestamp", Node::Long) => Logical::Local(Unit::Nanos),
        ("org.apache.kafka.connect.data.Timestamp", Node::Long) => Logical::Moment(Unit::Millis),
        ("io.debezium.data.Uuid", Node::String) => Logical::Uuid,
        ("io.debezium.data.VariableScaleDecimal", Node::Record(_)) => Logical::ScaledDecimal,
        _ => return None,
    })
}
