//! Values make the round trip through a real Postgres: what binary COPY, the replication stream and our own text say of a
//! value is one and the same, for every type. Beside it: literals, the catalog, and every kind of message.

#![allow(clippy::unwrap_used)]

mod catalog;
mod literals;
mod messages;
mod random;
mod samples;
mod server;

use std::collections::BTreeMap;

use futures::{StreamExt, pin_mut};
use tailwater_connectors::postgres::binary::decode_binary;
use tailwater_connectors::postgres::catalog::{CatalogTable, tables};
use tailwater_connectors::postgres::copy_rows::CopyDecoder;
use tailwater_connectors::postgres::pgoutput::{Cell, Decoder, Message};
use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{Row, SqlType, TableName, Value};
use tokio_postgres::Client;

use server::{Server, version};

fn name(schema: &str, table: &str) -> TableName {
    TableName { source: "shop".into(), schema: schema.into(), table: table.into() }
}

async fn fill(client: &Client) -> Vec<(String, &'static str)> {
    client.batch_execute(samples::SETUP).await.unwrap();
    let version = version(client).await;
    let mut tables = Vec::new();
    for (index, (declared, edges)) in samples::EDGES.iter().enumerate() {
        let table = format!("t{index}");
        let create = format!("create table {table} (id int primary key, v {declared})");
        let created = client.batch_execute(&create).await;
        if samples::SINCE_15.contains(declared) && version < 150_000 {
            created.unwrap_err();
            continue;
        }
        created.unwrap();
        tables.push((table, *declared));
        let mut literals: Vec<String> = edges.iter().map(|literal| (*literal).to_owned()).collect();
        literals.retain(|literal| version >= 150_000 || !samples::READ_SINCE_15.contains(&literal.as_str()));
        literals.extend(random::random(declared));
        let insert = format!(
            "insert into t{index} select i, v::{declared} from unnest($1::text[]) with ordinality as x (v, i)
             union all select 0, null"
        );
        if let Err(error) = client.execute(&insert, &[&literals]).await {
            panic!("{declared}: {error:?}");
        }
    }
    tables
}

async fn copied(client: &Client, table: &CatalogTable) -> BTreeMap<i64, Value> {
    let mut decoder = CopyDecoder::new(table.types());
    let mut rows = Vec::new();
    let stream = client.copy_out(&format!("COPY ({}) TO STDOUT (FORMAT binary)", table.copy_select())).await.unwrap();
    pin_mut!(stream);
    let mut all = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        all.extend_from_slice(&chunk);
        decoder.feed(&chunk, &mut rows).unwrap();
    }
    decoder.finish().unwrap();
    chunks_may_end_anywhere(table, &all[..all.len().min(3_000)], &rows);
    rows.iter().map(|row| (as_int(&row[0]), row[1].clone())).collect()
}

fn chunks_may_end_anywhere(table: &CatalogTable, bytes: &[u8], whole: &[Row]) {
    for size in [1, 2, 3, 7, 64] {
        let mut decoder = CopyDecoder::new(table.types());
        let mut rows = Vec::new();
        bytes.chunks(size).for_each(|chunk| decoder.feed(chunk, &mut rows).unwrap());
        assert_eq!(rows, whole[..rows.len()]);
    }
}

fn as_int(value: &Value) -> i64 {
    match value {
        Value::Int(value) => *value,
        other => panic!("{other:?} is not an integer"),
    }
}

async fn streamed(client: &Client, tables: &[CatalogTable], options: &str) -> Vec<BTreeMap<i64, Value>> {
    let query = format!(
        "select data from pg_logical_slot_peek_binary_changes('values', null, null,
             'proto_version', '1', 'publication_names', 'everything' {options})"
    );
    let mut decoder = Decoder::new(1);
    let mut found = vec![BTreeMap::new(); tables.len()];
    for row in client.query(&query, &[]).await.unwrap() {
        let bytes: &[u8] = row.get(0);
        let Message::Insert { relation, new, .. } = decoder.decode(bytes).unwrap() else { continue };
        let index = tables.iter().position(|table| table.schema.id == relation).unwrap();
        let columns = &tables[index].schema.columns;
        let values = columns.iter().zip(new).map(|(column, cell)| value(&column.sql_type, cell));
        let values: Vec<Value> = values.collect();
        found[index].insert(as_int(&values[0]), values[1].clone());
    }
    found
}

fn value(sql_type: &SqlType, cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Unchanged => panic!("an insert has all values"),
        Cell::Text(bytes) => {
            let text = std::str::from_utf8(bytes).unwrap();
            parse_text(sql_type, text).unwrap_or_else(|error| panic!("{error}: {text}"))
        }
        // The binary form of these is not read.
        Cell::Binary(_) if matches!(sql_type, SqlType::Other(_)) => Value::Null,
        Cell::Binary(bytes) => decode_binary(sql_type, bytes).unwrap(),
    }
}

async fn printed(client: &Client, table: &str) -> BTreeMap<i64, Option<String>> {
    // `format` calls the output function.
    let query = format!("select id::bigint, case when num_nulls(v) = 0 then format('%s', v) end from {table}");
    client.query(&query, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn values_round_trip_through_postgres() {
    let server = Server::start();
    let client = server.connect().await;
    client.batch_execute("create publication everything for all tables").await.unwrap();
    client.batch_execute("select pg_create_logical_replication_slot('values', 'pgoutput')").await.unwrap();
    let declared = fill(&client).await;
    let wanted: Vec<TableName> = declared.iter().map(|(table, _)| name("public", table)).collect();
    let found = tables(&client, "shop", &wanted).await.unwrap();
    let by_text = streamed(&client, &found, "").await;
    let by_binary = streamed(&client, &found, ", 'binary', 'true'").await;
    let mut wrong = Vec::new();
    for (index, table) in found.iter().enumerate() {
        let (_, declared) = &declared[index];
        let sql_type = &table.schema.columns[1].sql_type;
        let copied = copied(&client, table).await;
        let printed = printed(&client, &table.schema.name.table).await;
        assert_eq!(copied.len(), printed.len(), "{declared}");
        for (id, value) in &copied {
            let expected = printed[id].as_deref();
            let mut text = String::new();
            write_text(&mut text, sql_type, value);
            let ours = (!value.is_null()).then_some(text.as_str());
            if ours != expected {
                wrong.push(format!("{declared}: we print {ours:?}, Postgres {expected:?}"));
            }
            if by_text[index].get(id) != Some(value) {
                wrong.push(format!("{declared}: {expected:?} copied {value:?}, streamed {:?}", by_text[index].get(id)));
            }
            let native = !matches!(sql_type, SqlType::Other(_));
            if native && *declared != "\"char\"" && by_binary[index].get(id) != Some(value) {
                wrong.push(format!(
                    "{declared}: {expected:?} copied {value:?}, in binary {:?}",
                    by_binary[index].get(id)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
