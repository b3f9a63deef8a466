//! Positions as text: no text may panic; what is read is printed and read again as the same, covers itself, and joins as sets do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::mysql::GtidSet;
use tailwater_connectors::{Position, Positions};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(position) = text.parse::<Position>() {
        assert!(position.covers(&position), "{position}");
        assert_eq!(position.to_string().parse().as_ref(), Ok(&position), "{position}");
    }
    let sources = ["shop".into(), "clicks".into()];
    if let Ok(positions) = Positions::parse(text, &sources) {
        assert!(positions.covers(&positions), "{positions}");
    }
    let _ = Positions::parse(text, &sources[..1]);
    let mut halves = text.splitn(2, '/').map(str::parse::<GtidSet>);
    if let (Some(Ok(one)), Some(Ok(other))) = (halves.next(), halves.next()) {
        let both = one.union(&other);
        assert!(both.covers(&one) && both.covers(&other));
        let rest = both.minus(&other);
        assert!(one.covers(&rest));
        assert_eq!(rest.union(&other), both);
        assert_eq!(both.to_string().parse().map_err(drop), Ok(both));
    }
});
