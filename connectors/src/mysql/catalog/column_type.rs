//! Types of columns, from what `information_schema.columns` says of them.

use smol_str::SmolStr;

use crate::mysql::flavor::Flavor;
use crate::mysql::value::{ColumnDefault, MysqlType};

/// A row of `information_schema.columns`.
#[derive(Clone, Debug, Default)]
pub(super) struct CatalogColumn {
    pub(super) name: String,
    /// From 1.
    pub(super) ordinal: u64,
    pub(super) default: Option<String>,
    pub(super) nullable: bool,
    pub(super) data_type: String,
    pub(super) column_type: String,
    pub(super) precision: Option<u64>,
    pub(super) scale: Option<u64>,
    pub(super) fraction: Option<u64>,
    pub(super) octets: Option<u64>,
    pub(super) charset: Option<String>,
    pub(super) extra: String,
}

impl CatalogColumn {
    /// `None`: a type that is not known.
    pub(super) fn mysql_type(&self) -> Option<MysqlType> {
        let column_type = self.column_type.to_ascii_lowercase();
        let unsigned = column_type.contains("unsigned") || column_type.contains("zerofill");
        let integer = |bytes| Some(MysqlType::Int { bytes, unsigned });
        let charset = || self.charset.as_deref().map(SmolStr::new);
        let digits = |fraction: Option<u64>| u8::try_from(fraction.unwrap_or(0)).ok().filter(|digits| *digits <= 6);
        let small = |number: Option<u64>| u8::try_from(number?).ok();
        match self.data_type.to_ascii_lowercase().as_str() {
            "tinyint" => integer(1),
            "smallint" => integer(2),
            "mediumint" => integer(3),
            "int" => integer(4),
            "bigint" => integer(8),
            "float" => Some(MysqlType::Float),
            "double" => Some(MysqlType::Double),
            "decimal" => Some(MysqlType::Decimal { precision: small(self.precision)?, scale: small(self.scale)? }),
            "bit" => Some(MysqlType::Bit(small(self.precision)?)),
            "year" => Some(MysqlType::Year),
            "date" => Some(MysqlType::Date),
            "time" => Some(MysqlType::Time(digits(self.fraction)?)),
            "datetime" => Some(MysqlType::Datetime(digits(self.fraction)?)),
            "timestamp" => Some(MysqlType::Timestamp(digits(self.fraction)?)),
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                Some(MysqlType::Text { charset: charset()? })
            }
            "binary" => Some(MysqlType::Binary(u16::try_from(self.octets?).ok()?)),
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Some(MysqlType::Bytes),
            "enum" => Some(MysqlType::Enum { labels: labels(&self.column_type)?, charset: charset()? }),
            "set" => Some(MysqlType::Set { labels: labels(&self.column_type)?, charset: charset()? }),
            "json" => Some(MysqlType::Json),
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geomcollection" | "geometrycollection" => Some(MysqlType::Geometry),
            "vector" => Some(MysqlType::Vector),
            "uuid" => Some(MysqlType::Uuid),
            "inet4" => Some(MysqlType::Inet4),
            "inet6" => Some(MysqlType::Inet6),
            _ => None,
        }
    }

    /// Whether it is computed from others.
    pub(super) fn is_generated(&self) -> bool {
        let extra = self.extra.to_ascii_uppercase();
        extra.contains("VIRTUAL GENERATED") || extra.contains("STORED GENERATED")
    }

    /// What an insert stores that does not name it.
    pub(super) fn column_default(&self, flavor: Flavor) -> ColumnDefault {
        let extra = self.extra.to_ascii_uppercase();
        if extra.contains("GENERATED") || extra.contains("AUTO_INCREMENT") {
            return ColumnDefault::Expression;
        }
        let Some(text) = self.default.as_deref() else { return ColumnDefault::Null };
        let is_number = text.parse::<f64>().is_ok();
        match flavor {
            Flavor::Mysql if text.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP") => ColumnDefault::Expression,
            Flavor::Mysql => ColumnDefault::Text(text.into()),
            Flavor::Mariadb if text.eq_ignore_ascii_case("null") => ColumnDefault::Null,
            Flavor::Mariadb if is_number => ColumnDefault::Text(text.into()),
            // Anything but a quoted text is an expression.
            Flavor::Mariadb => match unquoted(text) {
                Some((value, "")) => ColumnDefault::Text(value.into()),
                _ => ColumnDefault::Expression,
            },
        }
    }
}

/// Labels of `enum('a','b')`.
fn labels(column_type: &str) -> Option<Vec<SmolStr>> {
    let mut rest = column_type.split_once('(')?.1;
    let mut labels = Vec::new();
    loop {
        let (label, behind) = unquoted(rest)?;
        labels.push(SmolStr::new(label));
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => return behind.starts_with(')').then_some(labels),
        }
    }
}

/// A text in quotes as the server prints it, and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('\'')?;
    let mut label = String::new();
    let mut chars = body.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        match c {
            '\'' if chars.next_if(|(_, next)| *next == '\'').is_some() => label.push('\''),
            '\'' => {
                let rest = chars.peek().map_or("", |(at, _)| &body[*at..]);
                return Some((label, rest));
            }
            '\\' => match chars.next()?.1 {
                '0' => label.push('\0'),
                'n' => label.push('\n'),
                'r' => label.push('\r'),
                other => label.push(other),
            },
            _ => label.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_what_is_in_them() {
        let read = |text| labels(text).map(|labels| labels.join("|"));
        assert_eq!(read("enum('a','b')").as_deref(), Some("a|b"));
        assert_eq!(read(r"set('it''s','a\\b','','x)')").as_deref(), Some(r"it's|a\b||x)"));
        assert_eq!(read("enum('a'"), None);
        assert_eq!(read("int"), None);
    }
}
