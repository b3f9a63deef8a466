//! Messages and the transactions they become.

use std::sync::Arc;

use super::*;
use crate::change::{NewRow, OldRow};
use crate::postgres::logical_messages;
use crate::row::Row;
use crate::schema::{Column, ReplicaIdentity, TableName, TableSchema};
use crate::sql_type::SqlType;
use crate::value::Value;

/// Relation 42, `t (id int4 primary key, v int4)`.
pub(in crate::postgres) fn table(identity: ReplicaIdentity, key: Vec<usize>) -> KnownTable {
    let column = |name: &str| Column::new(name, SqlType::Int4, true);
    let name = TableName { source: "shop".into(), schema: "public".into(), table: "t".into() };
    let schema = TableSchema { name, id: 42, columns: vec![column("id"), column("v")], key, identity };
    KnownTable { schema: Arc::new(schema), type_oids: vec![23, 23] }
}

fn assembler() -> Assembler {
    Assembler::new("shop".into(), 1, vec![table(ReplicaIdentity::Default, vec![0])])
}

/// `(name, type oid, is key)` per column.
pub(in crate::postgres) fn relation(id: u32, name: &str, identity: u8, columns: &[(&str, u32, bool)]) -> Vec<u8> {
    let mut message = [b"R".as_slice(), &id.to_be_bytes(), b"public\0", name.as_bytes(), &[0, identity]].concat();
    message.extend((columns.len() as u16).to_be_bytes());
    for (name, oid, is_key) in columns {
        message.extend([&[u8::from(*is_key)], name.as_bytes(), &[0], &oid.to_be_bytes(), &[0xff; 4]].concat());
    }
    message
}

pub(in crate::postgres) fn begin() -> Vec<u8> {
    [b"B".as_slice(), &[0; 16], &[0, 0, 0, 7]].concat()
}

pub(in crate::postgres) fn commit(end: u64) -> Vec<u8> {
    [b"C\0".as_slice(), &[0; 8], &end.to_be_bytes(), &[0; 8]].concat()
}

/// Cells: a number, `n` or `u`.
pub(in crate::postgres) fn tuple(kind: u8, cells: &[Result<i32, u8>]) -> Vec<u8> {
    let mut bytes = vec![kind, 0, cells.len() as u8];
    for cell in cells {
        match cell {
            Ok(number) => bytes.extend([b"b\0\0\0\x04".as_slice(), &number.to_be_bytes()].concat()),
            Err(kind) => bytes.push(*kind),
        }
    }
    bytes
}

pub(in crate::postgres) fn change(tag: u8, tuples: &[Vec<u8>]) -> Vec<u8> {
    [[tag].as_slice(), &42u32.to_be_bytes(), &tuples.concat()].concat()
}

pub(in crate::postgres) const PLAIN: [(&str, u32, bool); 2] = [("id", 23, true), ("v", 23, false)];

fn changes(assembler: &mut Assembler, messages: &[Vec<u8>]) -> Result<Vec<Change>, SourceError> {
    assembler.accept(&begin())?;
    for message in messages {
        assert_eq!(assembler.accept(message)?, Completed::Nothing);
    }
    match assembler.accept(&commit(100))? {
        Completed::Transaction(transaction) => Ok(transaction.changes),
        Completed::Empty(_) => Ok(Vec::new()),
        Completed::Nothing => panic!("a commit completes"),
    }
}

pub(in crate::postgres) fn row(values: &[Option<i64>]) -> Row {
    values.iter().map(|value| value.map_or(Value::Null, Value::Int)).collect()
}

