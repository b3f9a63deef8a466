//! Conditions: true, false, or nothing where they are unknown. Errors of the data within make them unknown.

use std::cmp::Ordering;

use super::item::Item;
use super::moment::compare;
use super::path::{Chain, Comparison, Condition, Pattern};
use super::run::{Outcome, Run, Sink};
use crate::engine::scalar::expression::RowError;

type Truth = Result<Option<bool>, RowError>;

/// A test of one pair of items.
enum Test<'p> {
    Compare(Comparison),
    StartsWith,
    LikeRegex(&'p Pattern),
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::Greater => order.is_gt(),
            Self::AtMost => order.is_le(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

impl Run {
    pub(super) fn condition(&mut self, condition: &Condition) -> Truth {
        match condition {
            Condition::And(sides) => match self.condition(&sides.0)? {
                Some(false) => Ok(Some(false)),
                left => Ok(match self.condition(&sides.1)? {
                    Some(true) => left,
                    right => right,
                }),
            },
            Condition::Or(sides) => match self.condition(&sides.0)? {
                Some(true) => Ok(Some(true)),
                left => Ok(match self.condition(&sides.1)? {
                    Some(false) => left,
                    right => right,
                }),
            },
            Condition::Not(inner) => Ok(self.condition(inner)?.map(|truth| !truth)),
            Condition::IsUnknown(inner) => Ok(Some(self.condition(inner)?.is_none())),
            Condition::Exists(chain) => self.exists(chain),
            Condition::Compare(comparison, sides) => {
                let right = self.quietly(|run| run.unwrapped(&sides.0));
                let Some(left) = right? else { return Ok(None) };
                let Some(right) = self.quietly(|run| run.unwrapped(&sides.1))? else { return Ok(None) };
                self.pairs(&left, &right, &Test::Compare(*comparison))
            }
            Condition::StartsWith(sides) => {
                let Some(left) = self.quietly(|run| run.unwrapped(&sides.0))? else { return Ok(None) };
                let mut initial = Sink::list();
                if self.quietly(|run| run.chain(&sides.1, &mut initial))? == Outcome::Failed {
                    return Ok(None);
                }
                self.pairs(&left, &initial.items(), &Test::StartsWith)
            }
            Condition::LikeRegex(chain, pattern) => {
                let Some(left) = self.quietly(|run| run.unwrapped(chain))? else { return Ok(None) };
                self.pairs(&left, &[Item::Null], &Test::LikeRegex(pattern))
            }
        }
    }

    /// Without telling errors of the data.
    fn quietly<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.throws, false);
        let result = action(self);
        self.throws = outer;
        result
    }

    fn exists(&mut self, chain: &Chain) -> Truth {
        let mut sink = if self.lax { Sink::presence() } else { Sink::list() };
        let outcome = self.quietly(|run| run.chain(chain, &mut sink))?;
        Ok(match outcome {
            Outcome::Failed => None,
            outcome if self.lax => Some(outcome == Outcome::Found),
            _ => Some(!sink.items().is_empty()),
        })
    }

    /// Whether some pair passes. Where the path is lax the first that does decides, else every pair must have an answer.
    fn pairs(&self, left: &[Item], right: &[Item], test: &Test<'_>) -> Truth {
        let (mut found, mut unknown) = (false, false);
        for one in left {
            for other in right {
                match self.test(one, other, test)? {
                    None if !self.lax => return Ok(None),
                    None => unknown = true,
                    Some(true) if self.lax => return Ok(Some(true)),
                    Some(truth) => found |= truth,
                }
            }
        }
        Ok(if !found && unknown { None } else { Some(found) })
    }

    fn test(&self, one: &Item, other: &Item, test: &Test<'_>) -> Truth {
        Ok(match (test, one, other) {
            (Test::Compare(comparison), ..) => {
                let comparison = *comparison;
                match (one, other) {
                    (Item::Null, Item::Null) => Some(comparison.holds(Ordering::Equal)),
                    (Item::Null, _) | (_, Item::Null) => Some(comparison == Comparison::NotEqual),
                    (Item::Bool(a), Item::Bool(b)) => Some(comparison.holds(a.cmp(b))),
                    (Item::Number(a), Item::Number(b)) => Some(comparison.holds(a.numeric_cmp(b))),
                    (Item::Text(a), Item::Text(b)) => Some(comparison.holds(a.cmp(b))),
                    (Item::Moment(a), Item::Moment(b)) => {
                        compare(a, b, self.zoned)?.map(|order| comparison.holds(order))
                    }
                    _ => None,
                }
            }
            (Test::StartsWith, Item::Text(whole), Item::Text(initial)) => Some(whole.starts_with(&**initial)),
            (Test::LikeRegex(pattern), Item::Text(text), _) => {
                let characters: Vec<char> = text.chars().collect();
                let too_many = |_| RowError::new("54000", "regular expression takes too many steps");
                Some(pattern.regex.is_match(&characters).map_err(too_many)?)
            }
            _ => None,
        })
    }
}
