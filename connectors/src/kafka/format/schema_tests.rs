//! Rows with a schema: written and read again, cut off, damaged, and beyond every limit. What others write is in
//! `connectors/tests/kafka_formats`.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::avro::AvroSchema;
use super::decoder::{Decoded, Decoder, Format, TimeUnit};
use super::error::BadMessage;
use super::protobuf::Pool;
use super::schema_plan::{Language, Plan, Wanted};
use super::schema_rows::SchemaRows;
use crate::kafka::registry::{SchemaKind, wire};
use crate::numeric::Numeric;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::calendar::{TIMESTAMP_END, TIMESTAMP_MIN, UNIX_EPOCH_MICROS};
use crate::value::{Array, Interval, Value};

/// The years 1 to 9999, which every format can write.
const COMMON_MOMENTS: std::ops::Range<i64> = -63_082_281_600_000_000..252_455_616_000_000_000;

fn types() -> Vec<SqlType> {
    let list = |element| SqlType::Array(Box::new(element));
    vec![
        SqlType::Bool,
        SqlType::Int2,
        SqlType::Int4,
        SqlType::Int8,
        SqlType::Oid,
        SqlType::Float4,
        SqlType::Float8,
        SqlType::Numeric(None),
        SqlType::Numeric(Some((12, 2))),
        SqlType::Text,
        SqlType::Bytea,
        SqlType::Date,
        SqlType::Time,
        SqlType::Timestamp,
        SqlType::Timestamptz,
        SqlType::Interval,
        SqlType::Uuid,
        SqlType::Jsonb,
        list(SqlType::Int8),
        list(SqlType::Text),
        list(SqlType::Timestamptz),
        list(SqlType::Float4),
    ]
}

fn moments(kind: SchemaKind) -> std::ops::Range<i64> {
    match kind {
        SchemaKind::Avro => TIMESTAMP_MIN..TIMESTAMP_END - UNIX_EPOCH_MICROS,
        SchemaKind::Protobuf | SchemaKind::Json => COMMON_MOMENTS,
    }
}

fn value(kind: SchemaKind, sql_type: &SqlType) -> BoxedStrategy<Value> {
    match sql_type {
        SqlType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        SqlType::Int2 => any::<i16>().prop_map(|it| Value::Int(it.into())).boxed(),
        SqlType::Int4 => any::<i32>().prop_map(|it| Value::Int(it.into())).boxed(),
        SqlType::Oid => any::<u32>().prop_map(|it| Value::Int(it.into())).boxed(),
        SqlType::Int8 => any::<i64>().prop_map(Value::Int).boxed(),
        SqlType::Float4 => any::<f32>().prop_map(|it| Value::Float(it.into())).boxed(),
        SqlType::Float8 => any::<f64>().prop_map(Value::Float).boxed(),
        SqlType::Numeric(Some(_)) => (-999_999_999_999i64..=999_999_999_999)
            .prop_map(|mantissa| Value::Numeric(Numeric::Small { mantissa, scale: 2 }))
            .boxed(),
        SqlType::Numeric(None) => prop_oneof![
            (any::<i128>(), 0..40u16).prop_map(|(mantissa, scale)| Value::Numeric(Numeric::from_i128(mantissa, scale))),
            Just(Value::Numeric(Numeric::NaN)),
        ]
        .boxed(),
        SqlType::Bytea => vec(any::<u8>(), 0..20).prop_map(|it| Value::Bytes(it.into())).boxed(),
        SqlType::Date => (-730_000..2_900_000i32).prop_map(Value::Date).boxed(),
        SqlType::Time => (0..=86_400_000_000i64).prop_map(Value::Time).boxed(),
        SqlType::Timestamp => COMMON_MOMENTS.prop_map(Value::Timestamp).boxed(),
        SqlType::Timestamptz => moments(kind).prop_map(Value::Timestamptz).boxed(),
        SqlType::Interval => (-999..999i32, -999..999i32, -1_000_000_000_000..1_000_000_000_000i64)
            .prop_map(|(months, days, micros)| Value::Interval(Interval { months, days, micros }))
            .boxed(),
        SqlType::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        SqlType::Jsonb => prop_oneof![Just("{\"a\": [1.50, null], \"bb\": {}}"), Just("\"x\""), Just("7")]
            .prop_map(Value::text)
            .boxed(),
        SqlType::Array(element) => {
            let one = value(kind, element);
            // Protobuf knows no null in a list.
            let one = match kind {
                SchemaKind::Protobuf => one,
                _ => prop_oneof![4 => one, 1 => Just(Value::Null)].boxed(),
            };
            vec(one, 0..4).prop_map(array).boxed()
        }
        _ => "[^\0]{0,12}".prop_map(Value::text).boxed(),
    }
}

