//! Random joins, set operations, set-returning functions and expansions, for the random plans.

use rand::Rng;
use tailwater_connectors::{SqlType, Value};

use super::fixture::{column, number, operator};
use super::oracle::types;
use super::oracle_join::{steps, twice};
use super::random_plan::Planner;
use crate::engine::plan::{SetOperator, TableCall};
use crate::engine::scalar::Typed;
use crate::engine::{JoinKind, Plan, Scalar};

impl Planner<'_> {
    pub(super) fn join_kind(&mut self) -> JoinKind {
        match self.random.random_range(0..10) {
            0..3 => JoinKind::Inner,
            3..6 => JoinKind::Left,
            6..7 => JoinKind::Semi,
            7..9 => JoinKind::Anti,
            _ => JoinKind::Mark,
        }
    }

    /// A condition of a join; one in three has no value for some rows.
    pub(super) fn residual(&mut self, both: &[SqlType]) -> Scalar {
        let numbers: Vec<usize> = (0..both.len()).filter(|place| both[*place] == SqlType::Int8).collect();
        if numbers.is_empty() || self.random.random_bool(0.5) {
            return self.predicate(both);
        }
        let mut pick = || column(numbers[self.random.random_range(0..numbers.len())], &SqlType::Int8);
        let (left, right) = (pick(), pick());
        operator("<", operator("/", left, right), number("2")).scalar
    }

    /// A plan's columns as another one's, by type.
    pub(super) fn fitted(&mut self, input: Plan, wanted: &[SqlType]) -> Plan {
        let have = types(&input, self.database);
        let pick = |sql_type: &SqlType| match have.iter().position(|other| other == sql_type) {
            Some(place) => Scalar::Column(place),
            None => Scalar::Literal(Value::Null),
        };
        let expressions = wanted.iter().map(pick).collect();
        Plan::Project { input: Box::new(input), expressions, types: wanted.to_vec() }
    }

    pub(super) fn set_operation(&mut self, depth: u32) -> Plan {
        let left = self.plan(depth - 1);
        // One column or two: else hardly a row is on both sides.
        let wanted = types(&left, self.database);
        let wanted = &wanted[..wanted.len().min(self.random.random_range(1..3))];
        let left = self.fitted(left, wanted);
        let right = self.plan(depth - 1);
        let right = self.fitted(right, wanted);
        let operator = if self.random.random_bool(0.5) { SetOperator::Intersect } else { SetOperator::Except };
        let all = self.random.random_bool(0.5);
        Plan::SetOperation { left: Box::new(left), right: Box::new(right), operator, all }
    }

    pub(super) fn flatten(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let have = types(&input, self.database);
        let place = |sql_type: SqlType| have.iter().rposition(|other| *other == sql_type);
        let argument = |place: Option<usize>| place.map_or(Scalar::Literal(Value::Null), Scalar::Column);
        let (number, text) = (argument(place(SqlType::Int8)), argument(place(SqlType::Text)));
        let mut calls =
            vec![TableCall { function: steps(), arguments: vec![number], types: vec![SqlType::Int8, SqlType::Text] }];
        if self.random.random_bool(0.5) {
            calls.push(TableCall { function: twice(), arguments: vec![text], types: vec![SqlType::Text] });
        }
        let (ordinality, keeps_empty) = (self.random.random_bool(0.5), self.random.random_bool(0.5));
        Plan::Flatten { input: Box::new(input), calls, ordinality, keeps_empty }
    }

    pub(super) fn expand(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let have = types(&input, self.database);
        let wanted: Vec<SqlType> =
            (0..self.random.random_range(1..4)).map(|place| have[place % have.len()].clone()).collect();
        let mut list = || -> Vec<Scalar> {
            let pick = |sql_type: &SqlType| {
                let fits: Vec<usize> = (0..have.len()).filter(|place| have[*place] == *sql_type).collect();
                match self.random.random_range(0..=fits.len()) {
                    chosen if chosen < fits.len() => column(fits[chosen], sql_type),
                    _ => Typed::new(Scalar::Literal(Value::Null), sql_type.clone()),
                }
            };
            wanted.iter().map(pick).map(|typed| typed.scalar).collect()
        };
        let projections = vec![list(), list(), list()];
        Plan::Expand { input: Box::new(input), projections, types: wanted }
    }
}
