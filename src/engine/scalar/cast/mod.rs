//! Casts between types, as Postgres' cast functions and its text input and output do them.

mod convert;
mod pathway;
mod text_input;
mod time;

pub(super) use convert::{cast_value, float_to_real, int_in_range};
pub(super) use pathway::exists;
pub(super) use text_input::text_error;
