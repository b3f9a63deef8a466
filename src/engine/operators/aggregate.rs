//! GROUP BY: one row per group, kept from what the groups remember.
//!
//! Invariants: a group is shown while it has rows; a global aggregate (no group columns) is shown always, from the start
//! of its fill. Groups are told apart as SQL does (`1.0` and `1.00` are one group, null is a group); of several forms of
//! the group's values the least that is present is shown.
//!
//! Errors, under the policy `Quarantine`: a row for which a group expression, a filter or an argument of any call has no value
//! is out of the whole group. A group whose result has no value is not shown, and one fault with the group's values stands
//! for it. Whether it has one follows from the group's state alone; so the fault of the state before is taken back exactly
//! when the state after is given its own, and the faults at any time are those of the groups that are there.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType, Value};

use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::fault::Faults;
use super::super::relation::whole_row;
use super::super::scalar::Scalar;
use super::aggregate_call::{Call, Dirty, Given};
use super::contribution::{Contribution, Meaning, meaning, values};
use super::group::Group;
use super::multiset::{End, Fold, Multiset};
use crate::state::{StateTx, TableId, Version, encode_key};

/// An aggregate node, compiled.
pub(in crate::engine) struct Aggregate {
    pub(in crate::engine) input: Node,
    pub(in crate::engine) group: Vec<Scalar>,
    pub(in crate::engine) group_types: Vec<SqlType>,
    pub(in crate::engine) calls: Vec<Call>,
    /// Group key → group values, row count, and what is kept of each call.
    pub(in crate::engine) table: TableId,
    /// Group key | group values, where equal values can look different.
    pub(in crate::engine) forms: Option<Multiset>,
}

/// What a delta does: the groups it touches, what it gives to each call, and forms of group values.
struct Gathered {
    places: HashMap<Vec<u8>, usize, FxBuildHasher>,
    dirty: Vec<Dirty>,
    given: Vec<Vec<Given>>,
    forms: Fold,
    form_groups: BTreeMap<Vec<u8>, usize>,
}

