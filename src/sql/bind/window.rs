//! Window functions: calls of one partitioning and order are put beside the rows of the level together.

use sqlparser::ast::{
    Expr, Function, Ident, OrderByExpr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};
use tailwater_connectors::{SqlType, Value};

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::fold;
use super::super::node::Node;
use super::super::place::place_of;
use super::super::scalars::folded;
use super::super::statement::EXCLUSIONS;
use super::aggregate::arguments_of;
use super::binder::{Binder, internal, settled, type_refusal};
use super::collect::name_of;
use super::level::Clause;
use super::set::refuse_without_equality;
use crate::engine::plan::{
    AggregateFunction, Frame, FrameBound, FrameExclusion, FrameUnits, SortKey, WindowCall, WindowFunction,
};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// Which end of a frame, and its direction from the current row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Start,
    End,
}

impl Binder<'_> {
    /// A call with OVER.
    pub(super) fn window(&mut self, function: &Function) -> Result<Typed> {
        let place = place_of(&function.name);
        match self.clause() {
            Clause::Select => {}
            Clause::Window => {
                return Err(Refusal::new(Code::Window, "window function calls cannot be nested")
                    .at(place)
                    .hint("put the inner one into a derived table"));
            }
            clause => {
                return Err(Refusal::new(Code::Window, format!("window functions are not allowed in {clause}"))
                    .at(place)
                    .hint("put the window function into a derived table, and filter its rows"));
            }
        }
        let spec = self.window_spec(function, place)?;
        self.in_clause(Clause::Window, |this| this.window_here(function, &spec, place))
    }

    fn window_here(&mut self, function: &Function, spec: &WindowSpec, place: Option<Place>) -> Result<Typed> {
        let mut partition = Vec::new();
        for written in &spec.partition_by {
            let typed = settled(self.expression(written)?)?;
            refuse_without_equality(&typed.sql_type).map_err(|refusal| refusal.at(place_of(written)))?;
            let id = self.materialised(typed)?;
            if !partition.contains(&id) {
                partition.push(id);
            }
        }
        let (written, exclusion) = exclusion(&spec.order_by);
        let mut order = self.order_by(written)?;
        let frame = self.frame(spec.window_frame.as_ref(), (&mut order, exclusion), place)?;
        let mut call = self.window_call(function, frame).map_err(|refusal| refusal.at(place))?;
        if let WindowFunction::Aggregate(call) = &mut call.function
            && collects(call.function)
        {
            call.order.clone_from(&order);
        }
        let id = self.columns.add(call.result_type.clone(), true);
        self.put(partition, order, (id, call))?;
        Ok(self.column(id))
    }

    fn window_call(&mut self, function: &Function, frame: Frame) -> Result<WindowCall> {
        let name = name_of(function).unwrap_or_default();
        if bind::is_aggregate(&name) {
            let call = self.aggregate(function)?;
            if call.distinct || !call.order.is_empty() && !matches!(name.as_str(), "min" | "max") {
                return Err(Refusal::new(
                    Code::Window,
                    format!("DISTINCT and ORDER BY inside {name} are not implemented for window functions"),
                ));
            }
            return Ok(bind::aggregate_window(call, frame));
        }
        let arguments = arguments_of(function)?;
        if arguments.distinct || function.filter.is_some() || arguments.star || !arguments.order.is_empty() {
            let message = format!("{name} is no aggregate: it takes neither DISTINCT nor FILTER nor ORDER BY");
            return Err(Refusal::new(Code::Window, message));
        }
        let typed =
            arguments.expressions.iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>>>()?;
        bind::window_call(&name, typed, frame).map_err(type_refusal)
    }

    /// Adds a call to the window of the same partitioning and order, if it is on top.
    fn put(&mut self, partition: Vec<Id>, order: Vec<SortKey>, call: (Id, WindowCall)) -> Result<()> {
        let level = self.level()?;
        if let Node::Window { partition: own, order: own_order, calls, .. } = &mut level.node
            && *own == partition
            && *own_order == order
        {
            calls.push(call);
            return Ok(());
        }
        level.change(|input| Node::Window { input: Box::new(input), partition, order, calls: vec![call] });
        Ok(())
    }

    /// The window as written, named ones looked up.
    fn window_spec(&self, function: &Function, place: Option<Place>) -> Result<WindowSpec> {
        match &function.over {
            Some(WindowType::WindowSpec(spec)) => self.completed(spec, place),
            Some(WindowType::NamedWindow(name)) => self.named_window(name, place),
            None => {
                Err(Refusal::new(Code::Window, format!("window function {} requires an OVER clause", function.name))
                    .at(place))
            }
        }
    }

    fn named_window(&self, name: &Ident, place: Option<Place>) -> Result<WindowSpec> {
        let level = self.levels.last().ok_or_else(|| internal("a window outside a SELECT"))?;
        match level.windows.get(&fold(name)) {
            Some(spec) => self.completed(&spec.clone(), place),
            None => Err(Refusal::new(Code::Window, format!("window \"{}\" does not exist", fold(name))).at(place)),
        }
    }

    /// `OVER (w ORDER BY …)`: partitioning and order of `w`, where they are not written again.
    fn completed(&self, spec: &WindowSpec, place: Option<Place>) -> Result<WindowSpec> {
        let Some(name) = &spec.window_name else { return Ok(spec.clone()) };
        let base = self.named_window(name, place)?;
        if !spec.partition_by.is_empty() || (!base.order_by.is_empty() && !spec.order_by.is_empty()) {
            let message = format!("cannot override PARTITION BY or ORDER BY clause of window \"{}\"", fold(name));
            return Err(Refusal::new(Code::Window, message).at(place));
        }
        let mut order_by = base.order_by;
        order_by.extend(spec.order_by.iter().cloned());
        let window_frame = spec.window_frame.clone().or(base.window_frame);
        Ok(WindowSpec { window_name: None, partition_by: base.partition_by, order_by, window_frame })
    }

    fn frame(
        &mut self,
        written: Option<&WindowFrame>,
        (order, exclusion): (&mut Vec<SortKey>, FrameExclusion),
        place: Option<Place>,
    ) -> Result<Frame> {
        let Some(written) = written else {
            let (start, end) = (FrameBound::UnboundedPreceding, FrameBound::CurrentRow);
            return Ok(Frame { units: FrameUnits::Range, start, end, exclusion });
        };
        let units = match written.units {
            WindowFrameUnits::Rows => FrameUnits::Rows,
            WindowFrameUnits::Range => FrameUnits::Range,
            WindowFrameUnits::Groups => FrameUnits::Groups,
        };
        if units == FrameUnits::Groups && order.is_empty() {
            return Err(Refusal::new(Code::Window, "GROUPS mode requires an ORDER BY clause").at(place));
        }
        let end = written.end_bound.clone().unwrap_or(WindowFrameBound::CurrentRow);
        if rank(&written.start_bound) > rank(&end)
            || matches!(written.start_bound, WindowFrameBound::Following(None))
            || matches!(end, WindowFrameBound::Preceding(None))
        {
            return Err(Refusal::new(Code::Window, "the window frame ends before it starts").at(place));
        }
        let start = self.bound(&written.start_bound, (units, Side::Start), order)?;
        let end = self.bound(&end, (units, Side::End), order)?;
        Ok(Frame { units, start, end, exclusion })
    }

    fn bound(
        &mut self,
        written: &WindowFrameBound,
        (units, side): (FrameUnits, Side),
        order: &mut Vec<SortKey>,
    ) -> Result<FrameBound> {
        let (offset, following) = match written {
            WindowFrameBound::CurrentRow => return Ok(FrameBound::CurrentRow),
            WindowFrameBound::Preceding(None) => return Ok(FrameBound::UnboundedPreceding),
            WindowFrameBound::Following(None) => return Ok(FrameBound::UnboundedFollowing),
            WindowFrameBound::Preceding(Some(offset)) => (offset, false),
            WindowFrameBound::Following(Some(offset)) => (offset, true),
        };
        let place = place_of(offset.as_ref());
        let typed = self.expression(offset)?;
        if units != FrameUnits::Range {
            let count = bind::cast(typed, &SqlType::Int8, false).map_err(|error| type_refusal(error).at(place))?;
            let word = if side == Side::Start { "starting" } else { "ending" };
            return match folded(count.scalar) {
                Scalar::Literal(Value::Int(count)) if count >= 0 => {
                    let count = count as u64;
                    Ok(if following { FrameBound::Following(count) } else { FrameBound::Preceding(count) })
                }
                Scalar::Literal(_) => {
                    Err(Refusal::new(Code::Window, format!("frame {word} offset must not be null or negative"))
                        .at(place))
                }
                _ => Err(Refusal::new(Code::Window, format!("frame {word} offset must be a constant")).at(place)),
            };
        }
        self.range_limit(typed, following, (order, place))
    }

    /// The value that a row's sort key is compared with.
    fn range_limit(
        &self,
        offset: Typed,
        following: bool,
        (order, place): (&mut Vec<SortKey>, Option<Place>),
    ) -> Result<FrameBound> {
        let [key] = order.as_mut_slice() else {
            let message = "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column";
            return Err(Refusal::new(Code::Window, message).at(place));
        };
        // A sum that leaves the key's type is beyond every key, not an error.
        let wider = match &key.sql_type {
            SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric(_) => SqlType::Numeric(None),
            other => other.clone(),
        };
        let typed = Typed { scalar: key.expression.clone(), sql_type: key.sql_type.clone() };
        let typed = bind::cast(typed, &wider, true).map_err(type_refusal)?;
        let symbol = if following != key.descending { "+" } else { "-" };
        let limit =
            bind::operator(symbol, vec![typed.clone(), offset]).map_err(|error| type_refusal(error).at(place))?;
        let key_typed = bind::cast(typed, &limit.sql_type, true).map_err(|error| type_refusal(error).at(place))?;
        (key.expression, key.sql_type) = (key_typed.scalar, key_typed.sql_type);
        Ok(FrameBound::RangeLimit(limit.scalar))
    }
}

/// Where a bound lies: before, at or after the current row.
fn rank(bound: &WindowFrameBound) -> u8 {
    match bound {
        WindowFrameBound::Preceding(_) => 0,
        WindowFrameBound::CurrentRow => 1,
        WindowFrameBound::Following(_) => 2,
    }
}

/// EXCLUDE comes as a marker at the end of ORDER BY: see `statement`.
fn exclusion(order: &[OrderByExpr]) -> (&[OrderByExpr], FrameExclusion) {
    if let Some((last, rest)) = order.split_last()
        && let Expr::Identifier(name) = &last.expr
        && let Some((_, exclusion)) = EXCLUSIONS.iter().find(|(marker, _)| *marker == name.value)
    {
        return (rest, *exclusion);
    }
    (order, FrameExclusion::Nothing)
}

/// Whether the result depends on the order of the rows: such an aggregate takes them in the order of its window.
fn collects(function: AggregateFunction) -> bool {
    use AggregateFunction::{ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, StringAgg};
    matches!(function, ArrayAgg | JsonAgg | JsonObjectAgg | JsonbAgg | JsonbObjectAgg | StringAgg)
}
