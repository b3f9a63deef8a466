//! Expressions → typed scalars over numbered columns.

use sqlparser::ast::{BinaryOperator, CaseWhen, CastKind, DataType, Expr, Ident, UnaryOperator, Value, ValueWithSpan};
use tailwater_connectors::SqlType;

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::place::place_of;
use super::super::scalars::folded;
use super::binder::{Binder, type_refusal};
use super::collect::is_plain;
use super::level::Clause;
use super::type_name::{NamedType, named_type};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

impl Binder<'_> {
    /// An expression with its type.
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<Typed> {
        let typed = self.nested(|this| {
            if let Some(grouped) = this.grouped_column(expression)? {
                return Ok(grouped);
            }
            let place = place_of(expression);
            this.expression_here(expression, place).map_err(|refusal| refusal.at(place))
        })?;
        Ok(Typed { scalar: folded(typed.scalar), sql_type: typed.sql_type })
    }

    /// All of these.
    pub(super) fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) -> Result<Vec<Typed>> {
        expressions.into_iter().map(|expression| self.expression(expression)).collect()
    }

    /// A condition: boolean.
    pub(super) fn condition(&mut self, expression: &Expr) -> Result<Scalar> {
        let typed = self.expression(expression)?;
        Ok(bind::boolean(typed).map_err(|error| type_refusal(error).at(place_of(expression)))?.scalar)
    }

    /// Where rows are groups: the column of an expression that is grouped by, or of an aggregate.
    fn grouped_column(&mut self, expression: &Expr) -> Result<Option<Typed>> {
        let Some(grouped) = self.levels.last().and_then(|level| level.grouped.as_ref()) else { return Ok(None) };
        if let Expr::Function(function) = expression
            && let Some((_, id)) = grouped.aggregates.iter().find(|(known, _)| known == function)
        {
            return Ok(Some(self.column(*id)));
        }
        if let Some((_, id)) = grouped.written.iter().find(|(known, _)| known == expression) {
            return Ok(Some(self.column(*id)));
        }
        let leaf = matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_));
        if leaf || grouped.expressions.is_empty() || !is_plain(expression) {
            return Ok(None);
        }
        // The same expression over the rows before they were grouped.
        let grouped = self.level()?.grouped.take();
        let before = self.expression_here(expression, None);
        let found = match (&before, &grouped) {
            (Ok(typed), Some(grouped)) => {
                let scalar = folded(typed.scalar.clone());
                let same =
                    |(known, id): &&(Scalar, Id)| *known == scalar && *self.columns.sql_type(*id) == typed.sql_type;
                grouped.expressions.iter().find(same).map(|(_, id)| *id)
            }
            _ => None,
        };
        self.level()?.grouped = grouped;
        Ok(found.map(|id| self.column(id)))
    }

    fn expression_here(&mut self, expression: &Expr, place: Option<Place>) -> Result<Typed> {
        match expression {
            Expr::Identifier(name) => self.named_column(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.named_column(names),
            Expr::Nested(inner) => self.expression(inner),
            Expr::Value(value) => literal(value, place),
            Expr::BinaryOp { left, op, right } => self.binary((left, right), op, place),
            Expr::UnaryOp { op, expr } => self.unary(op, expr),
            Expr::Function(function) => self.function(function, place),
            Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None, .. } => {
                let typed = self.expression(expr)?;
                self.cast(typed, data_type, place)
            }
            Expr::TypedString(typed) => self.cast(literal(&typed.value, place)?, &typed.data_type, place),
            Expr::Interval(interval) => self.interval(interval, place),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Array(array) => {
                let elements = self.expressions(&array.elem)?;
                bind::array(elements).map_err(type_refusal)
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.subscripts(root, access_chain, place),
            Expr::Subquery(query) => self.scalar_subquery(query, place),
            Expr::Exists { subquery, negated } => {
                let exists = self.exists(subquery)?;
                if *negated { bind::not(exists).map_err(type_refusal) } else { Ok(exists) }
            }
            Expr::Tuple(_) => Err(Refusal::new(Code::Unsupported, "rows as values are not kept")
                .hint("compare rows with rows, or turn them into documents with row_to_json")),
            other => self.predicate(other, place),
        }
    }

    fn binary(
        &mut self,
        (left, right): (&Expr, &Expr),
        operator: &BinaryOperator,
        place: Option<Place>,
    ) -> Result<Typed> {
        let symbol = match operator {
            BinaryOperator::And | BinaryOperator::Or => return self.connective(left, operator, right),
            BinaryOperator::PGLikeMatch => "LIKE".to_owned(),
            BinaryOperator::PGILikeMatch => "ILIKE".to_owned(),
            BinaryOperator::PGNotLikeMatch => "NOT LIKE".to_owned(),
            BinaryOperator::PGNotILikeMatch => "NOT ILIKE".to_owned(),
            BinaryOperator::PGCustomBinaryOperator(names) => names.last().cloned().unwrap_or_default(),
            other => other.to_string(),
        };
        if let Some(overlap) = self.overlaps(operator, (left, right))? {
            return Ok(overlap);
        }
        if let Some(compared) = self.rows_compared(&symbol, (left, right), place)? {
            return Ok(compared);
        }
        self.operator(&symbol, &[left, right])
    }

    /// An operator over written operands.
    pub(super) fn operator(&mut self, symbol: &str, written: &[&Expr]) -> Result<Typed> {
        let operands = self.expressions(written.iter().copied())?;
        self.operator_over(symbol, operands, written)
    }

    /// An operator over typed operands; what was written says which collation they have.
    pub(super) fn operator_over(&mut self, symbol: &str, operands: Vec<Typed>, written: &[&Expr]) -> Result<Typed> {
        if matches!(symbol, "<" | "<=" | ">" | ">=") && operands.len() == 2 {
            return self.ordered(symbol, operands, written);
        }
        let typed = bind::operator(symbol, operands).map_err(type_refusal)?;
        Ok(if self.has_ascii_case(written) { bind::with_ascii_letters(typed) } else { typed })
    }

    /// Whether only ASCII letters have case, in the database or by COLLATE "C".
    pub(super) fn has_ascii_case(&self, written: &[&Expr]) -> bool {
        let is_c = |expression: &&Expr| {
            super::text_order::explicit(expression).is_some_and(|name| name == "C" || name == "POSIX")
        };
        self.text.ascii_case || written.iter().any(is_c)
    }

    /// AND and OR of any number of operands, without one level of nesting for each.
    fn connective(&mut self, left: &Expr, operator: &BinaryOperator, right: &Expr) -> Result<Typed> {
        let mut written = vec![right];
        let mut rest = left;
        loop {
            match rest {
                Expr::BinaryOp { left, op, right } if op == operator => {
                    written.push(right);
                    rest = left;
                }
                other => {
                    written.push(other);
                    break;
                }
            }
        }
        written.reverse();
        let operands = written.into_iter().map(|operand| self.condition(operand)).collect::<Result<Vec<_>>>()?;
        let scalar = if *operator == BinaryOperator::And { Scalar::And(operands) } else { Scalar::Or(operands) };
        Ok(Typed { scalar, sql_type: SqlType::Bool })
    }

    fn unary(&mut self, operator: &UnaryOperator, inner: &Expr) -> Result<Typed> {
        match operator {
            UnaryOperator::Not => {
                let scalar = Scalar::Not(Box::new(self.condition(inner)?));
                Ok(Typed { scalar, sql_type: SqlType::Bool })
            }
            UnaryOperator::Minus => {
                // Postgres reads the sign as part of the constant: -2147483648 is an integer.
                if let Expr::Value(ValueWithSpan { value: Value::Number(digits, false), .. }) = inner {
                    return Ok(bind::literal_number(&format!("-{digits}")));
                }
                self.operator("-", &[inner])
            }
            other => self.operator(&other.to_string(), &[inner]),
        }
    }

    fn case(&mut self, operand: Option<&Expr>, branches: &[CaseWhen], otherwise: Option<&Expr>) -> Result<Typed> {
        let operand = match operand {
            Some(written) => Some((self.expression(written)?, written)),
            None => None,
        };
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for CaseWhen { condition, result } in branches {
            conditions.push(match &operand {
                None => self.condition(condition)?,
                Some((operand, written)) => {
                    let sides = vec![operand.clone(), self.expression(condition)?];
                    self.operator_over("=", sides, &[written, condition])?.scalar
                }
            });
            results.push(self.expression(result)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.expression(otherwise)?);
        }
        let (mut results, sql_type) = bind::unify(results).map_err(type_refusal)?;
        let otherwise = match otherwise {
            Some(_) => results.pop().map(|result| Box::new(result.scalar)),
            None => None,
        };
        let branches = conditions.into_iter().zip(results.into_iter().map(|result| result.scalar)).collect();
        Ok(Typed { scalar: Scalar::Case { branches, otherwise }, sql_type })
    }

    /// `typed::written`
    pub(super) fn cast(&mut self, typed: Typed, written: &DataType, place: Option<Place>) -> Result<Typed> {
        let NamedType { sql_type, length } = named_type(written, self.names, place)?;
        match length {
            None => bind::cast(typed, &sql_type, true),
            Some(limit) => bind::character_limit(typed, limit, sql_type == SqlType::Bpchar),
        }
        .map_err(type_refusal)
    }

    /// A function that Postgres has for a syntax.
    pub(super) fn named(&mut self, name: &str, written: &[&Expr]) -> Result<Typed> {
        let arguments = self.expressions(written.iter().copied())?;
        bind::function(name, arguments).map_err(type_refusal)
    }

    /// Whether an aggregate may stand here.
    pub(super) fn refuse_aggregate(&self, name: &str) -> Refusal {
        let clause = self.clause();
        match clause {
            Clause::Where | Clause::GroupBy | Clause::From => {
                let refusal = Refusal::new(Code::Grouping, format!("aggregate functions are not allowed in {clause}"));
                if clause == Clause::Where { refusal.hint("use HAVING") } else { refusal }
            }
            _ => Refusal::new(Code::Grouping, format!("aggregate {name} is not allowed here"))
                .hint("filter aggregates with HAVING; nest them with a derived table"),
        }
    }
}

