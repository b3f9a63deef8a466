//! Documents by hand; `tests/mysql_values` compares many more with the server's own text.

use super::{text_of, text_with};

#[test]
fn scalars_are_printed_as_the_server_does() {
    for (number, text) in [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (1e14, "100000000000000.0"),
        (1e15, "1e15"),
        (1.5e-14, "0.000000000000015"),
        (1e-15, "0.000000000000001"),
        (1e-16, "1e-16"),
        (-2.5e300, "-2.5e300"),
    ] {
        let bytes = [&[11u8], f64::to_le_bytes(number).as_slice()].concat();
        assert_eq!(text_of(&bytes).as_deref(), Ok(text));
    }
    assert_eq!(text_of(&[]).as_deref(), Ok("null"));
    assert_eq!(text_of(&[4, 2]).as_deref(), Ok("false"));
    assert_eq!(text_of(b"\x0c\x05a\"\n\x01\\").as_deref(), Ok(r#""a\"\n\u0001\\""#));
}

/// `{"a": 1, "bb": [true]}` as a small object.
fn object() -> Vec<u8> {
    let array = [1, 0, 7, 0, 4, 1, 0];
    let mut body = vec![2, 0, 0, 0];
    body.extend([18, 0, 1, 0, 19, 0, 2, 0]);
    body.extend([5, 1, 0, 2, 21, 0]);
    body.extend(b"abb");
    body.extend(array);
    body[2] = body.len() as u8;
    [vec![0], body].concat()
}

#[test]
fn containers_are_read_by_their_offsets() {
    assert_eq!(text_of(&object()).as_deref(), Ok(r#"{"a": 1, "bb": [true]}"#));
}

#[test]
fn changes_are_made_at_their_paths() {
    let diff = |operation: u8, path: &str, value: &[u8]| {
        let mut bytes = vec![operation, path.len() as u8];
        bytes.extend(path.as_bytes());
        if operation != 2 {
            bytes.push(value.len() as u8);
            bytes.extend(value);
        }
        bytes
    };
    let one = [5, 7, 0];
    let with = |diffs: Vec<u8>| text_with(&object(), &diffs);
    assert_eq!(with(diff(0, "$.a", &one)).as_deref(), Ok(r#"{"a": 7, "bb": [true]}"#));
    assert_eq!(with(diff(1, "$.bb[0]", &one)).as_deref(), Ok(r#"{"a": 1, "bb": [7, true]}"#));
    assert_eq!(with(diff(1, "$.bb[9]", &one)).as_deref(), Ok(r#"{"a": 1, "bb": [true, 7]}"#));
    assert_eq!(with(diff(1, "$.\"b c\"", &one)).as_deref(), Ok(r#"{"a": 1, "bb": [true], "b c": 7}"#));
    assert_eq!(with(diff(2, "$.bb", &[])).as_deref(), Ok(r#"{"a": 1}"#));
    assert_eq!(with(diff(0, "$.a[0]", &one)).as_deref(), Ok(r#"{"a": 7, "bb": [true]}"#));
    assert!(with(diff(0, "$.c", &one)).is_err() && with(diff(1, "$.a", &one)).is_err());
    assert!(with(diff(2, "$.bb[1]", &[])).is_err() && with(vec![3, 1, b'$']).is_err());
}

#[test]
fn offsets_that_overlap_do_not_make_a_small_document_large() {
    // An array whose cells are all the array itself.
    let mut body = vec![200, 0, 0, 0];
    (0..200).for_each(|_| body.extend([2, 0, 0]));
    let length = (body.len() as u16).to_le_bytes();
    body[2..4].copy_from_slice(&length);
    assert!(text_of(&[vec![2], body].concat()).is_err());
}
