//! Reads one table of the file key by key and remembers what nobody asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use toml_edit::{Item, TableLike};

use super::problem::{Problem, nearest};
use super::units;

/// The file being read; collects problems.
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(super) problems: RefCell<Vec<Problem>>,
}

impl File<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn report(&self, line: usize, key: &str, message: impl Into<String>, hint: Option<String>) {
        let problem = Problem { file: self.name.into(), line, key: key.into(), message: message.into(), hint };
        self.problems.borrow_mut().push(problem);
    }
}

/// One table of the file.
pub(super) struct Section<'a> {
    file: &'a File<'a>,
    path: String,
    line: usize,
    table: &'a dyn TableLike,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn root(file: &'a File<'a>, table: &'a dyn TableLike) -> Self {
        Self { file, path: String::new(), line: 1, table, asked: RefCell::default() }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    fn place(&self, name: &str) -> usize {
        let span = self.table.get_key_value(name).and_then(|(key, item)| key.span().or_else(|| item.span()));
        span.map_or(self.line, |span| self.file.line(span.start))
    }

    /// Reports a problem with the value of `name`.
    pub(super) fn report(&self, name: &str, message: impl Into<String>, hint: Option<&str>) {
        self.file.report(self.place(name), &self.key(name), message, hint.map(Into::into));
    }

    fn get(&self, name: &'static str) -> Option<&'a Item> {
        self.asked.borrow_mut().insert(name);
        self.table.get(name)
    }

    /// Named subsections, `[name.X]`, in file order.
    pub(super) fn named(&self, name: &'static str) -> Vec<(String, Section<'a>)> {
        let Some(item) = self.get(name) else { return Vec::new() };
        let Some(table) = item.as_table_like() else {
            self.report(name, "must be a table", Some(&format!("write [{name}.NAME]")));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (key, item) in table.iter() {
            let path = format!("{}.{key}", self.key(name));
            let span = table.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()));
            let line = span.map_or(self.line, |span| self.file.line(span.start));
            match item.as_table_like() {
                Some(table) => {
                    sections
                        .push((key.into(), Section { file: self.file, path, line, table, asked: RefCell::default() }));
                }
                None => self.file.report(line, &path, "must be a table", Some(format!("write [{path}]"))),
            }
        }
        sections
    }

    /// The subsection `[name]`.
    pub(super) fn subsection(&self, name: &'static str) -> Option<Section<'a>> {
        let table = match self.get(name)?.as_table_like() {
            Some(table) => table,
            None => {
                self.report(name, "must be a table", None);
                return None;
            }
        };
        let (path, line) = (self.key(name), self.place(name));
        Some(Section { file: self.file, path, line, table, asked: RefCell::default() })
    }

    /// Keys and string values of the subsection `[name]`, any keys.
    pub(super) fn string_map(&self, name: &'static str) -> Vec<(String, String)> {
        let Some(section) = self.subsection(name) else { return Vec::new() };
        let pairs = section.table.iter();
        pairs.filter_map(|(key, item)| Some((key.to_string(), section.text(key, item)?))).collect()
    }

    fn text(&self, name: &str, item: &Item) -> Option<String> {
        match item.as_str() {
            Some(text) => self.substituted(name, text),
            None => {
                self.report(name, "must be a string", Some("put it in double quotes"));
                None
            }
        }
    }

    /// A variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.file.environment)(name)
    }

    fn substituted(&self, name: &str, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else {
                self.report(name, "\"${\" without \"}\"", Some("write ${NAME}"));
                return None;
            };
            let variable = &rest[start + 2..start + length];
            out.push_str(&rest[..start]);
            match (self.file.environment)(variable) {
                Some(value) => out.push_str(&value),
                None => {
                    let hint = format!("set it: export {variable}=...");
                    self.report(name, format!("environment variable \"{variable}\" is not set"), Some(&hint));
                    return None;
                }
            }
            rest = &rest[start + length + 1..];
        }
        out.push_str(rest);
        Some(out)
    }

    /// Whether it has this key.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// An optional string.
    pub(super) fn string(&self, name: &'static str) -> Option<String> {
        self.get(name).and_then(|item| self.text(name, item))
    }

    /// A string that must be there.
    pub(super) fn required(&self, name: &'static str, hint: &str) -> Option<String> {
        if self.get(name).is_none() {
            self.file.report(self.line, &self.key(name), "is missing", Some(hint.into()));
            return None;
        }
        self.string(name)
    }

    /// An optional list of strings.
    pub(super) fn strings(&self, name: &'static str) -> Option<Vec<String>> {
        let item = self.get(name)?;
        let texts = item.as_array().map(|array| array.iter().map(|value| value.as_str()).collect::<Option<Vec<_>>>());
        match texts {
            Some(Some(texts)) => texts.into_iter().map(|text| self.substituted(name, text)).collect(),
            _ => {
                self.report(name, "must be a list of strings", Some("write [\"a\", \"b\"]"));
                None
            }
        }
    }

    /// An optional truth value.
    pub(super) fn boolean(&self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?.as_bool();
        if value.is_none() {
            self.report(name, "must be true or false", Some("write it without quotes"));
        }
        value
    }

    /// An optional whole number, not negative.
    pub(super) fn number(&self, name: &'static str) -> Option<u64> {
        let value = self.get(name)?.as_integer().and_then(|value| u64::try_from(value).ok());
        if value.is_none() {
            self.report(name, "must be a whole number", Some("write it without quotes"));
        }
        value
    }

    /// An optional duration.
    pub(super) fn duration(&self, name: &'static str) -> Option<Duration> {
        self.measured(name, units::duration, "must be a duration", "write for example \"250ms\", \"5s\" or \"1h\"")
    }

    /// An optional size in bytes.
    pub(super) fn bytes(&self, name: &'static str) -> Option<usize> {
        self.measured(name, units::bytes, "must be a size", "write for example \"64MiB\" or \"2GiB\"")
    }

    fn measured<T>(&self, name: &'static str, read: fn(&str) -> Option<T>, message: &str, hint: &str) -> Option<T> {
        let text = match self.get(name)?.as_str() {
            Some(text) => self.substituted(name, text)?,
            None => {
                self.report(name, message, Some(hint));
                return None;
            }
        };
        let value = read(&text);
        if value.is_none() {
            self.report(name, format!("{message}, not \"{text}\""), Some(hint));
        }
        value
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        let asked: Vec<&str> = self.asked.borrow().iter().copied().collect();
        for (key, _) in self.table.iter().filter(|(key, _)| !asked.contains(key)) {
            let hint = match nearest(key, &asked) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("known keys: {}", asked.join(", ")),
            };
            self.report(key, "unknown key", Some(&hint));
        }
    }
}
