//! What evaluation promises beyond single values: laziness, identity, columns.

use tailwater_connectors::{SqlType, Value};

use super::sql_text::bind_text;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::WrittenAggregate;
use crate::engine::scalar::bind::{self, Typed};
use crate::engine::scalar::compare::{sql_cmp, sql_eq};

fn column(index: usize, sql_type: SqlType) -> Typed {
    Typed::new(Scalar::Column(index), sql_type)
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
    let result = |name: &str, types: &[SqlType]| {
        let arguments = types.iter().map(|sql_type| column(0, sql_type.clone())).collect();
        let written = WrittenAggregate {
            name: name.into(),
            arguments,
            star: types.is_empty(),
            distinct: false,
            filter: None,
            order: Vec::new(),
            within_group: false,
        };
        bind::aggregate_call(written).map(|call| call.result_type).map_err(|error| error.message)
    };
    let array = |element: SqlType| SqlType::Array(Box::new(element));
    assert_eq!(result("count", &[]), Ok(SqlType::Int8));
    assert_eq!(result("sum", &[SqlType::Int4]), Ok(SqlType::Int8));
    assert_eq!(result("sum", &[SqlType::Int8]), Ok(SqlType::Numeric(None)));
    assert_eq!(result("sum", &[SqlType::Numeric(Some((10, 2)))]), Ok(SqlType::Numeric(None)));
    assert_eq!(result("avg", &[SqlType::Int2]), Ok(SqlType::Numeric(None)));
    assert_eq!(result("avg", &[SqlType::Float4]), Ok(SqlType::Float8));
    assert_eq!(result("min", &[SqlType::Text]), Ok(SqlType::Text));
    assert_eq!(result("max", &[SqlType::Timestamptz]), Ok(SqlType::Timestamptz));
    assert_eq!(result("stddev", &[SqlType::Int4]), Ok(SqlType::Numeric(None)));
    assert_eq!(result("var_pop", &[SqlType::Float4]), Ok(SqlType::Float8));
    assert_eq!(result("corr", &[SqlType::Int4, SqlType::Numeric(None)]), Ok(SqlType::Float8));
    assert_eq!(result("array_agg", &[SqlType::Int4]), Ok(array(SqlType::Int4)));
    assert_eq!(result("array_agg", &[array(SqlType::Int4)]), Ok(array(SqlType::Int4)));
    assert_eq!(result("string_agg", &[SqlType::Text, SqlType::Unknown]), Ok(SqlType::Text));
    assert_eq!(result("string_agg", &[SqlType::Bytea, SqlType::Unknown]), Ok(SqlType::Bytea));
    assert_eq!(result("jsonb_object_agg", &[SqlType::Text, SqlType::Unknown]), Ok(SqlType::Jsonb));
    assert_eq!(result("max", &[SqlType::Json]), Err("function max(json) does not exist".into()));
    assert_eq!(result("sum", &[SqlType::Text]), Err("function sum(text) does not exist".into()));
    assert_eq!(result("sum", &[SqlType::Unknown]), Err("function sum(unknown) is not unique".into()));
    assert_eq!(
        result("string_agg", &[SqlType::Int4, SqlType::Unknown]),
        Err("function string_agg(integer, unknown) does not exist".into())
    );
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
