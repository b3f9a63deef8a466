//! GROUP BY: one row per group, kept from the groups' accumulators.
//!
//! Invariants: a group is shown while it has rows; a global aggregate (no group columns) is shown always, from the start
//! of its fill. Groups are told apart as SQL does (`1.0` and `1.00` are one group, null is a group); of several forms of
//! the group's values the least that is present is shown.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType, Value};

use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::relation::whole_row;
use super::super::scalar::Scalar;
use super::accumulator::{Accumulator, Parts};
use super::multiset::{End, Entry, Fold, Multiset};
use crate::state::{StateTx, TableId, Version, decode_row, encode_key};

/// An aggregate node, compiled.
pub(in crate::engine) struct Aggregate {
    pub(in crate::engine) input: Node,
    pub(in crate::engine) group: Vec<Scalar>,
    pub(in crate::engine) group_types: Vec<SqlType>,
    pub(in crate::engine) calls: Vec<Call>,
    /// Group key → group values, row count, accumulators.
    pub(in crate::engine) table: TableId,
    /// Group key | group values, where equal values can look different.
    pub(in crate::engine) forms: Option<Multiset>,
}

/// One aggregate, with the values it must remember one by one.
pub(in crate::engine) struct Call {
    pub(in crate::engine) call: AggregateCall,
    pub(in crate::engine) values: Option<Multiset>,
}

/// State of one group.
#[derive(Clone, PartialEq)]
struct Group {
    values: Vec<Value>,
    rows: i64,
    accumulators: Vec<Accumulator>,
}

/// A group that the step touches.
struct Dirty {
    key: Vec<u8>,
    rows: i64,
    before: Option<Group>,
    now: Group,
}

/// What a delta does: the groups it touches, what it feeds to each call, and forms of group values.
struct Gathered {
    dirty: Vec<Dirty>,
    contributions: Vec<Vec<Contribution>>,
    forms: Fold,
    form_groups: BTreeMap<Vec<u8>, usize>,
}

/// Contribution of one input row to one call.
struct Contribution {
    group: usize,
    value: Value,
    weight: i64,
}

impl Call {
    fn is_extreme(&self) -> bool {
        matches!(self.call.function, AggregateFunction::Min | AggregateFunction::Max)
    }

    /// Whether it must remember its values: to find the next least, or to tell new ones from known ones.
    pub(in crate::engine) fn remembers(call: &AggregateCall) -> bool {
        matches!(call.function, AggregateFunction::Min | AggregateFunction::Max) || call.distinct
    }

    /// The argument's value for a row that counts; `None` when it does not.
    fn argument(&self, row: &Row) -> Result<Option<Value>, EngineError> {
        if let Some(filter) = &self.call.filter
            && !filter.holds(row)?
        {
            return Ok(None);
        }
        match self.call.argument() {
            None => Ok(Some(Value::Bool(true))),
            Some(argument) => Ok(Some(argument.evaluate(row)?).filter(|value| !value.is_null())),
        }
    }

    fn entry_key(&self, group: &[u8], value: &Value) -> Result<Vec<u8>, EngineError> {
        let mut key = group.to_vec();
        encode_key(&mut key, std::slice::from_ref(self.call.argument_type()), std::slice::from_ref(value))?;
        if self.is_extreme() {
            key.extend_from_slice(&whole_row(std::slice::from_ref(value)));
        }
        Ok(key)
    }
}

impl Aggregate {
    /// Whether there are no group columns: one row, always.
    pub(in crate::engine) fn is_global(&self) -> bool {
        self.group.is_empty()
    }

