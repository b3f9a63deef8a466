//! Subqueries in expressions: their rows are put beside those of the level, and the expression reads a column.

use sqlparser::ast::{BinaryOperator, Expr, Query};
use tailwater_connectors::{SqlType, Value};

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::node::{ApplyKind, Conjunct, Equality, Node};
use super::super::rename::fresh_copy;
use super::binder::{Binder, type_refusal};
use super::row::fields_of;
use crate::engine::plan::AggregateFunction;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Derivation, Typed, WrittenAggregate};

/// A comparison of a value with the rows of a subquery.
pub(super) struct Membership<'e> {
    pub(super) needle: &'e Expr,
    pub(super) query: &'e Query,
    pub(super) symbol: &'e str,
    pub(super) place: Option<Place>,
}

/// A comparison, bound.
struct Compared {
    /// The subquery's rows.
    node: Node,
    on: Vec<Conjunct>,
    /// Needle and column.
    sides: Vec<(Scalar, Id)>,
    /// Whether it may be null.
    nullable: bool,
}

impl Binder<'_> {
    /// `(SELECT …)` as a value.
    pub(super) fn scalar_subquery(&mut self, query: &Query, place: Option<Place>) -> Result<Typed> {
        let bound = self.query(query)?;
        let (node, columns) = self.settled(bound)?;
        let [(_, value)] = columns.as_slice() else {
            return Err(Refusal::new(Code::Types, "subquery must return only one column").at(place));
        };
        let out = self.columns.like(*value);
        self.columns.make_nullable(out);
        self.attach(node, ApplyKind::Single { value: *value, out }, Vec::new())?;
        Ok(self.column(out))
    }

    /// `ARRAY(SELECT …)`
    pub(super) fn array_subquery(&mut self, query: &Query, place: Option<Place>) -> Result<Typed> {
        let bound = self.query(query)?;
        let order = bound.order.keys.clone();
        let (node, columns) = self.settled(bound)?;
        let [(_, value)] = columns.as_slice() else {
            return Err(Refusal::new(Code::Types, "subquery must return only one column").at(place));
        };
        let written = WrittenAggregate {
            name: "array_agg".into(),
            arguments: vec![self.column(*value)],
            star: false,
            distinct: false,
            filter: None,
            order,
            within_group: false,
        };
        let call = bind::aggregate_call(written).map_err(|error| type_refusal(error).at(place))?;
        let sql_type = call.result_type.clone();
        let collation = Derivation::of_result(&sql_type, [&self.column(*value)]);
        let collected = self.columns.add_collated(sql_type.clone(), true, collation);
        let node = Node::Aggregate { input: Box::new(node), group: Vec::new(), calls: vec![(collected, call)] };
        let out = self.columns.like(collected);
        self.attach(node, ApplyKind::Single { value: collected, out }, Vec::new())?;
        let empty = bind::cast(bind::literal_text("{}"), &sql_type, true).map_err(type_refusal)?;
        bind::function("coalesce", vec![self.column(out), empty]).map_err(type_refusal)
    }

    /// `EXISTS (SELECT …)` as a value.
    pub(super) fn exists(&mut self, query: &Query) -> Result<Typed> {
        let bound = self.query(query)?;
        let out = self.columns.add(SqlType::Bool, false);
        self.attach(bound.node, ApplyKind::Mark(out), Vec::new())?;
        Ok(self.column(out))
    }

    /// `[NOT] EXISTS (SELECT …)` as a condition of its own.
    pub(super) fn filter_exists(&mut self, query: &Query, negated: bool) -> Result<()> {
        let bound = self.query(query)?;
        self.attach(bound.node, if negated { ApplyKind::Anti } else { ApplyKind::Semi }, Vec::new())
    }

    /// `x IN (SELECT …)` and `x = ANY (SELECT …)` as a condition of its own.
    pub(super) fn filter_member(&mut self, membership: &Membership<'_>) -> Result<()> {
        let Compared { node, on, .. } = self.compared(membership)?;
        self.attach(node, ApplyKind::Semi, on)
    }

    /// `x NOT IN (SELECT …)` as a condition of its own, where neither side is null; else it is not done.
    pub(super) fn filter_not_member(&mut self, membership: &Membership<'_>) -> Result<bool> {
        let (columns, levels) = (self.columns.clone(), self.level()?.node.clone());
        let Compared { node, on, nullable, .. } = self.compared(membership)?;
        if nullable {
            self.columns = columns;
            self.level()?.node = levels;
            return Ok(false);
        }
        self.attach(node, ApplyKind::Anti, on)?;
        Ok(true)
    }

    /// `x symbol ANY (SELECT …)` as a value: true, false, or null when it is true for no row and null for some.
    pub(super) fn member(&mut self, membership: &Membership<'_>) -> Result<Typed> {
        let Compared { node, on, sides, nullable } = self.compared(membership)?;
        let matched = self.columns.add(SqlType::Bool, false);
        if !nullable {
            self.attach(node, ApplyKind::Mark(matched), on)?;
            return Ok(self.column(matched));
        }
        // Another copy tells whether the comparison is null for some row.
        let (copy, fresh) = fresh_copy(&node, &mut self.columns);
        self.attach(node, ApplyKind::Mark(matched), on.clone())?;
        let moved = |id: Id| Scalar::Column(fresh.get(&id).copied().unwrap_or(id));
        let unknown = match sides.as_slice() {
            [(needle, column)] => self.unknown_for_some(copy, needle.clone(), moved(*column))?,
            _ => {
                let whole = on.iter().map(|conjunct| conjunct.replaced(&moved).condition).collect();
                let unknown = self.columns.add(SqlType::Bool, false);
                let is_null = Conjunct::plain(Scalar::IsNull(Box::new(Scalar::And(whole))));
                self.attach(copy, ApplyKind::Mark(unknown), vec![is_null])?;
                Scalar::Column(unknown)
            }
        };
        let truth = |value| Scalar::Literal(Value::Bool(value));
        let branches = vec![(Scalar::Column(matched), truth(true)), (unknown, Scalar::Literal(Value::Null))];
        Ok(Typed::new(Scalar::Case { branches, otherwise: Some(Box::new(truth(false))) }, SqlType::Bool))
    }

    /// Whether a comparison of one column is null for some row: the rows are counted, not looked through.
    fn unknown_for_some(&mut self, rows: Node, needle: Scalar, column: Scalar) -> Result<Scalar> {
        let null = self.count(Some(Scalar::IsNull(Box::new(column))))?;
        let all = self.count(None)?;
        let (some_null, some) = (self.positive(null.0)?, self.positive(all.0)?);
        let groups = Node::Aggregate { input: Box::new(rows), group: Vec::new(), calls: vec![null, all] };
        let (null_out, some_out) = (self.columns.add(SqlType::Bool, true), self.columns.add(SqlType::Bool, true));
        let groups = groups.mapped(vec![(null_out, some_null), (some_out, some)]);
        self.attach(groups, ApplyKind::Left, Vec::new())?;
        let needle_unknown = Scalar::And(vec![Scalar::IsNull(Box::new(needle)), Scalar::Column(some_out)]);
        Ok(Scalar::Or(vec![Scalar::Column(null_out), needle_unknown]))
    }

    fn count(&mut self, filter: Option<Scalar>) -> Result<(Id, crate::engine::plan::AggregateCall)> {
        let written = WrittenAggregate {
            name: "count".into(),
            arguments: Vec::new(),
            star: true,
            distinct: false,
            filter,
            order: Vec::new(),
            within_group: false,
        };
        let call = bind::aggregate_call(written).map_err(type_refusal)?;
        debug_assert!(call.function == AggregateFunction::Count, "count is count");
        Ok((self.columns.add(SqlType::Int8, false), call))
    }

    fn positive(&self, count: Id) -> Result<Scalar> {
        let zero = bind::literal_number("0");
        Ok(bind::operator(">", vec![self.column(count), zero]).map_err(type_refusal)?.scalar)
    }

    /// Compares the needle with the columns of the subquery's rows.
    fn compared(&mut self, membership: &Membership<'_>) -> Result<Compared> {
        let Membership { needle, query, symbol, place } = membership;
        let needles = fields_of(needle).unwrap_or_else(|| vec![*needle]);
        let typed = needles.iter().map(|needle| self.expression(needle)).collect::<Result<Vec<_>>>()?;
        let bound = self.query(query)?;
        let (node, columns) = self.settled(bound)?;
        if columns.len() != typed.len() {
            let message = if columns.len() > typed.len() {
                "subquery has too many columns"
            } else {
                "subquery has too few columns"
            };
            return Err(Refusal::new(Code::Types, message).at(*place));
        }
        if typed.len() > 1 && *symbol != "=" {
            return Err(
                Refusal::new(Code::Unsupported, "rows are compared with the rows of a subquery by = only").at(*place)
            );
        }
        let mut on = Vec::new();
        let mut nullable = false;
        let mut sides = Vec::new();
        for (needle, (_, column)) in typed.into_iter().zip(&columns) {
            nullable |= self.is_nullable(&needle.scalar) || self.columns.is_nullable(*column);
            sides.push((needle.scalar.clone(), *column));
            let operands = vec![needle, self.column(*column)];
            on.push(self.comparison(symbol, operands, *place)?);
        }
        Ok(Compared { node, on, sides, nullable })
    }

    /// A comparison with its sides; those of an order keep them for their nulls alone.
    fn comparison(&self, symbol: &str, operands: Vec<Typed>, place: Option<Place>) -> Result<Conjunct> {
        let condition = match symbol {
            "<" | "<=" | ">" | ">=" => self.ordered(symbol, operands.clone(), place)?,
            _ => {
                self.comparable(&operands, place)?;
                bind::operator(symbol, operands.clone()).map_err(|error| type_refusal(error).at(place))?
            }
        };
        let equality = match symbol {
            "=" => self.equality(&operands, false),
            _ => None,
        };
        Ok(Conjunct { condition: condition.scalar, equality })
    }

    /// Both sides in one type, when there is one for both.
    pub(super) fn equality(&self, operands: &[Typed], null_safe: bool) -> Option<Equality> {
        let same = |one: &SqlType, other: &SqlType| match (one, other) {
            (SqlType::Unknown, _) | (_, SqlType::Unknown) => false,
            (SqlType::Numeric(_), SqlType::Numeric(_)) => true,
            (one, other) => one == other,
        };
        let is_same = same(&operands.first()?.sql_type, &operands.get(1)?.sql_type);
        let sides = if is_same { operands.to_vec() } else { bind::unify(operands.to_vec()).ok()?.0 };
        let [left, right] = <[Typed; 2]>::try_from(sides).ok()?;
        let sql_type = left.sql_type.clone();
        let fold = super::super::scalars::folded;
        same(&sql_type, &right.sql_type).then(|| Equality {
            left: fold(left.scalar),
            right: fold(right.scalar),
            sql_type,
            null_safe,
        })
    }

    /// The operator that holds where `symbol` does not.
    pub(super) fn negated_symbol(symbol: &BinaryOperator) -> Option<(&'static str, &'static str)> {
        Some(match symbol {
            BinaryOperator::Eq => ("=", "<>"),
            BinaryOperator::NotEq => ("<>", "="),
            BinaryOperator::Lt => ("<", ">="),
            BinaryOperator::LtEq => ("<=", ">"),
            BinaryOperator::Gt => (">", "<="),
            BinaryOperator::GtEq => (">=", "<"),
            _ => return None,
        })
    }
}