fn array(elements: Vec<Value>) -> Value {
    let dimensions = if elements.is_empty() { Vec::new() } else { vec![(elements.len() as u32, 1)] };
    Value::Array(Arc::new(Array { dimensions, elements }))
}

/// Columns with a value each; a column that may be null has null now and then, but for lists in Protobuf.
fn row(kind: SchemaKind) -> impl Strategy<Value = Vec<(Column, Value)>> {
    let field = (0..types().len(), any::<bool>()).prop_flat_map(move |(index, nullable)| {
        let sql_type = types().swap_remove(index);
        let one = value(kind, &sql_type);
        let has_null = nullable && !(kind == SchemaKind::Protobuf && matches!(sql_type, SqlType::Array(_)));
        let one = if has_null { prop_oneof![3 => one, 1 => Just(Value::Null)].boxed() } else { one };
        one.prop_map(move |value| (Column::new("", sql_type.clone(), nullable), value))
    });
    vec(field, 1..8).prop_map(|mut row| {
        row.iter_mut().enumerate().for_each(|(index, (column, _))| column.name = format!("c{index}").into());
        row
    })
}

/// How rows of this schema are read into these columns.
fn plan(kind: SchemaKind, schema: &str, columns: &[Column]) -> Plan {
    let language = match kind {
        SchemaKind::Protobuf => {
            let pool = Pool::parse(schema, std::iter::empty()).expect("a schema");
            let message = pool.only().expect("a message");
            Language::Protobuf(pool, message)
        }
        _ => Language::Avro(AvroSchema::parse(schema, std::iter::empty()).expect("a schema")),
    };
    let wanted = Wanted { columns, lost: &HashSet::new(), envelope: false };
    let (plan, unfit) = Plan::new(language, &wanted).expect("a plan");
    assert!(unfit.0.is_empty(), "{unfit:?}");
    plan
}

fn read(kind: SchemaKind, rows: &SchemaRows, columns: &[Column], message: &[u8]) -> Result<Vec<Value>, BadMessage> {
    let mut payload = wire::split(message).expect("a frame").payload;
    let decoded = match kind {
        SchemaKind::Json => {
            let mut decoder = Decoder::new(&Format::Json, columns, TimeUnit::default()).expect("a decoder");
            decoder.decode(payload).map_err(|error| BadMessage::new(error.to_string()))?
        }
        _ => {
            if kind == SchemaKind::Protobuf {
                assert_eq!(wire::take_path(&mut payload), Some(vec![0]));
            }
            plan(kind, &rows.schema().text, columns).read(payload, columns)?
        }
    };
    match decoded {
        Decoded::Row(values) => Ok(values),
        Decoded::Gone(_) => panic!("gone"),
    }
}

fn makes_the_way(kind: SchemaKind, row: Vec<(Column, Value)>) -> Result<(), TestCaseError> {
    let (columns, values): (Vec<Column>, Vec<Value>) = row.into_iter().unzip();
    let rows = SchemaRows::new(kind, "shop.Row", &columns);
    let message = rows.message(7, &values).expect("every value has a form");
    prop_assert_eq!(read(kind, &rows, &columns, &message), Ok(values));
    Ok(())
}

proptest! {
    #[test]
    fn rows_are_read_as_they_were_written_in_avro(row in row(SchemaKind::Avro)) {
        makes_the_way(SchemaKind::Avro, row)?;
    }

    #[test]
    fn rows_are_read_as_they_were_written_in_protobuf(row in row(SchemaKind::Protobuf)) {
        makes_the_way(SchemaKind::Protobuf, row)?;
    }

    #[test]
    fn rows_are_read_as_they_were_written_in_json(row in row(SchemaKind::Json)) {
        makes_the_way(SchemaKind::Json, row)?;
    }

    #[test]
    fn an_avro_message_that_is_cut_off_or_goes_on_is_bad(row in row(SchemaKind::Avro), cut in 0..40usize) {
        let (columns, values): (Vec<Column>, Vec<Value>) = row.into_iter().unzip();
        let rows = SchemaRows::new(SchemaKind::Avro, "Row", &columns);
        let mut message = rows.message(7, &values).expect("every value has a form");
        let behind = 5.max(message.len().saturating_sub(1 + cut));
        prop_assert!(behind == message.len() || read(SchemaKind::Avro, &rows, &columns, &message[..behind]).is_err());
        message.push(0);
        prop_assert!(read(SchemaKind::Avro, &rows, &columns, &message).is_err());
    }

    #[test]
    fn no_bytes_harm_a_reader(bytes in vec(any::<u8>(), 0..64)) {
        let columns = [Column::new("doc", SqlType::Jsonb, true)];
        for (kind, schema) in [(SchemaKind::Avro, TREE), (SchemaKind::Protobuf, TREE_PROTO)] {
            let _ = plan(kind, schema, &columns).read(&bytes, &columns);
        }
    }

    #[test]
    fn no_text_harms_a_reader_of_schemas(text in "[ a-z{}\\[\\]\"';=<>,.0-9/*\n-]{0,80}") {
        let _ = AvroSchema::parse(&text, std::iter::empty());
        let _ = Pool::parse(&text, std::iter::empty());
    }
}

