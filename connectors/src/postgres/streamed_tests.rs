//! Transactions that come in chunks, and what becomes of them at their end.

use tempfile::TempDir;

use super::*;
use crate::Lsn;
use crate::change::Change;
use crate::postgres::assembler::tests::{PLAIN, begin, change, commit, relation, row, table, tuple};
use crate::postgres::assembler::{Assembler, Completed};
use crate::schema::ReplicaIdentity;

/// Everything goes to files at once.
fn assembler() -> (TempDir, Assembler) {
    let directory = tempfile::tempdir().unwrap();
    let spill = Spill::open(directory.path(), 0).unwrap();
    let tables = vec![table(ReplicaIdentity::Default, vec![0])];
    (directory, Assembler::new("shop".into(), 4, tables).streaming_into(spill, OpenTransactionsSender::default()))
}

fn files(directory: &TempDir) -> usize {
    std::fs::read_dir(directory.path()).unwrap().count()
}

pub(in crate::postgres) fn start(xid: u32, first: bool) -> Vec<u8> {
    [b"S".as_slice(), &xid.to_be_bytes(), &[u8::from(first)]].concat()
}

pub(in crate::postgres) fn stop() -> Vec<u8> {
    b"E".to_vec()
}

pub(in crate::postgres) fn stream_commit(xid: u32, end: u64) -> Vec<u8> {
    [b"c".as_slice(), &xid.to_be_bytes(), &[0], &[0; 8], &end.to_be_bytes(), &9i64.to_be_bytes()].concat()
}

pub(in crate::postgres) fn abort(xid: u32, subxid: u32) -> Vec<u8> {
    [b"A".as_slice(), &xid.to_be_bytes(), &subxid.to_be_bytes()].concat()
}

/// A message as a (sub)transaction has it inside a chunk.
pub(in crate::postgres) fn of(xid: u32, message: &[u8]) -> Vec<u8> {
    [&message[..1], &xid.to_be_bytes(), &message[1..]].concat()
}

fn plain() -> Vec<u8> {
    relation(42, "t", b'd', &PLAIN)
}

fn insert(id: i32, v: i32) -> Vec<u8> {
    change(b'I', &[tuple(b'N', &[Ok(id), Ok(v)])])
}

/// A chunk of `xid`; parts are of the given (sub)transactions.
fn chunk((xid, first): (u32, bool), parts: &[(u32, Vec<u8>)]) -> Vec<Vec<u8>> {
    let parts = parts.iter().map(|(xid, message)| of(*xid, message));
    std::iter::once(start(xid, first)).chain(parts).chain([stop()]).collect()
}

/// What the messages complete, to the end.
fn take(assembler: &mut Assembler, messages: &[Vec<u8>]) -> Result<Vec<Completed>, SourceError> {
    let mut all = Vec::new();
    for message in messages {
        all.push(assembler.accept(message)?);
        while assembler.is_replaying() {
            assert!(assembler.is_open());
            all.push(assembler.replay()?.0);
        }
    }
    all.retain(|completed| *completed != Completed::Nothing);
    Ok(all)
}

