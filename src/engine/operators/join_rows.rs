//! Rows of a join that are being put together, and how they grow through the operations of a term, all at once.

use tailwater_connectors::{Row, SqlType, Value};

use super::super::dataflow::Flow;
use super::super::error::EngineError;
use super::super::fault::holds_quietly;
use super::super::plan::JoinKind;
use super::super::planted;
use super::super::relation::key_of_columns;
use super::input::Question;
use super::input_pages::{Cursor, Found};
use super::join::Join;
use super::term::{Equality, Lookup, Operation, Pair};
use crate::state::{StateError, Version, encode_key};

/// A joined row that is being put together: full width, null where nothing is known yet.
#[derive(Clone)]
pub(super) struct Partial {
    pub(super) values: Vec<Value>,
    pub(super) weight: i64,
    /// Which group of the term's delta it started from.
    pub(super) origin: usize,
}

/// Which way a term runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the rows before it, as they are now. Pairs without a value are passed over.
    Backward,
    /// Through the rows after it, in this version. Pairs without a value are recorded.
    Forward(Version),
}

impl Way {
    pub(super) fn version(self) -> Version {
        match self {
            Self::Backward => Version::New,
            Self::Forward(version) => version,
        }
    }

    pub(super) fn records(self) -> bool {
        matches!(self, Self::Forward(_))
    }
}

impl Join {
    /// Runs the operations of a term over all rows at once.
    pub(super) fn run(
        &self,
        flow: &mut Flow<'_, '_>,
        way: Way,
        (operations, mut partials): (&[Operation], Vec<Partial>),
    ) -> Result<Vec<Partial>, EngineError> {
        for operation in operations {
            if partials.is_empty() {
                break;
            }
            partials = match operation.kind {
                JoinKind::Inner | JoinKind::Left => self.expand(flow, way, (operation, partials))?,
                JoinKind::Semi | JoinKind::Anti | JoinKind::Mark => self.decide(flow, way, (operation, partials))?,
            };
        }
        Ok(partials)
    }

    /// Each row with each of its matches.
    fn expand(
        &self,
        flow: &mut Flow<'_, '_>,
        way: Way,
        (operation, mut partials): (&Operation, Vec<Partial>),
    ) -> Result<Vec<Partial>, EngineError> {
        let lookup = &operation.lookup;
        let Asked { keys, places } = self.ask(lookup, &partials)?;
        let mut matched = vec![false; partials.len()];
        let mut result = Vec::with_capacity(partials.len());
        let mut cursor = Cursor::default();
        while cursor.key < keys.len() {
            let found = self.inputs[lookup.input].page(flow, (lookup.access, way.version()), (&keys, &mut cursor))?;
            let Some(first) = found.first().map(|found| found.key) else { break };
            for (number, partial) in partials.iter_mut().enumerate() {
                let place = places[number].and_then(|key| key.checked_sub(first));
                if let Some(found) = place.and_then(|place| found.get(place)) {
                    matched[number] |= self.pair(flow, way, (operation, partial), (found, &mut result))?;
                }
            }
        }
        if operation.kind == JoinKind::Left {
            for (mut partial, matched) in partials.into_iter().zip(matched) {
                if matched {
                    continue;
                }
                self.place(&mut partial.values, lookup.input, None);
                if self.agrees(operation, &partial.values)? {
                    result.push(partial);
                }
            }
        }
        Ok(result)
    }

    /// Pairs a row with those that were found for it; answers whether one of them is a match.
    fn pair(
        &self,
        flow: &mut Flow<'_, '_>,
        way: Way,
        (operation, partial): (&Operation, &mut Partial),
        (found, result): (&Found, &mut Vec<Partial>),
    ) -> Result<bool, EngineError> {
        let lookup = &operation.lookup;
        let end = self.shape.columns(lookup.input).end;
        let mut matched = false;
        for (number, (row, count)) in found.rows.iter().enumerate() {
            if !self.verified(lookup, &partial.values, row)? {
                continue;
            }
            self.place(&mut partial.values, lookup.input, Some(row));
            let weight = partial.weight * count;
            let holds = match &operation.matching {
                None => true,
                Some(matching) if way.records() => {
                    flow.faults.holds(self.node, matching, (&partial.values[..end], weight))?
                }
                Some(matching) => holds_quietly(matching, &partial.values),
            };
            if !holds {
                continue;
            }
            matched = true;
            if self.agrees(operation, &partial.values)? {
                // The last one takes the values; mostly there is one.
                let is_last = found.is_last && number + 1 == found.rows.len();
                let values = if is_last { std::mem::take(&mut partial.values) } else { partial.values.clone() };
                result.push(Partial { values, weight, origin: partial.origin });
            }
        }
        Ok(matched)
    }

