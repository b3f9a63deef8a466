//! Transactions as the log has them, and their ids.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tailwater_connectors::mysql::binlog::{Event, MariaXa, QueryKind, RowsKind};
use tailwater_connectors::mysql::{Gtid, GtidSet, MariaGtids};

use crate::server::{Kind, MysqlServer};
use crate::{kinds, log, session};

/// One word for an event, `None` for what is of no interest here.
fn word(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Gtid { .. } | Event::MariaGtid { standalone: false, xa: MariaXa::No, .. } => "gtid".into(),
        Event::MariaGtid { standalone: true, xa: MariaXa::No, .. } => "gtid-alone".into(),
        Event::MariaGtid { xa: MariaXa::Prepares(xid), .. } => format!("gtid-prepares {xid}"),
        Event::MariaGtid { xa: MariaXa::Completes(xid), .. } => format!("gtid-completes {xid}"),
        Event::Query { kind, .. } => match kind {
            QueryKind::Other => return None,
            kind => format!("{kind:?}").to_lowercase(),
        },
        Event::Xid => "xid".into(),
        Event::XaPrepare { xid, one_phase } => format!("xaprepare {xid} {one_phase}"),
        Event::Rows(rows) => format!(
            "{}({})",
            match rows.kind {
                RowsKind::Insert => "insert",
                RowsKind::Update => "update",
                RowsKind::Delete => "delete",
            },
            rows.table.table
        ),
        _ => return None,
    })
}

