//! One aggregate call of a node: feeds what a step changes to what its groups keep.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, Value};

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::contribution::{Contribution, Method};
use super::group::Group;
use super::kept::{Best, Kept};
use super::multiset::{End, Entry, Fold, Multiset, decode_entry};
use super::ordered_result::{Entries, entries_max, ordered_result};
use crate::state::{StateTx, Version};

/// One aggregate, with the values it must remember one by one.
pub(in crate::engine) struct Call {
    pub(in crate::engine) call: AggregateCall,
    pub(in crate::engine) values: Option<Multiset>,
}

/// A group that the step touches.
pub(super) struct Dirty {
    pub(super) key: Vec<u8>,
    pub(super) rows: i64,
    pub(super) before: Option<Group>,
    pub(super) now: Group,
}

/// What one input row gives to one call in one group.
pub(super) struct Given {
    /// Place of the group among the dirty ones.
    pub(super) group: usize,
    pub(super) contribution: Contribution,
    pub(super) weight: i64,
}

impl Call {
    /// Whether it must remember its values: to find the next least, to tell new ones from known ones, or to go through them.
    pub(in crate::engine) fn remembers(call: &AggregateCall) -> bool {
        call.distinct || Method::of(call) != Method::Accumulated
    }

    /// Feeds the step's contributions. `place`: this call's among the node's. While a fill is `collecting`, results that need
    /// all values are left for later.
    pub(super) fn feed(
        &self,
        tx: &mut StateTx<'_>,
        (place, collecting): (usize, bool),
        (dirty, given): (&mut [Dirty], Vec<Given>),
    ) -> Result<(), EngineError> {
        match &self.values {
            Some(values) => self.remember(tx, (place, collecting, values), (dirty, given)),
            None => given.iter().try_for_each(|part| match &mut dirty[part.group].now.kept[place] {
                Kept::Accumulated(accumulator) => accumulator.add(&part.contribution.arguments, part.weight),
                _ => Err(EngineError::Inconsistent { what: "an aggregate remembers its values" }),
            }),
        }
    }

    fn remember(
        &self,
        tx: &mut StateTx<'_>,
        (place, collecting, values): (usize, bool, &Multiset),
        (dirty, given): (&mut [Dirty], Vec<Given>),
    ) -> Result<(), EngineError> {
        let mut fold = Fold::default();
        let mut groups: HashMap<Vec<u8>, usize, FxBuildHasher> =
            HashMap::with_capacity_and_hasher(given.len(), FxBuildHasher);
        for Given { group, contribution, weight } in given {
            let mut key = dirty[group].key.clone();
            contribution.encode(&mut key, &self.call)?;
            groups.insert(key.clone(), group);
            fold.add(key, || contribution.arguments.iter().cloned().collect(), weight);
        }
        let mut by_group: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for entry in values.apply(tx, fold)? {
            by_group.entry(groups[&entry.key]).or_default().push(entry);
        }
        for (group, entries) in by_group {
            let Dirty { key, now, .. } = &mut dirty[group];
            match &mut now.kept[place] {
                Kept::Accumulated(accumulator) => {
                    for entry in entries {
                        let times = i64::from(entry.after > 0) - i64::from(entry.before > 0);
                        if times != 0 {
                            accumulator.add(&entry.row, times)?;
                        }
                    }
                }
                Kept::Extreme(best) => *best = self.extreme(tx, (key, values), (best.take(), entries))?,
                Kept::Ordered(_) if collecting => {}
                kept => *kept = Kept::ordered(ordered_result(&self.call, self.entries(tx, (key, values))?)),
            }
        }
        Ok(())
    }

    /// All entries of a group in order, as far as they matter.
    pub(super) fn entries(
        &self,
        tx: &StateTx<'_>,
        (group, values): (&[u8], &Multiset),
    ) -> Result<Entries, EngineError> {
        let mut entries = Entries::new();
        let most = entries_max(&self.call);
        tx.scan(values.table, group, Version::New, &mut |_, entry| {
            entries.push(decode_entry(entry)?);
            Ok(if entries.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(entries)
    }

    /// The least or greatest value of a group after its values changed.
    fn extreme(
        &self,
        tx: &StateTx<'_>,
        (group, values): (&[u8], &Multiset),
        (current, entries): (Option<Best>, Vec<Entry>),
    ) -> Result<Option<Best>, EngineError> {
        let own = |entry: &Entry| entry.key[group.len()..].to_vec();
        let gone = |best: &Best| entries.iter().any(|entry| entry.after == 0 && best.key == own(entry));
        let mut best = match current {
            Some(best) if gone(&best) => self.next_best(tx, (group, values), &best)?,
            current => current,
        };
        for entry in entries.iter().filter(|entry| entry.after > 0) {
            Best::improve(&mut best, &self.call, (own(entry), entry.row.first().unwrap_or(&Value::Null)));
        }
        Ok(best)
    }

    /// The best of the values behind one that is gone. What is before it came in this step, if anything did; there may be very
    /// many deleted entries, which a search from the end of the group would meet each time.
    fn next_best(
        &self,
        tx: &StateTx<'_>,
        (group, values): (&[u8], &Multiset),
        gone: &Best,
    ) -> Result<Option<Best>, EngineError> {
        let end = if self.call.function == AggregateFunction::Max { End::Greatest } else { End::Least };
        let place = [group, &gone.key].concat();
        let found = values.beside(tx, (group, &place), end)?;
        Ok(found.map(|(key, row)| Best { key: key[group.len()..].to_vec(), value: first(&row) }))
    }
}

fn first(row: &Row) -> Value {
    row.first().cloned().unwrap_or_default()
}
