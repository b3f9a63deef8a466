//! Queries and SELECTs.

use std::collections::{BTreeMap, BTreeSet};

use datafusion_sql::sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, Value, Values, WildcardAdditionalOptions, With,
};

use super::super::catalog::Names;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts, quoted};
use super::super::place::{place_of, place_of_name};
use super::super::stub::Stubs;
use super::output_name::output_name;
use super::scope::Scope;

/// Nesting of queries and expressions.
const DEPTH_MAX: usize = 1_000;

/// A rewritten query and the names of its output columns.
pub(in crate::sql) struct Rewritten {
    pub(in crate::sql) query: Query,
    pub(in crate::sql) columns: Vec<String>,
}

/// Rewrites one view.
pub(in crate::sql) struct Rewriter<'a> {
    pub(super) names: &'a Names<'a>,
    pub(in crate::sql) stubs: Stubs,
    /// Whether an ORDER BY was dropped.
    pub(in crate::sql) order_dropped: Option<Place>,
    /// Columns of the CTEs in force, innermost last.
    pub(super) ctes: Vec<BTreeMap<String, Vec<String>>>,
    /// What unqualified names of merged columns mean, innermost last.
    pub(super) merged: Vec<BTreeMap<String, Expr>>,
    /// Output names that the expression at hand must not use.
    pub(super) hidden: BTreeSet<String>,
    depth: usize,
}

impl<'a> Rewriter<'a> {
    pub(in crate::sql) fn new(names: &'a Names<'a>) -> Self {
        Self {
            names,
            stubs: Stubs::default(),
            order_dropped: None,
            ctes: Vec::new(),
            merged: Vec::new(),
            hidden: BTreeSet::new(),
            depth: 0,
        }
    }

