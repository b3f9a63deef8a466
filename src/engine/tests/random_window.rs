//! Random limits and window functions, for the random plans.

use rand::Rng;
use tailwater_connectors::SqlType;

use super::fixture::{column, number};
use super::oracle::types;
use super::random_plan::{Planner, call_of};
use crate::engine::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall};
use crate::engine::scalar::bind;
use crate::engine::{Plan, Scalar, SortKey};

impl Planner<'_> {
    pub(super) fn top_n(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let have = types(&input, self.database);
        let (partition, partition_types) = self.partition(&have);
        let order = self.order(&have);
        let with_ties = self.random.random_bool(0.3);
        let offset = if with_ties { 0 } else { self.random.random_range(0..3) };
        let limit = (with_ties || self.random.random_bool(0.8)).then(|| self.random.random_range(0..5));
        Plan::TopN { input: Box::new(input), partition, partition_types, order, offset, limit, with_ties }
    }

    pub(super) fn window(&mut self, depth: u32) -> Plan {
        let input = self.plan(depth - 1);
        let have = types(&input, self.database);
        let (partition, partition_types) = self.partition(&have);
        let order = self.order(&have);
        let calls = (0..self.random.random_range(1..4)).map(|_| self.window_call(&have)).collect();
        Plan::Window { input: Box::new(input), partition, partition_types, order, calls }
    }

    fn partition(&mut self, have: &[SqlType]) -> (Vec<Scalar>, Vec<SqlType>) {
        let count = [0, 1, 1, 1, 2][self.random.random_range(0..5)];
        let places: Vec<usize> = (0..count).map(|_| self.random.random_range(0..have.len())).collect();
        (places.iter().map(|place| Scalar::Column(*place)).collect(), places.iter().map(|p| have[*p].clone()).collect())
    }

    fn order(&mut self, have: &[SqlType]) -> Vec<SortKey> {
        let count = [0, 1, 1, 1, 2][self.random.random_range(0..5)];
        let key = |planner: &mut Self| {
            let place = planner.random.random_range(0..have.len());
            SortKey {
                expression: Scalar::Column(place),
                sql_type: have[place].clone(),
                descending: planner.random.random_bool(0.4),
                nulls_first: planner.random.random_bool(0.4),
            }
        };
        (0..count).map(|_| key(self)).collect()
    }

    /// Half of the frames hold everything up to the current row, as they do when nothing is written.
    fn frame(&mut self) -> Frame {
        let units = [FrameUnits::Rows, FrameUnits::Range, FrameUnits::Groups][self.random.random_range(0..3)];
        let exclusion = match self.random.random_range(0..12) {
            0 => FrameExclusion::CurrentRow,
            1 => FrameExclusion::Group,
            2 => FrameExclusion::Ties,
            _ => FrameExclusion::Nothing,
        };
        if self.random.random_bool(0.5) {
            return Frame { units, start: FrameBound::UnboundedPreceding, end: FrameBound::CurrentRow, exclusion };
        }
        let count = self.random.random_range(0..3);
        let start = match self.random.random_range(0..4) {
            0 => FrameBound::UnboundedPreceding,
            1 if units != FrameUnits::Range => FrameBound::Preceding(count),
            2 if units != FrameUnits::Range => FrameBound::Following(count),
            _ => FrameBound::CurrentRow,
        };
        let is_behind = matches!(start, FrameBound::Following(_));
        let end = match self.random.random_range(0..4) {
            0 => FrameBound::UnboundedFollowing,
            _ if is_behind => FrameBound::UnboundedFollowing,
            1 if units != FrameUnits::Range => FrameBound::Following(count),
            2 if units != FrameUnits::Range && start == FrameBound::UnboundedPreceding => FrameBound::Preceding(count),
            _ => FrameBound::CurrentRow,
        };
        Frame { units, start, end, exclusion }
    }

    fn window_call(&mut self, have: &[SqlType]) -> WindowCall {
        let frame = self.frame();
        let place = self.random.random_range(0..have.len());
        let value = || column(place, &have[place]);
        let offset = number(["0", "1", "2"][self.random.random_range(0..3)]);
        let (name, arguments) = match self.random.random_range(0..14) {
            0 | 1 => ("row_number", vec![]),
            2 => ("rank", vec![]),
            3 => ("dense_rank", vec![]),
            4 => ("lag", vec![value()]),
            5 => ("lead", vec![value(), offset]),
            6 => ("first_value", vec![value()]),
            7 => ("last_value", vec![value()]),
            _ => {
                let numbers = |sql_type: &SqlType| matches!(sql_type, SqlType::Int8 | SqlType::Numeric(_));
                let plain = |sql_type: &SqlType| numbers(sql_type) || *sql_type == SqlType::Text;
                let name = match &have[place] {
                    sql_type if numbers(sql_type) => ["sum", "min", "max", "count"][self.random.random_range(0..4)],
                    sql_type if plain(sql_type) => ["min", "max", "count"][self.random.random_range(0..3)],
                    _ => "count",
                };
                return bind::aggregate_window(call_of(name, &[(place, have[place].clone())]), frame);
            }
        };
        bind::window_call(name, arguments, frame).unwrap()
    }
}
