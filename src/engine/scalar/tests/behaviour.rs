//! What evaluation promises beyond single values: laziness, identity, columns.

use tailwater_connectors::{SqlType, Value};

use super::sql_text::bind_text;
use crate::engine::plan::AggregateFunction;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};
use crate::engine::scalar::compare::{sql_cmp, sql_eq};

fn column(index: usize, sql_type: SqlType) -> Typed {
    Typed { scalar: Scalar::Column(index), sql_type }
}

fn number(text: &str) -> Typed {
    bind::literal_number(text)
}

#[test]
fn an_error_in_a_branch_that_is_not_needed_does_not_appear() {
    for sql in [
        "false and 1/0 = 1",
        "true or 1/0 = 1",
        "case when true then 1 else 1/0 end",
        "case 1 when 1 then 2 when 1/0 then 3 end",
        "coalesce(1, 1/0)",
    ] {
        let bound = bind_text(sql).expect(sql);
        assert!(bound.scalar.evaluate(&[]).is_ok(), "{sql}");
    }
    let bound = bind_text("null and 1/0 = 1").expect("binds");
    assert_eq!(bound.scalar.evaluate(&[]).expect_err("reaches the division").code, "22012");
}

#[test]
fn a_condition_that_is_null_does_not_hold() {
    let condition = bind_text("null::int = 1").expect("binds").scalar;
    assert_eq!(condition.holds(&[]), Ok(false));
    assert_eq!(condition.evaluate(&[]), Ok(Value::Null));
}

#[test]
fn a_literal_takes_the_type_of_its_neighbour() {
    let bound = bind::operator("=", vec![column(0, SqlType::Date), bind::literal_text("2024-02-29")]).expect("binds");
    assert_eq!(bound.scalar.to_string(), "(#0 = '2024-02-29'::date)");
    let refused =
        bind::operator("=", vec![column(0, SqlType::Int4), bind::literal_text("abc")]).expect_err("no number");
    assert_eq!(refused.message, "invalid input syntax for type integer: \"abc\"");
}

#[test]
fn what_does_not_exist_is_named_as_postgres_names_it() {
    let message = |bound: Result<Typed, bind::BindError>| bound.expect_err("refused").message;
    assert_eq!(message(bind::function("lower", vec![number("1")])), "function lower(integer) does not exist");
    assert_eq!(
        message(bind::operator("+", vec![column(0, SqlType::Bool), number("1")])),
        "operator does not exist: boolean + integer"
    );
    assert_eq!(
        message(bind::operator("+", vec![bind::literal_text("1"), bind::literal_text("1")])),
        "operator is not unique: unknown + unknown"
    );
    assert_eq!(message(bind::boolean(number("1"))), "argument must be type boolean, not type integer");
    assert!(bind::function("random", Vec::new()).expect_err("volatile").hint.is_some());
    assert!(bind::function("now", Vec::new()).expect_err("volatile").hint.is_some());
}

#[test]
fn columns_are_found_and_renumbered() {
    let sum = bind::operator("+", vec![column(4, SqlType::Int4), column(2, SqlType::Int4)]).expect("binds");
    let mut scalar = bind::operator("*", vec![sum, column(4, SqlType::Int4)]).expect("binds").scalar;
    assert_eq!(scalar.columns_used(), [2, 4]);
    assert_eq!(scalar.to_string(), "((#4 + #2) * #4)");
    let before = scalar.fingerprint();
    scalar.map_columns(|column| column / 4);
    assert_eq!(scalar.columns_used(), [0, 1]);
    assert_ne!(scalar.fingerprint(), before);
    assert_eq!(scalar.evaluate(&[Value::Int(2), Value::Int(3)]), Ok(Value::Int(15)));
}

#[test]
fn aggregates_have_the_result_types_of_postgres() {
    use AggregateFunction::{Avg, Count, Max, Min, Sum};
    let result = |function, argument: &SqlType| bind::aggregate(function, Some(argument)).ok();
    assert_eq!(bind::aggregate(Count, None), Ok(SqlType::Int8));
    assert_eq!(result(Sum, &SqlType::Int4), Some(SqlType::Int8));
    assert_eq!(result(Sum, &SqlType::Int8), Some(SqlType::Numeric(None)));
    assert_eq!(result(Sum, &SqlType::Numeric(Some((10, 2)))), Some(SqlType::Numeric(None)));
    assert_eq!(result(Avg, &SqlType::Int2), Some(SqlType::Numeric(None)));
    assert_eq!(result(Avg, &SqlType::Float4), Some(SqlType::Float8));
    assert_eq!(result(Min, &SqlType::Text), Some(SqlType::Text));
    assert_eq!(result(Max, &SqlType::Timestamptz), Some(SqlType::Timestamptz));
    assert_eq!(result(Max, &SqlType::Json), None);
    assert_eq!(result(Sum, &SqlType::Text), None);
}

#[test]
fn order_and_equality_are_those_of_sql() {
    let float = SqlType::Float8;
    assert!(sql_eq(&float, &Value::Float(0.0), &Value::Float(-0.0)));
    assert!(sql_eq(&float, &Value::Float(f64::NAN), &Value::Float(f64::NAN)));
    assert!(sql_cmp(&float, &Value::Float(f64::NAN), &Value::Float(f64::INFINITY)).is_gt());
    assert!(sql_eq(&SqlType::Bpchar, &Value::text("a  "), &Value::text("a")));
    assert!(!sql_eq(&SqlType::Text, &Value::text("a  "), &Value::text("a")));
    let numeric = |text: &str| Value::Numeric(text.parse().expect("a number"));
    assert!(sql_eq(&SqlType::Numeric(None), &numeric("1.0"), &numeric("1.00")));
    assert!(sql_eq(&SqlType::Jsonb, &Value::text(r#"{"a": 1.0}"#), &Value::text(r#"{"a": 1}"#)));
    assert!(sql_cmp(&SqlType::Int4, &Value::Null, &Value::Int(1)).is_gt());
}
