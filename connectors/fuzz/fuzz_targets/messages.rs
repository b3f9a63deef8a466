//! Parts of Kafka's messages in every format without a schema: no bytes may panic; what is read fits the declared columns; and what is wrong
//! repeats nothing of the message.
#![no_main]

mod checks;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::kafka::KafkaPosition;
use tailwater_connectors::kafka::column::read_column_type;
use tailwater_connectors::kafka::format::{Decoded, Decoder, Format, TimeUnit};
use tailwater_connectors::{Column, SqlType};

const TYPES: [&str; 18] = [
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "numeric(10,2)",
    "text",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "json",
    "jsonb",
];

fn columns() -> &'static [Column] {
    static COLUMNS: OnceLock<Vec<Column>> = OnceLock::new();
    COLUMNS.get_or_init(|| {
        let column = |(place, kind): (usize, &&str)| {
            Column::new(format!("c{place}"), read_column_type(kind).expect("a type"), true)
        };
        let list = Column::new("list", SqlType::Array(Box::new(SqlType::Int4)), true);
        TYPES.iter().enumerate().map(column).chain([list]).collect()
    })
}

fn read(format: &Format, columns: &[Column], unit: TimeUnit, bytes: &[u8]) {
    let Ok(mut decoder) = Decoder::new(format, columns, unit) else { return };
    match decoder.decode(bytes) {
        Ok(Decoded::Row(values) | Decoded::Gone(values)) => checks::fit(columns, &values),
        Err(error) => checks::quotes_nothing(&error),
    }
    match decoder.decode_key(bytes) {
        Ok(values) => checks::fit(columns, &values),
        Err(error) => checks::quotes_nothing(&error),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    let units = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds];
    let unit = units[usize::from(first >> 6)];
    let one = std::slice::from_ref(&columns()[usize::from(*first) % columns().len()]);
    for format in [Format::Json, Format::Debezium, Format::Csv] {
        read(&format, columns(), unit, rest);
    }
    for format in [Format::Json, Format::Debezium, Format::Csv, Format::String, Format::Bytes] {
        read(&format, one, unit, rest);
    }
    if let Some(position) = std::str::from_utf8(rest).ok().and_then(|text| text.parse::<KafkaPosition>().ok()) {
        assert_eq!(position.to_string().parse(), Ok(position));
    }
});
