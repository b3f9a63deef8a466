//! From changed rows to records: key, partition and value. A format that cannot write a value refuses the row.

use std::time::{SystemTime, UNIX_EPOCH};

use smol_str::SmolStr;

use crate::kafka::format::EncodeError;
use crate::position::Positions;
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::sink::{ChangelogBatch, Cursor, RowChange, SinkError};
use crate::value::Value;

use super::config::{KafkaMode, KafkaSinkConfig, Origin};
use super::cursor::Layout;
use super::debezium;
use super::envelope::{Operation, Told, row_state, told, write_sides};
use super::error::Place;
use super::form::{Form, json_object};
use super::murmur;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) spot: Spot,
    /// `None`: a tombstone.
    pub(super) value: Option<Vec<u8>>,
}

impl Record {
    /// What it takes of a batch.
    pub(super) fn bytes(&self) -> usize {
        self.spot.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// Where a row is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) partition: i32,
    pub(super) key: Vec<u8>,
}

/// Of which step records tell.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) step: u64,
    pub(super) positions: Positions,
    /// When the message is made, since 1970.
    pub(super) at_micros: i64,
    /// When the newest transaction that it covers was committed, since 1970; `None`: it tells of what was there.
    pub(super) committed_micros: Option<i64>,
}

/// From 1970 to the beginning of moments here.
const MICROS_TO_2000: i64 = 946_684_800_000_000;

impl Moment {
    pub(super) fn now(cursor: &Cursor) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self { step: cursor.step, positions: cursor.positions.clone(), at_micros, committed_micros: None }
    }

    /// Of a batch that is written now.
    pub(super) fn of(batch: &ChangelogBatch) -> Self {
        let committed_micros = batch.committed_at.map(|at| at.saturating_add(MICROS_TO_2000));
        Self { committed_micros, ..Self::now(&batch.cursor) }
    }
}

/// Which columns are the key, and which place a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) key: Vec<usize>,
    partition_by: Vec<usize>,
}

impl Keys {
    /// Refuses columns that do not fit the view.
    pub(super) fn new(config: &KafkaSinkConfig, view: &ViewSchema, place: &Place) -> Result<Self, SinkError> {
        let names = |columns: &[usize]| {
            columns.iter().map(|&column| format!("\"{}\"", view.columns[column].name)).collect::<Vec<_>>().join(", ")
        };
        let found = |names: &[SmolStr]| names.iter().map(|name| view.column(name)).collect::<Option<Vec<_>>>();
        let sorted = |columns: &[usize]| {
            let mut columns = columns.to_vec();
            columns.sort_unstable();
            columns
        };
        let key = config.key.as_deref().map_or(Some(view.key.clone()), found);
        let key = key.filter(|key| sorted(key) == sorted(&view.key)).ok_or_else(|| {
            let hint = format!("write key = [{}], or leave it out", names(&view.key));
            place.refused(format!("key does not name exactly the columns of the key of view \"{}\"", view.name), hint)
        })?;
        let partition_by = config.partition_by.as_deref().map_or(Some(key.clone()), found);
        let is_part = |columns: &Vec<usize>| columns.iter().all(|column| key.contains(column));
        let partition_by = partition_by.filter(is_part).ok_or_else(|| {
            let message = "partition_by names a column that is not in the key: a row would move between partitions";
            place.refused(message, format!("choose from {}", names(&key)))
        })?;
        Ok(Self { key, partition_by })
    }
}

/// How rows become records.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) view: ViewSchema,
    keys: Keys,
    topic: String,
    sink: SmolStr,
    origin: Option<Origin>,
    form: Form,
    mode: KafkaMode,
    partitions: i32,
}

impl Encoder {
    pub(super) fn new(
        config: &KafkaSinkConfig,
        view: &ViewSchema,
        (keys, partitions): (Keys, i32),
        form: Form,
    ) -> Self {
        Self {
            view: view.clone(),
            keys,
            topic: config.topic.clone(),
            sink: config.name.clone(),
            origin: config.origin.clone(),
            form,
            mode: config.mode,
            partitions,
        }
    }

