//! The types that are drawn, and their values: few of each, so that keys meet and groups empty.

use rand::Rng;
use rand::rngs::StdRng;

/// A type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bigint,
    Numeric,
    Text,
    Bool,
    Date,
    Timestamptz,
    Float,
    Jsonb,
    IntArray,
    Mood,
}

/// All of them.
pub(super) const KINDS: [Kind; 11] = [
    Kind::Int,
    Kind::Bigint,
    Kind::Numeric,
    Kind::Text,
    Kind::Bool,
    Kind::Date,
    Kind::Timestamptz,
    Kind::Float,
    Kind::Jsonb,
    Kind::IntArray,
    Kind::Mood,
];

/// The type that is not Postgres' own.
pub(super) const TYPES: &str = "create type mood as enum ('low', 'mid', 'high');";

impl Kind {
    /// Any, plain ones more often.
    pub(super) fn drawn(random: &mut StdRng) -> Self {
        match random.random_range(0..10) {
            0..=2 => Self::Int,
            3 => Self::Text,
            _ => KINDS[random.random_range(0..KINDS.len())],
        }
    }

    /// One by which rows can be joined and ordered, whose equal values look the same.
    pub(super) fn drawn_plain(random: &mut StdRng) -> Self {
        let plain =
            [Self::Int, Self::Int, Self::Text, Self::Bool, Self::Date, Self::Mood, Self::Bigint, Self::Timestamptz];
        plain[random.random_range(0..plain.len())]
    }

    /// Its name in SQL; columns of numbers have a scale.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Bigint => "bigint",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Timestamptz => "timestamptz",
            Self::Float => "double precision",
            Self::Jsonb => "jsonb",
            Self::IntArray => "int[]",
            Self::Mood => "mood",
        }
    }

    /// Type of a table's column.
    pub(super) fn column(self) -> &'static str {
        if self == Self::Numeric { "numeric(8,2)" } else { self.name() }
    }

    /// Whether equal values of it look the same whatever they were made of.
    pub(super) fn has_one_form(self) -> bool {
        !matches!(self, Self::Numeric | Self::Float)
    }

    /// A value of it without null, with its type written where it needs one.
    pub(super) fn literal(self, random: &mut StdRng) -> String {
        let one = |values: &[&str], random: &mut StdRng| values[random.random_range(0..values.len())].to_owned();
        match self {
            Self::Int => one(&["0", "1", "1", "2", "2", "3", "4", "7"], random),
            Self::Bigint => format!("{}::bigint", one(&["0", "1", "2", "3", "5000000000"], random)),
            Self::Numeric => one(&["0.00", "0.50", "1.00", "2.25", "7.10", "-3.00"], random),
            Self::Text => one(&["'a'", "'b'", "'ab'", "''", "'Ünï'", "'x y'", "'2'"], random),
            Self::Bool => one(&["true", "false"], random),
            Self::Date => {
                format!(
                    "date '{}'",
                    one(&["2024-02-28", "2024-02-29", "2024-03-01", "2023-12-31", "1999-01-01"], random)
                )
            }
            Self::Timestamptz => {
                let values = [
                    "2024-02-29 10:00:00+00",
                    "2024-02-29 23:59:59.5+00",
                    "2024-03-01 00:00:00+00",
                    "2000-01-01 00:00:00+00",
                ];
                format!("timestamptz '{}'", one(&values, random))
            }
            Self::Float => format!("{}::float8", one(&["0", "0.5", "'-1.5'", "2.25", "8"], random)),
            Self::Jsonb => {
                let values = [
                    r#"{"a": 1}"#,
                    r#"{"a": 2, "b": "x"}"#,
                    r#"{"a": null, "c": [1, 2]}"#,
                    "[1, 2, 3]",
                    "[]",
                    r#""s""#,
                    "7",
                    "null",
                ];
                format!("'{}'::jsonb", one(&values, random))
            }
            Self::IntArray => {
                format!("'{}'::int[]", one(&["{}", "{1}", "{1,2}", "{3,2,1}", "{2,null}", "{7}"], random))
            }
            Self::Mood => format!("'{}'::mood", one(&["low", "mid", "high"], random)),
        }
    }

    /// A value of it, now and then null.
    pub(super) fn value(self, random: &mut StdRng) -> String {
        if random.random_bool(0.15) { format!("null::{}", self.name()) } else { self.literal(random) }
    }

    /// An expression in which values that are equal look the same.
    pub(super) fn in_one_form(self, expression: &str) -> String {
        match self {
            Self::Numeric => format!("round({expression}, 4)"),
            Self::Float => format!("{expression} + 0.0::float8"),
            _ => expression.to_owned(),
        }
    }
}
