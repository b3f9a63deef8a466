//! Messages that stand for a value, and the files of those that Protobuf itself brings: what they mean is in their documentation, here
//! only their fields.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::super::datum::{Datum, Wrong};
use crate::numeric::Numeric;
use crate::text::calendar::{Civil, UNIX_EPOCH_MICROS};
use crate::value::Interval;

/// What a message stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Timestamp,
    Duration,
    /// A value that may be null.
    Wrapper,
    Struct,
    Value,
    List,
    Date,
    TimeOfDay,
    Decimal,
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const TOO_LARGE: Wrong = Wrong("is larger than its type");
const NO_TIME: Wrong = Wrong("is no date or time");

/// What the message type of a full name stands for.
pub(super) fn of(name: &str) -> Option<Known> {
    Some(match name {
        "google.protobuf.Timestamp" => Known::Timestamp,
        "google.protobuf.Duration" => Known::Duration,
        "google.protobuf.Struct" => Known::Struct,
        "google.protobuf.Value" => Known::Value,
        "google.protobuf.ListValue" => Known::List,
        "google.type.Date" => Known::Date,
        "google.type.TimeOfDay" => Known::TimeOfDay,
        "confluent.type.Decimal" => Known::Decimal,
        _ => {
            let wrapped = name.strip_prefix("google.protobuf.")?.strip_suffix("Value")?;
            const WRAPPED: [&str; 9] =
                ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"];
            return WRAPPED.contains(&wrapped).then_some(Known::Wrapper);
        }
    })
}

/// The value for which a message stands; `members` are all its fields in order.
pub(super) fn meant<'a>(known: Known, members: Vec<(Cow<'a, str>, Datum<'a>)>) -> Result<Datum<'a>, Wrong> {
    let number = |place: usize| match members.get(place) {
        Some((_, Datum::Int(number))) => *number,
        _ => 0,
    };
    Ok(match known {
        Known::Timestamp => {
            let micros = micros(number(0), number(1))?;
            Datum::Timestamptz(micros.checked_sub(UNIX_EPOCH_MICROS).ok_or(TOO_LARGE)?)
        }
        Known::Duration => Datum::Interval(Interval { months: 0, days: 0, micros: micros(number(0), number(1))? }),
        Known::Date => {
            let part = |place| u32::try_from(number(place)).map_err(|_| NO_TIME);
            let civil = Civil { year: number(0), month: part(1)?, day: part(2)? };
            if !(1..=9_999).contains(&civil.year) || !civil.is_valid() {
                return Err(NO_TIME);
            }
            Datum::Date(i32::try_from(civil.to_days()).map_err(|_| NO_TIME)?)
        }
        Known::TimeOfDay => {
            let (hours, minutes, seconds) = (number(0), number(1), number(2));
            if !(0..=24).contains(&hours) || !(0..60).contains(&minutes) || !(0..=60).contains(&seconds) {
                return Err(NO_TIME);
            }
            Datum::Time(micros(hours * 3_600 + minutes * 60 + seconds, number(3))?)
        }
        Known::Decimal => {
            let Some((_, Datum::Bytes(digits))) = members.first() else {
                return Err(Wrong("is a decimal without digits"));
            };
            let scale = u16::try_from(number(2)).ok().filter(|scale| *scale <= 16_383).ok_or(TOO_LARGE)?;
            if digits.len() > 54_000 {
                return Err(TOO_LARGE);
            }
            Datum::Decimal(Numeric::from_parts(BigInt::from_signed_bytes_be(digits), scale))
        }
        Known::Wrapper | Known::Struct | Known::List => {
            members.into_iter().next().map_or(Datum::Null, |(_, member)| member)
        }
        // The one that is there; of null the first field tells, by the label of its enum.
        Known::Value => {
            let mut values = members.into_iter().skip(1).map(|(_, member)| member);
            values.find(|member| *member != Datum::Null).unwrap_or(Datum::Null)
        }
    })
}

fn micros(seconds: i64, nanos: i64) -> Result<i64, Wrong> {
    if nanos % 1_000 != 0 {
        return Err(Wrong("is finer than a microsecond"));
    }
    seconds.checked_mul(MICROS_PER_SECOND).and_then(|micros| micros.checked_add(nanos / 1_000)).ok_or(TOO_LARGE)
}

/// The text of a file that may be imported without being given.
pub(super) fn file(name: &str) -> Option<&'static str> {
    Some(match name {
        "google/protobuf/timestamp.proto" => {
            "syntax = \"proto3\"; package google.protobuf; message Timestamp { int64 seconds = 1; int32 nanos = 2; }"
        }
        "google/protobuf/duration.proto" => {
            "syntax = \"proto3\"; package google.protobuf; message Duration { int64 seconds = 1; int32 nanos = 2; }"
        }
        "google/protobuf/wrappers.proto" => WRAPPERS,
        "google/protobuf/struct.proto" => STRUCT,
        "google/protobuf/any.proto" => {
            "syntax = \"proto3\"; package google.protobuf; message Any { string type_url = 1; bytes value = 2; }"
        }
        "google/protobuf/empty.proto" => "syntax = \"proto3\"; package google.protobuf; message Empty {}",
        "google/protobuf/field_mask.proto" => {
            "syntax = \"proto3\"; package google.protobuf; message FieldMask { repeated string paths = 1; }"
        }
        "google/type/date.proto" => {
            "syntax = \"proto3\"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }"
        }
        "google/type/timeofday.proto" => {
            "syntax = \"proto3\"; package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }"
        }
        "confluent/type/decimal.proto" => {
            "syntax = \"proto3\"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }"
        }
        // Only options are in them, which are passed over.
        "google/protobuf/descriptor.proto" | "confluent/meta.proto" | "google/api/field_behavior.proto" => {
            "syntax = \"proto2\";"
        }
        _ => return None,
    })
}

const WRAPPERS: &str = "syntax = \"proto3\"; package google.protobuf;
message DoubleValue { double value = 1; }
message FloatValue { float value = 1; }
message Int64Value { int64 value = 1; }
message UInt64Value { uint64 value = 1; }
message Int32Value { int32 value = 1; }
message UInt32Value { uint32 value = 1; }
message BoolValue { bool value = 1; }
message StringValue { string value = 1; }
message BytesValue { bytes value = 1; }";

const STRUCT: &str = "syntax = \"proto3\"; package google.protobuf;
message Struct { map<string, Value> fields = 1; }
message Value {
  oneof kind {
    NullValue null_value = 1;
    double number_value = 2;
    string string_value = 3;
    bool bool_value = 4;
    Struct struct_value = 5;
    ListValue list_value = 6;
  }
}
enum NullValue { NULL_VALUE = 0; }
message ListValue { repeated Value values = 1; }";
