//! Statements in the log, and what they mean.

use std::borrow::Cow;
use std::io::Read;

use super::error::Flaw;
use super::event::QueryKind;
use super::reader::Reader;
use crate::mysql::charset;

/// Longest statement that a compressed event may hold.
const SQL_BYTES_MAX: u64 = 1 << 30;

/// Status variables in front of the one with the character set, and it.
const FLAGS2: u8 = 0;
const SQL_MODE: u8 = 1;
const CATALOG: u8 = 2;
const AUTO_INCREMENT: u8 = 3;
const CHARSET: u8 = 4;
const TIME_ZONE: u8 = 5;
const CATALOG_NZ: u8 = 6;

/// A statement as the event has it.
pub(super) struct Query<'a> {
    pub(super) schema: Cow<'a, str>,
    pub(super) sql: Cow<'a, str>,
}

/// Reads the body. `load`: of a `LOAD DATA`, which has more fields in front; `compressed`: MariaDB's.
pub(super) fn read(data: &[u8], load: bool, compressed: bool) -> Result<Query<'_>, Flaw> {
    let mut reader = Reader(data);
    reader.bytes(8)?;
    let schema_length = usize::from(reader.u8()?);
    reader.bytes(2)?;
    let status_length = usize::from(reader.u16()?);
    if load {
        reader.bytes(13)?;
    }
    let status = reader.bytes(status_length)?;
    let schema = reader.bytes(schema_length)?;
    reader.bytes(1)?;
    // Names are UTF-8 whatever the statement is written in.
    let schema = Cow::Borrowed(std::str::from_utf8(schema).map_err(|_| Flaw::NotUtf8)?);
    let collation = client_collation(status);
    let sql = match compressed {
        false => charset::statement(collation, reader.0),
        true => Cow::Owned(charset::statement(collation, &inflate(reader.0, SQL_BYTES_MAX)?).into_owned()),
    };
    Ok(Query { schema, sql })
}

/// Number of the character set's collation that the client wrote in; `None` where it is not told.
fn client_collation(status: &[u8]) -> Option<u16> {
    let mut reader = Reader(status);
    loop {
        let skipped = match reader.u8().ok()? {
            FLAGS2 | AUTO_INCREMENT => 4,
            SQL_MODE => 8,
            CATALOG => usize::from(reader.u8().ok()?) + 1,
            CATALOG_NZ | TIME_ZONE => usize::from(reader.u8().ok()?),
            CHARSET => return reader.u16().ok(),
            // The others stand behind it.
            _ => return None,
        };
        reader.bytes(skipped).ok()?;
    }
}

