//! A stream of pgoutput messages: a byte of version, a byte without meaning, then messages behind their lengths. No bytes may
//! panic, and a message that is understood is not understood with a byte more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::postgres::pgoutput::Decoder;

fuzz_target!(|bytes: &[u8]| {
    let [version, _, rest @ ..] = bytes else { return };
    let mut decoder = Decoder::new(u32::from(*version));
    let mut rest = rest;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((message, after)) = after.split_at_checked(length) else { return };
        rest = after;
        let mut longer = message.to_vec();
        longer.push(0);
        let with_more = decoder.clone().decode(&longer).is_ok();
        match decoder.decode(message) {
            Ok(_) => assert!(!with_more),
            Err(_) => return,
        }
    }
});
