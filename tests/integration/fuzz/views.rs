//! Drawn views: a query of any shape, grouped by all its columns so that it has a key; or one whose key follows from the tables.

use rand::Rng;
use rand::rngs::StdRng;
use smol_str::SmolStr;
use tailwater::sql::ViewText;

use super::expressions::{Columns, Drawing, Scope, Source};
use super::kinds::Kind;
use super::part::Part;
use super::tables::Table;

/// Derived tables within derived tables.
const DEPTH: usize = 2;

/// A view that may be shrunk.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) name: SmolStr,
    key: Option<Vec<String>>,
    pub(super) part: Part,
    pub(super) columns: Columns,
}

impl View {
    /// As the golden tests have it.
    pub(super) fn text(&self) -> ViewText {
        ViewText { name: self.name.clone(), sql: self.part.sql(), key: self.key.clone(), ..ViewText::default() }
    }
}

/// Views over the tables, and over views before them.
pub(super) fn drawn(random: &mut StdRng, tables: &[Table], count: usize) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for number in 0..count {
        let of_tables = tables.iter().map(|table| Source { name: table.name.clone(), columns: table.columns.clone() });
        let of_views = views.iter().map(|view| Source { name: view.name.to_string(), columns: view.columns.clone() });
        let mut sources: Vec<Source> = of_tables.collect();
        // A table is read more often than a view.
        sources.extend_from_within(..);
        sources.extend(of_views.filter(|_| random.random_bool(0.3)));
        let mut drawing = Drawing { random, sources, names: 0 };
        let name = format!("v{number}").into();
        let keyed: Vec<&Table> = tables.iter().filter(|table| table.key > 0).collect();
        let view = match drawing.random.random_range(0..10) {
            0..=2 if !keyed.is_empty() => {
                let table = drawing.one(&keyed);
                by_key(&mut drawing, name, (table, &keyed))
            }
            3 => by_group(&mut drawing, name),
            _ => wrapped(&mut drawing, name),
        };
        views.push(view);
    }
    views
}

/// Output columns under plain names, with their kinds.
fn named(kinds: &[Kind]) -> Columns {
    kinds.iter().enumerate().map(|(place, kind)| (format!("c{place}"), *kind)).collect()
}

fn aliased(kind: Kind, place: usize, part: Part) -> Part {
    let form = kind.in_one_form("\u{1}");
    let (before, after) = form.split_once('\u{1}').unwrap_or(("", ""));
    Part::of(&format!("{before}{{}}{after} as c{place}"), [part])
}

/// Any query, and how often each of its rows is there.
fn wrapped(drawing: &mut Drawing, name: SmolStr) -> View {
    let count = drawing.random.random_range(2..=4);
    let kinds: Vec<Kind> = (0..count).map(|_| Kind::drawn(drawing.random)).collect();
    let with = if drawing.chance(0.15) { common_tables(drawing) } else { Part::text("") };
    let query = drawing.query(&kinds, DEPTH, &Scope::default());
    let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
    let list: Vec<String> = names
        .iter()
        .zip(&kinds)
        .enumerate()
        .map(|(place, (name, kind))| format!("{} as c{place}", kind.in_one_form(name)))
        .collect();
    let places: Vec<String> = (1..=count).map(|place| place.to_string()).collect();
    let head = format!(
        "{{}}select {}, count(*) as n from {{}} q({}) group by {}",
        list.join(", "),
        names.join(", "),
        places.join(", ")
    );
    let mut columns = named(&kinds);
    columns.push(("n".into(), Kind::Bigint));
    View { name, key: None, part: Part::of(&head, [with, query]), columns }
}

/// WITH, whose tables are sources from then on.
fn common_tables(drawing: &mut Drawing) -> Part {
    let mut parts = Vec::new();
    for _ in 0..drawing.random.random_range(1..=2) {
        let kinds = [Kind::Int, Kind::drawn(drawing.random)];
        let query = drawing.query(&kinds, 1, &Scope::default());
        let name = drawing.name("k");
        parts.push(Part::of(&format!("{name}(x1, x2) as {{}}"), [query]));
        let columns = vec![("x1".into(), kinds[0]), ("x2".into(), kinds[1])];
        for _ in 0..4 {
            drawing.sources.push(Source { name: name.clone(), columns: columns.clone() });
        }
    }
    Part::of("with {} ", [Part::joined(parts, ", ")])
}