    /// Runs `work` one level deeper.
    pub(super) fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return Err(Refusal::new(Code::TooLarge, "the SQL is nested too deeply")
                .hint("split it into several views that read each other"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// A query with everything in it.
    pub(in crate::sql) fn query(&mut self, mut query: Query) -> Result<Rewritten> {
        refuse_clauses(&query)?;
        if let Some(order) = query.order_by.take() {
            self.order_dropped = self.order_dropped.or(place_of(&order));
        }
        query.limit_clause = None;
        self.ctes.push(BTreeMap::new());
        let merged = std::mem::take(&mut self.merged);
        let result = self.nested(|this| this.query_body(query));
        self.merged = merged;
        self.ctes.pop();
        result
    }

    fn query_body(&mut self, query: Query) -> Result<Rewritten> {
        let with = query.with.map(|with| self.with(with)).transpose()?;
        let (body, columns) = self.set_expression(*query.body)?;
        Ok(Rewritten { query: Query { with, body: Box::new(body), ..query }, columns })
    }

    fn with(&mut self, with: With) -> Result<With> {
        if with.recursive {
            return Err(Refusal::new(Code::Recursive, "recursive queries are not kept")
                .at(place_of(&with))
                .hint("remove RECURSIVE if nothing refers to itself; else keep the closure in a table"));
        }
        let cte_tables = with.cte_tables.into_iter().map(|cte| self.cte(cte)).collect::<Result<_>>()?;
        Ok(With { cte_tables, ..with })
    }

    fn cte(&mut self, cte: Cte) -> Result<Cte> {
        let Rewritten { query, mut columns } = self.query(*cte.query)?;
        rename(&mut columns, cte.alias.columns.iter().map(|column| fold(&column.name)));
        let scope = self.ctes.last_mut().expect("query opened a scope for its CTEs");
        if scope.insert(fold(&cte.alias.name), columns).is_some() {
            let message = format!("WITH query name \"{}\" is given twice", fold(&cte.alias.name));
            return Err(Refusal::new(Code::AmbiguousTable, message).at(place_of_name(&cte.alias.name)));
        }
        Ok(Cte { query: Box::new(query), ..cte })
    }

    fn set_expression(&mut self, body: SetExpr) -> Result<(SetExpr, Vec<String>)> {
        self.nested(|this| match body {
            SetExpr::Select(select) => {
                let (select, columns) = this.select(*select)?;
                Ok((SetExpr::Select(Box::new(select)), columns))
            }
            SetExpr::Query(query) => {
                let Rewritten { query, columns } = this.query(*query)?;
                Ok((SetExpr::Query(Box::new(query)), columns))
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                refuse_set_operation(op, set_quantifier, place_of(&*right))?;
                let place = place_of(&*right);
                let (left, columns) = this.set_expression(*left)?;
                let (right, others) = this.set_expression(*right)?;
                if columns.len() != others.len() {
                    let message = "each UNION query must have the same number of columns";
                    return Err(Refusal::new(Code::Types, message).at(place));
                }
                Ok((SetExpr::SetOperation { left: left.into(), op, set_quantifier, right: right.into() }, columns))
            }
            SetExpr::Values(values) => this.values(values),
            other => Err(Refusal::new(Code::NotOneSelect, "a view is one SELECT").at(place_of(&other))),
        })
    }

    fn values(&mut self, mut values: Values) -> Result<(SetExpr, Vec<String>)> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        for row in &mut values.rows {
            if row.content.len() != width || width == 0 {
                return Err(Refusal::new(Code::Types, "VALUES lists must all be the same length"));
            }
            for cell in std::mem::take(&mut row.content) {
                let cell = self.expression(cell)?;
                row.content.push(cell);
            }
        }
        Ok((SetExpr::Values(values), (1..=width).map(|column| format!("column{column}")).collect()))
    }

    fn select(&mut self, mut select: Select) -> Result<(Select, Vec<String>)> {
        refuse_select_clauses(&select)?;
        let (from, scope) = self.from(std::mem::take(&mut select.from))?;
        self.merged.push(scope.merged.clone());
        let aliases = explicit_aliases(&select.projection);
        let mut projection = Vec::new();
        let mut columns = Vec::new();
        for item in std::mem::take(&mut select.projection) {
            self.item(item, &scope, &mut projection, &mut columns)?;
        }
        select.selection = select.selection.map(|condition| self.expression(condition)).transpose()?;
        select.group_by = self.group_by(select.group_by)?;
        self.hidden = aliases.into_iter().filter(|alias| !scope.sees(alias)).collect();
        select.having = select.having.map(|condition| self.expression(condition)).transpose()?;
        self.hidden.clear();
        self.merged.pop();
        Ok((Select { from, projection, ..select }, columns))
    }

    fn item(
        &mut self,
        item: SelectItem,
        scope: &Scope,
        items: &mut Vec<SelectItem>,
        columns: &mut Vec<String>,
    ) -> Result<()> {
        match item {
            SelectItem::UnnamedExpr(expression) => {
                let name = output_name(&expression);
                let rewritten = self.expression(expression)?;
                items.push(match rewritten {
                    Expr::Identifier(_) | Expr::CompoundIdentifier(_) => SelectItem::UnnamedExpr(rewritten),
                    expr => SelectItem::ExprWithAlias { expr, alias: quoted(name.clone()) },
                });
                columns.push(name);
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let alias = fold(&alias);
                items.push(SelectItem::ExprWithAlias { expr: self.expression(expr)?, alias: quoted(alias.clone()) });
                columns.push(alias);
            }
            SelectItem::Wildcard(options) => {
                refuse_wildcard_options(&options)?;
                columns.extend(scope.columns.iter().map(|column| column.name.clone()));
                if scope.rewritten {
                    let expand = |column: &super::scope::ScopeColumn| {
                        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(column.qualified.clone()))
                    };
                    items.extend(scope.columns.iter().map(expand));
                } else {
                    items.push(SelectItem::Wildcard(options));
                }
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                refuse_wildcard_options(&options)?;
                columns.extend(columns_of_wildcard(&kind, scope)?.iter().cloned());
                items.push(SelectItem::QualifiedWildcard(kind, options));
            }
            SelectItem::ExprWithAliases { expr, .. } => {
                return Err(Refusal::new(Code::Unsupported, "one column cannot have several names").at(place_of(&expr)));
            }
        }
        Ok(())
    }

    fn group_by(&mut self, clause: GroupByExpr) -> Result<GroupByExpr> {
        let (expressions, modifiers) = match clause {
            GroupByExpr::Expressions(expressions, modifiers) => (expressions, modifiers),
            GroupByExpr::All(_) => return Err(Refusal::new(Code::Unsupported, "GROUP BY ALL is not SQL of Postgres")),
        };
        if !modifiers.is_empty() {
            return Err(Refusal::new(Code::GroupingSets, "GROUPING SETS, ROLLUP and CUBE are not kept"));
        }
        let mut grouped = Vec::new();
        for expression in expressions {
            match expression {
                Expr::Tuple(elements) if !elements.is_empty() => {
                    for element in elements {
                        grouped.push(self.expression(element)?);
                    }
                }
                expression if is_ordinal(&expression) => grouped.push(expression),
                expression => grouped.push(self.expression(expression)?),
            }
        }
        Ok(GroupByExpr::Expressions(grouped, Vec::new()))
    }
}

/// Gives the first columns other names.
pub(super) fn rename(columns: &mut [String], names: impl Iterator<Item = String>) {
    for (column, name) in columns.iter_mut().zip(names) {
        *column = name;
    }
}

