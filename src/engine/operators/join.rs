//! The n-way join, left-deep, without intermediate results.
//!
//! Invariant: the deltas answered over all steps add up to the join of the inputs' rows. For inputs I0..In-1 a step's delta is
//! the telescoping sum over i of J(new of inputs before i; change of i; old of inputs after i); see [`super::term`].
//!
//! While a view is filled, all inputs but the first stand complete, and only the first input's term runs; a delta of
//! another input only builds that input's arrangement.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType, Value};

use super::super::dataflow::Flow;
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::plan::JoinKind;
use super::super::relation::{key_of_columns, present};
use super::super::scalar::Scalar;
use super::input::{Input, Question, Rows};
use super::term::{Lookup, Operation, Shape, Term};
use crate::state::{StateError, Version, encode_key};

/// A join, compiled.
pub(in crate::engine) struct Join {
    pub(in crate::engine) inputs: Vec<Input>,
    pub(in crate::engine) shape: Shape,
    pub(in crate::engine) terms: Vec<Term>,
}

/// A joined row that is being put together: full width, null where nothing is known yet.
#[derive(Clone)]
struct Partial {
    values: Vec<Value>,
    weight: i64,
    /// Which group of the term's delta it started from.
    origin: usize,
}

/// Changed rows of the term's input that have one join key.
struct Group<'a> {
    key: Vec<u8>,
    rows: Vec<&'a (Row, i64)>,
}

