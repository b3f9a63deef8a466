//! Text in the character sets of MySQL, to UTF-8.
//!
//! A copy asks the server to convert nothing, and the log has the bytes as they are stored, so both are read here. What is not valid in its
//! character set becomes U+FFFD.

mod collations;
mod tables;

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS};

/// What stands for bytes that are no character.
const REPLACEMENT: char = '\u{fffd}';
/// Swedish letters in place of ASCII's: the bytes, and what they are.
const SWE7: [(char, char); 10] = [
    ('@', 'É'),
    ('[', 'Ä'),
    ('\\', 'Ö'),
    (']', 'Å'),
    ('^', 'Ü'),
    ('`', 'é'),
    ('{', 'ä'),
    ('|', 'ö'),
    ('}', 'å'),
    ('~', 'ü'),
];

/// A character set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// None: bytes.
    Binary,
    /// `utf8mb4`, `utf8mb3`, `ascii`
    Utf8,
    /// One byte each: the upper half, by byte.
    Table(Arc<[char]>),
    /// `swe7`
    Swedish,
    /// One that encodings of the web cover.
    Web(&'static Encoding),
    /// `utf16` and `ucs2`; low byte first: `utf16le`
    Utf16 {
        /// Low byte first.
        little: bool,
    },
    /// `utf32`
    Utf32,
}

impl Charset {
    /// By its name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "binary" => Self::Binary,
            "utf8mb4" | "utf8mb3" | "utf8" | "ascii" => Self::Utf8,
            "swe7" => Self::Swedish,
            "ucs2" | "utf16" => Self::Utf16 { little: false },
            "utf16le" => Self::Utf16 { little: true },
            "utf32" => Self::Utf32,
            "big5" => Self::Web(BIG5),
            "cp932" | "sjis" => Self::Web(SHIFT_JIS),
            "eucjpms" | "ujis" => Self::Web(EUC_JP),
            "euckr" => Self::Web(EUC_KR),
            "gb18030" => Self::Web(GB18030),
            "gb2312" | "gbk" => Self::Web(GBK),
            _ => Self::Table(tables::upper_half(name)?.chars().collect()),
        })
    }

    /// By the number of one of its collations.
    pub(super) fn of_collation(collation: u16) -> Option<Self> {
        collations::charset_of(collation).and_then(Self::named)
    }

    /// The text of these bytes.
    pub(super) fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self {
            Self::Binary | Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Table(_) | Self::Web(_) if bytes.is_ascii() => String::from_utf8_lossy(bytes),
            Self::Table(upper) => Cow::Owned(bytes.iter().map(|byte| table_char(upper, *byte)).collect()),
            Self::Swedish => Cow::Owned(bytes.iter().map(|byte| swedish_char(*byte)).collect()),
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::Utf16 { little } => Cow::Owned(utf16(bytes, *little)),
            Self::Utf32 => Cow::Owned(bytes.chunks(4).map(utf32_char).collect()),
        }
    }
}

/// A statement, whose client wrote in the character set of this collation.
pub(super) fn statement(collation: Option<u16>, bytes: &[u8]) -> Cow<'_, str> {
    collation.and_then(Charset::of_collation).unwrap_or(Charset::Utf8).decode(bytes)
}

fn table_char(upper: &[char], byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(index) => upper.get(usize::from(index)).copied().unwrap_or(REPLACEMENT),
    }
}

fn swedish_char(byte: u8) -> char {
    let plain = char::from(byte);
    match SWE7.iter().find(|(code, _)| *code == plain) {
        Some((_, letter)) => *letter,
        None if byte < 0x7f => plain,
        None => REPLACEMENT,
    }
}

fn utf16(bytes: &[u8], little: bool) -> String {
    let unit = |pair: &[u8]| match (pair, little) {
        ([high, low], false) | ([low, high], true) => u16::from_be_bytes([*high, *low]),
        _ => REPLACEMENT as u16,
    };
    char::decode_utf16(bytes.chunks(2).map(unit)).map(|c| c.unwrap_or(REPLACEMENT)).collect()
}

fn utf32_char(bytes: &[u8]) -> char {
    let code = <[u8; 4]>::try_from(bytes).map(u32::from_be_bytes);
    code.ok().and_then(char::from_u32).unwrap_or(REPLACEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, bytes: &[u8]) -> String {
        Charset::named(name).expect("a character set").decode(bytes).into_owned()
    }

    #[test]
    fn every_upper_half_is_whole() {
        for collation in 0..=u16::MAX {
            let Some(name) = collations::charset_of(collation) else { continue };
            if let Some(upper) = tables::upper_half(name) {
                assert_eq!(upper.chars().count(), 128, "{name}");
            }
            assert!(Charset::of_collation(collation).is_some(), "{name}");
        }
    }

    #[test]
    fn bytes_become_text() {
        assert_eq!(text("latin1", b"caf\xe9 \x80\x81"), "café €\u{81}");
        assert_eq!(text("cp1251", b"\xcf\xf0\xe8"), "При");
        assert_eq!(text("gbk", b"\xc4\xe3\xba\xc3"), "你好");
        assert_eq!(text("sjis", b"\x93\xfa\\"), "日\\");
        assert_eq!(text("ucs2", b"\0a\x65\xe5"), "a日");
        assert_eq!(text("utf16le", b"=\xd8\0\xde"), "😀");
        assert_eq!(text("utf32", b"\0\x01\xf6\0"), "😀");
        assert_eq!(text("swe7", b"sm|rg}s"), "smörgås");
        assert_eq!(text("utf8mb4", b"a\xff"), "a\u{fffd}");
        assert_eq!(text("utf16", b"\0a\0"), "a\u{fffd}");
    }
}
