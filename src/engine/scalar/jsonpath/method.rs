//! `.type()`, `.size()`, `.double()`, `.ceiling()`, `.floor()`, `.abs()`, `.keyvalue()`.

use std::rc::Rc;

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::text::parse_text;
use tailwater_connectors::{Numeric, SqlType, Value};

use super::access::Here;
use super::item::Item;
use super::layout::offset;
use super::path::Method;
use super::run::{Base, Outcome, Ran, Run, Sink};

const NO_ARRAY: &str = "22039";
const NO_OBJECT: &str = "2203C";
const NO_NUMBER: &str = "22036";
/// Ids of one container are below that of the next.
const IDS_PER_CONTAINER: i64 = 10_000_000_000;

impl Method {
    /// Whether an array is not taken for its elements.
    pub(super) fn takes_arrays(self) -> bool {
        matches!(self, Self::Type | Self::Size)
    }
}

/// The double that a text is.
fn double(text: &str) -> Option<f64> {
    match parse_text(&SqlType::Float8, text) {
        Ok(Value::Float(number)) if number.is_finite() => Some(number),
        _ => None,
    }
}

impl Run {
    pub(super) fn method(&mut self, method: Method, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        match method {
            Method::Type => self.next(rest, Item::Text(item.kind().into()), sink),
            Method::Size => match item {
                Item::Array(elements) => self.next(rest, Item::Number((elements.len() as i64).into()), sink),
                _ if self.lax => self.next(rest, Item::Number(Numeric::ONE), sink),
                _ => self.missing(NO_ARRAY, "jsonpath item method .size() can only be applied to an array"),
            },
            Method::Double => self.double((rest, item), sink),
            Method::Ceiling => self.rounded(Numeric::ceil, (method, item), (rest, item), sink),
            Method::Floor => self.rounded(Numeric::floor, (method, item), (rest, item), sink),
            Method::Abs => self.rounded(|number| Ok(number.abs()), (method, item), (rest, item), sink),
            Method::KeyValue => self.key_value((rest, item), sink),
        }
    }

    fn rounded(
        &mut self,
        function: impl Fn(&Numeric) -> Result<Numeric, NumericError>,
        (method, item): (Method, &Item),
        (rest, _): Here<'_>,
        sink: &mut Sink,
    ) -> Ran {
        let Item::Number(number) = item else {
            let message = format!("jsonpath item method .{}() can only be applied to a numeric value", method.name());
            return self.fail(NO_NUMBER, message);
        };
        let number = function(number)?;
        self.next(rest, Item::Number(number), sink)
    }

    /// A number stays as it is; it only has to be in range.
    fn double(&mut self, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        match item {
            Item::Number(number) => match double(&number.to_string()) {
                Some(_) => self.next(rest, item.clone(), sink),
                None => {
                    let message =
                        "numeric argument of jsonpath item method .double() is out of range for type double precision";
                    self.fail(NO_NUMBER, message)
                }
            },
            Item::Text(text) => match double(text) {
                Some(number) => self.next(rest, Item::Number(Numeric::from_f64(number)), sink),
                None => {
                    let message = "string argument of jsonpath item method .double() is not a valid representation of a double precision number";
                    self.fail(NO_NUMBER, message)
                }
            },
            _ => {
                self.fail(NO_NUMBER, "jsonpath item method .double() can only be applied to a string or numeric value")
            }
        }
    }

    /// An object of `id`, `key` and `value` for each field.
    fn key_value(&mut self, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        let Item::Object(fields) = item else {
            return self.fail(NO_OBJECT, "jsonpath item method .keyvalue() can only be applied to an object");
        };
        let place = offset(&self.base.container, item).unwrap_or(0) as i64;
        let id = place + self.base.id * IDS_PER_CONTAINER;
        let mut outcome = Outcome::NotFound;
        for (key, value) in fields.iter() {
            if rest.is_empty() && !sink.wants_items() {
                return Ok(Outcome::Found);
            }
            let made = vec![
                ("id".into(), Item::Number(id.into())),
                ("key".into(), Item::Text(key.clone())),
                ("value".into(), value.clone()),
            ];
            let made = Item::Object(Rc::new(made));
            let base = Base { container: made.clone(), id: self.next_id };
            self.next_id += 1;
            outcome = self.based(base, (rest, made), sink)?;
            if sink.is_done(outcome) {
                break;
            }
        }
        Ok(outcome)
    }
}
