//! Key templates.

use proptest::prelude::*;

use crate::redis::KeyTemplate;
use crate::{Column, SqlType, Value, ViewSchema};

fn view(columns: &[(&str, SqlType)], key: &[usize]) -> ViewSchema {
    let column = |(name, sql_type): &(&str, SqlType)| Column::new(*name, sql_type.clone(), true);
    ViewSchema {
        name: "orders".into(),
        columns: columns.iter().map(column).collect(),
        key: key.to_vec(),
        fingerprint: 1,
    }
}

fn text_view() -> ViewSchema {
    view(&[("a", SqlType::Text), ("b", SqlType::Text)], &[0, 1])
}

fn render(template: &KeyTemplate, row: &[Value]) -> String {
    let mut key = String::new();
    template.render(row, &mut key);
    key
}

fn refusal(template: &str, view: &ViewSchema) -> String {
    let error = KeyTemplate::new(template, view).expect_err("the template is wrong");
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn a_template_puts_key_columns_into_text() {
    let view = view(&[("id", SqlType::Int8), ("name", SqlType::Text)], &[0]);
    let template = KeyTemplate::new("order:{{x}}:{id}!", &view).unwrap();
    assert_eq!(render(&template, &[Value::Int(-7), Value::text("n")]), "order:{x}:-7!");
    assert_eq!(template.pattern().glob(), "order:{x}:*!");
}

#[test]
fn one_column_is_written_as_it_is_and_several_are_escaped() {
    let one = view(&[("a", SqlType::Text)], &[0]);
    let one = KeyTemplate::new("t:{a}", &one).unwrap();
    assert_eq!(render(&one, &[Value::text("x:y%")]), "t:x:y%");
    let two = KeyTemplate::new("t:{a}:{b}", &text_view()).unwrap();
    assert_eq!(render(&two, &[Value::text("x:y%"), Value::text("z/")]), "t:x%3Ay%25:z/");
}

#[test]
fn null_differs_from_every_text() {
    let view = view(&[("a", SqlType::Text)], &[0]);
    let template = KeyTemplate::new("t:{a}", &view).unwrap();
    assert_eq!(render(&template, &[Value::Null]), "t:\\N");
    assert_eq!(render(&template, &[Value::text("\\N")]), "t:\\\\N");
    assert_eq!(render(&template, &[Value::text("\\\\N")]), "t:\\\\\\N");
    assert_eq!(render(&template, &[Value::text("")]), "t:");
}

#[test]
fn templates_that_do_not_fit_the_view_are_refused_by_name() {
    let view = view(&[("a", SqlType::Int4), ("b", SqlType::Int4), ("c", SqlType::Int4)], &[0, 1]);
    for (template, expected) in [
        ("t:{a}", "key column \"b\" is missing"),
        ("t:{a}:{b}:{c}", "column \"c\" is not part of the key"),
        ("t:{a}:{b}:{a}", "column \"a\" is named twice"),
        ("t:{a}:{d}", "has no column \"d\""),
        ("t:{a}{b}", "ambiguous"),
        ("t:{a}x{b}", "ambiguous"),
        ("t:{a}:{b", "not closed"),
        ("t:{a}:{b}}", "closes nothing"),
        ("t:{}", "column name is missing"),
        ("{a}:{b}", "begins with a column"),
        ("tailwater:{a}:{b}", "reserved"),
        ("tail{a}:{b}", "reserved"),
    ] {
        let said = refusal(template, &view);
        assert!(said.contains(expected), "{template}: {said}");
    }
}

#[test]
fn keys_of_others_are_not_recognised() {
    let view = view(&[("id", SqlType::Int8)], &[0]);
    let template = KeyTemplate::new("order:{id}", &view).unwrap();
    let ours = |key: &[u8]| template.pattern().recognises(key);
    assert!(ours(b"order:17") && ours(b"order:-17") && ours(b"order:\\N"));
    for foreign in ["order:17:items", "order:", "order:x", "orders:1", "order:1 ", "xorder:1"] {
        assert!(!ours(foreign.as_bytes()), "{foreign}");
    }
    assert!(!ours(b"order:\xff"));
}

#[test]
fn keys_that_escaping_never_makes_are_not_recognised() {
    let template = KeyTemplate::new("t:{a}:{b}", &text_view()).unwrap();
    let ours = |key: &str| template.pattern().recognises(key.as_bytes());
    assert!(ours("t:x%3Ay:z"));
    for foreign in ["t:x", "t:x:y:z", "t:x%3ay:z", "t:x%41:z", "t:x%:z", "t:x%3:z", "t:%é:z"] {
        assert!(!ours(foreign), "{foreign}");
    }
}

#[test]
fn scan_patterns_escape_what_redis_would_expand() {
    let view = view(&[("id", SqlType::Int8)], &[0]);
    let template = KeyTemplate::new("a*[b]?\\^{id}", &view).unwrap();
    assert_eq!(template.pattern().glob(), "a\\*\\[b\\]\\?\\\\\\^*");
}

fn key_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        8 => "[:/%#N1Aé\\\\ ]{0,6}".prop_map(Value::text),
    ]
}

proptest! {
    #[test]
    fn different_view_keys_never_make_the_same_redis_key(
        template in prop::sample::select(vec!["t:{a}:{b}", "t:{b}/x:{a}#", "u%{a}1:A{b}", "t:{a}::{b}:", "u{a}N\\#%{b}%3A"]),
        left in [key_text(), key_text()],
        right in [key_text(), key_text()],
    ) {
        let template = KeyTemplate::new(template, &text_view()).unwrap();
        let (left_key, right_key) = (render(&template, &left), render(&template, &right));
        prop_assert_eq!(left == right, left_key == right_key, "{} {}", left_key, right_key);
        prop_assert!(template.pattern().recognises(left_key.as_bytes()), "{}", left_key);
        prop_assert_eq!(template.parse(&text_view(), left_key.as_bytes()), Some(left.to_vec()), "{}", left_key);
    }

    #[test]
    fn recognising_never_panics(key in prop::collection::vec(any::<u8>(), 0..20), tail in "\\PC{0,12}") {
        let template = KeyTemplate::new("t:{a}:{b}", &text_view()).unwrap();
        template.pattern().recognises(&key);
        template.pattern().recognises(format!("t:{tail}").as_bytes());
    }
}
