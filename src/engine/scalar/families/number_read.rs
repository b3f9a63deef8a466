//! Digits out of text by a template of numbers, step by step as Postgres does it.

use super::number_template::{Field, NumberTemplate, SignPlace, Step};

struct Reader<'a> {
    template: &'a NumberTemplate,
    text: Vec<char>,
    at: usize,
    sign: Option<char>,
    out: String,
    before: usize,
    after: usize,
    point_read: bool,
}

/// The digits with sign and point, and how many stand behind the point.
pub(super) fn digits_read(template: &NumberTemplate, text: &str) -> (String, usize) {
    let mut reader = Reader {
        template,
        text: text.chars().collect(),
        at: 0,
        sign: None,
        out: String::new(),
        before: 0,
        after: 0,
        point_read: false,
    };
    for step in &template.steps {
        if reader.peek().is_none() {
            break;
        }
        match step {
            Step::Text(_) => reader.at += 1,
            Step::Field(field) => reader.field(*field),
        }
    }
    let digits = reader.out.strip_suffix('.').unwrap_or(&reader.out);
    (format!("{}{digits}", reader.sign.map(String::from).unwrap_or_default()), reader.after)
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// Skips characters that are no part of a number.
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            match self.peek() {
                Some(c) if !"0123456789.,+-".contains(c) => self.at += 1,
                _ => return,
            }
        }
    }

    fn field(&mut self, field: Field) {
        match field {
            Field::Nine | Field::Zero | Field::Point => self.part(field),
            // No number is ever begun while reading, so a filled template skips no marks.
            Field::Comma | Field::Group => {
                if !self.template.filled && self.peek() == Some(',') {
                    self.at += 1;
                }
            }
            Field::Currency => self.skip(1),
            Field::Ordinal { .. } => {
                if !self.template.point && self.sign != Some('-') {
                    self.skip(2);
                }
            }
            Field::Minus => self.sign_or_skip(&['-']),
            Field::Plus => self.sign_or_skip(&['+']),
            Field::PlusMinus => self.sign_or_skip(&['-', '+']),
            Field::Roman { .. } | Field::Other => {}
        }
    }

    fn sign_or_skip(&mut self, signs: &[char]) {
        match self.peek().filter(|c| signs.contains(c)) {
            Some(sign) => {
                self.sign = Some(sign);
                self.at += 1;
            }
            None => self.skip(1),
        }
    }

    fn leading_sign(&mut self) {
        let sign = match self.peek() {
            Some('-') => '-',
            Some('+') => '+',
            Some('<') if self.template.brackets && self.template.sign != SignPlace::Before => '-',
            _ => return,
        };
        self.sign = Some(sign);
        self.at += 1;
    }

    /// One digit or the point, with a sign before or behind.
    fn part(&mut self, field: Field) {
        if self.peek() == Some(' ') {
            self.at += 1;
        }
        if self.sign.is_none() && field != Field::Point && self.before + self.after == 0 {
            self.leading_sign();
        }
        let Some(c) = self.peek() else { return };
        let mut read = false;
        if c.is_ascii_digit() {
            if self.point_read && self.after == self.template.after {
                return;
            }
            self.out.push(c);
            if self.point_read {
                self.after += 1
            } else {
                self.before += 1
            }
            read = true;
        } else if self.template.point && !self.point_read && c == '.' {
            self.out.push('.');
            (self.point_read, read) = (true, true);
        }
        if self.sign.is_none() && self.before + self.after > 0 {
            self.trailing_sign(read);
        }
        self.at += 1;
    }

    /// `S` stands right behind the last digit, other signs where the digits end.
    fn trailing_sign(&mut self, read: bool) {
        let next = self.text.get(self.at + 1).copied();
        if self.template.sign != SignPlace::None && read && next.is_some_and(|c| !c.is_ascii_digit()) {
            if let Some(sign) = next.filter(|c| matches!(c, '+' | '-')) {
                self.sign = Some(sign);
                self.at += 1;
            }
        } else if !read && self.template.sign == SignPlace::None && (self.template.plus || self.template.minus) {
            self.sign = self.peek().filter(|c| matches!(c, '+' | '-'));
        }
    }
}
