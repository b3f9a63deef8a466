//! From the text of an SQL expression over literals to a bound expression, for tests.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Subscript, TrimWhereField, UnaryOperator, Value as Literal, ValueWithSpan,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use tailwater_connectors::{SqlType, Value};

use crate::engine::scalar::bind::{self, BindError, BoundTable, Quantifier, Typed};
use crate::engine::scalar::catalog::named;
use crate::engine::scalar::expression::Scalar;

type Bound = Result<Typed, BindError>;

fn refuse(message: impl Into<String>) -> BindError {
    BindError { message: message.into(), hint: None }
}

/// Binds the expression in `sql`.
pub(super) fn bind_text(sql: &str) -> Bound {
    let dialect = PostgreSqlDialect {};
    let parsed = Parser::new(&dialect).try_with_sql(sql).and_then(|mut parser| parser.parse_expr());
    bound(&parsed.map_err(|error| refuse(error.to_string()))?)
}

fn all(expressions: &[Expr]) -> Result<Vec<Typed>, BindError> {
    expressions.iter().map(bound).collect()
}

fn text(value: &str) -> Typed {
    bind::literal_text(value)
}

fn bound(expression: &Expr) -> Bound {
    match expression {
        Expr::Value(value) => literal(&value.value),
        Expr::Nested(inner) => bound(inner),
        Expr::TypedString(typed) => match &typed.value.value {
            Literal::SingleQuotedString(value) => cast(text(value), &typed.data_type),
            other => Err(refuse(format!("typed string {other}"))),
        },
        Expr::Interval(interval) => bind::cast(bound(&interval.value)?, &SqlType::Interval, true),
        Expr::Cast { expr, data_type, .. } => cast(bound(expr)?, data_type),
        Expr::UnaryOp { op, expr } => unary(op, bound(expr)?),
        Expr::BinaryOp { left, op, right } => binary(bound(left)?, op, bound(right)?),
        Expr::IsNull(inner) => Ok(bind::is_null(bound(inner)?)),
        Expr::IsNotNull(inner) => bind::not(bind::is_null(bound(inner)?)),
        Expr::IsDistinctFrom(left, right) => bind::operator("IS DISTINCT FROM", vec![bound(left)?, bound(right)?]),
        Expr::IsNotDistinctFrom(left, right) => {
            bind::operator("IS NOT DISTINCT FROM", vec![bound(left)?, bound(right)?])
        }
        Expr::InList { expr, list, negated } => negated_if(*negated, bind::in_list(bound(expr)?, all(list)?)?),
        Expr::Between { expr, negated, low, high } => {
            let low = bind::operator(">=", vec![bound(expr)?, bound(low)?])?;
            let high = bind::operator("<=", vec![bound(expr)?, bound(high)?])?;
            let both = Scalar::And(vec![low.scalar, high.scalar]);
            negated_if(*negated, Typed::new(both, SqlType::Bool))
        }
        Expr::Like { negated, expr, pattern, escape_char, .. } => {
            let name = if *negated { "NOT LIKE" } else { "LIKE" };
            bind::operator(name, with_escape(expr, pattern, escape_char.as_ref())?)
        }
        Expr::ILike { negated, expr, pattern, escape_char, .. } => {
            let name = if *negated { "NOT ILIKE" } else { "ILIKE" };
            bind::operator(name, with_escape(expr, pattern, escape_char.as_ref())?)
        }
        Expr::SimilarTo { negated, expr, pattern, escape_char } => {
            let mut operands = with_escape(expr, pattern, escape_char.as_ref())?;
            let source = operands.remove(0);
            let pattern = bind::function("similar_to_escape", operands)?;
            bind::operator(if *negated { "!~" } else { "~" }, vec![source, pattern])
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            case(operand.as_deref(), conditions, else_result.as_deref())
        }
        Expr::Array(array) => bind::array(all(&array.elem)?),
        Expr::AnyOp { left, compare_op, right, .. } => {
            bind::quantified(&compare_op.to_string(), (bound(left)?, bound(right)?), Quantifier::Any)
        }
        Expr::AllOp { left, compare_op, right } => {
            bind::quantified(&compare_op.to_string(), (bound(left)?, bound(right)?), Quantifier::All)
        }
        Expr::AtTimeZone { timestamp, time_zone } => bind::at_time_zone(bound(timestamp)?, bound(time_zone)?),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let written = access_chain.iter().map(subscript).collect::<Result<Vec<_>, _>>()?;
            bind::subscripted(bound(root)?, written)
        }
        _ => function_like(expression),
    }
}

