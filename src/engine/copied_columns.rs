//! Fills a view that is columns of one relation, without decoding its rows: their values are copied as they are stored.

use std::ops::ControlFlow;

use tailwater_connectors::SqlType;

use super::dataflow::{Node, NodeKind};
use super::driver::Engine;
use super::error::EngineError;
use super::fill::FILL_BATCH_ROWS;
use super::relation::{Layout, Relation};
use super::scalar::Scalar;
use crate::state::{Run, State, StateError, StoredRow, TableId, Version, encode_value};

/// A view whose rows are columns of a relation's rows.
pub(super) struct CopiedColumns<'e> {
    relation: &'e Relation,
    /// Columns of the relation, in the view's order.
    columns: Vec<usize>,
    /// Columns of the relation that are the view's key, with their types in the view.
    key: Vec<(usize, &'e SqlType)>,
    stored: StoredRow,
}

impl Engine {
    /// The view at this place, if it is of that kind. Its key must be proven, so that nothing need be compared; rows of a relation without
    /// a key are counted, and may be there twice.
    pub(super) fn copied_columns(&self, place: usize) -> Option<CopiedColumns<'_>> {
        let view = &self.assembly.views[place];
        let (relation, columns) = copied(&view.root)?;
        let (relation, shown) = (&self.assembly.relations[relation], &self.assembly.relations[view.relation]);
        let columns = columns.unwrap_or_else(|| (0..relation.types.len()).collect());
        let Layout::Keyed(key) = &shown.layout else { return None };
        let key = key.iter().map(|column| (columns[*column], &shown.types[*column])).collect();
        let is_kept = view.key_is_proven && matches!(relation.layout, Layout::Keyed(_));
        is_kept.then_some(CopiedColumns { relation, columns, key, stored: StoredRow::default() })
    }
}

/// The relation and its columns that a node answers, `None` for all, if it does nothing else.
fn copied(node: &Node) -> Option<(usize, Option<Vec<usize>>)> {
    match &node.kind {
        NodeKind::Scan { relation, columns } => Some((*relation, columns.clone())),
        NodeKind::Project { input, expressions } => {
            let (relation, columns) = copied(input)?;
            let column = |expression: &Scalar| match (expression, &columns) {
                (Scalar::Column(column), None) => Some(*column),
                (Scalar::Column(column), Some(columns)) => columns.get(*column).copied(),
                _ => None,
            };
            Some((relation, Some(expressions.iter().map(column).collect::<Option<_>>()?)))
        }
        _ => None,
    }
}

impl CopiedColumns<'_> {
    /// Its columns, if its rows are those of this table of state, under the same keys.
    pub(super) fn keyed_as(self, table: TableId) -> Option<Vec<usize>> {
        let own = self.relation.key_columns()?;
        let is_same =
            |(place, own): (&(usize, &SqlType), &usize)| place.0 == *own && *place.1 == self.relation.types[*own];
        let fits = self.relation.table == table && self.key.len() == own.len() && self.key.iter().zip(own).all(is_same);
        fits.then_some(self.columns)
    }

    /// Adds the rows of one batch from `start` on; answers how many there were, and where to go on, if anywhere.
    pub(super) fn batch(
        &mut self,
        state: &State,
        start: &[u8],
        rows: &mut Run,
    ) -> Result<(usize, Option<Vec<u8>>), EngineError> {
        let (mut number, mut next) = (0, None);
        state.begin().scan_from(self.relation.table, start, Version::Old, &mut |key, row| {
            if number == FILL_BATCH_ROWS {
                next = Some(key.to_vec());
                return Ok(ControlFlow::Break(()));
            }
            number += 1;
            self.stored.find(row)?;
            rows.put(|bytes| {
                for (column, sql_type) in &self.key {
                    encode_value(bytes, sql_type, &self.stored.value(row, *column)?)?;
                }
                let key_end = bytes.len();
                self.stored.project(row, &self.columns, bytes)?;
                Ok::<_, StateError>(key_end)
            })?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((number, next))
    }
}
