//! FROM: relations, joins, derived tables, LATERAL, and USING and NATURAL written out.

use sqlparser::ast::{Expr, Join, JoinConstraint, ObjectName, TableAlias, TableFactor, TableWithJoins};

use super::super::catalog::UnresolvedName;
use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts};
use super::super::node::{ApplyKind, Conjunct, Equality, Node};
use super::super::place::place_of;
use super::super::rename::free;
use super::binder::{Binder, type_refusal};
use super::join::{Side, beside_one, crossed, grafted, natural_names, outputs, side_of, using_column, using_name};
use super::level::{Clause, Level};
use super::order::Ordering;
use super::scope::{Scope, ScopeTable};
use crate::engine::plan::{JoinKind, RelationName};
use crate::engine::scalar::bind;

/// A part of FROM: its rows, and what it makes visible.
pub(super) struct From {
    pub(super) node: Node,
    pub(super) scope: Scope,
    /// The order of its rows, where it is one derived table.
    pub(super) order: Ordering,
}

impl From {
    pub(super) fn new(node: Node, scope: Scope) -> Self {
        Self { node, scope, order: Ordering::default() }
    }
}

impl Binder<'_> {
    /// A FROM clause; without one there is one row without columns.
    pub(super) fn from(&mut self, tables: &[TableWithJoins]) -> Result<(Node, Scope, Ordering)> {
        let mut all: Option<From> = None;
        for table in tables {
            all = Some(self.joined(all, table)?);
        }
        let From { node, scope, order } = all.unwrap_or_else(|| From::new(Node::one_row(), Scope::default()));
        Ok((node, scope, order))
    }

    /// One item of FROM beside those before it.
    fn joined(&mut self, before: Option<From>, table: &TableWithJoins) -> Result<From> {
        // LATERAL sees the items before; the joins of this item bind tighter than the comma.
        let mut own = match &before {
            Some(before) => self.beside(before, &table.relation)?,
            None => self.factor(&table.relation)?,
        };
        for join in &table.joins {
            own = self.join(own, join, before.as_ref())?;
        }
        let Some(before) = before else { return Ok(own) };
        let scope = before.scope.clone().beside(own.scope.clone());
        refuse_same_names(&before.scope, &own.scope, place_of(&table.relation))?;
        let node = crossed(before.node, own.node);
        Ok(From::new(node, scope))
    }

    /// A factor that may refer to what stands before it.
    fn beside(&mut self, before: &From, factor: &TableFactor) -> Result<From> {
        self.levels.push(Level::new(before.scope.clone(), Node::one_row(), Clause::From));
        let result = if is_lateral(factor) {
            self.factor(factor)
        } else {
            let level = self.levels.pop();
            let result = self.factor(factor);
            self.levels.extend(level);
            result
        };
        self.levels.pop();
        result
    }

    fn join(&mut self, left: From, join: &Join, before: Option<&From>) -> Result<From> {
        let place = place_of(join);
        let (side, constraint) = side_of(&join.join_operator, place)?;
        let visible = match before {
            Some(before) => before.scope.clone().beside(left.scope.clone()),
            None => left.scope.clone(),
        };
        let right = self.beside(&From::new(Node::one_row(), visible), &join.relation)?;
        refuse_same_names(&left.scope, &right.scope, place)?;
        if matches!(side, Side::Right | Side::Full) && !free(&right.node).is_disjoint(&outputs(&left.node)) {
            let message = "the combining JOIN type must be INNER or LEFT for a LATERAL reference";
            return Err(Refusal::new(Code::Lateral, message).at(place));
        }
        match constraint {
            None => self.combined(left, right, (side, Vec::new()), None),
            Some(JoinConstraint::On(condition)) => {
                let scope = left.scope.clone().beside(right.scope.clone());
                self.levels.push(Level::new(scope, Node::one_row(), Clause::From));
                let conjuncts = self.join_condition(condition);
                let level = self.levels.pop();
                let conjuncts = conjuncts?;
                match level.map(|level| level.node) {
                    Some(Node::Values { .. }) | None => self.combined(left, right, (side, conjuncts), None),
                    Some(subqueries) if side == Side::Inner => {
                        let scope = left.scope.beside(right.scope);
                        let node = grafted(subqueries, crossed(left.node, right.node));
                        Ok(From::new(node.filtered(conjuncts), scope))
                    }
                    Some(subqueries) => {
                        let (left, right) = beside_one(subqueries, (left, right), side).ok_or_else(|| {
                            Refusal::new(
                                Code::Subquery,
                                "a subquery in the ON of a FULL JOIN that refers to both sides is not kept",
                            )
                            .at(place)
                            .hint("compute it in a derived table on one side")
                        })?;
                        self.combined(left, right, (side, conjuncts), None)
                    }
                }
            }
            Some(JoinConstraint::Using(names)) => {
                let names = names.iter().map(using_name).collect::<Result<Vec<_>>>()?;
                self.using(left, right, (side, names, place))
            }
            Some(JoinConstraint::Natural) => {
                let names = natural_names(&left.scope, &right.scope);
                self.using(left, right, (side, names, place))
            }
            Some(JoinConstraint::None) => Err(Refusal::new(Code::Syntax, "a join needs ON, USING or NATURAL")
                .at(place)
                .hint("write CROSS JOIN for all pairs")),
        }
    }

    fn join_condition(&mut self, condition: &Expr) -> Result<Vec<Conjunct>> {
        let mut conjuncts = Vec::new();
        self.conjuncts(condition, &mut conjuncts)?;
        Ok(conjuncts)
    }

    /// `USING (names)`: the condition, and the columns in Postgres' order: merged ones first.
    fn using(
        &mut self,
        left: From,
        right: From,
        (side, names, place): (Side, Vec<String>, Option<Place>),
    ) -> Result<From> {
        let mut conjuncts = Vec::new();
        let mut pairs = Vec::new();
        for name in &names {
            let (one, other) = (using_column(&left.scope, name, place)?, using_column(&right.scope, name, place)?);
            let sides = vec![self.column(one), self.column(other)];
            self.comparable(&sides, place)?;
            let condition = bind::operator("=", sides.clone()).map_err(|error| type_refusal(error).at(place))?;
            let equality = bind::unify(sides).ok().and_then(|(sides, sql_type)| {
                let [left, right] = <[_; 2]>::try_from(sides).ok()?;
                Some(Equality { left: left.scalar, right: right.scalar, sql_type, null_safe: false })
            });
            conjuncts.push(Conjunct { condition: condition.scalar, equality });
            pairs.push((name.clone(), one, other));
        }
        self.combined(left, right, (side, conjuncts), Some(pairs))
    }

    /// Both sides joined.
    fn combined(
        &mut self,
        left: From,
        right: From,
        (side, on): (Side, Vec<Conjunct>),
        merged: Option<Vec<(String, Id, Id)>>,
    ) -> Result<From> {
        let lateral = !free(&right.node).is_disjoint(&outputs(&left.node));
        let (left_columns, right_columns) = (left.node.outputs(), right.node.outputs());
        let mut scope = left.scope.beside(right.scope);
        let (left, right) = (left.node, right.node);
        if matches!(side, Side::Left | Side::Full) {
            right_columns.iter().for_each(|id| self.columns.make_nullable(*id));
        }
        if matches!(side, Side::Right | Side::Full) {
            left_columns.iter().for_each(|id| self.columns.make_nullable(*id));
        }
        let join =
            |left, right, kind, on| Node::Join { left: Box::new(left), right: Box::new(right), kind, on, mark: None };
        let apply = |kind, on| Node::Apply { left: Box::new(left.clone()), right: Box::new(right.clone()), kind, on };
        let node = match side {
            Side::Inner if lateral => apply(ApplyKind::Inner, on),
            Side::Left if lateral => apply(ApplyKind::Left, on),
            Side::Inner => join(left, right, JoinKind::Inner, on),
            Side::Left => join(left, right, JoinKind::Left, on),
            Side::Right if !free(&left).is_disjoint(&outputs(&right)) => {
                Node::Apply { left: Box::new(right), right: Box::new(left), kind: ApplyKind::Left, on }
            }
            Side::Right => join(right, left, JoinKind::Left, on),
            Side::Full => self.full_join(left, right, on),
        };
        let Some(pairs) = merged else { return Ok(From::new(node, scope)) };
        let mut computed = Vec::new();
        let mut columns = Vec::new();
        for (name, one, other) in &pairs {
            let id = match side {
                Side::Inner | Side::Left => *one,
                Side::Right => *other,
                Side::Full => {
                    let sides = vec![self.column(*one), self.column(*other)];
                    let typed = bind::function("coalesce", sides).map_err(type_refusal)?;
                    self.column_of(typed, &[], &mut computed)
                }
            };
            columns.push((name.clone(), id));
        }
        scope.columns.retain(|(name, _)| !pairs.iter().any(|(merged, ..)| merged == name));
        scope.columns.splice(0..0, columns);
        Ok(From::new(node.mapped(computed), scope))
    }

    /// One table of FROM.
    pub(super) fn factor(&mut self, factor: &TableFactor) -> Result<From> {
        let place = place_of(factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_ordinality: false,
                sample: None,
                json_path: None,
                ..
            } => self.relation(name, alias.as_ref(), place),
            TableFactor::Table { args: Some(_), .. } | TableFactor::UNNEST { .. } | TableFactor::Function { .. } => {
                self.table_function(factor, place)
            }
            TableFactor::Derived { subquery, alias, sample: None, .. } => {
                let bound = self.query(subquery)?;
                let order = bound.order.clone();
                let (node, columns) = self.settled(bound)?;
                // Postgres asks for an alias up to version 15.
                let name = alias.as_ref().map(|alias| fold(&alias.name)).ok_or_else(|| {
                    Refusal::new(Code::Syntax, "a subquery in FROM must have an alias")
                        .at(place)
                        .hint("write (SELECT …) AS name")
                })?;
                let columns = aliased(columns, alias.as_ref(), place)?;
                let table = ScopeTable { name, schema: None, columns, key: None, witness: None };
                Ok(From { node, scope: Scope::table(table), order })
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let mut from = self.nested(|this| this.joined(None, table_with_joins))?;
                if let Some(alias) = alias {
                    let columns = aliased(from.scope.columns.clone(), Some(alias), place)?;
                    let name = fold(&alias.name);
                    from.scope = Scope::table(ScopeTable { name, schema: None, columns, key: None, witness: None });
                }
                Ok(from)
            }
            _ => Err(Refusal::new(Code::Unsupported, "this kind of table in FROM is not kept").at(place)),
        }
    }

    /// A name of WITH, a table or a view.
    fn relation(&mut self, name: &ObjectName, alias: Option<&TableAlias>, place: Option<Place>) -> Result<From> {
        let parts = parts(name).unwrap_or_default();
        if let [only] = parts.as_slice()
            && let Some(meaning) = self.ctes.iter().rev().find_map(|frame| frame.get(only)).cloned()
        {
            let (node, columns) = self.nested(|this| this.cte_rows(only, &meaning))?;
            let columns = aliased(columns, alias, place)?;
            let name = alias.map_or_else(|| only.clone(), |alias| fold(&alias.name));
            let table = ScopeTable { name, schema: None, columns, key: None, witness: None };
            return Ok(From::new(node, Scope::table(table)));
        }
        let Some(unresolved) = UnresolvedName::from_parts(&parts) else {
            return Err(Refusal::new(Code::UnknownTable, format!("\"{name}\" is not a name of a table")).at(place));
        };
        let relation = self.names.resolve(&unresolved).map_err(|refusal| refusal.at(place))?;
        let ids: Vec<Id> = relation
            .columns
            .iter()
            .zip(&relation.collations)
            .map(|(column, collation)| {
                self.columns.add_collated(column.sql_type.clone(), column.nullable, collation.clone())
            })
            .collect();
        let columns = relation.columns.iter().map(|column| column.name.to_string()).zip(ids.iter().copied()).collect();
        let is_table = matches!(relation.name, RelationName::Table(_));
        let key: Option<Vec<Id>> = relation.key.as_ref().map(|key| key.iter().map(|column| ids[*column]).collect());
        let never_null = relation.columns.iter().position(|column| !column.nullable);
        let table = ScopeTable {
            name: alias.map_or_else(|| unresolved.table.to_string(), |alias| fold(&alias.name)),
            schema: if alias.is_none() { unresolved.schema.as_ref().map(ToString::to_string) } else { None },
            columns: aliased(columns, alias, place)?,
            key: key.filter(|key| is_table && !key.is_empty()),
            witness: never_null.map(|column| ids[column]),
        };
        Ok(From::new(Node::Scan { relation, columns: ids }, Scope::table(table)))
    }
}

