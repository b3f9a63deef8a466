//! Whether rows of a join have a match in an input, where the matches themselves are not asked for.
//!
//! A key may have very many rows: where the key alone decides, one of them is read; where a residual decides, rows are read
//! one by one up to the first match.

use std::ops::ControlFlow;

use tailwater_connectors::Value;

use super::super::dataflow::Flow;
use super::super::error::EngineError;
use super::super::fault::may_fail;
use super::super::relation::present;
use super::super::scalar::Scalar;
use super::join::{Group, Join};
use super::join_rows::{Partial, Way};
use super::term::{Lookup, Operation};
use crate::state::Version;

/// How a match is looked for.
#[derive(Clone, Copy)]
struct Search<'a> {
    lookup: &'a Lookup,
    matching: Option<&'a Scalar>,
    version: Version,
    /// Whether pairs without a value are recorded; then all pairs are looked at.
    records: bool,
}

impl Join {
    /// Whether each of the rows has a match in the operation's input.
    pub(super) fn matched(
        &self,
        flow: &mut Flow<'_, '_>,
        way: Way,
        (operation, partials): (&Operation, &[Partial]),
    ) -> Result<Vec<bool>, EngineError> {
        let (lookup, matching) = (&operation.lookup, operation.matching.as_ref());
        self.search_all(flow, Search { lookup, matching, version: way.version(), records: way.records() }, partials)
    }

    fn search_all(
        &self,
        flow: &mut Flow<'_, '_>,
        search: Search<'_>,
        partials: &[Partial],
    ) -> Result<Vec<bool>, EngineError> {
        if search.matching.is_none() && search.lookup.verify.is_empty() {
            return self.any(flow, (search.lookup, search.version), partials);
        }
        partials.iter().map(|partial| self.search(flow, search, partial)).collect()
    }

    /// Learns whether the keys of the groups had and have rows; `starts` hold a key each.
    pub(super) fn settle_keys(
        &self,
        flow: &mut Flow<'_, '_>,
        index: usize,
        (groups, starts): (&mut [Group<'_>], &[Partial]),
    ) -> Result<(), EngineError> {
        let lookup = present(self.terms[index].own.as_ref(), "an input that decides can look up its own rows")?;
        let mut known = [Version::Old, Version::New].map(|version| {
            // A row that went was there before, one that came is there now.
            let shows = |weight: i64| if version == Version::Old { weight < 0 } else { weight > 0 };
            groups.iter().map(|group| group.rows.iter().any(|(_, weight)| shows(*weight))).collect::<Vec<bool>>()
        });
        for (known, version) in known.iter_mut().zip([Version::Old, Version::New]) {
            let open: Vec<Partial> = starts.iter().filter(|start| !known[start.origin]).cloned().collect();
            let search = Search { lookup, matching: None, version, records: false };
            for (start, matched) in open.iter().zip(self.search_all(flow, search, &open)?) {
                known[start.origin] = matched;
            }
        }
        for (origin, group) in groups.iter_mut().enumerate() {
            group.matched = Some((known[0][origin], known[1][origin]));
        }
        Ok(())
    }

    /// Whether a row of the prefix of input `index`, with the key of that input's change in place, has a match in it.
    pub(super) fn has_match(
        &self,
        flow: &mut Flow<'_, '_>,
        index: usize,
        (version, prefix): (Version, &Partial),
    ) -> Result<bool, EngineError> {
        let lookup = present(self.terms[index].own.as_ref(), "an input that decides can look up its own rows")?;
        let matching = self.shape.residuals[index].as_ref();
        self.search(flow, Search { lookup, matching, version, records: false }, prefix)
    }

    fn search(&self, flow: &mut Flow<'_, '_>, search: Search<'_>, partial: &Partial) -> Result<bool, EngineError> {
        let Search { lookup, matching, version, records } = search;
        let Some(key) = self.lookup_key(lookup, &partial.values)? else { return Ok(false) };
        let records = records && matching.is_some_and(may_fail);
        let end = self.shape.columns(lookup.input).end;
        let mut pair = partial.values.clone();
        let mut failed = Vec::new();
        let mut found = false;
        self.inputs[lookup.input].each(flow, (lookup.access, version, &key), &mut |row, count| {
            if self.verified(lookup, &partial.values, &row)? {
                self.place(&mut pair, lookup.input, Some(&row));
                match matching.map_or(Ok(true), |matching| matching.holds(&pair)) {
                    Ok(holds) => found |= holds,
                    Err(error) if records => failed.push((error, pair[..end].to_vec(), partial.weight * count)),
                    Err(_) => {}
                }
            }
            Ok(if found && !records { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        for (error, row, weight) in failed {
            let row: &[Value] = &row;
            flow.faults.caught(self.node, error, (row, weight))?;
        }
        Ok(found)
    }
}
