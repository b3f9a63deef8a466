//! Conditions: what WHERE and ON make of them, and tests that have their own syntax.

use sqlparser::ast::{BinaryOperator, Expr, Query, UnaryOperator, Value, ValueWithSpan};
use tailwater_connectors::SqlType;

use super::super::error::{Code, Place, Refusal, Result};
use super::super::node::Conjunct;
use super::super::place::place_of;
use super::super::scalars::folded;
use super::binder::{Binder, type_refusal};
use super::expression::boolean;
use super::row::fields_of;
use super::subquery::Membership;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Quantifier, Typed};

impl Binder<'_> {
    /// Keeps the rows of the level for which a condition holds.
    pub(super) fn filter(&mut self, condition: &Expr) -> Result<()> {
        let mut operands = Vec::new();
        conjunction(condition, &mut operands);
        let mut kept = Vec::new();
        for operand in operands {
            if !self.filtered_by_subquery(operand, false)? {
                self.conjuncts(operand, &mut kept)?;
            }
        }
        self.level()?.change(|node| node.filtered(kept));
        Ok(())
    }

    /// EXISTS and IN as conditions of their own become semi and anti joins.
    fn filtered_by_subquery(&mut self, condition: &Expr, negated: bool) -> Result<bool> {
        match condition {
            Expr::Nested(inner) => self.filtered_by_subquery(inner, negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.filtered_by_subquery(expr, !negated),
            Expr::Exists { subquery, negated: own } => {
                self.filter_exists(subquery, *own != negated)?;
                Ok(true)
            }
            Expr::InSubquery { expr, subquery, negated: own } => {
                let place = place_of(condition);
                let membership = Membership { needle: expr, query: subquery, symbol: "=", place };
                if *own == negated {
                    self.filter_member(&membership)?;
                    return Ok(true);
                }
                self.filter_not_member(&membership)
            }
            Expr::AnyOp { left, compare_op, right, .. } if !negated => {
                let Some((query, symbol)) = quantified_query(right, compare_op) else { return Ok(false) };
                let place = place_of(condition);
                self.filter_member(&Membership { needle: left, query, symbol, place })?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The operands of the top AND of a condition.
    pub(super) fn conjuncts(&mut self, condition: &Expr, found: &mut Vec<Conjunct>) -> Result<()> {
        match condition {
            Expr::Nested(inner) => return self.conjuncts(inner, found),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.nested(|this| this.conjuncts(left, found))?;
                return self.nested(|this| this.conjuncts(right, found));
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                if let Some(pairs) = row_pairs(left, right)? {
                    return pairs.into_iter().try_for_each(|(one, other)| self.equal((one, other), "=", found));
                }
                if quantified_query(right, &BinaryOperator::Eq).is_none() {
                    return self.equal((left, right), "=", found);
                }
            }
            Expr::IsNotDistinctFrom(left, right) => {
                let pairs = row_pairs(left, right)?.unwrap_or_else(|| vec![(left, right)]);
                return pairs.into_iter().try_for_each(|pair| self.equal(pair, "IS NOT DISTINCT FROM", found));
            }
            _ => {}
        }
        let condition = folded(self.condition(condition)?);
        found.push(Conjunct::plain(condition));
        Ok(())
    }

    fn equal(&mut self, (left, right): (&Expr, &Expr), symbol: &str, found: &mut Vec<Conjunct>) -> Result<()> {
        let operands = self.expressions([left, right])?;
        self.comparable(&operands, place_of(left))?;
        let typed = bind::operator(symbol, operands.clone()).map_err(|error| type_refusal(error).at(place_of(left)))?;
        let condition = folded(bind::boolean(typed).map_err(type_refusal)?.scalar);
        let equality = self.equality(&operands, symbol != "=");
        found.push(Conjunct { condition, equality });
        Ok(())
    }

    /// Tests that have their own syntax.
    pub(super) fn predicate(&mut self, expression: &Expr, place: Option<Place>) -> Result<Typed> {
        match expression {
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => self.is_null(inner, false),
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => self.is_null(inner, true),
            Expr::IsTrue(inner) => self.is(true, false, inner),
            Expr::IsNotTrue(inner) => self.is(true, true, inner),
            Expr::IsFalse(inner) => self.is(false, false, inner),
            Expr::IsNotFalse(inner) => self.is(false, true, inner),
            Expr::IsDistinctFrom(left, right) => self.distinct_from("IS DISTINCT FROM", (left, right), place),
            Expr::IsNotDistinctFrom(left, right) => self.distinct_from("IS NOT DISTINCT FROM", (left, right), place),
            Expr::InList { expr, list, negated } => {
                let found = self.in_list(expr, list, place)?;
                negated_if(*negated, found)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let found = self.member(&Membership { needle: expr, query: subquery, symbol: "=", place })?;
                negated_if(*negated, found)
            }
            Expr::Between { expr, negated, low, high } => self.between(expr, (low, high), *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(if *negated { "NOT LIKE" } else { "LIKE" }, (expr, pattern), escape_char.as_ref())
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(if *negated { "NOT ILIKE" } else { "ILIKE" }, (expr, pattern), escape_char.as_ref())
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char } => {
                let mut operands = vec![self.expression(pattern)?];
                if let Some(escape) = escape_char {
                    operands.push(super::expression::literal(escape, place)?);
                }
                let pattern = bind::function("similar_to_escape", operands).map_err(type_refusal)?;
                let sides = vec![self.expression(expr)?, pattern];
                self.operator_over(if *negated { "!~" } else { "~" }, sides, &[expr])
            }
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified((left, right), compare_op, false),
            Expr::AllOp { left, compare_op, right } => self.quantified((left, right), compare_op, true),
            other => self.function_syntax(other, place),
        }
    }

    fn distinct_from(&mut self, symbol: &str, (left, right): (&Expr, &Expr), place: Option<Place>) -> Result<Typed> {
        match self.rows_compared(symbol, (left, right), place)? {
            Some(compared) => Ok(compared),
            None => self.operator(symbol, &[left, right]),
        }
    }

    fn is_null(&mut self, inner: &Expr, negated: bool) -> Result<Typed> {
        if let Some(parts) = fields_of(inner) {
            // A row is null when all its fields are, and not null when none is.
            let test = |part: &Expr| Ok(bind_null(self.expression(part)?, negated)?.scalar);
            let tests = parts.into_iter().map(test).collect::<Result<Vec<_>>>()?;
            return Ok(Typed::new(Scalar::And(tests), SqlType::Bool));
        }
        bind_null(self.expression(inner)?, negated)
    }

    fn is(&mut self, value: bool, negated: bool, inner: &Expr) -> Result<Typed> {
        let inner = Typed::new(self.condition(inner)?, SqlType::Bool);
        let test = bind::operator("IS NOT DISTINCT FROM", vec![inner, boolean(value)]).map_err(type_refusal)?;
        negated_if(negated, test)
    }

    fn in_list(&mut self, needle: &Expr, list: &[Expr], place: Option<Place>) -> Result<Typed> {
        if fields_of(needle).is_some() {
            let mut rows = Vec::new();
            for row in list {
                let equal = self.rows_compared("=", (needle, row), place)?;
                rows.push(equal.ok_or_else(|| row_with_row(place))?.scalar);
            }
            return Ok(Typed::new(Scalar::Or(rows), SqlType::Bool));
        }
        let needle = self.expression(needle)?;
        let list = self.expressions(list)?;
        for item in &list {
            self.comparable(&[needle.clone(), item.clone()], place)?;
        }
        bind::in_list(needle, list).map_err(type_refusal)
    }

    fn between(&mut self, value: &Expr, (low, high): (&Expr, &Expr), negated: bool) -> Result<Typed> {
        let operands = self.expressions([value, low, high])?;
        let [typed, low_typed, high_typed] =
            <[Typed; 3]>::try_from(operands).map_err(|_| super::binder::internal("three"))?;
        let (above, below) = if negated { ("<", ">") } else { (">=", "<=") };
        let low = self.operator_over(above, vec![typed.clone(), low_typed], &[value, low])?.scalar;
        let high = self.operator_over(below, vec![typed, high_typed], &[value, high])?.scalar;
        let scalar = if negated { Scalar::Or(vec![low, high]) } else { Scalar::And(vec![low, high]) };
        Ok(Typed::new(scalar, SqlType::Bool))
    }

    fn like(
        &mut self,
        symbol: &str,
        (value, pattern): (&Expr, &Expr),
        escape: Option<&ValueWithSpan>,
    ) -> Result<Typed> {
        let usual = match escape {
            None => true,
            Some(escape) => matches!(&escape.value, Value::SingleQuotedString(text) if text == "\\"),
        };
        let mut operands = self.expressions([value, pattern])?;
        if let (false, Some(escape)) = (usual, escape) {
            let escape = super::expression::literal(escape, None)?;
            let pattern = operands.pop().ok_or_else(|| super::binder::internal("a pattern"))?;
            operands.push(bind::function("like_escape", vec![pattern, escape]).map_err(type_refusal)?);
        }
        self.operator_over(symbol, operands, &[value, pattern])
    }

    /// `x op ANY (…)`, `x op ALL (…)` over an array or a subquery.
    fn quantified(&mut self, (left, right): (&Expr, &Expr), operator: &BinaryOperator, all: bool) -> Result<Typed> {
        if let Some((query, symbol)) = quantified_query(right, operator) {
            let place = place_of(left);
            if !all {
                return self.member(&Membership { needle: left, query, symbol, place });
            }
            // It holds for all when the opposite holds for none.
            let (_, opposite) = Self::negated_symbol(operator).ok_or_else(|| unknown_quantified(operator, place))?;
            let any = self.member(&Membership { needle: left, query, symbol: opposite, place })?;
            return bind::not(any).map_err(type_refusal);
        }
        let symbol = if *operator == BinaryOperator::NotEq { "<>".to_owned() } else { operator.to_string() };
        let operands = self.expressions([left, right])?;
        self.comparable(&operands, place_of(left))?;
        if matches!(symbol.as_str(), "<" | "<=" | ">" | ">=")
            && self.text_order(&operands, place_of(left))? != super::text_order::TextOrder::Bytes
        {
            return Err(Refusal::new(Code::Collation, "ANY and ALL over arrays of text compare by bytes only")
                .at(place_of(left))
                .hint("write COLLATE \"C\" behind the operand"));
        }
        let [needle, array] = <[Typed; 2]>::try_from(operands).map_err(|_| super::binder::internal("two operands"))?;
        let quantifier = if all { Quantifier::All } else { Quantifier::Any };
        bind::quantified(&symbol, (needle, array), quantifier).map_err(type_refusal)
    }

    /// Rows compared with rows, field by field; `None` when they are no rows.
    pub(super) fn rows_compared(
        &mut self,
        symbol: &str,
        (left, right): (&Expr, &Expr),
        place: Option<Place>,
    ) -> Result<Option<Typed>> {
        let Some(pairs) = row_pairs(left, right).map_err(|refusal| refusal.at(place))? else { return Ok(None) };
        let mut typed = Vec::new();
        for (one, other) in &pairs {
            typed.push((self.expressions([*one, *other])?, [*one, *other]));
        }
        let mut field = |symbol: &str, place: usize| -> Result<Scalar> {
            let (operands, written) = &typed[place];
            Ok(self.operator_over(symbol, operands.clone(), written)?.scalar)
        };
        let all = |scalars| Typed::new(Scalar::And(scalars), SqlType::Bool);
        match symbol {
            "=" | "<>" => {
                let equal = (0..pairs.len()).map(|place| field("=", place)).collect::<Result<Vec<_>>>()?;
                negated_if(symbol == "<>", all(equal)).map(Some)
            }
            "<" | "<=" | ">" | ">=" => {
                // The first fields that differ decide.
                let strict = symbol.trim_end_matches('=');
                let last = pairs.len() - 1;
                let mut scalar = field(symbol, last)?;
                for place in (0..last).rev() {
                    let before = field(strict, place)?;
                    scalar = Scalar::Or(vec![before, Scalar::And(vec![field("=", place)?, scalar])]);
                }
                Ok(Some(Typed::new(scalar, SqlType::Bool)))
            }
            "IS DISTINCT FROM" | "IS NOT DISTINCT FROM" => {
                let same = (0..pairs.len()).map(|place| field("IS NOT DISTINCT FROM", place));
                negated_if(symbol == "IS DISTINCT FROM", all(same.collect::<Result<Vec<_>>>()?)).map(Some)
            }
            _ => Err(row_with_row(place)),
        }
    }

    /// `(begin, end) OVERLAPS (begin, end)`
    pub(super) fn overlaps(
        &mut self,
        operator: &BinaryOperator,
        (left, right): (&Expr, &Expr),
    ) -> Result<Option<Typed>> {
        if *operator != BinaryOperator::Overlaps {
            return Ok(None);
        }
        let sides = [left, right].map(|side| fields_of(side).filter(|fields| fields.len() == 2));
        let [Some(left), Some(right)] = sides else {
            return Err(Refusal::new(Code::Types, "OVERLAPS takes two rows of two fields"));
        };
        self.named("overlaps", &[left, right].concat()).map(Some)
    }
}

/// The operands of the top AND.
fn conjunction<'e>(condition: &'e Expr, found: &mut Vec<&'e Expr>) {
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) if matches!(**inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) => {
                open.push(inner)
            }
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.push(right);
                open.push(left);
            }
            other => found.push(other),
        }
    }
}

