//! Statements that change tables, as far as it matters to who follows their rows: which tables, and what of them is no longer known.
//!
//! The log names a statement's text and no rows for what it does to them. So whatever may have changed values counts as having done so.

/// What a statement does to a table, or (`table` is `None`) to all of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: Option<String>,
    /// What became of it.
    pub what: What,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// All rows are gone.
    Emptied,
    /// Its rows are others, or under another name.
    Gone(&'static str),
    /// Values of these columns are others, or they are no more.
    Columns(Vec<String>),
    /// It may have other columns, in another order, with other defaults: only a log that names them can still be read.
    Reshaped,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Text,
    Mark(char),
}

/// What `sql` does, where `schema` is the one of names without a schema.
pub fn effects(schema: &str, sql: &str) -> Vec<Effect> {
    let tokens = tokens(sql);
    let mut reader = Reader { tokens: &tokens, schema };
    match reader.word().as_str() {
        "TRUNCATE" => {
            reader.skip(&["TABLE"]);
            reader.name().map(|name| name.with(What::Emptied)).into_iter().collect()
        }
        "DROP" => reader.drop(),
        "RENAME" => reader.rename(),
        "ALTER" => reader.alter(),
        "CREATE" => reader.create(),
        _ => Vec::new(),
    }
}

/// A table's name.
struct Name {
    schema: String,
    table: String,
}

impl Name {
    fn with(self, what: What) -> Effect {
        Effect { schema: self.schema, table: Some(self.table), what }
    }
}

