//! Nodes of the logical plan.

use std::sync::Arc;

use datafusion_common::JoinType;
use datafusion_expr::expr::AggregateFunction as AggregateExpression;
use datafusion_expr::logical_plan::{Aggregate, Distinct, Filter, Join, Projection, SubqueryAlias, TableScan, Values};
use datafusion_expr::{Expr, LogicalPlan};
use tailwater_connectors::SqlType;

use super::super::catalog::TextRules;
use super::super::error::{Code, Refusal, Result};
use super::super::frontend::RelationSource;
use super::super::relation::{Bound, Node, OutputColumn};
use super::super::stub::AggregateStub;
use super::expression::{Columns, internal, settled, type_refusal};
use super::union;
use crate::engine::plan::{AggregateCall, AggregateFunction, JoinKind};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// Binds one view.
pub(in crate::sql) struct Binder {
    /// How text is treated in all relations of the view.
    pub(in crate::sql) text: TextRules,
}

impl Binder {
    /// The whole query; no column is of open type.
    pub(in crate::sql) fn query(&self, plan: &LogicalPlan) -> Result<Bound> {
        settle(self.node(plan)?)
    }

    pub(super) fn node(&self, plan: &LogicalPlan) -> Result<Bound> {
        match plan {
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::TableScan(scan) => scan_of(scan),
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => settle(self.node(input)?),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = settle(self.node(input)?)?;
                input.columns.iter().try_for_each(|column| refuse_without_equality(&column.sql_type))?;
                Ok(Bound { columns: input.columns.clone(), node: Node::Distinct(Box::new(input)) })
            }
            LogicalPlan::Union(union) => {
                let inputs = union.inputs.iter().map(|input| self.node(input)).collect::<Result<Vec<_>>>()?;
                union::union_all(inputs)
            }
            LogicalPlan::Values(values) => self.values(values),
            LogicalPlan::EmptyRelation(empty) => {
                let rows = if empty.produce_one_row { vec![Vec::new()] } else { Vec::new() };
                Ok(Bound { node: Node::Values(rows), columns: Vec::new() })
            }
            // Views have no order; the text's ORDER BY was taken out before.
            LogicalPlan::Sort(sort) => self.node(&sort.input),
            other => Err(internal(&format!("a plan node of DataFusion: {}", other.display()))),
        }
    }

    fn columns<'a>(&self, plan: &'a LogicalPlan, columns: &'a [OutputColumn]) -> Columns<'a> {
        Columns { schema: plan.schema(), columns, text: self.text }
    }

    fn projection(&self, projection: &Projection) -> Result<Bound> {
        let input = self.node(&projection.input)?;
        let columns = self.columns(&projection.input, &input.columns);
        let expressions = projection.expr.iter().map(|expression| columns.typed(expression));
        let expressions = expressions.collect::<Result<Vec<_>>>()?;
        Ok(project(input, expressions))
    }

    fn filter(&self, filter: &Filter) -> Result<Bound> {
        let input = self.node(&filter.input)?;
        let mut conjuncts = Vec::new();
        self.columns(&filter.input, &input.columns).conjuncts(&filter.predicate, &mut conjuncts)?;
        Ok(Bound { columns: input.columns.clone(), node: Node::Filter { input: Box::new(input), conjuncts } })
    }

    fn join(&self, join: &Join) -> Result<Bound> {
        let (left, right) = (self.node(&join.left)?, self.node(&join.right)?);
        let both: Vec<_> = left.columns.iter().chain(&right.columns).cloned().collect();
        let columns = Columns { schema: &join.schema, columns: &both, text: self.text };
        let mut conjuncts = Vec::new();
        if !join.on.is_empty() {
            return Err(internal("a join with keys of DataFusion's own"));
        }
        if let Some(condition) = &join.filter {
            columns.conjuncts(condition, &mut conjuncts)?;
        }
        match join.join_type {
            JoinType::Inner => Ok(joined(left, right, JoinKind::Inner, conjuncts)),
            JoinType::Left => Ok(joined(left, right, JoinKind::Left, conjuncts)),
            JoinType::Right => {
                // The other way round, with the columns put back.
                let (width, shift) = (left.columns.len(), right.columns.len());
                let swapped = |column: usize| if column < width { column + shift } else { column - width };
                let replace = |column: usize| Scalar::Column(swapped(column));
                let conjuncts = conjuncts.iter().map(|conjunct| conjunct.replaced(&replace)).collect();
                let joined = joined(right, left, JoinKind::Left, conjuncts);
                let order: Vec<usize> = (0..width + shift).map(swapped).collect();
                Ok(picked(joined, &order))
            }
            other => Err(Refusal::new(Code::FullJoin, format!("{other} join is not kept"))),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Bound> {
        let input = self.node(&aggregate.input)?;
        let columns = self.columns(&aggregate.input, &input.columns);
        let mut group = Vec::new();
        let mut output = Vec::new();
        for expression in &aggregate.group_expr {
            if matches!(expression, Expr::GroupingSet(_)) {
                return Err(Refusal::new(Code::GroupingSets, "GROUPING SETS, ROLLUP and CUBE are not kept"));
            }
            let typed = settled(columns.typed(expression)?)?;
            refuse_without_equality(&typed.sql_type)?;
            output.push(output_column(&typed, &input.columns));
            group.push(typed);
        }
        let mut aggregates = Vec::new();
        for expression in &aggregate.aggr_expr {
            let call = call_of(expression).ok_or_else(|| internal("an aggregate that is no stub"))?;
            let call = self.call(call, &columns)?;
            let nullable = call.function != AggregateFunction::Count;
            output.push(OutputColumn { sql_type: call.result_type.clone(), nullable });
            aggregates.push(call);
        }
        let node = Node::Aggregate { input: Box::new(input), group, aggregates };
        Ok(Bound { node, columns: output })
    }

    fn call(&self, call: &AggregateExpression, columns: &Columns<'_>) -> Result<AggregateCall> {
        let Some(stub) = call.func.inner().downcast_ref::<AggregateStub>() else {
            return Err(internal("an aggregate that is no stub"));
        };
        let function = stub.written.function;
        let typed = |expression: &Expr| settled(columns.typed(expression)?);
        let argument = call.params.args.first().map(typed).transpose().map_err(|refusal| refusal.at(stub.place))?;
        if let Some(argument) = &argument
            && matches!(function, AggregateFunction::Min | AggregateFunction::Max)
        {
            columns
                .refuse_text_order(std::slice::from_ref(argument), &call.params.args)
                .map_err(|refusal| refusal.at(stub.place))?;
        }
        if let Some(argument) = argument.as_ref().filter(|_| call.params.distinct) {
            refuse_without_equality(&argument.sql_type).map_err(|refusal| refusal.at(stub.place))?;
        }
        let filter = call.params.filter.as_ref().map(|filter| columns.condition(filter)).transpose()?;
        bind::aggregate_call(bind::WrittenAggregate {
            name: format!("{function:?}").to_lowercase(),
            star: argument.is_none(),
            arguments: argument.into_iter().collect(),
            distinct: call.params.distinct,
            filter,
            order: Vec::new(),
            within_group: false,
        })
        .map_err(|error| type_refusal(error).at(stub.place))
    }

    fn values(&self, values: &Values) -> Result<Bound> {
        let empty = datafusion_common::DFSchema::empty();
        let columns = Columns { schema: &empty, columns: &[], text: self.text };
        let rows = values
            .values
            .iter()
            .map(|row| row.iter().map(|cell| columns.typed(cell)).collect::<Result<Vec<_>>>())
            .collect::<Result<Vec<_>>>()?;
        union::values(rows)
    }
}

/// Grouping and DISTINCT compare values.
fn refuse_without_equality(sql_type: &SqlType) -> Result<()> {
    let side = || Typed { scalar: Scalar::Column(0), sql_type: sql_type.clone() };
    match bind::operator("=", vec![side(), side()]) {
        Ok(_) => Ok(()),
        Err(_) => {
            let message = format!("could not identify an equality operator for type {sql_type}");
            Err(Refusal::new(Code::Types, message).hint("leave the column out, or cast it to text"))
        }
    }
}

fn call_of(expression: &Expr) -> Option<&AggregateExpression> {
    match expression {
        Expr::Alias(alias) => call_of(&alias.expr),
        Expr::AggregateFunction(call) => Some(call),
        _ => None,
    }
}

fn scan_of(scan: &TableScan) -> Result<Bound> {
    let Some(source) = scan.source.downcast_ref::<RelationSource>() else {
        return Err(internal("a table that is none of ours"));
    };
    let columns = source
        .relation
        .columns
        .iter()
        .map(|column| OutputColumn { sql_type: column.sql_type.clone(), nullable: column.nullable });
    Ok(Bound { columns: columns.collect(), node: Node::Scan(Arc::clone(&source.relation)) })
}

fn joined(left: Bound, right: Bound, kind: JoinKind, conjuncts: Vec<super::super::relation::Conjunct>) -> Bound {
    let mut columns = left.columns.clone();
    columns.extend(
        right
            .columns
            .iter()
            .map(|column| OutputColumn { nullable: column.nullable || kind == JoinKind::Left, ..column.clone() }),
    );
    Bound { columns, node: Node::Join { left: Box::new(left), right: Box::new(right), kind, conjuncts } }
}

fn output_column(typed: &Typed, input: &[OutputColumn]) -> OutputColumn {
    let nullable = match &typed.scalar {
        Scalar::Column(index) => input.get(*index).is_none_or(|column| column.nullable),
        Scalar::Literal(value) => value.is_null(),
        Scalar::IsNull(_) => false,
        _ => true,
    };
    OutputColumn { sql_type: typed.sql_type.clone(), nullable }
}

/// A projection over `input`.
pub(super) fn project(input: Bound, expressions: Vec<Typed>) -> Bound {
    let columns = expressions.iter().map(|typed| output_column(typed, &input.columns)).collect();
    Bound { node: Node::Project { input: Box::new(input), expressions }, columns }
}

/// Some columns of `input`, in another order.
fn picked(input: Bound, order: &[usize]) -> Bound {
    let pick =
        |&index: &usize| Typed { scalar: Scalar::Column(index), sql_type: input.columns[index].sql_type.clone() };
    let expressions = order.iter().map(pick).collect();
    project(input, expressions)
}

/// Gives columns of open type the type text.
fn settle(bound: Bound) -> Result<Bound> {
    if bound.columns.iter().all(|column| column.sql_type != SqlType::Unknown) {
        return Ok(bound);
    }
    let (input, expressions) = union::split(bound);
    let expressions = expressions.into_iter().map(settled).collect::<Result<Vec<_>>>()?;
    Ok(project(input, expressions))
}