/// Rows of a table, with what belongs to each.
fn by_key(drawing: &mut Drawing, name: SmolStr, (table, keyed): (&Table, &[&Table])) -> View {
    let of = |table: &Table, alias: &str| -> Columns {
        table.columns.iter().map(|(column, kind)| (format!("{alias}.{column}"), *kind)).collect()
    };
    let mut scope = Scope { columns: of(table, "t"), outer: Vec::new() };
    let mut from = vec![Part::text(format!(" from {} t", table.name))];
    for number in 0..drawing.random.random_range(0..=2) {
        let other = drawing.one(keyed);
        let alias = format!("o{number}");
        let columns = of(other, &alias);
        let ties: Vec<Part> = columns[..other.key]
            .iter()
            .map(|(column, kind)| Part::of(&format!("{column} = {{}}"), [drawing.leaf(*kind, &scope)]))
            .collect();
        let kind = drawing.one(&["left join", "left join", "join"]);
        from.push(Part::of(&format!(" {kind} {} {alias} on {{}}", other.name), [Part::joined(ties, " and ")]));
        scope.columns.extend(columns);
    }
    let key: Columns = scope.columns[..table.key].to_vec();
    let mut list: Vec<Part> =
        key.iter().enumerate().map(|(place, (column, _))| Part::text(format!("{column} as c{place}"))).collect();
    let mut kinds: Vec<Kind> = key.iter().map(|(_, kind)| *kind).collect();
    for _ in 0..drawing.random.random_range(1..=4) {
        let kind = Kind::drawn(drawing.random);
        let expression = drawing.expression(kind, &scope, 2);
        list.push(aliased(kind, kinds.len(), expression));
        kinds.push(kind);
    }
    let mut parts = vec![Part::text("select "), Part::joined(list, ", "), Part::joined(from, "")];
    if drawing.chance(0.5) {
        parts.push(Part::of(" where {}", [drawing.condition(&scope, 2)]).optional());
    }
    if drawing.chance(0.2) {
        let places: Vec<String> = (1..=table.key).map(|place| place.to_string()).collect();
        let column = drawing.one(&scope.columns).0;
        let order =
            format!(" order by {column} desc, {} limit {}", places.join(", "), drawing.random.random_range(1..5));
        parts.push(Part::text(order).optional());
    }
    let names = (0..table.key).map(|place| format!("c{place}")).collect();
    View { name, key: Some(names), part: Part::joined(parts, ""), columns: named(&kinds) }
}

/// Groups.
fn by_group(drawing: &mut Drawing, name: SmolStr) -> View {
    let (from, scope) = drawing.from(DEPTH, &Scope::default());
    let mut kinds: Vec<Kind> =
        (0..drawing.random.random_range(0..=2)).map(|_| Kind::drawn_plain(drawing.random)).collect();
    let groups = kinds.len();
    let mut list: Vec<Part> = kinds
        .clone()
        .into_iter()
        .enumerate()
        .map(|(place, kind)| aliased(kind, place, drawing.expression(kind, &scope, 1)))
        .collect();
    for _ in 0..drawing.random.random_range(1..=4) {
        let kind = Kind::drawn(drawing.random);
        let aggregate = drawing.aggregate(kind, &scope);
        list.push(aliased(kind, kinds.len(), aggregate));
        kinds.push(kind);
    }
    let mut parts = vec![Part::text("select "), Part::joined(list, ", "), from];
    if drawing.chance(0.4) {
        parts.push(Part::of(" where {}", [drawing.condition(&scope, 2)]).optional());
    }
    if groups > 0 {
        let places: Vec<String> = (1..=groups).map(|place| place.to_string()).collect();
        parts.push(Part::text(format!(" group by {}", places.join(", "))));
    }
    View { name, key: None, part: Part::joined(parts, ""), columns: named(&kinds) }
}
