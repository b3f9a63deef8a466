//! MySQL's binary documents, to the text that the server prints.
//!
//! ```text
//! document.rs   a document in memory     binary.rs   from its bytes
//! write.rs      to text                  diff.rs     what a partial update says, applied
//! ```
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/json__binary_8h.html>

mod binary;
mod diff;
mod document;
mod write;

#[cfg(test)]
mod tests;

use super::value::ValueError;

/// What is wrong with a document.
const MALFORMED: ValueError = ValueError::Malformed { of: "document" };

/// The text of a document.
pub(super) fn text_of(bytes: &[u8]) -> Result<String, ValueError> {
    let document = binary::read(bytes).ok_or(MALFORMED)?;
    write::text(&document).ok_or(MALFORMED)
}

/// The text of a document with these changes made to it.
pub(super) fn text_with(bytes: &[u8], diffs: &[u8]) -> Result<String, ValueError> {
    let mut document = binary::read(bytes).ok_or(MALFORMED)?;
    diff::apply(&mut document, diffs).ok_or(MALFORMED)?;
    write::text(&document).ok_or(MALFORMED)
}
