//! ORDER BY, LIMIT, OFFSET and FETCH.

use sqlparser::ast::{Expr, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Value as Literal};
use tailwater_connectors::{SqlType, Value};

use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::fold;
use super::super::node::RowRange;
use super::super::place::place_of;
use super::super::scalars::folded;
use super::binder::{Binder, Output, settled, type_refusal};
use crate::engine::plan::SortKey;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// An order, and where it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Ordering {
    pub(super) keys: Vec<SortKey>,
    pub(super) place: Option<Place>,
}

/// ASC, DESC, NULLS FIRST and NULLS LAST of one expression.
#[derive(Clone, Copy)]
pub(super) struct Direction {
    pub(super) descending: bool,
    pub(super) nulls_first: bool,
}

impl Direction {
    pub(super) fn of(written: &OrderByExpr) -> Self {
        let descending = written.options.asc == Some(false);
        Self { descending, nulls_first: written.options.nulls_first.unwrap_or(descending) }
    }
}

/// The expressions of an ORDER BY.
pub(super) fn expressions(order: Option<&OrderBy>) -> Result<&[OrderByExpr]> {
    match order {
        None => Ok(&[]),
        Some(OrderBy { kind: OrderByKind::Expressions(expressions), interpolate: None }) => Ok(expressions),
        Some(other) => Err(Refusal::new(Code::Unsupported, "this ORDER BY is not SQL of Postgres").at(place_of(other))),
    }
}

/// Which output column an ORDER BY or GROUP BY expression names by its number.
pub(super) fn ordinal(expression: &Expr, count: usize, clause: &str) -> Result<Option<usize>> {
    let Expr::Value(value) = expression else { return Ok(None) };
    let Literal::Number(digits, _) = &value.value else { return Ok(None) };
    match digits.to_string().parse::<usize>() {
        Ok(number) if (1..=count).contains(&number) => Ok(Some(number - 1)),
        _ => Err(Refusal::new(Code::Types, format!("{clause} position {digits} is not in select list"))
            .at(place_of(expression))),
    }
}

impl Binder<'_> {
    /// Sort keys over the outputs of a query alone: of a set operation.
    pub(super) fn order_by_outputs(&self, order: &[OrderByExpr], outputs: &[Output]) -> Result<Vec<SortKey>> {
        let mut keys = Vec::new();
        for written in order {
            let place = place_of(&written.expr);
            let named = match (ordinal(&written.expr, outputs.len(), "ORDER BY")?, &written.expr) {
                (Some(number), _) => Some(&outputs[number]),
                (None, Expr::Identifier(name)) => {
                    let name = fold(name);
                    outputs.iter().find(|output| output.name == name)
                }
                _ => None,
            };
            let Some(output) = named else {
                return Err(Refusal::new(
                    Code::UnknownColumn,
                    "ORDER BY of a set operation takes names of its columns",
                )
                .at(place)
                .hint("put the set operation into a derived table, and order its rows"));
            };
            keys.extend(self.sort_keys(output.typed.clone(), &written.expr, Direction::of(written))?);
        }
        Ok(keys)
    }

    /// Sort keys of an ORDER BY inside an aggregate or a window.
    pub(super) fn order_by(&mut self, order: &[OrderByExpr]) -> Result<Vec<SortKey>> {
        Ok(self.ordered_by(order)?.into_iter().flat_map(|(_, keys)| keys).collect())
    }

    /// The same, with what each key orders by.
    pub(super) fn ordered_by(&mut self, order: &[OrderByExpr]) -> Result<Vec<(Typed, Vec<SortKey>)>> {
        let mut keys = Vec::new();
        for written in order {
            let typed = settled(self.expression(&written.expr)?)?;
            let own = self.sort_keys(typed.clone(), &written.expr, Direction::of(written))?;
            keys.push((typed, own));
        }
        Ok(keys)
    }

    /// LIMIT, OFFSET and FETCH; `None` when all rows are taken.
    pub(super) fn row_range(&mut self, query: &Query) -> Result<Option<RowRange>> {
        let mut range = RowRange { offset: 0, limit: None, with_ties: false };
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                range.limit = limit.as_ref().map(|limit| self.row_count(limit, "LIMIT")).transpose()?.flatten();
                let offset = offset.as_ref().map(|offset| self.row_count(&offset.value, "OFFSET")).transpose()?;
                range.offset = offset.flatten().unwrap_or(0);
            }
            Some(_) => {
                return Err(Refusal::new(Code::Unsupported, "this LIMIT is not SQL of Postgres").at(place_of(query)));
            }
        }
        if let Some(fetch) = &query.fetch {
            if fetch.percent {
                return Err(Refusal::new(Code::Unsupported, "FETCH … PERCENT is not SQL of Postgres"));
            }
            range.limit = match &fetch.quantity {
                Some(quantity) => self.row_count(quantity, "FETCH")?,
                None => Some(1),
            };
            range.with_ties = fetch.with_ties;
        }
        Ok((range.limit.is_some() || range.offset > 0).then_some(range))
    }

    /// A constant number of rows; null is no limit.
    fn row_count(&mut self, written: &Expr, clause: &str) -> Result<Option<u64>> {
        let place = place_of(written);
        if matches!(written, Expr::Identifier(name) if name.value.eq_ignore_ascii_case("all")) {
            return Ok(None);
        }
        let not_constant = || {
            Refusal::new(Code::Limit, format!("{clause} must be a constant")).at(place).hint(
                "write the number; a limit that differs per row is `row_number() OVER (…) <= n` in a derived table",
            )
        };
        // A limit sees no columns.
        let levels = std::mem::take(&mut self.levels);
        let typed = self.expression(written);
        self.levels = levels;
        let typed = typed.map_err(|_| not_constant())?;
        let typed = bind::cast(typed, &SqlType::Int8, false).map_err(type_refusal)?;
        match folded(typed.scalar) {
            Scalar::Literal(Value::Null) => Ok(None),
            Scalar::Literal(Value::Int(count)) => match u64::try_from(count) {
                Ok(count) => Ok(Some(count)),
                Err(_) => Err(Refusal::new(Code::Limit, format!("{clause} must not be negative")).at(place)),
            },
            _ => Err(not_constant()),
        }
    }

    /// The sort keys of one expression: one, or two where text has the order of a collation.
    pub(super) fn sort_keys(&self, typed: Typed, written: &Expr, direction: Direction) -> Result<Vec<SortKey>> {
        let Direction { descending, nulls_first } = direction;
        let typed = settled(typed)?;
        let side = || typed.clone();
        if bind::operator("<", vec![side(), side()]).is_err() {
            let message = format!("could not identify an ordering operator for type {}", typed.sql_type);
            return Err(Refusal::new(Code::Types, message).at(place_of(written)).hint("order by another expression"));
        }
        let keyed = self.sort_key(&typed, place_of(written))?;
        let keys = keyed.into_iter().chain([typed]);
        Ok(keys
            .map(|Typed { scalar, sql_type, .. }| SortKey { expression: scalar, sql_type, descending, nulls_first })
            .collect())
    }
}