fn subscript(access: &AccessExpr) -> Result<bind::Subscript, BindError> {
    let optional = |bound_at: &Option<Expr>| bound_at.as_ref().map(bound).transpose();
    match access {
        AccessExpr::Subscript(Subscript::Index { index }) => Ok(bind::Subscript::Index(bound(index)?)),
        AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None }) => {
            Ok(bind::Subscript::Slice(optional(lower_bound)?, optional(upper_bound)?))
        }
        other => Err(refuse(format!("access {other}"))),
    }
}

/// Binds the call of a set-returning function in `sql`; its columns may be declared, as in `f(x) as t(a int, b text)`.
pub(super) fn bind_table(sql: &str) -> Result<BoundTable, BindError> {
    if let Some((call, columns)) = sql.split_once(" as t(") {
        let columns = columns.strip_suffix(')').unwrap_or(columns).split("; ").map(|column| {
            let (name, type_name) = column.split_once(' ').expect("a name and a type");
            Ok((name.into(), sql_type(type_name)?))
        });
        let columns = columns.collect::<Result<Vec<_>, BindError>>()?;
        let (name, arguments) = call_in(call)?;
        return bind::record_function(&name, arguments, columns);
    }
    let (name, arguments) = call_in(sql)?;
    bind::table_function(&name, arguments)
}

fn call_in(sql: &str) -> Result<(String, Vec<Typed>), BindError> {
    let dialect = PostgreSqlDialect {};
    let parsed = Parser::new(&dialect).try_with_sql(sql).and_then(|mut parser| parser.parse_expr());
    match parsed.map_err(|error| refuse(error.to_string()))? {
        Expr::Function(function) => Ok((function.name.to_string(), arguments_of(&function)?)),
        other => Err(refuse(format!("{other} is no call"))),
    }
}

fn function_like(expression: &Expr) -> Bound {
    match expression {
        Expr::Function(function) => call(function),
        Expr::Extract { field, expr, .. } => {
            bind::function("extract", vec![bind::cast(text(&field.to_string()), &SqlType::Text, true)?, bound(expr)?])
        }
        Expr::Ceil { expr, .. } => bind::function("ceil", vec![bound(expr)?]),
        Expr::Floor { expr, .. } => bind::function("floor", vec![bound(expr)?]),
        Expr::Position { expr, r#in } => bind::function("position", vec![bound(r#in)?, bound(expr)?]),
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let mut arguments = vec![bound(expr)?];
            arguments.push(match substring_from {
                Some(from) => bound(from)?,
                None => bind::literal_number("1"),
            });
            if let Some(count) = substring_for {
                arguments.push(bound(count)?);
            }
            bind::function("substring", arguments)
        }
        Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "btrim",
            };
            let mut arguments = vec![bound(expr)?];
            if let Some(what) = trim_what {
                arguments.push(bound(what)?);
            }
            arguments.extend(all(trim_characters.as_deref().unwrap_or(&[]))?);
            bind::function(name, arguments)
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            let mut arguments = vec![bound(expr)?, bound(overlay_what)?, bound(overlay_from)?];
            if let Some(count) = overlay_for {
                arguments.push(bound(count)?);
            }
            bind::function("overlay", arguments)
        }
        other => Err(refuse(format!("the test parser does not know {other:?}"))),
    }
}

fn with_escape(expr: &Expr, pattern: &Expr, escape: Option<&ValueWithSpan>) -> Result<Vec<Typed>, BindError> {
    let mut operands = vec![bound(expr)?, bound(pattern)?];
    operands.extend(escape.map(|escape| literal(&escape.value)).transpose()?);
    Ok(operands)
}

