//! The bodies of the builtins, one file per family; each registers its signatures in the catalog.

pub(super) mod arithmetic;
pub(super) mod array;
pub(super) mod comparison;
pub(super) mod float;
pub(super) mod json_text;
pub(super) mod jsonb_cast;
pub(super) mod jsonb_order;
pub(super) mod math;
pub(super) mod pattern;
pub(super) mod read;
pub(super) mod refused;
mod registry;
mod regular;
pub(super) mod text;
pub(super) mod text_shape;

pub(super) use registry::register;
