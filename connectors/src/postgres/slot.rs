//! The replication slot as the server's catalog shows it, and whether our state can be continued from it.

use super::connection::{Connection, TextRows};
use super::replication::SystemInfo;
use super::server_error::{ConnectionError, Scene};
use super::sql_text::literal;
use crate::position::Lsn;
use crate::source::SourceError;

/// One row of `pg_replication_slots`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotInfo {
    plugin: String,
    database: String,
    pub(super) active: bool,
    wal_status: String,
    /// `None` until the slot was consistent once.
    pub(super) confirmed: Option<Lsn>,
}

const COLUMNS: &str =
    "coalesce(plugin, ''), coalesce(database, ''), active, coalesce(wal_status, ''), confirmed_flush_lsn";

/// Looks the slot up.
pub(super) async fn find(connection: &mut Connection, slot: &str) -> Result<Option<SlotInfo>, ConnectionError> {
    let name = literal(slot);
    let sql = format!("SELECT {COLUMNS} FROM pg_catalog.pg_replication_slots WHERE slot_name = {name}");
    Ok(parse(&connection.simple_query(&sql).await?))
}

fn parse(rows: &TextRows) -> Option<SlotInfo> {
    let row = rows.first()?;
    let text = |column: usize| row.get(column).cloned().flatten().unwrap_or_default();
    Some(SlotInfo {
        plugin: text(0),
        database: text(1),
        active: text(2) == "t",
        wal_status: text(3),
        confirmed: text(4).parse().ok(),
    })
}

impl SlotInfo {
    /// Whether it could have been made by us for this database; if not, it is not ours to touch.
    pub(super) fn is_ours(&self, database: &str) -> bool {
        self.plugin == "pgoutput" && self.database == database
    }
}

/// Whether a stream from `durable` continues our state without a gap. `durable` is the scene's position.
pub(super) fn check_resume(
    scene: &Scene,
    database: &str,
    slot: Option<&SlotInfo>,
    (system, durable): (&SystemInfo, Lsn),
) -> Result<(), SourceError> {
    let lost = |reason: String| Err(scene.cannot_resume(reason));
    let Some(slot) = slot else {
        return lost(format!("slot \"{}\" does not exist", scene.slot));
    };
    if !slot.is_ours(database) {
        return lost(format!(
            "slot \"{}\" belongs to plugin \"{}\" and database \"{}\"",
            scene.slot, slot.plugin, slot.database
        ));
    }
    if slot.wal_status == "lost" {
        return lost(format!("slot \"{}\" was invalidated: the log it needs has been removed", scene.slot));
    }
    if system.flushed < durable {
        return lost(format!(
            "the server's log ends at {}, before our state: it was restored from a backup or failed over",
            system.flushed
        ));
    }
    match slot.confirmed {
        Some(confirmed) if confirmed > durable => {
            lost(format!("slot \"{}\" is already at {confirmed}: it was recreated or read by someone else", scene.slot))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Position;

    fn verdict(change: impl FnOnce(&mut SlotInfo, &mut SystemInfo)) -> Result<(), SourceError> {
        let mut slot = SlotInfo {
            plugin: "pgoutput".into(),
            database: "shop".into(),
            active: false,
            wal_status: "reserved".into(),
            confirmed: Some(Lsn(100)),
        };
        let mut system = SystemInfo { system: "7".into(), timeline: 1, flushed: Lsn(900) };
        change(&mut slot, &mut system);
        let scene = Scene { source_name: "s".into(), slot: "t".into(), resuming: Some(Position::Lsn(Lsn(500))) };
        check_resume(&scene, "shop", Some(&slot), (&system, Lsn(500)))
    }

    #[test]
    fn a_slot_behind_our_state_is_continued() {
        assert!(verdict(|_, _| {}).is_ok());
        assert!(verdict(|slot, _| slot.confirmed = Some(Lsn(500))).is_ok());
    }

    #[test]
    fn a_slot_ahead_lost_foreign_or_gone_and_a_server_behind_us_are_named() {
        let reasons = [
            verdict(|slot, _| slot.confirmed = Some(Lsn(501))),
            verdict(|slot, _| slot.wal_status = "lost".into()),
            verdict(|slot, _| slot.plugin = "wal2json".into()),
            verdict(|slot, _| slot.database = "other".into()),
            verdict(|_, system| system.flushed = Lsn(499)),
        ];
        for reason in reasons {
            assert!(matches!(reason, Err(SourceError::CannotResume { .. })));
        }
        let scene = Scene { source_name: "s".into(), slot: "t".into(), resuming: None };
        let system = SystemInfo { system: "7".into(), timeline: 1, flushed: Lsn(900) };
        assert!(check_resume(&scene, "shop", None, (&system, Lsn(0))).is_err());
    }
}