#[test]
fn columns_are_found_by_name_whatever_their_order() {
    let relation = relation(42, "t", b'd', &[("added", 25, false), ("v", 23, false), ("id", 23, true)]);
    let insert = change(b'I', &[tuple(b'N', &[Err(b'n'), Ok(2), Ok(1)])]);
    let changes = changes(&mut assembler(), &[relation, insert]).unwrap();
    let [Change::Insert { new, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(*new, row(&[Some(1), Some(2)]));
}

#[test]
fn unchanged_values_are_named_unless_the_old_row_has_them() {
    let full = table(ReplicaIdentity::Full, Vec::new());
    let mut with_full = Assembler::new("shop".into(), 1, vec![full]);
    let both = [("id", 23, true), ("v", 23, true)];
    let old_and_new = change(b'U', &[tuple(b'O', &[Ok(1), Ok(5)]), tuple(b'N', &[Ok(2), Err(b'u')])]);
    let found = changes(&mut with_full, &[relation(42, "t", b'f', &both), old_and_new]).unwrap();
    let [Change::Update { old, new, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*old, OldRow::Full(row(&[Some(1), Some(5)])));
    assert_eq!(*new, NewRow { row: row(&[Some(2), Some(5)]), unchanged: vec![] });

    let keyed = change(b'U', &[tuple(b'K', &[Ok(1), Err(b'n')]), tuple(b'N', &[Err(b'u'), Err(b'u')])]);
    let found = changes(&mut assembler(), &[relation(42, "t", b'd', &PLAIN), keyed]).unwrap();
    let [Change::Update { old, new, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*old, OldRow::Key(row(&[Some(1), None])));
    assert_eq!(*new, NewRow { row: row(&[Some(1), None]), unchanged: vec![1] });
}

#[test]
fn a_value_left_out_where_there_is_no_older_one_is_an_error() {
    let insert = change(b'I', &[tuple(b'N', &[Ok(1), Err(b'u')])]);
    let error = changes(&mut assembler(), &[relation(42, "t", b'd', &PLAIN), insert]).unwrap_err();
    assert!(matches!(error, SourceError::Protocol { .. }));
}

#[test]
fn tables_nobody_asked_for_leave_an_empty_transaction() {
    let other = relation(7, "other", b'd', &PLAIN);
    let insert = [b"I".as_slice(), &7u32.to_be_bytes(), &tuple(b'N', &[Ok(1), Ok(2)])].concat();
    let truncate = [b"T".as_slice(), &[0, 0, 0, 1], &[0], &7u32.to_be_bytes()].concat();
    assert_eq!(changes(&mut assembler(), &[other, insert, truncate]).unwrap(), []);
}

#[test]
fn a_relation_that_does_not_fit_the_state_is_reported_and_what_is_gone_is_null_or_left_out() {
    let insert = |cells: &[_]| change(b'I', &[tuple(b'N', cells)]);
    let two = insert(&[Ok(7), Ok(8)]);
    let cases = [
        ("was dropped", relation(42, "t", b'd', &[("id", 23, true)]), insert(&[Ok(7)]), Some(vec![1])),
        ("renamed", relation(42, "t", b'd', &[("id", 23, true), ("w", 23, false)]), two.clone(), Some(vec![1])),
        ("of type", relation(42, "t", b'd', &[("id", 23, true), ("v", 20, false)]), two.clone(), Some(vec![1])),
        ("the key is gone", relation(42, "t", b'f', &[("x", 23, true), ("v", 23, true)]), two.clone(), None),
        ("now named", relation(42, "u", b'd', &PLAIN), two.clone(), None),
        ("made again", relation(43, "t", b'd', &PLAIN), Vec::new(), None),
        ("replica identity", relation(42, "t", b'i', &[("id", 23, false), ("v", 23, true)]), two.clone(), None),
        ("identity", relation(42, "t", b'd', &[("id", 23, false), ("v", 23, false)]), two.clone(), None),
    ];
    for (name, relation, insert, columns) in cases {
        let mut assembler = assembler();
        let messages = if insert.is_empty() { vec![relation] } else { vec![relation, insert] };
        let found = changes(&mut assembler, &messages).unwrap();
        let changed = assembler.take_changed();
        let [change] = changed.as_slice() else { panic!("{name}: {changed:?}") };
        assert_eq!((&change.columns, change.table.table.as_str()), (&columns, "t"), "{name}: {change:?}");
        assert!(name == "the key is gone" || change.reason.contains(name), "{name}: {change:?}");
        match (columns, found.as_slice()) {
            (Some(_), [Change::Insert { new, .. }]) => assert_eq!(*new, row(&[Some(7), None]), "{name}"),
            (None, []) => {}
            (_, other) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_changed_precision_is_reported_once_and_its_values_left_out() {
    let mut narrow = relation(42, "t", b'd', &PLAIN);
    let mut assembler = assembler();
    changes(&mut assembler, &[narrow.clone()]).unwrap();
    assert_eq!(assembler.take_changed(), []);
    *narrow.last_mut().unwrap() = 9;
    let insert = change(b'I', &[tuple(b'N', &[Ok(7), Ok(8)])]);
    let found = changes(&mut assembler, &[narrow, insert.clone()]).unwrap();
    let [Change::Insert { new, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*new, row(&[Some(7), None]));
    let changed = assembler.take_changed();
    assert!(changed.len() == 1 && changed[0].reason.contains("precision"), "{changed:?}");
    changes(&mut assembler, &[insert]).unwrap();
    assert_eq!(assembler.take_changed(), []);
}

#[test]
fn deletes_bring_the_key_and_truncates_all_tables_at_once() {
    let delete = change(b'D', &[tuple(b'K', &[Ok(1), Err(b'n')])]);
    let truncate = [b"T".as_slice(), &[0, 0, 0, 1], &[0], &42u32.to_be_bytes()].concat();
    let found = changes(&mut assembler(), &[relation(42, "t", b'd', &PLAIN), delete, truncate]).unwrap();
    let [Change::Delete { old, .. }, Change::Truncate { tables }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*old, OldRow::Key(row(&[Some(1), None])));
    assert_eq!(tables.len(), 1);
}

/// A message with this flag, place and prefix, and content `c`.
fn message(transactional: bool, lsn: u64, prefix: &str) -> Vec<u8> {
    [b"M".as_slice(), &[u8::from(transactional)], &lsn.to_be_bytes(), prefix.as_bytes(), b"\0\0\0\0\x01c"].concat()
}

#[test]
fn messages_are_rows_of_their_own_table_where_somebody_reads_it() {
    let mut assembler = assembler().following_messages(Some(logical_messages::schema("shop")));
    let rows = |changes: &[Change]| -> Vec<(String, Value)> {
        let row = |change: &Change| match change {
            Change::Insert { table, new } => (format!("{} {:?}", table.name, new[2]), new[1].clone()),
            other => panic!("{other:?}"),
        };
        changes.iter().map(row).collect()
    };
    let inside = [
        relation(42, "t", b'd', &PLAIN),
        message(true, 20, "first"),
        change(b'I', &[tuple(b'N', &[Ok(1), Ok(1)])]),
        message(true, 30, "tailwater"),
        message(true, 40, "second"),
    ];
    let found = changes(&mut assembler, &inside).unwrap();
    assert_eq!(found.len(), 3);
    let messages = [found[0].clone(), found[2].clone()];
    let wanted = ["first", "second"]
        .map(|prefix| (format!("shop.pg_logical.messages {:?}", Value::text(prefix)), Value::Bool(true)));
    assert_eq!(rows(&messages), wanted);

    // Outside: a transaction of its own, behind what has been handed over and in front of what follows.
    assembler.sent_at = 77;
    let Completed::Transaction(alone) = assembler.accept(&message(false, 100, "alone")).unwrap() else { panic!() };
    assert_eq!((alone.position, alone.committed_at), (Position::Lsn(Lsn(101)), 77));
    assert_eq!(
        rows(&alone.changes),
        [(format!("shop.pg_logical.messages {:?}", Value::text("alone")), Value::Bool(false))]
    );
    assert!(!assembler.is_open());
}

#[test]
fn messages_that_nobody_reads_are_left_out() {
    let mut assembler = assembler();
    assert_eq!(assembler.accept(&message(false, 100, "alone")).unwrap(), Completed::Nothing);
    assert_eq!(changes(&mut assembler, &[message(true, 20, "first")]).unwrap(), []);
}
