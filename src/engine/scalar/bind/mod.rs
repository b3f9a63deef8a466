//! From names and typed arguments to expressions: Postgres' rules for overloads, implicit casts, common types and literals.
//!
//! `resolve` picks an overload, `call` builds operators and functions with it, `special` has the forms that are no plain
//! function, `casting` converts, `unify` finds one type for several, `derivation` the collation, `literal` reads constants, `aggregate` types aggregates,
//! `table` makes calls of set-returning functions.

mod aggregate;
mod aggregate_catalog;
mod call;
mod casting;
mod derivation;
mod failure;
mod literal;
mod ordered_set;
mod resolve;
mod special;
mod subscript;
mod table;
mod unify;
mod window;

pub use aggregate::{WrittenAggregate, aggregate_call, is_aggregate, single_value};
pub use call::{function, operator, with_ascii_letters};
pub use casting::{cast, character_limit};
pub use derivation::{AnyCollation, Derivation, is_collatable};
pub use failure::{BindError, Typed};
pub use literal::{literal_null, literal_number, literal_text, literal_value};
pub use special::{Quantifier, array, at_time_zone, boolean, in_list, is_null, not, quantified, row_document};
pub use subscript::{Subscript, subscripted};
pub use table::{
    BoundTable, is_record_function, is_table_function, record_function, table_function, table_with_ascii_letters,
};
pub use unify::{common_type, unify};
pub use window::{aggregate_window, is_window_function, window_call};
