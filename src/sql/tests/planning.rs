//! What SELECTs become, and what is refused.

use super::shop::{outcome, shop, table, text};
use super::{drawing, golden};
use crate::sql::{Place, SqlCatalog, ViewText, plan_views, plan_with_warnings, tables_read};

/// SELECTs that are planned; Postgres answers them too, in `postgres.rs`.
pub(super) const PLANS: &str = "src/sql/tests/plans.txt";

/// More SELECTs that are planned; Postgres alone says what they answer.
pub(super) const QUERIES: &str = "src/sql/tests/queries.txt";

#[test]
fn selects_become_the_plans_in_the_file() {
    golden::compare(PLANS, outcome);
}

#[test]
fn what_is_not_kept_is_refused_with_code_place_and_hint() {
    golden::compare("src/sql/tests/refusals.txt", outcome);
}

/// The query, made distinct where a key cannot be inferred.
pub(super) fn with_key(sql: &str) -> String {
    match plan_views(&shop(), &[text("v", sql)]) {
        Err(errors) if errors[0].code == "TW-SQL-026" => format!("select distinct * from ({sql}) as q"),
        _ => sql.to_owned(),
    }
}

#[test]
fn every_query_is_planned() {
    let mut refused = Vec::new();
    for case in golden::cases(QUERIES) {
        let planned = std::panic::catch_unwind(|| plan_views(&shop(), &[text("v", &with_key(&case.sql))]));
        match planned {
            Ok(Ok(_)) => {}
            Ok(Err(errors)) => refused.push(format!("{}\n  {}", case.sql, errors[0])),
            Err(_) => refused.push(format!("{}\n  panicked", case.sql)),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn keys_of(view: &ViewText) -> Result<Vec<String>, String> {
    match plan_views(&shop(), std::slice::from_ref(view)) {
        Ok(plans) => Ok(plans[0].key.iter().map(|&column| plans[0].columns[column].name.to_string()).collect()),
        Err(errors) => Err(errors[0].to_string()),
    }
}

#[test]
fn a_declared_key_is_taken_as_it_is() {
    let declared = |key: &[&str]| ViewText {
        key: Some(key.iter().map(|name| name.to_string()).collect()),
        ..text("v", "select text, level from log")
    };
    assert_eq!(keys_of(&declared(&["level", "text"])), Ok(vec!["level".into(), "text".into()]));
    assert!(keys_of(&declared(&["levle"])).unwrap_err().contains("key column \"levle\" is not a column"));
    assert!(keys_of(&declared(&["level", "level"])).unwrap_err().contains("twice"));
    assert!(keys_of(&declared(&[])).unwrap_err().contains("empty"));
}

#[test]
fn views_stand_after_those_that_they_read() {
    let views = [
        text("top", "select city, total from per_city where total > 10"),
        text(
            "per_city",
            "select c.city, sum(o.total) as total from paid o join customers c on c.id = o.customer_id group by c.city",
        ),
        text("paid", "select * from orders where status = 'paid'"),
    ];
    let plans = plan_views(&shop(), &views).unwrap();
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(names, ["paid", "per_city", "top"]);
    let expected = "(city text, total numeric) key (city)\nfilter (#1 > 10)\n  scan view per_city [0, 1]\n";
    assert_eq!(drawing::view(&plans[2]), expected);
}

#[test]
fn a_view_that_reads_a_broken_view_adds_no_error() {
    let views = [text("a", "select * from b"), text("b", "select nothing from orders"), text("c", "selec")];
    let errors = plan_views(&shop(), &views).unwrap_err();
    let names: Vec<&str> = errors.iter().map(|error| error.view.as_str()).collect();
    assert_eq!(names, ["b", "c"]);
}

#[test]
fn a_circle_of_views_is_refused() {
    let views = [text("a", "select * from b"), text("b", "select * from a"), text("c", "select * from c")];
    let errors = plan_views(&shop(), &views).unwrap_err();
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let expected = [
        "views read each other in a circle: a reads b reads a",
        "views read each other in a circle: b reads a reads b",
        "views read each other in a circle: c reads c",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn a_view_with_the_name_of_a_table_is_ambiguous() {
    let views = [text("orders", "select 1 as one"), text("reader", "select * from orders")];
    let errors = plan_views(&shop(), &views).unwrap_err();
    assert_eq!(errors[0].code, "TW-SQL-004");
    assert!(errors[0].message.contains("table \"shop.public.orders\" and view \"orders\""), "{}", errors[0]);
}

#[test]
fn an_unqualified_name_of_two_sources_is_ambiguous() {
    let tables = vec![table("a.public.t: *id int"), table("b.public.t: *id int")];
    let catalog = SqlCatalog { tables, ..SqlCatalog::default() };
    assert_eq!(plan_views(&catalog, &[text("v", "select id from t")]).unwrap_err()[0].code, "TW-SQL-004");
    assert_eq!(plan_views(&catalog, &[text("v", "select id from b.public.t")]).unwrap().len(), 1);
}

#[test]
fn text_is_ordered_only_where_the_database_orders_bytes() {
    let catalog = SqlCatalog { collation_is_c: [("shop".into(), false), ("clicks".into(), true)].into(), ..shop() };
    for sql in [
        "select id from customers where name < 'm'",
        "select city, min(name) as first from customers group by city",
        "select id, greatest(name, city) as later from customers",
        "select id from customers where name between 'a' and 'b'",
    ] {
        assert_eq!(plan_views(&catalog, &[text("v", sql)]).unwrap_err()[0].code, "TW-SQL-023", "{sql}");
    }
    for sql in [
        "select id from customers where name collate \"C\" < 'm'",
        "select city, min(name collate \"C\") as first from customers group by city",
        "select id from customers where name = 'm' and id < 3 and name like 'a%'",
        "select id from visits where page < 'm'",
    ] {
        assert!(plan_views(&catalog, &[text("v", sql)]).is_ok(), "{sql}");
    }
}

#[test]
fn a_dropped_order_is_a_warning() {
    let planned = plan_with_warnings(&shop(), &[text("v", "select id\nfrom orders\norder by id")]).unwrap();
    assert_eq!(planned.warnings[0].message, "ORDER BY is ignored: a view has no order");
    assert_eq!(planned.warnings[0].place.map(|place| place.line), Some(3));
}

#[test]
fn an_error_names_the_line_of_its_file() {
    let view = ViewText { file: "tailwater.toml".into(), line: 10, ..text("v", "select id,\n  nme\nfrom customers") };
    let error = plan_views(&shop(), &[view]).unwrap_err().remove(0);
    assert_eq!(error.place, Some(Place { line: 2, column: 3 }));
    let expected = "tailwater.toml:11: view \"v\", line 2, column 3: column \"nme\" does not exist (TW-SQL-005)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn tables_read_leaves_out_ctes_where_they_are_in_force() {
    let read = |sql: &str| {
        let names = tables_read(sql).unwrap();
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        read("with a as (select * from b), c as (select * from a) select * from c join S.\"D\" on true"),
        ["b", "s.D"]
    );
    assert_eq!(read("with orders as (select * from orders) select * from orders"), ["orders"]);
    assert_eq!(read("select (select 1 from x.y.z) from q where exists (select 1 from r)"), ["q", "r", "x.y.z"]);
    assert_eq!(read("select * from p, jsonb_each(p.doc) e, lateral unnest(p.a) u"), ["p"]);
    assert_eq!(read("with recursive r as (select 1 as n union select n + 1 from r, q) select * from r"), ["q"]);
    assert!(tables_read("selec id from orders").is_err());
}

#[test]
fn deep_and_long_texts_are_refused_without_harm() {
    let wrap = |times: usize| format!("select {}1{} as x", "(".repeat(times), ")".repeat(times));
    assert!(plan_views(&shop(), &[text("v", &wrap(100))]).is_ok());
    assert_eq!(plan_views(&shop(), &[text("v", &wrap(50_000))]).unwrap_err()[0].code, "TW-SQL-029");
    let sum = |terms: usize| format!("select {} as x", vec!["1"; terms].join(" + "));
    assert!(plan_views(&shop(), &[text("v", &sum(500))]).is_ok());
    assert_eq!(plan_views(&shop(), &[text("v", &sum(20_000))]).unwrap_err()[0].code, "TW-SQL-029");
    let either = vec!["id = 1"; 10_000].join(" or ");
    assert!(plan_views(&shop(), &[text("v", &format!("select id from orders where {either}"))]).is_ok());
}
