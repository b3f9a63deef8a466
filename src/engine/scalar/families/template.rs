//! Templates of `to_char`, `to_timestamp` and `to_number` as a list of nodes.

/// What a field of a date template has besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ordinal {
    None,
    Lower,
    Upper,
}

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A field by the name that it is written with.
    Field {
        name: &'static str,
        filled: bool,
        ordinal: Ordinal,
    },
    Space(char),
    Separator(char),
    Text(char),
}

/// Names of fields of dates, those of one beginning in the order in which they are tried.
pub(super) const DATE_FIELDS: &[&str] = &[
    "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D", "FF1", "FF2", "FF3",
    "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J", "MI", "MM",
    "MONTH", "MON", "MS", "Month", "Mon", "OF", "P.M.", "PM", "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ",
    "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y", "a.d.", "a.m.", "ad", "am", "b.c.", "bc", "cc", "day", "ddd",
    "dd", "dy", "d", "ff1", "ff2", "ff3", "ff4", "ff5", "ff6", "fx", "hh24", "hh12", "hh", "iddd", "id", "iw", "iyyy",
    "iyy", "iy", "i", "j", "mi", "mm", "month", "mon", "ms", "of", "p.m.", "pm", "q", "rm", "sssss", "ssss", "ss",
    "tzh", "tzm", "tz", "us", "ww", "w", "y,yyy", "yyyy", "yyy", "yy", "y",
];

/// Names of fields of numbers.
pub(super) const NUMBER_FIELDS: &[&str] = &[
    ",", ".", "0", "9", "B", "C", "D", "EEEE", "FM", "G", "L", "MI", "PL", "PR", "RN", "SG", "SP", "S", "TH", "V", "b",
    "c", "d", "eeee", "fm", "g", "l", "mi", "pl", "pr", "rn", "sg", "sp", "s", "th", "v",
];

fn is_separator(c: char) -> bool {
    c.is_ascii_punctuation()
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// Reads a template. Only dates have prefixes, suffixes and separators.
pub(super) fn template(pattern: &str, fields: &[&'static str]) -> Vec<Node> {
    let dates = fields.first() == DATE_FIELDS.first();
    let (mut nodes, mut rest) = (Vec::new(), pattern);
    while !rest.is_empty() {
        let mut filled = false;
        if dates && let Some(after) = ["FM", "fm", "TM", "tm"].iter().find_map(|prefix| rest.strip_prefix(prefix)) {
            (filled, rest) = (true, after);
        }
        if let Some(name) = fields.iter().find(|name| rest.starts_with(**name)) {
            rest = &rest[name.len()..];
            let mut ordinal = Ordinal::None;
            if dates {
                for (suffix, kind) in [("TH", Ordinal::Upper), ("th", Ordinal::Lower), ("SP", Ordinal::None)] {
                    if let Some(after) = rest.strip_prefix(suffix) {
                        (ordinal, rest) = (kind, after);
                        break;
                    }
                }
            }
            nodes.push(Node::Field { name, filled, ordinal });
        } else if let Some(quoted) = rest.strip_prefix('"') {
            rest = quote(quoted, &mut nodes);
        } else {
            // Outside quotes a backslash counts only before one.
            rest = if rest.starts_with("\\\"") { &rest[1..] } else { rest };
            let Some(c) = rest.chars().next() else { break };
            rest = &rest[c.len_utf8()..];
            nodes.push(match c {
                _ if dates && is_separator(c) => Node::Separator(c),
                _ if is_blank(c) => Node::Space(c),
                _ => Node::Text(c),
            });
        }
    }
    nodes
}

/// Text in quotes, in which a backslash takes the next character as it is.
fn quote<'a>(quoted: &'a str, nodes: &mut Vec<Node>) -> &'a str {
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return &quoted[at + 1..],
            '\\' => nodes.push(Node::Text(characters.next().map_or('\\', |(_, escaped)| escaped))),
            _ => nodes.push(Node::Text(c)),
        }
    }
    ""
}
