//! Aggregate calls for tests, written once and read twice: as SQL, and as a bound call. And the table they are over.

use rand::Rng;
use rand::rngs::StdRng;
use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{Row, SqlType, Value};

use super::fixture::column;
use crate::engine::scalar::{Typed, bind};
use crate::engine::{AggregateCall, SortKey};

/// Name, SQL type, and values that come up; `-` is null. Values of one column that are equal look alike, except in `n`.
const COLUMNS: [(&str, &str, &str); 19] = [
    ("id", "int8", ""),
    ("g", "int4", "1|2|3|-"),
    ("s", "int2", "-|0|1|2|-3|32767|-32768"),
    ("i", "int4", "-|0|1|2|7|-5|2147483647"),
    ("l", "int8", "-|0|1|3|9223372036854775807|-9223372036854775808|12"),
    ("n", "numeric", "-|1|1.0|1.00|2.5|-3|0.001|123456789012345678901.5"),
    ("m", "numeric", "-|1|2.50|-3.125|0.0007|1000000|77.7"),
    ("q", "numeric", "-|1|2|2.5|3|4|5|6|NaN|Infinity"),
    ("r", "float4", "-|0.5|1|2.25|-3|100"),
    ("f", "float8", "-|0.5|1|2.25|-3|100|0.125"),
    ("k", "float8", "-|0.5|1|2|3|4|5|6|7|NaN|Infinity|-Infinity"),
    ("h", "float8", "-|0.5|1|2|3|4|5|6|7|8|9|1e200"),
    ("t", "text", "-|a|b|ab|x\"y|é|\\|"),
    ("b", "bool", "-|t|f|t"),
    ("v", "interval", "-|1 day|2 mons|3 days 04:05:06.5|-1 year|00:00:01"),
    ("j", "jsonb", "-|{\"a\": 1}|[1, 2]|null|\"x\"|{\"a\": 2, \"b\": [1]}"),
    ("d", "date", "-|2020-02-29|1999-12-31|2024-01-01"),
    ("y", "bytea", "-|\\x00ff|\\x41|\\x"),
    ("a", "int4[]", "-|{1,2}|{3,4}|{5,NULL}|{1,2}|{1,2}"),
];

/// Types of the table's columns.
pub(super) fn types() -> Vec<(&'static str, SqlType)> {
    COLUMNS.iter().map(|(name, sql_type, _)| (*name, type_named(sql_type))).collect()
}

fn type_named(name: &str) -> SqlType {
    match name {
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "numeric" => SqlType::Numeric(None),
        "float4" => SqlType::Float4,
        "float8" => SqlType::Float8,
        "text" => SqlType::Text,
        "bool" => SqlType::Bool,
        "interval" => SqlType::Interval,
        "jsonb" => SqlType::Jsonb,
        "date" => SqlType::Date,
        "bytea" => SqlType::Bytea,
        "int4[]" => SqlType::Array(Box::new(SqlType::Int4)),
        "float8[]" => SqlType::Array(Box::new(SqlType::Float8)),
        other => panic!("no type {other}"),
    }
}

/// `create table t (…)`
pub(super) fn create_table() -> String {
    let columns: Vec<String> = COLUMNS.iter().map(|(name, sql_type, _)| format!("{name} {sql_type}")).collect();
    format!("create table t ({}, primary key (id))", columns.join(", "))
}

/// A row with this id.
pub(super) fn random_row(random: &mut StdRng, id: i64) -> Row {
    let value = |(name, sql_type, choice): &(&str, &str, &str)| {
        if *name == "id" {
            return Value::Int(id);
        }
        let choice: Vec<&str> = choice.split('|').collect();
        match choice[random.random_range(0..choice.len())] {
            "-" => Value::Null,
            text => parse_text(&type_named(sql_type), text).unwrap(),
        }
    };
    COLUMNS.iter().map(value).collect()
}

/// `insert into t values (…)`
pub(super) fn insert(row: &Row) -> String {
    let shown = row.iter().zip(types()).map(|(value, (_, sql_type))| match value {
        Value::Null => "null".to_owned(),
        value => {
            let mut text = String::new();
            write_text(&mut text, &sql_type, value);
            format!("'{}'::{sql_type}", text.replace('\'', "''"))
        }
    });
    format!("insert into t values ({})", shown.collect::<Vec<_>>().join(", "))
}

