//! Groups whose results need all their values, while a view is filled.
//!
//! Such a result costs as much as the group is large. A fill meets a group in many batches; so it only collects the values, and
//! each group is computed and shown once, when all rows have been there.

use std::ops::ControlFlow;

use super::super::dataflow::Flow;
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::aggregate::Aggregate;
use super::aggregate_call::Dirty;
use super::contribution::Method;
use super::group::Group;
use super::kept::Kept;
use super::ordered_result::ordered_result;
use crate::state::{StateTx, Version};

/// Groups that are shown at once.
const SHOWN_GROUPS: usize = 1_024;
/// Values after which no further group is begun.
const SHOWN_VALUES: usize = 8_192;

impl Aggregate {
    /// Whether a fill only collects the values of its groups.
    pub(in crate::engine) fn collects(&self) -> bool {
        self.calls.iter().any(|call| Method::of(&call.call) == Method::Ordered)
    }

    /// Writes what the groups have so far.
    pub(super) fn collect(&self, tx: &mut StateTx<'_>, dirty: Vec<Dirty>) -> Result<Delta, EngineError> {
        for Dirty { key, now, .. } in dirty {
            match now.rows {
                0 if !self.is_global() => tx.delete(self.table, key),
                0.. => tx.put(self.table, key, now.encode(&self.calls)),
                _ => return Err(EngineError::Inconsistent { what: "a group lost a row it did not have" }),
            }
        }
        Ok(Delta::new())
    }

    /// Computes and shows the next groups after their values were collected.
    pub(super) fn show_filled(&self, flow: &mut Flow<'_, '_>, node: usize, start: &[u8]) -> Result<Delta, EngineError> {
        let mut groups = Vec::new();
        let mut next = None;
        flow.tx.scan_from(self.table, start, Version::New, &mut |key, group| {
            if groups.len() == SHOWN_GROUPS {
                next = Some(key.to_vec());
                return Ok(ControlFlow::Break(()));
            }
            groups.push((key.to_vec(), group.to_vec()));
            Ok(ControlFlow::Continue(()))
        })?;
        let empty = Group::empty(vec![Default::default(); self.group.len()], &self.calls)?;
        let mut values = 0;
        let mut result = Delta::new();
        for (key, stored) in groups {
            if values > SHOWN_VALUES {
                next = Some(key);
                break;
            }
            let mut group = empty.decode(&stored, &self.calls)?;
            for (call, kept) in self.calls.iter().zip(&mut group.kept) {
                if let (Kept::Ordered(_), Some(multiset)) = (&*kept, &call.values) {
                    let entries = call.entries(flow.tx, (&key, multiset))?;
                    values += entries.len();
                    *kept = Kept::ordered(ordered_result(&call.call, entries));
                }
            }
            flow.tx.put(self.table, key, group.encode(&self.calls));
            result.extend(self.shown(&mut flow.faults, node, (&group, 1))?.map(|row| (row, 1)));
        }
        flow.show_next(next);
        Ok(result)
    }
}
