//! FROM: relations, joins, and USING and NATURAL written out.

use datafusion_sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::super::catalog::UnresolvedName;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts, suggestion};
use super::super::place::place_of;
use super::super::stub::Written;
use super::query::{Rewriter, Rewritten, rename};
use super::scope::{Scope, ScopeColumn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inner,
    Left,
    Right,
}

impl Rewriter<'_> {
    /// A FROM clause and what it makes visible.
    pub(super) fn from(&mut self, tables: Vec<TableWithJoins>) -> Result<(Vec<TableWithJoins>, Scope)> {
        let mut rewritten = Vec::new();
        let mut scope = Scope::default();
        for table in tables {
            let (table, visible) = self.joined(table)?;
            rewritten.push(table);
            scope = scope.beside(visible);
        }
        Ok((rewritten, scope))
    }

    fn joined(&mut self, table: TableWithJoins) -> Result<(TableWithJoins, Scope)> {
        let (relation, mut scope) = self.factor(table.relation)?;
        let mut joins = Vec::new();
        for join in table.joins {
            let (join, visible) = self.join(scope, join)?;
            joins.push(join);
            scope = visible;
        }
        Ok((TableWithJoins { relation, joins }, scope))
    }

    fn join(&mut self, left: Scope, join: Join) -> Result<(Join, Scope)> {
        let place = place_of(&join);
        let (side, constraint) = side_of(join.join_operator, place)?;
        let (relation, right) = self.factor(join.relation)?;
        let (constraint, scope) = match constraint {
            None => (None, left.beside(right)),
            Some(JoinConstraint::On(condition)) => {
                let scope = left.beside(right);
                self.merged.push(scope.merged.clone());
                let condition = self.expression(condition)?;
                self.merged.pop();
                (Some(condition), scope)
            }
            Some(JoinConstraint::Using(names)) => {
                let names = names.iter().map(using_name).collect::<Result<Vec<_>>>()?;
                self.using(left, right, (names, side, place))?
            }
            Some(JoinConstraint::Natural) => {
                let names = natural_names(&left, &right);
                self.using(left, right, (names, side, place))?
            }
            Some(JoinConstraint::None) => {
                return Err(Refusal::new(Code::Syntax, "a join needs ON, USING or NATURAL")
                    .at(place)
                    .hint("write CROSS JOIN for all pairs"));
            }
        };
        let join_operator = match (side, constraint) {
            (Side::Inner, None) => JoinOperator::CrossJoin(JoinConstraint::None),
            (Side::Inner, Some(condition)) => JoinOperator::Inner(JoinConstraint::On(condition)),
            (Side::Left, condition) => JoinOperator::LeftOuter(JoinConstraint::On(self.or_true(condition))),
            (Side::Right, condition) => JoinOperator::RightOuter(JoinConstraint::On(self.or_true(condition))),
        };
        Ok((Join { relation, global: false, join_operator }, scope))
    }

    fn or_true(&mut self, condition: Option<Expr>) -> Expr {
        condition.unwrap_or_else(|| self.call(Written::Boolean(true), None, Vec::new()))
    }

    /// `USING (names)`: the condition, and the columns in Postgres' order: merged ones first.
    fn using(
        &mut self,
        left: Scope,
        right: Scope,
        (names, side, place): (Vec<String>, Side, Option<Place>),
    ) -> Result<(Option<Expr>, Scope)> {
        let mut equalities = Vec::new();
        let mut merged = Vec::new();
        for name in &names {
            let (one, other) = (using_column(&left, name, place)?, using_column(&right, name, place)?);
            let sides = [one, other].map(|column| Expr::CompoundIdentifier(column.qualified.clone()));
            equalities.push(self.call(Written::Operator("=".into()), place, sides.into()));
            merged.push(if side == Side::Right { other.clone() } else { one.clone() });
        }
        let condition = match equalities.len() {
            0 => None,
            1 => equalities.pop(),
            _ => Some(self.call(Written::And, place, equalities)),
        };
        let mut scope = left.beside(right);
        scope.columns.retain(|column| !names.contains(&column.name));
        for column in &merged {
            scope.merged.insert(column.name.clone(), Expr::CompoundIdentifier(column.qualified.clone()));
        }
        scope.rewritten |= !merged.is_empty();
        scope.columns.splice(0..0, merged);
        Ok((condition, scope))
    }

    fn factor(&mut self, factor: TableFactor) -> Result<(TableFactor, Scope)> {
        let place = place_of(&factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_ordinality: false,
                sample: None,
                json_path: None,
                ..
            } => {
                let (columns, own_name) = self.relation_columns(&name, place)?;
                let scope = aliased(own_name, columns, alias.as_ref(), place)?;
                Ok((plain_table(name, alias), scope))
            }
            TableFactor::Table { args: Some(_), .. } | TableFactor::UNNEST { .. } | TableFactor::Function { .. } => {
                Err(Refusal::new(Code::SetReturning, "functions in FROM are not kept")
                    .at(place)
                    .hint("keep the elements in a table of their own"))
            }
            TableFactor::Derived { lateral: true, .. } => Err(Refusal::new(Code::Lateral, "LATERAL is not kept")
                .at(place)
                .hint("join on a condition, with the grouping in the derived table")),
            TableFactor::Derived { subquery, alias, sample: None, .. } => {
                let Rewritten { query, columns } = self.query(*subquery)?;
                let Some(alias) = alias else {
                    let refusal = Refusal::new(Code::Syntax, "a subquery in FROM must have an alias").at(place);
                    return Err(refusal.hint("write (SELECT …) AS name"));
                };
                let scope = aliased(String::new(), columns, Some(&alias), place)?;
                let subquery = Box::new(query);
                Ok((TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None }, scope))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                let (table, scope) = self.nested(|this| this.joined(*table_with_joins))?;
                Ok((TableFactor::NestedJoin { table_with_joins: Box::new(table), alias: None }, scope))
            }
            _ => Err(Refusal::new(Code::Unsupported, "this kind of table in FROM is not kept").at(place)),
        }
    }

    /// Columns of a CTE, table or view, and the name under which it is known without an alias.
    fn relation_columns(&self, name: &ObjectName, place: Option<Place>) -> Result<(Vec<String>, String)> {
        let parts = parts(name).unwrap_or_default();
        if let [name] = parts.as_slice()
            && let Some(columns) = self.ctes.iter().rev().find_map(|scope| scope.get(name))
        {
            return Ok((columns.clone(), name.clone()));
        }
        let Some(unresolved) = UnresolvedName::from_parts(&parts) else {
            return Err(Refusal::new(Code::UnknownTable, format!("\"{name}\" is not a name of a table")).at(place));
        };
        let relation = self.names.resolve(&unresolved).map_err(|refusal| refusal.at(place))?;
        let columns = relation.columns.iter().map(|column| column.name.to_string()).collect();
        Ok((columns, unresolved.table.to_string()))
    }
}

