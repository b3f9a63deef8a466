//! Expressions: each becomes a call of a stub over its rewritten parts; only names of columns stay.

use datafusion_sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, UnaryOperator, Value, ValueWithSpan,
};

use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, quoted};
use super::super::place::{place_of, place_of_name};
use super::super::stub::Written;
use super::query::Rewriter;
use super::type_name::{NamedType, named_type};

impl Rewriter<'_> {
    /// A call of a stub.
    pub(super) fn call(&mut self, written: Written, place: Option<Place>, arguments: Vec<Expr>) -> Expr {
        let name = self.stubs.scalar(written, place);
        function_call(name, arguments, None, None)
    }

    /// An expression with everything in it.
    pub(super) fn expression(&mut self, expression: Expr) -> Result<Expr> {
        self.nested(|this| this.expression_here(expression))
    }

    pub(super) fn expressions(&mut self, expressions: impl IntoIterator<Item = Expr>) -> Result<Vec<Expr>> {
        expressions.into_iter().map(|expression| self.expression(expression)).collect()
    }

    fn operator(&mut self, symbol: &str, place: Option<Place>, operands: Vec<Expr>) -> Result<Expr> {
        let operands = self.expressions(operands)?;
        Ok(self.call(Written::Operator(symbol.to_owned()), place, operands))
    }

    pub(super) fn named(&mut self, name: &str, place: Option<Place>, arguments: Vec<Expr>) -> Result<Expr> {
        let arguments = self.expressions(arguments)?;
        Ok(self.call(Written::Call(name.to_owned()), place, arguments))
    }

    fn negated(&mut self, negated: bool, place: Option<Place>, inner: Expr) -> Expr {
        if negated { self.call(Written::Not, place, vec![inner]) } else { inner }
    }

    pub(super) fn text(&mut self, text: &str, place: Option<Place>) -> Expr {
        self.call(Written::Text(text.to_owned()), place, Vec::new())
    }

    fn expression_here(&mut self, expression: Expr) -> Result<Expr> {
        let place = place_of(&expression);
        match expression {
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(_) => Ok(expression),
            Expr::Nested(inner) => self.expression(*inner),
            Expr::Value(value) => self.literal(value, place),
            Expr::BinaryOp { left, op, right } => self.binary(*left, op, *right),
            Expr::UnaryOp { op, expr } => self.unary(op, *expr, place),
            Expr::Function(function) => self.function(function, place),
            Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None, .. } => {
                let written = self.cast_to(&data_type, place)?;
                let inner = self.expression(*expr)?;
                Ok(self.call(written, place, vec![inner]))
            }
            Expr::TypedString(typed) => {
                let written = self.cast_to(&typed.data_type, place)?;
                let inner = self.literal(typed.value, place)?;
                Ok(self.call(written, place, vec![inner]))
            }
            Expr::Interval(interval) => self.interval(interval, place),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.map(|operand| *operand), conditions, else_result.map(|inner| *inner), place)
            }
            Expr::Tuple(_) => Err(Refusal::new(Code::Unsupported, "rows as values are not kept").at(place)),
            Expr::Array(array) => {
                let elements = self.expressions(array.elem)?;
                Ok(self.call(Written::Array, place, elements))
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.subscripts(*root, access_chain, place),
            other => self.predicate(other, place),
        }
    }

    /// Tests that have their own syntax.
    fn predicate(&mut self, expression: Expr, place: Option<Place>) -> Result<Expr> {
        match expression {
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => self.test(Written::IsNull, false, *inner, place),
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => self.test(Written::IsNull, true, *inner, place),
            Expr::IsTrue(inner) => self.test(Written::Is(true), false, *inner, place),
            Expr::IsNotTrue(inner) => self.test(Written::Is(true), true, *inner, place),
            Expr::IsFalse(inner) => self.test(Written::Is(false), false, *inner, place),
            Expr::IsNotFalse(inner) => self.test(Written::Is(false), true, *inner, place),
            Expr::IsDistinctFrom(left, right) => self.operator("IS DISTINCT FROM", place, vec![*left, *right]),
            Expr::IsNotDistinctFrom(left, right) => self.operator("IS NOT DISTINCT FROM", place, vec![*left, *right]),
            Expr::InList { expr, list, negated } => {
                let found = self.in_list(*expr, list, place)?;
                Ok(self.negated(negated, place, found))
            }
            Expr::Between { expr, negated, low, high } => self.between(*expr, (*low, *high), negated, place),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(if negated { "NOT LIKE" } else { "LIKE" }, (*expr, *pattern), escape_char, place)
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(if negated { "NOT ILIKE" } else { "ILIKE" }, (*expr, *pattern), escape_char, place)
            }
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(*left, compare_op, *right, false),
            Expr::AllOp { left, compare_op, right } => self.quantified(*left, compare_op, *right, true),
            other => self.function_syntax(other, place),
        }
    }

    fn column(&mut self, name: Ident) -> Result<Expr> {
        let folded = fold(&name);
        if self.hidden.contains(&folded) {
            return Err(Refusal::new(Code::UnknownColumn, format!("column \"{folded}\" does not exist"))
                .at(place_of_name(&name))
                .hint("HAVING does not see the names of output columns: write the expression again"));
        }
        match self.merged.last().and_then(|merged| merged.get(&folded)) {
            Some(meaning) => Ok(meaning.clone()),
            None => Ok(Expr::Identifier(name)),
        }
    }

    fn literal(&mut self, value: ValueWithSpan, place: Option<Place>) -> Result<Expr> {
        let written = match value.value {
            Value::Number(digits, false) => Written::Number(digits.to_string()),
            Value::SingleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::NationalStringLiteral(text) => Written::Text(text),
            Value::DollarQuotedString(text) => Written::Text(text.value),
            Value::Boolean(value) => Written::Boolean(value),
            Value::Null => Written::Null,
            Value::Placeholder(name) => {
                let refusal = Refusal::new(Code::Unsupported, format!("a view has no parameter {name}"));
                return Err(refusal.at(place).hint("write the value, or ${NAME} for one of the environment"));
            }
            _ => return Err(Refusal::new(Code::Unsupported, "this kind of literal is not kept").at(place)),
        };
        Ok(self.call(written, place, Vec::new()))
    }

    fn binary(&mut self, left: Expr, operator: BinaryOperator, right: Expr) -> Result<Expr> {
        let place = place_of(&left);
        let symbol = match &operator {
            BinaryOperator::And | BinaryOperator::Or => return self.connective(left, &operator, right, place),
            BinaryOperator::Eq | BinaryOperator::NotEq => {
                if let (Expr::Tuple(_), Expr::Tuple(_)) = (&left, &right) {
                    let equal = self.rows_equal(left, right, place)?;
                    return Ok(self.negated(operator == BinaryOperator::NotEq, place, equal));
                }
                if operator == BinaryOperator::Eq { "=".to_owned() } else { "<>".to_owned() }
            }
            BinaryOperator::PGLikeMatch => "LIKE".to_owned(),
            BinaryOperator::PGILikeMatch => "ILIKE".to_owned(),
            BinaryOperator::PGNotLikeMatch => "NOT LIKE".to_owned(),
            BinaryOperator::PGNotILikeMatch => "NOT ILIKE".to_owned(),
            BinaryOperator::PGCustomBinaryOperator(names) => names.last().cloned().unwrap_or_default(),
            other => other.to_string(),
        };
        self.operator(&symbol, place, vec![left, right])
    }

    /// AND and OR of any number of operands, without one level of nesting for each.
    fn connective(&mut self, left: Expr, operator: &BinaryOperator, right: Expr, place: Option<Place>) -> Result<Expr> {
        let mut operands = vec![right];
        let mut rest = left;
        loop {
            match rest {
                Expr::BinaryOp { left, op, right } if op == *operator => {
                    operands.push(*right);
                    rest = *left;
                }
                other => {
                    operands.push(other);
                    break;
                }
            }
        }
        operands.reverse();
        let operands = self.expressions(operands)?;
        let written = if *operator == BinaryOperator::And { Written::And } else { Written::Or };
        Ok(self.call(written, place, operands))
    }

    fn unary(&mut self, operator: UnaryOperator, inner: Expr, place: Option<Place>) -> Result<Expr> {
        let symbol = match operator {
            UnaryOperator::Not => return self.test(Written::Not, false, inner, place),
            UnaryOperator::Minus => {
                // Postgres reads the sign as part of the constant: -2147483648 is an integer.
                if let Expr::Value(ValueWithSpan { value: Value::Number(digits, false), .. }) = &inner {
                    return Ok(self.call(Written::Number(format!("-{digits}")), place, Vec::new()));
                }
                "-".to_owned()
            }
            other => other.to_string(),
        };
        self.operator(&symbol, place, vec![inner])
    }

    fn test(&mut self, written: Written, negated: bool, inner: Expr, place: Option<Place>) -> Result<Expr> {
        let inner = self.expression(inner)?;
        let test = self.call(written, place, vec![inner]);
        Ok(self.negated(negated, place, test))
    }

    fn rows_equal(&mut self, left: Expr, right: Expr, place: Option<Place>) -> Result<Expr> {
        let (Expr::Tuple(left), Expr::Tuple(right)) = (left, right) else {
            return Err(Refusal::new(Code::Unsupported, "a row can only be compared with a row").at(place));
        };
        if left.len() != right.len() {
            return Err(Refusal::new(Code::Types, "unequal number of entries in row expressions").at(place));
        }
        let pairs = left.into_iter().zip(right);
        let equalities = pairs.map(|(left, right)| self.operator("=", place, vec![left, right]));
        let equalities = equalities.collect::<Result<Vec<_>>>()?;
        Ok(self.call(Written::And, place, equalities))
    }

    fn in_list(&mut self, needle: Expr, list: Vec<Expr>, place: Option<Place>) -> Result<Expr> {
        if matches!(needle, Expr::Tuple(_)) {
            let rows = list.into_iter().map(|row| self.rows_equal(needle.clone(), row, place));
            let rows = rows.collect::<Result<Vec<_>>>()?;
            return Ok(self.call(Written::Or, place, rows));
        }
        let operands = self.expressions(std::iter::once(needle).chain(list))?;
        Ok(self.call(Written::InList, place, operands))
    }

    fn between(&mut self, value: Expr, (low, high): (Expr, Expr), negated: bool, place: Option<Place>) -> Result<Expr> {
        let (above, below, both) = if negated { ("<", ">", Written::Or) } else { (">=", "<=", Written::And) };
        let low = self.operator(above, place, vec![value.clone(), low])?;
        let high = self.operator(below, place, vec![value, high])?;
        Ok(self.call(both, place, vec![low, high]))
    }

    fn like(
        &mut self,
        symbol: &str,
        (value, pattern): (Expr, Expr),
        escape: Option<ValueWithSpan>,
        place: Option<Place>,
    ) -> Result<Expr> {
        let usual = match &escape {
            None => true,
            Some(escape) => matches!(&escape.value, Value::SingleQuotedString(text) if text == "\\"),
        };
        if !usual {
            return Err(Refusal::new(Code::Unsupported, "LIKE with ESCAPE is not kept")
                .at(place)
                .hint("escape with \\, which needs no ESCAPE"));
        }
        self.operator(symbol, place, vec![value, pattern])
    }

    fn quantified(&mut self, left: Expr, operator: BinaryOperator, right: Expr, all: bool) -> Result<Expr> {
        let place = place_of(&left);
        let symbol = if operator == BinaryOperator::NotEq { "<>".to_owned() } else { operator.to_string() };
        let operands = self.expressions([left, right])?;
        Ok(self.call(Written::Quantified { symbol, all }, place, operands))
    }

    fn case(
        &mut self,
        operand: Option<Expr>,
        branches: Vec<CaseWhen>,
        otherwise: Option<Expr>,
        place: Option<Place>,
    ) -> Result<Expr> {
        let operand = operand.map(|operand| self.expression(operand)).transpose()?;
        let mut parts = Vec::new();
        for CaseWhen { condition, result } in branches {
            let condition_place = place_of(&condition);
            let mut condition = self.expression(condition)?;
            if let Some(operand) = &operand {
                let sides = vec![operand.clone(), condition];
                condition = self.call(Written::Operator("=".into()), condition_place, sides);
            }
            parts.push(condition);
            parts.push(self.expression(result)?);
        }
        let written = Written::Case { otherwise: otherwise.is_some() };
        if let Some(otherwise) = otherwise {
            parts.push(self.expression(otherwise)?);
        }
        Ok(self.call(written, place, parts))
    }

    fn cast_to(&mut self, written: &DataType, place: Option<Place>) -> Result<Written> {
        let NamedType { sql_type, length } = named_type(written, self.names, place)?;
        Ok(Written::Cast { to: sql_type, length })
    }
}

/// A call in the rewritten SQL.
pub(super) fn function_call(
    name: String,
    arguments: Vec<Expr>,
    duplicates: Option<DuplicateTreatment>,
    filter: Option<Box<Expr>>,
) -> Expr {
    let argument = |expression| FunctionArg::Unnamed(FunctionArgExpr::Expr(expression));
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(quoted(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: duplicates,
            args: arguments.into_iter().map(argument).collect(),
            clauses: Vec::new(),
        }),
        filter,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
