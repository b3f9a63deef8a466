//! What a template of numbers says as a whole.

use super::template::{NUMBER_FIELDS, Node, template};
use crate::engine::scalar::expression::RowError;

/// Where the sign of `S` stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SignPlace {
    #[default]
    None,
    Before,
    After,
}

/// One field of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Nine,
    Zero,
    Point,
    Comma,
    Group,
    Currency,
    Roman { upper: bool },
    Ordinal { upper: bool },
    Minus,
    Plus,
    PlusMinus,
    Other,
}

/// A step of writing or reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Field(Field),
    Text(char),
}

/// A template with what its fields add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberTemplate {
    pub(super) steps: Vec<Step>,
    /// Digits before the point, after it, and moved by `V`.
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) moved: usize,
    /// Place of the first `0`, from 1; 0 without.
    pub(super) zero_start: usize,
    pub(super) zero_end: usize,
    pub(super) sign: SignPlace,
    pub(super) digits_before_sign: usize,
    pub(super) point: bool,
    pub(super) filled: bool,
    pub(super) zero: bool,
    pub(super) blank: bool,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) brackets: bool,
    pub(super) roman: bool,
    pub(super) scientific: bool,
    pub(super) multiplied: bool,
}

fn wrong(message: &'static str) -> RowError {
    RowError::new("42601", message)
}

impl NumberTemplate {
    pub(super) fn new(pattern: &str) -> Result<Self, RowError> {
        let mut found = Self::default();
        for node in template(pattern, NUMBER_FIELDS) {
            match node {
                Node::Field { name, .. } => found.field(name)?,
                Node::Space(c) | Node::Separator(c) | Node::Text(c) => found.steps.push(Step::Text(c)),
            }
        }
        Ok(found)
    }

    /// Whether `th` is written behind the number, of which it needs the last digit.
    pub(super) fn ordinal_is_shown(&self, negative: bool) -> bool {
        let asked = self.steps.iter().any(|step| matches!(step, Step::Field(Field::Ordinal { .. })));
        asked && !negative && !self.roman && !self.point && !self.scientific
    }

    fn signed(&self) -> bool {
        self.sign != SignPlace::None
    }

    fn field(&mut self, name: &str) -> Result<(), RowError> {
        let upper = name.to_ascii_uppercase();
        if self.scientific && upper != "EEEE" {
            return Err(wrong("\"EEEE\" must be the last pattern used"));
        }
        let step = match upper.as_str() {
            "9" | "0" => self.digit(upper == "0")?,
            "." | "D" => {
                if self.point {
                    return Err(wrong("multiple decimal points"));
                }
                if self.multiplied {
                    return Err(wrong("cannot use \"V\" and decimal point together"));
                }
                self.point = true;
                Field::Point
            }
            "B" => {
                self.blank |= self.before == 0 && self.after == 0 && !self.zero;
                Field::Other
            }
            "FM" => {
                self.filled = true;
                Field::Other
            }
            "S" | "MI" | "PL" | "SG" | "PR" => self.sign(&upper)?,
            "EEEE" => {
                let others = [self.blank, self.filled, self.signed(), self.brackets, self.minus, self.plus];
                if self.scientific || self.roman || self.multiplied || others.contains(&true) {
                    return Err(wrong("\"EEEE\" is incompatible with other formats"));
                }
                self.scientific = true;
                Field::Other
            }
            "V" => {
                if self.point {
                    return Err(wrong("cannot use \"V\" and decimal point together"));
                }
                self.multiplied = true;
                Field::Other
            }
            "RN" => {
                self.roman = true;
                Field::Roman { upper: name == "RN" }
            }
            "TH" => Field::Ordinal { upper: name == "TH" },
            "," => Field::Comma,
            "G" => Field::Group,
            "L" => Field::Currency,
            _ => Field::Other,
        };
        self.steps.push(Step::Field(step));
        Ok(())
    }

    fn digit(&mut self, zero: bool) -> Result<Field, RowError> {
        if self.brackets {
            return Err(wrong("digits must be ahead of \"PR\""));
        }
        if !zero && self.multiplied {
            self.moved += 1;
            return Ok(Field::Nine);
        }
        if zero && !self.zero && !self.point {
            (self.zero, self.zero_start) = (true, self.before + 1);
        }
        if self.point {
            self.after += 1;
        } else {
            self.before += 1;
        }
        if zero {
            self.zero_end = self.before + self.after;
        }
        Ok(if zero { Field::Zero } else { Field::Nine })
    }

    fn sign(&mut self, upper: &str) -> Result<Field, RowError> {
        let others = self.plus || self.minus || self.brackets;
        let clash = match upper {
            "S" => self.signed() || others,
            "PR" => self.signed() || self.plus || self.minus,
            _ => self.signed(),
        };
        if clash {
            return Err(wrong("signs of a number template cannot be used together"));
        }
        Ok(match upper {
            "S" if self.point => {
                self.sign = SignPlace::After;
                Field::Other
            }
            "S" => {
                (self.sign, self.digits_before_sign) = (SignPlace::Before, self.before);
                Field::Other
            }
            "MI" => {
                self.minus = true;
                Field::Minus
            }
            "PL" => {
                self.plus = true;
                Field::Plus
            }
            "SG" => {
                (self.minus, self.plus) = (true, true);
                Field::PlusMinus
            }
            _ => {
                self.brackets = true;
                Field::Other
            }
        })
    }
}