    /// The delta of the groups' rows. `start`: the global row comes to be.
    pub(in crate::engine) fn step(
        &self,
        flow: &mut Flow<'_, '_>,
        _node: usize,
        (delta, start): (&Delta, bool),
    ) -> Result<Delta, EngineError> {
        let tx = &mut *flow.tx;
        if start {
            let group = self.empty_group(Vec::new())?;
            tx.put(self.table, Vec::new(), group.encode());
            return Ok(vec![(self.shown(&group)?, 1)]);
        }
        if delta.is_empty() {
            return Ok(Delta::new());
        }
        let Gathered { mut dirty, contributions, forms, form_groups } = self.gather(delta)?;
        self.load(tx, &mut dirty)?;
        if let Some(table) = &self.forms {
            for entry in table.apply(tx, forms)? {
                let group = &mut dirty[form_groups[&entry.key]];
                if let Some(least) = table.end(tx, (&group.key, End::Least), Version::New)? {
                    group.now.values = least.to_vec();
                }
            }
        }
        for (place, (call, contributions)) in self.calls.iter().zip(contributions).enumerate() {
            match &call.values {
                None => {
                    for part in contributions {
                        dirty[part.group].now.accumulators[place].add(&part.value, part.weight)?;
                    }
                }
                Some(values) => self.remember(tx, (place, values), (&mut dirty, contributions))?,
            }
        }
        self.finish(tx, dirty)
    }

    fn empty_group(&self, values: Vec<Value>) -> Result<Group, EngineError> {
        let empty = |call: &Call| {
            Accumulator::empty(&call.call)
                .map_err(|_| EngineError::Inconsistent { what: "an aggregate was compiled that is not known" })
        };
        Ok(Group { values, rows: 0, accumulators: self.calls.iter().map(empty).collect::<Result<_, _>>()? })
    }

    fn gather(&self, delta: &Delta) -> Result<Gathered, EngineError> {
        let mut places: HashMap<Vec<u8>, usize, FxBuildHasher> =
            HashMap::with_capacity_and_hasher(delta.len(), FxBuildHasher);
        let mut dirty: Vec<Dirty> = Vec::new();
        let mut contributions: Vec<Vec<Contribution>> = self.calls.iter().map(|_| Vec::new()).collect();
        let (mut forms, mut form_groups) = (Fold::default(), BTreeMap::new());
        for (row, weight) in delta {
            let values: Vec<Value> = self.group.iter().map(|part| part.evaluate(row)).collect::<Result<_, _>>()?;
            let mut key = Vec::new();
            encode_key(&mut key, &self.group_types, &values)?;
            let group = match places.get(&key) {
                Some(&group) => group,
                None => {
                    places.insert(key.clone(), dirty.len());
                    let now = self.empty_group(values.clone())?;
                    dirty.push(Dirty { key, rows: 0, before: None, now });
                    dirty.len() - 1
                }
            };
            if self.forms.is_some() {
                let mut form = dirty[group].key.clone();
                form.extend_from_slice(&whole_row(&values));
                form_groups.insert(form.clone(), group);
                forms.add(form, || Row::from(values), *weight);
            }
            dirty[group].rows += weight;
            for (call, contributions) in self.calls.iter().zip(&mut contributions) {
                if let Some(value) = call.argument(row)? {
                    contributions.push(Contribution { group, value, weight: *weight });
                }
            }
        }
        Ok(Gathered { dirty, contributions, forms, form_groups })
    }

    /// Reads the stored state of the dirty groups.
    fn load(&self, tx: &mut StateTx<'_>, dirty: &mut [Dirty]) -> Result<(), EngineError> {
        let mut keys: Vec<Vec<u8>> = dirty.iter().map(|group| group.key.clone()).collect();
        keys.sort_unstable();
        tx.prefetch(self.table, &keys)?;
        for group in dirty {
            if let Some(stored) = tx.get(self.table, &group.key, Version::New)? {
                group.now = Group::decode(&stored, &group.now)?;
                group.before = Some(group.now.clone());
            }
            group.now.rows += group.rows;
        }
        Ok(())
    }

