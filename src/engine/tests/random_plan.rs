//! Random plans over random relations.

use rand::Rng;
use rand::rngs::StdRng;
use tailwater_connectors::{Column, Row, SqlType, Value};

use super::fixture::{column, operator};
use super::oracle::{Database, types};
use super::random_changes::random_value;
use crate::engine::scalar::{Typed, bind};
use crate::engine::{
    AggregateCall, AggregateFunction, JoinInput, JoinKey, JoinKind, Plan, RowErrorPolicy, Scalar, SortKey, ViewPlan,
};

/// Makes plans over the relations of a database (whose rows do not matter).
pub(super) struct Planner<'a> {
    pub(super) random: &'a mut StdRng,
    pub(super) database: &'a Database,
}

impl Planner<'_> {
    /// A view that has a key: whatever the plan answers, with numbers as text, counted.
    pub(super) fn view(&mut self, name: &str) -> ViewPlan {
        let plan = self.plan(2);
        let plan_types = types(&plan, self.database);
        let expressions = plan_types.iter().enumerate().map(|(place, sql_type)| match sql_type {
            SqlType::Int8 | SqlType::Text => Scalar::Column(place),
            other => Scalar::Cast { input: Box::new(Scalar::Column(place)), from: other.clone(), to: SqlType::Text },
        });
        let shown = plan_types.iter().map(|sql_type| match sql_type {
            SqlType::Int8 => SqlType::Int8,
            _ => SqlType::Text,
        });
        let mut group_types: Vec<SqlType> = shown.collect();
        let expressions = expressions.collect();
        let project = Plan::Project { input: Box::new(plan), expressions, types: group_types.clone() };
        let (plan, width) = if self.random.random_bool(0.3) {
            (Plan::Distinct { input: Box::new(project) }, group_types.len())
        } else {
            let width = group_types.len();
            let plan = Plan::Aggregate {
                input: Box::new(project),
                group: (0..width).map(Scalar::Column).collect(),
                group_types: group_types.clone(),
                aggregates: vec![call(AggregateFunction::Count, None)],
            };
            group_types.push(SqlType::Int8);
            (plan, width)
        };
        let columns = group_types.into_iter().enumerate();
        let columns =
            columns.map(|(place, sql_type)| Column { name: format!("c{place}").into(), sql_type, nullable: true });
        ViewPlan {
            name: name.into(),
            plan,
            columns: columns.collect(),
            key: (0..width).collect(),
            row_errors: RowErrorPolicy::default(),
        }
    }

    pub(super) fn plan(&mut self, depth: u32) -> Plan {
        match self.random.random_range(0..100) {
            _ if depth == 0 => self.scan(),
            0..10 => self.scan(),
            10..25 => self.filter(depth),
            25..35 => self.project(depth),
            35..60 => self.join(depth),
            60..72 => self.aggregate(depth),
            72..76 => self.distinct(depth),
            76..80 => self.set_operation(depth),
            80..83 => self.flatten(depth),
            83..85 => self.expand(depth),
            85..90 => self.top_n(depth),
            90..98 => self.window(depth),
            _ => self.union(depth),
        }
    }

    fn scan(&mut self) -> Plan {
        if self.random.random_bool(0.03) {
            let rows = vec![Row::from(vec![Value::Int(1)]), Row::from(vec![Value::Int(1)])];
            return Plan::Values { rows, types: vec![SqlType::Int8] };
        }
        let (relation, (types, _)) =
            self.database.iter().nth(self.random.random_range(0..self.database.len())).expect("relations");
        let mut columns: Vec<usize> = (0..types.len()).filter(|_| self.random.random_bool(0.75)).collect();
        if columns.is_empty() {
            columns.push(0);
        }
        if self.random.random_bool(0.2) {
            columns.reverse();
        }
        Plan::Scan { relation: relation.clone(), columns }
    }

    fn filter(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let predicate = self.residual(&types(&input, self.database));
        Plan::Filter { input: Box::new(input), predicate }
    }

    pub(super) fn predicate(&mut self, types: &[SqlType]) -> Scalar {
        let place = self.random.random_range(0..types.len());
        let left = column(place, &types[place]);
        let symbol = ["<", "=", "<>", ">="][self.random.random_range(0..4)];
        let others: Vec<usize> = (0..types.len()).filter(|other| types[*other] == types[place]).collect();
        match self.random.random_range(0..4) {
            0 => Scalar::IsNull(Box::new(left.scalar)),
            1 => Scalar::Not(Box::new(Scalar::IsNull(Box::new(left.scalar)))),
            2 if others.len() > 1 => {
                let other = others[self.random.random_range(0..others.len())];
                operator(symbol, left, column(other, &types[other])).scalar
            }
            _ => {
                let value = random_value(self.random, &types[place], false);
                let right = Typed { scalar: Scalar::Literal(value), sql_type: types[place].clone() };
                operator(symbol, left, right).scalar
            }
        }
    }

    fn project(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let input_types = types(&input, self.database);
        let computed = self.random.random_bool(0.5);
        let mut expressions = Vec::new();
        let mut shown = Vec::new();
        for _ in 0..self.random.random_range(1..4) {
            let place = self.random.random_range(0..input_types.len());
            let picked = column(place, &input_types[place]);
            let one = Typed { scalar: Scalar::Literal(Value::Int(1)), sql_type: SqlType::Int8 };
            let made = match &picked.sql_type {
                SqlType::Int8 if computed => operator("-", picked, one),
                SqlType::Text if computed => operator("||", picked, bind::cast(one, &SqlType::Text, true).unwrap()),
                _ => picked,
            };
            expressions.push(made.scalar);
            shown.push(made.sql_type);
        }
        Plan::Project { input: Box::new(input), expressions, types: shown }
    }

    fn join(&mut self, depth: u32) -> Plan {
        let count = [2, 2, 2, 3, 3, 4][self.random.random_range(0..6)];
        let mut inputs: Vec<JoinInput> = Vec::new();
        let mut before: Vec<SqlType> = Vec::new();
        for place in 0..count {
            let plan = match self.random.random_range(0..10) {
                0..6 => self.scan(),
                6..8 => {
                    let input = self.scan();
                    let predicate = self.residual(&types(&input, self.database));
                    Plan::Filter { input: Box::new(input), predicate }
                }
                _ => self.plan(depth - 1),
            };
            let own = types(&plan, self.database);
            let mut keys = Vec::new();
            for _ in 0..[1, 1, 1, 2, 3][self.random.random_range(0..5)] {
                let pairs: Vec<(usize, usize)> = (0..before.len())
                    .flat_map(|left| (0..own.len()).map(move |right| (left, right)))
                    .filter(|(left, right)| before[*left] == own[*right])
                    .collect();
                if !pairs.is_empty() && self.random.random_bool(0.95) {
                    let (before, own) = pairs[self.random.random_range(0..pairs.len())];
                    keys.push(JoinKey { before, own, null_safe: self.random.random_bool(0.25) });
                }
            }
            let first = place == 0;
            let kind = if first { JoinKind::Inner } else { self.join_kind() };
            let both: Vec<SqlType> = before.iter().cloned().chain(own.iter().cloned()).collect();
            let residual = (!first && self.random.random_bool(0.3)).then(|| self.residual(&both));
            match kind {
                JoinKind::Inner | JoinKind::Left => before.extend(own),
                JoinKind::Semi | JoinKind::Anti => {}
                JoinKind::Mark => before.push(SqlType::Bool),
            }
            inputs.push(JoinInput { plan, kind, keys, residual });
        }
        Plan::Join { inputs }
    }

    fn aggregate(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let input_types = types(&input, self.database);
        let groups: Vec<usize> = (0..input_types.len()).filter(|_| self.random.random_bool(0.4)).collect();
        let mut aggregates = vec![call(AggregateFunction::Count, None)];
        for _ in 0..self.random.random_range(0..4) {
            aggregates.push(self.call(&input_types));
        }
        let plan = Plan::Aggregate {
            input: Box::new(input),
            group_types: groups.iter().map(|place| input_types[*place].clone()).collect(),
            group: groups.into_iter().map(Scalar::Column).collect(),
            aggregates,
        };
        let shown = types(&plan, self.database);
        // What stands above compares and draws values of few types.
        let is_plain = |sql_type: &SqlType| !matches!(sql_type, SqlType::Array(_) | SqlType::Json);
        if shown.iter().all(is_plain) {
            return plan;
        }
        let expressions = shown.iter().enumerate().map(|(place, sql_type)| match is_plain(sql_type) {
            true => Scalar::Column(place),
            false => bind::cast(column(place, sql_type), &SqlType::Text, true).unwrap().scalar,
        });
        let expressions = expressions.collect();
        let plain = shown.iter().map(|sql_type| if is_plain(sql_type) { sql_type.clone() } else { SqlType::Text });
        Plan::Project { input: Box::new(plan), expressions, types: plain.collect() }
    }

    fn call(&mut self, input_types: &[SqlType]) -> AggregateCall {
        let base = |sql_type: &SqlType| {
            matches!(sql_type, SqlType::Int8 | SqlType::Text | SqlType::Numeric(_) | SqlType::Float8)
        };
        let places: Vec<usize> = (0..input_types.len()).filter(|place| base(&input_types[*place])).collect();
        let Some(&place) = places.get(self.random.random_range(0..places.len().max(1))) else {
            return call(AggregateFunction::Count, None);
        };
        let sql_type = &input_types[place];
        let names: &[&str] = match sql_type {
            SqlType::Text => &["count", "min", "max", "array_agg", "string_agg", "json_agg", "mode", "percentile_disc"],
            SqlType::Int8 => &[
                "count",
                "min",
                "max",
                "sum",
                "avg",
                "bit_and",
                "bit_or",
                "bit_xor",
                "var_pop",
                "var_samp",
                "array_agg",
                "json_agg",
                "mode",
                "percentile_disc",
                "percentile_cont",
            ],
            SqlType::Float8 => &["count", "min", "max", "sum", "avg", "array_agg", "mode", "percentile_cont"],
            _ => &["count", "min", "max", "sum", "avg", "var_pop", "var_samp", "array_agg", "json_agg", "mode"],
        };
        let name = names[self.random.random_range(0..names.len())];
        let filter = self.random.random_bool(0.2).then(|| self.predicate(input_types));
        let argument = (place, sql_type.clone());
        if matches!(name, "mode" | "percentile_disc" | "percentile_cont") {
            return AggregateCall { filter, ..self.ordered_set(name, argument) };
        }
        let mut arguments = vec![argument];
        if name == "string_agg" {
            let texts: Vec<usize> =
                places.iter().copied().filter(|other| input_types[*other] == SqlType::Text).collect();
            arguments.push((texts[self.random.random_range(0..texts.len())], SqlType::Text));
        }
        // Which of equal numbers stands for them in DISTINCT is free; only text and integers have one form.
        let one_form = matches!(sql_type, SqlType::Int8 | SqlType::Text);
        let distinct = (one_form || name == "count") && self.random.random_bool(0.3);
        let mut made = call_of(name, &arguments);
        if name.ends_with("_agg") && !distinct && self.random.random_bool(0.5) {
            made.order = vec![self.sort_key((place, sql_type.clone()), input_types)];
        }
        AggregateCall { distinct, filter, ..made }
    }

    fn sort_key(&mut self, like: (usize, SqlType), input_types: &[SqlType]) -> SortKey {
        let others: Vec<usize> = (0..input_types.len()).filter(|other| input_types[*other] == like.1).collect();
        SortKey {
            expression: Scalar::Column(others[self.random.random_range(0..others.len())]),
            sql_type: like.1,
            descending: self.random.random_bool(0.5),
            nulls_first: self.random.random_bool(0.5),
        }
    }

    fn ordered_set(&mut self, name: &str, (place, sql_type): (usize, SqlType)) -> AggregateCall {
        let fraction = ["0", "0.3", "0.5", "1"][self.random.random_range(0..4)];
        let key = SortKey {
            expression: Scalar::Column(place),
            sql_type,
            descending: self.random.random_bool(0.5),
            nulls_first: false,
        };
        bind::aggregate_call(bind::WrittenAggregate {
            name: name.into(),
            arguments: if name == "mode" { Vec::new() } else { vec![bind::literal_number(fraction)] },
            star: false,
            distinct: false,
            filter: None,
            order: vec![key],
            within_group: true,
        })
        .unwrap()
    }

    fn distinct(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        Plan::Distinct { input: Box::new(input) }
    }

    fn union(&mut self, depth: u32) -> Plan {
        let first = self.plan(depth - 1);
        let wanted = types(&first, self.database);
        let mut inputs = vec![first];
        for _ in 0..self.random.random_range(1..3) {
            let input = self.plan(depth - 1);
            inputs.push(self.fitted(input, &wanted));
        }
        Plan::UnionAll { inputs }
    }
}

/// An aggregate call over columns of these types.
pub(super) fn call_of(name: &str, arguments: &[(usize, SqlType)]) -> AggregateCall {
    bind::aggregate_call(bind::WrittenAggregate {
        name: name.into(),
        arguments: arguments.iter().map(|(place, sql_type)| column(*place, sql_type)).collect(),
        star: arguments.is_empty(),
        distinct: false,
        filter: None,
        order: Vec::new(),
        within_group: false,
    })
    .unwrap()
}

/// An aggregate call with its result type.
pub(super) fn call(function: AggregateFunction, argument: Option<(usize, SqlType)>) -> AggregateCall {
    call_of(&format!("{function:?}").to_lowercase(), &argument.into_iter().collect::<Vec<_>>())
}