struct Reader<'t> {
    tokens: &'t [Token],
    schema: &'t str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    /// The next token, if it is a word that is not quoted, in upper case.
    fn word(&mut self) -> String {
        match self.next() {
            Some(Token::Word(word)) => word.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    fn peeks(&self, wanted: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
    }

    /// Leaves out these words, in this order, where they stand; whether the first was there.
    fn skip(&mut self, words: &[&str]) -> bool {
        let found = words.first().is_some_and(|first| self.peeks(first));
        for word in words {
            if self.peeks(word) {
                self.next();
            }
        }
        found
    }

    fn mark(&mut self, wanted: char) -> bool {
        let found = self.tokens.first() == Some(&Token::Mark(wanted));
        if found {
            self.next();
        }
        found
    }

    fn identifier(&mut self) -> Option<String> {
        match self.next()? {
            Token::Word(name) | Token::Quoted(name) => Some(name),
            _ => None,
        }
    }

    fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if self.mark('.') {
            return Some(Name { schema: first, table: self.identifier()? });
        }
        Some(Name { schema: self.schema.into(), table: first })
    }

    fn drop(&mut self) -> Vec<Effect> {
        const DROPPED: What = What::Gone("was dropped");
        match self.word().as_str() {
            "DATABASE" | "SCHEMA" => {
                self.skip(&["IF", "EXISTS"]);
                let schema = self.identifier();
                schema.map(|schema| Effect { schema, table: None, what: DROPPED }).into_iter().collect()
            }
            "TABLE" | "TABLES" => {
                self.skip(&["IF", "EXISTS"]);
                let mut all = Vec::new();
                while let Some(name) = self.name() {
                    all.push(name.with(DROPPED));
                    if !self.mark(',') {
                        break;
                    }
                }
                all
            }
            _ => Vec::new(),
        }
    }

    fn rename(&mut self) -> Vec<Effect> {
        const RENAMED: What = What::Gone("was renamed");
        let mut all = Vec::new();
        if !matches!(self.word().as_str(), "TABLE" | "TABLES") {
            return all;
        }
        loop {
            self.skip(&["IF", "EXISTS"]);
            let Some(from) = self.name() else { return all };
            while !self.tokens.is_empty() && !self.skip(&["TO"]) {
                self.next();
            }
            let to = self.name();
            all.push(from.with(RENAMED));
            all.extend(to.map(|to| to.with(RENAMED)));
            if !self.mark(',') {
                return all;
            }
        }
    }

    fn create(&mut self) -> Vec<Effect> {
        if self.skip(&["OR", "REPLACE"]) && self.skip(&["TABLE"]) {
            return self.name().map(|name| name.with(What::Gone("was made anew"))).into_iter().collect();
        }
        if self.skip(&["TABLE"]) && !self.skip(&["IF", "NOT", "EXISTS"]) {
            return self.name().map(|name| name.with(What::Gone("was made anew"))).into_iter().collect();
        }
        Vec::new()
    }

    fn alter(&mut self) -> Vec<Effect> {
        self.skip(&["ONLINE"]);
        self.skip(&["IGNORE"]);
        if !self.skip(&["TABLE"]) {
            return Vec::new();
        }
        self.skip(&["IF", "EXISTS"]);
        let Some(name) = self.name() else { return Vec::new() };
        let mut all = Vec::new();
        let mut columns = Vec::new();
        if !parts(self.tokens).iter().all(|part| is_harmless(part)) {
            all.push(Effect { schema: name.schema.clone(), table: Some(name.table.clone()), what: What::Reshaped });
        }
        for part in parts(self.tokens) {
            match (Reader { tokens: part, schema: self.schema }).specification(&mut columns) {
                Some((what, other)) => {
                    all.extend(other.map(|other| other.with(what.clone())));
                    all.push(Effect { schema: name.schema.clone(), table: Some(name.table.clone()), what });
                }
                None => continue,
            }
        }
        if !columns.is_empty() {
            all.push(name.with(What::Columns(columns)));
        }
        all
    }

    /// One part of ALTER TABLE: what it does to all of the table, and to which other; columns that it may change go to `columns`.
    fn specification(&mut self, columns: &mut Vec<String>) -> Option<(What, Option<Name>)> {
        while self.skip(&["WAIT"]) || self.skip(&["NOWAIT"]) || matches!(self.tokens.first(), Some(Token::Mark(_))) {
            self.next();
        }
        let gone = |reason| Some((What::Gone(reason), None));
        match self.word().as_str() {
            "ADD" if self.peeks("SYSTEM") => gone("keeps old versions of its rows now"),
            "DROP" => {
                if self.peeks("PARTITION") {
                    return gone("had a partition dropped");
                }
                let others = ["INDEX", "KEY", "CONSTRAINT", "CHECK", "FOREIGN", "PRIMARY", "SYSTEM", "PERIOD"];
                if others.iter().any(|other| self.peeks(other)) {
                    return None;
                }
                self.column(columns);
                None
            }
            "MODIFY" | "CHANGE" => {
                self.column(columns);
                None
            }
            "RENAME" => self.renaming(columns),
            "CONVERT" if self.skip(&["TO"]) => gone("was converted to another character set"),
            "CONVERT" => gone("had a partition exchanged"),
            "TRUNCATE" => gone("had a partition emptied"),
            "DISCARD" | "IMPORT" => gone("had its file exchanged"),
            "EXCHANGE" => {
                while !self.tokens.is_empty() && !self.skip(&["TABLE"]) {
                    self.next();
                }
                Some((What::Gone("had a partition exchanged"), self.name()))
            }
            _ => None,
        }
    }

    fn column(&mut self, columns: &mut Vec<String>) {
        self.skip(&["COLUMN"]);
        self.skip(&["IF", "EXISTS"]);
        columns.extend(self.identifier());
    }

    fn renaming(&mut self, columns: &mut Vec<String>) -> Option<(What, Option<Name>)> {
        if self.peeks("INDEX") || self.peeks("KEY") {
            return None;
        }
        if self.skip(&["COLUMN"]) {
            self.skip(&["IF", "EXISTS"]);
            columns.extend(self.identifier());
            self.skip(&["TO"]);
            columns.extend(self.identifier());
            return None;
        }
        self.skip(&["TO"]);
        self.skip(&["AS"]);
        self.mark('=');
        Some((What::Gone("was renamed"), self.name()))
    }
}

/// Whether a part of ALTER TABLE leaves columns, their order and their defaults as they are.
fn is_harmless(part: &[Token]) -> bool {
    const OPTIONS: [&str; 12] = [
        "ENGINE",
        "ALGORITHM",
        "LOCK",
        "COMMENT",
        "AUTO_INCREMENT",
        "ROW_FORMAT",
        "FORCE",
        "ENABLE",
        "DISABLE",
        "WAIT",
        "NOWAIT",
        "STATS_PERSISTENT",
    ];
    const PARTS: [&str; 6] = ["INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL", "FOREIGN"];
    let word = |place: usize| match part.get(place) {
        Some(Token::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    match word(0).as_str() {
        "ADD" | "DROP" | "RENAME" => PARTS.contains(&word(1).as_str()),
        first => OPTIONS.contains(&first),
    }
}

/// Splits at commas that stand in no brackets.
fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_i32;
    tokens
        .split(move |token| {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                _ => {}
            }
            depth == 0 && *token == Token::Mark(',')
        })
        .collect()
}

