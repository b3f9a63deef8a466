//! GROUP BY with GROUPING SETS, ROLLUP and CUBE: the rows of the level become groups.

use sqlparser::ast::{Expr, Function, GroupByExpr, Select};
use tailwater_connectors::{SqlType, Value};

use super::super::columns::Id;
use super::super::error::{Code, Refusal, Result};
use super::super::names::fold;
use super::super::node::Node;
use super::super::place::place_of;
use super::super::rename::fresh_copy;
use super::super::scalars::replaced_call;
use super::binder::{Binder, internal, settled};
use super::collect::is_plain;
use super::level::{Clause, Grouped, GroupingSets};
use super::order::ordinal;
use super::select::Item;
use super::set::refuse_without_equality;
use crate::engine::plan::{AggregateCall, AggregateFunction};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::Typed;

/// GROUPING SETS of one SELECT; ROLLUP of 12 columns has 13, CUBE 4,096.
const SETS_MAX: usize = 4_096;

/// The grouped expressions, and which of them are in each set.
#[derive(Default)]
struct Grouping {
    expressions: Vec<Typed>,
    /// Those with subqueries as they are written: bound twice, they would be two columns.
    written: Vec<(Expr, usize)>,
    sets: Vec<Vec<usize>>,
}

type Calls = Vec<(Id, AggregateCall)>;

