//! The name of an output column without AS, as Postgres chooses it.

use sqlparser::ast::{AccessExpr, BinaryOperator, Expr, Function, SelectItem, SetExpr, TrimWhereField};

use super::super::names::{fold, parts};
use super::type_name::internal_name;

/// What Postgres calls it.
pub(super) fn output_name(expression: &Expr) -> String {
    figure(expression).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// How sure a name is: a cast or CASE gives way to the name of what is inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Weak,
    Strong,
}

fn figure(expression: &Expr) -> Option<(String, Strength)> {
    let strong = |name: &str| Some((name.to_owned(), Strength::Strong));
    match expression {
        Expr::Identifier(name) => Some((fold(name), Strength::Strong)),
        Expr::CompoundIdentifier(names) => names.last().map(|name| (fold(name), Strength::Strong)),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figure(inner),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let last = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(name)) => Some((fold(name), Strength::Strong)),
                _ => None,
            });
            last.or_else(|| figure(root))
        }
        Expr::Function(function) => function_name(function).map(|name| (name, Strength::Strong)),
        Expr::Cast { expr, data_type, .. } => weak(figure(expr), internal_name(data_type)),
        Expr::TypedString(typed) => weak(None, internal_name(&typed.data_type)),
        Expr::Interval(_) => weak(None, "interval".to_owned()),
        Expr::Case { else_result, .. } => weak(else_result.as_ref().and_then(|inner| figure(inner)), "case".to_owned()),
        Expr::Extract { .. } => strong("extract"),
        Expr::Position { .. } => strong("position"),
        Expr::Substring { .. } => strong("substring"),
        Expr::Overlay { .. } => strong("overlay"),
        Expr::Ceil { .. } => strong("ceil"),
        Expr::Floor { .. } => strong("floor"),
        Expr::AtTimeZone { .. } => strong("timezone"),
        Expr::Array(_) => strong("array"),
        Expr::Tuple(_) => strong("row"),
        Expr::BinaryOp { op: BinaryOperator::Overlaps, .. } => strong("overlaps"),
        Expr::IsNormalized { .. } => strong("is_normalized"),
        Expr::Exists { .. } => strong("exists"),
        Expr::Subquery(query) => Some((first_output(&query.body)?, Strength::Strong)),
        Expr::Trim { trim_where, .. } => strong(match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        _ => None,
    }
}

/// The name of the only column of a subquery; `*` has the name of a column that is not known here.
fn first_output(body: &SetExpr) -> Option<String> {
    match body {
        SetExpr::Select(select) => match select.projection.first()? {
            SelectItem::UnnamedExpr(expression) => Some(output_name(expression)),
            SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
            _ => None,
        },
        SetExpr::SetOperation { left, .. } => first_output(left),
        SetExpr::Query(query) => first_output(&query.body),
        SetExpr::Values(_) => Some("column1".to_owned()),
        _ => None,
    }
}

fn weak(inner: Option<(String, Strength)>, own: String) -> Option<(String, Strength)> {
    match inner {
        Some((name, Strength::Strong)) => Some((name, Strength::Strong)),
        _ => Some((own, Strength::Weak)),
    }
}

fn function_name(function: &Function) -> Option<String> {
    parts(&function.name)?.pop()
}
