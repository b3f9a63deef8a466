//! Definitions of several files, each type under its full name, and fields that know their types by place.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::super::datum::Kind;
use super::descriptor;
use super::known::{self, Known};
use super::parser::{self, FieldKind, File, Label};
use crate::kafka::base64;

/// Place of a message type in its pool.
pub(in super::super) type MessageId = usize;
/// A list in a message in a list … is a document: deeper is not looked.
const WRAPPERS_MAX: usize = 1;

/// A field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Double,
    Float,
    Int32,
    Int64,
    UInt32,
    UInt64,
    SInt32,
    SInt64,
    Fixed32,
    Fixed64,
    SFixed32,
    SFixed64,
    Bool,
    Text,
    Bytes,
    Enum(usize),
    Message(MessageId),
}

/// How often a field is there, and what nothing means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Nothing is zero.
    Implicit,
    /// Nothing is null.
    Explicit,
    Required,
    Repeated,
    /// Entries of key and value.
    Map,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: SmolStr,
    pub(super) number: u32,
    pub(super) presence: Presence,
    pub(super) of: Type,
    /// Of fields with the same number here only the last one that comes is there.
    pub(super) oneof: Option<usize>,
}

/// A message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) name: SmolStr,
    pub(super) fields: Vec<Field>,
    pub(super) known: Option<Known>,
    /// Entries of a map.
    is_entry: bool,
}

/// All types of some files.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Pool {
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Vec<(i32, SmolStr)>>,
    names: HashMap<String, Type>,
    /// Of the main file: its message types with those within them, for the path in front of a message.
    tree: Vec<Branch>,
}

#[derive(Clone, Debug)]
struct Branch {
    id: MessageId,
    inner: Vec<Branch>,
}

