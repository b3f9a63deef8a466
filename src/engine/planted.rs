//! Faults that a test plants in the engines of its own thread, to see that it would notice them. Only builds with debug
//! assertions have them: in a release [`planted`] is a constant.
#![cfg_attr(not(debug_assertions), allow(dead_code))]

use tailwater_connectors::Value;

use super::delta::Delta;
use crate::state::Version;

/// A fault of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedFault {
    /// A retraction is lost: the one of this number, counted over all operators.
    LostRetraction(usize),
    /// A row comes twice: the one of this number, counted over all operators.
    RowTwice(usize),
    /// A join reads the inputs behind the changed one as they are after the step, not as before it.
    SwappedVersions,
    /// A row of an outer join that gets its first match stays there without one, too.
    KeptUnmatched,
    /// Nulls of join keys meet.
    JoinedNulls,
}

#[cfg(debug_assertions)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<PlantedFault>> = const { std::cell::Cell::new(None) };
}

/// Plants a fault in the engines that this thread drives from now on, or takes it out. Answers with what was planted.
#[cfg(debug_assertions)]
pub fn plant(fault: Option<PlantedFault>) -> Option<PlantedFault> {
    PLANTED.replace(fault)
}

#[cfg(debug_assertions)]
fn planted() -> Option<PlantedFault> {
    PLANTED.get()
}

#[cfg(not(debug_assertions))]
const fn planted() -> Option<PlantedFault> {
    None
}

/// Whether this fault is planted.
pub(super) fn is_planted(fault: PlantedFault) -> bool {
    planted() == Some(fault)
}

/// Whether a value of a join key meets none: null does so where keys are not compared null-safe.
pub(super) fn is_kept_from_meeting(null_safe: bool, value: &Value) -> bool {
    !null_safe && value.is_null() && !is_planted(PlantedFault::JoinedNulls)
}

/// The version in which a join reads the inputs behind the changed one.
pub(super) fn version(right: Version) -> Version {
    match right {
        Version::Old if is_planted(PlantedFault::SwappedVersions) => Version::New,
        version => version,
    }
}

/// Spoils a delta that leaves an operator.
#[cfg(debug_assertions)]
pub(super) fn spoil(delta: &mut Delta) {
    let (number, sign) = match planted() {
        Some(PlantedFault::LostRetraction(number)) => (number, -1),
        Some(PlantedFault::RowTwice(number)) => (number, 1),
        _ => return,
    };
    let mut hit = (0..delta.len()).filter(|place| delta[*place].1.signum() == sign);
    match hit.nth(number) {
        Some(place) if sign < 0 => drop(delta.remove(place)),
        Some(place) => delta[place].1 *= 2,
        None => {
            let passed = delta.iter().filter(|(_, weight)| weight.signum() == sign).count();
            let rest = number - passed;
            let fault = if sign < 0 { PlantedFault::LostRetraction(rest) } else { PlantedFault::RowTwice(rest) };
            plant(Some(fault));
            return;
        }
    }
    plant(None);
}

/// Nothing is planted in a release.
#[cfg(not(debug_assertions))]
pub(super) const fn spoil(_: &mut Delta) {}
