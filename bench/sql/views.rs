//! What is measured.

/// A view over the tables of `data`.
pub(super) struct Scenario {
    /// Name in the report.
    pub(super) name: &'static str,
    /// The view.
    pub(super) sql: &'static str,
    /// Its key, where it cannot be inferred.
    pub(super) key: Option<&'static str>,
    /// What happens to the table.
    pub(super) traffic: Traffic,
}

/// What happens to the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Updates of rows all over the table.
    Updates,
    /// The oldest row goes, a new one comes, in turn.
    Turnover,
    /// New rows come.
    Appends,
}

const fn view(name: &'static str, sql: &'static str) -> Scenario {
    under(Traffic::Updates, name, sql)
}

const fn under(traffic: Traffic, name: &'static str, sql: &'static str) -> Scenario {
    Scenario { name, sql, key: None, traffic }
}

/// One per class of operators.
pub(super) const SCENARIOS: &[Scenario] = &[
    view("filter and project", "select id, n * 2 as n, g from facts where n % 10 <> 3"),
    view("join of 2", "select f.id, f.n, d.x from facts f join d1 d on d.id = f.k"),
    view(
        "join of 5",
        "select f.id, f.n, a.x as a, b.x as b, c.x as c, d.x as d from facts f join d1 a on a.id = f.k join d2 b on b.id = f.k \
         join d3 c on c.id = f.k join d4 d on d.id = f.k",
    ),
    view("10 groups", "select g % 10 as g, count(*) as rows, sum(n) as n from facts group by 1"),
    view("10,000 groups", "select g % 10000 as g, count(*) as rows, sum(n) as n from facts group by 1"),
    view("a group per row, up to 1,000,000", "select g, count(*) as rows, sum(n) as n from facts group by g"),
    view("count distinct", "select g % 100 as g, count(distinct n) as ns from facts group by 1"),
    view("min and max", "select g % 1000 as g, min(n) as least, max(n) as most from facts group by 1"),
    under(
        Traffic::Turnover,
        "min and max, the least is deleted",
        "select g % 1000 as g, min(id) as least, max(id) as most from facts group by 1",
    ),
    view("first 100 of all", "select id, n from facts order by n desc, id limit 100"),
    view(
        "row_number of groups of 20",
        "select id, k, row_number() over (partition by k order by n, id) as rn from facts",
    ),
    under(Traffic::Turnover, "first 100 of all, the first is deleted", "select id, n from facts order by id limit 100"),
    under(
        Traffic::Appends,
        "row_number and sum over all, appended",
        "select id, row_number() over (order by id) as rn, sum(n) over (order by id) as sum from facts",
    ),
    view("running sum in groups of 20", "select id, sum(n) over (partition by k order by id) as sum from facts"),
    view("semi join", "select id, n from facts f where exists (select 1 from d1 d where d.id = f.k and d.x <> 'x7')"),
    view(
        "document of 3 levels",
        "select d.id, jsonb_build_object('x', d.x, 'facts', (select jsonb_agg(jsonb_build_object('id', f.id, 'n', f.n, 'more', \
         (select jsonb_agg(e.x order by e.id) from d2 e where e.id = f.k)) order by f.id) from facts f where f.k = d.id)) as doc from d1 d",
    ),
    view(
        "recursion",
        "with recursive r(id, n, depth) as (select id, n, 0 from facts where id % 10 = 0 union all \
         select r.id, r.n, r.depth + 1 from r where r.depth < 3) select id, depth, max(n) as n from r group by id, depth",
    ),
];

/// Those whose cost of a change is looked at as the table grows: it must stay within twice.
pub(super) const GROWING: &[Scenario] = &[
    view("growing: join of 2", "select f.id, f.n, d.x from facts f join d1 d on d.id = f.k"),
    view("growing: groups of 20", "select k, count(*) as rows, sum(n) as n, max(n) as most from facts group by k"),
    view("growing: first 100", "select id, n from facts order by n desc, id limit 100"),
    under(
        Traffic::Turnover,
        "growing: first 100, the first is deleted",
        "select id, n from facts order by id limit 100",
    ),
    under(
        Traffic::Turnover,
        "growing: min and max, the least is deleted",
        "select g % 1000 as g, min(id) as least, max(id) as most from facts group by 1",
    ),
    under(
        Traffic::Appends,
        "growing: row_number and sum over all, appended",
        "select id, row_number() over (order by id) as rn, sum(n) over (order by id) as sum from facts",
    ),
    view(
        "growing: running sum in groups of 20",
        "select id, sum(n) over (partition by k order by id) as sum from facts",
    ),
];