fn aliased(name: String, mut columns: Vec<String>, alias: Option<&TableAlias>, place: Option<Place>) -> Result<Scope> {
    let Some(alias) = alias else {
        return Ok(Scope::table(name, columns));
    };
    if alias.columns.len() > columns.len() {
        let message = format!("\"{}\" has {} columns", fold(&alias.name), columns.len());
        return Err(Refusal::new(Code::UnknownColumn, message).at(place));
    }
    if !alias.columns.is_empty() && alias.columns.len() < columns.len() {
        let message = format!("the alias names {} of {} columns", alias.columns.len(), columns.len());
        return Err(Refusal::new(Code::Unsupported, message).at(place).hint("name all of them"));
    }
    rename(&mut columns, alias.columns.iter().map(|column| fold(&column.name)));
    Ok(Scope::table(fold(&alias.name), columns))
}

fn plain_table(name: ObjectName, alias: Option<TableAlias>) -> TableFactor {
    TableFactor::Table {
        name,
        alias,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// The kind of join and its condition; `None` for CROSS JOIN.
fn side_of(operator: JoinOperator, place: Option<Place>) -> Result<(Side, Option<JoinConstraint>)> {
    match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => Ok((Side::Inner, Some(constraint))),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => Ok((Side::Left, Some(constraint))),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => Ok((Side::Right, Some(constraint))),
        JoinOperator::CrossJoin(JoinConstraint::None) => Ok((Side::Inner, None)),
        JoinOperator::FullOuter(_) => Err(Refusal::new(Code::FullJoin, "FULL JOIN is not kept")
            .at(place)
            .hint("write a LEFT JOIN, UNION ALL the rows of the other side that have no match")),
        JoinOperator::CrossApply | JoinOperator::OuterApply => {
            Err(Refusal::new(Code::Lateral, "APPLY is not kept").at(place))
        }
        _ => Err(Refusal::new(Code::Unsupported, "this kind of join is not SQL of Postgres").at(place)),
    }
}

fn using_name(name: &ObjectName) -> Result<String> {
    match parts(name).as_deref() {
        Some([name]) => Ok(name.clone()),
        _ => Err(Refusal::new(Code::Syntax, "USING takes column names").at(place_of(name))),
    }
}

fn natural_names(left: &Scope, right: &Scope) -> Vec<String> {
    let names = left.columns.iter().map(|column| &column.name);
    names.filter(|name| right.sees(name)).cloned().collect()
}

fn using_column<'s>(scope: &'s Scope, name: &str, place: Option<Place>) -> Result<&'s ScopeColumn> {
    scope.only(name).map_err(|count| match count {
        0 => {
            let refusal = Refusal::new(Code::UnknownColumn, format!("column \"{name}\" of USING is not on both sides"));
            let refusal = refusal.at(place);
            match suggestion(name, scope.columns.iter().map(|column| column.name.as_str())) {
                Some(hint) => refusal.hint(hint),
                None => refusal,
            }
        }
        _ => Refusal::new(Code::AmbiguousColumn, format!("column \"{name}\" of USING is ambiguous")).at(place),
    })
}