/// A type that contains itself, and lists of what takes no bytes.
const TREE: &str = r#"{"type":"record","name":"T","fields":[{"name":"doc","type":["null","T",{"type":"array","items":"null"},{"type":"map","values":"T"}]}]}"#;
const TREE_PROTO: &str =
    "syntax = \"proto3\"; message T { T doc = 1; repeated T list = 2; map<string, T> map = 3; repeated int32 n = 4; }";

fn reason(kind: SchemaKind, schema: &str, message: &[u8]) -> String {
    let columns = [Column::new("doc", SqlType::Jsonb, true)];
    plan(kind, schema, &columns).read(message, &columns).expect_err("bad").reason
}

#[test]
fn what_is_deeper_or_longer_than_any_message_is_bad() {
    assert_eq!(reason(SchemaKind::Avro, TREE, &[2; 4_000]), "field \"doc\" is nested too deeply");
    // 2^62 nulls.
    let mut nulls = vec![4];
    crate::kafka::varint::put_signed(&mut nulls, 1 << 62);
    assert_eq!(reason(SchemaKind::Avro, TREE, &nulls), "field \"doc\" has too many elements");
    let mut nested = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0x0a];
        crate::kafka::varint::put(&mut outer, nested.len() as u64);
        outer.append(&mut nested);
        nested = outer;
    }
    assert_eq!(reason(SchemaKind::Protobuf, TREE_PROTO, &nested), "field \"doc\" is nested too deeply");
}

#[test]
fn what_is_written_with_another_protobuf_schema_is_bad_and_unknown_fields_are_passed_over() {
    let schema = "syntax = \"proto3\"; enum E { ZERO = 0; } message M { int32 doc = 1; E e = 2; oneof one { int32 a = 3; string b = 4; } M inner = 5; }";
    for (message, expected) in [
        (&[0x0a, 1, b'x'][..], "field \"doc\" is written in another type than its schema says"),
        (&[0x08, 0x80, 0x80, 0x80, 0x80, 0x10], "field \"doc\" is larger than its type"),
        (&[0x10, 5], "field \"e\" is a number for which its enum has no label"),
        (&[0x22, 1, 0xff], "field \"b\" is not UTF-8"),
        (&[0x2a, 0, 0x2a, 0], "field \"inner\" is a message in several pieces, which are not put together"),
        (&[0x08], "is cut off"),
        (&[0x53, 0x08, 1], "is cut off"),
        (&[0], "has a field without a number"),
    ] {
        assert_eq!(reason(SchemaKind::Protobuf, schema, message), expected);
    }
    let columns = [Column::new("a", SqlType::Int4, true), Column::new("b", SqlType::Text, true)];
    let read = |message: &[u8]| plan(SchemaKind::Protobuf, schema, &columns).read(message, &columns);
    // A group of number 10 with a number in it, then a string of number 11.
    let unknown = [0x53, 0x08, 1, 0x54, 0x5a, 1, b'x'];
    assert_eq!(read(&unknown), Ok(Decoded::Row(vec![Value::Null, Value::Null])));
    // The last one of a oneof is there, and the last of several values counts.
    assert_eq!(read(&[0x18, 1, 0x22, 1, b'y']), Ok(Decoded::Row(vec![Value::Null, Value::text("y")])));
    assert_eq!(read(&[0x22, 1, b'y', 0x18, 1, 0x18, 2]), Ok(Decoded::Row(vec![Value::Int(2), Value::Null])));
}

#[test]
fn message_types_are_found_by_their_paths_and_maps_also_where_a_descriptor_spelled_them_out() {
    let schema = "syntax = \"proto3\"; package p; enum E { A = 0; } message First {} message Outer { \
         message MapEntry { option map_entry = true; string key = 1; int32 value = 2; } \
         repeated MapEntry doc = 1; message Inner { string b = 1; } }";
    let pool = Pool::parse(schema, std::iter::empty()).expect("a schema");
    let name = |path: &[usize]| pool.at_path(path).map(|id| pool.name(id).to_owned());
    let names = [&[0][..], &[1], &[1, 1], &[2], &[0, 0], &[]].map(name);
    let expected = [Some("p.First"), Some("p.Outer"), Some("p.Outer.Inner"), None, None, None];
    assert_eq!(names.each_ref().map(Option::as_deref), expected);
    let dotted = Pool::parse("message .A {}", std::iter::empty()).map(drop);
    assert_eq!(dotted, Err("line 1: a name has a dot".into()));
    let columns = [Column::new("doc", SqlType::Jsonb, true)];
    let outer = pool.named("p.Outer").expect("it is there");
    let wanted = Wanted { columns: &columns, lost: &HashSet::new(), envelope: false };
    let (plan, _) = Plan::new(Language::Protobuf(pool, outer), &wanted).expect("a plan");
    let message = [0x0a, 5, 0x0a, 1, b'k', 0x10, 7];
    assert_eq!(plan.read(&message, &columns), Ok(Decoded::Row(vec![Value::text("{\"k\": 7}")])));
}

