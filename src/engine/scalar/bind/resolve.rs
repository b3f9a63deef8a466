//! Overload resolution, step by step as in Postgres' `func_select_candidate`.

use tailwater_connectors::SqlType;

use crate::engine::scalar::catalog::{Entry, Pattern};
use crate::engine::scalar::coerce::{Category, bare, category, implicitly, is_preferred};

/// Why no overload was picked.
pub(super) enum Unresolved {
    /// None accepts the arguments.
    Missing,
    /// Several do, and no rule prefers one.
    Ambiguous,
}

/// An overload with the types its arguments become.
#[derive(Clone)]
pub(super) struct Candidate<'a> {
    pub(super) entry: &'a Entry,
    pub(super) arguments: Vec<SqlType>,
    pub(super) result: SqlType,
    patterns: Vec<Pattern>,
}

/// Picks the overload for arguments of these types.
pub(super) fn resolve<'a>(overloads: &'a [Entry], given: &[SqlType]) -> Result<Candidate<'a>, Unresolved> {
    let given: Vec<SqlType> = given.iter().map(bare).collect();
    let mut candidates: Vec<Candidate<'a>> = overloads.iter().filter_map(|entry| candidate(entry, &given)).collect();
    // The form that takes any number gives way to one that takes just these.
    let fixed: Vec<Vec<Pattern>> =
        candidates.iter().filter(|known| !known.entry.variadic).map(|known| known.patterns.clone()).collect();
    candidates.retain(|known| !known.entry.variadic || !fixed.contains(&known.patterns));
    if let Some(exact) = candidates.iter().find(|candidate| exact_matches(candidate, &given) == given.len()) {
        return Ok(exact.clone());
    }
    if let [left, right] = &given[..]
        && (*left == SqlType::Unknown) != (*right == SqlType::Unknown)
    {
        let known = if *left == SqlType::Unknown { right } else { left };
        let same = [known.clone(), known.clone()];
        let is_array = matches!(known, SqlType::Array(_));
        let takes_both = |candidate: &&Candidate<'_>| {
            exact_matches(candidate, &same) == 2
                || is_array && candidate.patterns.iter().all(|pattern| *pattern == Pattern::AnyArray)
        };
        let found = candidates.iter().find(takes_both);
        if let Some(found) = found.filter(|candidate| !candidate.entry.variadic) {
            return Ok(found.clone());
        }
    }
    keep_best(&mut candidates, |candidate| exact_matches(candidate, &given));
    keep_best(&mut candidates, |candidate| preferred_matches(candidate, &given));
    match candidates.len() {
        0 => return Err(Unresolved::Missing),
        1 => return Ok(candidates.swap_remove(0)),
        _ => {}
    }
    if !given.contains(&SqlType::Unknown) {
        return Err(Unresolved::Ambiguous);
    }
    narrow_by_unknowns(&mut candidates, &given);
    if candidates.len() != 1 {
        narrow_by_known(&mut candidates, &given);
    }
    if candidates.len() == 1 { Ok(candidates.swap_remove(0)) } else { Err(Unresolved::Ambiguous) }
}

fn candidate<'a>(entry: &'a Entry, given: &[SqlType]) -> Option<Candidate<'a>> {
    let mut patterns = entry.arguments.clone();
    if entry.variadic {
        let last = patterns.last().cloned()?;
        while patterns.len() < given.len() {
            patterns.push(last.clone());
        }
    }
    if patterns.len() != given.len() {
        return None;
    }
    let element = element_type(&patterns, given)?;
    let concrete = |pattern: &Pattern, actual: &SqlType| -> Option<SqlType> {
        let resolved = match pattern {
            Pattern::Is(expected) => expected.clone(),
            Pattern::Any if *actual == SqlType::Unknown => SqlType::Text,
            Pattern::Any => actual.clone(),
            Pattern::AnyElement | Pattern::AnyEnum => element.clone()?,
            Pattern::AnyNonArray => match actual {
                SqlType::Array(_) => return None,
                SqlType::Unknown => SqlType::Text,
                other => other.clone(),
            },
            Pattern::AnyArray => SqlType::Array(Box::new(element.clone()?)),
        };
        implicitly(actual, &resolved).then_some(resolved)
    };
    let arguments: Option<Vec<SqlType>> = patterns.iter().zip(given).map(|(p, actual)| concrete(p, actual)).collect();
    let result = match &entry.result {
        Pattern::Is(result) => result.clone(),
        Pattern::AnyArray => SqlType::Array(Box::new(element.clone()?)),
        _ => element.clone()?,
    };
    Some(Candidate { entry, arguments: arguments?, result, patterns })
}