    /// Feeds a call that remembers its values.
    fn remember(
        &self,
        tx: &mut StateTx<'_>,
        (place, values): (usize, &Multiset),
        (dirty, contributions): (&mut [Dirty], Vec<Contribution>),
    ) -> Result<(), EngineError> {
        let call = &self.calls[place];
        let mut fold = Fold::default();
        let mut groups: HashMap<Vec<u8>, usize, FxBuildHasher> =
            HashMap::with_capacity_and_hasher(contributions.len(), FxBuildHasher);
        for Contribution { group, value, weight } in contributions {
            let key = call.entry_key(&dirty[group].key, &value)?;
            groups.insert(key.clone(), group);
            fold.add(key, || Row::from(vec![value]), weight);
        }
        let mut by_group: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for entry in values.apply(tx, fold)? {
            by_group.entry(groups[&entry.key]).or_default().push(entry);
        }
        for (group, entries) in by_group {
            let Dirty { key, now, .. } = &mut dirty[group];
            let accumulator = &mut now.accumulators[place];
            match accumulator {
                Accumulator::Extreme(current) => {
                    *current = call.extreme(tx, (key, values), (current, &entries))?;
                }
                other => {
                    for entry in entries {
                        let times = i64::from(entry.after > 0) - i64::from(entry.before > 0);
                        if times != 0 {
                            other.add(&entry.row[0], times)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the groups, in key order, and answers how their rows changed.
    fn finish(&self, tx: &mut StateTx<'_>, mut dirty: Vec<Dirty>) -> Result<Delta, EngineError> {
        dirty.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut result = Delta::new();
        for group in dirty {
            if group.now.rows < 0 {
                return Err(EngineError::Inconsistent { what: "a group lost a row it did not have" });
            }
            let shown = group.now.rows > 0 || self.is_global();
            if group.before.as_ref() == Some(&group.now) {
                continue;
            }
            let old = group.before.as_ref().map(|before| self.shown(before)).transpose()?;
            let new = if shown { Some(self.shown(&group.now)?) } else { None };
            if shown {
                tx.put(self.table, group.key, group.now.encode());
            } else if group.before.is_some() {
                tx.delete(self.table, group.key);
            }
            if old != new {
                result.extend(old.map(|row| (row, -1)));
                result.extend(new.map(|row| (row, 1)));
            }
        }
        Ok(result)
    }

    /// The group's row.
    fn shown(&self, group: &Group) -> Result<Row, EngineError> {
        let mut values = group.values.clone();
        for (call, accumulator) in self.calls.iter().zip(&group.accumulators) {
            values.push(accumulator.result(&call.call)?);
        }
        Ok(values.into())
    }
}

impl Call {
    /// The least or greatest value of a group after its values changed.
    fn extreme(
        &self,
        tx: &StateTx<'_>,
        (group, values): (&[u8], &Multiset),
        (current, entries): (&Value, &[Entry]),
    ) -> Result<Value, EngineError> {
        let greatest = self.call.function == AggregateFunction::Max;
        let mut best = match current {
            Value::Null => None,
            value => Some((self.entry_key(group, value)?, value.clone())),
        };
        let gone = |entry: &Entry| entry.after == 0 && best.as_ref().is_some_and(|(key, _)| *key == entry.key);
        if entries.iter().any(gone) {
            let end = if greatest { End::Greatest } else { End::Least };
            let row = values.end(tx, (group, end), Version::New)?;
            return Ok(row.and_then(|row| row.first().cloned()).unwrap_or_default());
        }
        for entry in entries.iter().filter(|entry| entry.after > 0) {
            let better =
                best.as_ref().is_none_or(|(key, _)| if greatest { entry.key > *key } else { entry.key < *key });
            if better {
                best = Some((entry.key.clone(), entry.row[0].clone()));
            }
        }
        Ok(best.map_or(Value::Null, |(_, value)| value))
    }
}

impl Group {
    fn encode(&self) -> Vec<u8> {
        let mut values = self.values.clone();
        values.push(Value::Int(self.rows));
        for accumulator in &self.accumulators {
            accumulator.store(&mut values);
        }
        whole_row(&values)
    }

    fn decode(bytes: &[u8], like: &Self) -> Result<Self, EngineError> {
        let row = decode_row(bytes)?;
        let mut parts = Parts(row.iter());
        let values = (0..like.values.len()).map(|_| parts.next().cloned()).collect::<Result<_, _>>()?;
        let rows = parts.int()?;
        let accumulators = like.accumulators.iter().map(|kind| kind.load(&mut parts)).collect::<Result<_, _>>()?;
        Ok(Self { values, rows, accumulators })
    }
}