#[test]
fn values_that_do_not_fit_their_column_are_bad_and_named_without_themselves() {
    let read = |field: &str, column: SqlType, message: &[u8]| {
        let schema = format!(r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":{field}}}]}}"#);
        let columns = [Column::new("a", column, true)];
        plan(SchemaKind::Avro, &schema, &columns).read(message, &columns).map_err(|bad| bad.reason)
    };
    let decimal = r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}"#;
    let nanos = r#"{"type":"long","logicalType":"timestamp-nanos"}"#;
    let two = SqlType::Numeric(Some((6, 2)));
    for (field, column, message, expected) in [
        ("\"long\"", SqlType::Int2, &[0x80, 0x80, 4][..], "field \"a\" does not fit type smallint"),
        ("\"string\"", SqlType::Int4, &[2, b'x'], "field \"a\" is not of type integer"),
        ("\"string\"", SqlType::Text, &[2, 0], "field \"a\" has a character that text cannot hold (U+0000)"),
        (decimal, two.clone(), &[2, 1], "field \"a\" does not fit type numeric(6,2)"),
        (nanos, SqlType::Timestamptz, &[2], "field \"a\" is finer than a microsecond"),
        ("\"boolean\"", SqlType::Bool, &[2], "field \"a\" is a boolean that is neither true nor false"),
        ("[\"null\"]", SqlType::Bool, &[2], "field \"a\" is of a type that its union does not have"),
        ("[\"boolean\",\"long\"]", SqlType::Bool, &[2, 2], "field \"a\" does not fit type boolean"),
    ] {
        assert_eq!(read(field, column, message), Err(expected.to_owned()), "{field}");
    }
    let expected = Numeric::Small { mantissa: 1, scale: 2 };
    assert_eq!(read(decimal, two, &[2, 10]), Ok(Decoded::Row(vec![Value::Numeric(expected)])));
}

#[test]
fn values_that_a_format_cannot_write_are_refused_with_their_column() {
    let refused = |kind, sql_type: SqlType, value: Value| {
        let columns = [Column::new("a", sql_type, false)];
        let rows = SchemaRows::new(kind, "R", &columns);
        rows.message(1, &[value]).expect_err("refused").to_string()
    };
    let list = SqlType::Array(Box::new(SqlType::Int4));
    let nested = Value::Array(Arc::new(Array { dimensions: vec![(1, 1), (1, 1)], elements: vec![Value::Int(1)] }));
    for (kind, sql_type, value, expected) in [
        (
            SchemaKind::Avro,
            SqlType::Date,
            Value::Date(i32::MAX),
            "is infinite or no number, which the format cannot write",
        ),
        (
            SchemaKind::Avro,
            SqlType::Timestamptz,
            Value::Timestamptz(i64::MIN),
            "is infinite or no number, which the format cannot write",
        ),
        (
            SchemaKind::Avro,
            SqlType::Numeric(Some((3, 1))),
            Value::Numeric(Numeric::NaN),
            "is infinite or no number, which the format cannot write",
        ),
        (
            SchemaKind::Avro,
            SqlType::Numeric(Some((3, 1))),
            Value::Numeric(Numeric::Small { mantissa: 5, scale: 2 }),
            "does not fit the precision and scale of its type",
        ),
        (SchemaKind::Avro, SqlType::Int4, Value::Null, "is null although the view's schema says that it is not"),
        (
            SchemaKind::Avro,
            list.clone(),
            nested.clone(),
            "is an array of more than one dimension, or does not begin at 1, which the format cannot write",
        ),
        (
            SchemaKind::Protobuf,
            list.clone(),
            nested,
            "is an array of more than one dimension, or does not begin at 1, which the format cannot write",
        ),
        (
            SchemaKind::Protobuf,
            list,
            array(vec![Value::Null]),
            "has a null in its array, which the format cannot write",
        ),
        (
            SchemaKind::Protobuf,
            SqlType::Timestamptz,
            Value::Timestamptz(TIMESTAMP_MIN),
            "is beyond what the format can count",
        ),
    ] {
        assert_eq!(refused(kind, sql_type, value), format!("column \"a\" {expected}"));
    }
}