/// The element type that polymorphic arguments agree on; outer `None` when they do not.
fn element_type(patterns: &[Pattern], given: &[SqlType]) -> Option<Option<SqlType>> {
    let mut found: Option<SqlType> = None;
    for (pattern, actual) in patterns.iter().zip(given) {
        let element = match (pattern, actual) {
            (_, SqlType::Unknown) => continue,
            (Pattern::AnyElement, actual) => actual.clone(),
            (Pattern::AnyEnum, SqlType::Enum(_)) => actual.clone(),
            (Pattern::AnyArray, SqlType::Array(element)) => (**element).clone(),
            (Pattern::AnyEnum | Pattern::AnyArray, _) => return None,
            _ => continue,
        };
        match &found {
            Some(known) if implicitly(&element, known) => {}
            Some(known) if !implicitly(known, &element) => return None,
            _ => found = Some(element),
        }
    }
    Some(found)
}

fn is_exact(pattern: &Pattern, actual: &SqlType) -> bool {
    match pattern {
        Pattern::Is(expected) => expected == actual,
        Pattern::AnyEnum => matches!(actual, SqlType::Enum(_)),
        _ => false,
    }
}

fn exact_matches(candidate: &Candidate<'_>, given: &[SqlType]) -> usize {
    candidate.patterns.iter().zip(given).filter(|(pattern, actual)| is_exact(pattern, actual)).count()
}

fn preferred_matches(candidate: &Candidate<'_>, given: &[SqlType]) -> usize {
    let counts = |(pattern, actual): &(&Pattern, &SqlType)| match pattern {
        _ if **actual == SqlType::Unknown => false,
        Pattern::Is(expected) => {
            expected == *actual || (is_preferred(expected) && category(expected) == category(actual))
        }
        _ => is_exact(pattern, actual),
    };
    candidate.patterns.iter().zip(given).filter(counts).count()
}

fn keep_best(candidates: &mut Vec<Candidate<'_>>, score: impl Fn(&Candidate<'_>) -> usize) {
    let best = candidates.iter().map(&score).max().unwrap_or(0);
    candidates.retain(|candidate| score(candidate) == best);
}

fn slot(candidate: &Candidate<'_>, index: usize) -> Option<SqlType> {
    match &candidate.patterns[index] {
        Pattern::Is(expected) => Some(expected.clone()),
        _ => None,
    }
}

/// Unknown arguments take the string category where a candidate allows it, else the one that all agree on.
fn narrow_by_unknowns(candidates: &mut Vec<Candidate<'_>>, given: &[SqlType]) {
    let mut wanted: Vec<Option<(Category, bool)>> = vec![None; given.len()];
    for index in (0..given.len()).filter(|&index| given[index] == SqlType::Unknown) {
        let slots: Vec<Option<SqlType>> = candidates.iter().map(|candidate| slot(candidate, index)).collect();
        let categories: Vec<Option<Category>> = slots.iter().map(|slot| slot.as_ref().map(category)).collect();
        let chosen = if categories.contains(&Some(Category::String)) {
            Category::String
        } else {
            match categories.first() {
                Some(Some(first)) if categories.iter().all(|other| *other == Some(*first)) => *first,
                _ => return,
            }
        };
        let preferred = slots.iter().flatten().any(|slot| category(slot) == chosen && is_preferred(slot));
        wanted[index] = Some((chosen, preferred));
    }
    let fits = |candidate: &Candidate<'_>| {
        wanted.iter().enumerate().all(|(index, wanted)| match wanted {
            None => true,
            Some((chosen, preferred)) => slot(candidate, index)
                .is_some_and(|slot| category(&slot) == *chosen && (!preferred || is_preferred(&slot))),
        })
    };
    if candidates.iter().any(&fits) {
        candidates.retain(|candidate| fits(candidate));
    }
}

/// When all known arguments have one type, unknown ones are assumed to have it too.
fn narrow_by_known(candidates: &mut Vec<Candidate<'_>>, given: &[SqlType]) {
    let mut known = given.iter().filter(|actual| **actual != SqlType::Unknown);
    let Some(first) = known.next().filter(|first| known.all(|other| other == *first)) else { return };
    let accepts = |candidate: &Candidate<'_>| {
        candidate.patterns.iter().all(|pattern| match pattern {
            Pattern::Is(expected) => implicitly(first, expected),
            _ => true,
        })
    };
    if candidates.iter().filter(|candidate| accepts(candidate)).count() == 1 {
        candidates.retain(|candidate| accepts(candidate));
    }
}
