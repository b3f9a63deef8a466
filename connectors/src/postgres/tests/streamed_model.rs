//! Random transactions, interleaved, through a model of what a server sends: chunks at any moment, relations announced as the
//! output plugin does it, shapes that change inside transactions and beside them, savepoints rolled back and released, connections
//! that are cut. What comes out are the rows that stayed, in the order of the commits.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::watch;

use crate::change::Change;
use crate::open_transactions::OpenTransactions;
use crate::postgres::assembler::tests::{begin, commit, relation, table, tuple};
use crate::postgres::assembler::{Assembler, Completed};
use crate::postgres::relation_map::KnownTable;
use crate::postgres::spill::Spill;
use crate::postgres::streamed::tests::{abort, of, start, stop, stream_commit};
use crate::schema::{ReplicaIdentity, TableSchema};
use crate::{Lsn, Value};

/// Messages in memory: a few rows.
const MEMORY: usize = 200;
/// Two tables that are followed and one that is not.
const RELATIONS: [(u32, &str); 3] = [(42, "t"), (43, "u"), (77, "other")];
const FOLLOWED: usize = 2;
const SESSIONS: usize = 4;

/// Names of a relation's columns, in the order of the wire.
type Shape = Vec<&'static str>;
type Rows = Vec<(usize, i64)>;

fn known(relation: usize) -> KnownTable {
    let KnownTable { schema, type_oids } = table(ReplicaIdentity::Default, vec![0]);
    let (id, name) = RELATIONS[relation];
    let mut full_name = schema.name.clone();
    full_name.table = name.into();
    KnownTable { schema: Arc::new(TableSchema { id, name: full_name, ..(*schema).clone() }), type_oids }
}

#[derive(Clone, Debug)]
enum What {
    /// A row whose `id` is the number.
    Insert(i64),
    /// The shape changes here: all that was announced of the relation is forgotten.
    Altered,
}

#[derive(Clone, Debug)]
struct Logged {
    /// Of the (sub)transaction.
    xid: u32,
    relation: usize,
    /// `None`: that which holds for everybody.
    shape: Option<Shape>,
    what: What,
}

/// A savepoint that is there, or the transaction itself.
#[derive(Debug)]
struct Level {
    xid: u32,
    /// Subtransactions that were released into it.
    released: Vec<u32>,
    /// Shapes when it began.
    shapes: [Option<Shape>; 3],
}

#[derive(Debug)]
struct Open {
    levels: Vec<Level>,
    log: Vec<Logged>,
    /// How many of the log have been sent.
    sent: usize,
    is_streamed: bool,
    /// What it changed itself.
    shapes: [Option<Shape>; 3],
}

impl Open {
    fn xid(&self) -> u32 {
        self.levels[0].xid
    }

    fn touches(&self, relation: usize) -> bool {
        self.shapes[relation].is_some() || self.log.iter().any(|logged| logged.relation == relation)
    }

    fn rows(&self) -> Rows {
        let row = |logged: &Logged| match logged.what {
            What::Insert(id) if logged.relation < FOLLOWED => Some((logged.relation, id)),
            _ => None,
        };
        self.log.iter().filter_map(row).collect()
    }
}

/// The server with its output plugin, and what it should have led to.
#[derive(Debug)]
struct Model {
    sessions: [Option<Open>; SESSIONS],
    shapes: [Shape; 3],
    /// Announced to everybody.
    announced: [bool; 3],
    /// Announced to the chunks of these transactions.
    announced_to: [BTreeSet<u32>; 3],
    last_xid: u32,
    last_id: i64,
    last_lsn: u64,
    /// Not yet read.
    messages: Vec<Vec<u8>>,
    wanted: Vec<(u64, Rows)>,
}

impl Model {
    fn new() -> Self {
        Self {
            sessions: [const { None }; SESSIONS],
            shapes: [const { Vec::new() }; 3].map(|_: Shape| vec!["id", "v"]),
            announced: [false; 3],
            announced_to: [const { BTreeSet::new() }; 3],
            last_xid: 100,
            last_id: 0,
            last_lsn: 1_000,
            messages: Vec::new(),
            wanted: Vec::new(),
        }
    }

    fn next_xid(&mut self) -> u32 {
        self.last_xid += 1;
        self.last_xid
    }

    fn invalidate(&mut self, relation: usize) {
        self.announced[relation] = false;
        self.announced_to[relation].clear();
    }

    fn forget_announcements_to(&mut self, xid: u32) {
        for to in &mut self.announced_to {
            to.remove(&xid);
        }
    }

