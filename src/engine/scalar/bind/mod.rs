//! From names and typed arguments to expressions: Postgres' rules for overloads, implicit casts, common types and literals.
//!
//! `resolve` picks an overload, `call` builds operators and functions with it, `special` has the forms that are no plain
//! function, `casting` converts, `common` finds one type for several, `literal` reads constants, `aggregate` types aggregates.

mod aggregate;
mod aggregate_catalog;
mod call;
mod casting;
mod failure;
mod literal;
mod ordered_set;
mod pending;
mod resolve;
mod special;
mod unify;

pub use aggregate::{WrittenAggregate, aggregate_call, is_aggregate, single_value};
pub use call::{function, operator};
pub use casting::{cast, character_limit};
pub use failure::{BindError, Typed};
pub use literal::{literal_null, literal_number, literal_text, literal_value};
pub use pending::*;
pub use special::{Quantifier, array, at_time_zone, boolean, element, in_list, is_null, not, quantified};
pub use unify::{common_type, unify};