/// What one input row gives: values of its group, and to each call what counts.
struct Taken {
    values: Vec<Value>,
    given: Vec<Option<Contribution>>,
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
        node: usize,
        (delta, start): (&Delta, bool),
    ) -> Result<Delta, EngineError> {
        if let Some(start) = flow.shows(node) {
            return self.show_filled(flow, node, &start);
        }
        if start {
            let group = Group::empty(Vec::new(), &self.calls)?;
            flow.tx.put(self.table, Vec::new(), group.encode(&self.calls));
            if self.collects() {
                return Ok(Delta::new());
            }
            let shown = self.shown(&mut flow.faults, node, (&group, 1))?;
            return Ok(shown.into_iter().map(|row| (row, 1)).collect());
        }
        if delta.is_empty() {
            return Ok(Delta::new());
        }
        let Gathered { mut dirty, given, forms, form_groups, .. } = self.gather(&mut flow.faults, node, delta)?;
        let collecting = self.collects() && flow.is_filling();
        let tx = &mut *flow.tx;
        self.load(tx, &mut dirty)?;
        if let Some(table) = &self.forms {
            for entry in table.apply(tx, forms)? {
                let group = &mut dirty[form_groups[&entry.key]];
                if let Some(least) = table.end(tx, (&group.key, End::Least), Version::New)? {
                    group.now.values = least.to_vec();
                }
            }
        }
        for (place, (call, given)) in self.calls.iter().zip(given).enumerate() {
            call.feed(tx, (place, collecting), (&mut dirty, given))?;
        }
        if collecting {
            return self.collect(tx, dirty);
        }
        self.finish(flow, node, dirty)
    }

    fn gather(&self, faults: &mut Faults, node: usize, delta: &Delta) -> Result<Gathered, EngineError> {
        let mut gathered = Gathered {
            places: HashMap::with_capacity_and_hasher(delta.len(), FxBuildHasher),
            dirty: Vec::new(),
            given: self.calls.iter().map(|_| Vec::new()).collect(),
            forms: Fold::default(),
            form_groups: BTreeMap::new(),
        };
        for (row, weight) in delta {
            if let Some(taken) = self.take(faults, node, (row, *weight))? {
                self.assign(&mut gathered, taken, *weight)?;
            }
        }
        Ok(gathered)
    }

    /// Evaluates everything over a row; `None` when it is out.
    fn take(&self, faults: &mut Faults, node: usize, (row, weight): (&Row, i64)) -> Result<Option<Taken>, EngineError> {
        let mut evaluate = |scalar: &Scalar| faults.value(node, scalar, (row, weight));
        let Some(values) = values(self.group.iter(), &mut evaluate)? else { return Ok(None) };
        let mut given = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            given.push(match meaning(&call.call, &mut evaluate)? {
                Meaning::Out => return Ok(None),
                Meaning::Nothing => None,
                Meaning::Counts(contribution) => Some(contribution),
            });
        }
        Ok(Some(Taken { values, given }))
    }

    fn assign(&self, gathered: &mut Gathered, taken: Taken, weight: i64) -> Result<(), EngineError> {
        let Taken { values, given } = taken;
        let Gathered { places, dirty, .. } = gathered;
        let mut key = Vec::new();
        encode_key(&mut key, &self.group_types, &values)?;
        let group = match places.get(&key) {
            Some(&group) => group,
            None => {
                places.insert(key.clone(), dirty.len());
                let now = Group::empty(values.clone(), &self.calls)?;
                dirty.push(Dirty { key, rows: 0, before: None, now });
                dirty.len() - 1
            }
        };
        dirty[group].rows += weight;
        if self.forms.is_some() {
            let mut form = dirty[group].key.clone();
            form.extend_from_slice(&whole_row(&values));
            gathered.form_groups.insert(form.clone(), group);
            gathered.forms.add(form, || Row::from(values), weight);
        }
        for (contribution, all) in given.into_iter().zip(&mut gathered.given) {
            all.extend(contribution.map(|contribution| Given { group, contribution, weight }));
        }
        Ok(())
    }

    /// Reads the stored state of the dirty groups.
    fn load(&self, tx: &mut StateTx<'_>, dirty: &mut [Dirty]) -> Result<(), EngineError> {
        let mut keys: Vec<Vec<u8>> = dirty.iter().map(|group| group.key.clone()).collect();
        keys.sort_unstable();
        tx.prefetch(self.table, &keys)?;
        for group in dirty {
            if let Some(stored) = tx.get(self.table, &group.key, Version::New)? {
                group.now = group.now.decode(&stored, &self.calls)?;
                group.before = Some(group.now.clone());
            }
            group.now.rows += group.rows;
        }
        Ok(())
    }

    /// Writes the groups, in key order, and answers how their rows changed.
    fn finish(&self, flow: &mut Flow<'_, '_>, node: usize, mut dirty: Vec<Dirty>) -> Result<Delta, EngineError> {
        dirty.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let (tx, faults) = (&mut *flow.tx, &mut flow.faults);
        let mut result = Delta::new();
        for Dirty { key, before, now, .. } in dirty {
            if now.rows < 0 {
                return Err(EngineError::Inconsistent { what: "a group lost a row it did not have" });
            }
            if before.as_ref() == Some(&now) {
                continue;
            }
            let old = match &before {
                Some(before) => self.shown(faults, node, (before, -1))?,
                None => None,
            };
            let mut new = None;
            if now.rows > 0 || self.is_global() {
                new = self.shown(faults, node, (&now, 1))?;
                tx.put(self.table, key, now.encode(&self.calls));
            } else if before.is_some() {
                tx.delete(self.table, key);
            }
            if old != new {
                result.extend(old.map(|row| (row, -1)));
                result.extend(new.map(|row| (row, 1)));
            }
        }
        Ok(result)
    }

    /// The group's row; `None` when a fault of this weight stands for it.
    pub(super) fn shown(
        &self,
        faults: &mut Faults,
        node: usize,
        (group, weight): (&Group, i64),
    ) -> Result<Option<Row>, EngineError> {
        let mut values = group.values.clone();
        for (call, kept) in self.calls.iter().zip(&group.kept) {
            match kept.result(&call.call) {
                Ok(value) => values.push(value),
                Err(error) => match faults.caught(node, error, (&group.values, weight))? {
                    true => values.push(Value::Null),
                    false => return Ok(None),
                },
            }
        }
        Ok(Some(values.into()))
    }
}
