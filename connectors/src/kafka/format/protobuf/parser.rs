//! Definitions of one `.proto` file: messages, enums and fields, as far as reading messages needs them. Options, services, extensions
//! and reserved names are passed over; groups and editions are refused.

use super::token::{Placed, Token, tokens};

/// Messages within messages, and signs within signs, at most.
const DEPTH_MAX: usize = 64;
/// The largest field number.
const NUMBER_MAX: u32 = (1 << 29) - 1;

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub(super) package: String,
    pub(super) imports: Vec<String>,
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    /// Whether fields without a label have no presence.
    pub(super) is_proto3: bool,
}

/// A message type, not yet with its full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    /// `option map_entry = true`: what stands for a map where a schema was made from a descriptor.
    pub(super) is_entry: bool,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enum {
    pub(super) name: String,
    /// Of several labels of one number the first.
    pub(super) labels: Vec<(i32, String)>,
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// No label: in proto3 there is no difference between a zero and nothing.
    Plain,
    /// `optional`, or one of a `oneof`.
    Optional,
    Required,
    Repeated,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) label: Label,
    pub(super) kind: FieldKind,
    /// Which `oneof` of its message it stands in.
    pub(super) oneof: Option<usize>,
}

/// Types of a field as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    One(String),
    Map { key: String, value: String },
}

/// Reads a file; the error says on which line what is wrong.
pub(super) fn parse(text: &str) -> Result<File, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, is_proto3: false };
    parser.file()
}

struct Parser<'t> {
    tokens: &'t [Placed<'t>],
    at: usize,
    is_proto3: bool,
}

type Parsed<T> = Result<T, String>;

impl<'t> Parser<'t> {
    fn file(&mut self) -> Parsed<File> {
        let mut file = File::default();
        while let Some(token) = self.next() {
            match token {
                Token::Sign(';') => {}
                Token::Word("syntax") => {
                    self.sign('=')?;
                    self.is_proto3 = match self.text()?.as_str() {
                        "proto3" => true,
                        "proto2" => false,
                        _ => return self.wrong("neither proto2 nor proto3"),
                    };
                    self.sign(';')?;
                }
                Token::Word("edition") => return self.wrong("editions are not read, only proto2 and proto3"),
                Token::Word("package") => {
                    file.package = self.word()?.to_owned();
                    self.sign(';')?;
                }
                Token::Word("import") => {
                    self.eat("public");
                    self.eat("weak");
                    file.imports.push(self.text()?);
                    self.sign(';')?;
                }
                Token::Word("message") => file.messages.push(self.message(DEPTH_MAX)?),
                Token::Word("enum") => file.enums.push(self.enumeration()?),
                Token::Word("option" | "service" | "extend") => self.pass_statement()?,
                _ => return self.wrong("a definition was expected"),
            }
        }
        file.is_proto3 = self.is_proto3;
        Ok(file)
    }

    fn message(&mut self, depth: usize) -> Parsed<Message> {
        let Some(depth) = depth.checked_sub(1) else { return self.wrong("messages are nested too deeply") };
        let name = self.name()?;
        self.sign('{')?;
        let (fields, messages, enums) = (Vec::new(), Vec::new(), Vec::new());
        let mut message = Message { name, fields, messages, enums, is_entry: false };
        loop {
            // A field may be named as a keyword, but then a type stands in front of it.
            match self.next() {
                Some(Token::Sign('}')) => return Ok(message),
                Some(Token::Sign(';')) => {}
                Some(Token::Word("message")) => message.messages.push(self.message(depth)?),
                Some(Token::Word("enum")) => message.enums.push(self.enumeration()?),
                Some(Token::Word("oneof")) => self.oneof(&mut message.fields)?,
                Some(Token::Word("option" | "extensions" | "reserved" | "extend")) => {
                    message.is_entry |= self.says_entry();
                    self.pass_statement()?;
                }
                Some(Token::Word(word)) => {
                    let (label, kind) = match *word {
                        "optional" => (Label::Optional, self.word()?),
                        "required" => (Label::Required, self.word()?),
                        "repeated" => (Label::Repeated, self.word()?),
                        kind => (Label::Plain, kind),
                    };
                    message.fields.push(self.field(label, kind)?);
                }
                _ => return self.wrong("a field was expected"),
            }
        }
    }

    fn says_entry(&self) -> bool {
        let said = self.tokens.get(self.at..self.at + 3).unwrap_or_default().iter().map(|(_, token)| token);
        said.eq([&Token::Word("map_entry"), &Token::Sign('='), &Token::Word("true")])
    }

    fn oneof(&mut self, fields: &mut Vec<Field>) -> Parsed<()> {
        // Its first field's place tells it from others.
        let oneof = Some(fields.len());
        self.word()?;
        self.sign('{')?;
        loop {
            match self.next() {
                Some(Token::Sign('}')) => return Ok(()),
                Some(Token::Sign(';')) => {}
                Some(Token::Word("option")) => self.pass_statement()?,
                Some(Token::Word(kind)) => {
                    let kind = *kind;
                    fields.push(Field { oneof, ..self.field(Label::Optional, kind)? });
                }
                _ => return self.wrong("a field was expected"),
            }
        }
    }

