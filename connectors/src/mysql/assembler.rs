//! Events become whole transactions with positions.
//!
//! ```text
//! Gtid ─ (BEGIN) ─ rows ... ─ Xid | COMMIT            a transaction
//! Gtid ─ statement                                    a statement that is one: DDL, and what is none of ours
//! Gtid ─ rows ... ─ XaPrepare   ...   Gtid ─ XA COMMIT   two: the rows count with the second
//! ```
//!
//! What is prepared has an id of its own. MySQL's position leaves that id out until the transaction ends, so that whoever resumes from
//! it gets the rows again. MariaDB's position cannot leave anything out; so the end of what was not seen to be prepared stops the source.
//! Neither can a place in a file.
//!
//! By file and place a position is what is behind the last event of a transaction, or of an event outside of any (so that a file that is
//! over is let go of), with what that event is known by again. Never is it inside a transaction, nor at the beginning of a file of which nothing came.

use std::collections::HashMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::anchor::behind;
use super::binlog::{BinlogError, Event, MariaXa, QueryKind};
use super::definition;
use super::followed::Followed;
use super::gtid_set::Gtid;
use super::maria_gtids::MariaGtid;
use super::position::{EventCheck, FilePosition, MysqlPosition};
use crate::change::{Change, Transaction};
use crate::position::Position;
use crate::source::TableChange;

/// What an event completes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Completed {
    /// What is known of the shapes of tables from here on, to be kept.
    Shapes(String),
    /// A table changed, before all that completes later.
    Table(TableChange),
    /// A transaction with changes of ours.
    Transaction(Transaction),
    /// One without.
    Progress(MysqlPosition),
}

/// Why nothing that follows can be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The bytes are not understood.
    #[error(transparent)]
    Decoding(#[from] BinlogError),
    /// Events come in an order that makes no sense.
    #[error("{0}")]
    Order(&'static str),
    /// What happened is not in the log: what is held cannot be continued.
    #[error("{0}")]
    Untold(String),
}

/// The id of a transaction.
#[derive(Clone, Debug)]
enum Id {
    Mysql(Gtid),
    Mariadb(MariaGtid),
    /// None, or none that counts: by file and place.
    Place,
}

/// Where an event ends in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventEnd {
    /// The lower 32 bits of it.
    pub(super) next_position: u32,
    /// What it is known by again, by file and place.
    pub(super) check: Option<EventCheck>,
}

#[derive(Debug)]
struct Open {
    id: Id,
    committed_at: i64,
    /// A statement is not all of it.
    begun: bool,
    changes: Vec<Change>,
}

/// Puts together what belongs together.
pub(super) struct Assembler {
    tables: Followed,
    /// Behind all that has completed.
    position: MysqlPosition,
    open: Option<Open>,
    /// Two-phase transactions whose rows have been told, by name.
    prepared: HashMap<String, (Id, Vec<Change>)>,
    /// Of the file, where its name is known.
    place: Option<FilePosition>,
    /// Behind the last event of the file that was no part of a compressed transaction.
    next_place: u64,
    /// That event.
    check: Option<EventCheck>,
    /// Transactions that have ended.
    transactions: u64,
    completed: Vec<Completed>,
}

impl Assembler {
    pub(super) fn new(tables: Followed, position: MysqlPosition) -> Self {
        let (prepared, completed) = (HashMap::new(), Vec::new());
        let (open, place, check) = (None, None, None);
        Self { tables, position, open, prepared, place, next_place: 0, check, transactions: 0, completed }
    }

    /// Behind all that has completed.
    pub(super) fn position(&self) -> &MysqlPosition {
        &self.position
    }

    /// The same in the file, while no transaction is open.
    pub(super) fn place(&self) -> Option<FilePosition> {
        self.place.clone()
    }

    /// How many transactions have ended since it was made, whatever they changed.
    pub(super) fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Whether places are positions.
    fn by_place(&self) -> bool {
        matches!(self.position, MysqlPosition::File(_))
    }

