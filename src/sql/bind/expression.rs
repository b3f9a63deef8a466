//! Stubs → typed scalars.

use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::{BinaryExpr, Expr, Operator};
use tailwater_connectors::{SqlType, Value};

use super::super::catalog::TextRules;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::frontend::{place_of_column, refusal};
use super::super::relation::{Conjunct, Equality, OutputColumn};
use super::super::scalars::folded;
use super::super::stub::{ScalarStub, Written};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, BindError, Quantifier, Typed};

/// What an expression may refer to.
pub(super) struct Columns<'a> {
    pub(super) schema: &'a DFSchema,
    pub(super) columns: &'a [OutputColumn],
    /// How text is treated.
    pub(super) text: TextRules,
}

impl Columns<'_> {
    /// An expression with its type.
    pub(super) fn typed(&self, expression: &Expr) -> Result<Typed> {
        match expression {
            Expr::Alias(alias) => self.typed(&alias.expr),
            Expr::Column(column) => {
                let index =
                    self.schema.index_of_column(column).map_err(|error| refusal(error).at(place_of_column(column)))?;
                let column = self.columns.get(index).ok_or_else(|| internal("a column is not in its input"))?;
                Ok(Typed { scalar: Scalar::Column(index), sql_type: column.sql_type.clone() })
            }
            Expr::Literal(ScalarValue::Boolean(value), _) => Ok(boolean(*value)),
            Expr::Literal(ScalarValue::Null, _) => Ok(bind::literal_null()),
            Expr::Literal(ScalarValue::Int64(Some(number)), _) => Ok(bind::literal_number(&number.to_string())),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                let operands = [left, right].map(|operand| self.condition(operand));
                let scalars = operands.into_iter().collect::<Result<Vec<_>>>()?;
                Ok(Typed { scalar: Scalar::And(scalars), sql_type: SqlType::Bool })
            }
            Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<ScalarStub>() {
                Some(stub) => self.stub(stub, &call.args).map_err(|refusal| refusal.at(stub.place)),
                None => Err(internal("a function that is no stub")),
            },
            Expr::AggregateFunction(_) => Err(Refusal::new(Code::Grouping, "an aggregate is not allowed here")
                .hint("filter aggregates with HAVING; nest them with a derived table")),
            Expr::OuterReferenceColumn(..) => {
                Err(Refusal::new(Code::Lateral, "a reference to an outer query is not kept"))
            }
            _ => Err(internal("an expression of DataFusion's own")),
        }
    }

    /// A condition: boolean.
    pub(super) fn condition(&self, expression: &Expr) -> Result<Scalar> {
        let place = place(expression);
        let typed = self.typed(expression)?;
        Ok(bind::boolean(typed).map_err(|error| type_refusal(error).at(place))?.scalar)
    }

    /// The operands of the top AND of a condition.
    pub(super) fn conjuncts(&self, expression: &Expr, found: &mut Vec<Conjunct>) -> Result<()> {
        match expression {
            Expr::Alias(alias) => return self.conjuncts(&alias.expr, found),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                self.conjuncts(left, found)?;
                return self.conjuncts(right, found);
            }
            Expr::ScalarFunction(call) => {
                if let Some(ScalarStub { written: Written::And, .. }) = call.func.inner().downcast_ref() {
                    return call.args.iter().try_for_each(|operand| self.conjuncts(operand, found));
                }
            }
            _ => {}
        }
        let condition = folded(self.condition(expression)?);
        let equality = self.equality(expression);
        found.push(Conjunct { condition, equality });
        Ok(())
    }

    /// Both sides of an equality in one type, when there is one type for both.
    fn equality(&self, expression: &Expr) -> Option<Equality> {
        let Expr::ScalarFunction(call) = expression else { return None };
        let stub = call.func.inner().downcast_ref::<ScalarStub>()?;
        match (&stub.written, call.args.as_slice()) {
            (Written::Operator(symbol), [left, right]) if symbol == "=" => {
                let sides = vec![self.typed(left).ok()?, self.typed(right).ok()?];
                let same_class = same_class(&sides[0].sql_type, &sides[1].sql_type);
                let sides = if same_class { sides } else { bind::unify(sides).ok()?.0 };
                let [left, right] = <[Typed; 2]>::try_from(sides).ok()?;
                let sql_type = left.sql_type.clone();
                same_class_or_equal(&sql_type, &right.sql_type).then(|| Equality {
                    left: folded(left.scalar),
                    right: folded(right.scalar),
                    sql_type,
                })
            }
            _ => None,
        }
    }

    fn all(&self, expressions: &[Expr]) -> Result<Vec<Typed>> {
        expressions.iter().map(|expression| self.typed(expression)).collect()
    }

    fn stub(&self, stub: &ScalarStub, arguments: &[Expr]) -> Result<Typed> {
        let typed = match &stub.written {
            Written::Number(digits) => Ok(bind::literal_number(digits)),
            Written::Text(text) => Ok(bind::literal_text(text)),
            Written::Boolean(value) => Ok(boolean(Some(*value))),
            Written::Null => Ok(bind::literal_null()),
            Written::And => self.connective(arguments, Scalar::And),
            Written::Or => self.connective(arguments, Scalar::Or),
            Written::Not => {
                let scalar = Scalar::Not(Box::new(self.condition(single(arguments)?)?));
                Ok(Typed { scalar, sql_type: SqlType::Bool })
            }
            Written::IsNull => {
                let scalar = Scalar::IsNull(Box::new(self.typed(single(arguments)?)?.scalar));
                Ok(Typed { scalar, sql_type: SqlType::Bool })
            }
            Written::Is(value) => {
                let inner = Typed { scalar: self.condition(single(arguments)?)?, sql_type: SqlType::Bool };
                bind::operator("IS NOT DISTINCT FROM", vec![inner, boolean(Some(*value))]).map_err(type_refusal)
            }
            Written::Operator(symbol) => self.operator(symbol, arguments),
            Written::Call(name) => self.call(name, arguments),
            Written::Cast { to, length } => self.cast(single(arguments)?, to, *length),
            Written::Case { otherwise } => self.case(arguments, *otherwise),
            Written::InList => {
                let mut operands = self.all(arguments)?;
                let list = operands.split_off(1.min(operands.len()));
                let needle = operands.pop().ok_or_else(|| internal("IN without a left side"))?;
                bind::in_list(needle, list).map_err(type_refusal)
            }
            Written::Array => bind::array(self.all(arguments)?).map_err(type_refusal),
            Written::Subscript => self.subscripts(arguments),
            Written::CollateC => self.typed(single(arguments)?),
            Written::Quantified { symbol, all } => self.quantified(symbol, *all, arguments),
        }?;
        Ok(Typed { scalar: folded(typed.scalar), sql_type: typed.sql_type })
    }

    fn connective(&self, operands: &[Expr], make: fn(Vec<Scalar>) -> Scalar) -> Result<Typed> {
        let operands = operands.iter().map(|operand| self.condition(operand)).collect::<Result<Vec<_>>>()?;
        Ok(Typed { scalar: make(operands), sql_type: SqlType::Bool })
    }

    fn operator(&self, symbol: &str, arguments: &[Expr]) -> Result<Typed> {
        let operands = self.all(arguments)?;
        if matches!(symbol, "<" | "<=" | ">" | ">=") {
            self.refuse_text_order(&operands, arguments)?;
        }
        let ascii_case = self.has_ascii_case(arguments);
        let typed = bind::operator(symbol, operands.clone()).map_err(type_refusal)?;
        match symbol {
            "ILIKE" | "~~*" if ascii_case => bind::operator("~~*/C", operands).map_err(type_refusal),
            "NOT ILIKE" | "!~~*" if ascii_case => bind::operator("!~~*/C", operands).map_err(type_refusal),
            _ => Ok(typed),
        }
    }

    /// Whether only ASCII letters have case, in the database or by COLLATE "C".
    fn has_ascii_case(&self, arguments: &[Expr]) -> bool {
        self.text.ascii_case || arguments.iter().any(is_collate_c)
    }

    /// Text may only be ordered where the database orders it by bytes, too.
    pub(super) fn refuse_text_order(&self, operands: &[Typed], written: &[Expr]) -> Result<()> {
        let is_text = operands.iter().any(|operand| is_collated(&operand.sql_type));
        if self.text.bytewise || !is_text || written.iter().any(is_collate_c) {
            return Ok(());
        }
        Err(Refusal::new(Code::Collation, "text is ordered here, and the database's collation is not C")
            .hint("write COLLATE \"C\" behind one of the operands, which orders by bytes in the database as well"))
    }

    fn call(&self, name: &str, arguments: &[Expr]) -> Result<Typed> {
        let operands = self.all(arguments)?;
        if matches!(name, "greatest" | "least") {
            self.refuse_text_order(&operands, arguments)?;
        }
        let ascii_case = self.has_ascii_case(arguments) && matches!(name, "lower" | "upper" | "initcap");
        let typed = bind::function(name, operands.clone()).map_err(type_refusal)?;
        if ascii_case { bind::function(&format!("{name}/c"), operands).map_err(type_refusal) } else { Ok(typed) }
    }

    fn cast(&self, inner: &Expr, to: &SqlType, length: Option<u32>) -> Result<Typed> {
        let typed = self.typed(inner)?;
        match length {
            None => bind::cast(typed, to, true),
            Some(limit) => bind::character_limit(typed, limit, *to == SqlType::Bpchar),
        }
        .map_err(type_refusal)
    }

    fn case(&self, parts: &[Expr], otherwise: bool) -> Result<Typed> {
        let (pairs, last) = parts.split_at(parts.len() - usize::from(otherwise));
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for pair in pairs.chunks_exact(2) {
            conditions.push(self.condition(&pair[0])?);
            results.push(self.typed(&pair[1])?);
        }
        for otherwise in last {
            results.push(self.typed(otherwise)?);
        }
        let (mut results, sql_type) = bind::unify(results).map_err(type_refusal)?;
        let otherwise = if otherwise { results.pop().map(|result| Box::new(result.scalar)) } else { None };
        let branches = conditions.into_iter().zip(results.into_iter().map(|result| result.scalar)).collect();
        Ok(Typed { scalar: Scalar::Case { branches, otherwise }, sql_type })
    }

    fn subscripts(&self, arguments: &[Expr]) -> Result<Typed> {
        let mut operands = self.all(arguments)?.into_iter();
        let root = operands.next().ok_or_else(|| internal("a subscript without its array"))?;
        operands.try_fold(root, |array, index| bind::element(array, index).map_err(type_refusal))
    }

    fn quantified(&self, symbol: &str, all: bool, arguments: &[Expr]) -> Result<Typed> {
        let operands = self.all(arguments)?;
        if matches!(symbol, "<" | "<=" | ">" | ">=") {
            self.refuse_text_order(&operands, arguments)?;
        }
        let [needle, array] = <[Typed; 2]>::try_from(operands).map_err(|_| internal("ANY without its array"))?;
        let quantifier = if all { Quantifier::All } else { Quantifier::Any };
        bind::quantified(symbol, (needle, array), quantifier).map_err(type_refusal)
    }
}