impl Pool {
    /// Reads a file and those that it imports; `others` are names and texts. The error says what is wrong with which.
    pub(in super::super) fn parse<'a>(
        main: &str,
        others: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        let main = file(main)?;
        let mut files = Vec::new();
        let mut given = HashSet::new();
        for (name, text) in others {
            files.push(file(text).map_err(|error| format!("\"{name}\": {error}"))?);
            given.insert(name.to_owned());
        }
        let mut wanted: Vec<String> = files.iter().chain([&main]).flat_map(|file| file.imports.clone()).collect();
        while let Some(name) = wanted.pop() {
            if given.insert(name.clone()) {
                let text = known::file(&name).ok_or_else(|| format!("\"{name}\" is imported but not there"))?;
                let file = parser::parse(text).map_err(|error| format!("\"{name}\": {error}"))?;
                wanted.extend(file.imports.clone());
                files.push(file);
            }
        }
        let mut pool = Self::default();
        for file in &files {
            pool.declare_file(file)?;
        }
        pool.tree = pool.declare_file(&main)?;
        files.push(main);
        files.iter().try_for_each(|file| pool.define_file(file))?;
        Ok(pool)
    }

    /// The types of one file that imports nothing.
    pub(super) fn of(file: File) -> Result<Self, String> {
        let mut pool = Self::default();
        pool.tree = pool.declare_file(&file)?;
        pool.define_file(&file)?;
        Ok(pool)
    }

    /// The message type of a path in the main file.
    pub(in super::super) fn at_path(&self, path: &[usize]) -> Option<MessageId> {
        let (last, outer) = path.split_last()?;
        let branches = outer.iter().try_fold(&self.tree, |branches, index| Some(&branches.get(*index)?.inner))?;
        branches.get(*last).map(|branch| branch.id)
    }

    /// The message type of a full name.
    pub(in super::super) fn named(&self, name: &str) -> Option<MessageId> {
        match self.names.get(name.trim_start_matches('.')) {
            Some(Type::Message(id)) => Some(*id),
            _ => None,
        }
    }

    /// The only message type of the main file outside others, where there is only one.
    pub(in super::super) fn only(&self) -> Option<MessageId> {
        match self.tree.as_slice() {
            [only] => Some(only.id),
            _ => None,
        }
    }

    pub(in super::super) fn name(&self, message: MessageId) -> &str {
        &self.messages[message].name
    }

    /// Fields of a message type, with what they are.
    pub(in super::super) fn fields(&self, message: MessageId) -> impl Iterator<Item = (&str, Kind)> {
        self.messages[message].fields.iter().map(|field| (field.name.as_str(), self.kind(field)))
    }

    /// The message type of a field.
    pub(in super::super) fn message_of(&self, message: MessageId, field: &str) -> Option<MessageId> {
        let field = self.messages[message].fields.iter().find(|it| it.name == field)?;
        match (field.presence, field.of) {
            (Presence::Repeated | Presence::Map, _) => None,
            (_, Type::Message(id)) => Some(id),
            _ => None,
        }
    }

    fn kind(&self, field: &Field) -> Kind {
        match field.presence {
            Presence::Repeated => Kind::List(Box::new(self.kind_of(field.of, WRAPPERS_MAX))),
            Presence::Map => Kind::Record,
            _ => self.kind_of(field.of, WRAPPERS_MAX),
        }
    }

    fn kind_of(&self, of: Type, wrappers: usize) -> Kind {
        match of {
            Type::Double => Kind::Double,
            Type::Float => Kind::Single,
            Type::Int32 | Type::SInt32 | Type::SFixed32 | Type::UInt32 | Type::Fixed32 => Kind::Int(32),
            Type::Int64 | Type::SInt64 | Type::SFixed64 | Type::UInt64 | Type::Fixed64 => Kind::Int(64),
            Type::Bool => Kind::Bool,
            Type::Text => Kind::Text,
            Type::Bytes => Kind::Bytes,
            Type::Enum(_) => Kind::Label,
            Type::Message(id) => match self.messages[id].known {
                None | Some(Known::Struct | Known::Value | Known::List) => Kind::Record,
                Some(Known::Wrapper) => match (self.messages[id].fields.first(), wrappers) {
                    (Some(field), 1..) => self.kind_of(field.of, wrappers - 1),
                    _ => Kind::Record,
                },
                Some(Known::Timestamp) => Kind::Timestamptz,
                Some(Known::Duration) => Kind::Interval,
                Some(Known::Date) => Kind::Date,
                Some(Known::TimeOfDay) => Kind::Time,
                Some(Known::Decimal) => Kind::Decimal,
            },
        }
    }

    fn declare_file(&mut self, file: &File) -> Result<Vec<Branch>, String> {
        file.enums.iter().try_for_each(|it| self.declare_enum(&file.package, it))?;
        file.messages.iter().map(|it| self.declare_message(&file.package, it)).collect()
    }

    fn declare_message(&mut self, scope: &str, message: &parser::Message) -> Result<Branch, String> {
        let name = scoped(scope, &message.name);
        let id = self.messages.len();
        let known = known::of(&name);
        let is_entry = message.is_entry;
        self.messages.push(Message { name: name.as_str().into(), fields: Vec::new(), known, is_entry });
        self.declare(name.clone(), Type::Message(id))?;
        message.enums.iter().try_for_each(|it| self.declare_enum(&name, it))?;
        let inner = message.messages.iter().map(|it| self.declare_message(&name, it)).collect::<Result<_, _>>()?;
        Ok(Branch { id, inner })
    }

    fn declare_enum(&mut self, scope: &str, it: &parser::Enum) -> Result<(), String> {
        self.enums.push(it.labels.iter().map(|(number, label)| (*number, label.as_str().into())).collect());
        self.declare(scoped(scope, &it.name), Type::Enum(self.enums.len() - 1))
    }

    fn declare(&mut self, name: String, of: Type) -> Result<(), String> {
        match self.names.insert(name.clone(), of) {
            None => Ok(()),
            Some(_) => Err(format!("type \"{name}\" is there twice")),
        }
    }

    fn define_file(&mut self, file: &File) -> Result<(), String> {
        file.messages.iter().try_for_each(|it| self.define_message(&file.package, it, file.is_proto3))
    }

    fn define_message(&mut self, scope: &str, message: &parser::Message, is_proto3: bool) -> Result<(), String> {
        let name = scoped(scope, &message.name);
        let id = self.named(&name).expect("it was declared");
        let mut fields: Vec<Field> = Vec::with_capacity(message.fields.len());
        for field in &message.fields {
            let field = self.field(&name, field, is_proto3)?;
            if fields.iter().any(|other| other.number == field.number || other.name == field.name) {
                return Err(format!("field \"{}\" of \"{name}\" has a name or number that is taken", field.name));
            }
            fields.push(field);
        }
        self.messages[id].fields = fields;
        message.messages.iter().try_for_each(|it| self.define_message(&name, it, is_proto3))
    }

    fn field(&mut self, scope: &str, field: &parser::Field, is_proto3: bool) -> Result<Field, String> {
        let (of, presence) = match &field.kind {
            FieldKind::Map { key, value } => {
                let entry = self.entry(self.resolve(scope, key)?, self.resolve(scope, value)?);
                (Type::Message(entry), Presence::Map)
            }
            FieldKind::One(name) => {
                let of = self.resolve(scope, name)?;
                let presence = match field.label {
                    Label::Repeated if matches!(of, Type::Message(id) if self.messages[id].is_entry) => Presence::Map,
                    Label::Repeated => Presence::Repeated,
                    Label::Required => Presence::Required,
                    Label::Plain if is_proto3 && !matches!(of, Type::Message(_)) => Presence::Implicit,
                    Label::Plain | Label::Optional => Presence::Explicit,
                };
                (of, presence)
            }
        };
        Ok(Field { name: field.name.as_str().into(), number: field.number, presence, of, oneof: field.oneof })
    }

    /// The message type of a map's entries.
    fn entry(&mut self, key: Type, value: Type) -> MessageId {
        let presence = |of: Type| if matches!(of, Type::Message(_)) { Presence::Explicit } else { Presence::Implicit };
        let field =
            |name: &str, number, of| Field { name: name.into(), number, presence: presence(of), of, oneof: None };
        let fields = vec![field("key", 1, key), field("value", 2, value)];
        self.messages.push(Message { name: "map entry".into(), fields, known: None, is_entry: true });
        self.messages.len() - 1
    }

    /// From the innermost scope outwards.
    fn resolve(&self, scope: &str, name: &str) -> Result<Type, String> {
        if let Some(of) = scalar(name) {
            return Ok(of);
        }
        let unknown = || format!("type \"{name}\" is not there");
        if let Some(full) = name.strip_prefix('.') {
            return self.names.get(full).copied().ok_or_else(unknown);
        }
        let mut scope = scope;
        loop {
            if let Some(of) = self.names.get(&scoped(scope, name)) {
                return Ok(*of);
            }
            if scope.is_empty() {
                return Err(unknown());
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }
}

/// A file from its text, or from a descriptor in Base64.
fn file(text: &str) -> Result<File, String> {
    match base64::decode(text.trim()).filter(|bytes| !bytes.is_empty()) {
        Some(bytes) => descriptor::file(&bytes),
        None => parser::parse(text),
    }
}

fn scoped(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "double" => Type::Double,
        "float" => Type::Float,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "uint32" => Type::UInt32,
        "uint64" => Type::UInt64,
        "sint32" => Type::SInt32,
        "sint64" => Type::SInt64,
        "fixed32" => Type::Fixed32,
        "fixed64" => Type::Fixed64,
        "sfixed32" => Type::SFixed32,
        "sfixed64" => Type::SFixed64,
        "bool" => Type::Bool,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        _ => return None,
    })
}
