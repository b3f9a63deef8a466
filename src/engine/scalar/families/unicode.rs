//! Unicode as such: `unistr`, `normalize`, `IS NORMALIZED`, and keys that sort as a locale does.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::Locale;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use tailwater_connectors::Value;

use super::read::text;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Locales kept per thread; past it all are dropped.
const LOCALES_MAX: usize = 64;

fn syntax(message: &str) -> RowError {
    RowError::new("42601", message)
}

/// Reads one escape after its backslash: the code and what follows.
fn escape(rest: &str) -> Option<(u32, &str)> {
    let (digits, length) = match rest.chars().next()? {
        '+' => (&rest[1..], 6),
        'u' => (&rest[1..], 4),
        'U' => (&rest[1..], 8),
        _ => (rest, 4),
    };
    let code = digits.get(..length).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(code, 16).ok()?, &digits[length..]))
}

fn unistr(arguments: &[Value]) -> Result<Value, RowError> {
    let mut rest = text(&arguments[0]);
    let mut out = String::with_capacity(rest.len());
    let mut high: Option<u32> = None;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let plain = c != '\\' || rest.starts_with('\\');
        if plain {
            if high.is_some() {
                return Err(syntax("invalid Unicode surrogate pair"));
            }
            rest = if c == '\\' { &rest[1..] } else { rest };
            out.push(c);
            continue;
        }
        let (code, after) = escape(rest).ok_or_else(|| syntax("invalid Unicode escape"))?;
        rest = after;
        let code = match (high.take(), code) {
            (Some(high), 0xdc00..=0xdfff) => 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00),
            (None, 0xd800..=0xdbff) => {
                high = Some(code);
                continue;
            }
            (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(syntax("invalid Unicode surrogate pair")),
            (None, code) => code,
        };
        let c = char::from_u32(code).filter(|c| *c != '\0');
        out.push(c.ok_or_else(|| RowError::invalid_parameter("invalid Unicode code point"))?);
    }
    if high.is_some() { Err(syntax("invalid Unicode surrogate pair")) } else { Ok(Value::text(out)) }
}

fn normalized(arguments: &[Value]) -> Result<String, RowError> {
    let source = text(&arguments[0]);
    let form = arguments.get(1).map_or("nfc", text).to_ascii_lowercase();
    let compose = |normalizer: ComposingNormalizerBorrowed<'_>| normalizer.normalize(source).into_owned();
    let decompose = |normalizer: DecomposingNormalizerBorrowed<'_>| normalizer.normalize(source).into_owned();
    Ok(match form.as_str() {
        "nfc" => compose(ComposingNormalizerBorrowed::new_nfc()),
        "nfkc" => compose(ComposingNormalizerBorrowed::new_nfkc()),
        "nfd" => decompose(DecomposingNormalizerBorrowed::new_nfd()),
        "nfkd" => decompose(DecomposingNormalizerBorrowed::new_nfkd()),
        _ => return Err(RowError::invalid_parameter("invalid normalization form")),
    })
}

thread_local! {
    static COLLATORS: RefCell<HashMap<String, Rc<CollatorBorrowed<'static>>>> = RefCell::new(HashMap::new());
}

/// The order of a collation as Postgres names it: `und-x-icu`, `de-AT-x-icu`, `unicode`.
fn collator(name: &str) -> Result<Rc<CollatorBorrowed<'static>>, RowError> {
    COLLATORS.with_borrow_mut(|known| {
        if let Some(collator) = known.get(name) {
            return Ok(collator.clone());
        }
        let unknown = || RowError::new("42704", "collation does not exist");
        let tag = name.strip_suffix("-x-icu").unwrap_or(name);
        let tag = if tag == "unicode" { "und" } else { tag };
        let locale = Locale::try_from_str(tag).map_err(|_| unknown())?;
        let collator = Collator::try_new((&locale).into(), CollatorOptions::default()).map_err(|_| unknown())?;
        if known.len() >= LOCALES_MAX {
            known.clear();
        }
        let collator = Rc::new(collator);
        known.insert(name.to_owned(), collator.clone());
        Ok(collator)
    })
}

/// Whether the order of an ICU locale (`de-AT`, `en_US`) is kept: of those with options (`de-u-co-phonebk`) it is not.
pub fn is_kept_locale(locale: &str) -> bool {
    let locale = locale.replace('_', "-");
    let plain =
        Locale::try_from_str(&locale).is_ok_and(|known| known.extensions.is_empty() && known.id.variants.is_empty());
    plain && collator(&locale).is_ok()
}

/// The greatest or least text by a collation, the first argument; nulls do not count; the first of equals.
fn extremum(arguments: &[Value], better: Ordering) -> Result<Value, RowError> {
    let mut best: Option<(Value, &Value)> = None;
    for value in arguments[1..].iter().filter(|value| !value.is_null()) {
        let key = collation_key(&[arguments[0].clone(), value.clone()])?;
        // Texts that the collation holds equal are ordered by their bytes.
        if best.as_ref().is_none_or(|(known, text)| (&key, value).cmp(&(known, *text)) == better) {
            best = Some((key, value));
        }
    }
    Ok(best.map_or(Value::Null, |(_, value)| value.clone()))
}

/// Bytes that sort as the collation sorts the text.
fn collation_key(arguments: &[Value]) -> Result<Value, RowError> {
    let collator = collator(text(&arguments[0]))?;
    let mut key = Vec::new();
    let written = collator.write_sort_key_to(text(&arguments[1]), &mut key);
    written.map_err(|_| RowError::new("22021", "text cannot be collated"))?;
    Ok(Value::Bytes(key.into()))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("unistr(text) text", unistr);
    for arguments in ["text", "text,text"] {
        catalog.strict(&format!("normalize({arguments}) text"), |a| normalized(a).map(Value::text));
        catalog.strict(&format!("is_normalized({arguments}) bool"), |a| {
            normalized(a).map(|normalized| Value::Bool(normalized == text(&a[0])))
        });
    }
    catalog.strict("tw_collation_key(text,text) bytea", collation_key);
    catalog.nullable("tw_greatest(text,variadic text) text", |arguments| extremum(arguments, Ordering::Greater));
    catalog.nullable("tw_least(text,variadic text) text", |arguments| extremum(arguments, Ordering::Less));
}
