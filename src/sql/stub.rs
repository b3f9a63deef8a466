//! Stand-ins for every operator, function, literal and aggregate while DataFusion resolves names.
//!
//! DataFusion computes types on the way, with its own rules and with Arrow's types; ours are Postgres'. So it is told
//! that everything is a boolean: columns are, and each expression is rewritten to a call of a stub that takes
//! anything and returns a boolean. Nothing that we can do is refused, and the binder finds in the stub what was written.
//!
//! Two stubs of one kind are equal wherever they stand, so that `GROUP BY a + b` finds `a + b`; each keeps its
//! own place for errors.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_schema::DataType;
use datafusion_common::{DataFusionError, Result as DataFusionResult};
use datafusion_expr::expr::{AggregateFunctionParams, schema_name_from_exprs};
use datafusion_expr::function::AccumulatorArgs;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use tailwater_connectors::SqlType;

use super::error::Place;
use crate::engine::plan::AggregateFunction;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Written {
    /// A number, as its digits.
    Number(String),
    /// A string.
    Text(String),
    /// `true`, `false`
    Boolean(bool),
    /// `null`
    Null,
    /// Binary or unary, by symbol.
    Operator(String),
    /// By folded name.
    Call(String),
    /// To a type; with a length for `varchar(n)` and `char(n)`.
    Cast { to: SqlType, length: Option<u32> },
    /// Of all arguments.
    And,
    /// Of all arguments.
    Or,
    /// Of one.
    Not,
    /// Of one.
    IsNull,
    /// `IS TRUE`, `IS FALSE`
    Is(bool),
    /// Pairs of condition and result, then ELSE when there is one.
    Case { otherwise: bool },
    /// Needle, then the list.
    InList,
    /// Elements.
    Array,
    /// Array, then subscripts.
    Subscript,
    /// `COLLATE "C"`
    CollateC,
    /// `= ANY (array)`, `= ALL (array)`
    Quantified { symbol: String, all: bool },
}

/// An aggregate as written; DISTINCT and FILTER stay with DataFusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct WrittenAggregate {
    pub(super) function: AggregateFunction,
}

/// All stubs of one view, by the name under which they stand in the rewritten SQL.
#[derive(Debug, Default)]
pub(super) struct Stubs {
    scalars: HashMap<String, Arc<ScalarUDF>>,
    aggregates: HashMap<String, Arc<AggregateUDF>>,
    identities: HashMap<Written, usize>,
}

impl Stubs {
    /// A new occurrence; answers its name.
    pub(super) fn scalar(&mut self, written: Written, place: Option<Place>) -> String {
        let next = self.identities.len();
        let identity = *self.identities.entry(written.clone()).or_insert(next);
        let name = format!("tw_scalar_{}", self.scalars.len());
        let stub = ScalarStub { written, place, identity, name: name.clone(), signature: anything() };
        self.scalars.insert(name.clone(), Arc::new(ScalarUDF::new_from_impl(stub)));
        name
    }

    /// A new occurrence; answers its name.
    pub(super) fn aggregate(&mut self, written: WrittenAggregate, place: Option<Place>) -> String {
        let name = format!("tw_aggregate_{}", self.aggregates.len());
        let stub = AggregateStub { written, place, name: name.clone(), signature: anything() };
        self.aggregates.insert(name.clone(), Arc::new(AggregateUDF::new_from_impl(stub)));
        name
    }

    pub(super) fn find_scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalars.get(name).cloned()
    }

    pub(super) fn find_aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregates.get(name).cloned()
    }
}

fn anything() -> Signature {
    Signature::user_defined(Volatility::Immutable)
}

fn never_run<T>() -> DataFusionResult<T> {
    Err(DataFusionError::Internal("a stub was executed".into()))
}

/// Stands for an operator, function or literal.
#[derive(Debug)]
pub(super) struct ScalarStub {
    pub(super) written: Written,
    pub(super) place: Option<Place>,
    identity: usize,
    name: String,
    signature: Signature,
}

impl PartialEq for ScalarStub {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}
impl Eq for ScalarStub {}
impl Hash for ScalarStub {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

impl ScalarUDFImpl for ScalarStub {
    fn name(&self) -> &str {
        &self.name
    }

    // DataFusion finds grouped expressions again by this name: equal expressions must have equal names.
    fn schema_name(&self, arguments: &[Expr]) -> DataFusionResult<String> {
        Ok(format!("tw_{}({})", self.identity, schema_name_from_exprs(arguments)?))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        never_run()
    }
}

/// Stands for an aggregate.
#[derive(Debug)]
pub(super) struct AggregateStub {
    pub(super) written: WrittenAggregate,
    pub(super) place: Option<Place>,
    name: String,
    signature: Signature,
}

impl PartialEq for AggregateStub {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}
impl Eq for AggregateStub {}
impl Hash for AggregateStub {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written.hash(state);
    }
}

impl AggregateUDFImpl for AggregateStub {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema_name(&self, call: &AggregateFunctionParams) -> DataFusionResult<String> {
        let filter = call.filter.as_ref().map(|filter| filter.schema_name().to_string());
        let arguments = schema_name_from_exprs(&call.args)?;
        Ok(format!("tw_{:?}({}, {arguments}) filter {filter:?}", self.written.function, call.distinct))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn accumulator(&self, _arguments: AccumulatorArgs) -> DataFusionResult<Box<dyn Accumulator>> {
        never_run()
    }
}
