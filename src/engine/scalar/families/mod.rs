//! The bodies of the builtins, one file per family; each registers its signatures in the catalog.

pub(super) mod arithmetic;
pub(super) mod array;
mod bytes;
mod calendar;
pub(super) mod comparison;
mod date_format;
mod date_make;
mod date_parts;
mod date_trunc;
mod datetime;
mod float;
mod format;
pub(super) mod json_build;
mod json_read;
pub(super) mod json_text;
pub(super) mod jsonb_cast;
mod jsonb_contain;
pub(super) mod jsonb_order;
mod math;
mod number_format;
mod pattern;
mod read;
pub(super) mod refused;
mod registry;
mod regular;
mod text;
pub(super) mod text_shape;
mod zone;

pub(super) use registry::register;
