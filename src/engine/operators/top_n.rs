//! The first rows of each partition.
//!
//! Invariant: shown are the rows up to the end of the limit, without those up to the end of the offset. Both ends are kept
//! per partition as a [`Boundary`]; a change behind them costs a look at them.

use tailwater_connectors::{SqlType, Value};

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::plan::Plan;
use super::super::relation::whole_row;
use super::boundary::{Boundary, First};
use super::ordered::{Changed, Ordered};
use super::parts::Parts;
use crate::state::{TableId, Version, decode_row};

/// ORDER BY … LIMIT per partition, compiled.
pub(in crate::engine) struct TopN {
    pub(in crate::engine) input: Node,
    rows: Ordered,
    /// Partition → its boundaries, that of the offset before that of the limit.
    boundaries: TableId,
    /// Rows passed over.
    skipped: Option<First>,
    /// Rows passed over and taken.
    taken: Option<First>,
    limit: Option<u64>,
}

impl TopN {
    /// Compiles [`Plan::TopN`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let Plan::TopN { input, partition, partition_types, order, offset, limit, with_ties } = plan else {
            return Err(compiler.unsound("not a limit"));
        };
        let input = compiler.node(input)?;
        let types = input.types.clone();
        let rows = Ordered::compile(compiler, id, &input, (partition, partition_types, order))?;
        let boundaries = compiler.table(id, "boundaries");
        let counted = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let skipped = (*offset > 0).then(|| First { rows: counted(*offset), ties: false });
        let taken = limit.map(|limit| First { rows: counted(offset.saturating_add(limit)), ties: *with_ties });
        Ok((types, Self { input, rows, boundaries, skipped, taken, limit: *limit }))
    }

    /// The delta of its output. `node`: its number in the dataflow.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        let delta = self.input.evaluate(flow)?;
        let placed = self.rows.placed(flow, node, delta)?;
        if self.limit == Some(0) {
            return Ok(Delta::new());
        }
        if self.skipped.is_none() && self.taken.is_none() {
            return Ok(placed.into_iter().map(|(_, row, weight)| (row, weight)).collect());
        }
        let changed = self.rows.apply(flow.tx, placed)?;
        let partitions: Vec<&[Changed]> = changed.chunk_by(|a, b| a.place.partition() == b.place.partition()).collect();
        let keys: Vec<Vec<u8>> = partitions.iter().map(|changed| changed[0].place.partition().to_vec()).collect();
        let stored = flow.tx.get_many(self.boundaries, &keys, Version::New)?;
        let mut result = Delta::new();
        for ((changed, key), stored) in partitions.into_iter().zip(keys).zip(stored) {
            let old = self.load(stored.as_deref())?;
            let mut new = Vec::with_capacity(old.len());
            for ((first, sign), old) in self.ends().zip(&old) {
                new.push(first.step((&*flow.tx, &self.rows), (old, changed), (&mut result, sign))?);
            }
            if self.taken.is_none() {
                result.extend(changed.iter().map(|changed| (changed.row.clone(), changed.after - changed.before)));
            }
            if new.iter().all(|boundary| *boundary == Boundary::EMPTY) {
                flow.tx.delete(self.boundaries, key);
            } else if new != old {
                let mut values: Vec<Value> = Vec::new();
                new.iter().for_each(|boundary| boundary.store(&mut values));
                flow.tx.put(self.boundaries, key, whole_row(&values));
            }
        }
        Ok(consolidate(result))
    }

    /// The two ends, with how their rows count.
    fn ends(&self) -> impl Iterator<Item = (First, i64)> {
        self.skipped.map(|first| (first, -1)).into_iter().chain(self.taken.map(|first| (first, 1)))
    }

    fn load(&self, stored: Option<&[u8]>) -> Result<Vec<Boundary>, EngineError> {
        match stored {
            None => Ok(self.ends().map(|_| Boundary::EMPTY).collect()),
            Some(bytes) => {
                let row = decode_row(bytes)?;
                let mut parts = Parts(row.iter());
                self.ends().map(|_| Boundary::load(&mut parts)).collect()
            }
        }
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        let mut text = match self.limit {
            Some(limit) => format!("the first {limit} rows"),
            None => "all rows".to_owned(),
        };
        if self.taken.is_some_and(|first| first.ties) {
            text.push_str(" with ties");
        }
        if let Some(skipped) = self.skipped {
            text.push_str(&format!(" after {}", skipped.rows));
        }
        text.push_str(&self.rows.shown());
        if self.skipped.is_none() && (self.taken.is_none() || self.limit == Some(0)) {
            return (text, Vec::new());
        }
        let state = vec![
            "rows in order: one entry per distinct input row".to_owned(),
            "boundaries: one entry per partition; a change behind them reads them only, another one reads the rows they \
             move over"
                .to_owned(),
        ];
        (text, state)
    }
}
