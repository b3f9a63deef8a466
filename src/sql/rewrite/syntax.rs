//! Expressions with a syntax of their own that are functions to Postgres: EXTRACT, TRIM, intervals, subscripts.

use datafusion_sql::sqlparser::ast::{
    AccessExpr, CeilFloorKind, DateTimeField, Expr, Interval, Subscript, TrimWhereField, Value, ValueWithSpan,
};
use tailwater_connectors::SqlType;

use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::parts;
use super::super::stub::Written;
use super::query::Rewriter;

impl Rewriter<'_> {
    /// Functions that have their own syntax.
    pub(super) fn function_syntax(&mut self, expression: Expr, place: Option<Place>) -> Result<Expr> {
        match expression {
            Expr::AtTimeZone { timestamp, time_zone } => self.named("timezone", place, vec![*time_zone, *timestamp]),
            Expr::Extract { field, expr, .. } => {
                let field = self.text(&field.to_string().trim_matches('\'').to_ascii_lowercase(), place);
                let inner = self.expression(*expr)?;
                Ok(self.call(Written::Call("extract".into()), place, vec![field, inner]))
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("ceil", place, vec![*expr])
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("floor", place, vec![*expr])
            }
            // strpos is position with its arguments the other way round.
            Expr::Position { expr, r#in } => self.named("strpos", place, vec![*r#in, *expr]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.expression(*expr)?];
                match substring_from {
                    Some(from) => arguments.push(self.expression(*from)?),
                    None => arguments.push(self.call(Written::Number("1".into()), place, Vec::new())),
                }
                if let Some(length) = substring_for {
                    arguments.push(self.expression(*length)?);
                }
                Ok(self.call(Written::Call("substring".into()), place, arguments))
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "btrim",
                };
                let characters = trim_what.map(|what| vec![*what]).or(trim_characters).unwrap_or_default();
                self.named(name, place, std::iter::once(*expr).chain(characters).collect())
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let arguments = [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for];
                self.named("overlay", place, arguments.into_iter().flatten().map(|argument| *argument).collect())
            }
            Expr::Collate { expr, collation } => match parts(&collation).as_deref() {
                Some([.., name]) if name == "C" || name == "POSIX" => {
                    let inner = self.expression(*expr)?;
                    Ok(self.call(Written::CollateC, place, vec![inner]))
                }
                _ => Err(Refusal::new(Code::Collation, format!("collation {collation} is not kept"))
                    .at(place)
                    .hint("only COLLATE \"C\" is")),
            },
            other => Err(refuse_expression(&other, place)),
        }
    }

    pub(super) fn interval(&mut self, interval: Interval, place: Option<Place>) -> Result<Expr> {
        let text = match (*interval.value, &interval.leading_field, &interval.last_field) {
            (Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }), None, None) => text,
            (Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }), Some(field), None)
                if text.trim().parse::<f64>().is_ok() =>
            {
                format!("{text} {}", field.to_string().to_ascii_lowercase())
            }
            _ => {
                return Err(Refusal::new(Code::Unsupported, "this kind of interval is not kept")
                    .at(place)
                    .hint("write interval '1 day 2 hours'"));
            }
        };
        let text = self.text(&text, place);
        Ok(self.call(Written::Cast { to: SqlType::Interval, length: None }, place, vec![text]))
    }

    pub(super) fn subscripts(&mut self, root: Expr, chain: Vec<AccessExpr>, place: Option<Place>) -> Result<Expr> {
        // `t.a[1]` comes as `t`, then `.a`, then `[1]`.
        let mut names = match &root {
            Expr::Identifier(name) => vec![name.clone()],
            Expr::CompoundIdentifier(names) => names.clone(),
            _ => Vec::new(),
        };
        let mut operands = vec![root];
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(name)) if operands.len() == 1 && !names.is_empty() => {
                    names.push(name);
                    operands = vec![Expr::CompoundIdentifier(names.clone())];
                }
                AccessExpr::Subscript(Subscript::Index { index }) => operands.push(index),
                _ => {
                    return Err(Refusal::new(Code::Unsupported, "slices and fields of rows are not kept")
                        .at(place)
                        .hint("take single elements, as in a[1]"));
                }
            }
        }
        let operands = self.expressions(operands)?;
        Ok(self.call(Written::Subscript, place, operands))
    }
}

fn refuse_expression(expression: &Expr, place: Option<Place>) -> Refusal {
    match expression {
        Expr::Exists { negated, .. } => {
            Refusal::new(Code::Subquery, "EXISTS is not kept").at(place).hint(if *negated {
                "write LEFT JOIN … WHERE the joined key IS NULL"
            } else {
                "write a join with SELECT DISTINCT"
            })
        }
        Expr::InSubquery { .. } => Refusal::new(Code::Subquery, "IN (SELECT …) is not kept")
            .at(place)
            .hint("join a derived table: JOIN (SELECT DISTINCT x FROM …) s ON s.x = …"),
        Expr::Subquery(_) => Refusal::new(Code::Subquery, "a subquery as a value is not kept")
            .at(place)
            .hint("LEFT JOIN a derived table that is grouped by the joined column"),
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
            Refusal::new(Code::GroupingSets, "GROUPING SETS, ROLLUP and CUBE are not kept")
                .at(place)
                .hint("write one SELECT per set with UNION ALL")
        }
        Expr::Cast { .. } | Expr::Convert { .. } => {
            Refusal::new(Code::Unsupported, "this kind of cast is not SQL of Postgres").at(place)
        }
        Expr::SimilarTo { .. } => Refusal::new(Code::Unsupported, "SIMILAR TO is not kept")
            .at(place)
            .hint("write a regular expression with ~"),
        _ => Refusal::new(Code::Unsupported, "this expression is not kept").at(place),
    }
}
