//! A shop's tables, and what its views become.

use std::sync::Arc;

use tailwater_connectors::{Column, ReplicaIdentity, SqlType, TableName, TableSchema};

use super::drawing;
use crate::sql::{SqlCatalog, SqlError, ViewText, plan_views};

fn sql_type(name: &str) -> SqlType {
    match name {
        "int" => SqlType::Int4,
        "big" => SqlType::Int8,
        "text" => SqlType::Text,
        "char" => SqlType::Bpchar,
        "num" => SqlType::Numeric(Some((10, 2))),
        "bool" => SqlType::Bool,
        "date" => SqlType::Date,
        "ts" => SqlType::Timestamp,
        "tstz" => SqlType::Timestamptz,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        "float" => SqlType::Float8,
        "ints" => SqlType::Array(Box::new(SqlType::Int4)),
        other => panic!("no type {other}"),
    }
}

/// `source.schema.table: *key type, column type?`; a star marks the key, a question mark a nullable column.
pub(super) fn table(line: &str) -> Arc<TableSchema> {
    let (name, columns) = line.split_once(": ").unwrap();
    let parts: Vec<&str> = name.split('.').collect();
    let mut schema = TableSchema {
        name: TableName { source: parts[0].into(), schema: parts[1].into(), table: parts[2].into() },
        id: 1,
        columns: Vec::new(),
        key: Vec::new(),
        identity: ReplicaIdentity::Default,
    };
    for (index, column) in columns.split(", ").enumerate() {
        let (column, type_name) = column.rsplit_once(' ').unwrap();
        if column.starts_with('*') {
            schema.key.push(index);
        }
        let nullable = type_name.ends_with('?');
        let name = column.trim_start_matches('*');
        schema.columns.push(Column::new(name, sql_type(type_name.trim_end_matches('?')), nullable));
    }
    Arc::new(schema)
}

/// The shop; text is ordered by bytes.
pub(super) fn shop() -> SqlCatalog {
    let tables = [
        "shop.public.customers: *id int, name text, city text?, vip bool",
        "shop.public.orders: *id int, customer_id int, status text, total num, placed ts, note text?",
        "shop.public.order_lines: *order_id int, *line int, product_id big, quantity int?, price num",
        "shop.public.products: *id big, name text, price num, tags ints?, attributes jsonb?",
        "shop.public.log: at ts, text text?, level int",
        "shop.public.Weird Table: *Id int, select text, a.b int, ünï text",
        "shop.audit.orders: *id int, who text",
        "clicks.public.visits: *id int, customer_id int?, page text, payload json?, fixed char?",
    ];
    let collation_is_c = [("shop".into(), true), ("clicks".into(), true)].into();
    SqlCatalog { tables: tables.into_iter().map(table).collect(), collation_is_c, ..SqlCatalog::default() }
}

pub(super) fn text(name: &str, sql: &str) -> ViewText {
    ViewText { name: name.into(), sql: sql.to_owned(), ..ViewText::default() }
}

/// The drawing of one view's plan, or its errors.
pub(super) fn outcome(sql: &str) -> String {
    match plan_views(&shop(), &[text("v", sql)]) {
        Ok(plans) => drawing::view(&plans[0]),
        Err(errors) => shown(&errors),
    }
}

fn shown(errors: &[SqlError]) -> String {
    let lines = errors.iter().map(|error| match &error.hint {
        Some(hint) => format!("{error}\n  hint: {hint}"),
        None => error.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