fn negated_if(negated: bool, typed: Typed) -> Bound {
    if negated { bind::not(typed) } else { Ok(typed) }
}

fn literal(value: &Literal) -> Bound {
    Ok(match value {
        Literal::Number(number, _) => bind::literal_number(number),
        Literal::SingleQuotedString(value) | Literal::EscapedStringLiteral(value) => text(value),
        Literal::Boolean(truth) => bind::literal_value(Value::Bool(*truth), SqlType::Bool),
        Literal::Null => bind::literal_null(),
        other => return Err(refuse(format!("literal {other}"))),
    })
}

fn cast(input: Typed, data_type: &DataType) -> Bound {
    match data_type {
        DataType::Varchar(Some(length)) | DataType::CharacterVarying(Some(length)) => {
            bind::character_limit(input, length.to_string().parse().expect("a length"), false)
        }
        DataType::Char(length) | DataType::Character(length) => {
            let length = length.map_or(1, |length| length.to_string().parse().expect("a length"));
            bind::character_limit(input, length, true)
        }
        other => bind::cast(input, &sql_type(&other.to_string().to_lowercase())?, true),
    }
}

fn sql_type(name: &str) -> Result<SqlType, BindError> {
    if let Some(element) = name.strip_suffix("[]") {
        return Ok(SqlType::Array(Box::new(sql_type(element)?)));
    }
    if let Some(modifier) = name.strip_prefix("numeric(").and_then(|rest| rest.strip_suffix(')')) {
        let (precision, scale) = modifier.split_once(',').unwrap_or((modifier, "0"));
        let modifier = (precision.trim().parse().expect("precision"), scale.trim().parse().expect("scale"));
        return Ok(SqlType::Numeric(Some(modifier)));
    }
    let internal = match name {
        "boolean" => "bool",
        "smallint" => "int2",
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "character varying" => "text",
        other => other,
    };
    named(internal).ok_or_else(|| refuse(format!("type {name} is not known to the test parser")))
}

fn unary(operator: &UnaryOperator, operand: Typed) -> Bound {
    match operator {
        UnaryOperator::Not => bind::not(operand),
        other => bind::operator(&other.to_string(), vec![operand]),
    }
}

fn binary(left: Typed, operator: &BinaryOperator, right: Typed) -> Bound {
    let both = |left, right| Ok::<_, BindError>(vec![bind::boolean(left)?.scalar, bind::boolean(right)?.scalar]);
    match operator {
        BinaryOperator::And => Ok(Typed::new(Scalar::And(both(left, right)?), SqlType::Bool)),
        BinaryOperator::Or => Ok(Typed::new(Scalar::Or(both(left, right)?), SqlType::Bool)),
        other => bind::operator(&other.to_string(), vec![left, right]),
    }
}

fn case(operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Bound {
    let mut tests = Vec::new();
    let mut results = Vec::new();
    for CaseWhen { condition, result } in conditions {
        tests.push(match operand {
            Some(operand) => bind::operator("=", vec![bound(operand)?, bound(condition)?])?,
            None => bind::boolean(bound(condition)?)?,
        });
        results.push(bound(result)?);
    }
    results.extend(otherwise.map(bound).transpose()?);
    let (results, sql_type) = bind::unify(results)?;
    let mut results = results.into_iter().map(|result| result.scalar);
    let branches = tests.into_iter().map(|test| (test.scalar, results.next().expect("a result per test"))).collect();
    let otherwise = results.next().map(Box::new);
    Ok(Typed::new(Scalar::Case { branches, otherwise }, sql_type))
}

fn call(function: &Function) -> Bound {
    bind::function(&function.name.to_string().replace('"', ""), arguments_of(function)?)
}

fn arguments_of(function: &Function) -> Result<Vec<Typed>, BindError> {
    let FunctionArguments::List(list) = &function.args else { return Ok(Vec::new()) };
    let arguments = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => bound(argument),
        other => Err(refuse(format!("argument {other}"))),
    });
    arguments.collect()
}