    /// Partitions of the topic.
    pub(super) fn partitions(&self) -> i32 {
        self.partitions
    }

    /// How rows are written.
    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// What the sink remembers of how its rows look.
    pub(super) fn layout(&self) -> Layout {
        let names = |columns: &[usize]| columns.iter().map(|&column| self.view.columns[column].name.clone()).collect();
        Layout {
            topic: self.topic.clone(),
            format: self.form.layout(),
            mode: self.mode.name().into(),
            key: names(&self.keys.key),
            partition_by: names(&self.keys.partition_by),
            partitions: self.partitions,
            schemas: self.form.ids(),
        }
    }

    /// Whether a message tells what was before, too.
    pub(super) fn tells_before(&self) -> bool {
        match self.form {
            Form::Json => self.mode == KafkaMode::Append,
            Form::Debezium(_) => true,
            Form::Schema(_) => false,
        }
    }

    /// Records that tell of `changes`, of rows that leave first.
    pub(super) fn changes(&self, changes: &[RowChange], moment: &Moment) -> Result<Vec<Record>, SinkError> {
        let (mut gone, mut here) = (Vec::new(), Vec::new());
        for RowChange { old, new } in changes {
            let Some(new) = new else {
                if let Some(old) = old {
                    let before = self.before(old)?;
                    self.gone(self.spot(old)?, before.as_deref(), moment, &mut gone);
                }
                continue;
            };
            let spot = self.spot(new)?;
            let row = self.row(new)?;
            let Some(old) = old else {
                here.push(self.here(spot, (Operation::Create, None), &row, moment));
                continue;
            };
            // SQL calls numeric 1.0 and 1.00 one key; their texts differ.
            let is_same_key = self.view.key.iter().all(|&column| old[column] == new[column]);
            let former = if is_same_key { spot.clone() } else { self.spot(old)? };
            let before = self.before(old)?;
            if former == spot {
                here.push(self.here(spot, (Operation::Update, before.as_deref()), &row, moment));
            } else {
                self.gone(former, before.as_deref(), moment, &mut gone);
                here.push(self.here(spot, (Operation::Create, None), &row, moment));
            }
        }
        gone.append(&mut here);
        Ok(gone)
    }

    /// What was there, where messages tell of it.
    fn before(&self, old: &Row) -> Result<Option<Vec<u8>>, SinkError> {
        self.tells_before().then(|| self.row(old)).transpose()
    }

    /// A row that is there now; `before` and `row` are of this format.
    pub(super) fn here(
        &self,
        spot: Spot,
        (operation, before): (Operation, Option<&[u8]>),
        row: &[u8],
        moment: &Moment,
    ) -> Record {
        let value = match self.tells_before() {
            true => self.envelope((operation, before, Some(row)), moment),
            false => row.to_vec(),
        };
        Record { spot, value: Some(value) }
    }

    /// A row that is there no longer.
    pub(super) fn gone(&self, spot: Spot, before: Option<&[u8]>, moment: &Moment, records: &mut Vec<Record>) {
        if self.tells_before() {
            let value = self.envelope((Operation::Delete, before, None), moment);
            records.push(Record { spot: spot.clone(), value: Some(value) });
        }
        if self.mode == KafkaMode::Upsert {
            records.push(Record { spot, value: None });
        }
    }

