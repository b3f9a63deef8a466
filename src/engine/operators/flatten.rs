//! Set-returning functions beside their input's rows. Stateless.
//!
//! A row's rows depend on the row alone, so each change of the input becomes changes of its rows with the same weight. A row
//! for which an argument or a function has no value is out, with all its rows; where null stands in for it, the function
//! answers no rows.

use tailwater_connectors::{Row, SqlType, Value};

use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::fault::Faults;
use super::super::plan::{Plan, TableCall};

/// Set-returning functions, compiled.
pub(in crate::engine) struct Flatten {
    pub(in crate::engine) input: Node,
    calls: Vec<TableCall>,
    ordinality: bool,
    keeps_empty: bool,
    /// Whether the input's last column is the level of a recursion's row, which stays last.
    carries_level: bool,
}

impl Flatten {
    /// Compiles [`Plan::Flatten`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        _id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let Plan::Flatten { input, calls, ordinality, keeps_empty } = plan else {
            return Err(compiler.unsound("not a set-returning function"));
        };
        let carries_level = compiler.carries_level(input);
        let input = compiler.node(input)?;
        if calls.is_empty() {
            return Err(compiler.unsound("there is no set-returning function to call"));
        }
        for call in calls {
            compiler.check_columns(&call.arguments.iter().collect::<Vec<_>>(), input.types.len())?;
            // Behind the types of the arguments may stand those of declared columns.
            if call.arguments.len() > call.function.argument_types.len() {
                return Err(compiler.unsound("a set-returning function has fewer types than arguments"));
            }
        }
        let (own, level) = input.types.split_at(input.types.len() - usize::from(carries_level));
        let made = calls.iter().flat_map(|call| &call.types).cloned().chain(ordinality.then_some(SqlType::Int8));
        let types = own.iter().cloned().chain(made).chain(level.iter().cloned()).collect();
        let (ordinality, keeps_empty) = (*ordinality, *keeps_empty);
        Ok((types, Self { input, calls: calls.clone(), ordinality, keeps_empty, carries_level }))
    }

    /// The delta of the rows made.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        let mut result = Delta::new();
        'rows: for (row, weight) in self.input.evaluate(flow)? {
            let mut answers = Vec::with_capacity(self.calls.len());
            for call in &self.calls {
                match call_rows(&mut flow.faults, node, (call, &row, weight))? {
                    Some(rows) => answers.push(rows),
                    None => continue 'rows,
                }
            }
            let longest = answers.iter().map(Vec::len).max().unwrap_or_default();
            if longest == 0 && self.keeps_empty {
                result.push((self.joined(&row, &answers, None), weight));
            }
            result.extend((0..longest).map(|place| (self.joined(&row, &answers, Some(place)), weight)));
        }
        Ok(consolidate(result))
    }

    /// A row beside the rows at one place of the answers; nulls where there are none.
    fn joined(&self, row: &Row, answers: &[Vec<Row>], place: Option<usize>) -> Row {
        let (own, level) = row.split_at(row.len() - usize::from(self.carries_level));
        let mut values = own.to_vec();
        for (call, rows) in self.calls.iter().zip(answers) {
            match place.and_then(|place| rows.get(place)) {
                Some(row) => values.extend_from_slice(row),
                None => values.resize(values.len() + call.types.len(), Value::Null),
            }
        }
        if self.ordinality {
            values.push(place.map_or(Value::Null, |place| Value::Int(place as i64 + 1)));
        }
        values.extend_from_slice(level);
        values.into()
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        let call = |call: &TableCall| {
            let name = call.function.signature.split('(').next().unwrap_or_default();
            let arguments = call.arguments.iter().map(|argument| argument.to_string()).collect::<Vec<_>>();
            format!("{name}({})", arguments.join(", "))
        };
        let calls = self.calls.iter().map(call).collect::<Vec<_>>().join(", ");
        let ordinality = if self.ordinality { " with ordinality" } else { "" };
        let empty = if self.keeps_empty { ", also without any" } else { "" };
        (format!("rows of {calls}{ordinality} for each row{empty}"), Vec::new())
    }
}

/// The rows of one call; `None` when the input row is out.
fn call_rows(
    faults: &mut Faults,
    node: usize,
    (call, row, weight): (&TableCall, &Row, i64),
) -> Result<Option<Vec<Row>>, EngineError> {
    let mut arguments = Vec::with_capacity(call.arguments.len());
    for argument in &call.arguments {
        match faults.value(node, argument, (row, weight))? {
            Some(value) => arguments.push(value),
            None => return Ok(None),
        }
    }
    if call.function.strict && arguments.iter().any(Value::is_null) {
        return Ok(Some(Vec::new()));
    }
    match (call.function.body)(&call.function.argument_types, &arguments) {
        Ok(rows) if rows.iter().all(|row| row.len() == call.types.len()) => Ok(Some(rows)),
        Ok(_) => Err(EngineError::Inconsistent { what: "a set-returning function answers rows of another width" }),
        Err(error) => Ok(faults.caught(node, error, (row, weight))?.then(Vec::new)),
    }
}