    /// What comes next stands behind this byte of the file.
    pub(super) fn stands_at(&mut self, position: u64) {
        self.next_place = position;
        if let Some(place) = &mut self.place {
            place.position = position;
        }
    }

    /// Takes an event; `end` is where it ends in the file, `None` where it is in none or part of another.
    pub(super) fn take(&mut self, event: Event<'_>, end: Option<EventEnd>) -> Result<Vec<Completed>, Stop> {
        if let Some(EventEnd { next_position, check }) = end {
            self.next_place = behind(self.next_place, next_position);
            self.check = check;
        }
        let leads_on = matches!(event, Event::Rotate { .. });
        self.event(event)?;
        if self.by_place() && end.is_some() && self.open.is_none() && self.completed.is_empty() && !leads_on {
            self.advance(Id::Place)?;
            self.completed.push(Completed::Progress(self.position.clone()));
        }
        let shapes = self.tables.take_shapes().map(Completed::Shapes);
        let changed = self.tables.take_changed().into_iter().map(Completed::Table);
        let mut completed: Vec<_> = shapes.into_iter().chain(changed).collect();
        completed.append(&mut self.completed);
        if self.open.is_none()
            && let Some(place) = &mut self.place
        {
            place.position = self.next_place;
        }
        Ok(completed)
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), Stop> {
        match event {
            Event::Gtid { committed_at, .. } | Event::AnonymousGtid { committed_at } if self.by_place() => {
                self.begin(Id::Place, committed_at, false)
            }
            Event::Gtid { gtid, committed_at } => self.begin(Id::Mysql(gtid), committed_at, false),
            Event::MariaGtid { gtid, standalone, xa, committed_at } => {
                let begun = !standalone && !matches!(xa, MariaXa::Completes(_));
                self.begin(Id::Mariadb(gtid), committed_at, begun)
            }
            Event::AnonymousGtid { .. } => {
                Err(Stop::Untold("a transaction has no id: gtid_mode was switched off".into()))
            }
            Event::Query { schema, sql, kind } => self.statement(&schema, &sql, kind),
            Event::Xid => self.end(),
            Event::XaPrepare { one_phase: true, .. } => self.end(),
            Event::XaPrepare { xid, one_phase: false } => self.prepare(xid),
            Event::Rows(rows) => {
                let open = self.open.as_mut().ok_or(Stop::Order("rows came outside of a transaction"))?;
                Ok(self.tables.rows(&rows, &mut open.changes)?)
            }
            Event::Rotate { file, position, .. } => self.rotate(file, position),
            Event::Heartbeat { position, .. } => {
                self.next_place = self.next_place.max(position);
                Ok(())
            }
            Event::Incident { message } => Err(Stop::Untold(format!("the server lost a part of its log: {message}"))),
            Event::Format { .. }
            | Event::PreviousGtids(_)
            | Event::GtidList(_)
            | Event::TableMap(_)
            | Event::Payload { .. }
            | Event::Stop
            | Event::Ignored => Ok(()),
        }
    }

    fn rotate(&mut self, file: SmolStr, position: u64) -> Result<(), Stop> {
        let place = FilePosition { file, position, check: None };
        if self.by_place() && self.open.is_some() {
            return Err(Stop::Order("a file ended inside a transaction"));
        }
        self.next_place = position;
        self.place = Some(place);
        Ok(())
    }

    fn begin(&mut self, id: Id, committed_at: i64, begun: bool) -> Result<(), Stop> {
        if self.open.is_some() {
            return Err(Stop::Order("a transaction began inside another"));
        }
        self.open = Some(Open { id, committed_at, begun, changes: Vec::new() });
        Ok(())
    }