/// Words, names and marks; what stands in executable comments belongs to the statement.
fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if let Some(inner) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            rest = inner.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if let Some(inner) = rest.strip_prefix("/*") {
            rest = inner.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some(inner) = rest.strip_prefix("*/") {
            rest = inner;
        } else if first == '#' || rest.starts_with("-- ") || rest.starts_with("--\n") || rest.starts_with("--\t") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if matches!(first, '`' | '"' | '\'') {
            let (text, after) = quoted(&rest[1..], first);
            found.push(if first == '\'' { Token::Text } else { Token::Quoted(text) });
            rest = after;
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push(Token::Word(rest[..end].into()));
            rest = &rest[end..];
        } else {
            if !first.is_whitespace() {
                found.push(Token::Mark(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '@') || !c.is_ascii()
}

/// What stands up to the closing quote, and what follows.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote != '`' {
            name.extend(characters.next().map(|(_, c)| c));
        } else if c != quote {
            name.push(c);
        } else if text[at + 1..].starts_with(quote) {
            name.push(quote);
            characters.next();
        } else {
            return (name, &text[at + 1..]);
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sql: &str) -> String {
        let effect = |effect: Effect| {
            let what = match effect.what {
                What::Emptied => "emptied".into(),
                What::Gone(_) => "gone".into(),
                What::Columns(names) => names.join("+"),
                What::Reshaped => "reshaped".into(),
            };
            format!("{}.{} {what}", effect.schema, effect.table.unwrap_or("*".into()))
        };
        effects("d", sql).into_iter().map(effect).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_a_statement_does_to_rows_is_told() {
        for (sql, wanted) in [
            ("TRUNCATE TABLE `a`", "d.a emptied"),
            ("truncate x.a", "x.a emptied"),
            ("DROP TABLE IF EXISTS `a`,`x`.`b` /* generated by server */", "d.a gone, x.b gone"),
            ("DROP TEMPORARY TABLE a", ""),
            ("DROP DATABASE x", "x.* gone"),
            ("RENAME TABLE a TO _a_old, _a_new TO a", "d.a gone, d._a_old gone, d._a_new gone, d.a gone"),
            ("ALTER TABLE a ADD COLUMN b int DEFAULT (1, 2) COMMENT 'drop column c, drop d'", "d.a reshaped"),
            ("/* x */ ALTER TABLE `a` DROP COLUMN `b`, ADD COLUMN b int, modify c bigint", "d.a reshaped, d.a b+c"),
            ("ALTER TABLE a CHANGE b c int, DROP INDEX i, ADD KEY (c)", "d.a reshaped, d.a b"),
            ("ALTER TABLE a DROP INDEX i, ADD KEY (c), ADD UNIQUE (d), RENAME INDEX i TO j, LOCK=NONE", ""),
            ("ALTER TABLE a ALTER b SET DEFAULT 5", "d.a reshaped"),
            ("ALTER TABLE a RENAME COLUMN b TO c", "d.a reshaped, d.a b+c"),
            ("ALTER TABLE a RENAME TO x.b", "d.a reshaped, x.b gone, d.a gone"),
            ("ALTER TABLE a DROP PARTITION p", "d.a reshaped, d.a gone"),
            ("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b", "d.a reshaped, d.b gone, d.a gone"),
            ("ALTER TABLE a CONVERT TO CHARACTER SET latin1", "d.a reshaped, d.a gone"),
            ("ALTER TABLE a ENGINE = InnoDB, ALGORITHM=COPY", ""),
            ("/*!50100 DROP TABLE `we``ird.a` */", "d.we`ird.a gone"),
            ("CREATE TABLE IF NOT EXISTS a (b int)", ""),
            ("CREATE OR REPLACE TABLE a (b int)", "d.a gone"),
            ("CREATE INDEX i ON a (b)", ""),
        ] {
            assert_eq!(told(sql), wanted, "{sql}");
        }
    }
}
