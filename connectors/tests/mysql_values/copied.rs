//! Random rows of all types, by a copy and by the log.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::mysql::value::ZeroDates;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{SqlType, Value};

use crate::columns::{self, Made};
use crate::server::{Kind, MysqlServer};
use crate::{kinds, log, random, session, table};

const ROWS: usize = 60;

async fn create(connection: &mut Conn, kind: Kind) -> Vec<Made> {
    let columns = columns::all(kind);
    let definitions: Vec<_> = columns.iter().enumerate().map(|(at, (sql, _))| format!("f{at} {sql}")).collect();
    let sql = format!("create table everything (id int primary key, {})", definitions.join(", "));
    connection.query_drop(sql).await.unwrap();
    columns.into_iter().map(|(_, made)| made).collect()
}

/// Inserts, updates and deletes at random.
async fn change(connection: &mut Conn, random: &mut StdRng, columns: &[Made]) {
    let names: Vec<_> = (0..columns.len()).map(|at| format!("f{at}")).collect();
    for id in 0..ROWS {
        let values: Vec<_> = columns.iter().map(|made| random::literal(random, *made)).collect();
        let sql = format!("insert into everything (id, {}) values ({id}, {})", names.join(", "), values.join(", "));
        connection.query_drop(sql).await.unwrap();
    }
    for _ in 0..ROWS {
        let at = random.random_range(0..columns.len());
        if matches!(columns[at], Made::Generated) {
            continue;
        }
        let id = random.random_range(0..ROWS);
        let value = random::literal(random, columns[at]);
        connection.query_drop(format!("update everything set f{at} = {value} where id = {id}")).await.unwrap();
    }
    connection.query_drop("delete from everything where id % 7 = 3").await.unwrap();
}

pub(crate) async fn compare(server: &MysqlServer, database: &str, seed: u64, settings: &str, zero_dates: ZeroDates) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut connection = session(server, database).await;
    for setting in settings.split(';').map(str::trim).filter(|setting| !setting.is_empty()) {
        connection.query_drop(setting).await.unwrap();
    }
    let columns = create(&mut connection, server.kind).await;
    let place = log::end(&mut connection, server).await;
    change(&mut connection, &mut random, &columns).await;
    let described = table(&mut connection, database, "everything", zero_dates).await;
    let by_log = log::replayed(log::changes(server, &place, &described).await);
    let by_copy = log::copied(&mut connection, &described).await;
    assert_eq!(by_log.len(), by_copy.len());
    for (id, copied) in &by_copy {
        let logged = &by_log[id];
        for (at, column) in described.schema.columns.iter().enumerate() {
            assert_eq!(logged[at], copied[at], "{:?}: {} {} of row {id:?}", server.kind, column.name, column.sql_type);
        }
    }
    let nulls = |at: usize| by_copy.values().all(|row| row[at].is_null());
    let empty: Vec<_> = (0..described.columns.len()).filter(|at| nulls(*at)).collect();
    assert_eq!(empty, Vec::<usize>::new(), "every column has values");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_and_the_log_have_the_same_values() {
    for kind in kinds() {
        let server = MysqlServer::shared(kind);
        compare(&server, "same", 1, "", ZeroDates::Null).await;
        compare(&server, "same_text", 2, "", ZeroDates::Text).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_needs_no_names_of_columns() {
    for kind in kinds() {
        let server = MysqlServer::shared(kind);
        let least = if kind.is_mariadb() { "NO_LOG" } else { "MINIMAL" };
        compare(&server, "least", 3, &format!("set global binlog_row_metadata = {least}"), ZeroDates::Null).await;
        if kind.is_mariadb() {
            let settings = "set global binlog_row_metadata = MINIMAL";
            compare(&server, "minimal", 4, settings, ZeroDates::Null).await;
        }
        let mut connection = session(&server, "least").await;
        connection.query_drop("set global binlog_row_metadata = FULL").await.unwrap();
    }
}

/// Numbers, dates and text against what the server itself prints.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_what_the_server_prints() {
    for kind in kinds() {
        let server = MysqlServer::shared(kind);
        let mut random = StdRng::seed_from_u64(5);
        let mut connection = session(&server, "printed").await;
        let columns = create(&mut connection, kind).await;
        change(&mut connection, &mut random, &columns).await;
        let described = table(&mut connection, "printed", "everything", ZeroDates::Text).await;
        let rows = log::copied(&mut connection, &described).await;
        for (at, column) in described.schema.columns.iter().enumerate() {
            let printed = match &column.sql_type {
                SqlType::Bytea => format!("lower(hex({}))", column.name),
                SqlType::Bool | SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric(_) => {
                    format!("{} + 0", column.name)
                }
                SqlType::Float4 | SqlType::Float8 | SqlType::Other(_) | SqlType::Array(_) => continue,
                SqlType::Interval => format!("cast({} as time(6))", column.name),
                _ => column.name.to_string(),
            };
            let sql = format!("select id, cast({printed} as char) from everything");
            let texts: Vec<(i64, Option<String>)> = connection.query(sql).await.unwrap();
            for (id, text) in texts {
                let value = &rows[&Value::Int(id)][at];
                assert_eq!(printed_of(value), text, "{kind:?}: {} {}", column.name, column.sql_type);
            }
        }
    }
}

/// Values that the state gives back find their rows.
#[tokio::test(flavor = "multi_thread")]
async fn literals_are_equal_to_their_values() {
    for kind in kinds() {
        let server = MysqlServer::shared(kind);
        let mut random = StdRng::seed_from_u64(8);
        let mut connection = session(&server, "literals").await;
        let columns = create(&mut connection, kind).await;
        change(&mut connection, &mut random, &columns).await;
        let described = table(&mut connection, "literals", "everything", ZeroDates::Text).await;
        let rows = log::copied(&mut connection, &described).await;
        for (at, column) in described.schema.columns.iter().enumerate() {
            if matches!(column.sql_type, SqlType::Other(_) | SqlType::Array(_) | SqlType::Json) {
                continue;
            }
            let mut conditions = Vec::new();
            for row in rows.values() {
                let literal = described.literal(at, &row[at]);
                conditions.push(format!("(id = {} and {} <=> {literal})", described.literal(0, &row[0]), column.name));
            }
            let sql = format!("select count(*) from everything where {}", conditions.join(" or "));
            let found: Option<usize> = connection.query_first(sql).await.unwrap();
            assert_eq!(found, Some(rows.len()), "{kind:?}: {} {}", column.name, column.sql_type);
        }
    }
}

fn printed_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(bit) => u8::from(*bit).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Numeric(number) => number.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Bytes(bytes) => random::hex(bytes),
        Value::Interval(interval) => {
            let (sign, micros) = (if interval.micros < 0 { "-" } else { "" }, interval.micros.unsigned_abs());
            let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
            format!("{sign}{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        Value::Uuid(_) => {
            let mut text = String::new();
            write_text(&mut text, &SqlType::Uuid, value);
            text
        }
        other => panic!("{other:?} has no text here"),
    })
}
