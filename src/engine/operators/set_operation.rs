//! INTERSECT and EXCEPT, by the counts of both sides.
//!
//! Invariant: the output holds each row as often as the counts of both sides say. Of rows that are equal but look different it
//! shows the least form that the left side has; those forms are counted apart.

use std::collections::BTreeMap;

use tailwater_connectors::{Row, SqlType};

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::plan::{Plan, SetOperator};
use super::super::relation::{present, whole_row};
use super::multiset::{End, Fold, Multiset, has_forms};
use crate::state::{StateError, StateTx, TableId, Version, encode_key};

/// A set operation, compiled.
pub(in crate::engine) struct SetOperation {
    pub(in crate::engine) left: Node,
    pub(in crate::engine) right: Node,
    operator: SetOperator,
    pub(in crate::engine) all: bool,
    /// Row → counts of both sides.
    counts: TableId,
    /// Row | form → count on the left, where equal rows can look different.
    forms: Option<Multiset>,
}

/// How often each side has a row.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    left: i64,
    right: i64,
}

/// What a step does to one row.
struct Touched {
    change: Counts,
    row: Row,
}

impl SetOperation {
    /// Compiles [`Plan::SetOperation`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let Plan::SetOperation { left, right, operator, all } = plan else {
            return Err(compiler.unsound("not a set operation"));
        };
        let (left, right) = (compiler.node(left)?, compiler.node(right)?);
        if left.types.len() != right.types.len() {
            return Err(compiler.unsound("the sides of a set operation have different widths"));
        }
        let types = left.types.clone();
        let forms = types.iter().any(has_forms).then(|| Multiset { table: compiler.table(id, "forms") });
        let counts = compiler.table(id, "counts");
        Ok((types, Self { left, right, operator: *operator, all: *all, counts, forms }))
    }

    /// The delta of its output.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, _node: usize) -> Result<Delta, EngineError> {
        let left = self.left.evaluate(flow)?;
        let right = self.right.evaluate(flow)?;
        self.count_forms(flow.tx, &left)?;
        let mut touched: BTreeMap<Vec<u8>, Touched> = BTreeMap::new();
        let left = left.into_iter().map(|(row, weight)| (row, Counts { left: weight, right: 0 }));
        let right = right.into_iter().map(|(row, weight)| (row, Counts { left: 0, right: weight }));
        for (row, change) in left.chain(right) {
            let entry = touched.entry(self.key(&row)?);
            let counts = &mut entry.or_insert_with(|| Touched { change: Counts::default(), row }).change;
            counts.left += change.left;
            counts.right += change.right;
        }
        self.apply(flow.tx, touched)
    }

    /// Writes the counts; answers what that changes in the output.
    fn apply(&self, tx: &mut StateTx<'_>, touched: BTreeMap<Vec<u8>, Touched>) -> Result<Delta, EngineError> {
        let (keys, touched): (Vec<_>, Vec<_>) = touched.into_iter().unzip();
        let stored = tx.get_many(self.counts, &keys, Version::New)?;
        let mut result = Delta::new();
        for ((key, Touched { change, row }), stored) in keys.into_iter().zip(touched).zip(stored) {
            let before = stored.map_or(Ok(Counts::default()), |bytes| Counts::decode(&bytes))?;
            let after = Counts { left: before.left + change.left, right: before.right + change.right };
            if after.left < 0 || after.right < 0 {
                return Err(EngineError::Inconsistent { what: "a set operation lost a row it did not have" });
            }
            let (old, new) = (self.shown(before), self.shown(after));
            match &self.forms {
                None if old == new => {}
                None => result.push((row, new - old)),
                Some(forms) => {
                    let old = (form(forms, tx, (&key, old), Version::Old)?, old);
                    let new = (form(forms, tx, (&key, new), Version::New)?, new);
                    if old != new {
                        result.extend(old.0.map(|row| (row, -old.1)));
                        result.extend(new.0.map(|row| (row, new.1)));
                    }
                }
            }
            match after == Counts::default() {
                true => tx.delete(self.counts, key),
                false if after == before => {}
                false => tx.put(self.counts, key, after.encode()),
            }
        }
        Ok(consolidate(result))
    }

    /// How often the output has a row.
    fn shown(&self, Counts { left, right }: Counts) -> i64 {
        match (self.operator, self.all) {
            (SetOperator::Intersect, true) => left.min(right),
            (SetOperator::Except, true) => (left - right).max(0),
            (SetOperator::Intersect, false) => i64::from(left > 0 && right > 0),
            (SetOperator::Except, false) => i64::from(left > 0 && right == 0),
        }
    }

    fn key(&self, row: &Row) -> Result<Vec<u8>, StateError> {
        let mut key = Vec::new();
        encode_key(&mut key, &self.left.types, row)?;
        Ok(key)
    }

    fn count_forms(&self, tx: &mut StateTx<'_>, left: &Delta) -> Result<(), EngineError> {
        let Some(forms) = &self.forms else { return Ok(()) };
        let mut fold = Fold::default();
        for (row, weight) in left {
            let mut key = self.key(row)?;
            key.extend_from_slice(&whole_row(row));
            fold.add(key, || row.clone(), *weight);
        }
        forms.apply(tx, fold).map(|_| ())
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        let name = match self.operator {
            SetOperator::Intersect => "intersect",
            SetOperator::Except => "except",
        };
        let text = if self.all { format!("{name} all") } else { name.to_owned() };
        let mut state = vec!["counts: one entry per distinct row of both sides".to_owned()];
        if self.forms.is_some() {
            state.push("forms: one entry per distinct look of a row of the left side".into());
        }
        (text, state)
    }
}

/// The form in which a row is shown; `None` when it is not.
fn form(
    forms: &Multiset,
    tx: &StateTx<'_>,
    (key, shown): (&[u8], i64),
    version: Version,
) -> Result<Option<Row>, EngineError> {
    if shown == 0 {
        return Ok(None);
    }
    let form = forms.end(tx, (key, End::Least), version)?;
    present(form, "a row that is shown has a form on the left").map(Some)
}

impl Counts {
    fn encode(self) -> Vec<u8> {
        [self.left.to_be_bytes(), self.right.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let damaged = || StateError::Damaged { place: "the counts of a set operation".into() };
        let (left, right) = bytes.split_at_checked(8).ok_or_else(damaged)?;
        let count = |bytes: &[u8]| bytes.try_into().map(i64::from_be_bytes).map_err(|_| damaged());
        Ok(Self { left: count(left)?, right: count(right)? })
    }
}