/// A constant.
pub(super) fn literal(value: &ValueWithSpan, place: Option<Place>) -> Result<Typed> {
    Ok(match &value.value {
        Value::Number(digits, false) => bind::literal_number(&digits.to_string()),
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) => bind::literal_text(text),
        Value::DollarQuotedString(text) => bind::literal_text(&text.value),
        Value::Boolean(value) => boolean(*value),
        Value::Null => bind::literal_null(),
        Value::Placeholder(name) => {
            let refusal = Refusal::new(Code::Unsupported, format!("a view has no parameter {name}"));
            return Err(refusal.at(place).hint("write the value, or ${NAME} for one of the environment"));
        }
        _ => return Err(Refusal::new(Code::Unsupported, "this kind of literal is not kept").at(place)),
    })
}

/// `true`, `false`
pub(super) fn boolean(value: bool) -> Typed {
    let scalar = Scalar::Literal(tailwater_connectors::Value::Bool(value));
    Typed { scalar, sql_type: SqlType::Bool }
}

/// A name as an expression.
pub(super) fn names_of(expression: &Expr) -> Option<Vec<Ident>> {
    match expression {
        Expr::Identifier(name) => Some(vec![name.clone()]),
        Expr::CompoundIdentifier(names) => Some(names.clone()),
        _ => None,
    }
}
