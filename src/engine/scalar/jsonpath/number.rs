//! Arithmetic of items.

use tailwater_connectors::Numeric;
use tailwater_connectors::numeric::NumericError;

use super::item::Item;
use super::path::{Arithmetic, Chain, Step};
use super::run::{Outcome, Ran, Run, Sink};

const NOT_SINGLE: &str = "22038";
const NO_NUMBER: &str = "2203B";

fn computed(operator: Arithmetic, left: &Numeric, right: &Numeric) -> Result<Numeric, NumericError> {
    match operator {
        Arithmetic::Add => left.add(right),
        Arithmetic::Subtract => left.sub(right),
        Arithmetic::Multiply => left.mul(right),
        Arithmetic::Divide => left.div(right),
        Arithmetic::Modulo => left.rem(right),
    }
}

impl Run {
    /// Both sides must be one number.
    pub(super) fn arithmetic(
        &mut self,
        (operator, sides): (Arithmetic, &(Chain, Chain)),
        steps: &[Step],
        sink: &mut Sink,
    ) -> Ran {
        let Some(left) = self.unwrapped(&sides.0)? else { return Ok(Outcome::Failed) };
        let Some(right) = self.unwrapped(&sides.1)? else { return Ok(Outcome::Failed) };
        let not_single = |side: &str| {
            let symbol = operator.symbol();
            format!("{side} operand of jsonpath operator {symbol} is not a single numeric value")
        };
        let [Item::Number(left)] = &left[..] else { return self.fail(NOT_SINGLE, not_single("left")) };
        let [Item::Number(right)] = &right[..] else { return self.fail(NOT_SINGLE, not_single("right")) };
        match computed(operator, left, right) {
            Ok(number) => self.next(steps, Item::Number(number), sink),
            Err(error) => self.fail(error.code(), error.to_string()),
        }
    }

    /// A sign changes every item.
    pub(super) fn sign(&mut self, (negative, operand): (bool, &Chain), steps: &[Step], sink: &mut Sink) -> Ran {
        let Some(items) = self.unwrapped(operand)? else { return Ok(Outcome::Failed) };
        let is_skipped = steps.is_empty() && !sink.wants_items();
        let mut found = Outcome::NotFound;
        for item in items {
            let Item::Number(number) = item else {
                if is_skipped {
                    continue;
                }
                let symbol = if negative { "-" } else { "+" };
                let message = format!("operand of unary jsonpath operator {symbol} is not a numeric value");
                return self.fail(NO_NUMBER, message);
            };
            let number = if negative { number.neg() } else { number };
            match self.next(steps, Item::Number(number), sink)? {
                Outcome::Failed => return Ok(Outcome::Failed),
                Outcome::Found if !sink.wants_items() => return Ok(Outcome::Found),
                Outcome::Found => found = Outcome::Found,
                Outcome::NotFound => {}
            }
        }
        Ok(found)
    }
}