impl Binder<'_> {
    /// Groups the rows of the level.
    pub(super) fn group(&mut self, select: &Select, items: &[Item<'_>], aggregates: Vec<Function>) -> Result<()> {
        let grouping = self.in_clause(Clause::GroupBy, |this| this.grouping(&select.group_by, items))?;
        let mut ids = Vec::new();
        for typed in &grouping.expressions {
            refuse_without_equality(&typed.sql_type)?;
            ids.push(self.materialised(typed.clone())?);
        }
        let mut calls: Calls = Vec::new();
        let mut written = Vec::new();
        for function in aggregates {
            let call = self.in_clause(Clause::Aggregate, |this| this.aggregate(&function))?;
            let nullable = !matches!(call.function, AggregateFunction::Count | AggregateFunction::RegrCount);
            let id = self.columns.add(call.result_type.clone(), nullable);
            calls.push((id, call));
            written.push((function, id));
        }
        let grouped = match grouping.sets.as_slice() {
            [_] => self.plain_groups((&grouping, ids), calls)?,
            _ => self.grouping_sets((&grouping, &ids), calls)?,
        };
        let to: std::collections::BTreeMap<Id, Id> = grouped.1;
        let aggregates = written.into_iter().map(|(function, id)| (function, to.get(&id).copied().unwrap_or(id)));
        let aggregates = aggregates.collect();
        let shown = |place: usize| grouped.0.expressions.get(place).map(|(_, id)| *id);
        let written = grouping.written.iter().filter_map(|(written, place)| Some((written.clone(), shown(*place)?)));
        let grouped = Grouped { aggregates, written: written.collect(), ..grouped.0 };
        self.level()?.grouped = Some(grouped);
        Ok(())
    }

    /// One set: the columns of a table whose primary key is grouped by can be referred to as well.
    fn plain_groups(
        &mut self,
        (grouping, ids): (&Grouping, Vec<Id>),
        calls: Calls,
    ) -> Result<(Grouped, std::collections::BTreeMap<Id, Id>)> {
        let expressions = grouping.expressions.iter().map(|typed| typed.scalar.clone()).zip(ids.iter().copied());
        let expressions = expressions.collect();
        let mut group: Vec<Id> = Vec::new();
        for id in ids {
            if !group.contains(&id) {
                group.push(id);
            }
        }
        let level = self.level()?;
        for table in &level.scope.tables {
            if table.key.as_ref().is_some_and(|key| key.iter().all(|id| group.contains(id))) {
                let more: Vec<Id> = table.columns.iter().map(|(_, id)| *id).filter(|id| !group.contains(id)).collect();
                group.extend(more);
            }
        }
        let columns = group.iter().map(|id| (*id, *id)).collect();
        level.change(|input| Node::Aggregate { input: Box::new(input), group, calls });
        Ok((Grouped { columns, expressions, ..Grouped::default() }, std::collections::BTreeMap::new()))
    }

    /// Several sets: each row once per set, with nulls for what is not in it; the empty set is a row of its own.
    fn grouping_sets(
        &mut self,
        (grouping, ids): (&Grouping, &[Id]),
        calls: Calls,
    ) -> Result<(Grouped, std::collections::BTreeMap<Id, Id>)> {
        let shown: Vec<Id> = ids.iter().map(|id| self.columns.add(self.columns.sql_type(*id).clone(), true)).collect();
        let set = self.columns.add(SqlType::Int4, false);
        let number = |number: usize| Scalar::Literal(Value::Int(number as i64));
        let is_member = |set: &Vec<usize>, place: usize| set.contains(&place);
        let input = std::mem::replace(&mut self.level()?.node, Node::one_row());
        let mut branches: Vec<(Node, Vec<Id>)> = Vec::new();
        let all: Vec<Id> = shown.iter().copied().chain([set]).chain(calls.iter().map(|(id, _)| *id)).collect();
        for (place, _) in grouping.sets.iter().enumerate().filter(|(_, set)| set.is_empty()) {
            let (copy, fresh) = fresh_copy(&input, &mut self.columns);
            let to = |id: Id| Scalar::Column(fresh.get(&id).copied().unwrap_or(id));
            let own: Calls =
                calls.iter().map(|(id, call)| (self.columns.like(*id), replaced_call(call, &to))).collect();
            let ids: Vec<Id> = own.iter().map(|(id, _)| *id).collect();
            let groups = Node::Aggregate { input: Box::new(copy), group: Vec::new(), calls: own };
            let nulls: Vec<Id> = shown.iter().map(|id| self.columns.like(*id)).collect();
            let own_set = self.columns.like(set);
            let computed = nulls.iter().map(|id| (*id, Scalar::Literal(Value::Null))).chain([(own_set, number(place))]);
            let node = groups.mapped(computed.collect());
            branches.push((node, nulls.into_iter().chain([own_set]).chain(ids).collect()));
        }
        let filled: Vec<usize> = (0..grouping.sets.len()).filter(|place| !grouping.sets[*place].is_empty()).collect();
        if !filled.is_empty() {
            let list = |place: &usize| {
                let cell = |(number, id): (usize, &Id)| match is_member(&grouping.sets[*place], number) {
                    true => Scalar::Column(*id),
                    false => Scalar::Literal(Value::Null),
                };
                ids.iter().enumerate().map(cell).chain([number(*place)]).collect()
            };
            let lists = filled.iter().map(list).collect();
            let columns = shown.iter().copied().chain([set]).collect::<Vec<_>>();
            let expanded = Node::Expand { input: Box::new(input), lists, columns: columns.clone() };
            branches.insert(0, (Node::Aggregate { input: Box::new(expanded), group: columns, calls }, all.clone()));
        }
        let mut to = std::collections::BTreeMap::new();
        let node = match branches.len() {
            1 if !filled.is_empty() => branches.remove(0).0,
            _ => {
                let columns: Vec<Id> = all.iter().map(|id| self.columns.like(*id)).collect();
                to.extend(all.iter().copied().zip(columns.iter().copied()));
                Node::UnionAll { inputs: branches, columns }
            }
        };
        let moved = |id: Id| to.get(&id).copied().unwrap_or(id);
        let expressions: Vec<Scalar> = grouping.expressions.iter().map(|typed| typed.scalar.clone()).collect();
        let members = |set: &Vec<usize>| (0..ids.len()).map(|place| is_member(set, place)).collect();
        let grouped = Grouped {
            columns: ids.iter().copied().zip(shown.iter().map(|id| moved(*id))).collect(),
            expressions: expressions.iter().cloned().zip(shown.iter().map(|id| moved(*id))).collect(),
            aggregates: Vec::new(),
            written: Vec::new(),
            sets: Some(GroupingSets {
                set: moved(set),
                members: grouping.sets.iter().map(members).collect(),
                expressions,
            }),
        };
        self.level()?.node = node;
        Ok((grouped, to))
    }

    fn grouping(&mut self, clause: &GroupByExpr, items: &[Item<'_>]) -> Result<Grouping> {
        let GroupByExpr::Expressions(written, modifiers) = clause else {
            return Err(Refusal::new(Code::Unsupported, "GROUP BY ALL is not SQL of Postgres"));
        };
        if !modifiers.is_empty() {
            return Err(Refusal::new(Code::Unsupported, "modifiers of GROUP BY are not SQL of Postgres"));
        }
        let mut grouping = Grouping { sets: vec![Vec::new()], ..Grouping::default() };
        for element in written {
            let alternatives = self.grouping_element(element, items, &mut grouping)?;
            let mut sets = Vec::new();
            for set in &grouping.sets {
                for alternative in &alternatives {
                    let mut longer = set.clone();
                    longer.extend(alternative.iter().filter(|place| !set.contains(place)));
                    sets.push(longer);
                }
            }
            if sets.len() > SETS_MAX {
                return Err(
                    Refusal::new(Code::TooLarge, format!("more than {SETS_MAX} grouping sets")).at(place_of(element))
                );
            }
            grouping.sets = sets;
        }
        Ok(grouping)
    }

    /// The sets that one element of GROUP BY stands for.
    fn grouping_element(
        &mut self,
        element: &Expr,
        items: &[Item<'_>],
        grouping: &mut Grouping,
    ) -> Result<Vec<Vec<usize>>> {
        match element {
            Expr::Tuple(parts) => Ok(vec![self.grouped_list(parts, items, grouping)?]),
            Expr::GroupingSets(sets) => {
                let mut alternatives = Vec::new();
                for set in sets {
                    match set.as_slice() {
                        [nested @ (Expr::GroupingSets(_) | Expr::Rollup(_) | Expr::Cube(_))] => {
                            alternatives.extend(self.grouping_element(nested, items, grouping)?);
                        }
                        parts => alternatives.push(self.grouped_list(parts, items, grouping)?),
                    }
                }
                Ok(alternatives)
            }
            Expr::Rollup(parts) => {
                let parts =
                    parts.iter().map(|part| self.grouped_list(part, items, grouping)).collect::<Result<Vec<_>>>()?;
                Ok((0..=parts.len()).rev().map(|count| parts[..count].concat()).collect())
            }
            Expr::Cube(parts) => {
                let parts =
                    parts.iter().map(|part| self.grouped_list(part, items, grouping)).collect::<Result<Vec<_>>>()?;
                if parts.len() > SETS_MAX.ilog2() as usize {
                    return Err(Refusal::new(Code::TooLarge, format!("more than {SETS_MAX} grouping sets")));
                }
                let count = parts.len();
                let chosen = |bits: usize| (0..count).filter(move |place| bits & (1 << (count - 1 - place)) != 0);
                let set = |bits: usize| chosen(bits).flat_map(|place| parts[place].clone()).collect();
                Ok((0..1usize << parts.len()).rev().map(set).collect())
            }
            other => Ok(vec![vec![self.grouped_expression(other, items, grouping)?]]),
        }
    }

    fn grouped_list(&mut self, parts: &[Expr], items: &[Item<'_>], grouping: &mut Grouping) -> Result<Vec<usize>> {
        let mut places = Vec::new();
        for part in parts {
            let inner = if let Expr::Tuple(inner) = part { inner.as_slice() } else { std::slice::from_ref(part) };
            for part in inner {
                let place = self.grouped_expression(part, items, grouping)?;
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Ok(places)
    }

    /// The place of an expression among the grouped ones: by number, input column, output name or as it is.
    fn grouped_expression(&mut self, written: &Expr, items: &[Item<'_>], grouping: &mut Grouping) -> Result<usize> {
        let item = self.output_meant(written, items)?;
        let written = item.map_or(Some(written), Item::written);
        let subqueried = written.filter(|written| !is_plain(written));
        if let Some((_, known)) = grouping.written.iter().find(|(known, _)| Some(known) == subqueried) {
            return Ok(*known);
        }
        let typed = match (item, written) {
            (Some(item), _) => self.item(item)?,
            (None, Some(written)) => self.expression(written)?,
            (None, None) => return Err(internal("GROUP BY nothing")),
        };
        let typed = settled(typed)?;
        // Nulls of two types are two columns.
        let same = |known: &Typed| known.scalar == typed.scalar && known.sql_type == typed.sql_type;
        if let Some(known) = grouping.expressions.iter().position(same) {
            return Ok(known);
        }
        grouping.expressions.push(typed);
        let place = grouping.expressions.len() - 1;
        grouping.written.extend(subqueried.map(|written| (written.clone(), place)));
        Ok(place)
    }

    fn output_meant<'i, 'e>(&self, written: &Expr, items: &'i [Item<'e>]) -> Result<Option<&'i Item<'e>>> {
        if let Some(number) = ordinal(written, items.len(), "GROUP BY")? {
            return Ok(Some(&items[number]));
        }
        let Expr::Identifier(name) = written else { return Ok(None) };
        let name = fold(name);
        let level = self.levels.last().ok_or_else(|| internal("GROUP BY outside a SELECT"))?;
        match level.scope.column(&name) {
            super::scope::Found::Nothing => Ok(items.iter().find(|item| item.name == name)),
            _ => Ok(None),
        }
    }

    /// `grouping(a, b)`: a bit for each argument that is not in the row's set.
    pub(super) fn grouping_call(&mut self, written: &[&Expr]) -> Result<Typed> {
        let grouped = self.level()?.grouped.take();
        let scalars =
            written.iter().map(|part| Ok(settled(self.expression(part)?)?.scalar)).collect::<Result<Vec<_>>>();
        self.level()?.grouped.clone_from(&grouped);
        let (scalars, grouped) = (scalars?, grouped.unwrap_or_default());
        let unknown = || {
            Refusal::new(
                Code::Grouping,
                "arguments to GROUPING must be grouping expressions of the associated query level",
            )
        };
        let Some(GroupingSets { set, members, expressions }) = grouped.sets else {
            let known = |scalar: &Scalar| grouped.expressions.iter().any(|(grouped, _)| grouped == scalar);
            return if scalars.iter().all(known) {
                Ok(Typed { scalar: Scalar::Literal(Value::Int(0)), sql_type: SqlType::Int4 })
            } else {
                Err(unknown())
            };
        };
        let places: Option<Vec<usize>> =
            scalars.iter().map(|scalar| expressions.iter().position(|known| known == scalar)).collect();
        let places = places.ok_or_else(unknown)?;
        let bits = |members: &Vec<bool>| places.iter().fold(0, |bits, place| bits << 1 | i64::from(!members[*place]));
        let mut branches = Vec::new();
        for (number, members) in members.iter().enumerate() {
            let sides = [Scalar::Column(set), Scalar::Literal(Value::Int(number as i64))];
            let sides = sides.map(|scalar| Typed { scalar, sql_type: SqlType::Int4 });
            let is_set =
                crate::engine::scalar::bind::operator("=", sides.into()).map_err(super::binder::type_refusal)?;
            branches.push((is_set.scalar, Scalar::Literal(Value::Int(bits(members)))));
        }
        Ok(Typed { scalar: Scalar::Case { branches, otherwise: None }, sql_type: SqlType::Int4 })
    }
}