/// End and inserted rows of each transaction.
fn inserted(completed: &[Completed]) -> Vec<(u64, Vec<(i64, i64)>)> {
    let row = |change: &Change| match change {
        Change::Insert { new, .. } => match new.as_ref() {
            [crate::Value::Int(id), crate::Value::Int(v)] => (*id, *v),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let transaction = |completed: &Completed| match completed {
        Completed::Transaction(transaction) => {
            let Some(Lsn(end)) = transaction.position.lsn() else { panic!("a place in the log") };
            (end, transaction.changes.iter().map(row).collect())
        }
        Completed::Empty(Lsn(end)) => (*end, Vec::new()),
        Completed::Nothing => panic!("filtered out"),
    };
    completed.iter().map(transaction).collect()
}

#[test]
fn interleaved_transactions_come_whole_in_the_order_of_their_commits() {
    let (directory, mut assembler) = assembler();
    let messages = [
        chunk((7, true), &[(7, plain()), (7, insert(1, 1))]),
        chunk((9, true), &[(9, plain()), (9, insert(2, 2))]),
        vec![begin(), plain(), insert(3, 3), commit(100)],
        chunk((7, false), &[(7, insert(4, 4))]),
        chunk((9, false), &[(9, insert(5, 5))]),
        vec![stream_commit(9, 200), begin(), insert(6, 6), commit(300), stream_commit(7, 400)],
    ];
    let found = take(&mut assembler, &messages.concat()).unwrap();
    let wanted = [(100, vec![(3, 3)]), (200, vec![(2, 2), (5, 5)]), (300, vec![(6, 6)]), (400, vec![(1, 1), (4, 4)])];
    assert_eq!(inserted(&found), wanted);
    let Completed::Transaction(last) = &found[3] else { panic!("{found:?}") };
    assert_eq!(last.committed_at, 9);
    assert_eq!(files(&directory), 0);
}

#[test]
fn what_is_rolled_back_to_a_savepoint_is_left_out_with_all_inside_it() {
    let (_directory, mut assembler) = assembler();
    let messages = [
        chunk((7, true), &[(7, plain()), (7, insert(1, 1)), (8, insert(2, 2)), (9, insert(3, 3)), (8, insert(4, 4))]),
        // Savepoint 9 was released into 8, which is rolled back: the server names both, the inner one first.
        vec![abort(7, 9), abort(7, 8)],
        chunk((7, false), &[(10, plain()), (10, insert(5, 5)), (11, insert(6, 6))]),
        vec![abort(7, 11)],
        chunk((7, false), &[(7, plain()), (7, insert(7, 7))]),
        vec![stream_commit(7, 100)],
    ];
    let found = take(&mut assembler, &messages.concat()).unwrap();
    assert_eq!(inserted(&found), [(100, vec![(1, 1), (5, 5), (7, 7)])]);
}

#[test]
fn a_rollback_leaves_nothing() {
    let (directory, mut assembler) = assembler();
    take(&mut assembler, &chunk((7, true), &[(7, plain()), (7, insert(1, 1))])).unwrap();
    assert_eq!(files(&directory), 1);
    assert_eq!(take(&mut assembler, &[abort(7, 7)]).unwrap(), []);
    assert_eq!(files(&directory), 0);
    assert!(take(&mut assembler, &[stream_commit(7, 100)]).is_err());
}

#[test]
fn a_transaction_of_which_nothing_stays_is_empty() {
    let (_directory, mut assembler) = assembler();
    let messages = [chunk((7, true), &[(8, plain()), (8, insert(1, 1))]), vec![abort(7, 8), stream_commit(7, 100)]];
    assert_eq!(take(&mut assembler, &messages.concat()).unwrap(), [Completed::Empty(Lsn(100))]);
}

#[test]
fn the_abort_of_protocol_version_4_tells_place_and_time() {
    let (_directory, mut assembler) = assembler();
    let with_place = |xid, subxid| [&abort(xid, subxid)[..], &[0; 16]].concat();
    let messages = [
        chunk((7, true), &[(7, plain()), (7, insert(1, 1)), (8, insert(2, 2))]),
        chunk((9, true), &[(9, plain()), (9, insert(3, 3))]),
        vec![with_place(7, 8), with_place(9, 9), stream_commit(7, 100)],
    ];
    assert_eq!(inserted(&take(&mut assembler, &messages.concat()).unwrap()), [(100, vec![(1, 1)])]);
}

/// The publication's columns can change while a transaction that wrote the table is open.
#[test]
fn rows_are_read_as_their_own_transaction_announced_them() {
    let (_directory, mut assembler) = assembler();
    let turned = relation(42, "t", b'd', &[("v", 23, false), ("id", 23, true)]);
    let messages = [
        chunk((7, true), &[(7, plain()), (7, insert(1, 10))]),
        vec![begin(), turned.clone(), insert(20, 2), commit(100)],
        chunk((7, false), &[(7, insert(3, 30))]),
        vec![stream_commit(7, 200)],
        // The newer announcement holds on for the others, for the server does not repeat it.
        vec![begin(), insert(40, 4), commit(300)],
        chunk((8, true), &[(8, plain()), (8, insert(5, 50))]),
        vec![stream_commit(8, 400)],
        // And now that of the streamed transaction is newer.
        vec![begin(), insert(6, 60), commit(500)],
    ];
    let found = inserted(&take(&mut assembler, &messages.concat()).unwrap());
    let wanted = [
        (100, vec![(2, 20)]),
        (200, vec![(1, 10), (3, 30)]),
        (300, vec![(4, 40)]),
        (400, vec![(5, 50)]),
        (500, vec![(6, 60)]),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn what_a_streamed_transaction_announced_holds_for_others_from_its_commit_on() {
    let streamed = chunk((7, true), &[(7, plain()), (7, insert(1, 1))]);
    let other = vec![begin(), insert(2, 2), commit(200)];
    let (_directory, mut open) = assembler();
    assert!(take(&mut open, &[streamed.clone(), other.clone()].concat()).is_err());
    let (_directory, mut committed) = assembler();
    let found = take(&mut committed, &[streamed, vec![stream_commit(7, 100)], other].concat()).unwrap();
    assert_eq!(inserted(&found), [(100, vec![(1, 1)]), (200, vec![(2, 2)])]);
}

#[test]
fn a_change_of_shape_counts_when_it_commits_and_never_when_it_is_rolled_back() {
    let dropped = relation(42, "t", b'd', &[("id", 23, true)]);
    let narrow = change(b'I', &[tuple(b'N', &[Ok(2)])]);
    let altered = |xid| [(7, plain()), (7, insert(1, 1)), (xid, dropped.clone()), (xid, narrow.clone())];

    let (_directory, mut assembler_) = assembler();
    let messages = [
        chunk((7, true), &altered(8)),
        vec![abort(7, 8)],
        chunk((7, false), &[(7, plain()), (7, insert(3, 3))]),
        vec![stream_commit(7, 100)],
    ];
    assert_eq!(inserted(&take(&mut assembler_, &messages.concat()).unwrap()), [(100, vec![(1, 1), (3, 3)])]);

    let (_directory, mut assembler_) = assembler();
    take(&mut assembler_, &[chunk((7, true), &altered(7)), vec![abort(7, 7)]].concat()).unwrap();

    let (_directory, mut assembler_) = assembler();
    take(&mut assembler_, &chunk((7, true), &altered(7))).unwrap();
    take(&mut assembler_, &[stream_commit(7, 100)]).unwrap();
    assert_eq!(assembler_.take_changed().len(), 1);
}

#[test]
fn a_precision_that_a_streamed_transaction_changed_is_refused() {
    let (_directory, mut assembler) = assembler();
    take(&mut assembler, &[begin(), plain(), commit(100)]).unwrap();
    let mut precise = plain();
    *precise.last_mut().unwrap() = 9;
    take(&mut assembler, &chunk((7, true), &[(7, precise), (7, insert(1, 1))])).unwrap();
    assert_eq!(assembler.take_changed(), []);
    take(&mut assembler, &[stream_commit(7, 200)]).unwrap();
    assert!(assembler.take_changed()[0].reason.contains("precision"));
}

#[test]
fn positions_are_in_the_middle_of_something_in_a_chunk_and_in_a_replay_and_not_between() {
    let (_directory, mut assembler) = assembler();
    assembler.accept(&start(7, true)).unwrap();
    assert!(assembler.is_open() && assembler.is_in_chunk());
    assembler.accept(&of(7, &plain())).unwrap();
    assembler.accept(&of(7, &insert(1, 1))).unwrap();
    assembler.accept(&stop()).unwrap();
    assert!(!assembler.is_open() && !assembler.is_in_chunk());
    assert_eq!(assembler.accept(&stream_commit(7, 100)).unwrap(), Completed::Nothing);
    assert!(assembler.is_open() && assembler.is_replaying());
    assert!(matches!(assembler.replay().unwrap(), (Completed::Transaction(_), bytes) if bytes > 0));
    assert!(!assembler.is_open());
}

#[test]
fn a_large_transaction_is_replayed_in_pieces() {
    let (_directory, mut assembler) = assembler();
    let rows: Vec<(u32, Vec<u8>)> = (0..60_000).map(|id| (7, insert(id, id))).collect();
    take(&mut assembler, &chunk((7, true), &[&[(7, plain())], &rows[..]].concat())).unwrap();
    assembler.accept(&stream_commit(7, 100)).unwrap();
    let mut pieces = 1;
    let completed = loop {
        match assembler.replay().unwrap() {
            (Completed::Nothing, bytes) => assert!(bytes < 1 << 20),
            (completed, _) => break completed,
        }
        pieces += 1;
    };
    assert!(pieces > 2, "{pieces} pieces");
    let Completed::Transaction(transaction) = completed else { panic!("{completed:?}") };
    assert_eq!(transaction.changes.len(), 60_000);
    let Change::Insert { new, .. } = &transaction.changes[59_999] else { panic!("an insert") };
    assert_eq!(*new, row(&[Some(59_999), Some(59_999)]));
}

#[test]
fn kept_bytes_that_changed_are_an_error_that_reading_again_heals() {
    let (directory, mut assembler) = assembler();
    take(&mut assembler, &chunk((7, true), &[(7, plain()), (7, insert(1, 1))])).unwrap();
    let path = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = take(&mut assembler, &[stream_commit(7, 100)]).unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("7.spill"), "{error}");
}

#[test]
fn changes_of_tables_that_nobody_follows_are_not_kept() {
    let (directory, mut assembler) = assembler();
    let other = |message: &[u8]| {
        let mut other = message.to_vec();
        other[1..5].copy_from_slice(&77u32.to_be_bytes());
        other
    };
    let announced = relation(77, "other", b'd', &PLAIN);
    take(&mut assembler, &chunk((7, true), &[(7, announced), (7, other(&insert(1, 1)))])).unwrap();
    let length = || {
        let mut entries = std::fs::read_dir(directory.path()).unwrap();
        entries.next().unwrap().unwrap().metadata().unwrap().len()
    };
    let before = length();
    take(&mut assembler, &chunk((7, false), &[(7, other(&insert(2, 2)))])).unwrap();
    assert_eq!(length(), before);
    assert_eq!(take(&mut assembler, &[stream_commit(7, 100)]).unwrap(), [Completed::Empty(Lsn(100))]);
}

#[test]
fn a_rollback_of_what_never_came_is_nothing() {
    let (_directory, mut assembler) = assembler();
    let messages = [vec![abort(7, 8), abort(7, 7)], chunk((9, true), &[(9, plain())]), vec![abort(7, 7)]].concat();
    assert!(take(&mut assembler, &messages).unwrap().iter().all(|completed| *completed == Completed::Nothing));
    assert!(take(&mut assembler, &[stream_commit(7, 100)]).is_err());
}

#[test]
fn what_may_not_come_at_its_place_is_an_error() {
    let one = || chunk((7, true), &[(7, plain())]);
    let cases = [
        ("commit of an unknown transaction", vec![stream_commit(7, 100)]),
        ("a later chunk of an unknown transaction", vec![start(7, false)]),
        ("a first chunk for the second time", [one(), one()].concat()),
        ("a second commit", [one(), vec![stream_commit(7, 100), stream_commit(7, 200)]].concat()),
        ("a chunk inside a chunk", vec![start(7, true), start(8, true)]),
        ("a commit inside a chunk", vec![start(7, true), stream_commit(7, 100)]),
        ("a rollback inside a chunk", vec![start(7, true), abort(7, 7)]),
        ("a transaction inside a chunk", vec![start(7, true), begin()]),
        ("a chunk inside a transaction", vec![begin(), start(7, true)]),
        ("an end without a chunk", vec![stop()]),
        ("a change outside", [one(), vec![of(7, &insert(1, 1))]].concat()),
        ("a relation that was not announced", vec![start(7, true), of(7, &insert(1, 1))]),
        ("a relation that another announced", [one(), vec![start(8, true), of(8, &insert(1, 1))]].concat()),
    ];
    for (name, messages) in cases {
        let (_directory, mut assembler) = assembler();
        let error = take(&mut assembler, &messages).expect_err(name);
        assert!(matches!(error, SourceError::Protocol { .. }), "{name}: {error}");
    }
    let mut not_asked = Assembler::new("shop".into(), 4, vec![table(ReplicaIdentity::Default, vec![0])]);
    let error = not_asked.accept(&start(7, true)).unwrap_err();
    assert!(error.to_string().contains("StreamStart was not asked for"), "{error}");
}
