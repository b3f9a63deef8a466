//! TPC-H: its 22 queries as views (`tests/tpch/*.sql`) that are kept while orders come and go and every table changes.
//!
//! The parameters are those of the benchmark's validation where they leave rows at this scale, else others. Queries with a limit
//! have their order completed, so that there is one answer; a comment `-- key: …` declares a key that cannot be inferred.
//! `TAILWATER_TPCH_SCALE` chooses another scale factor.

mod data;

use std::path::Path;
use std::time::Instant;

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::sql::ViewText;
use tokio::runtime::Runtime;

use crate::support::modes;
use crate::support::recording::Recording;
use crate::support::view_file::ViewFile;

/// 3,000 orders with 12,000 items.
const SCALE: f64 = 0.002;
const QUERIES: usize = 22;
const CYCLES: usize = 4;

fn views() -> Vec<ViewText> {
    let read = |number: usize| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tpch/q{number:02}.sql"));
        let sql = std::fs::read_to_string(&path).unwrap();
        let key = sql.lines().find_map(|line| line.strip_prefix("-- key: "));
        let key = key.map(|key| key.split(", ").map(str::to_owned).collect());
        ViewText { name: format!("q{number}").into(), sql, key, ..ViewText::default() }
    };
    (1..=QUERIES).map(read).collect()
}

/// Orders come (RF1), every table is updated, orders go (RF2).
fn cycle(number: usize) -> [String; 3] {
    let come = format!(
        "begin; insert into orders select * from new_orders where o_orderkey / 12 % {CYCLES} = {number};
         insert into lineitem select * from new_lineitem where l_orderkey / 12 % {CYCLES} = {number}; commit;"
    );
    let change = format!(
        "begin;
         update lineitem set l_quantity = l_quantity + 1, l_extendedprice = l_extendedprice * 1.01 where l_orderkey % 41 = {number};
         update lineitem set l_receiptdate = l_receiptdate + 20, l_suppkey = l_suppkey % 20 + 1 where l_orderkey % 53 = {number};
         update orders set o_custkey = o_custkey % 300 + 1, o_orderstatus = 'F', o_orderpriority = '1-URGENT' where o_orderkey % 61 = {number};
         update orders set o_comment = 'special requests', o_totalprice = o_totalprice + 1000 where o_orderkey % 71 = {number};
         update customer set c_acctbal = c_acctbal - 500, c_mktsegment = 'BUILDING' where c_custkey % 29 = {number};
         update customer set c_nationkey = (c_nationkey + 1) % 25, c_phone = '13-' || c_phone where c_custkey % 31 = {number};
         update part set p_type = 'STANDARD PLATED BRASS', p_size = 14 where p_partkey % 37 = {number};
         update part set p_brand = 'Brand#41', p_container = 'MED CASE', p_name = 'b green' || p_name where p_partkey % 43 = {number};
         update partsupp set ps_supplycost = ps_supplycost * 0.5, ps_availqty = ps_availqty + 100 where ps_partkey % 23 = {number};
         update supplier set s_nationkey = (s_nationkey + 3) % 25, s_acctbal = s_acctbal + 7 where s_suppkey % 7 = {number};
         update supplier set s_comment = 'Customer said Complaints' where s_suppkey = {number} + 3;
         update nation set n_name = n_name || ' ' where n_nationkey = {number} * 5; update nation set n_regionkey = 1 where n_nationkey = {number};
         update region set r_name = case r_name when 'AMERICA' then 'ASIA' when 'ASIA' then 'AMERICA' else r_name end;
         commit;"
    );
    let go = format!(
        "begin; delete from lineitem where l_orderkey in (select o_orderkey from orders where o_orderkey % 47 = {number});
         delete from orders where o_orderkey % 47 = {number}; delete from customer where c_custkey % 97 = {number};
         delete from partsupp where ps_partkey % 89 = {number}; delete from part where p_partkey % 101 = {number};
         delete from supplier where s_suppkey = 20 - {number}; delete from nation where n_nationkey = 24 - {number}; commit;"
    );
    [come, change, go]
}

#[test]
fn the_queries_of_tpc_h_equal_what_postgres_answers_through_refreshes() {
    let scale = std::env::var("TAILWATER_TPCH_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(SCALE);
    let mut transactions: Vec<String> = (0..CYCLES).flat_map(cycle).collect();
    transactions.push("begin; truncate lineitem; insert into lineitem select * from new_lineitem; delete from region where r_regionkey = 4; commit".into());
    let file = ViewFile {
        name: "tpch".into(),
        tables: data::TABLES.into(),
        rows: data::rows(scale),
        views: views(),
        transactions,
        ..ViewFile::default()
    };
    let started = Instant::now();
    let server = PrivatePostgres::start(&["shared_buffers=64MB"]).unwrap();
    let made = Runtime::new().unwrap().block_on(Recording::of_what_works(&file, server.url("postgres")));
    let (recording, left_out) = made.unwrap();
    drop(server);
    eprintln!("recorded after {:?}; {} views kept", started.elapsed(), recording.views.len());
    let filled = |name: &str| {
        recording.boundaries.iter().any(|boundary| boundary.answers.get(name).is_some_and(|rows| !rows.is_empty()))
    };
    let empty: Vec<_> = recording.views.iter().filter(|view| !filled(&view.name)).collect();
    assert!(empty.is_empty(), "these views show nothing: {empty:?}");
    let found = modes::of_large(&recording);
    eprintln!("replayed after {:?}", started.elapsed());
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(recording.views.len(), QUERIES, "left out: {left_out:#?}");
}
