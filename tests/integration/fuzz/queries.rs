//! Drawn queries with wanted column types. What a query answers follows from the rows alone: limits and frames of rows stand
//! over an order of all columns.

use rand::Rng;

use super::expressions::{Columns, Drawing, Scope};
use super::kinds::Kind;
use super::part::Part;

impl Drawing<'_> {
    /// A query in parentheses.
    pub(super) fn query(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> Part {
        let nulls: Vec<String> = kinds.iter().map(|kind| format!("null::{}", kind.name())).collect();
        let number = self.random.random_range(0..22);
        let (part, smaller) = match number {
            0..=4 => (self.plain(kinds, depth, outer), None),
            5 => {
                let plain = self.plain(kinds, depth, outer);
                (Part::of("select distinct {}", [plain.clone().without_head("select ")]), Some(plain))
            }
            6 | 7 if depth > 0 => {
                let a = self.query(kinds, depth - 1, outer);
                let b =
                    if self.chance(0.5) { self.part_of(&a, kinds, outer) } else { self.query(kinds, depth - 1, outer) };
                let operator = self.one(&["union", "union all", "intersect", "intersect all", "except", "except all"]);
                (Part::of(&format!("{{}} {operator} {{}}"), [a.clone(), b]), Some(a))
            }
            8..=11 => (self.grouped(kinds, depth, outer), None),
            12 => (self.grouping_sets(kinds, depth, outer), None),
            13..=15 | 20 | 21 if depth > 0 => (self.windowed(kinds, depth, outer), None),
            16 | 17 => {
                let plain = self.plain(kinds, depth, outer);
                (self.limited(plain.clone(), kinds.len()), Some(plain))
            }
            18 => {
                let plain = self.plain(kinds, depth, outer);
                let order = self.total_order(kinds.len());
                let on = Part::of(
                    "select distinct on (1) {} order by 1, {}",
                    [plain.clone().without_head("select "), order],
                );
                (on, Some(plain))
            }
            _ => (self.plain(kinds, depth, outer), None),
        };
        let part = part.or(smaller);
        Part::of("({})", [part.or([Part::text(format!("select {}", nulls.join(", ")))])])
    }

    /// Some of the rows of a query, so that two sides have rows in common.
    fn part_of(&mut self, query: &Part, kinds: &[Kind], outer: &Scope) -> Part {
        let alias = self.name("e");
        let names: Vec<String> = (1..=kinds.len()).map(|place| format!("x{place}")).collect();
        let columns = names.iter().zip(kinds).map(|(name, kind)| (format!("{alias}.{name}"), *kind)).collect();
        let condition = self.condition(&outer.below(columns), 0);
        let template = format!("(select {alias}.* from {{}} {alias}({}) where {{}})", names.join(", "));
        Part::of(&template, [query.clone(), condition])
    }

    /// `1 desc, 2, …` over all columns.
    fn total_order(&mut self, columns: usize) -> Part {
        let mut places: Vec<String> = Vec::new();
        for place in 1..=columns {
            places.push(format!("{place}{}", self.one(&["", "", " desc", " nulls first", " desc nulls last"])));
        }
        Part::text(places.join(", "))
    }

    fn limited(&mut self, plain: Part, columns: usize) -> Part {
        let (limit, offset) = (self.random.random_range(0..5), self.random.random_range(0..3));
        let order = self.total_order(columns);
        match self.random.random_range(0..5) {
            0 => Part::of(&format!("{{}} order by 1 fetch first {} rows with ties", limit.max(1)), [plain]),
            1 => Part::of(&format!("{{}} order by {{}} offset {offset}"), [plain, order]),
            2 => Part::of(&format!("{{}} order by {{}} limit {limit} offset {offset}"), [plain, order]),
            _ => Part::of(&format!("{{}} order by {{}} limit {limit}"), [plain, order]),
        }
    }

    fn plain(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> Part {
        let (from, scope) = self.from(depth, outer);
        let list: Vec<Part> = kinds.iter().map(|kind| self.expression(*kind, &scope, 2)).collect();
        let filter = self.filtered(&scope);
        Part::of("select {}{}{}", [Part::joined(list, ", "), from, filter])
    }

    fn filtered(&mut self, scope: &Scope) -> Part {
        if self.chance(0.7) {
            return Part::text("");
        }
        Part::of(" where {}", [self.condition(scope, 1)]).optional()
    }

    fn grouped(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> Part {
        let (from, scope) = self.from(depth, outer);
        let (mut list, mut places) = (Vec::new(), Vec::new());
        for (place, kind) in kinds.iter().enumerate() {
            if kind.has_one_form() && self.chance(0.4) {
                places.push((place + 1).to_string());
                list.push(self.expression(*kind, &scope, 1));
            } else {
                list.push(self.aggregate(*kind, &scope));
            }
        }
        let filter = self.filtered(&scope);
        let group = if places.is_empty() { String::new() } else { format!(" group by {}", places.join(", ")) };
        let having = if self.chance(0.2) {
            let aggregate = self.aggregate(Kind::Bigint, &scope);
            Part::of(" having {} >= 1", [aggregate]).optional()
        } else {
            Part::text("")
        };
        Part::of("select {}{}{}{}{}", [Part::joined(list, ", "), from, filter, Part::text(group), having])
    }

    /// GROUPING SETS, ROLLUP and CUBE over columns of a derived table.
    fn grouping_sets(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> Part {
        let plain: Vec<Kind> = (0..2).map(|_| Kind::drawn_plain(self.random)).collect();
        let all: Vec<Kind> = plain.iter().chain(kinds).copied().collect();
        let (from, columns) = self.derived(&all, depth.saturating_sub(1), outer);
        let scope = outer.below(columns);
        let (a, b) = (scope.columns[0].0.clone(), scope.columns[1].0.clone());
        let list = kinds.iter().map(|kind| {
            let group = (scope.columns[..2].iter()).find(|(_, own)| own == kind).map(|(name, _)| name.clone());
            match group {
                Some(name) => Part::text(name),
                None if *kind == Kind::Int => Part::text(format!("grouping({a}, {b})")),
                None => self.aggregate(*kind, &scope),
            }
        });
        let list: Vec<Part> = list.collect();
        let sets = self.one(&[
            "rollup (A, B)",
            "cube (A, B)",
            "grouping sets ((A), (B), ())",
            "grouping sets ((A, B), (A))",
            "rollup (A), B",
        ]);
        let sets = sets.replace('A', &a).replace('B', &b);
        Part::of(&format!("select {{}} from {{}} group by {sets}"), [Part::joined(list, ", "), from])
    }

    fn windowed(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> Part {
        let all: Vec<Kind> =
            [Kind::drawn_plain(self.random), Kind::Int].into_iter().chain(kinds.iter().copied()).collect();
        let (mut from, columns) = self.derived(&all, depth - 1, outer);
        let scope = outer.below(columns.clone());
        let kept: Vec<bool> = kinds.iter().map(|_| self.chance(0.4)).collect();
        if kept.iter().filter(|keep| !**keep).count() > 1 {
            // Of equal rows it is open which of them is which in two windows.
            let alias = columns[0].0.split('.').next().unwrap_or_default();
            from = Part::of(&format!("(select distinct * from {{}}) {alias}"), [from]);
        }
        let mut list = Vec::new();
        for (place, (kind, keep)) in kinds.iter().zip(kept).enumerate() {
            let own = Part::text(columns[place + 2].0.clone());
            list.push(if keep { own } else { self.window(*kind, &columns, &scope).or([own]) });
        }
        let filter = self.filtered(&scope);
        Part::of("select {} from {}{}", [Part::joined(list, ", "), from, filter])
    }

    fn window(&mut self, kind: Kind, columns: &Columns, scope: &Scope) -> Part {
        let partition = match self.random.random_range(0..10) {
            0..=4 => String::new(),
            5 => format!("partition by {}, {}", columns[0].0, columns[1].0),
            _ => format!("partition by {}", columns[0].0),
        };
        let number = &columns[1].0;
        let all: Vec<String> =
            columns.iter().map(|(name, _)| format!("{name}{}", self.one(&["", "", " desc", " nulls first"]))).collect();
        let total = format!("order by {}", all.join(", "));
        let some =
            self.one(&[format!("order by {number}"), format!("order by {number} desc"), total.clone(), String::new()]);
        let own: Vec<&str> = columns.iter().filter(|(_, own)| *own == kind).map(|(name, _)| &**name).collect();
        let value = self.one(&own);
        let over = |function: String, order: &str, frame: &str| {
            Part::text(format!("{function} over ({partition} {order}{frame})"))
        };
        match (kind, self.random.random_range(0..10)) {
            (Kind::Bigint, 0 | 1) => return over("row_number()".into(), &total, ""),
            (Kind::Bigint, 2) => return over("rank()".into(), &some, ""),
            (Kind::Bigint, 3) => return over("dense_rank()".into(), &some, ""),
            (Kind::Int, 0) => return over("ntile(3)".into(), &total, ""),
            (Kind::Float, 0..=2) => return over("percent_rank()".into(), &some, ""),
            (Kind::Float, 3 | 4) => return over("cume_dist()".into(), &some, ""),
            (_, 5) => {
                let function = self.one(&["lag", "lead"]);
                let rest = self.one(&["", ", 2", ", 0"]);
                return over(format!("{function}({value}{rest})"), &total, "");
            }
            _ => {}
        }
        let (order, frame) = self.frame(number, (&total, &some));
        let function = match kind {
            _ if order == total && self.chance(0.4) => {
                let function = self.one(&["first_value(V)", "last_value(V)", "nth_value(V, 2)"]);
                function.replace('V', value)
            }
            Kind::Bigint => self.one(&["count(*)", "sum(N)", "count(N)"]).replace('N', number),
            Kind::Numeric => {
                self.one(&["avg(N)", "sum(V)", "avg(V)", "max(V)"]).replace('N', number).replace('V', value)
            }
            Kind::Float => format!("sum({value})"),
            Kind::Bool => self.one(&["bool_and(V)", "bool_or(V)"]).replace('V', value),
            Kind::Jsonb => return over(format!("lag({value})"), &total, ""),
            Kind::IntArray => return over(format!("array_agg({number})"), &total, &frame_of_rows(&frame)),
            _ => self.one(&["min(V)", "max(V)"]).replace('V', value),
        };
        let filter = if function.contains("_value") || self.chance(0.8) {
            String::new()
        } else {
            format!(" filter (where {})", self.condition(scope, 0).sql())
        };
        over(format!("{function}{filter}"), &order, &frame)
    }

    /// An order with a frame that it allows.
    fn frame(&mut self, number: &str, (total, some): (&str, &str)) -> (String, String) {
        let starts = ["unbounded preceding", "2 preceding", "1 preceding", "current row"];
        let ends = ["unbounded following", "1 following", "current row"];
        let (start, end) = (self.one(&starts), self.one(&ends));
        let exclusion = self.one(&["", "", "", " exclude current row", " exclude group", " exclude ties"]);
        match self.random.random_range(0..5) {
            0 => (some.into(), String::new()),
            1 | 2 => (total.into(), format!(" rows between {start} and {end}{exclusion}")),
            3 => {
                let direction = self.one(&["", " desc"]);
                (
                    format!("order by {number}{direction}"),
                    format!(" range between {start} and {end}{}", peers(exclusion)),
                )
            }
            _ => (format!("order by {number}"), format!(" groups between {start} and {end}{}", peers(exclusion))),
        }
    }
}

/// Of rows that the order does not tell apart only all or none are left out.
fn peers(exclusion: &str) -> &str {
    if exclusion == " exclude group" { exclusion } else { "" }
}

fn frame_of_rows(frame: &str) -> String {
    if frame.contains(" rows ") { frame.to_owned() } else { String::new() }
}
