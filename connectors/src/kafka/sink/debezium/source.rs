//! `source` of an envelope: where a row comes from.

use crate::json;
use crate::mysql::{GtidSet, MysqlPosition};
use crate::position::Position;

use super::super::config::Origin;
use super::super::encoder::Moment;

/// Debezium's name of its connector.
pub(super) const MARIADB: &str = "mariadb";

/// Where a message comes from, and whether it is of the first fill.
pub(in super::super) struct Told<'m> {
    pub(in super::super) sink: &'m str,
    pub(in super::super) origin: Option<&'m Origin>,
    pub(in super::super) moment: &'m Moment,
    pub(in super::super) is_snapshot: bool,
}

impl Told<'_> {
    /// Where the source was.
    fn position(&self) -> Option<&Position> {
        self.moment.positions.0.get(&self.origin?.source)
    }

    /// Debezium's name of the connector that there is for the source, if there is one.
    fn connector(&self) -> Option<&'static str> {
        let connector = self.origin?.connector()?;
        Some(if self.is_mariadb() { MARIADB } else { connector })
    }

    /// MariaDB has a connector of its own.
    pub(in super::super) fn is_mariadb(&self) -> bool {
        matches!(self.position().and_then(Position::mysql), Some(MysqlPosition::Mariadb(_)))
    }
}

/// Appends `{"version":...}`: for a table of Postgres or MySQL what Debezium's connector has there, as far as it is known.
pub(in super::super) fn write_source(out: &mut Vec<u8>, told: &Told<'_>) {
    let Told { sink, origin, moment, is_snapshot } = told;
    let (position, connector) = (told.position(), told.connector());
    let mut object = Object { out };
    object.text("{\"version\":", env!("CARGO_PKG_VERSION"));
    object.text(",\"connector\":", connector.unwrap_or("tailwater"));
    object.text(",\"name\":", origin.map_or(sink, |origin| &origin.source));
    // Of the commit; where rows are read and not followed, of the reading.
    let micros = moment.committed_micros.unwrap_or(moment.at_micros);
    object.plain(&format!(",\"ts_ms\":{},\"snapshot\":\"{is_snapshot}\"", micros.div_euclid(1_000)));
    object.text(",\"db\":", origin.and_then(|origin| origin.database.as_deref()).unwrap_or_default());
    let lsn = position.and_then(Position::lsn).map(|lsn| lsn.0);
    match lsn {
        Some(lsn) => object.text(",\"sequence\":", &format!("[\"{lsn}\",\"{lsn}\"]")),
        None => object.plain(",\"sequence\":null"),
    }
    object.plain(&format!(",\"ts_us\":{micros},\"ts_ns\":{}", i128::from(micros) * 1_000));
    if let Some(schema) = origin.and_then(|origin| origin.schema.as_deref()) {
        object.text(",\"schema\":", schema);
    }
    if let Some(origin) = origin {
        object.text(",\"table\":", &origin.table);
    }
    match connector {
        Some("postgresql") => {
            let lsn = lsn.map_or("null".into(), |lsn| lsn.to_string());
            let unknown = "\"xmin\":null,\"origin\":null,\"origin_lsn\":null";
            object.plain(&format!(",\"txId\":null,\"lsn\":{lsn},{unknown}"));
        }
        Some(_) => object.place(position.and_then(Position::mysql), *is_snapshot),
        None => {
            object.text(",\"position\":", &moment.positions.to_string());
            object.plain(&format!(",\"step\":{}", moment.step));
        }
    }
    object.plain("}");
}

struct Object<'o> {
    out: &'o mut Vec<u8>,
}

impl Object<'_> {
    fn plain(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Where a log of MySQL or MariaDB was.
    fn place(&mut self, position: Option<&MysqlPosition>, is_snapshot: bool) {
        self.plain(",\"server_id\":0");
        match position.and_then(newest_gtid).filter(|_| !is_snapshot) {
            Some(gtid) => self.text(",\"gtid\":", &gtid),
            None => self.plain(",\"gtid\":null"),
        }
        let (file, place) = match position {
            Some(MysqlPosition::File(at)) => (at.file.as_str(), at.position),
            _ => ("", 0),
        };
        self.text(",\"file\":", file);
        self.plain(&format!(",\"pos\":{place},\"row\":0,\"thread\":null,\"query\":null"));
    }

    fn text(&mut self, member: &str, text: &str) {
        self.plain(member);
        json::write_string(self.out, text);
    }
}

/// The newest transaction, where the position leaves no doubt.
fn newest_gtid(position: &MysqlPosition) -> Option<String> {
    match position {
        MysqlPosition::Gtids(set) => {
            let mut newest = GtidSet::new();
            newest.insert(&set.newest()?);
            Some(newest.to_string())
        }
        MysqlPosition::Mariadb(gtids) => {
            let mut domains = gtids.iter();
            match (domains.next(), domains.next()) {
                (Some(newest), None) => Some(newest.to_string()),
                _ => None,
            }
        }
        MysqlPosition::File(_) => None,
    }
}
