//! Rows of MySQL's and MariaDB's logs, of a table with a column of every type, and the texts of a copy of it: no bytes may panic, and what is
//! read fits the columns. What cannot be read is an error of that table alone.
//!
//! Input: the kind of event, then what stands behind the table's number in it; the first line is also the text of each column of a copied row.
#![no_main]

mod checks;

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::mysql::Flavor;
use tailwater_connectors::mysql::binlog::{Checksum, Decoder, Event, EventHeader, RawEvent, RowChange, TableMap};
use tailwater_connectors::mysql::value::{ColumnDefault, MysqlColumn, MysqlTable, MysqlType, RowPlan, ZeroDates};
use tailwater_connectors::schema::{ReplicaIdentity, TableName};
use tailwater_connectors::{Column, TableSchema};

const TABLE_MAP: u8 = 19;
/// Inserts, updates and deletes of both forms, changes of documents, and MariaDB's compressed ones.
const KINDS: [u8; 13] = [23, 24, 25, 30, 31, 32, 39, 166, 167, 168, 169, 170, 171];

/// Number of a type in the log, its metadata there, and what the catalog says.
fn described() -> Vec<(u8, &'static [u8], MysqlType)> {
    let charset = || "utf8mb4".into();
    let int = |bytes, unsigned| MysqlType::Int { bytes, unsigned };
    let labels = || vec!["x".into(), "y".into(), "z".into()];
    vec![
        (3, &[], int(4, false)),
        (1, &[], int(1, true)),
        (2, &[], int(2, true)),
        (9, &[], int(3, false)),
        (8, &[], int(8, true)),
        (4, &[4], MysqlType::Float),
        (5, &[8], MysqlType::Double),
        (246, &[20, 6], MysqlType::Decimal { precision: 20, scale: 6 }),
        (16, &[5, 2], MysqlType::Bit(21)),
        (13, &[], MysqlType::Year),
        (10, &[], MysqlType::Date),
        (19, &[3], MysqlType::Time(3)),
        (18, &[6], MysqlType::Datetime(6)),
        (17, &[2], MysqlType::Timestamp(2)),
        (15, &[40, 0], MysqlType::Text { charset: charset() }),
        (15, &[0, 2], MysqlType::Bytes),
        (252, &[2], MysqlType::Text { charset: "latin1".into() }),
        (254, &[254, 8], MysqlType::Binary(8)),
        (254, &[247, 1], MysqlType::Enum { labels: labels(), charset: charset() }),
        (254, &[248, 1], MysqlType::Set { labels: labels(), charset: charset() }),
        (245, &[4], MysqlType::Json),
        (255, &[4], MysqlType::Geometry),
        (242, &[4], MysqlType::Vector),
    ]
}

fn table(zero_dates: ZeroDates) -> MysqlTable {
    let column = |(place, (_, _, mysql_type)): (usize, (u8, &[u8], MysqlType))| MysqlColumn {
        name: format!("c{place}").into(),
        mysql_type,
        place,
        in_key: place == 0,
        generated: false,
        default: ColumnDefault::Null,
    };
    let columns: Vec<MysqlColumn> = described().into_iter().enumerate().map(column).collect();
    let ours = |column: &MysqlColumn| {
        Column::new(column.name.clone(), column.mysql_type.sql_type(&column.name, zero_dates), column.place > 0)
    };
    let schema = TableSchema {
        name: TableName { source: "s".into(), schema: "d".into(), table: "t".into() },
        columns: columns.iter().map(ours).collect(),
        key: vec![0],
        id: 0,
        identity: ReplicaIdentity::Default,
    };
    MysqlTable { schema: Arc::new(schema), width: columns.len(), columns, engine: "InnoDB".into(), zero_dates }
}

fn raw(kind: u8, data: &[u8]) -> RawEvent<'_> {
    let size = (EventHeader::BYTES + data.len()) as u32;
    let header = EventHeader { timestamp: 0, kind, server_id: 1, size, next_position: 4, flags: 0 };
    RawEvent { header, data, checksum: Checksum::None, inner: false }
}

/// The description of the table, as the log has it.
fn map_bytes() -> Vec<u8> {
    let types = described();
    let mut bytes = vec![7, 0, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 1, b't', 0, types.len() as u8];
    bytes.extend(types.iter().map(|(number, ..)| *number));
    let metadata: Vec<u8> = types.iter().flat_map(|(_, metadata, _)| metadata.iter().copied()).collect();
    bytes.push(metadata.len() as u8);
    bytes.extend(metadata);
    bytes.extend(std::iter::repeat_n(0xFF, types.len().div_ceil(8)));
    bytes
}

/// Tables by policy, and how the log's rows are read.
fn plans() -> &'static [(MysqlTable, RowPlan)] {
    static PLANS: OnceLock<Vec<(MysqlTable, RowPlan)>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let map = map_of(&mut Decoder::new(Flavor::Mariadb));
        let plan = |zero_dates| {
            let table = table(zero_dates);
            let (plan, lost) = RowPlan::new(&map, &table).expect("a plan");
            assert!(lost.columns.is_empty(), "{}", lost.reason);
            (table, plan)
        };
        [ZeroDates::Null, ZeroDates::Refuse, ZeroDates::Text].map(plan).into()
    })
}

fn map_of(decoder: &mut Decoder) -> Arc<TableMap> {
    match decoder.decode(&raw(TABLE_MAP, &map_bytes())) {
        Ok(Event::TableMap(map)) => map,
        other => panic!("{other:?}"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [first, policy, rest @ ..] = bytes else { return };
    let (table, plan) = &plans()[usize::from(*policy) % plans().len()];
    let columns = &table.schema.columns;
    let mut decoder = Decoder::new(Flavor::Mariadb);
    map_of(&mut decoder);
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let data = [&[7, 0, 0, 0, 0, 0], rest].concat();
    if let Ok(Event::Rows(rows)) = decoder.decode(&raw(kind, &data)) {
        for change in rows.changes(plan) {
            match change {
                Ok(change) => {
                    let (old, new) = match &change {
                        RowChange::Insert { new } => (None, Some(new)),
                        RowChange::Update { old, new } => (Some(old), Some(new)),
                        RowChange::Delete { old } => (Some(old), None),
                    };
                    old.into_iter().chain(new).for_each(|image| checks::fit(columns, image.row.iter()));
                    let _ = change.into_change(table);
                }
                Err(error) => assert!(error.table().is_some_and(|name| name == ("d", "t")), "{error}"),
            }
        }
    }
    let text = rest.split(|byte| *byte == b'\n').next();
    let copied = table.copy_plan().expect("known character sets");
    if let Ok(row) = copied.row(std::iter::repeat_n(text, columns.len())) {
        checks::fit(columns, row.iter());
    }
});
