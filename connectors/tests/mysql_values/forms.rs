//! Other forms of rows: images that are not whole, changes of documents, compression; and bytes that are not what they were.

use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater_connectors::mysql::Flavor;
use tailwater_connectors::mysql::binlog::{BinlogError, Checksum, Decoder, Event, EventHeader, RawEvent, RowChange};
use tailwater_connectors::mysql::value::{MysqlTable, RowPlan, ZeroDates};
use tailwater_connectors::{Change, NewRow, OldRow, Row, Value};

use crate::server::MysqlServer;
use crate::{copied, kinds, log, random, session, table};

#[tokio::test(flavor = "multi_thread")]
async fn images_that_are_not_whole_say_what_is_absent() {
    for kind in kinds() {
        let server = MysqlServer::shared(kind);
        let mut connection = session(&server, "images").await;
        connection.query_drop("create table a (id int primary key, b int, c text, d int default 7)").await.unwrap();
        let described = table(&mut connection, "images", "a", ZeroDates::Null).await;
        let row = |values: Vec<Value>| Row::from(values);
        let (int, text, null) = (Value::Int, Value::text("long"), Value::Null);
        for image in ["MINIMAL", "NOBLOB"] {
            connection.query_drop(format!("set session binlog_row_image = {image}")).await.unwrap();
            let place = log::end(&mut connection, &server).await;
            for sql in [
                "insert into a (id, b, c) values (1, 2, 'long')",
                "update a set b = 3",
                "update a set id = 5",
                "delete from a",
            ] {
                connection.query_drop(sql).await.unwrap();
            }
            let changes = log::changes(&server, &place, &described).await;
            let changes: Vec<Change> =
                changes.into_iter().map(|change| change.into_change(&described).unwrap()).collect();
            let table = || described.schema.clone();
            let key = |id: i64| OldRow::Key(row(vec![int(id), null.clone(), null.clone(), null.clone()]));
            let (unchanged, b, d) = match image {
                "MINIMAL" => (vec![2, 3], null.clone(), null.clone()),
                _ => (vec![2], int(3), int(7)),
            };
            let updated =
                NewRow { row: row(vec![int(1), int(3), null.clone(), d.clone()]), unchanged: unchanged.clone() };
            let moved_unchanged = if image == "MINIMAL" { vec![1, 2, 3] } else { vec![2] };
            let moved = NewRow { row: row(vec![int(5), b, null.clone(), d]), unchanged: moved_unchanged };
            let expected = vec![
                Change::Insert { table: table(), new: row(vec![int(1), int(2), text.clone(), int(7)]) },
                Change::Update { table: table(), old: OldRow::SameKey, new: updated },
                Change::Update { table: table(), old: key(1), new: moved },
                Change::Delete { table: table(), old: key(5) },
            ];
            assert_eq!(changes, expected, "{kind:?} {image}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_documents_are_applied() {
    let Some(kind) = kinds().into_iter().find(|kind| !kind.is_mariadb()) else { return };
    let server = MysqlServer::shared(kind);
    let mut connection = session(&server, "documents").await;
    connection.query_drop("create table a (id int primary key, j json, n int, k json)").await.unwrap();
    connection.query_drop("set session binlog_row_value_options = PARTIAL_JSON").await.unwrap();
    let place = log::end(&mut connection, &server).await;
    let mut random = StdRng::seed_from_u64(11);
    let document = |random: &mut StdRng| random::hex(random::document(random, 4).as_bytes());
    for id in 0..30 {
        let (j, k) = (document(&mut random), document(&mut random));
        let long = "x".repeat(random.random_range(0..300));
        let sql = format!(
            "insert into a values ({id}, cast(_utf8mb4 x'{j}' as json), 0, json_object('a', '{long}', 'b c', \
             json_array(1, 2, '{long}'), 'd', cast(_utf8mb4 x'{k}' as json)))"
        );
        connection.query_drop(sql).await.unwrap();
    }
    for _ in 0..200 {
        let id = random.random_range(0..30);
        let value = document(&mut random);
        let (path, cell) = (["$.a", "$.\"b c\"", "$.d", "$.new"][random.random_range(0..4)], random.random_range(0..4));
        let change = match random.random_range(0..6) {
            0 => format!("json_set(k, '{path}', cast(_utf8mb4 x'{value}' as json))"),
            1 => "json_replace(k, '$.a', 'short')".to_owned(),
            2 => format!("json_remove(k, '{path}')"),
            3 => format!("json_set(k, '$.\"b c\"[{cell}]', {cell}, '$.a', 'y')"),
            4 => format!("json_remove(k, '$.\"b c\"[{cell}]')"),
            _ => format!("json_replace(k, '$.d[0]', {cell}, '$.\"b c\"[0]', true)"),
        };
        let also = if random.random() { ", n = n + 1" } else { "" };
        connection.query_drop(format!("update a set k = {change}{also} where id = {id}")).await.unwrap();
    }
    let described = table(&mut connection, "documents", "a", ZeroDates::Null).await;
    let by_log = log::replayed(log::changes(&server, &place, &described).await);
    assert_eq!(by_log, log::copied(&mut connection, &described).await);
    let mut partial = 0;
    log::each(&server, &place, |raw, _| partial += usize::from(raw.header.kind == 39)).await;
    assert!(partial > 50, "the server wrote changes of documents: {partial}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_transactions_and_rows_are_read() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let settings = match kind.is_mariadb() {
            true => "set global log_bin_compress = 1; set global log_bin_compress_min_len = 10",
            false => "set session binlog_transaction_compression = 1",
        };
        let mut connection = session(&server, "packed").await;
        let place = log::end(&mut connection, &server).await;
        copied::compare(&server, "packed", 6, settings, ZeroDates::Null).await;
        let mut packed = 0;
        log::each(&server, &place, |raw, _| packed += usize::from(matches!(raw.header.kind, 40 | 165..=171))).await;
        assert!(packed > 50, "{kind:?} compressed: {packed}");
    }
}

/// An event that lives by itself.
struct Kept {
    header: EventHeader,
    data: Vec<u8>,
    checksum: Checksum,
    inner: bool,
}

impl Kept {
    fn raw(&self) -> RawEvent<'_> {
        RawEvent { header: self.header, data: &self.data, checksum: self.checksum, inner: self.inner }
    }
}

/// Decodes all of it; what is wrong with it is an error, never a panic.
fn read_all(decoder: &mut Decoder, raw: &RawEvent<'_>, table: &MysqlTable) -> Result<(), BinlogError> {
    if let Event::Rows(rows) = decoder.decode(raw)?
        && let Ok((plan, _)) = RowPlan::new(&rows.table, table)
    {
        for change in rows.changes(&plan) {
            let change: RowChange = change?;
            change.into_change(table)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_changed_are_noticed_and_harm_nobody() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let flavor = if kind.is_mariadb() { Flavor::Mariadb } else { Flavor::Mysql };
        copied::compare(&server, "bytes", 7, "", ZeroDates::Null).await;
        let mut connection = session(&server, "bytes").await;
        let described = table(&mut connection, "bytes", "everything", ZeroDates::Null).await;
        let mut events = Vec::new();
        log::each(&server, &("binlog.000001".to_owned(), 4), |raw, _| {
            events.push(Kept { header: raw.header, data: raw.data.to_vec(), checksum: raw.checksum, inner: raw.inner });
        })
        .await;
        let mut random = StdRng::seed_from_u64(13);
        let mut decoder = Decoder::new(flavor);
        let mut checked = 0;
        for event in &events {
            for _ in 0..30 {
                let mut changed = Kept { data: event.data.clone(), ..*event };
                spoil(&mut random, &mut changed.data);
                if matches!(event.checksum, Checksum::Crc32(_)) && changed.data != event.data {
                    let error = decoder.decode(&changed.raw()).unwrap_err();
                    assert!(matches!(error, BinlogError::Checksum { .. }), "{error}");
                    checked += 1;
                }
                changed.checksum = Checksum::None;
                let mut other = Decoder::new(flavor);
                for before in events.iter().filter(|it| it.header.kind == 19).take(1) {
                    let _ = read_all(&mut other, &before.raw(), &described);
                }
                let _ = read_all(&mut other, &changed.raw(), &described);
            }
            read_all(&mut decoder, &event.raw(), &described).unwrap();
        }
        assert!(checked > 1000, "{kind:?} checked {checked}");
    }
}

/// Shorter, longer, or with other bytes.
fn spoil(random: &mut StdRng, bytes: &mut Vec<u8>) {
    match random.random_range(0..4) {
        0 => bytes.truncate(random.random_range(0..=bytes.len())),
        1 => bytes.extend((0..random.random_range(1..20)).map(|_| random.random::<u8>())),
        _ if bytes.is_empty() => bytes.push(1),
        _ => {
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
        }
    }
}
