//! Rows in partitions, ordered: what limits and window functions read.
//!
//! Partition key | sort key | whole row → count, lengths of the key's parts. The whole row orders rows that the order does
//! not tell apart, so that every place depends on the rows alone; the row is read back from the key.
//!
//! An entry may carry a milestone: what whoever reads the partitions makes of the rows before it. It goes when the entry's count
//! is written anew.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tailwater_connectors::{Row, SqlType, Value};

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::SortKey;
use super::super::relation::whole_row;
use super::super::scalar::Scalar;
use super::super::sort::encode_sort_key;
use crate::state::{StateError, StateTx, TableId, Version, decode_row, encode_key};

/// Bytes of a stored value: the count and two lengths. A milestone comes behind them.
const VALUE_BYTES: usize = 16;

/// Ordered partitions in one table.
pub(super) struct Ordered {
    pub(super) partition: Vec<Scalar>,
    pub(super) partition_types: Vec<SqlType>,
    pub(super) order: Vec<SortKey>,
    table: TableId,
    /// Whether every row is there once or not at all: then nothing need be read to count it.
    is_set: bool,
}

/// A key: partition, order, row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) key: Vec<u8>,
    partition: usize,
    peers: usize,
}

/// Rows that are the same, in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) row: Row,
    pub(super) count: i64,
    pub(super) milestone: Option<Vec<u8>>,
}

/// What a step does to an entry.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) place: Place,
    pub(super) row: Row,
    pub(super) before: i64,
    pub(super) after: i64,
}

/// Called with entries in order; may break.
pub(super) type EachEntry<'e> = dyn FnMut(Entry) -> Result<ControlFlow<()>, StateError> + 'e;

impl Place {
    /// The key's part that all of the partition share.
    pub(super) fn partition(&self) -> &[u8] {
        &self.key[..self.partition]
    }

    /// The key's part that all rows share which the order does not tell apart.
    pub(super) fn peers(&self) -> &[u8] {
        &self.key[..self.peers]
    }

    /// The key's part that is the order.
    pub(super) fn sort_key(&self) -> &[u8] {
        &self.key[self.partition..self.peers]
    }

    fn encode(&self, count: i64) -> Vec<u8> {
        let mut value = count.to_be_bytes().to_vec();
        value.extend((self.partition as u32).to_be_bytes());
        value.extend((self.peers as u32).to_be_bytes());
        value
    }
}

impl Entry {
    fn decode(key: &[u8], value: &[u8]) -> Result<Self, StateError> {
        let damaged = || StateError::Damaged { place: "an ordered row".into() };
        let count = stored_count(value)?;
        let (lengths, milestone) = value[8..].split_at_checked(VALUE_BYTES - 8).ok_or_else(damaged)?;
        let (partition, peers) = lengths.split_at(4);
        let length = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes).map_err(|_| damaged());
        let (partition, peers) = (length(partition)? as usize, length(peers)? as usize);
        if partition > peers || peers > key.len() {
            return Err(damaged());
        }
        let row = decode_row(&key[peers..])?;
        let milestone = (!milestone.is_empty()).then(|| milestone.to_vec());
        Ok(Self { place: Place { key: key.to_vec(), partition, peers }, row, count, milestone })
    }
}

fn stored_count(value: &[u8]) -> Result<i64, StateError> {
    let damaged = || StateError::Damaged { place: "an ordered row".into() };
    value.first_chunk().map(|count| i64::from_be_bytes(*count)).ok_or_else(damaged)
}

