//! What SQL leaves open: where Postgres' answer and ours may differ without either being wrong.
//!
//! The plans say which of it a view's SQL asks for; everything else is compared exactly, or by SQL's own equality where the form
//! may be either one (numeric `1.0` and `1.00`).

use tailwater_connectors::{Column, SqlType, Value};

use crate::engine::plan::{WindowCall, WindowFunction};
use crate::engine::scalar::sql_eq;
use crate::engine::{AggregateCall, AggregateFunction, Plan};

/// Postgres rounds after each addition, we once: what sums of floats may differ by, as a part of their size.
const FLOAT_DIFFERENCE_MAX: f64 = 1e-9;

/// What a view's SQL leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Freedom {
    /// The last digits of aggregates of floats.
    pub(super) float_sums: bool,
    /// The order in which aggregates such as `array_agg` take their values.
    pub(super) order: bool,
}

/// How two values of a column agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    Same,
    /// Equal, but written differently.
    Equal,
    Different,
}

impl Freedom {
    /// Adds what a plan leaves open.
    pub(super) fn add(&mut self, plan: &Plan) {
        match plan {
            Plan::Aggregate { aggregates, .. } => aggregates.iter().for_each(|call| self.add_call(call)),
            Plan::Window { calls, .. } => calls.iter().for_each(|call| self.add_window(call)),
            _ => {}
        }
        plan.inputs().into_iter().for_each(|input| self.add(input));
    }

    fn add_window(&mut self, call: &WindowCall) {
        if let WindowFunction::Aggregate(call) = &call.function {
            self.add_call(call);
        }
    }

    fn add_call(&mut self, call: &AggregateCall) {
        use AggregateFunction as F;
        let floats = call.argument_types.iter().any(|kind| matches!(kind, SqlType::Float4 | SqlType::Float8));
        match call.function {
            F::ArrayAgg | F::StringAgg | F::JsonAgg | F::JsonbAgg | F::JsonObjectAgg | F::JsonbObjectAgg => {
                self.order = true;
            }
            F::Count | F::Min | F::Max | F::PercentileDisc | F::Mode => {}
            _ => self.float_sums |= floats,
        }
    }

    /// Compares a value of ours with the source's.
    pub(super) fn compare(self, column: &Column, ours: &Value, theirs: &Value) -> Agreement {
        if ours == theirs {
            return Agreement::Same;
        }
        let open = |value: &Value| !value.is_null();
        let equal = open(ours)
            && open(theirs)
            && (sql_eq(&column.sql_type, ours, theirs)
                || self.float_sums && are_near(ours, theirs)
                || self.order && are_reordered(ours, theirs));
        if equal { Agreement::Equal } else { Agreement::Different }
    }
}

fn are_near(ours: &Value, theirs: &Value) -> bool {
    let (Value::Float(ours), Value::Float(theirs)) = (ours, theirs) else { return false };
    (ours - theirs).abs() <= FLOAT_DIFFERENCE_MAX * ours.abs().max(theirs.abs())
}

/// Whether both are made of the same parts: elements of an array, else bytes of the text.
fn are_reordered(ours: &Value, theirs: &Value) -> bool {
    fn sorted<T: Ord + Clone>(parts: &[T]) -> Vec<T> {
        let mut parts = parts.to_vec();
        parts.sort();
        parts
    }
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => sorted(&ours.elements) == sorted(&theirs.elements),
        (Value::Text(ours), Value::Text(theirs)) => sorted(ours.as_bytes()) == sorted(theirs.as_bytes()),
        (Value::Bytes(ours), Value::Bytes(theirs)) => sorted(ours) == sorted(theirs),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::text::parse_text;

    use super::*;

    fn compare(freedom: Freedom, sql_type: SqlType, (ours, theirs): (&str, &str)) -> Agreement {
        let value = |text: &str| parse_text(&sql_type, text).unwrap();
        let (ours, theirs) = (value(ours), value(theirs));
        freedom.compare(&Column::new("c", sql_type, true), &ours, &theirs)
    }

    #[test]
    fn values_are_equal_as_in_sql_and_else_different() {
        let none = Freedom::default();
        assert_eq!(compare(none, SqlType::Numeric(None), ("1.0", "1.0")), Agreement::Same);
        assert_eq!(compare(none, SqlType::Numeric(None), ("1.0", "1.00")), Agreement::Equal);
        assert_eq!(compare(none, SqlType::Numeric(None), ("1.0", "1.01")), Agreement::Different);
        assert_eq!(compare(none, SqlType::Float8, ("0.1", "0.10000000000000002")), Agreement::Different);
        assert_eq!(compare(none, SqlType::Text, ("a,b", "b,a")), Agreement::Different);
        let null = none.compare(&Column::new("c", SqlType::Int4, true), &Value::Null, &Value::Int(0));
        assert_eq!(null, Agreement::Different);
    }

    #[test]
    fn what_the_sql_leaves_open_is_no_difference_and_all_else_still_is() {
        let open = Freedom { float_sums: true, order: true };
        assert_eq!(compare(open, SqlType::Float8, ("0.1", "0.10000000000000002")), Agreement::Equal);
        assert_eq!(compare(open, SqlType::Float8, ("0.1", "0.1000001")), Agreement::Different);
        assert_eq!(compare(open, SqlType::Text, ("a,b", "b,a")), Agreement::Equal);
        assert_eq!(compare(open, SqlType::Text, ("a,b", "b,c")), Agreement::Different);
        let integers = SqlType::Array(Box::new(SqlType::Int4));
        assert_eq!(compare(open, integers.clone(), ("{1,2}", "{2,1}")), Agreement::Equal);
        assert_eq!(compare(open, integers, ("{1,2}", "{2,1,1}")), Agreement::Different);
    }
}