    /// Each row once, or not, by whether it has a match.
    fn decide(
        &self,
        flow: &mut Flow<'_, '_>,
        way: Way,
        (operation, partials): (&Operation, Vec<Partial>),
    ) -> Result<Vec<Partial>, EngineError> {
        let matched = self.matched(flow, way, (operation, &partials))?;
        let mut result = Vec::with_capacity(partials.len());
        for (mut partial, matched) in partials.into_iter().zip(matched) {
            let stays = match operation.kind {
                JoinKind::Semi => matched,
                JoinKind::Anti => !matched,
                _ => {
                    partial.values[self.shape.mark(operation.lookup.input)] = Value::Bool(matched);
                    true
                }
            };
            if stays && self.agrees(operation, &partial.values)? {
                result.push(partial);
            }
        }
        Ok(result)
    }

    /// Whether what can be decided after an operation holds.
    fn agrees(&self, operation: &Operation, values: &[Value]) -> Result<bool, StateError> {
        for Equality { columns: (a, b), null_safe } in &operation.equalities {
            if !same_value((&self.shape.types[*a], *null_safe), &values[*a], &values[*b])? {
                return Ok(false);
            }
        }
        Ok(operation.conditions.iter().all(|condition| holds_quietly(condition, values)))
    }

    /// The sorted, distinct keys that partial rows look up, and which of them each one does.
    fn ask(&self, lookup: &Lookup, partials: &[Partial]) -> Result<Asked, EngineError> {
        let mut sorted: Vec<(Vec<u8>, usize)> = Vec::with_capacity(partials.len());
        for (number, partial) in partials.iter().enumerate() {
            sorted.extend(self.lookup_key(lookup, &partial.values)?.map(|key| (key, number)));
        }
        sorted.sort_unstable();
        let mut places = vec![None; partials.len()];
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(sorted.len());
        for (key, number) in sorted {
            if keys.last() != Some(&key) {
                keys.push(key);
            }
            places[number] = Some(keys.len() - 1);
        }
        Ok(Asked { keys, places })
    }

    /// Whether an input has a row for each of the partial rows, by their keys alone.
    pub(super) fn any(
        &self,
        flow: &mut Flow<'_, '_>,
        (lookup, version): (&Lookup, Version),
        partials: &[Partial],
    ) -> Result<Vec<bool>, EngineError> {
        let Asked { keys, places } = self.ask(lookup, partials)?;
        let question = Question { access: lookup.access, version, limit: 1 };
        let rows = self.inputs[lookup.input].find(flow, question, &keys)?;
        Ok(places.into_iter().map(|place| place.is_some_and(|place| !rows[place].is_empty())).collect())
    }

    /// The key to look up; `None` when a value is null that equals nothing.
    pub(super) fn lookup_key(&self, lookup: &Lookup, values: &[Value]) -> Result<Option<Vec<u8>>, EngineError> {
        let equals_nothing = |pair: &Pair| planted::is_kept_from_meeting(pair.null_safe, &values[pair.column]);
        if lookup.from.iter().chain(&lookup.verify).any(equals_nothing) {
            return Ok(None);
        }
        let columns: Vec<usize> = lookup.from.iter().map(|pair| pair.column).collect();
        Ok(Some(key_of_columns(&self.shape.types, &columns, values)?))
    }

    /// Whether a row that was found satisfies the equalities that finding it does not assure.
    pub(super) fn verified(&self, lookup: &Lookup, values: &[Value], row: &Row) -> Result<bool, StateError> {
        for &Pair { column, own, null_safe } in &lookup.verify {
            if !same_value((&self.shape.types[column], null_safe), &values[column], &row[own])? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What partial rows look up.
struct Asked {
    keys: Vec<Vec<u8>>,
    /// Per partial row: number of its key.
    places: Vec<Option<usize>>,
}

/// Equality of two values of one type, as SQL has it; a null equals a null if that is null-safe, else nothing.
fn same_value((sql_type, null_safe): (&SqlType, bool), a: &Value, b: &Value) -> Result<bool, StateError> {
    if a.is_null() || b.is_null() {
        return Ok(null_safe && a.is_null() && b.is_null());
    }
    let bytes = |value: &Value| {
        let mut bytes = Vec::new();
        encode_key(&mut bytes, std::slice::from_ref(sql_type), std::slice::from_ref(value)).map(|()| bytes)
    };
    Ok(a == b || bytes(a)? == bytes(b)?)
}