/// Pairs of fields when both sides are rows.
fn row_pairs<'e>(left: &'e Expr, right: &'e Expr) -> Result<Option<Vec<(&'e Expr, &'e Expr)>>> {
    let (Some(left), Some(right)) = (fields_of(left), fields_of(right)) else { return Ok(None) };
    if left.len() != right.len() {
        return Err(Refusal::new(Code::Types, "unequal number of entries in row expressions"));
    }
    if left.is_empty() {
        return Err(Refusal::new(Code::Types, "cannot compare rows of zero length"));
    }
    Ok(Some(left.into_iter().zip(right).collect()))
}

fn bind_null(typed: Typed, negated: bool) -> Result<Typed> {
    negated_if(negated, bind::is_null(typed))
}

/// The subquery behind ANY or ALL, and the symbol before it.
fn quantified_query<'e>(right: &'e Expr, operator: &BinaryOperator) -> Option<(&'e Query, &'static str)> {
    match right {
        Expr::Nested(inner) => quantified_query(inner, operator),
        Expr::Subquery(query) => Some((query, Binder::negated_symbol(operator)?.0)),
        _ => None,
    }
}

fn unknown_quantified(operator: &BinaryOperator, place: Option<Place>) -> Refusal {
    Refusal::new(Code::Unsupported, format!("{operator} ALL (SELECT …) is not kept")).at(place)
}

fn row_with_row(place: Option<Place>) -> Refusal {
    Refusal::new(Code::Unsupported, "a row can only be compared with a row").at(place)
}

fn negated_if(negated: bool, typed: Typed) -> Result<Typed> {
    if negated { bind::not(typed).map_err(type_refusal) } else { Ok(typed) }
}