    fn envelope(
        &self,
        (operation, before, after): (Operation, Option<&[u8]>, Option<&[u8]>),
        moment: &Moment,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(before.map_or(0, <[u8]>::len) + after.map_or(0, <[u8]>::len) + 512);
        let (letter, micros) = (operation.letter(), moment.at_micros);
        let millis = micros.div_euclid(1_000);
        let Some(debezium) = self.form.debezium() else {
            write_sides(&mut out, before, after);
            out.extend_from_slice(format!(",\"op\":\"{letter}\",\"ts_ms\":{millis}}}").as_bytes());
            return out;
        };
        let (sink, origin, is_snapshot) = (&self.sink, self.origin.as_ref(), operation == Operation::Read);
        let source = debezium::Told { sink, origin, moment, is_snapshot };
        let (opening, closing) = debezium.around(&source);
        out.extend_from_slice(opening);
        write_sides(&mut out, before, after);
        out.extend_from_slice(b",\"source\":");
        debezium::write_source(&mut out, &source);
        let nanos = i128::from(micros) * 1_000;
        let rest = format!(
            ",\"transaction\":null,\"op\":\"{letter}\",\"ts_ms\":{millis},\"ts_us\":{micros},\"ts_ns\":{nanos}}}"
        );
        out.extend_from_slice(rest.as_bytes());
        out.extend_from_slice(closing);
        out
    }

    /// A row in this format.
    pub(super) fn row(&self, row: &Row) -> Result<Vec<u8>, SinkError> {
        self.form.value(&self.view, row).map_err(|error| self.unwritten("a row", &error))
    }

    /// Where a row is told of.
    pub(super) fn spot(&self, row: &Row) -> Result<Spot, SinkError> {
        let unwritten = |error| self.unwritten("the key of a row", &error);
        let key = self.form.key((&self.view, &self.keys.key), row).map_err(unwritten)?;
        let partition = match self.keys.partition_by == self.keys.key {
            true => murmur::partition(&key, self.partitions),
            false => {
                let object = self.form.object((&self.view, &self.keys.partition_by), row).map_err(unwritten)?;
                murmur::partition(&object, self.partitions)
            }
        };
        Ok(Spot { partition, key })
    }

    /// Where the row with these values of the view's key is told of.
    pub(super) fn spot_of_key(&self, values: &[Value]) -> Result<Spot, SinkError> {
        self.spot(&self.row_of_key(values))
    }

    /// A row that has nothing but its key.
    fn row_of_key(&self, values: &[Value]) -> Row {
        let mut row = vec![Value::Null; self.view.columns.len()];
        for (&column, value) in self.view.key.iter().zip(values) {
            row[column] = value.clone();
        }
        row.into()
    }

    /// The key of a row as people read it.
    pub(super) fn name(&self, row: &Row) -> String {
        let object = json_object(&self.view, self.keys.key.iter().copied(), row);
        String::from_utf8_lossy(&object).into_owned()
    }

    /// A key as people read it, from these values of the view's key.
    pub(super) fn name_of_key(&self, values: &[Value]) -> String {
        self.name(&self.row_of_key(values))
    }

    fn unwritten(&self, what: &str, error: &EncodeError) -> SinkError {
        let (view, format) = (&self.view.name, self.form.name());
        let message = format!("{what} of view \"{view}\" cannot be written as {format}: {error}");
        SinkError::Refused { sink: self.sink.to_string(), message, hint: EncodeError::HINT.into() }
    }

    /// What a message of the topic says.
    pub(super) fn told<'a>(&self, value: Option<&'a [u8]>) -> Told<'a> {
        match (self.tells_before(), value) {
            (true, None) => Told::Gone,
            (true, Some(value)) => match self.form.debezium().map_or(Some(value), |form| form.payload(value)) {
                Some(payload) => told(Some(payload)),
                None => Told::Foreign(value),
            },
            (false, Some(value)) => Told::Row(value),
            (false, None) => Told::Gone,
        }
    }

    /// The number of a row, as [`Told::state`] has it.
    pub(super) fn state(&self, row: &Row) -> Result<u128, SinkError> {
        Ok(row_state(&self.row(row)?))
    }

    /// Key columns by name, with the place of each in the view's key.
    pub(super) fn key_columns(&self) -> impl Iterator<Item = (&Column, usize)> {
        let place = |column: usize| self.view.key.iter().position(|&key| key == column).unwrap_or_default();
        self.keys.key.iter().map(move |&column| (&self.view.columns[column], place(column)))
    }
}