fn is_ordinal(expression: &Expr) -> bool {
    match expression {
        Expr::Value(value) => {
            matches!(&value.value, Value::Number(digits, _) if digits.bytes().all(|byte| byte.is_ascii_digit()))
        }
        _ => false,
    }
}

fn explicit_aliases(items: &[SelectItem]) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
            SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
            SelectItem::UnnamedExpr(expression) => Some(output_name(expression)),
            _ => None,
        })
        .collect()
}

fn columns_of_wildcard<'s>(kind: &SelectItemQualifiedWildcardKind, scope: &'s Scope) -> Result<&'s [String]> {
    let name = match kind {
        SelectItemQualifiedWildcardKind::ObjectName(name) => parts(name).and_then(|mut parts| parts.pop()),
        SelectItemQualifiedWildcardKind::Expr(_) => None,
    };
    let place = place_of(kind);
    let Some(name) = name else {
        return Err(Refusal::new(Code::Unsupported, "only a table can stand before \".*\"").at(place));
    };
    scope
        .columns_of(&name)
        .ok_or_else(|| Refusal::new(Code::UnknownTable, format!("\"{name}\" is not in FROM")).at(place))
}

fn refuse_wildcard_options(options: &WildcardAdditionalOptions) -> Result<()> {
    let WildcardAdditionalOptions { opt_ilike, opt_exclude, opt_except, opt_replace, opt_rename, opt_alias, .. } =
        options;
    let any = opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some();
    if any {
        return Err(Refusal::new(Code::Unsupported, "options of \"*\" are not SQL of Postgres").at(place_of(options)));
    }
    Ok(())
}

fn refuse_set_operation(operator: SetOperator, quantifier: SetQuantifier, place: Option<Place>) -> Result<()> {
    if operator != SetOperator::Union {
        return Err(Refusal::new(Code::SetOperation, format!("{operator} is not kept"))
            .at(place)
            .hint("write INTERSECT as a join and EXCEPT as LEFT JOIN … WHERE … IS NULL, with SELECT DISTINCT"));
    }
    match quantifier {
        SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => Ok(()),
        _ => Err(Refusal::new(Code::Unsupported, "UNION BY NAME is not SQL of Postgres").at(place)),
    }
}

fn refuse_clauses(query: &Query) -> Result<()> {
    let place = place_of(query);
    let limited = match &query.limit_clause {
        None => false,
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            limit.is_some() || offset.is_some() || !limit_by.is_empty()
        }
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
    };
    if limited || query.fetch.is_some() {
        let place = query.limit_clause.as_ref().and_then(place_of_limit).or(place);
        return Err(Refusal::new(Code::Limit, "LIMIT, OFFSET and FETCH are not kept")
            .at(place)
            .hint("limit when you read the view, or filter by a column that ranks the rows"));
    }
    if !query.locks.is_empty() {
        return Err(Refusal::new(Code::Locking, "a view locks nothing")
            .at(place)
            .hint("remove FOR UPDATE or FOR SHARE"));
    }
    if query.for_clause.is_some()
        || query.settings.is_some()
        || query.format_clause.is_some()
        || !query.pipe_operators.is_empty()
    {
        return Err(Refusal::new(Code::Unsupported, "a clause that is not SQL of Postgres").at(place));
    }
    Ok(())
}

fn place_of_limit(clause: &LimitClause) -> Option<Place> {
    match clause {
        LimitClause::LimitOffset { limit: Some(expression), .. }
        | LimitClause::OffsetCommaLimit { limit: expression, .. } => place_of(expression),
        LimitClause::LimitOffset { offset: Some(offset), .. } => place_of(&offset.value),
        LimitClause::LimitOffset { .. } => None,
    }
}

fn refuse_select_clauses(select: &Select) -> Result<()> {
    let place = place_of(select);
    if let Some(Distinct::On(_)) = &select.distinct {
        return Err(Refusal::new(Code::DistinctOn, "DISTINCT ON is not kept")
            .at(place)
            .hint("take min or max with GROUP BY, and join the table on it"));
    }
    if !select.named_window.is_empty() {
        return Err(Refusal::new(Code::Window, "window functions are not kept").at(place));
    }
    if select.projection.is_empty() {
        return Err(Refusal::new(Code::Unsupported, "a view has at least one column").at(place));
    }
    let foreign = select.top.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some()
        || select.exclude.is_some()
        || select.value_table_mode.is_some()
        || select.select_modifiers.is_some();
    if foreign {
        return Err(Refusal::new(Code::Unsupported, "a clause of SELECT that is not kept").at(place));
    }
    Ok(())
}