/// A literal that is still of no type becomes text, as in a SELECT list.
pub(super) fn settled(typed: Typed) -> Result<Typed> {
    if typed.sql_type != SqlType::Unknown {
        return Ok(typed);
    }
    bind::cast(typed, &SqlType::Text, false).map_err(type_refusal)
}

/// The scalar layer's errors in our words.
pub(super) fn type_refusal(error: BindError) -> Refusal {
    let refusal = Refusal::new(Code::Types, error.message);
    match error.hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

pub(super) fn internal(message: &str) -> Refusal {
    Refusal::new(Code::Internal, message)
}

/// Where an expression was written.
pub(super) fn place(expression: &Expr) -> Option<Place> {
    match expression {
        Expr::Alias(alias) => place(&alias.expr),
        Expr::Column(column) => place_of_column(column),
        Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<ScalarStub>()?.place,
        _ => None,
    }
}

fn is_collate_c(expression: &Expr) -> bool {
    match expression {
        Expr::Alias(alias) => is_collate_c(&alias.expr),
        Expr::ScalarFunction(call) => {
            matches!(call.func.inner().downcast_ref(), Some(ScalarStub { written: Written::CollateC, .. }))
        }
        _ => false,
    }
}

fn is_collated(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Text | SqlType::Bpchar => true,
        SqlType::Array(element) => is_collated(element),
        _ => false,
    }
}

/// Types of one class and one representation: comparing them needs no cast.
fn same_class(left: &SqlType, right: &SqlType) -> bool {
    match (left, right) {
        (SqlType::Unknown, _) | (_, SqlType::Unknown) => false,
        (SqlType::Numeric(_), SqlType::Numeric(_)) => true,
        _ => left == right,
    }
}

fn same_class_or_equal(left: &SqlType, right: &SqlType) -> bool {
    *left != SqlType::Unknown && (left == right || same_class(left, right))
}

fn single(arguments: &[Expr]) -> Result<&Expr> {
    arguments.first().ok_or_else(|| internal("an operator without its operand"))
}

fn boolean(value: Option<bool>) -> Typed {
    Typed { scalar: Scalar::Literal(value.map_or(Value::Null, Value::Bool)), sql_type: SqlType::Bool }
}
