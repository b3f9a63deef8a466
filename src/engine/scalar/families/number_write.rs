//! Digits into a template of numbers, step by step as Postgres does it.

use super::date_format::ordinal;
use super::number_template::{Field, NumberTemplate, SignPlace, Step};

/// A number that was brought into digits.
pub(super) struct Digits {
    /// Digits with a point, without a sign.
    pub(super) shown: String,
    /// Places that the template has more than there are digits.
    pub(super) spaces: usize,
    pub(super) negative: bool,
}

struct Writer<'a> {
    template: &'a NumberTemplate,
    number: &'a [u8],
    negative: bool,
    /// Zero where there is none, for Roman numerals.
    signed: bool,
    spaces: usize,
    zero_start: usize,
    sign: SignPlace,
    brackets: bool,
    sign_wrote: bool,
    /// Digits after which zeros are dropped.
    last_relevant: Option<usize>,
    count: isize,
    current: usize,
    at: usize,
    in_number: bool,
    out: String,
}

/// The last digit behind the point that is not zero, or the point.
fn last_relevant(number: &[u8]) -> Option<usize> {
    let point = number.iter().position(|byte| *byte == b'.')?;
    Some(number[point + 1..].iter().rposition(|byte| *byte != b'0').map_or(point, |at| point + 1 + at))
}

impl<'a> Writer<'a> {
    fn new(template: &'a NumberTemplate, digits: &'a Digits) -> Self {
        let number = digits.shown.as_bytes();
        let negative = digits.negative;
        let (mut brackets, mut sign) = (template.brackets, template.sign);
        let sign_wrote = if template.plus || template.minus {
            !template.plus || template.minus
        } else {
            if !negative && brackets && template.filled {
                brackets = false;
            }
            if sign == SignPlace::Before && template.before == template.digits_before_sign {
                sign = SignPlace::After;
            }
            !negative && template.filled && template.sign == SignPlace::None
        };
        let mut relevant = if template.filled && template.point { last_relevant(number) } else { None };
        if let Some(at) = relevant
            && template.zero_end > digits.spaces
        {
            relevant = Some(at.max((number.len() - 1).min(template.zero_end - digits.spaces)));
        }
        let count = (template.after + template.before) as isize - 1;
        Self {
            template,
            number,
            negative,
            signed: true,
            spaces: digits.spaces,
            zero_start: template.zero_start.saturating_sub(1),
            sign,
            brackets,
            sign_wrote,
            last_relevant: relevant,
            count: count + isize::from(!sign_wrote && digits.spaces == 0),
            current: 0,
            at: 0,
            in_number: false,
            out: String::new(),
        }
    }

    fn digit(&self) -> Option<u8> {
        self.number.get(self.at).copied()
    }

    /// A leading zero that a point follows is not written by a `9`.
    fn is_dropped_zero(&self) -> bool {
        !self.template.zero && self.at == 0 && self.digit() == Some(b'0') && self.template.after != 0
    }

    fn relevant_is_point(&self) -> bool {
        self.last_relevant.is_some_and(|at| self.number.get(at) == Some(&b'.'))
    }

    fn unless_filled(&mut self, c: char) {
        if !self.template.filled {
            self.out.push(c);
        }
    }

    fn leading_sign(&mut self) {
        let reached = self.current >= self.spaces || (self.template.zero && self.zero_start == self.current);
        if self.sign_wrote || !reached || (self.is_dropped_zero() && !self.relevant_is_point()) {
            return;
        }
        if self.sign != SignPlace::None {
            if self.sign == SignPlace::Before {
                self.out.push(if self.negative { '-' } else { '+' });
                self.sign_wrote = true;
            }
            return;
        }
        if self.brackets {
            self.out.push(if self.negative { '<' } else { ' ' });
        } else if self.negative {
            self.out.push('-');
        } else {
            self.unless_filled(' ');
        }
        self.sign_wrote = true;
    }

    fn number_part(&mut self, field: Field) {
        self.in_number = false;
        self.leading_sign();
        let zero = self.template.zero;
        if self.current < self.spaces && (self.zero_start > self.current || !zero) {
            self.unless_filled(' ');
        } else if zero && self.current < self.spaces {
            self.out.push('0');
            self.in_number = true;
        } else {
            self.take_digit(field);
        }
        let mut end = self.count + isize::from(self.spaces > 0) + isize::from(self.template.point);
        if self.last_relevant == Some(self.at) {
            end = self.current as isize;
        }
        if self.current as isize + 1 == end {
            if self.sign_wrote && self.brackets {
                self.out.push(if self.negative { '>' } else { ' ' });
            } else if self.sign == SignPlace::After {
                self.out.push(if self.negative { '-' } else { '+' });
            }
        }
        self.current += 1;
    }

    fn take_digit(&mut self, field: Field) {
        match self.digit() {
            Some(b'.') => {
                if !self.relevant_is_point() || self.template.filled {
                    self.out.push('.');
                }
            }
            _ if self.last_relevant.is_some_and(|at| self.at > at) && field != Field::Zero => {}
            _ if self.is_dropped_zero() => {
                if !self.template.filled {
                    self.out.push(' ');
                } else if self.relevant_is_point() {
                    self.out.push('0');
                }
            }
            digit => {
                // Past the digits Postgres ends the text.
                self.out.push(digit.map_or('\0', char::from));
                self.in_number = true;
            }
        }
        self.at += usize::from(self.at < self.number.len());
    }

    fn mark(&mut self, shown: bool, mark: char) {
        if shown { self.out.push(mark) } else { self.unless_filled(' ') }
    }

    fn field(&mut self, field: Field) {
        let (roman, signed) = (self.template.roman, self.signed);
        match field {
            Field::Nine | Field::Zero | Field::Point if roman => {}
            Field::Nine | Field::Zero | Field::Point => self.number_part(field),
            Field::Comma | Field::Group => self.mark(self.in_number, ','),
            Field::Currency => self.out.push(' '),
            Field::Roman { upper } => {
                let shown = String::from_utf8_lossy(self.number);
                let shown = if upper { shown.into_owned() } else { shown.to_lowercase() };
                let width = if self.template.filled { 0 } else { 15 };
                self.out.push_str(&format!("{shown:>width$}"));
            }
            Field::Ordinal { upper } => {
                if !roman && self.number.first() != Some(&b'#') && !self.negative && !self.template.point {
                    let shown = String::from_utf8_lossy(self.number);
                    self.out.push_str(ordinal(&shown, upper));
                }
            }
            Field::Minus => self.mark(signed && self.negative, '-'),
            Field::Plus => self.mark(signed && !self.negative, '+'),
            Field::PlusMinus => self.out.push(if self.negative { '-' } else { '+' }),
            Field::Other => {}
        }
    }
}

/// The number as the template shows it.
pub(super) fn written(template: &NumberTemplate, digits: &Digits) -> String {
    if template.scientific {
        return digits.shown.clone();
    }
    let mut writer = Writer::new(template, digits);
    writer.signed = !template.roman;
    for step in &template.steps {
        match step {
            Step::Field(field) => writer.field(*field),
            Step::Text(c) => writer.out.push(*c),
        }
    }
    let end = writer.out.find('\0').unwrap_or(writer.out.len());
    writer.out.truncate(end);
    writer.out
}
