//! One SELECT: FROM, WHERE, GROUP BY, HAVING, the SELECT list, DISTINCT, ORDER BY, LIMIT, in the order in which Postgres applies them.

use sqlparser::ast::{
    Distinct, Expr, NamedWindowExpr, OrderByExpr, Select, SelectItem, SelectItemQualifiedWildcardKind,
    WildcardAdditionalOptions,
};

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts};
use super::super::node::{Node, RowRange};
use super::super::place::place_of;
use super::binder::{Binder, Bound, Output, internal, settled};
use super::collect::aggregates;
use super::level::{Clause, Level};
use super::order::{Direction, Ordering, ordinal};
use super::output_name::output_name;
use super::set::refuse_without_equality;
use crate::engine::plan::SortKey;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::Typed;

/// One item of the SELECT list, `*` written out.
pub(super) struct Item<'e> {
    pub(super) name: String,
    meaning: Meaning<'e>,
}

#[derive(Clone, Copy)]
enum Meaning<'e> {
    Written(&'e Expr),
    /// A column of FROM.
    Column(Id),
}

impl Item<'_> {
    pub(super) fn written(&self) -> Option<&Expr> {
        match self.meaning {
            Meaning::Written(expression) => Some(expression),
            Meaning::Column(_) => None,
        }
    }
}

