//! Where transactions have no ids: whether all that was logged before a place can be seen.
//!
//! A transaction is in the log before snapshots see it, and no setting tells what is seen by place. The server counts what it is at, though: every
//! transaction from before it is logged until after it is committed in the engine (`Ongoing_anonymous_transaction_count`, and those in
//! `gtid_owned`). And it commits in the order of the log (`binlog_order_commits`, which is required). So
//!
//! ```text
//! floor ── a b c d e ── handed over by the stream     3 are counted, later: at most c d e cannot be seen yet, and a, b and what is
//!          N = 5                                      before the floor can. Seen, where N is not less than what is counted
//! ```
//!
//! Invariant: the stream is asked before the server; what was handed over and cannot be seen when the server is asked is among those counted, and
//! is the last of the log up to there. On a server at rest nothing is counted, and that is enough.

use mysql_async::prelude::Queryable;

use super::chunk::Session;
use crate::mysql::position::MysqlPosition;
use crate::source::SourceError;

/// What a session knows of its floors.
#[derive(Default)]
pub(super) struct Floors {
    /// The last one that was asked about, and how much had been handed over then, which is behind it.
    asked: Option<(MysqlPosition, u64)>,
    /// It is seen: by every later snapshot, too.
    seen: bool,
}

impl Session {
    /// Whether a snapshot that is taken now sees all before the floor, up to which the stream has handed over.
    pub(super) async fn sees_by_count(&mut self, floor: &MysqlPosition) -> Result<bool, SourceError> {
        let handed_over = self.passed.borrow().transactions;
        let since = match &self.floors.asked {
            Some((asked, since)) if asked == floor => *since,
            _ => {
                self.floors = Floors { asked: Some((floor.clone(), handed_over)), seen: false };
                handed_over
            }
        };
        if !self.floors.seen {
            self.floors.seen = handed_over - since >= self.ongoing().await?;
        }
        Ok(self.floors.seen)
    }

    /// Transactions that are being logged or committed.
    async fn ongoing(&mut self) -> Result<u64, SourceError> {
        let fault = |error| self.connector.fault(&error);
        let sql = "SHOW GLOBAL STATUS LIKE 'Ongoing_anonymous_transaction_count'";
        let row: Option<(String, String)> = self.connection.query_first(sql).await.map_err(fault)?;
        let without_id = row.and_then(|(_, number)| number.parse::<u64>().ok());
        let without_id = without_id.ok_or_else(|| {
            self.connector.refused(
                "it does not tell Ongoing_anonymous_transaction_count, so that nothing is known of what a copy sees",
                "set gtid_mode = ON",
            )
        })?;
        let owned: Option<String> =
            self.connection.query_first("SELECT @@global.gtid_owned").await.map_err(|e| self.connector.fault(&e))?;
        // `uuid:number#session:number#session, ...`
        let with_id = owned.unwrap_or_default().matches('#').count() as u64;
        Ok(without_id + with_id)
    }
}