    fn statement(&mut self, schema: &str, sql: &str, kind: QueryKind) -> Result<(), Stop> {
        let Some(open) = self.open.as_mut() else {
            return match kind {
                // MariaDB says some things outside of transactions.
                QueryKind::Other => Ok(()),
                _ => Err(Stop::Order("a statement came outside of a transaction")),
            };
        };
        match kind {
            QueryKind::Begin | QueryKind::XaStart => open.begun = true,
            QueryKind::Savepoint | QueryKind::XaEnd => {}
            QueryKind::Commit | QueryKind::Rollback => return self.end(),
            QueryKind::XaCommit(xid) => return self.complete(&xid, true),
            QueryKind::XaRollback(xid) => return self.complete(&xid, false),
            QueryKind::Rows => {
                let what = "the log has a statement instead of the rows that it changed (binlog_format is not ROW)";
                return Err(Stop::Untold(what.into()));
            }
            QueryKind::Definition | QueryKind::DefinitionWithRows => {
                for effect in definition::effects(schema, sql) {
                    self.tables.define(effect, &mut open.changes);
                }
                open.begun |= kind == QueryKind::DefinitionWithRows;
                if !open.begun {
                    return self.end();
                }
            }
            QueryKind::Other if !open.begun => return self.end(),
            QueryKind::Other => {}
        }
        Ok(())
    }

    fn prepare(&mut self, xid: String) -> Result<(), Stop> {
        let open = self.open.take().ok_or(Stop::Order("something was prepared that did not begin"))?;
        if !matches!(open.id, Id::Mysql(_)) {
            self.advance(open.id.clone())?;
        }
        self.completed.push(Completed::Progress(self.position.clone()));
        self.prepared.insert(xid, (open.id, open.changes));
        Ok(())
    }