impl Join {
    /// The join's delta for its inputs' deltas.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>) -> Result<Delta, EngineError> {
        let mut deltas = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            deltas.push(input.node.evaluate(flow)?);
        }
        for (input, delta) in self.inputs.iter().zip(&deltas) {
            input.arrange(flow.tx, delta)?;
        }
        let terms = if flow.is_filling() { 1 } else { deltas.len() };
        let mut result = Delta::new();
        for (index, delta) in deltas.iter().enumerate().take(terms) {
            if delta.is_empty() {
                continue;
            }
            let joined = if index == 0 { self.first(delta) } else { self.backward(flow, index, delta)? };
            let joined = self.run(flow, Version::Old, (&self.terms[index].after, joined))?;
            result.extend(joined.into_iter().map(|partial| (Row::from(partial.values), partial.weight)));
        }
        Ok(consolidate(result))
    }

    fn width(&self) -> usize {
        self.shape.types.len()
    }

    fn first(&self, delta: &Delta) -> Vec<Partial> {
        (delta.iter())
            .map(|(row, weight)| {
                let mut values = Vec::with_capacity(self.width());
                values.extend_from_slice(row);
                values.resize(self.width(), Value::Null);
                Partial { values, weight: *weight, origin: 0 }
            })
            .collect()
    }

    /// The rows of the prefix that the delta of input `index` touches (new), joined with the change.
    fn backward(&self, flow: &mut Flow<'_, '_>, index: usize, delta: &Delta) -> Result<Vec<Partial>, EngineError> {
        let groups = self.groups(index, delta)?;
        let offset = self.shape.offsets[index];
        let starts = groups.iter().enumerate().map(|(origin, group)| {
            let mut values = vec![Value::Null; self.width()];
            for key in &self.shape.keys[index] {
                values[offset + key.own] = group.rows[0].0[key.own].clone();
            }
            Partial { values, weight: 1, origin }
        });
        let starts = starts.collect();
        let prefixes = self.run(flow, Version::New, (&self.terms[index].before, starts))?;
        let mut result = Vec::new();
        let mut matches = Matches { join: self, index, by_key: HashMap::default() };
        for prefix in prefixes {
            let group = &groups[prefix.origin];
            let before = result.len();
            for (row, weight) in &group.rows {
                let mut partial = prefix.clone();
                partial.weight = prefix.weight * weight;
                self.place(&mut partial.values, index, Some(row));
                if self.residual_holds(index, &partial.values)? {
                    result.push(partial);
                }
            }
            if self.shape.kinds[index] == JoinKind::Left && result.len() > before {
                let had = matches.exist(flow, Version::Old, (&group.key, &prefix))?;
                let has = matches.exist(flow, Version::New, (&group.key, &prefix))?;
                if had != has {
                    let mut alone = prefix;
                    self.place(&mut alone.values, index, None);
                    alone.weight *= if had { 1 } else { -1 };
                    result.push(alone);
                }
            }
        }
        Ok(result)
    }

    /// The delta's rows by join key, in order of first appearance; rows with null in the key join nothing.
    fn groups<'d>(&self, index: usize, delta: &'d Delta) -> Result<Vec<Group<'d>>, EngineError> {
        let own: Vec<usize> = self.shape.keys[index].iter().map(|key| key.own).collect();
        let types = self.inputs[index].types();
        let mut places: HashMap<Vec<u8>, usize, FxBuildHasher> = HashMap::default();
        let mut groups: Vec<Group<'d>> = Vec::new();
        for change in delta {
            if own.iter().any(|&column| change.0[column].is_null()) {
                continue;
            }
            let key = key_of_columns(types, &own, &change.0)?;
            let place = *places.entry(key.clone()).or_insert_with(|| {
                groups.push(Group { key, rows: Vec::new() });
                groups.len() - 1
            });
            groups[place].rows.push(change);
        }
        Ok(groups)
    }

    /// Writes an input's columns into a row; nulls for `None`.
    fn place(&self, values: &mut [Value], input: usize, row: Option<&Row>) {
        let target = &mut values[self.shape.offsets[input]..self.shape.offsets[input + 1]];
        match row {
            Some(row) => target.clone_from_slice(row),
            None => target.fill(Value::Null),
        }
    }

    fn residual_holds(&self, input: usize, values: &[Value]) -> Result<bool, EngineError> {
        holds(self.shape.residuals[input].as_ref(), values)
    }

    /// Runs the operations of a term over all rows at once.
    fn run(
        &self,
        flow: &mut Flow<'_, '_>,
        version: Version,
        (operations, mut partials): (&[Operation], Vec<Partial>),
    ) -> Result<Vec<Partial>, EngineError> {
        for operation in operations {
            if partials.is_empty() {
                break;
            }
            partials = self.expand(flow, version, (operation, partials))?;
        }
        Ok(partials)
    }

    fn expand(
        &self,
        flow: &mut Flow<'_, '_>,
        version: Version,
        (operation, partials): (&Operation, Vec<Partial>),
    ) -> Result<Vec<Partial>, EngineError> {
        let lookup = &operation.lookup;
        let found = self.look_up(flow, version, (lookup, &partials))?;
        let mut result = Vec::with_capacity(partials.len());
        for (mut partial, rows) in partials.into_iter().zip(found.places) {
            let mut matched = false;
            let rows = rows.map_or(&[][..], |place| &found.rows[place]);
            for (number, (row, count)) in rows.iter().enumerate() {
                if !self.verified(lookup, &partial.values, row)? {
                    continue;
                }
                self.place(&mut partial.values, lookup.input, Some(row));
                if !holds(operation.matching.as_ref(), &partial.values)? {
                    continue;
                }
                matched = true;
                if all_hold(&operation.conditions, &partial.values)? {
                    // The last one takes the values; mostly there is one.
                    let is_last = number + 1 == rows.len();
                    let values = if is_last { std::mem::take(&mut partial.values) } else { partial.values.clone() };
                    result.push(Partial { values, weight: partial.weight * count, origin: partial.origin });
                }
            }
            if operation.left && !matched {
                self.place(&mut partial.values, lookup.input, None);
                if all_hold(&operation.conditions, &partial.values)? {
                    result.push(partial);
                }
            }
        }
        Ok(result)
    }

    /// Finds the rows of an input for all partial rows with one pass over its sorted, distinct keys.
    fn look_up(
        &self,
        flow: &mut Flow<'_, '_>,
        version: Version,
        (lookup, partials): (&Lookup, &[Partial]),
    ) -> Result<Found, EngineError> {
        let mut wanted = Vec::with_capacity(partials.len());
        for partial in partials {
            wanted.push(self.lookup_key(lookup, &partial.values)?);
        }
        let mut places = vec![None; wanted.len()];
        let mut sorted: Vec<(Vec<u8>, usize)> =
            wanted.into_iter().enumerate().filter_map(|(number, key)| Some((key?, number))).collect();
        sorted.sort_unstable();
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(sorted.len());
        for (key, number) in sorted {
            if keys.last() != Some(&key) {
                keys.push(key);
            }
            places[number] = Some(keys.len() - 1);
        }
        let question = Question { access: lookup.access, version, limit: usize::MAX };
        let rows = self.inputs[lookup.input].find(flow, question, &keys)?;
        Ok(Found { places, rows })
    }

    /// The key to look up; `None` when a value is null, which equals nothing.
    fn lookup_key(&self, lookup: &Lookup, values: &[Value]) -> Result<Option<Vec<u8>>, EngineError> {
        let null = |column: &usize| values[*column].is_null();
        if lookup.from.iter().any(null) || lookup.verify.iter().any(|(column, _)| null(column)) {
            return Ok(None);
        }
        Ok(Some(key_of_columns(&self.shape.types, &lookup.from, values)?))
    }

    fn verified(&self, lookup: &Lookup, values: &[Value], row: &Row) -> Result<bool, StateError> {
        for &(column, own) in &lookup.verify {
            let sql_type = &self.shape.types[column];
            if row[own].is_null() || !same_value(sql_type, &values[column], &row[own])? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Found {
    /// Per partial row: place in `rows`.
    places: Vec<Option<usize>>,
    rows: Vec<Rows>,
}

/// Whether prefix rows had or have a match in a left input; remembered per key where no residual asks for the row.
struct Matches<'a> {
    join: &'a Join,
    index: usize,
    by_key: HashMap<(Vec<u8>, bool), bool, FxBuildHasher>,
}

impl Matches<'_> {
    fn exist(
        &mut self,
        flow: &mut Flow<'_, '_>,
        version: Version,
        (key, prefix): (&[u8], &Partial),
    ) -> Result<bool, EngineError> {
        let lookup = present(self.join.terms[self.index].own.as_ref(), "a left join can look up its own rows")?;
        let by_row = self.join.shape.residuals[self.index].is_some();
        let remembered = (key.to_vec(), version == Version::New);
        if !by_row && let Some(&known) = self.by_key.get(&remembered) {
            return Ok(known);
        }
        let exists = self.search(flow, version, (lookup, prefix))?;
        if !by_row {
            self.by_key.insert(remembered, exists);
        }
        Ok(exists)
    }

    fn search(
        &self,
        flow: &mut Flow<'_, '_>,
        version: Version,
        (lookup, prefix): (&Lookup, &Partial),
    ) -> Result<bool, EngineError> {
        let Some(key) = self.join.lookup_key(lookup, &prefix.values)? else { return Ok(false) };
        let any_row_will_do = self.join.shape.residuals[self.index].is_none() && lookup.verify.is_empty();
        let limit = if any_row_will_do { 1 } else { usize::MAX };
        let question = Question { access: lookup.access, version, limit };
        let mut values = prefix.values.clone();
        for (row, _) in self.join.inputs[self.index].find(flow, question, &[key])?.iter().flatten() {
            if self.join.verified(lookup, &prefix.values, row)? {
                self.join.place(&mut values, self.index, Some(row));
                if self.join.residual_holds(self.index, &values)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Equality of two non-null values of one type, as SQL has it.
fn same_value(sql_type: &SqlType, a: &Value, b: &Value) -> Result<bool, StateError> {
    let bytes = |value: &Value| {
        let mut bytes = Vec::new();
        encode_key(&mut bytes, std::slice::from_ref(sql_type), std::slice::from_ref(value)).map(|()| bytes)
    };
    Ok(a == b || bytes(a)? == bytes(b)?)
}

fn holds(condition: Option<&Scalar>, values: &[Value]) -> Result<bool, EngineError> {
    Ok(condition.map_or(Ok(true), |condition| condition.holds(values))?)
}

fn all_hold(conditions: &[Scalar], values: &[Value]) -> Result<bool, EngineError> {
    for condition in conditions {
        if !condition.holds(values)? {
            return Ok(false);
        }
    }
    Ok(true)
}
