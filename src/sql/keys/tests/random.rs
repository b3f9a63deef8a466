//! Random plans over random rows.

use tailwater_connectors::{Row, Value};

use super::build::{
    aggregate, aggregate_call, by, column, columns, distinct, equal, expand, filter, first, flatten, int, join, less,
    null_safe, only_if, plus, project, recursion, relations, repeat, round, same, scan, series, set, sorted, table,
    top, values, window, window_call,
};
use super::evaluate::World;
use crate::engine::plan::{
    AggregateFunction, FrameBound, JoinInput, JoinKind, Plan, SetOperator, SortKey, WindowFunction,
};
use crate::engine::scalar::Scalar;
use crate::sql::keys::{identity, width};

/// A small generator of numbers; the same seed gives the same plan.
pub(in crate::sql) struct Random(u64);

impl Random {
    pub(in crate::sql) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn value(&mut self) -> Value {
        if self.chance(25) { Value::Null } else { Value::Int(self.below(3) as i64) }
    }

    /// Rows for the three tables.
    pub(in crate::sql) fn world(&mut self) -> World {
        let mut world = World::default();
        let keys: [(&str, &[&[i64]]); 3] =
            [("a", &[&[0], &[1], &[2], &[3]]), ("b", &[&[0, 0], &[0, 1], &[1, 0], &[1, 2], &[2, 1]]), ("c", &[&[], &[], &[], &[]])];
        for (name, keys) in keys {
            let mut rows = Vec::new();
            for key in keys {
                let mut row: Vec<Value> = (0..4).map(|_| self.value()).collect();
                row.iter_mut().zip(*key).for_each(|(value, part)| *value = Value::Int(*part));
                if self.chance(85) {
                    rows.push(row.into_iter().collect::<Row>());
                }
            }
            world.tables.insert(table(name), rows);
        }
        world
    }

    /// A plan of at least one column.
    pub(in crate::sql) fn plan(&mut self, depth: usize) -> Plan {
        if depth == 0 || self.chance(10) {
            return self.leaf();
        }
        let input = |random: &mut Self| random.plan(depth - 1);
        match self.below(15) {
            0 => {
                let plan = input(self);
                let condition = self.condition(width(&plan));
                filter(plan, condition)
            }
            1 | 2 => {
                let plan = input(self);
                let expressions = self.expressions(width(&plan), 4);
                project(plan, expressions)
            }
            3..=5 => self.join(depth),
            6 => {
                let plan = input(self);
                let columns = width(&plan);
                let group = if self.chance(15) { Vec::new() } else { self.expressions(columns, 3) };
                let call = |random: &mut Self| {
                    let mut call = aggregate_call(AggregateFunction::Count, random.expression(columns));
                    if random.chance(40) {
                        call.function = AggregateFunction::Max;
                    }
                    call.filter = random.chance(30).then(|| random.condition(columns));
                    call
                };
                let calls = (0..1 + self.below(2)).map(|_| call(self)).collect();
                aggregate(plan, group, calls)
            }
            7 => distinct(input(self)),
            8 => {
                let labelled = |random: &mut Self, label: i64| {
                    let plan = random.plan(depth - 1);
                    let label = int(if random.chance(80) { label } else { 0 });
                    let places = [random.below(width(&plan)), random.below(width(&plan))].map(column);
                    project(plan, places.into_iter().chain([label]).collect())
                };
                Plan::UnionAll { inputs: vec![labelled(self, 0), labelled(self, 1)] }
            }
            9 => {
                let plan = input(self);
                let wide = width(&plan);
                let list = |random: &mut Self, label: i64| {
                    let label = int(if random.chance(80) { label } else { 0 });
                    [column(0), random.expression(wide), random.expression(wide), label].to_vec()
                };
                let lists = (0..1 + self.below(3)).map(|place| list(self, place as i64)).collect();
                expand(plan, lists)
            }
            10 => self.flatten(depth),
            11 => {
                let pair = |random: &mut Self| {
                    let plan = random.plan(depth - 1);
                    let places = [random.below(width(&plan)), random.below(width(&plan))];
                    columns(plan, &places)
                };
                let operator = if self.chance(50) { SetOperator::Intersect } else { SetOperator::Except };
                set(pair(self), pair(self), (operator, self.chance(50)))
            }
            12 => self.top(depth),
            13 => self.window(depth),
            _ => self.recursion(depth),
        }
    }

    fn leaf(&mut self) -> Plan {
        if self.chance(15) {
            return values(if self.chance(50) { &[&[1, 2]] } else { &[&[0, 1], &[1, 1], &[2, 0]] });
        }
        let name = ["a", "a", "b", "b", "c"][self.below(5)];
        if self.chance(60) {
            return scan(name);
        }
        let mut places: Vec<usize> = (0..4).filter(|_| self.chance(60)).collect();
        if places.is_empty() {
            places.push(self.below(4));
        }
        Plan::Scan { relation: table(name), columns: places }
    }

    fn expression(&mut self, columns: usize) -> Scalar {
        match self.below(10) {
            0 => int(self.below(3) as i64),
            1 => Scalar::Literal(Value::Null),
            2 => equal(column(self.below(columns)), column(self.below(columns))),
            3 => Scalar::Coalesce(vec![column(self.below(columns)), int(1)]),
            _ => column(self.below(columns)),
        }
    }

