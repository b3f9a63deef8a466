//! Drawn expressions of a wanted type over the columns in sight; subqueries among them.

use rand::Rng;
use rand::rngs::StdRng;

use super::kinds::Kind;
use super::part::Part;

/// Columns by name.
pub(super) type Columns = Vec<(String, Kind)>;

/// Something to read from: a table, a view, a common table expression.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) columns: Columns,
}

/// What expressions may name.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Of this query.
    pub(super) columns: Columns,
    /// Of the queries around it.
    pub(super) outer: Columns,
}

impl Scope {
    /// Scope of a subquery over these columns.
    pub(super) fn below(&self, columns: Columns) -> Self {
        Self { columns, outer: self.columns.iter().chain(&self.outer).cloned().collect() }
    }

    fn of(columns: &Columns, kind: Kind) -> Vec<&str> {
        columns.iter().filter(|(_, other)| *other == kind).map(|(name, _)| &**name).collect()
    }
}

/// Draws queries.
pub(super) struct Drawing<'a> {
    pub(super) random: &'a mut StdRng,
    pub(super) sources: Vec<Source>,
    pub(super) names: usize,
}

impl Drawing<'_> {
    /// One of several.
    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    /// True so often.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }

    /// A name that nothing has yet.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// A column or a literal.
    pub(super) fn leaf(&mut self, kind: Kind, scope: &Scope) -> Part {
        let (own, outer) = (Scope::of(&scope.columns, kind), Scope::of(&scope.outer, kind));
        if !outer.is_empty() && self.chance(0.12) {
            return Part::text(self.one(&outer));
        }
        if !own.is_empty() && self.chance(0.95) {
            return Part::text(self.one(&own));
        }
        Part::text(if self.chance(0.1) { format!("null::{}", kind.name()) } else { kind.literal(self.random) })
    }

    /// An expression of a type.
    pub(super) fn expression(&mut self, kind: Kind, scope: &Scope, depth: usize) -> Part {
        if depth == 0 || self.chance(0.4) {
            return self.leaf(kind, scope);
        }
        let smaller = self.leaf(kind, scope);
        let part =
            if self.chance(0.3) { self.general(kind, scope, depth - 1) } else { self.special(kind, scope, depth - 1) };
        part.or([Part::text(format!("null::{}", kind.name())), smaller])
    }

    /// What every type has.
    fn general(&mut self, kind: Kind, scope: &Scope, depth: usize) -> Part {
        let (a, b) = (self.expression(kind, scope, depth), self.expression(kind, scope, depth));
        match self.random.random_range(0..6) {
            0 | 1 => {
                let condition = self.condition(scope, depth);
                Part::of("case when {} then {} else {} end", [condition, a.clone(), b.clone()]).or([a, b])
            }
            2 | 3 => Part::of("coalesce({}, {})", [a.clone(), b.clone()]).or([a, b]),
            4 if kind != Kind::Jsonb => {
                let template = self.one(&["greatest({}, {})", "least({}, {})", "nullif({}, {})"]);
                Part::of(template, [a.clone(), b.clone()]).or([a, b])
            }
            _ => self.scalar_subquery(kind, scope),
        }
    }

    fn special(&mut self, kind: Kind, scope: &Scope, depth: usize) -> Part {
        let options: &[(&str, &[Kind])] = match kind {
            Kind::Int => &[
                ("({} + {})", &[Kind::Int, Kind::Int]),
                ("({} - {})", &[Kind::Int, Kind::Int]),
                ("({} * {})", &[Kind::Int, Kind::Int]),
                ("({} / nullif({}, 0))", &[Kind::Int, Kind::Int]),
                ("({} % nullif({}, 0))", &[Kind::Int, Kind::Int]),
                ("abs({})", &[Kind::Int]),
                ("length({})", &[Kind::Text]),
                ("cardinality({})", &[Kind::IntArray]),
                ("({})[1]", &[Kind::IntArray]),
                ("({} - {})", &[Kind::Date, Kind::Date]),
                ("extract(day from {})::int", &[Kind::Date]),
                ("({})::int", &[Kind::Bool]),
            ],
            Kind::Bigint => &[
                ("({} + {})", &[Kind::Bigint, Kind::Int]),
                ("({} - {})", &[Kind::Bigint, Kind::Bigint]),
                ("({})::bigint", &[Kind::Int]),
                ("abs({})", &[Kind::Bigint]),
            ],
            Kind::Numeric => &[
                ("({} + {})", &[Kind::Numeric, Kind::Numeric]),
                ("({} - {})", &[Kind::Numeric, Kind::Int]),
                ("({} * {})", &[Kind::Numeric, Kind::Numeric]),
                ("({} / nullif({}, 0))", &[Kind::Numeric, Kind::Numeric]),
                ("round({}, 1)", &[Kind::Numeric]),
                ("abs({})", &[Kind::Numeric]),
                ("({})::numeric", &[Kind::Int]),
            ],
            Kind::Text => &[
                ("({} || {})", &[Kind::Text, Kind::Text]),
                ("upper({})", &[Kind::Text]),
                ("lower({})", &[Kind::Text]),
                ("substr({}, 1, 2)", &[Kind::Text]),
                ("replace({}, 'a', 'bb')", &[Kind::Text]),
                ("concat({}, '-', {})", &[Kind::Text, Kind::Int]),
                ("({})::text", &[Kind::Int]),
                ("({})::text", &[Kind::Mood]),
                ("({})::text", &[Kind::Date]),
                ("({})::text", &[Kind::Bool]),
                ("({} ->> 'b')", &[Kind::Jsonb]),
                ("jsonb_typeof({})", &[Kind::Jsonb]),
            ],
            Kind::Bool => return self.condition(scope, depth),
            Kind::Date => &[
                ("({} + 1)", &[Kind::Date]),
                ("({} - 30)", &[Kind::Date]),
                ("({} at time zone 'UTC')::date", &[Kind::Timestamptz]),
            ],
            Kind::Timestamptz => &[
                ("({} + interval '1 day')", &[Kind::Timestamptz]),
                ("({} - interval '90 minutes')", &[Kind::Timestamptz]),
                ("date_trunc('hour', {})", &[Kind::Timestamptz]),
            ],
            Kind::Float => &[
                ("({} + {})", &[Kind::Float, Kind::Float]),
                ("({} * {})", &[Kind::Float, Kind::Float]),
                ("({})::float8", &[Kind::Int]),
                ("abs({})", &[Kind::Float]),
            ],
            Kind::Jsonb => &[
                ("({} -> 'a')", &[Kind::Jsonb]),
                ("({} -> 'c' -> 0)", &[Kind::Jsonb]),
                ("jsonb_build_object('k', {}, 'v', {})", &[Kind::Int, Kind::Text]),
                ("jsonb_build_object('d', {}, 'inner', {})", &[Kind::Date, Kind::Jsonb]),
                ("jsonb_build_array({}, {}, {})", &[Kind::Int, Kind::Bool, Kind::Text]),
                ("to_jsonb({})", &[Kind::Int]),
                ("to_jsonb({})", &[Kind::IntArray]),
            ],
            Kind::IntArray => &[
                ("array[{}, {}]", &[Kind::Int, Kind::Int]),
                ("({} || {})", &[Kind::IntArray, Kind::Int]),
                ("array_remove({}, {})", &[Kind::IntArray, Kind::Int]),
                ("({})[1:2]", &[Kind::IntArray]),
            ],
            Kind::Mood => &[("coalesce({}, 'mid'::mood)", &[Kind::Mood])],
        };
        if matches!(kind, Kind::Jsonb | Kind::IntArray) && self.chance(0.3) {
            return self.document(kind, scope);
        }
        let (template, kinds) = self.one(options);
        let parts: Vec<Part> = kinds.iter().map(|kind| self.expression(*kind, scope, depth)).collect();
        let same = parts.iter().zip(kinds).filter(|(_, own)| **own == kind).map(|(part, _)| part.clone());
        let same: Vec<Part> = same.collect();
        Part::of(template, parts).or(same)
    }

    /// A condition.
    pub(super) fn condition(&mut self, scope: &Scope, depth: usize) -> Part {
        let part = match self.random.random_range(0..16) {
            0..=4 => {
                let kind = self.comparable(scope);
                let operator = self.one(&["=", "=", "=", "<>", "<", "<=", ">", ">="]);
                let (a, b) = (self.expression(kind, scope, depth), self.expression(kind, scope, depth));
                Part::of(&format!("({{}} {operator} {{}})"), [a, b])
            }
            5 | 6 => {
                let kind = Kind::drawn(self.random);
                let test = self.one(&["is null", "is not null"]);
                Part::of(&format!("({{}} {test})"), [self.expression(kind, scope, depth)])
            }
            7 => {
                let kind = self.comparable(scope);
                let (a, b) = (self.leaf(kind, scope), self.expression(kind, scope, depth));
                let operator = self.one(&["is distinct from", "is not distinct from"]);
                Part::of(&format!("({{}} {operator} {{}})"), [a, b])
            }
            8 => {
                let (a, b) = (self.leaf(Kind::Bool, scope), self.condition(scope, depth.saturating_sub(1)));
                let operator = self.one(&["and", "or"]);
                Part::of(&format!("({{}} {operator} {{}})"), [a.clone(), b.clone()]).or([a, b])
            }
            9 => Part::of("(not {})", [self.leaf(Kind::Bool, scope)]),
            10 => {
                let leaf = self.leaf(Kind::Text, scope);
                let pattern =
                    self.one(&["like 'a%'", "like '%b'", "in ('a', 'ab', '')", "not in ('a', 'b')", "ilike '%A%'"]);
                Part::of(&format!("({{}} {pattern})"), [leaf])
            }
            11 => Part::of("({} between 1 and {})", [self.leaf(Kind::Int, scope), self.leaf(Kind::Int, scope)]),
            12 => {
                let template = self.one(&["({} @> '{\"a\": 1}')", "({} ? 'a')"]);
                Part::of(template, [self.leaf(Kind::Jsonb, scope)])
            }
            13 => Part::of("({} = any ({}))", [self.leaf(Kind::Int, scope), self.leaf(Kind::IntArray, scope)]),
            _ if depth > 0 => self.subquery_condition(scope),
            _ => self.leaf(Kind::Bool, scope),
        };
        part.or([Part::text("true"), Part::text("false")])
    }

    /// A type that the scope has, mostly.
    pub(super) fn comparable(&mut self, scope: &Scope) -> Kind {
        let kinds: Vec<Kind> = scope.columns.iter().map(|(_, kind)| *kind).collect();
        if kinds.is_empty() || self.chance(0.1) { Kind::drawn_plain(self.random) } else { self.one(&kinds) }
    }

    /// A source under a new name, with its columns.
    pub(super) fn source(&mut self) -> (String, Columns) {
        let sources = self.sources.clone();
        let source = self.one(&sources);
        let alias = self.name("s");
        let columns = source.columns.iter().map(|(name, kind)| (format!("{alias}.{name}"), *kind)).collect();
        (format!("{} {alias}", source.name), columns)
    }

    /// `from s where …` of a subquery, tied to the query around it as a rule.
    fn tied(&mut self, scope: &Scope) -> (Part, Scope) {
        let (source, columns) = self.source();
        let inner = scope.below(columns);
        let mut conditions = Vec::new();
        let pairs: Vec<String> = (inner.columns.iter())
            .flat_map(|(own, kind)| {
                Scope::of(&inner.outer, *kind).into_iter().map(move |outer| format!("{own} = {outer}"))
            })
            .collect();
        if !pairs.is_empty() && self.chance(0.75) {
            let operator = self.one(&["=", "=", "=", "=", "<", "is not distinct from"]);
            let pair = self.one(&pairs).replacen('=', operator, 1);
            conditions.push(Part::text(pair).or([Part::text("true")]));
        }
        if self.chance(0.3) {
            conditions.push(self.condition(&inner, 0));
        }
        if conditions.is_empty() {
            return (Part::text(format!("from {source}")), inner);
        }
        let condition = Part::joined(conditions, " and ");
        (Part::joined([Part::text(format!("from {source}")), Part::of(" where {}", [condition]).optional()], ""), inner)
    }

    fn subquery_condition(&mut self, scope: &Scope) -> Part {
        let (from, inner) = self.tied(scope);
        match self.random.random_range(0..6) {
            0 => Part::of("exists (select 1 {})", [from]),
            1 => Part::of("not exists (select 1 {})", [from]),
            2..=4 => {
                let kind = self.comparable(&inner);
                let operator = self.one(&["in", "in", "not in", "= any", "<> all"]);
                let operator = if kind == Kind::Jsonb { "in" } else { operator };
                let (own, theirs) = (self.leaf(kind, scope), self.leaf(kind, &inner));
                Part::of(&format!("({{}} {operator} (select {{}} {{}}))"), [own, theirs, from])
            }
            _ => {
                let operator = self.one(&["< any", "> all", ">= any", "<= all"]);
                let (own, theirs) = (self.leaf(Kind::Int, scope), self.leaf(Kind::Int, &inner));
                Part::of(&format!("({{}} {operator} (select {{}} {{}}))"), [own, theirs, from])
            }
        }
    }

    fn scalar_subquery(&mut self, kind: Kind, scope: &Scope) -> Part {
        let (from, inner) = self.tied(scope);
        let one_form = !matches!(kind, Kind::Jsonb);
        if one_form && self.chance(0.3) {
            let value = self.leaf(kind, &inner);
            let order = self.one(&["", " desc", " nulls first"]);
            return Part::of(&format!("(select {{}} {{}} order by 1{order} limit 1)"), [value, from]);
        }
        let aggregate = self.aggregate(kind, &inner);
        Part::of("(select {} {})", [aggregate, from])
    }

    /// Rows of another relation as one value.
    fn document(&mut self, kind: Kind, scope: &Scope) -> Part {
        let (from, inner) = self.tied(scope);
        let (number, text) = (self.leaf(Kind::Int, &inner), self.leaf(Kind::Text, &inner));
        if kind == Kind::IntArray {
            return Part::of("array(select {} {} order by 1)", [number, from]);
        }
        if self.chance(0.4) {
            // A third level.
            let (below, third) = self.tied(&inner);
            let leaf = self.leaf(Kind::Int, &third);
            let list = Part::of("(select jsonb_agg({} order by {}) {})", [leaf.clone(), leaf, below])
                .or([Part::text("null::jsonb")]);
            let object = Part::of("jsonb_build_object('k', {}, 'v', {}, 'list', {})", [number, text, list]);
            return Part::of("(select jsonb_agg({} order by {}) {})", [object.clone(), object, from]);
        }
        let object = Part::of("jsonb_build_object('k', {}, 'v', {})", [number.clone(), text.clone()]);
        Part::of("(select coalesce(jsonb_agg({} order by {}, {}), '[]') {})", [object, number, text, from])
    }
}
