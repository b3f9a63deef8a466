//! The walk: each node is asked for columns and answers with itself, narrowed, and the columns that it still has.

use tailwater_connectors::SqlType;

use super::grouping::{prune_aggregate, prune_distinct};
use super::join::prune_join;
use super::order::{prune_top_n, prune_window, repeated};
use super::projection::{exact, exactly, simplified};
use crate::engine::plan::{Plan, TableCall};
use crate::engine::scalar::Scalar;
use crate::sql::keys::{Key, Relations, width};
use crate::sql::scalars::{columns_met, columns_of, moved, replaced_all, replaced_table_call};

/// The same rows with all columns, from inputs that have only what is used.
pub(in crate::sql) fn pruned(plan: Plan, relations: &Relations) -> Plan {
    let all = (0..width(&plan)).collect();
    let known = Known { relations, repeated: repeated(&plan, relations) };
    let pruned = prune(plan, &all, &known);
    simplified(exactly(pruned, &all))
}

/// What is known while a plan is pruned.
pub(super) struct Known<'a> {
    pub(super) relations: &'a Relations,
    /// Nodes that stand in the plan more than once and choose among rows that their order does not tell apart.
    pub(super) repeated: Vec<Plan>,
}

/// A plan that has some of the columns that it had.
pub(super) struct Pruned {
    pub(super) plan: Plan,
    /// Which, in its order; all that were asked for and maybe more.
    pub(super) kept: Vec<usize>,
    /// Their types.
    pub(super) types: Vec<SqlType>,
}

impl Pruned {
    pub(super) fn place(&self, column: usize) -> usize {
        self.kept.iter().position(|&kept| kept == column).expect("a column that is read was asked for")
    }

    pub(super) fn moved(&self, scalar: &Scalar) -> Scalar {
        moved(scalar, &|column| self.place(column))
    }

    pub(super) fn column(&self, column: usize) -> Scalar {
        Scalar::Column(self.place(column))
    }
}

pub(super) fn prune(plan: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    let kept: Vec<usize> = needed.iter().copied().collect();
    match plan {
        Plan::Scan { relation, columns } => {
            let schema = known.relations.get(&relation).expect("scanned relations are known");
            let columns: Vec<usize> = kept.iter().map(|&column| columns[column]).collect();
            let types = columns.iter().map(|&column| schema.columns[column].sql_type.clone()).collect();
            Pruned { plan: Plan::Scan { relation, columns }, kept, types }
        }
        Plan::Values { rows, types } => {
            let rows = rows.iter().map(|row| row.project(&kept)).collect();
            let types = chosen(&types, &kept);
            Pruned { plan: Plan::Values { rows, types: types.clone() }, kept, types }
        }
        Plan::Project { input, expressions, types } => {
            let read: Key = needed.iter().flat_map(|&column| columns_of(&expressions[column])).collect();
            let input = prune(*input, &read, known);
            let expressions = kept.iter().map(|&column| input.moved(&expressions[column])).collect();
            let types = chosen(&types, &kept);
            let plan = Plan::Project { input: Box::new(input.plan), expressions, types: types.clone() };
            Pruned { plan: simplified(plan), kept, types }
        }
        Plan::Expand { input, projections, types } => prune_expand((*input, projections, types), needed, known),
        Plan::Filter { input, predicate } => {
            let read = needed.iter().copied().chain(columns_of(&predicate)).collect();
            let input = prune(*input, &read, known);
            let predicate = input.moved(&predicate);
            Pruned { plan: Plan::Filter { input: Box::new(input.plan), predicate }, ..input }
        }
        Plan::Flatten { .. } => prune_flatten(plan, needed, known),
        Plan::Join { inputs } => prune_join(inputs, needed, known),
        Plan::Aggregate { .. } => prune_aggregate(plan, needed, known),
        Plan::Distinct { input } => prune_distinct(*input, needed, known),
        Plan::TopN { .. } => prune_top_n(plan, needed, known),
        Plan::Window { .. } => prune_window(plan, needed, known),
        Plan::UnionAll { inputs } => {
            let branches: Vec<Pruned> =
                inputs.into_iter().map(|input| exact(prune(input, needed, known), needed)).collect();
            let types = branches.first().map(|branch| branch.types.clone()).unwrap_or_default();
            let inputs = branches.into_iter().map(|branch| branch.plan).collect();
            Pruned { plan: Plan::UnionAll { inputs }, kept, types }
        }
        Plan::SetOperation { left, right, operator, all } => {
            let left = whole(*left, known);
            let right = whole(*right, known);
            let plan = Plan::SetOperation { left: Box::new(left.plan), right: Box::new(right.plan), operator, all };
            Pruned { plan, ..left }
        }
        // Rows of all rounds are compared and handed on as they are: the columns stay.
        Plan::Recursion { id, base, step, distinct, types } => {
            let (base, step) = (whole(*base, known), whole(*step, known));
            let (base, step) = (Box::new(base.plan), Box::new(step.plan));
            let kept = (0..types.len()).collect();
            Pruned { plan: Plan::Recursion { id, base, step, distinct, types: types.clone() }, kept, types }
        }
        Plan::Round { id, types } => {
            Pruned { kept: (0..types.len()).collect(), plan: Plan::Round { id, types: types.clone() }, types }
        }
    }
}

