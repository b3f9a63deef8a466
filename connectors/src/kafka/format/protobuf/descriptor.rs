//! A file as a serialised descriptor: what Confluent's clients of other languages than Java register, and what some registries hand out as
//! it is, in Base64.

use std::borrow::Cow;

use super::super::datum::Datum;
use super::parser::{self, Enum, Field, FieldKind, File, Label, Message};
use super::pool::Pool;
use super::reader;

/// The parts of <https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto> that are needed.
const DESCRIPTOR: &str = "syntax = \"proto2\";
message F { optional string package = 2; repeated string dependency = 3; repeated D message_type = 4; repeated E enum_type = 5; optional string syntax = 12; }
message D { optional string name = 1; repeated Field field = 2; repeated D nested_type = 3; repeated E enum_type = 4; optional O options = 7; }
message O { optional bool map_entry = 7; }
message Field { optional string name = 1; optional int32 number = 3; optional int32 label = 4; optional int32 type = 5; optional string type_name = 6; optional int32 oneof_index = 9; optional bool proto3_optional = 17; }
message E { optional string name = 1; repeated V value = 2; }
message V { optional string name = 1; optional int32 number = 2; }";

const REQUIRED: i64 = 2;
const REPEATED: i64 = 3;
/// By number; where there is none, the type has a name.
const TYPES: [&str; 19] = [
    "", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group", "", "bytes",
    "uint32", "", "sfixed32", "sfixed64", "sint32", "sint64",
];

/// Members of a message.
type Members<'a> = Vec<(Cow<'a, str>, Datum<'a>)>;

/// Reads a descriptor.
pub(super) fn file(bytes: &[u8]) -> Result<File, String> {
    let schema = parser::parse(DESCRIPTOR)?;
    let pool = Pool::of(schema)?;
    let message = pool.named("F").ok_or("there is no descriptor of descriptors")?;
    let data = reader::read(&pool, message, bytes).map_err(|bad| format!("a descriptor {}", bad.reason))?;
    let names = pool.fields(message).map(|(name, _)| Cow::Owned(name.to_owned()));
    let members: Members<'_> = names.zip(data).collect();
    let is_proto3 = match text(&members, "syntax").as_str() {
        "" | "proto2" => false,
        "proto3" => true,
        _ => return Err("editions are not read, only proto2 and proto3".into()),
    };
    Ok(File {
        package: text(&members, "package"),
        imports: list(&members, "dependency").iter().filter_map(as_text).collect(),
        messages: records(&members, "message_type").map(|it| define(it, is_proto3)).collect::<Result<_, _>>()?,
        enums: records(&members, "enum_type").map(enumeration).collect(),
        is_proto3,
    })
}

fn define(message: &Members<'_>, is_proto3: bool) -> Result<Message, String> {
    let name = text(message, "name");
    if name.is_empty() || name.contains('.') {
        return Err("a descriptor has a message type without a name".into());
    }
    let options = member(message, "options");
    let is_entry =
        matches!(options, Some(Datum::Record(options)) if member(options, "map_entry") == Some(&Datum::Bool(true)));
    Ok(Message {
        name,
        fields: records(message, "field").map(|it| field(it, is_proto3)).collect::<Result<_, _>>()?,
        messages: records(message, "nested_type").map(|it| define(it, is_proto3)).collect::<Result<_, _>>()?,
        enums: records(message, "enum_type").map(enumeration).collect(),
        is_entry,
    })
}

fn field(field: &Members<'_>, is_proto3: bool) -> Result<Field, String> {
    let name = text(field, "name");
    let is_optional = member(field, "proto3_optional") == Some(&Datum::Bool(true));
    let oneof = number(field, "oneof_index").filter(|_| !is_optional).and_then(|index| usize::try_from(index).ok());
    let label = match number(field, "label") {
        Some(REPEATED) => Label::Repeated,
        Some(REQUIRED) => Label::Required,
        _ if is_proto3 && !is_optional && oneof.is_none() => Label::Plain,
        _ => Label::Optional,
    };
    let kind = number(field, "type").and_then(|kind| TYPES.get(usize::try_from(kind).ok()?));
    let kind = match kind.copied() {
        Some("group") => return Err(format!("field \"{name}\" is a group, which is not read")),
        Some("") | None => text(field, "type_name"),
        Some(scalar) => scalar.to_owned(),
    };
    let number = number(field, "number").and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
    let number = number.ok_or_else(|| format!("field \"{name}\" has no number"))?;
    Ok(Field { name, number, label, kind: FieldKind::One(kind), oneof })
}

fn enumeration(it: &Members<'_>) -> Enum {
    let mut labels: Vec<(i32, String)> = Vec::new();
    for value in records(it, "value") {
        let number = number(value, "number").and_then(|number| i32::try_from(number).ok()).unwrap_or_default();
        if labels.iter().all(|(other, _)| *other != number) {
            labels.push((number, text(value, "name")));
        }
    }
    Enum { name: text(it, "name"), labels }
}

fn member<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Datum<'a>> {
    members.iter().find(|(member, _)| member == name).map(|(_, datum)| datum)
}

fn as_text(datum: &Datum<'_>) -> Option<String> {
    match datum {
        Datum::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn text(members: &Members<'_>, name: &str) -> String {
    member(members, name).and_then(as_text).unwrap_or_default()
}

fn number(members: &Members<'_>, name: &str) -> Option<i64> {
    match member(members, name) {
        Some(Datum::Int(number)) => Some(*number),
        _ => None,
    }
}

fn list<'m, 'a>(members: &'m Members<'a>, name: &str) -> &'m [Datum<'a>] {
    match member(members, name) {
        Some(Datum::List(elements)) => elements,
        _ => &[],
    }
}

fn records<'m, 'a>(members: &'m Members<'a>, name: &str) -> impl Iterator<Item = &'m Members<'a>> {
    list(members, name).iter().filter_map(|element| match element {
        Datum::Record(members) => Some(members),
        _ => None,
    })
}
