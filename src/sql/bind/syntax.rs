//! Expressions with a syntax of their own that are functions to Postgres: EXTRACT, TRIM, intervals, subscripts.

use sqlparser::ast::{
    AccessExpr, CeilFloorKind, DateTimeField, Expr, Interval, Subscript, TrimWhereField, Value, ValueWithSpan,
};
use tailwater_connectors::SqlType;

use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::parts;
use super::binder::{Binder, type_refusal};
use crate::engine::scalar::bind::{self, Typed};

impl Binder<'_> {
    /// Functions that have their own syntax.
    pub(super) fn function_syntax(&mut self, expression: &Expr, place: Option<Place>) -> Result<Typed> {
        match expression {
            Expr::AtTimeZone { timestamp, time_zone } => self.named("timezone", &[time_zone, timestamp]),
            Expr::Extract { field, expr, .. } => {
                let field = bind::literal_text(&field.to_string().trim_matches('\'').to_ascii_lowercase());
                let inner = self.expression(expr)?;
                bind::function("extract", vec![field, inner]).map_err(type_refusal)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("ceil", &[expr])
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("floor", &[expr])
            }
            // strpos is position with its arguments the other way round.
            Expr::Position { expr, r#in } => self.named("strpos", &[r#in, expr]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.expression(expr)?];
                match substring_from {
                    Some(from) => arguments.push(self.expression(from)?),
                    None => arguments.push(bind::literal_number("1")),
                }
                if let Some(length) = substring_for {
                    arguments.push(self.expression(length)?);
                }
                self.refuse_comparing("substring", &arguments, place)?;
                let bound = bind::function("substring", arguments.clone()).map_err(type_refusal)?;
                self.with_letters(bound, &arguments, place)
            }
            Expr::IsNormalized { expr, form, negated } => {
                let form = form.as_ref().map_or_else(|| "NFC".to_owned(), ToString::to_string);
                let arguments = vec![self.expression(expr)?, bind::literal_text(&form)];
                let is = bind::function("is_normalized", arguments).map_err(type_refusal)?;
                if *negated { bind::not(is).map_err(type_refusal) } else { Ok(is) }
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "btrim",
                };
                let what = trim_what.iter().map(|what| what.as_ref());
                let characters = what.chain(trim_characters.iter().flatten());
                let written: Vec<&Expr> = std::iter::once(expr.as_ref()).chain(characters).collect();
                self.named(name, &written)
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let arguments = [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for.as_ref()];
                let written: Vec<&Expr> = arguments.into_iter().flatten().map(|argument| argument.as_ref()).collect();
                self.named("overlay", &written)
            }
            Expr::Collate { expr, collation } => {
                let typed = self.expression(expr)?;
                self.collate(typed, &parts(collation).unwrap_or_default(), place)
            }
            other => Err(refuse_expression(other, place)),
        }
    }

    pub(super) fn interval(&mut self, interval: &Interval, place: Option<Place>) -> Result<Typed> {
        let text = match (interval.value.as_ref(), &interval.leading_field, &interval.last_field) {
            (Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }), None, None) => text.clone(),
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
        bind::cast(bind::literal_text(&text), &SqlType::Interval, true).map_err(type_refusal)
    }

    pub(super) fn subscripts(&mut self, root: &Expr, chain: &[AccessExpr], place: Option<Place>) -> Result<Typed> {
        // `t.a[1]` comes as `t`, then `.a`, then `[1]`.
        let mut names = super::expression::names_of(root).unwrap_or_default();
        let dots = chain.iter().take_while(|access| matches!(access, AccessExpr::Dot(_))).count();
        let mut subscripts = Vec::new();
        for (number, access) in chain.iter().enumerate() {
            match access {
                AccessExpr::Dot(Expr::Identifier(name)) if number < dots && !names.is_empty() => {
                    names.push(name.clone());
                }
                AccessExpr::Subscript(subscript) => subscripts.push(self.subscript(subscript, place)?),
                AccessExpr::Dot(_) => {
                    return Err(Refusal::new(Code::Unsupported, "fields of rows are not kept")
                        .at(place)
                        .hint("select the columns of the table instead"));
                }
            }
        }
        let root = match dots {
            0 => self.expression(root)?,
            _ => self.expression(&Expr::CompoundIdentifier(names))?,
        };
        if subscripts.is_empty() { Ok(root) } else { bind::subscripted(root, subscripts).map_err(type_refusal) }
    }

    fn subscript(&mut self, subscript: &Subscript, place: Option<Place>) -> Result<bind::Subscript> {
        match subscript {
            Subscript::Index { index } => Ok(bind::Subscript::Index(self.expression(index)?)),
            Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                let lower = lower_bound.as_ref().map(|bound| self.expression(bound)).transpose()?;
                let upper = upper_bound.as_ref().map(|bound| self.expression(bound)).transpose()?;
                Ok(bind::Subscript::Slice(lower, upper))
            }
            Subscript::Slice { .. } => {
                Err(Refusal::new(Code::Unsupported, "slices with a stride are not SQL of Postgres").at(place))
            }
        }
    }
}

fn refuse_expression(expression: &Expr, place: Option<Place>) -> Refusal {
    match expression {
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
            Refusal::new(Code::GroupingSets, "GROUPING SETS, ROLLUP and CUBE stand in GROUP BY only").at(place)
        }
        Expr::Cast { .. } | Expr::Convert { .. } => {
            Refusal::new(Code::Unsupported, "this kind of cast is not SQL of Postgres").at(place)
        }
        _ => Refusal::new(Code::Unsupported, "this expression is not kept").at(place),
    }
}