impl Binder<'_> {
    /// A SELECT with the ORDER BY and LIMIT of the query around it.
    pub(super) fn select(
        &mut self,
        select: &Select,
        (order, place): (&[OrderByExpr], Option<Place>),
        range: Option<RowRange>,
    ) -> Result<Bound> {
        refuse_clauses(select)?;
        let (node, scope, rows_order) = self.from(&select.from)?;
        let mut level = Level::new(scope, node, Clause::Where);
        level.order = rows_order;
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &window.1 {
                level.windows.insert(fold(&window.0), spec.clone());
            }
        }
        self.levels.push(level);
        let result = self.select_body(select, (order, place), range);
        self.levels.pop();
        result
    }

    fn select_body(
        &mut self,
        select: &Select,
        (order, place): (&[OrderByExpr], Option<Place>),
        range: Option<RowRange>,
    ) -> Result<Bound> {
        if let Some(condition) = &select.selection {
            self.filter(condition)?;
        }
        let items = self.items(&select.projection)?;
        let written = items.iter().filter_map(Item::written);
        let written = written.chain(&select.having).chain(order.iter().map(|order| &order.expr));
        let on = match &select.distinct {
            Some(Distinct::On(on)) => on.as_slice(),
            _ => &[],
        };
        let found = aggregates(written.chain(on));
        if !found.is_empty() || select.having.is_some() || is_grouped(select) {
            self.group(select, &items, found)?;
        }
        if let Some(condition) = &select.having {
            self.in_clause(Clause::Having, |this| this.filter(condition))?;
        }
        self.level()?.clause = Clause::Select;
        let mut outputs = Vec::new();
        for item in &items {
            outputs.push(Output { name: item.name.clone(), typed: self.item(item)? });
        }
        match &select.distinct {
            Some(Distinct::Distinct) => self.distinct(outputs, (order, place), range),
            Some(Distinct::On(on)) => self.distinct_on(outputs, on, (order, place, range)),
            _ => {
                let keys = self.order_by_select(order, &outputs)?;
                let node = self.finished()?;
                Ok(limited(Bound { node, outputs, order: Ordering { keys, place } }, range))
            }
        }
    }

    /// The rows of the level once nothing more is put beside them.
    fn finished(&mut self) -> Result<Node> {
        let level = self.level()?;
        let calls = std::mem::take(&mut level.flatten);
        if !calls.is_empty() {
            let flatten = |input| Node::Flatten { input: Box::new(input), calls, ordinality: None, keeps_empty: false };
            level.change(flatten);
        }
        Ok(std::mem::replace(&mut level.node, Node::one_row()))
    }

    /// The expression of an item.
    pub(super) fn item(&mut self, item: &Item<'_>) -> Result<Typed> {
        match item.meaning {
            Meaning::Written(expression) => self.expression(expression),
            Meaning::Column(id) => {
                let level = self.levels.last().ok_or_else(|| internal("an item outside a SELECT"))?;
                match &level.grouped {
                    None => Ok(self.column(id)),
                    Some(grouped) => match grouped.columns.get(&id) {
                        Some(id) => Ok(self.column(*id)),
                        None => Err(Refusal::new(
                            Code::Grouping,
                            format!(
                                "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                                item.name
                            ),
                        )),
                    },
                }
            }
        }
    }

    /// Sort keys over outputs by name or number, else over what the SELECT list sees.
    fn order_by_select(&mut self, order: &[OrderByExpr], outputs: &[Output]) -> Result<Vec<SortKey>> {
        let mut keys = Vec::new();
        for written in order {
            let typed = self.ordered_expression(&written.expr, outputs)?;
            keys.extend(self.sort_keys(typed, &written.expr, Direction::of(written))?);
        }
        Ok(keys)
    }

    fn ordered_expression(&mut self, written: &Expr, outputs: &[Output]) -> Result<Typed> {
        if let Some(number) = ordinal(written, outputs.len(), "ORDER BY")? {
            return Ok(outputs[number].typed.clone());
        }
        if let Expr::Identifier(name) = written {
            let name = fold(name);
            if let Some(output) = outputs.iter().find(|output| output.name == name) {
                return Ok(output.typed.clone());
            }
        }
        self.expression(written)
    }

    fn distinct(
        &mut self,
        outputs: Vec<Output>,
        (order, place): (&[OrderByExpr], Option<Place>),
        range: Option<RowRange>,
    ) -> Result<Bound> {
        let mut keys = Vec::new();
        for written in order {
            let typed = settled(self.ordered_expression(&written.expr, &outputs)?)?;
            let is_output = |output: &&Output| output.typed.scalar == typed.scalar;
            let Some(output) = outputs.iter().position(|output| is_output(&output)) else {
                let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                return Err(Refusal::new(Code::Grouping, message).at(place_of(&written.expr)));
            };
            keys.push((output, written));
        }
        let node = self.finished()?;
        let bound = self.with_columns(Bound { node, outputs, order: Ordering::default() })?;
        let mut columns: Vec<Id> = Vec::new();
        for output in &bound.outputs {
            refuse_without_equality(&output.typed.sql_type)?;
            if let Scalar::Column(id) = output.typed.scalar
                && !columns.contains(&id)
            {
                columns.push(id);
            }
        }
        let node = Node::Distinct { input: Box::new(bound.node), columns };
        let mut order = Vec::new();
        for (output, written) in keys {
            let typed = bound.outputs[output].typed.clone();
            order.extend(self.sort_keys(typed, &written.expr, Direction::of(written))?);
        }
        let order = Ordering { keys: order, place };
        Ok(limited(Bound { node, outputs: bound.outputs, order }, range))
    }

    /// The first row of each combination of values, in the order of ORDER BY.
    fn distinct_on(
        &mut self,
        outputs: Vec<Output>,
        on: &[Expr],
        (order, place, range): (&[OrderByExpr], Option<Place>, Option<RowRange>),
    ) -> Result<Bound> {
        let mut partition = Vec::new();
        for written in on {
            let typed = settled(self.ordered_expression(written, &outputs)?)?;
            refuse_without_equality(&typed.sql_type)?;
            partition.push(typed);
        }
        let keys = self.order_by_select(order, &outputs)?;
        let node = self.finished()?;
        let mut computed = Vec::new();
        let made = node.outputs();
        let partition = partition.into_iter().map(|typed| self.column_of(typed, &made, &mut computed)).collect();
        let first = RowRange { offset: 0, limit: Some(1), with_ties: false };
        let input = Box::new(node.mapped(computed));
        let node = Node::TopN { input, partition, order: keys.clone(), rows: first };
        Ok(limited(Bound { node, outputs, order: Ordering { keys, place } }, range))
    }

    /// The SELECT list with `*` written out.
    fn items<'e>(&self, projection: &'e [SelectItem]) -> Result<Vec<Item<'e>>> {
        let level = self.levels.last().ok_or_else(|| internal("a SELECT without a level"))?;
        let mut items = Vec::new();
        let columns = |columns: &[(String, Id)]| -> Vec<Item<'e>> {
            let item = |(name, id): &(String, Id)| Item { name: name.clone(), meaning: Meaning::Column(*id) };
            columns.iter().map(item).collect()
        };
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expression) => {
                    items.push(Item { name: output_name(expression), meaning: Meaning::Written(expression) });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    items.push(Item { name: fold(alias), meaning: Meaning::Written(expr) });
                }
                SelectItem::Wildcard(options) => {
                    refuse_wildcard_options(options)?;
                    items.extend(columns(&level.scope.columns));
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    refuse_wildcard_options(options)?;
                    let place = place_of(kind);
                    let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
                        return Err(Refusal::new(Code::Unsupported, "only a table can stand before \".*\"").at(place));
                    };
                    let name = parts(name).unwrap_or_default();
                    let table = level.scope.table_named(&name).ok_or_else(|| {
                        Refusal::new(Code::UnknownTable, format!("\"{}\" is not in FROM", name.join("."))).at(place)
                    })?;
                    items.extend(columns(&table.columns));
                }
                SelectItem::ExprWithAliases { expr, .. } => {
                    return Err(
                        Refusal::new(Code::Unsupported, "one column cannot have several names").at(place_of(expr))
                    );
                }
            }
        }
        Ok(items)
    }
}

/// Takes a part of the rows, in their order.
fn limited(mut bound: Bound, range: Option<RowRange>) -> Bound {
    if let Some(rows) = range {
        let order = bound.order.keys.clone();
        bound.node = Node::TopN { input: Box::new(bound.node), partition: Vec::new(), order, rows };
        bound.order.place = None;
    }
    bound
}

fn is_grouped(select: &Select) -> bool {
    use sqlparser::ast::GroupByExpr;
    !matches!(&select.group_by, GroupByExpr::Expressions(expressions, _) if expressions.is_empty())
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

fn refuse_clauses(select: &Select) -> Result<()> {
    let place = place_of(select);
    let foreign = select.top.is_some()
        || select.prewhere.is_some()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty();
    if select.into.is_some() {
        return Err(Refusal::new(Code::NotOneSelect, "SELECT INTO makes a table; a view is one SELECT").at(place));
    }
    if foreign {
        return Err(Refusal::new(Code::Unsupported, "a clause that is not SQL of Postgres").at(place));
    }
    Ok(())
}