    fn complete(&mut self, xid: &str, commits: bool) -> Result<(), Stop> {
        let Some((id, changes)) = self.prepared.remove(xid) else {
            // Its rows lie before where this stream began.
            return match commits {
                false => self.end(),
                true => Err(Stop::Untold("a two-phase transaction was committed that was prepared before".into())),
            };
        };
        if matches!(id, Id::Mysql(_)) {
            self.advance(id)?;
        }
        if let Some(open) = self.open.as_mut().filter(|_| commits) {
            open.changes = changes;
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), Stop> {
        let open = self.open.take().ok_or(Stop::Order("a transaction ended that did not begin"))?;
        self.advance(open.id)?;
        self.transactions += 1;
        self.completed.push(match open.changes.is_empty() {
            true => Completed::Progress(self.position.clone()),
            false => Completed::Transaction(Transaction {
                position: Position::Mysql(self.position.clone()),
                committed_at: open.committed_at,
                changes: open.changes,
            }),
        });
        Ok(())
    }

    /// The position is behind this one, too.
    fn advance(&mut self, id: Id) -> Result<(), Stop> {
        match (&mut self.position, id) {
            (MysqlPosition::Gtids(set), Id::Mysql(gtid)) => Arc::make_mut(set).insert(&gtid),
            (MysqlPosition::Mariadb(gtids), Id::Mariadb(gtid)) => Arc::make_mut(gtids).advance(gtid),
            (MysqlPosition::File(position), Id::Place) => {
                let file = self.place.as_ref().map(|place| place.file.clone());
                let file = file.ok_or(Stop::Order("events came before the name of their file"))?;
                let next = FilePosition { file, position: self.next_place, check: self.check };
                if next.partial_cmp(position).is_none_or(|order| order.is_lt()) {
                    return Err(Stop::Order("a place in the log stands before the one that came before it"));
                }
                *position = next;
            }
            _ => return Err(Stop::Order("a transaction has an id of another kind")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::Note;
    use super::*;

    /// An assembler by file and place, from this one on.
    fn assembler(from: &str) -> Assembler {
        Assembler::new(Followed::new([], Note::default(), Arc::default()), from.parse().expect("a place"))
    }

    fn rotate(file: &str, position: u64) -> Event<'static> {
        Event::Rotate { file: file.into(), position, artificial: true }
    }

    fn statement(kind: QueryKind) -> Event<'static> {
        Event::Query { schema: "".into(), sql: "".into(), kind }
    }

    fn begin() -> Event<'static> {
        Event::AnonymousGtid { committed_at: 0 }
    }

    /// Takes an event that ends there; the positions that it completes, as the state keeps them.
    fn take(assembler: &mut Assembler, event: Event<'_>, next_position: u32) -> Result<Vec<String>, Stop> {
        let check = Some(EventCheck { size: 9, crc: next_position });
        let end = (next_position != 0).then_some(EventEnd { next_position, check });
        let kept = |completed| match completed {
            Completed::Progress(position) => position.kept(),
            other => panic!("{other:?}"),
        };
        Ok(assembler.take(event, end)?.into_iter().map(kept).collect())
    }

    #[test]
    fn a_place_is_behind_a_transaction_or_outside_of_any_and_never_inside() {
        let mut it = assembler("log.000001:100");
        let mut step = |event, end| take(&mut it, event, end).expect("an order that makes sense");
        assert!(step(rotate("log.000001", 100), 0).is_empty());
        assert!(step(begin(), 160).is_empty());
        assert!(step(statement(QueryKind::Begin), 200).is_empty());
        assert!(step(statement(QueryKind::Savepoint), 230).is_empty());
        assert_eq!(step(Event::Xid, 261), ["log.000001:261~9-00000105"]);
        assert!(step(begin(), 300).is_empty());
        assert_eq!(step(statement(QueryKind::Definition), 400), ["log.000001:400~9-00000190"]);
        // The events of a compressed transaction are inside of the one that ends at 500.
        assert!(step(begin(), 440).is_empty());
        assert!(step(Event::Payload { uncompressed_bytes: 9 }, 500).is_empty());
        assert!(step(statement(QueryKind::Begin), 0).is_empty());
        assert_eq!(step(Event::Xid, 0), ["log.000001:500~9-000001f4"]);
        assert_eq!(it.transactions(), 3);
    }

    #[test]
    fn a_file_that_is_over_is_let_go_of_when_something_of_the_next_has_come() {
        let mut it = assembler("log.999999:100");
        let mut step = |event, end| take(&mut it, event, end).expect("an order that makes sense");
        step(rotate("log.999999", 100), 0);
        assert!(step(Event::Rotate { file: "log.1000000".into(), position: 4, artificial: false }, 150).is_empty());
        assert!(step(rotate("log.1000000", 4), 0).is_empty());
        let format = Event::Format { server_version: String::new() };
        assert_eq!(step(format, 126), ["log.1000000:126~9-0000007e"]);
        // At the end of the log nothing is before the place but what was there already.
        assert!(step(Event::Heartbeat { file: "log.1000000".into(), position: 126 }, 0).is_empty());
    }

    #[test]
    fn places_beyond_32_bits_are_counted_on() {
        let mut it = assembler("log.000001:4000000000");
        take(&mut it, rotate("log.000001", 4_000_000_000), 0).expect("a file");
        take(&mut it, begin(), 4_100_000_000).expect("a beginning");
        let told = take(&mut it, statement(QueryKind::Other), (5_000_000_000_u64 - (1 << 32)) as u32).expect("an end");
        assert_eq!(told, ["log.000001:5000000000~9-2a05f200"]);
    }

    #[test]
    fn what_makes_no_sense_of_places_stops() {
        for events in [
            vec![(begin(), 160), (rotate("log.000002", 4), 0)],
            vec![(rotate("log.000001", 4), 0), (begin(), 60), (statement(QueryKind::Other), 90)],
            vec![(rotate("other.000009", 4), 0), (begin(), 60), (statement(QueryKind::Other), 90)],
        ] {
            let mut it = assembler("log.000001:100");
            take(&mut it, rotate("log.000001", 100), 0).expect("a file");
            let stopped = events.into_iter().find_map(|(event, end)| take(&mut it, event, end).err());
            assert!(matches!(stopped, Some(Stop::Order(_))), "{stopped:?}");
        }
        // By id, a transaction without one is a gap.
        let mut it = assembler("gtid:none");
        assert!(matches!(take(&mut it, begin(), 60), Err(Stop::Untold(_))));
    }
}