async fn words(server: &MysqlServer, connection: &mut Conn, statements: &[&str]) -> String {
    let place = log::end(connection, server).await;
    for statement in statements {
        connection.query_drop(*statement).await.unwrap();
    }
    let mut all = Vec::new();
    log::each(server, &place, |_, event| all.extend(word(&event))).await;
    all.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_begin_and_end_as_each_server_writes_them() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let mut connection = session(&server, "words").await;
        let (alone, begin) = if kind.is_mariadb() { ("gtid-alone", "gtid") } else { ("gtid", "gtid begin") };
        let cases: &[(&[&str], String)] = &[
            (&["create table a (id int primary key, b int)"], format!("{alone} definition")),
            (&["insert into a values (1, 1)"], format!("{begin} insert(a) xid")),
            (
                &["begin", "insert into a values (2, 2)", "update a set b = 3", "delete from a where id = 1", "commit"],
                format!("{begin} insert(a) update(a) delete(a) xid"),
            ),
            (&["begin", "insert into a values (9, 2)", "rollback"], String::new()),
            (
                &[
                    "begin",
                    "insert into a values (3, 2)",
                    "savepoint s",
                    "insert into a values (4, 2)",
                    "rollback to s",
                    "commit",
                ],
                match kind {
                    // Savepoints themselves are in the log.
                    Kind::Mysql9 => format!("{begin} insert(a) savepoint xid"),
                    _ => format!("{begin} insert(a) savepoint xid"),
                },
            ),
            (&["truncate a"], format!("{alone} definition")),
            (&["rename table a to c", "alter table c add d int"], format!("{alone} definition {alone} definition")),
            (&["insert into c values (5, 5, 5)"], format!("{begin} insert(c) xid")),
        ];
        for (statements, expected) in cases {
            assert_eq!(words(&server, &mut connection, statements).await, *expected, "{kind:?}: {statements:?}");
        }
        let copied = words(&server, &mut connection, &["create table e as select * from c"]).await;
        let expected = match kind {
            Kind::Mysql9 => "gtid begin definitionwithrows insert(e) xid",
            _ => "gtid definition insert(e) xid",
        };
        assert_eq!(copied, expected, "{kind:?}");
        let statement = [
            "set session binlog_format = statement",
            "insert into c values (6, 6, 6)",
            "set session binlog_format = row",
        ];
        assert_eq!(words(&server, &mut connection, &statement).await, format!("{begin} rows xid"), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phase_transactions_are_named_alike_in_all_their_events() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let mut connection = session(&server, "xa").await;
        connection.query_drop("create table a (id int primary key)").await.unwrap();
        let xid = "X'68656c6c6f',X'62',7";
        let run =
            ["xa start 'hello','b',7", "insert into a values (1)", "xa end 'hello','b',7", "xa prepare 'hello','b',7"];
        let prepared = words(&server, &mut connection, &run).await;
        let expected = match kind {
            Kind::Mysql9 => format!("gtid xastart insert(a) xaend xaprepare {xid} false"),
            _ => format!("gtid-prepares {xid} insert(a) xaend xaprepare {xid} false"),
        };
        assert_eq!(prepared, expected, "{kind:?}");
        let committed = words(&server, &mut connection, &["xa commit 'hello','b',7"]).await;
        let expected = match kind {
            Kind::Mysql9 => format!("gtid xacommit(\"{}\")", xid.to_lowercase()),
            _ => format!("gtid-completes {xid} xacommit(\"{}\")", xid.to_lowercase()),
        };
        assert_eq!(committed, expected, "{kind:?}");
        let run = ["xa start 'x'", "insert into a values (2)", "xa end 'x'", "xa commit 'x' one phase"];
        let once = words(&server, &mut connection, &run).await;
        let expected = match kind {
            Kind::Mysql9 => "gtid xastart insert(a) xaend xaprepare X'78',X'',1 true",
            _ => "gtid insert(a) xid",
        };
        assert_eq!(once, expected, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_add_up_to_what_the_server_says() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let mut connection = session(&server, "ids").await;
        connection.query_drop("create table a (id int primary key)").await.unwrap();
        for id in 0..5 {
            if !kind.is_mariadb() && id % 2 == 1 {
                connection.query_drop("set gtid_next = 'automatic:odd'").await.unwrap();
            }
            connection.query_drop(format!("insert into a values ({id})")).await.unwrap();
            if !kind.is_mariadb() {
                connection.query_drop("set gtid_next = 'automatic'").await.unwrap();
            }
        }
        if kind.is_mariadb() {
            connection.query_drop("set session gtid_domain_id = 4").await.unwrap();
            connection.query_drop("insert into a values (9)").await.unwrap();
        }
        connection.query_drop("flush binary logs").await.unwrap();
        connection.query_drop("insert into a values (10)").await.unwrap();
        let place = ("binlog.000001".to_owned(), 4);
        let (mut executed, mut position, mut before) = (GtidSet::new(), MariaGtids::new(), Vec::new());
        log::each(&server, &place, |_, event| match event {
            Event::Gtid { gtid, .. } => executed.insert(&gtid),
            Event::MariaGtid { gtid, .. } => position.advance(gtid),
            Event::PreviousGtids(set) => before.push(set.to_string()),
            Event::GtidList(list) => before.push(list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
            _ => {}
        })
        .await;
        let variable = if kind.is_mariadb() { "@@gtid_binlog_pos" } else { "@@gtid_executed" };
        let said: String = connection.query_first(format!("select {variable}")).await.unwrap().unwrap();
        let found = if kind.is_mariadb() { position.to_string() } else { executed.to_string() };
        assert_eq!(found, said.replace('\n', ""), "{kind:?}");
        assert!(before.len() >= 2 && before[0].is_empty(), "{kind:?}: {before:?}");
        assert!(!before[1].is_empty(), "{kind:?}: {before:?}");
    }
}

/// A request by transactions sends what is missing, tags and all.
#[tokio::test(flavor = "multi_thread")]
async fn mysql_sends_what_is_not_in_the_set() {
    use futures::StreamExt;
    let Some(kind) = kinds().into_iter().find(|kind| !kind.is_mariadb()) else { return };
    let server = MysqlServer::start(kind, &[]);
    let mut connection = session(&server, "sets").await;
    connection.query_drop("create table a (id int primary key)").await.unwrap();
    connection.query_drop("set gtid_next = 'automatic:odd'").await.unwrap();
    connection.query_drop("insert into a values (1), (2)").await.unwrap();
    let said: String = connection.query_first("select @@gtid_executed").await.unwrap().unwrap();
    let held: GtidSet = said.parse().unwrap();
    connection.query_drop("insert into a values (3)").await.unwrap();
    let mut asking = crate::connect(&server, "").await;
    asking.query_drop("set @source_binlog_checksum = 'NONE'").await.unwrap();
    let request =
        mysql_async::BinlogStreamRequest::new(77).with_gtid().with_non_blocking().with_gtid_set(held.to_sids());
    let mut events = asking.get_binlog_stream(request).await.unwrap();
    let mut decoder = tailwater_connectors::mysql::binlog::Decoder::new(tailwater_connectors::mysql::Flavor::Mysql);
    let mut sent: Vec<Gtid> = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        if let Event::Gtid { gtid, .. } = decoder.decode(&(&event).into()).unwrap() {
            sent.push(gtid);
        }
    }
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].tag.as_str(), sent[0].number), ("odd", 2));
}
