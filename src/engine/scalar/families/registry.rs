//! All families in one catalog.

use super::{arithmetic, array, comparison, float, math, pattern, text, text_shape};
use crate::engine::scalar::catalog::Catalog;

/// Adds every builtin.
pub(in crate::engine::scalar) fn register(catalog: &mut Catalog) {
    comparison::register(catalog);
    arithmetic::register(catalog);
    float::register(catalog);
    math::register(catalog);
    text::register(catalog);
    text_shape::register(catalog);
    pattern::register(catalog);
    array::register(catalog);
}
