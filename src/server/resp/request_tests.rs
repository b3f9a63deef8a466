//! Tests of the request parser.

use proptest::prelude::*;

use super::*;

fn trusted() -> RequestParser {
    RequestParser { trusted: true, ..RequestParser::default() }
}

/// All requests of `bytes`, handed over in pieces that end at `cuts`.
fn requests(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let (mut parser, mut start, mut found) = (trusted(), 0, Vec::new());
    for &end in cuts.iter().chain([&bytes.len()]) {
        while let Some(length) = parser.parse(&bytes[start..end.max(start)])? {
            found.push(parser.arguments(&bytes[start..end]).iter().map(<[u8]>::to_vec).collect());
            parser.finish();
            start += length;
        }
    }
    Ok(found)
}

fn encode(arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
fn a_request_is_found_wherever_its_bytes_are_split() {
    let bytes = b"*2\r\n$3\r\nGET\r\n$10\r\norder:\r\n42\r\nPING\r\n\r\n*0\r\n*1\r\n$0\r\n\r\n";
    let whole = requests(bytes, &[]).unwrap();
    assert_eq!(whole[0], [b"GET".to_vec(), b"order:\r\n42".to_vec()]);
    assert_eq!(whole[1], [b"PING".to_vec()]);
    assert_eq!(whole[2..], [vec![], vec![], vec![Vec::<u8>::new()]]);
    for cut in 0..=bytes.len() {
        assert_eq!(requests(bytes, &[cut]).unwrap(), whole, "cut at {cut}");
    }
    let every: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(requests(bytes, &every).unwrap(), whole);
}

#[test]
fn inline_quotes_are_undone() {
    let found = requests(b"  get \"a \\x41\\n\\\"\" 'it\\'s' plain\n", &[]).unwrap();
    assert_eq!(found[0], [&b"get"[..], b"a A\n\"", b"it's", b"plain"].map(<[u8]>::to_vec));
    assert_eq!(requests(b"get \"a\r\n", &[]), Err(ProtocolError::Quotes));
    assert_eq!(requests(b"get \"a\"b\r\n", &[]), Err(ProtocolError::Quotes));
}

#[test]
fn broken_requests_are_named_as_redis_names_them() {
    for (bytes, text) in [
        (&b"*x\r\n"[..], "invalid multibulk length"),
        (b"*99999999\r\n", "invalid multibulk length"),
        (b"*99999999999999999999999\r\n", "invalid multibulk length"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n*1\r\n", "expected '$', got '*'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$999999999\r\n", "invalid bulk length"),
        (b"*1\r\n$3\r\nGETxx", "bulk string is not terminated"),
        (b"*00000000000000000000000000000000000000000001\r\n", "invalid multibulk length"),
    ] {
        assert_eq!(requests(bytes, &[]).unwrap_err().to_string(), text);
    }
    assert_eq!(requests(&vec![b'a'; LINE_BYTES_MAX + 1], &[]), Err(ProtocolError::LongLine));
}

#[test]
fn a_stranger_may_send_little() {
    let mut parser = RequestParser::default();
    assert_eq!(parser.parse(b"*11\r\n"), Err(ProtocolError::StrangerCount));
    let mut parser = RequestParser::default();
    assert_eq!(parser.parse(b"*2\r\n$16385\r\n"), Err(ProtocolError::StrangerLength));
}

#[test]
fn a_request_that_never_ends_is_refused() {
    let mut bytes = b"*65536\r\n".to_vec();
    while bytes.len() <= REQUEST_BYTES_MAX {
        bytes.extend_from_slice(format!("${ARGUMENT_BYTES_MAX}\r\n").as_bytes());
        bytes.resize(bytes.len() + ARGUMENT_BYTES_MAX, b'x');
        bytes.extend_from_slice(b"\r\n");
    }
    assert_eq!(requests(&bytes, &[]), Err(ProtocolError::LongRequest));
}

proptest! {
    #[test]
    fn what_was_encoded_is_read_back_in_any_pieces(
        sent in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5), 0..6),
        mut cuts in prop::collection::vec(0usize..600, 0..8),
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|request| encode(request)).collect();
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(bytes.len()));
        cuts.sort_unstable();
        prop_assert_eq!(requests(&bytes, &cuts).unwrap(), sent);
    }

    #[test]
    fn garbage_never_panics_and_pieces_do_not_change_the_answer(
        bytes in prop::collection::vec(prop::sample::select(b"*$:0123456789-\r\nGET \"'\\xab\xff".to_vec()), 0..80),
        cut in 0usize..80,
    ) {
        let cut = cut.min(bytes.len());
        prop_assert_eq!(requests(&bytes, &[]), requests(&bytes, &[cut]));
    }
}
