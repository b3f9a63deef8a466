//! DataFusion's logical plan → a plan with Postgres' types: stubs become scalars of the engine.

mod expression;
mod node;
mod union;

pub(super) use node::Binder;