/// A call, as `name(a; b) | distinct | order x desc; y | within x | filter`.
pub(super) struct Case {
    /// As SQL, in an order that is ours where it is not given.
    pub(super) sql: String,
    pub(super) call: AggregateCall,
    /// Floats that Postgres adds in another order.
    pub(super) is_rough: bool,
}

impl Case {
    pub(super) fn read(text: &str) -> Self {
        let mut parts = text.split(" | ").map(str::trim);
        let (name, arguments) = parts.next().unwrap().trim_end_matches(')').split_once('(').unwrap();
        let arguments: Vec<&str> = arguments.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
        let (mut distinct, mut filter, mut order, mut within) = (false, false, Vec::new(), Vec::new());
        for part in parts {
            match part.split_once(' ').unwrap_or((part, "")) {
                ("distinct", _) => distinct = true,
                ("filter", _) => filter = true,
                ("order", keys) => order = keys.split(';').map(str::trim).collect(),
                ("within", keys) => within = keys.split(';').map(str::trim).collect(),
                other => panic!("{other:?}"),
            }
        }
        let star = arguments == ["*"];
        let bound = if star { Vec::new() } else { arguments.iter().map(|text| argument(text)).collect() };
        let keys = if within.is_empty() { &order } else { &within };
        let written = bind::WrittenAggregate {
            name: name.into(),
            arguments: bound,
            star,
            distinct,
            filter: filter.then(|| argument("b").scalar),
            order: keys.iter().map(|text| sort_key(text)).collect(),
            within_group: !within.is_empty(),
        };
        let call = bind::aggregate_call(written).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut order: Vec<String> = order.into_iter().map(str::to_owned).collect();
        // Ours: by the arguments, where nothing else is said.
        if call.function.heeds_ties() && !distinct {
            order.extend(arguments.iter().filter(|text| is_column(text)).map(|text| (*text).to_owned()));
        }
        let mut sql = format!("{name}({}{}", if distinct { "distinct " } else { "" }, arguments.join(", "));
        if !order.is_empty() {
            sql.push_str(&format!(" order by {}", order.join(", ")));
        }
        sql.push(')');
        if !within.is_empty() {
            sql.push_str(&format!(" within group (order by {})", within.join(", ")));
        }
        if filter {
            sql.push_str(" filter (where b)");
        }
        let statistics = ["stddev", "var", "covar", "corr", "regr"].iter().any(|start| name.starts_with(start));
        Self { sql, is_rough: statistics && call.result_type == SqlType::Float8, call }
    }
}

impl crate::engine::AggregateFunction {
    fn heeds_ties(self) -> bool {
        let name = format!("{self:?}");
        name.starts_with("Json") || matches!(name.as_str(), "ArrayAgg" | "StringAgg")
    }
}

fn is_column(text: &str) -> bool {
    COLUMNS.iter().any(|(name, _, _)| *name == text)
}

fn argument(text: &str) -> Typed {
    if let Some(place) = COLUMNS.iter().position(|(name, _, _)| *name == text) {
        return column(place, &type_named(COLUMNS[place].1));
    }
    if let Some((literal, sql_type)) = text.split_once("::") {
        return bind::cast(argument(literal), &type_named(sql_type), true).unwrap();
    }
    match text {
        "null" => bind::literal_null(),
        text if text.starts_with('\'') => bind::literal_text(text.trim_matches('\'')),
        text if text.starts_with('-') => bind::operator("-", vec![bind::literal_number(&text[1..])]).unwrap(),
        text => bind::literal_number(text),
    }
}

fn sort_key(text: &str) -> SortKey {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let Typed { scalar, sql_type, .. } = argument(name);
    let descending = rest.starts_with("desc");
    let nulls_first = if rest.contains("nulls") { rest.ends_with("first") } else { descending };
    SortKey { expression: scalar, sql_type, descending, nulls_first }
}
