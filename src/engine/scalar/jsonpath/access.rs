//! Keys, elements and levels.

use super::item::Item;
use super::path::{Chain, LAST, Step};
use super::run::{Outcome, Ran, Run, Sink};
use crate::engine::scalar::expression::RowError;

/// An object lacks what is asked of it.
const NO_MEMBER: &str = "2203A";
const NO_ARRAY: &str = "22039";
const NO_OBJECT: &str = "2203C";
const BAD_SUBSCRIPT: &str = "22033";

/// The steps behind this one, and the item that it is applied to.
pub(super) type Here<'a> = (&'a [Step], &'a Item);

/// Level at hand, and the first and the last that are wanted.
pub(super) type Levels = (u32, u32, u32);

impl Run {
    pub(super) fn key(&mut self, key: &str, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        match (item, item.field(key)) {
            (_, Some(value)) => self.next(rest, value.clone(), sink),
            (Item::Object(_), None) => self.missing(NO_MEMBER, format!("JSON object does not contain key \"{key}\"")),
            _ => self.missing(NO_MEMBER, "jsonpath member accessor can only be applied to an object"),
        }
    }

    pub(super) fn any_key(&mut self, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        match item {
            Item::Object(_) => self.levels(rest, (item, self.lax), (1, 1, 1), sink),
            _ => self.missing(NO_OBJECT, "jsonpath wildcard member accessor can only be applied to an object"),
        }
    }

    pub(super) fn any_element(&mut self, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        match item {
            Item::Array(_) => self.elements(rest, (item, self.lax), sink),
            _ if self.lax => self.next(rest, item.clone(), sink),
            _ => self.missing(NO_ARRAY, "jsonpath wildcard array accessor can only be applied to an array"),
        }
    }

    /// `[1, 2 to last]`; a value that is no array is one of itself where the path is lax.
    pub(super) fn subscripts(
        &mut self,
        ranges: &[(Chain, Option<Chain>)],
        (rest, item): Here<'_>,
        sink: &mut Sink,
    ) -> Ran {
        let elements = match item {
            Item::Array(elements) => elements.as_ref().clone(),
            _ if self.lax => vec![item.clone()],
            _ => return self.missing(NO_ARRAY, "jsonpath array accessor can only be applied to an array"),
        };
        let outer = std::mem::replace(&mut self.size, elements.len());
        let mut ran = Ok(Outcome::NotFound);
        for range in ranges {
            ran = self.range(range, (rest, &elements), sink);
            if ran.as_ref().map_or(true, |outcome| sink.is_done(*outcome)) {
                break;
            }
        }
        self.size = outer;
        ran
    }

    fn range(
        &mut self,
        (from, to): &(Chain, Option<Chain>),
        (rest, elements): (&[Step], &[Item]),
        sink: &mut Sink,
    ) -> Ran {
        let from = match self.subscript(from)? {
            Ok(from) => from,
            Err(failed) => return Ok(failed),
        };
        let to = match to.as_ref().map(|to| self.subscript(to)).transpose()? {
            Some(Ok(to)) => to,
            Some(Err(failed)) => return Ok(failed),
            None => from,
        };
        let size = elements.len() as i64;
        if !self.forgiving && (from < 0 || from > to || to >= size) {
            return self.fail(BAD_SUBSCRIPT, "jsonpath array subscript is out of bounds");
        }
        let mut outcome = Outcome::NotFound;
        for index in from.max(0)..=to.min(size - 1) {
            outcome = self.next(rest, elements[index as usize].clone(), sink)?;
            if sink.is_done(outcome) {
                break;
            }
        }
        Ok(outcome)
    }

    /// The number that a subscript is, or how it failed.
    fn subscript(&mut self, chain: &Chain) -> Result<Result<i64, Outcome>, RowError> {
        let mut sink = Sink::list();
        if self.chain(chain, &mut sink)? == Outcome::Failed {
            return Ok(Err(Outcome::Failed));
        }
        let items = sink.items();
        let [Item::Number(number)] = &items[..] else {
            return self.fail(BAD_SUBSCRIPT, "jsonpath array subscript is not a single numeric value").map(Err);
        };
        let whole = number.trunc(0).and_then(|number| number.to_i64("integer")).ok();
        match whole.and_then(|whole| i32::try_from(whole).ok()) {
            Some(index) => Ok(Ok(index.into())),
            None => self.fail(BAD_SUBSCRIPT, "jsonpath array subscript is out of integer range").map(Err),
        }
    }

    /// `.**{first to last}`: level 0 is the item itself; what is not there is no error.
    pub(super) fn any_level(&mut self, (first, last): (u32, u32), (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        let outer = std::mem::replace(&mut self.forgiving, true);
        let mut ran = Ok(Outcome::NotFound);
        if first == 0 {
            ran = self.next(rest, item.clone(), sink);
        }
        let done = ran.as_ref().map_or(true, |outcome| *outcome == Outcome::Found && !sink.wants_items());
        if !done && item.is_container() {
            ran = self.levels(rest, (item, self.lax), (1, first, last), sink);
        }
        self.forgiving = outer;
        ran
    }

    /// The parts of a container and of those in it go through the steps, from level `first` to `last`.
    pub(super) fn levels(
        &mut self,
        steps: &[Step],
        (container, unwraps): (&Item, bool),
        (level, first, last): Levels,
        sink: &mut Sink,
    ) -> Ran {
        let mut outcome = Outcome::NotFound;
        if level > last {
            return Ok(outcome);
        }
        for part in container.parts() {
            let is_leaf = first == LAST && last == LAST && !part.is_container();
            if level >= first || is_leaf {
                if steps.is_empty() {
                    if !sink.wants_items() {
                        return Ok(Outcome::Found);
                    }
                    sink.push(part.clone());
                } else {
                    outcome = self.step(steps, (&part, unwraps), sink)?;
                    if sink.is_done(outcome) {
                        break;
                    }
                }
            }
            if level < last && part.is_container() {
                outcome = self.levels(steps, (&part, unwraps), (level + 1, first, last), sink)?;
                if sink.is_done(outcome) {
                    break;
                }
            }
        }
        Ok(outcome)
    }
}
