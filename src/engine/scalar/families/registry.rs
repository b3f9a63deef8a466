//! All families in one catalog.

use super::{
    arithmetic, array, array_change, binary, bytes, comparison, date_format, date_make, date_overlap, date_parts,
    date_read, date_trunc, datetime, enumeration, float, format, integer_math, json_build, json_object, json_path,
    json_read, json_rows, json_strip, jsonb_change, jsonb_contain, math, number_format, pattern, series, text,
    text_rows, text_shape, trigonometry, unicode, zone,
};
use crate::engine::scalar::catalog::Catalog;

/// Adds every builtin.
pub(in crate::engine::scalar) fn register(catalog: &mut Catalog) {
    let families: [fn(&mut Catalog); 32] = [
        comparison::register,
        arithmetic::register,
        float::register,
        math::register,
        integer_math::register,
        trigonometry::register,
        text::register,
        text_shape::register,
        pattern::register,
        format::register,
        bytes::register,
        binary::register,
        unicode::register,
        datetime::register,
        date_parts::register,
        date_trunc::register,
        date_make::register,
        date_format::register,
        date_read::register,
        date_overlap::register,
        number_format::register,
        zone::register,
        json_build::register,
        json_read::register,
        json_path::register,
        json_strip::register,
        jsonb_contain::register,
        array::register,
        array_change::register,
        json_object::register,
        enumeration::register,
        jsonb_change::register,
    ];
    families.iter().for_each(|family| family(catalog));
}

/// Adds every set-returning function.
pub(in crate::engine::scalar) fn register_tables(catalog: &mut Catalog) {
    let families: [fn(&mut Catalog); 4] =
        [series::register, text_rows::register, json_rows::register, json_path::register_rows];
    families.iter().for_each(|family| family(catalog));
}
