//! Drawn aggregates of a wanted type. Those whose value depends on an order are given one that leaves no choice.

use super::expressions::{Drawing, Scope};
use super::kinds::Kind;
use super::part::Part;

impl Drawing<'_> {
    /// An aggregate over the scope.
    pub(super) fn aggregate(&mut self, kind: Kind, scope: &Scope) -> Part {
        let plain = self.plain_aggregate(kind, scope);
        if kind != Kind::Jsonb && kind != Kind::Bool && self.chance(0.15) {
            return Part::of("coalesce({}, {})", [plain.clone(), Part::text(kind.literal(self.random))]).or([plain]);
        }
        plain
    }

    /// FILTER, or nothing.
    fn filter(&mut self, scope: &Scope) -> Part {
        if self.chance(0.8) {
            return Part::text("");
        }
        Part::of(" filter (where {})", [self.condition(scope, 0)]).optional()
    }

    fn plain_aggregate(&mut self, kind: Kind, scope: &Scope) -> Part {
        let filter = self.filter(scope);
        let extremes = ["min({})", "max({})"];
        let templates: &[(&str, Kind)] = match kind {
            Kind::Int => &[
                ("percentile_disc(0.5) within group (order by {})", Kind::Int),
                ("mode() within group (order by {})", Kind::Int),
                ("bit_or({})", Kind::Int),
                ("bit_and({})", Kind::Int),
                ("bit_xor({})", Kind::Int),
                ("count({}){f}::int", Kind::Text),
            ],
            Kind::Bigint => &[
                ("count({})", Kind::Text),
                ("count(distinct {})", Kind::Int),
                ("count(distinct {})", Kind::Numeric),
                ("count(distinct {})", Kind::Jsonb),
                ("sum({})", Kind::Int),
                ("sum(distinct {})", Kind::Int),
            ],
            Kind::Numeric => &[
                ("sum({})", Kind::Numeric),
                ("sum({})", Kind::Bigint),
                ("sum(distinct {})", Kind::Numeric),
                ("avg({})", Kind::Int),
                ("avg({})", Kind::Numeric),
                ("round(var_pop({}){f}, 8)", Kind::Int),
                ("round(stddev_samp({}){f}, 8)", Kind::Int),
                ("round(variance({}){f}, 8)", Kind::Numeric),
            ],
            Kind::Text => &[
                ("string_agg({0}, ',' order by {0})", Kind::Text),
                ("string_agg({0}, '' order by {0} desc)", Kind::Text),
                ("string_agg(distinct {0}, '|' order by {0})", Kind::Text),
                ("mode() within group (order by {})", Kind::Text),
                ("array_to_string(array_agg({0} order by {0} nulls first){f}, ',', '*')", Kind::Text),
            ],
            Kind::Bool => &[
                ("bool_and({})", Kind::Bool),
                ("bool_or({})", Kind::Bool),
                ("every({})", Kind::Bool),
                ("(count({}){f} > 1)", Kind::Int),
            ],
            Kind::Float => {
                &[("sum({})", Kind::Float), ("percentile_cont(0.5) within group (order by {})", Kind::Float)]
            }
            Kind::Jsonb => &[
                ("jsonb_agg({0} order by {0})", Kind::Int),
                ("jsonb_agg({0} order by {0} desc)", Kind::Text),
                ("jsonb_agg({0} order by {0})", Kind::Jsonb),
                ("jsonb_agg(distinct {0})", Kind::Int),
                ("jsonb_object_agg(coalesce({0}, ''), 1)", Kind::Text),
            ],
            Kind::IntArray => &[
                ("array_agg({0} order by {0})", Kind::Int),
                ("array_agg({0} order by {0} desc nulls last)", Kind::Int),
                ("array_agg(distinct {0} order by {0})", Kind::Int),
            ],
            Kind::Date | Kind::Timestamptz | Kind::Mood => &[],
        };
        let has_extremes = !matches!(kind, Kind::Bool | Kind::Jsonb);
        if has_extremes && (templates.is_empty() || self.chance(0.3)) {
            let template = self.one(&extremes);
            return Part::of(&format!("{template}{{}}"), [self.expression(kind, scope, 1), filter]);
        }
        if kind == Kind::Bigint && self.chance(0.3) {
            return Part::of("count(*){}", [filter]);
        }
        let (template, of) = self.one(templates);
        // Said twice, it must be one expression.
        let argument = if template.contains("{0}") { self.leaf(of, scope) } else { self.expression(of, scope, 1) };
        let mut template = template.replace("{0}", "{}");
        if !template.contains("{f}") {
            template.push_str("{f}");
        }
        let place = template[..template.find("{f}").unwrap_or(0)].matches("{}").count();
        let mut parts = vec![argument; template.matches("{}").count()];
        parts.insert(place, filter);
        Part::of(&template.replace("{f}", "{}"), parts).or([nothing(kind)])
    }
}

/// The null of an aggregate.
fn nothing(kind: Kind) -> Part {
    match kind {
        Kind::Bool => Part::text("bool_or(null)"),
        Kind::Jsonb => Part::text("jsonb_agg(null::int)"),
        _ => Part::text(format!("min(null::{})", kind.name())),
    }
}