    fn expressions(&mut self, columns: usize, most: usize) -> Vec<Scalar> {
        (0..1 + self.below(most)).map(|_| self.expression(columns)).collect()
    }

    fn condition(&mut self, columns: usize) -> Scalar {
        let place = column(self.below(columns));
        match self.below(6) {
            0 => equal(place, int(self.below(3) as i64)),
            1 => equal(place, column(self.below(columns))),
            2 => same(place, column(self.below(columns))),
            3 => Scalar::IsNull(Box::new(place)),
            4 => Scalar::Not(Box::new(Scalar::IsNull(Box::new(place)))),
            _ => less(place, int(1 + self.below(2) as i64)),
        }
    }

    fn join(&mut self, depth: usize) -> Plan {
        let mut inputs = vec![first(self.plan(depth - 1))];
        for _ in 0..1 + self.below(2) {
            let before: usize = inputs.iter().map(crate::sql::keys::shown_width).sum();
            inputs.push(self.join_input(depth, before));
        }
        join(inputs)
    }

    fn join_input(&mut self, depth: usize, before: usize) -> JoinInput {
        let kinds = [JoinKind::Inner, JoinKind::Left, JoinKind::Left, JoinKind::Semi, JoinKind::Anti, JoinKind::Mark];
        let kind = kinds[self.below(kinds.len())];
        let plan = if self.chance(50) { self.leaf() } else { self.plan(depth - 1) };
        let own = width(&plan);
        let best = identity(&plan, &relations()).best().cloned();
        let keys: Vec<(usize, usize)> = match best {
            Some(key) if self.chance(60) => key.into_iter().map(|own| (self.below(before), own)).collect(),
            _ => (0..self.below(3)).map(|_| (self.below(before), self.below(own))).collect(),
        };
        let mut input = by(kind, plan, &keys);
        if self.chance(25) {
            input = null_safe(input);
        }
        if self.chance(35) { only_if(input, self.condition(before + own)) } else { input }
    }

    fn flatten(&mut self, depth: usize) -> Plan {
        let plan = self.plan(depth - 1);
        let mut call = || {
            let argument = self.expression(width(&plan));
            if self.chance(50) { series(argument) } else { repeat(argument) }
        };
        let mut calls = vec![call()];
        if calls[0].arguments.len() == 1 {
            calls.push(call());
        }
        let mut flatten = flatten(plan, calls, self.chance(50));
        if let Plan::Flatten { keeps_empty, .. } = &mut flatten {
            *keeps_empty = self.chance(50);
        }
        flatten
    }

    /// Some columns, and those of a key, so that nothing is left to the other columns.
    fn decided(&mut self, plan: &Plan) -> Vec<SortKey> {
        let some = self.expressions(width(plan), 2);
        let key: Vec<usize> = match identity(plan, &relations()).best() {
            Some(key) => key.iter().copied().collect(),
            None => (0..width(plan)).collect(),
        };
        let mut order = sorted(some.into_iter().chain(key.into_iter().map(column)));
        order[0].descending = self.chance(50);
        order[0].nulls_first = self.chance(50);
        order
    }

    fn partition(&mut self, columns: usize) -> Vec<Scalar> {
        if self.chance(40) { Vec::new() } else { self.expressions(columns, 2) }
    }

    fn top(&mut self, depth: usize) -> Plan {
        let plan = self.plan(depth - 1);
        let partition = self.partition(width(&plan));
        let order = self.decided(&plan);
        let most = self.below(3) as u64;
        let mut made = top(plan, (partition, order), most);
        if let Plan::TopN { order, offset, with_ties, .. } = &mut made {
            *offset = self.below(2) as u64;
            if self.chance(25) {
                (*offset, *with_ties) = (0, true);
                order.truncate(1);
            }
        }
        made
    }

    fn window(&mut self, depth: usize) -> Plan {
        let plan = self.plan(depth - 1);
        let columns = width(&plan);
        let partition = self.partition(columns);
        let mut order = self.decided(&plan);
        let count = aggregate_call(AggregateFunction::Count, self.expression(columns));
        let mut calls = vec![
            window_call(WindowFunction::Rank, Vec::new()),
            window_call(WindowFunction::Aggregate(count), Vec::new()),
        ];
        if self.chance(50) {
            order.truncate(1);
            order[0].descending = false;
            let limit = plus(order[0].expression.clone(), int(-1));
            calls[1].frame.start = FrameBound::RangeLimit(limit);
        } else {
            let lag = vec![self.expression(columns), int(1), self.expression(columns)];
            calls.push(window_call(WindowFunction::Lag, lag));
            calls.push(window_call(WindowFunction::RowNumber, Vec::new()));
        }
        window(plan, (partition, order), calls)
    }

    /// Counts in its first column, so that it ends.
    fn recursion(&mut self, depth: usize) -> Plan {
        let start = self.plan(depth - 1);
        let base = project(start, vec![int(0), column(0)]);
        let kind = [JoinKind::Inner, JoinKind::Left, JoinKind::Semi][self.below(3)];
        let joined = by(kind, self.leaf(), &[(1, 0)]);
        let step = filter(join(vec![first(round(2)), joined]), less(column(0), int(2)));
        let next = column(self.below(width(&step)));
        recursion(base, project(step, vec![plus(column(0), int(1)), next]), self.chance(50))
    }
}