/// MariaDB's compression: a byte that says how many follow with the length, most significant first, then a zlib stream.
pub(super) fn inflate(bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>, Flaw> {
    let mut reader = Reader(bytes);
    let head = reader.u8()?;
    if head >> 4 & 7 != 0 {
        return Err(Flaw::Unknown { field: "compression", value: head >> 4 & 7 });
    }
    let width = usize::from(head & 7);
    if width > 4 {
        return Err(Flaw::Unknown { field: "length of a length", value: head });
    }
    let length = reader.big(width)?;
    let wrong = Flaw::Wrong { field: "compressed part" };
    if length > bytes_max {
        return Err(wrong);
    }
    let mut plain = Vec::new();
    // One byte more than announced shows that there is more.
    flate2::read::ZlibDecoder::new(reader.0).take(length + 1).read_to_end(&mut plain).map_err(|_| wrong)?;
    if plain.len() as u64 == length { Ok(plain) } else { Err(wrong) }
}

/// The statement behind blanks and comments; what stands in executable comments belongs to it.
fn without_comments(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if let Some(rest) = sql.strip_prefix("/*!").or_else(|| sql.strip_prefix("/*M!")) {
            sql = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if let Some(rest) = sql.strip_prefix("/*") {
            sql = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if sql.starts_with('#') || sql.starts_with("-- ") || sql.starts_with("--\t") {
            sql = sql.split_once('\n').map_or("", |(_, rest)| rest);
        } else {
            return sql;
        }
    }
}

/// What a statement means.
pub(super) fn kind_of(sql: &str) -> QueryKind {
    let sql = without_comments(sql);
    let mut words =
        sql.split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | '`')).filter(|word| !word.is_empty());
    let mut word = || words.next().unwrap_or_default().to_ascii_uppercase();
    let (first, second) = (word(), word());
    let rest = || sql.get(first.len()..).unwrap_or_default().trim_start().get(second.len()..).unwrap_or_default();
    match (first.as_str(), second.as_str()) {
        ("BEGIN", _) | ("START", "TRANSACTION") => QueryKind::Begin,
        ("COMMIT", _) => QueryKind::Commit,
        ("ROLLBACK", "TO") | ("SAVEPOINT", _) | ("RELEASE", "SAVEPOINT") => QueryKind::Savepoint,
        ("ROLLBACK", _) => QueryKind::Rollback,
        ("XA", "START" | "BEGIN") => QueryKind::XaStart,
        ("XA", "END") => QueryKind::XaEnd,
        ("XA", "COMMIT") => QueryKind::XaCommit(xid_of(rest())),
        ("XA", "ROLLBACK") => QueryKind::XaRollback(xid_of(rest())),
        ("CREATE", _) if ends_with_words(sql, &["START", "TRANSACTION"]) => QueryKind::DefinitionWithRows,
        ("CREATE" | "ALTER" | "DROP" | "RENAME" | "TRUNCATE", _) => QueryKind::Definition,
        ("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "LOAD" | "WITH", _) => QueryKind::Rows,
        _ => QueryKind::Other,
    }
}

fn ends_with_words(sql: &str, wanted: &[&str]) -> bool {
    let mut words = sql.trim_end().rsplit(char::is_whitespace).filter(|word| !word.is_empty());
    wanted.iter().rev().all(|wanted| words.next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
}

/// `X'61',X'62',1`, which is how both servers write names into their logs, without blanks.
fn xid_of(text: &str) -> String {
    let text = text.trim().trim_end_matches(';');
    let text = text.strip_suffix("ONE PHASE").or_else(|| text.strip_suffix("one phase")).unwrap_or(text);
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase().replace("x'", "X'")
}

/// The same of the parts of a name.
pub(super) fn xid_text(format: u32, gtrid: &[u8], bqual: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("X'{}',X'{}',{format}", hex(gtrid), hex(bqual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        for (sql, kind) in [
            ("BEGIN", QueryKind::Begin),
            ("/* a */ START  TRANSACTION", QueryKind::Begin),
            ("COMMIT /* b */", QueryKind::Commit),
            ("ROLLBACK", QueryKind::Rollback),
            ("rollback to `a`", QueryKind::Savepoint),
            ("SAVEPOINT `s`", QueryKind::Savepoint),
            ("XA START X'61',X'',1", QueryKind::XaStart),
            ("XA COMMIT X'61',X'6C',1", QueryKind::XaCommit("X'61',X'6c',1".into())),
            ("XA ROLLBACK X'61', X'', 1", QueryKind::XaRollback("X'61',X'',1".into())),
            ("-- why\nALTER TABLE a ADD b int", QueryKind::Definition),
            ("/*!50100 DROP TABLE `a` */", QueryKind::Definition),
            ("DROP/* */TABLE a", QueryKind::Other),
            ("truncate a", QueryKind::Definition),
            ("CREATE TABLE `a` (`b` int) START TRANSACTION", QueryKind::DefinitionWithRows),
            ("CREATE TABLE `a` (`b` int)", QueryKind::Definition),
            ("INSERT INTO a VALUES (1)", QueryKind::Rows),
            ("FLUSH TABLES", QueryKind::Other),
            ("", QueryKind::Other),
        ] {
            assert_eq!(kind_of(sql), kind, "{sql}");
        }
        assert_eq!(xid_text(1, b"a", b"l"), "X'61',X'6c',1");
    }
}
