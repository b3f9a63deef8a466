//! How long the log that is needed next will stay.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tailwater_connectors::mysql::MysqlSource;
use tailwater_connectors::mysql::config::{CopySettings, DEFAULT_TIMEOUT, MysqlSourceConfig, Tls, ZeroDates};
use tailwater_connectors::{LogRetention, Position, Source, SourceHealth};

use crate::server::{Kind, MysqlServer};
use crate::{kinds, session};

async fn end(connection: &mut Conn, kind: Kind) -> Position {
    let sql = if kind.is_mariadb() { "select @@gtid_binlog_pos" } else { "select @@global.gtid_executed" };
    let text: String = connection.query_first(sql).await.unwrap().unwrap();
    text.replace('\n', "").parse().unwrap()
}

async fn run(connection: &mut Conn, sql: &str) {
    connection.query_drop(sql).await.unwrap();
}

async fn looked(source: &mut MysqlSource, position: &Position) -> SourceHealth {
    source.stands_at(Some(position.clone()));
    source.health().await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_is_needed_next_is_known_and_how_long_it_stays() {
    for kind in kinds() {
        let server = MysqlServer::start(kind, &[]);
        let mut connection = session(&server, "kept").await;
        let mut source = MysqlSource::new(MysqlSourceConfig {
            name: "shop".into(),
            url: server.url("kept"),
            database: "kept".into(),
            tls: Tls::Off,
            server_id: None,
            zero_dates: ZeroDates::Null,
            timeout: DEFAULT_TIMEOUT,
            copy: CopySettings::default(),
        });
        assert_eq!(source.health().await.unwrap(), None, "without a position");
        run(&mut connection, "create table a (id int auto_increment primary key, t varchar(2000))").await;
        let position = end(&mut connection, kind).await;
        for _ in 0..5 {
            run(&mut connection, "insert into a (t) values (repeat('x', 2000))").await;
            run(&mut connection, "flush binary logs").await;
        }
        run(&mut connection, "set global binlog_expire_logs_seconds = 100000").await;
        let behind = looked(&mut source, &position).await;
        assert_eq!(behind.retention, LogRetention::Reserved, "{kind:?}");
        assert!(behind.log_left_seconds.is_some_and(|left| (90_000..=100_000).contains(&left)), "{behind:?}");
        assert!(behind.log_kept_bytes > 10_000, "{behind:?}");
        let newest = end(&mut connection, kind).await;
        let in_time = looked(&mut source, &newest).await;
        assert_eq!((in_time.retention, in_time.log_left_seconds), (LogRetention::Reserved, Some(100_000)));
        assert!(in_time.log_kept_bytes < 1_000, "{in_time:?}");
        // A transaction more makes the newest file the one that is needed, and no older one.
        run(&mut connection, "insert into a (t) values ('y')").await;
        assert!(looked(&mut source, &newest).await.log_kept_bytes < 2_000);
        // Its time is over: it goes with the next file that is begun.
        run(&mut connection, "set global binlog_expire_logs_seconds = 1").await;
        run(&mut connection, "select sleep(2)").await;
        let soon = looked(&mut source, &position).await;
        assert_eq!((soon.retention, soon.log_left_seconds), (LogRetention::Unreserved, Some(0)), "{kind:?}");
        run(&mut connection, "set global binlog_expire_logs_seconds = 0").await;
        let never = looked(&mut source, &position).await;
        assert_eq!((never.retention, never.log_left_seconds), (LogRetention::Reserved, None), "{kind:?}");
        let files: Vec<mysql_async::Row> = connection.query("show binary logs").await.unwrap();
        let last: String = files.last().unwrap().get(0).unwrap();
        run(&mut connection, &format!("purge binary logs to '{last}'")).await;
        assert_eq!(looked(&mut source, &position).await.retention, LogRetention::Lost, "{kind:?}");
        assert_eq!(looked(&mut source, &newest).await.retention, LogRetention::Reserved, "{kind:?}");
    }
}
