//! What stands in FROM: tables, views, derived tables, functions, and their joins.

use rand::Rng;

use super::expressions::{Columns, Drawing, Scope};
use super::kinds::Kind;
use super::part::Part;

const JOINED_MAX: usize = 3;

impl Drawing<'_> {
    /// ` from …`, and what it brings into sight.
    pub(super) fn from(&mut self, depth: usize, outer: &Scope) -> (Part, Scope) {
        let (first, columns) = self.relation(depth, outer);
        let mut scope = Scope { columns, outer: outer.columns.iter().chain(&outer.outer).cloned().collect() };
        let mut parts = vec![Part::text(" from "), first];
        let others = [0, 0, 1, 1, 2][self.random.random_range(0..5)].min(JOINED_MAX - 1);
        for _ in 0..others {
            let (join, columns) = self.join(depth, &scope, outer);
            // Nothing that is drawn later may name it, or it could not be left out.
            parts.push(join);
            scope.columns.extend(columns);
        }
        (Part::joined(parts, ""), scope)
    }

    fn join(&mut self, depth: usize, scope: &Scope, outer: &Scope) -> (Part, Columns) {
        if self.chance(0.15) {
            return self.lateral(depth, scope);
        }
        let (relation, columns) = self.relation(depth, outer);
        let number = self.random.random_range(0..10);
        if number == 0 {
            return (Part::of(" cross join {}", [relation]), columns);
        }
        let equality = self.equality(scope, &columns);
        if number == 1 {
            return (Part::of(&format!(" full join {{}} on {equality}"), [relation]), columns);
        }
        let kind = self.one(&["join", "join", "left join", "left join", "right join"]);
        let both =
            Scope { columns: scope.columns.iter().chain(&columns).cloned().collect(), outer: scope.outer.clone() };
        let mut condition = Part::text(equality);
        if self.chance(0.2) {
            condition = Part::of("{} and {}", [condition, self.condition(&both, 0)]);
        } else if self.chance(0.08) {
            condition = self.condition(&both, 1);
        }
        (Part::of(&format!(" {kind} {{}} on {{}}"), [relation, condition]), columns)
    }

    /// An equality of two columns of one type.
    fn equality(&mut self, scope: &Scope, columns: &Columns) -> String {
        let mut pairs = Vec::new();
        // Numbers meet more often than other values.
        let numbers = self.chance(0.6);
        for (own, kind) in columns.iter().filter(|(_, kind)| !numbers || *kind == Kind::Int) {
            pairs.extend(
                scope.columns.iter().filter(|(_, other)| other == kind).map(|(other, _)| format!("{other} = {own}")),
            );
        }
        if pairs.is_empty() { "true".into() } else { self.one(&pairs) }
    }

    fn lateral(&mut self, depth: usize, scope: &Scope) -> (Part, Columns) {
        let left = self.chance(0.5);
        let (head, tail) = if left { (" left join", " on true") } else { (" cross join", "") };
        match self.random.random_range(0..3) {
            0 => {
                let alias = self.name("g");
                let leaf = self.leaf(Kind::Int, scope);
                let part = Part::of(&format!("{head} lateral generate_series(1, {{}}) {alias}(n){tail}"), [leaf]);
                (part, vec![(format!("{alias}.n"), Kind::Int)])
            }
            1 => {
                let alias = self.name("u");
                let leaf = self.leaf(Kind::IntArray, scope);
                let part =
                    Part::of(&format!("{head} lateral unnest({{}}) with ordinality {alias}(e, o){tail}"), [leaf]);
                (part, vec![(format!("{alias}.e"), Kind::Int), (format!("{alias}.o"), Kind::Bigint)])
            }
            _ => {
                let kinds: Vec<Kind> = (0..2).map(|_| Kind::drawn(self.random)).collect();
                let (part, columns) = self.derived(&kinds, depth.saturating_sub(1), scope);
                (Part::of(&format!("{head} lateral {{}}{tail}"), [part]), columns)
            }
        }
    }

    fn relation(&mut self, depth: usize, outer: &Scope) -> (Part, Columns) {
        match self.random.random_range(0..20) {
            0..=4 if depth > 0 => {
                let kinds: Vec<Kind> = [Kind::Int]
                    .into_iter()
                    .chain((0..self.random.random_range(1..=2)).map(|_| Kind::drawn(self.random)))
                    .collect();
                self.derived(&kinds, depth - 1, &Scope { columns: Vec::new(), outer: both(outer) })
            }
            5 if depth > 0 => self.recursive(),
            6 => {
                let alias = self.name("v");
                let row = |random: &mut rand::rngs::StdRng| {
                    format!("({}, {})", Kind::Int.value(random), Kind::Text.value(random))
                };
                let rows = [row(self.random), row(self.random), row(self.random)].join(", ");
                let part = Part::text(format!("(values {rows}) {alias}(i, x)"));
                (part, vec![(format!("{alias}.i"), Kind::Int), (format!("{alias}.x"), Kind::Text)])
            }
            _ => {
                let (source, columns) = self.source();
                (Part::text(source), columns)
            }
        }
    }

    /// A query with a name and names of columns.
    pub(super) fn derived(&mut self, kinds: &[Kind], depth: usize, outer: &Scope) -> (Part, Columns) {
        let query = self.query(kinds, depth, outer);
        let alias = self.name("d");
        let names: Vec<String> = (1..=kinds.len()).map(|place| format!("x{place}")).collect();
        let columns = names.iter().zip(kinds).map(|(name, kind)| (format!("{alias}.{name}"), *kind)).collect();
        (Part::of(&format!("{{}} {alias}({})", names.join(", ")), [query]), columns)
    }

    /// A closure or a countdown over a table.
    fn recursive(&mut self) -> (Part, Columns) {
        let alias = self.name("r");
        let (base, columns) = self.source();
        let (step, next) = self.source();
        let number = |columns: &Columns| {
            columns.iter().find(|(_, kind)| *kind == Kind::Int).map_or("1".into(), |(name, _)| name.clone())
        };
        let last = |columns: &Columns| {
            columns.iter().rev().find(|(_, kind)| *kind == Kind::Int).map_or("2".into(), |(name, _)| name.clone())
        };
        let sql = match self.random.random_range(0..3) {
            0 => format!(
                "(with recursive w(a, b) as (select {}, {} from {base} union select w.a, {} from w join {step} on {} = w.b) select a, b from w) {alias}",
                number(&columns),
                last(&columns),
                last(&next),
                number(&next)
            ),
            1 => format!(
                "(with recursive w(a, b) as (select {}, 0 from {base} union all select w.a + 1, w.b + 1 from w where w.b < 3) select a, b from w) {alias}",
                last(&columns)
            ),
            _ => format!(
                "(with recursive w(a, b) as (select {}, 0 from {base} union all select {}, w.b + 1 from w join {step} on {} = w.a where w.b < 3) select a, b from w) {alias}",
                last(&columns),
                last(&next),
                number(&next)
            ),
        };
        (Part::text(sql), vec![(format!("{alias}.a"), Kind::Int), (format!("{alias}.b"), Kind::Int)])
    }
}

fn both(scope: &Scope) -> Columns {
    scope.columns.iter().chain(&scope.outer).cloned().collect()
}