/// The columns under the names of an alias.
pub(super) fn aliased(
    mut columns: Vec<(String, Id)>,
    alias: Option<&TableAlias>,
    place: Option<Place>,
) -> Result<Vec<(String, Id)>> {
    let Some(alias) = alias else { return Ok(columns) };
    if alias.columns.len() > columns.len() {
        let message = format!(
            "table \"{}\" has {} columns available but {} columns specified",
            fold(&alias.name),
            columns.len(),
            alias.columns.len()
        );
        return Err(Refusal::new(Code::UnknownColumn, message).at(place));
    }
    for (column, written) in columns.iter_mut().zip(&alias.columns) {
        column.0 = fold(&written.name);
    }
    Ok(columns)
}

/// Functions see what stands before them by themselves, derived tables when they say so.
fn is_lateral(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Derived { lateral, .. } => *lateral,
        TableFactor::Table { args, .. } => args.is_some(),
        TableFactor::UNNEST { .. } | TableFactor::Function { .. } => true,
        _ => false,
    }
}

fn refuse_same_names(left: &Scope, right: &Scope, place: Option<Place>) -> Result<()> {
    let same = |one: &&ScopeTable| left.tables.iter().any(|other| one.name == other.name && one.schema == other.schema);
    match right.tables.iter().find(same) {
        Some(table) => {
            Err(Refusal::new(Code::AmbiguousTable, format!("table name \"{}\" specified more than once", table.name))
                .at(place)
                .hint("give one of them an alias"))
        }
        None => Ok(()),
    }
}
