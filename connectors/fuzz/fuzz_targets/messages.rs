//! Parts of Kafka's messages in every format: no bytes may panic, and what is wrong quotes nothing of them.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::Column;
use tailwater_connectors::kafka::KafkaPosition;
use tailwater_connectors::kafka::column::read_column_type;
use tailwater_connectors::kafka::format::{Decoder, Format, TimeUnit};

const TYPES: [&str; 18] = [
    "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "text", "bytea", "date", "time",
    "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb",
];

fn columns() -> &'static [Column] {
    static COLUMNS: OnceLock<Vec<Column>> = OnceLock::new();
    COLUMNS.get_or_init(|| {
        let column = |(place, kind): (usize, &&str)| {
            Column::new(format!("c{place}"), read_column_type(kind).expect("a type"), true)
        };
        TYPES.iter().enumerate().map(column).collect()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    let units = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds];
    let unit = units[usize::from(first >> 6)];
    for format in [Format::Json, Format::Debezium, Format::Csv] {
        let mut decoder = Decoder::new(&format, columns(), unit).expect("any columns");
        let _ = decoder.decode(rest);
        let _ = decoder.decode_key(rest);
    }
    let one = &columns()[usize::from(*first) % TYPES.len()];
    for format in [Format::Json, Format::Debezium, Format::Csv, Format::String] {
        let mut decoder = Decoder::new(&format, std::slice::from_ref(one), unit).expect("one column");
        let _ = decoder.decode(rest);
        let _ = decoder.decode_key(rest);
    }
    if let Some(position) = std::str::from_utf8(rest).ok().and_then(|text| text.parse::<KafkaPosition>().ok()) {
        assert_eq!(position.to_string().parse(), Ok(position));
    }
});