/// All columns, in their order.
pub(super) fn whole(plan: Plan, known: &Known<'_>) -> Pruned {
    let all: Key = (0..width(&plan)).collect();
    exact(prune(plan, &all, known), &all)
}

pub(super) fn chosen(types: &[SqlType], columns: &[usize]) -> Vec<SqlType> {
    columns.iter().map(|&column| types[column].clone()).collect()
}

fn prune_expand(
    (input, projections, types): (Plan, Vec<Vec<Scalar>>, Vec<SqlType>),
    needed: &Key,
    known: &Known<'_>,
) -> Pruned {
    let kept: Vec<usize> = needed.iter().copied().collect();
    let narrowed: Vec<Vec<Scalar>> = projections
        .into_iter()
        .map(|expressions| kept.iter().map(|&column| expressions[column].clone()).collect())
        .collect();
    let read: Key = narrowed.iter().flatten().flat_map(columns_of).collect();
    let input = prune(input, &read, known);
    let place = |column: usize| input.column(column);
    let projections = narrowed.iter().map(|expressions| replaced_all(expressions, &place)).collect();
    let types = chosen(&types, &kept);
    let plan = Plan::Expand { projections, types: types.clone(), input: Box::new(input.plan) };
    Pruned { plan, kept, types }
}

/// What the calls answer stays, because it makes the rows; the number of the row does not.
fn prune_flatten(plan: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    let Plan::Flatten { input, calls, ordinality, keeps_empty } = plan else {
        unreachable!("called for set-returning functions");
    };
    let width = width(&input);
    let made: Vec<SqlType> = calls.iter().flat_map(|call| call.types.iter().cloned()).collect();
    let arguments = columns_met(|column| calls.iter().for_each(|call| drop(replaced_table_call(call, column))));
    let read = needed.range(..width).copied().chain(arguments).collect();
    let input = prune(*input, &read, known);
    let calls: Vec<TableCall> =
        calls.iter().map(|call| replaced_table_call(call, &|column| input.column(column))).collect();
    let number = width + made.len();
    let ordinality = ordinality && needed.contains(&number);
    let end = number + usize::from(ordinality);
    let kept = input.kept.iter().copied().chain(width..end).collect();
    let types = input.types.into_iter().chain(made).chain(ordinality.then_some(SqlType::Int8)).collect();
    let plan = Plan::Flatten { input: Box::new(input.plan), calls, ordinality, keeps_empty };
    Pruned { plan, kept, types }
}
