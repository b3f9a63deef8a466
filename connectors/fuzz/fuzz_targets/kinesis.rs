//! Answers of Kinesis, and positions in its streams: no text may panic, and a position that is read is written as it was meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::kinesis::{KinesisPosition, read_any};

fuzz_target!(|text: &str| {
    read_any(text);
    if let Ok(position) = text.parse::<KinesisPosition>() {
        assert_eq!(position.to_string().parse(), Ok(position.clone()));
        assert!(position.covers(&position));
    }
});