impl Ordered {
    /// Checks the expressions and allocates the table.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        id: usize,
        input: &Node,
        (partition, partition_types, order): (&[Scalar], &[SqlType], &[SortKey]),
    ) -> Result<Self, EngineError> {
        let keys = order.iter().map(|key| &key.expression);
        compiler.check_columns(&partition.iter().chain(keys).collect::<Vec<_>>(), input.types.len())?;
        if partition.len() != partition_types.len() {
            return Err(compiler.unsound("a partition has another number of types than of expressions"));
        }
        let table = compiler.table(id, "rows");
        let (partition, partition_types, order) = (partition.to_vec(), partition_types.to_vec(), order.to_vec());
        Ok(Self { partition, partition_types, order, table, is_set: input.key.is_some() })
    }

    /// Where a row stands; `None` when it has no place and is out.
    fn place(
        &self,
        flow: &mut Flow<'_, '_>,
        node: usize,
        (row, weight): (&Row, i64),
    ) -> Result<Option<Place>, EngineError> {
        let mut evaluate = |scalars: &mut dyn Iterator<Item = &Scalar>| -> Result<Option<Vec<Value>>, EngineError> {
            let mut values = Vec::new();
            for scalar in scalars {
                match flow.faults.value(node, scalar, (row, weight))? {
                    Some(value) => values.push(value),
                    None => return Ok(None),
                }
            }
            Ok(Some(values))
        };
        let Some(partition) = evaluate(&mut self.partition.iter())? else { return Ok(None) };
        let Some(order) = evaluate(&mut self.order.iter().map(|key| &key.expression))? else { return Ok(None) };
        let mut key = Vec::new();
        encode_key(&mut key, &self.partition_types, &partition)?;
        let partition = key.len();
        encode_sort_key(&mut key, &self.order, &order)?;
        let peers = key.len();
        key.extend_from_slice(&whole_row(row));
        Ok(Some(Place { key, partition, peers }))
    }

    /// Weights by place, in order.
    pub(super) fn placed(
        &self,
        flow: &mut Flow<'_, '_>,
        node: usize,
        delta: Delta,
    ) -> Result<Vec<(Place, Row, i64)>, EngineError> {
        let mut folded: BTreeMap<Place, (Row, i64)> = BTreeMap::new();
        for (row, weight) in delta {
            if let Some(place) = self.place(flow, node, (&row, weight))? {
                folded.entry(place).or_insert((row, 0)).1 += weight;
            }
        }
        let placed = folded.into_iter().map(|(place, (row, weight))| (place, row, weight));
        Ok(placed.filter(|(_, _, weight)| *weight != 0).collect())
    }

    /// Writes the weights; answers what changed, in order.
    pub(super) fn apply(
        &self,
        tx: &mut StateTx<'_>,
        placed: Vec<(Place, Row, i64)>,
    ) -> Result<Vec<Changed>, EngineError> {
        let keys: Vec<Vec<u8>> = placed.iter().map(|(place, _, _)| place.key.clone()).collect();
        let counts = match self.is_set {
            true => placed.iter().map(|(_, _, weight)| i64::from(*weight < 0)).collect(),
            false => self.counts(tx, &keys)?,
        };
        let mut changed = Vec::with_capacity(placed.len());
        for (((place, row, weight), key), before) in placed.into_iter().zip(keys).zip(counts) {
            let after = before + weight;
            match after {
                0 => tx.delete(self.table, key),
                1.. => tx.put(self.table, key, place.encode(after)),
                _ => {
                    return Err(EngineError::Inconsistent { what: "an ordered row was taken away that was not there" });
                }
            }
            changed.push(Changed { place, row, before, after });
        }
        Ok(changed)
    }

    fn counts(&self, tx: &StateTx<'_>, keys: &[Vec<u8>]) -> Result<Vec<i64>, EngineError> {
        let stored = tx.get_many(self.table, keys, Version::New)?;
        let counts = stored.into_iter().map(|value| value.map_or(Ok(0), |value| stored_count(&value)));
        Ok(counts.collect::<Result<_, _>>()?)
    }

    /// Writes an entry's milestone, or takes it away.
    pub(super) fn put_milestone(&self, tx: &mut StateTx<'_>, (place, count): (&Place, i64), milestone: Option<&[u8]>) {
        let mut value = place.encode(count);
        value.extend_from_slice(milestone.unwrap_or_default());
        tx.put(self.table, place.key.clone(), value);
    }

    /// Visits all entries of all partitions from `start` on.
    pub(super) fn all(&self, tx: &StateTx<'_>, start: &[u8], each: &mut EachEntry<'_>) -> Result<(), StateError> {
        self.forward(tx, (&[], start), each)
    }

    /// Visits the entries whose keys begin with `prefix`, from `start` on, with this step's changes.
    pub(super) fn forward(
        &self,
        tx: &StateTx<'_>,
        (prefix, start): (&[u8], &[u8]),
        each: &mut EachEntry<'_>,
    ) -> Result<(), StateError> {
        tx.scan_from(self.table, start, Version::New, &mut |key, value| {
            if !key.starts_with(prefix) {
                return Ok(ControlFlow::Break(()));
            }
            each(Entry::decode(key, value)?)
        })
    }

    /// Visits the entries whose keys begin with `prefix` and are less than `end` (`None`: all), from the last one down.
    pub(super) fn backward(
        &self,
        tx: &StateTx<'_>,
        (prefix, end): (&[u8], Option<&[u8]>),
        each: &mut EachEntry<'_>,
    ) -> Result<(), StateError> {
        let mut visit = |key: &[u8], value: &[u8]| each(Entry::decode(key, value)?);
        match end {
            Some(end) => tx.scan_before(self.table, (prefix, end), Version::New, &mut visit),
            None => tx.scan_reverse(self.table, prefix, Version::New, &mut visit),
        }
    }
}

impl Ordered {
    /// Partition and order, for people.
    pub(super) fn shown(&self) -> String {
        let mut text = String::new();
        if !self.partition.is_empty() {
            let list: Vec<String> = self.partition.iter().map(ToString::to_string).collect();
            text.push_str(&format!(" by ({})", list.join(", ")));
        }
        if !self.order.is_empty() {
            let key = |key: &SortKey| {
                let direction = if key.descending { " desc" } else { "" };
                let nulls = match (key.descending, key.nulls_first) {
                    (false, true) => " nulls first",
                    (true, false) => " nulls last",
                    _ => "",
                };
                format!("{}{direction}{nulls}", key.expression)
            };
            let list: Vec<String> = self.order.iter().map(key).collect();
            text.push_str(&format!(" in order of {}", list.join(", ")));
        }
        text
    }
}