    fn act(&mut self, (action, session, argument): (u8, usize, u8)) {
        let relation = usize::from(argument) % 3;
        let Some(mut open) = self.sessions[session].take() else {
            let level = Level { xid: self.next_xid(), released: Vec::new(), shapes: Default::default() };
            let (log, shapes) = (Vec::new(), Default::default());
            self.sessions[session] = Some(Open { levels: vec![level], log, sent: 0, is_streamed: false, shapes });
            return;
        };
        let is_locked = self.sessions.iter().flatten().any(|other| other.shapes[relation].is_some());
        let is_touched = self.sessions.iter().flatten().any(|other| other.touches(relation));
        match action {
            0..=3 if !is_locked => self.insert(&mut open, relation),
            4 if !is_touched => self.alter(&mut open, relation),
            // A publication needs no lock on its tables.
            5 if !is_locked && open.shapes[relation].is_none() => {
                let shape = &mut self.shapes[relation];
                match shape.iter().position(|name| *name == "p") {
                    Some(place) => {
                        shape.remove(place);
                    }
                    None => shape.insert(0, "p"),
                }
                shape.reverse();
                self.invalidate(relation);
            }
            6 => {
                let level = Level { xid: self.next_xid(), released: Vec::new(), shapes: open.shapes.clone() };
                open.levels.push(level);
            }
            7 if open.levels.len() > 1 => {
                let place = 1 + usize::from(argument) % (open.levels.len() - 1);
                for level in open.levels.split_off(place) {
                    open.levels[place - 1].released.extend(std::iter::once(level.xid).chain(level.released));
                }
            }
            8 if open.levels.len() > 1 => {
                let place = 1 + usize::from(argument) % (open.levels.len() - 1);
                self.roll_back_to(&mut open, place);
            }
            9 | 10 => self.send_chunk(&mut open),
            11 => return self.commit(open),
            12 => return self.roll_back(open),
            _ => {}
        }
        self.sessions[session] = Some(open);
    }

    fn insert(&mut self, open: &mut Open, relation: usize) {
        self.last_id += 1;
        let xid = open.levels.last().unwrap().xid;
        let (shape, what) = (open.shapes[relation].clone(), What::Insert(self.last_id));
        open.log.push(Logged { xid, relation, shape, what });
    }

    /// A column more, of a name that nobody asked for.
    fn alter(&mut self, open: &mut Open, relation: usize) {
        let mut shape = open.shapes[relation].clone().unwrap_or_else(|| self.shapes[relation].clone());
        shape.insert(shape.len() / 2, ["a", "b", "c", "d"][shape.len() % 4]);
        open.shapes[relation] = Some(shape.clone());
        let xid = open.levels.last().unwrap().xid;
        open.log.push(Logged { xid, relation, shape: Some(shape), what: What::Altered });
    }

    /// Forgets what is of these; tells it where something has been sent of one.
    fn forget(&mut self, open: &mut Open, gone: &[u32]) {
        let (sent, rest) = open.log.split_at(open.sent);
        for &xid in gone.iter().filter(|xid| sent.iter().any(|logged| logged.xid == **xid)) {
            self.messages.push(abort(open.xid(), xid));
            self.forget_announcements_to(open.xid());
        }
        let altered: Vec<usize> =
            sent.iter().filter(|logged| matches!(logged.what, What::Altered)).map(|l| l.relation).collect();
        altered.into_iter().for_each(|relation| self.invalidate(relation));
        let stays = |logged: &&Logged| !gone.contains(&logged.xid);
        let (sent, rest): (Vec<_>, Vec<_>) =
            (sent.iter().filter(stays).cloned().collect(), rest.iter().filter(stays).cloned().collect());
        open.sent = sent.len();
        open.log = [sent, rest].concat();
    }

    fn roll_back_to(&mut self, open: &mut Open, place: usize) {
        let levels = open.levels.split_off(place);
        let shapes = levels[0].shapes.clone();
        // Inner ones first.
        let gone: Vec<u32> =
            levels.iter().rev().flat_map(|level| level.released.iter().rev().copied().chain([level.xid])).collect();
        self.forget(open, &gone);
        open.shapes = shapes.clone();
        open.levels.push(Level { xid: self.next_xid(), released: Vec::new(), shapes });
    }

    fn roll_back(&mut self, open: Open) {
        if open.is_streamed {
            self.messages.push(abort(open.xid(), open.xid()));
            self.forget_announcements_to(open.xid());
            (0..3).filter(|relation| open.shapes[*relation].is_some()).for_each(|relation| self.invalidate(relation));
        }
    }

    fn send_chunk(&mut self, open: &mut Open) {
        if open.sent == open.log.len() {
            return;
        }
        self.messages.push(start(open.xid(), !open.is_streamed));
        open.is_streamed = true;
        for logged in &open.log[open.sent..] {
            self.send(logged, Some(open.levels[0].xid));
        }
        self.messages.push(stop());
        // Others do not see what it changed.
        let changed = open.log.iter().filter(|logged| matches!(logged.what, What::Altered));
        changed.for_each(|logged| self.invalidate(logged.relation));
        open.sent = open.log.len();
    }