    fn field(&mut self, label: Label, kind: &str) -> Parsed<Field> {
        let (label, kind) = match kind {
            "group" => return self.wrong("groups are not read"),
            "map" => {
                self.sign('<')?;
                let key = self.word()?.to_owned();
                self.sign(',')?;
                let value = self.word()?.to_owned();
                self.sign('>')?;
                (Label::Repeated, FieldKind::Map { key, value })
            }
            kind => (label, FieldKind::One(kind.to_owned())),
        };
        let name = self.name()?;
        self.sign('=')?;
        let number = match self.next() {
            Some(Token::Number(number)) => integer(number).and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        let Some(number) = number.filter(|number| (1..=NUMBER_MAX).contains(number)) else {
            return self.wrong("a field's number was expected");
        };
        self.options()?;
        self.sign(';')?;
        Ok(Field { name, number, label, kind, oneof: None })
    }

    fn enumeration(&mut self) -> Parsed<Enum> {
        let name = self.name()?;
        self.sign('{')?;
        let mut labels: Vec<(i32, String)> = Vec::new();
        loop {
            match self.next() {
                Some(Token::Sign('}')) => return Ok(Enum { name, labels }),
                Some(Token::Sign(';')) => {}
                Some(Token::Word("option" | "reserved")) if !self.is_sign('=') => self.pass_statement()?,
                Some(Token::Word(label)) => {
                    let label = (*label).to_owned();
                    self.sign('=')?;
                    let number = self.enum_number()?;
                    self.options()?;
                    self.sign(';')?;
                    if labels.iter().all(|(other, _)| *other != number) {
                        labels.push((number, label));
                    }
                }
                _ => return self.wrong("a label was expected"),
            }
        }
    }

    fn enum_number(&mut self) -> Parsed<i32> {
        let is_negative = self.is_sign('-');
        if is_negative {
            self.at += 1;
        }
        let number = match self.next() {
            Some(Token::Number(number)) => integer(number).map(|number| if is_negative { -number } else { number }),
            _ => None,
        };
        match number.and_then(|number| i32::try_from(number).ok()) {
            Some(number) => Ok(number),
            None => self.wrong("a label's number was expected"),
        }
    }

    /// `[...]`, where it is there.
    fn options(&mut self) -> Parsed<()> {
        if !self.is_sign('[') {
            return Ok(());
        }
        self.pass_until(']')
    }

    /// To the `;`, or behind the braces.
    fn pass_statement(&mut self) -> Parsed<()> {
        let mut is_assignment = false;
        loop {
            match self.tokens.get(self.at) {
                Some((_, Token::Sign('{'))) => {
                    self.pass_until('}')?;
                    if !is_assignment {
                        return Ok(());
                    }
                }
                Some((_, Token::Sign(';'))) => {
                    self.at += 1;
                    return Ok(());
                }
                Some((_, token)) => {
                    is_assignment |= *token == Token::Sign('=');
                    self.at += 1;
                }
                None => return self.wrong("a statement does not end"),
            }
        }
    }

    /// Behind the sign that closes what opens here.
    fn pass_until(&mut self, end: char) -> Parsed<()> {
        let mut open = Vec::new();
        loop {
            match self.next() {
                Some(Token::Sign('{')) => open.push('}'),
                Some(Token::Sign('[')) => open.push(']'),
                Some(Token::Sign(sign @ ('}' | ']'))) => {
                    if open.pop() != Some(*sign) {
                        return self.wrong("brackets do not match");
                    }
                    if open.is_empty() {
                        return if *sign == end { Ok(()) } else { self.wrong("brackets do not match") };
                    }
                }
                Some(_) => {}
                None => return self.wrong("a bracket is not closed"),
            }
        }
    }

    fn next(&mut self) -> Option<&'t Token<'t>> {
        let token = self.tokens.get(self.at).map(|(_, token)| token);
        self.at += usize::from(token.is_some());
        token
    }

    fn is_sign(&self, sign: char) -> bool {
        self.tokens.get(self.at).is_some_and(|(_, token)| *token == Token::Sign(sign))
    }

    fn eat(&mut self, word: &str) {
        if self.tokens.get(self.at).is_some_and(|(_, token)| *token == Token::Word(word)) {
            self.at += 1;
        }
    }

    fn sign(&mut self, sign: char) -> Parsed<()> {
        match self.next() {
            Some(Token::Sign(found)) if *found == sign => Ok(()),
            _ => self.wrong(&format!("\"{sign}\" was expected")),
        }
    }

    fn word(&mut self) -> Parsed<&'t str> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => self.wrong("a name was expected"),
        }
    }

    /// The name of a definition, which has no dots.
    fn name(&mut self) -> Parsed<String> {
        match self.word()? {
            word if word.contains('.') => self.wrong("a name has a dot"),
            word => Ok(word.to_owned()),
        }
    }

    /// Strings that stand beside each other are one.
    fn text(&mut self) -> Parsed<String> {
        let Some(Token::Text(first)) = self.next() else { return self.wrong("a string was expected") };
        let mut text = first.to_string();
        while let Some((_, Token::Text(more))) = self.tokens.get(self.at) {
            text.push_str(more);
            self.at += 1;
        }
        Ok(text)
    }

    fn wrong<T>(&self, what: &str) -> Parsed<T> {
        let line = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last()).map_or(1, |(line, _)| *line);
        Err(format!("line {line}: {what}"))
    }
}

/// Decimal, hexadecimal or octal.
fn integer(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => i64::from_str_radix(&text[2..], 16).ok(),
        [b'0', _, ..] => i64::from_str_radix(&text[1..], 8).ok(),
        _ => text.parse().ok(),
    }
}
