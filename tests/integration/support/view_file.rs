//! A golden view test: tables, views over them, and transactions. It holds no expected rows: Postgres is asked.
//!
//! ```text
//! # what the file is about
//! --- database
//! lc_ctype 'C.UTF-8' (may be left out: options of CREATE DATABASE)
//! --- tables
//! create table t (id int primary key); insert into t values (1);
//! --- view v [key: id]
//! select id from t
//! --- transaction
//! delete from t
//! ```
//!
//! Each transaction is sent as one simple query, so that it is one transaction unless it says otherwise itself. A view may
//! read the views before it.

use std::fs;
use std::path::Path;

use tailwater::sql::ViewText;

/// A file, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewFile {
    /// Name without the ending.
    pub(crate) name: String,
    /// Options of CREATE DATABASE.
    pub(crate) database: String,
    /// DDL and first rows.
    pub(crate) tables: String,
    /// More first rows: table and text for COPY, with `|` between columns. Not in files.
    pub(crate) rows: Vec<(String, String)>,
    /// Views in order.
    pub(crate) views: Vec<ViewText>,
    /// Transactions in order.
    pub(crate) transactions: Vec<String>,
}

impl ViewFile {
    /// Reads a file; what is not understood is an error that names its line.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?;
        let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let file = Self::parse(name, &text)?;
        if file.tables.is_empty() || file.views.is_empty() || file.transactions.is_empty() {
            return Err(format!("{name}: needs tables, a view and a transaction"));
        }
        Ok(file)
    }

    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut file = Self { name: name.into(), ..Self::default() };
        let mut section: Option<Section> = None;
        for (index, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("{name}.test:{}: {what}: {line}", index + 1);
            if let Some(head) = line.strip_prefix("--- ") {
                file.take(section.replace(Section::named(head, index).ok_or_else(|| wrong("no such section"))?));
            } else if let Some(section) = &mut section {
                section.body.push_str(line);
                section.body.push('\n');
            } else if !line.is_empty() && !line.starts_with('#') {
                return Err(wrong("text before the first section"));
            }
        }
        file.take(section);
        Ok(file)
    }

    /// As a file.
    pub(crate) fn text(&self, about: &str) -> String {
        let mut text = format!("# {about}\n--- tables\n{}\n", self.tables.trim_end());
        for view in &self.views {
            let key = view.key.as_ref().map(|key| format!(" [key: {}]", key.join(", "))).unwrap_or_default();
            text.push_str(&format!("--- view {}{key}\n{}\n", view.name, view.sql.trim_end()));
        }
        for transaction in &self.transactions {
            text.push_str(&format!("--- transaction\n{}\n", transaction.trim_end()));
        }
        text
    }

    fn take(&mut self, section: Option<Section>) {
        let Some(Section { kind, body }) = section else { return };
        match kind {
            Kind::Database => self.database = format!("template template0 {body}"),
            Kind::Tables => self.tables.push_str(&body),
            Kind::Transaction => self.transactions.push(body),
            Kind::View(view) => self.views.push(ViewText { sql: body, ..view }),
        }
    }
}

struct Section {
    kind: Kind,
    body: String,
}

enum Kind {
    Database,
    Tables,
    View(ViewText),
    Transaction,
}

impl Section {
    fn named(head: &str, index: usize) -> Option<Self> {
        let head = head.trim();
        let kind = match head.split_once(' ') {
            None if head == "database" => Kind::Database,
            None if head == "tables" => Kind::Tables,
            None if head == "transaction" => Kind::Transaction,
            Some(("view", rest)) => {
                let (name, key) = match rest.split_once('[') {
                    Some((name, key)) => (name, Some(key.trim().strip_suffix(']')?.trim().strip_prefix("key:")?)),
                    None => (rest, None),
                };
                let key = key.map(|key| key.split(',').map(|column| column.trim().to_owned()).collect());
                let line = index as u32 + 2;
                Kind::View(ViewText { name: name.trim().into(), key, line, ..ViewText::default() })
            }
            _ => return None,
        };
        Some(Self { kind, body: String::new() })
    }
}

#[test]
fn a_file_is_read_in_sections() {
    let text = "# about\n--- tables\ncreate table t (id int);\n--- view v [key: a, b]\nselect\n--- transaction\none\n--- transaction\ntwo\n";
    let file = ViewFile::parse("f", text).unwrap();
    assert_eq!(file.tables, "create table t (id int);\n");
    assert_eq!((&*file.views[0].name, &*file.views[0].sql, file.views[0].line), ("v", "select\n", 5));
    assert_eq!(file.views[0].key.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(file.transactions, ["one\n", "two\n"]);
    assert_eq!(file.text("about"), text);
    assert!(ViewFile::parse("f", "--- nonsense\n").unwrap_err().contains("f.test:1"));
}
