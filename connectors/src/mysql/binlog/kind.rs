//! Numbers of the kinds of events: those of MySQL up to 9.x, and from 160 on those of MariaDB. Those of rows stand together: inserts, updates,
//! deletes.

pub(super) const QUERY: u8 = 2;
pub(super) const STOP: u8 = 3;
pub(super) const ROTATE: u8 = 4;
pub(super) const FORMAT_DESCRIPTION: u8 = 15;
pub(super) const XID: u8 = 16;
pub(super) const TABLE_MAP: u8 = 19;
pub(super) const WRITE_ROWS_V1: u8 = 23;
pub(super) const DELETE_ROWS_V1: u8 = 25;
pub(super) const INCIDENT: u8 = 26;
pub(super) const HEARTBEAT: u8 = 27;
pub(super) const WRITE_ROWS: u8 = 30;
pub(super) const DELETE_ROWS: u8 = 32;
pub(super) const GTID: u8 = 33;
pub(super) const ANONYMOUS_GTID: u8 = 34;
pub(super) const PREVIOUS_GTIDS: u8 = 35;
pub(super) const XA_PREPARE: u8 = 38;
pub(super) const PARTIAL_UPDATE_ROWS: u8 = 39;
pub(super) const TRANSACTION_PAYLOAD: u8 = 40;
pub(super) const HEARTBEAT_V2: u8 = 41;
pub(super) const GTID_TAGGED: u8 = 42;
pub(super) const MARIADB_GTID: u8 = 162;
pub(super) const MARIADB_GTID_LIST: u8 = 163;
pub(super) const MARIADB_QUERY_COMPRESSED: u8 = 165;
pub(super) const MARIADB_WRITE_ROWS_COMPRESSED_V1: u8 = 166;
pub(super) const MARIADB_DELETE_ROWS_COMPRESSED_V1: u8 = 168;
pub(super) const MARIADB_WRITE_ROWS_COMPRESSED: u8 = 169;
pub(super) const MARIADB_DELETE_ROWS_COMPRESSED: u8 = 171;

/// Events that say nothing of rows or transactions: intvar 5, append block 9, delete file 11, rand 13, user var 14, begin and execute
/// load query 17 and 18 (statement format's; a load under row format has rows), ignorable 28, rows query 29, transaction context 36,
/// view change 37; MariaDB's annotate rows 160, binlog checkpoint 161, start encryption 164 (a stream is not encrypted).
pub(super) fn says_nothing(kind: u8) -> bool {
    matches!(kind, 5 | 9 | 11 | 13 | 14 | 17 | 28 | 29 | 36 | 37 | 160 | 161 | 164)
}

/// Statement format's `LOAD DATA`: changes in words. Its body begins as a query's does.
pub(super) const EXECUTE_LOAD_QUERY: u8 = 18;
