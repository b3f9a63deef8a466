//! Tables of TPC-H and their rows, as the generator of the benchmark makes them.

use std::collections::BTreeSet;
use std::fmt::Display;

use tpchgen::distribution::Distributions;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSupp, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen::text::TextPool;

/// The benchmark's tables. Rows of the two `new_` tables come later; nothing reads them but the refreshes.
pub(super) const TABLES: &str = "
create table region (r_regionkey int primary key, r_name text not null, r_comment text);
create table nation (n_nationkey int primary key, n_name text not null, n_regionkey int not null, n_comment text);
create table part (p_partkey int primary key, p_name text not null, p_mfgr text not null, p_brand text not null, p_type text not null,
    p_size int not null, p_container text not null, p_retailprice numeric(15,2) not null, p_comment text not null);
create table supplier (s_suppkey int primary key, s_name text not null, s_address text not null, s_nationkey int not null,
    s_phone text not null, s_acctbal numeric(15,2) not null, s_comment text not null);
create table partsupp (ps_partkey int, ps_suppkey int, ps_availqty int not null, ps_supplycost numeric(15,2) not null,
    ps_comment text not null, primary key (ps_partkey, ps_suppkey));
create table customer (c_custkey int primary key, c_name text not null, c_address text not null, c_nationkey int not null,
    c_phone text not null, c_acctbal numeric(15,2) not null, c_mktsegment text not null, c_comment text not null);
create table orders (o_orderkey int primary key, o_custkey int not null, o_orderstatus char(1) not null, o_totalprice numeric(15,2) not null,
    o_orderdate date not null, o_orderpriority text not null, o_clerk text not null, o_shippriority int not null, o_comment text not null);
create table lineitem (l_orderkey int, l_partkey int not null, l_suppkey int not null, l_linenumber int, l_quantity numeric(15,2) not null,
    l_extendedprice numeric(15,2) not null, l_discount numeric(15,2) not null, l_tax numeric(15,2) not null, l_returnflag text not null,
    l_linestatus text not null, l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null,
    l_shipinstruct text not null, l_shipmode text not null, l_comment text not null, primary key (l_orderkey, l_linenumber));
create table new_orders (like orders);
create table new_lineitem (like lineitem);
create index on lineitem (l_partkey); create index on lineitem (l_suppkey); create index on orders (o_custkey);";

/// Comments are cut out of so much text; the benchmark's own 300 MB would take longer than the test.
const TEXT_BYTES: i32 = 1 << 20;
/// Every so many orders one comes later.
const LATER: i64 = 12;

fn lines<T: Display>(rows: impl Iterator<Item = T>) -> String {
    rows.map(|row| row.to_string().trim_end_matches('|').to_owned() + "\n").collect()
}

/// With few suppliers a part can be given one of them twice.
fn once<'r>(rows: impl Iterator<Item = PartSupp<'r>>) -> impl Iterator<Item = PartSupp<'r>> {
    let mut seen = BTreeSet::new();
    rows.filter(move |row| seen.insert((row.ps_partkey, row.ps_suppkey)))
}

/// Rows of all tables, for COPY.
pub(super) fn rows(scale: f64) -> Vec<(String, String)> {
    let distributions = Distributions::static_default();
    let pool = TextPool::new(TEXT_BYTES, distributions);
    let both = (distributions, &pool);
    let mut tables = vec![
        ("region", lines(RegionGenerator::new_with_distributions_and_text_pool(both.0, both.1).iter())),
        ("nation", lines(NationGenerator::new_with_distributions_and_text_pool(both.0, both.1).iter())),
        ("part", lines(PartGenerator::new_with_distributions_and_text_pool(scale, 1, 1, both.0, both.1).iter())),
        (
            "supplier",
            lines(SupplierGenerator::new_with_distributions_and_text_pool(scale, 1, 1, both.0, both.1).iter()),
        ),
        ("partsupp", lines(once(PartSuppGenerator::new_with_text_pool(scale, 1, 1, both.1).iter()))),
        (
            "customer",
            lines(CustomerGenerator::new_with_distributions_and_text_pool(scale, 1, 1, both.0, both.1).iter()),
        ),
    ];
    let orders = OrderGenerator::new_with_distributions_and_text_pool(scale, 1, 1, both.0, both.1);
    let (later, now): (Vec<_>, Vec<_>) = orders.iter().partition(|order| order.o_orderkey % LATER == 0);
    tables.extend([("orders", lines(now.into_iter())), ("new_orders", lines(later.into_iter()))]);
    let items = LineItemGenerator::new_with_distributions_and_text_pool(scale, 1, 1, both.0, both.1);
    let (later, now): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.l_orderkey % LATER == 0);
    tables.extend([("lineitem", lines(now.into_iter())), ("new_lineitem", lines(later.into_iter()))]);
    tables.into_iter().map(|(table, text)| (table.to_owned(), text)).collect()
}