    fn send(&mut self, logged: &Logged, chunk_of: Option<u32>) {
        let What::Insert(number) = logged.what else { return self.invalidate(logged.relation) };
        let (id, name) = RELATIONS[logged.relation];
        let shape = logged.shape.as_ref().unwrap_or(&self.shapes[logged.relation]);
        let columns: Vec<_> = shape.iter().map(|name| (*name, 23, *name == "id")).collect();
        let cell = |name: &&str| match *name {
            "id" => Ok(number as i32),
            "v" => Ok(-(number as i32)),
            _ => Err(b'n'),
        };
        let row = tuple(b'N', &shape.iter().map(cell).collect::<Vec<_>>());
        let insert = [b"I".as_slice(), &id.to_be_bytes(), &row].concat();
        let is_announced = match chunk_of {
            Some(xid) => !self.announced_to[logged.relation].insert(xid),
            None => std::mem::replace(&mut self.announced[logged.relation], true),
        };
        let announcement = (!is_announced).then(|| relation(id, name, b'd', &columns));
        for message in announcement.into_iter().chain([insert]) {
            self.messages.push(if chunk_of.is_some() { of(logged.xid, &message) } else { message });
        }
    }

    fn commit(&mut self, mut open: Open) {
        self.last_lsn += 10;
        self.wanted.push((self.last_lsn, open.rows()));
        if open.is_streamed {
            self.send_chunk(&mut open);
            self.messages.push(stream_commit(open.xid(), self.last_lsn));
            for relation in 0..3 {
                self.announced[relation] |= self.announced_to[relation].remove(&open.xid());
            }
        } else {
            self.messages.push(begin());
            open.log.iter().for_each(|logged| self.send(logged, None));
            self.messages.push(commit(self.last_lsn));
        }
        for relation in 0..3 {
            if let Some(shape) = open.shapes[relation].take() {
                self.shapes[relation] = shape;
                self.invalidate(relation);
            }
        }
    }

    /// A new connection: what is open will be sent again.
    fn cut(&mut self) {
        (self.announced, self.announced_to) = ([false; 3], Default::default());
        self.messages.clear();
        for open in self.sessions.iter_mut().flatten() {
            (open.sent, open.is_streamed) = (0, false);
        }
    }
}

/// A client with a directory that outlives it.
struct Client {
    directory: tempfile::TempDir,
    told: watch::Receiver<OpenTransactions>,
    assembler: Assembler,
    found: Vec<(u64, Rows)>,
}

impl Client {
    fn assembler(directory: &tempfile::TempDir) -> (Assembler, watch::Receiver<OpenTransactions>) {
        let (sender, told) = watch::channel(OpenTransactions::default());
        let spill = Spill::open(directory.path(), MEMORY).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let tables = (0..FOLLOWED).map(known).collect();
        (Assembler::new("shop".into(), 4, tables).streaming_into(spill, sender), told)
    }

    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (assembler, told) = Self::assembler(&directory);
        Self { directory, told, assembler, found: Vec::new() }
    }

    /// Dies without a word, with all that it kept, and comes again.
    fn kill(&mut self) {
        let (assembler, told) = Self::assembler(&self.directory);
        std::mem::forget(std::mem::replace(&mut self.assembler, assembler));
        self.told = told;
    }

    fn take(&mut self, messages: &[Vec<u8>]) -> Result<(), TestCaseError> {
        for message in messages {
            let fault = |error| TestCaseError::fail(format!("{error}"));
            let mut completed = self.assembler.accept(message).map_err(fault)?;
            while self.assembler.is_replaying() {
                completed = self.assembler.replay().map_err(fault)?.0;
            }
            self.note(completed);
            let told = *self.told.borrow_and_update();
            prop_assert!(told.memory_bytes <= MEMORY as u64, "{:?}", told);
            prop_assert!(told.spilled_bytes >= told.disk_bytes);
        }
        Ok(())
    }

    fn note(&mut self, completed: Completed) {
        let row = |change: &Change| match change {
            Change::Insert { table, new } => match new.as_ref() {
                [Value::Int(id), Value::Int(v)] if *id == -v => (usize::from(&*table.name.table == "u"), *id),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        match completed {
            Completed::Nothing => {}
            Completed::Empty(Lsn(end)) => self.found.push((end, Vec::new())),
            Completed::Transaction(transaction) => {
                let Some(Lsn(end)) = transaction.position.lsn() else { panic!("a place in the log") };
                self.found.push((end, transaction.changes.iter().map(row).collect()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn whatever_is_interleaved_the_rows_that_stayed_come_in_the_order_of_the_commits(
        actions in prop::collection::vec((0..14u8, 0..SESSIONS, any::<u8>()), 1..200),
    ) {
        let (mut model, mut client) = (Model::new(), Client::new());
        for (action, session, argument) in actions {
            if action == 13 && argument < 40 {
                client.kill();
                model.cut();
                continue;
            }
            model.act((action, session, argument));
            client.take(&std::mem::take(&mut model.messages))?;
            prop_assert_eq!(&client.found, &model.wanted);
        }
        let open = model.sessions.iter().flatten().filter(|open| open.is_streamed).count();
        prop_assert_eq!(client.told.borrow().open, open as u64);
        drop(client.assembler);
        prop_assert_eq!(std::fs::read_dir(client.directory.path()).unwrap().count(), 0);
        prop_assert_eq!(client.told.borrow().memory_bytes + client.told.borrow().disk_bytes, 0);
    }
}
