//! Files whose transactions are drawn: small domains, so that keys meet, groups empty and rows come back.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tailwater::sql::ViewText;

use super::view_file::ViewFile;

const TRANSACTIONS: usize = 25;
const STATEMENTS_MAX: usize = 5;

const TABLES: &str = "
    create table a (id int primary key, k int, g int, n numeric(6,2), x text);
    create table b (id int primary key, a_id int, k int, v int); alter table b replica identity full;
    create table c (k int, w int); alter table c replica identity full;
    create table d (k int, g int, y text, primary key (g, k));
    insert into a select i, i % 4, i % 3, i * 0.75, 'x' || i % 2 from generate_series(1, 8) i;
    insert into b select i, 1 + i % 9, i % 4, i from generate_series(1, 8) i;
    insert into c values (1, 1), (1, 1), (2, 5), (null, null);
    insert into d select i % 4, i % 3, 'y' || i from generate_series(0, 11) i";

/// Name, key, SELECT.
const VIEWS: &[(&str, &str, &str)] = &[
    ("filtered", "", "select id, k, n from a where n > 2 or x is null"),
    ("joined", "", "select b.id, a.x, b.v from b join a on a.id = b.a_id"),
    ("left_joined", "", "select b.id, a.x, b.v from b left join a on a.id = b.a_id"),
    ("left_many", "a, b", "select a.id as a, b.id as b, b.v from a left join b on b.k = a.k"),
    ("left_residual", "a, b", "select a.id as a, b.id as b from a left join b on b.k = a.k and b.v > a.n"),
    ("residual", "", "select a.id as a, b.id as b from a join b on b.k = a.k and b.v <> a.g"),
    ("composite", "", "select a.id, d.y from a left join d on d.k = a.k and d.g = a.g"),
    (
        "chain",
        "b, a, k, g",
        "select b.id as b, a.id as a, d.k, d.g, d.y from b left join a on a.id = b.a_id left join d on d.k = a.k and d.g = a.g",
    ),
    (
        "three",
        "",
        "select b.id as b, a.id as a, d.g, d.k from b join a on a.k = b.k join d on d.g = a.g and d.k = b.k where d.y <> 'y3'",
    ),
    ("itself", "", "select p.id as p, q.id as q from a p join a q on q.k = p.g and q.id <> p.id"),
    (
        "counted",
        "",
        "select k, count(*) as rows, sum(w) as sum, min(w) as least, count(distinct w) as ws from c group by k",
    ),
    (
        "totals",
        "",
        "select g, count(*) as rows, sum(n) as sum, avg(n) as mean, min(x) as least, max(n) as most, count(distinct k) as ks, \
         count(*) filter (where k > 1) as many from a group by g",
    ),
    ("total", "", "select count(*) as rows, sum(v) as sum, max(k) as most from b"),
    ("having", "", "select k, sum(v) as sum from b group by k having count(*) > 1 and sum(v) > 3"),
    ("different", "", "select distinct a.x, c.w from a join c on c.k = a.k"),
    (
        "zero_groups",
        "",
        "select a.id, count(b.id) as rows, sum(b.v) as sum, max(c.w) as w from a left join b on b.a_id = a.id left join c on c.k = b.k group by a.id",
    ),
    (
        "to_groups",
        "",
        "select a.id, s.rows, s.sum from a left join (select k, count(*) as rows, sum(v) as sum from b group by k) s on s.k = a.k",
    ),
    ("both", "", "select 'a' as kind, id, k from a union all select 'b', id, k from b where v > 2"),
    ("merged", "", "select k from a union select k from b union select k from c"),
    ("without", "", "select a.id from a left join b on b.a_id = a.id where b.id is null"),
    (
        "over_totals",
        "",
        "select t.g, t.sum, count(d.k) as ds from totals t left join d on d.g = t.g group by t.g, t.sum",
    ),
    ("over_joined", "", "select l.id, l.x, t.rows from left_joined l left join counted t on t.k = l.v"),
    ("over_over", "", "select x, count(*) as rows, sum(rows) as sum from over_joined group by x"),
];

/// The file of a seed.
pub(crate) fn random_file(seed: u64) -> ViewFile {
    let mut random = StdRng::seed_from_u64(seed);
    let view = |(name, key, sql): &(&str, &str, &str)| ViewText {
        name: (*name).into(),
        sql: (*sql).into(),
        key: (!key.is_empty()).then(|| key.split(", ").map(str::to_owned).collect()),
        ..ViewText::default()
    };
    let transactions = (0..TRANSACTIONS).map(|_| {
        let statements = random.random_range(1..=STATEMENTS_MAX);
        (0..statements).map(|_| guarded(&statement(&mut random))).collect::<Vec<_>>().join("\n")
    });
    ViewFile {
        name: format!("seed_{seed}"),
        tables: TABLES.into(),
        transactions: transactions.collect(),
        views: VIEWS.iter().map(view).collect(),
        ..ViewFile::default()
    }
}

/// A statement that meets a key that is there is undone alone.
fn guarded(statement: &str) -> String {
    format!("do $$ begin {statement}; exception when unique_violation or not_null_violation then null; end $$;")
}

fn statement(random: &mut StdRng) -> String {
    let id = random.random_range(1..=10);
    let other = random.random_range(1..=10);
    let (k, g, v) = (small(random), small(random), small(random));
    let text = ["'x0'", "'x1'", "''", "null"][random.random_range(0..4)];
    let price = ["0", "0.5", "2.25", "7.10", "null"][random.random_range(0..5)];
    match random.random_range(0..26) {
        0..=2 => format!("insert into a values ({id}, {k}, {g}, {price}, {text})"),
        3..=5 => format!("insert into b values ({id}, {other}, {k}, {v})"),
        6 => format!("insert into c values ({k}, {v}), ({g}, {v})"),
        7 => format!("insert into d values ({k}, {g}, {text})"),
        8 => format!("update a set k = {k}, x = {text} where id = {id}"),
        9 => format!("update a set g = {g}, n = {price} where k = {k}"),
        10 => format!("update a set id = {other} where id = {id}"),
        11 => format!("update b set a_id = {other} where id = {id} or k = {k}"),
        12 => format!("update b set k = {k}, v = {v} where a_id = {id}"),
        13 => format!("update b set id = {other} where id = {id}"),
        14 => format!("update c set w = {v} where k = {k}"),
        15 => format!("update c set k = {g} where ctid = (select min(ctid) from c where k is not distinct from {k})"),
        16 => format!("update d set k = {v}, g = {g} where g = {k}"),
        17 => format!("update d set y = {text} where k = {k}"),
        18 => format!("delete from a where id = {id}"),
        19 => format!("delete from a where k = {k}; insert into a values ({id}, {k}, {g}, {price}, {text})"),
        20 => format!("delete from b where id in ({id}, {other})"),
        21 => format!("delete from b where k = {k}; update a set k = {g} where k = {k}"),
        22 => format!("delete from c where ctid = (select max(ctid) from c where k is not distinct from {k})"),
        23 => format!("delete from d where g = {g} or k = {k}"),
        24 if random.random_bool(0.3) => {
            format!("truncate {}", ["a", "b", "c", "d", "b, c"][random.random_range(0..5)])
        }
        _ => "update a set n = n + 1; update b set v = v where id > 4".into(),
    }
}

fn small(random: &mut StdRng) -> &'static str {
    ["0", "1", "2", "3", "null"][random.random_range(0..5)]
}
