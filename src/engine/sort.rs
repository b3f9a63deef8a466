//! Sort keys as bytes: comparing them compares rows as ORDER BY does.

use tailwater_connectors::Value;

use super::plan::SortKey;
use crate::state::{StateError, encode_value};

const NULL_FIRST: u8 = 0x00;
const PRESENT: u8 = 0x01;
const NULL_LAST: u8 = 0x02;

/// Appends the encoding of `values`, one per sort key. No encoding is a prefix of another one of the same keys.
pub(super) fn encode_sort_key(out: &mut Vec<u8>, keys: &[SortKey], values: &[Value]) -> Result<(), StateError> {
    for (key, value) in keys.iter().zip(values) {
        if value.is_null() {
            out.push(if key.nulls_first { NULL_FIRST } else { NULL_LAST });
            continue;
        }
        out.push(PRESENT);
        let start = out.len();
        encode_value(out, &key.sql_type, value)?;
        if key.descending {
            out[start..].iter_mut().for_each(|byte| *byte = !*byte);
        }
    }
    Ok(())
}
