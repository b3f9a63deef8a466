//! Elements and slices of arrays: `a[1][2]`, `a[1:2][:3]`.

use std::sync::Arc;

use tailwater_connectors::{Array, Value};

use super::array::from_elements;
use super::read::{array, int};
use crate::engine::scalar::expression::RowError;

/// `array, index, …`: null outside, and when there are not as many subscripts as dimensions.
pub(in crate::engine::scalar) fn element(arguments: &[Value]) -> Result<Value, RowError> {
    let (array, subscripts) = (array(&arguments[0]), &arguments[1..]);
    if array.dimensions.len() != subscripts.len() {
        return Ok(Value::Null);
    }
    let place = array.dimensions.iter().zip(subscripts).try_fold(0usize, |place, (&(length, lower), subscript)| {
        let index = u32::try_from(int(subscript) - i64::from(lower)).ok().filter(|index| *index < length)?;
        Some(place * length as usize + index as usize)
    });
    Ok(place.and_then(|place| array.elements.get(place).cloned()).unwrap_or(Value::Null))
}

/// What is kept of one dimension.
struct Kept {
    length: usize,
    from: usize,
    count: usize,
}

/// `array, lower, upper, …`: what there is of it, counted from 1; dimensions without bounds are kept whole.
pub(in crate::engine::scalar) fn slice(arguments: &[Value]) -> Result<Value, RowError> {
    let (array, bounds) = (array(&arguments[0]), &arguments[1..]);
    if bounds.len() / 2 > array.dimensions.len() {
        return Ok(from_elements(Vec::new()));
    }
    let mut kept: Vec<Kept> = Vec::new();
    for (place, &(length, first)) in array.dimensions.iter().enumerate() {
        let (first, last) = (i64::from(first), i64::from(first) + i64::from(length) - 1);
        let (lower, upper) = match bounds.get(place * 2..place * 2 + 2) {
            Some([lower, upper]) => (int(lower).max(first), int(upper).min(last)),
            _ => (first, last),
        };
        if lower > upper {
            return Ok(from_elements(Vec::new()));
        }
        let (from, count) = ((lower - first) as usize, (upper - lower + 1) as usize);
        kept.push(Kept { length: length as usize, from, count });
    }
    let mut elements = Vec::new();
    take(&mut elements, &array.elements, &kept);
    let dimensions = kept.iter().map(|kept| (kept.count as u32, 1)).collect();
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

fn take(out: &mut Vec<Value>, elements: &[Value], kept: &[Kept]) {
    let [first, inner @ ..] = kept else { return out.extend_from_slice(elements) };
    let size = elements.len() / first.length.max(1);
    elements.chunks(size.max(1)).skip(first.from).take(first.count).for_each(|chunk| take(out, chunk, inner));
}
