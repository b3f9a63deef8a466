//! A schema's text as nodes, in which names are looked up once. Annotations that no specification knows but Debezium writes are read too.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};
use smol_str::SmolStr;

use super::super::datum::Kind;
use super::logical::{self, Logical};

/// Place of a node among the nodes of its schema.
pub(in super::super) type NodeId = usize;

/// Nodes of one schema, at most: someone else's text.
const NODES_MAX: usize = 65_536;
/// A list in a list is a document, and a type may contain itself: deeper is not looked.
const KIND_DEPTH_MAX: usize = 5;

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Field {
    pub(in super::super) name: SmolStr,
    pub(in super::super) node: NodeId,
}

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<SmolStr>),
    Array(NodeId),
    Map(NodeId),
    Union(Vec<NodeId>),
    Record(Vec<Field>),
    /// A type with a meaning, and how it is written.
    Logical(Logical, NodeId),
}

/// A schema.
#[derive(Clone, Debug)]
pub(in super::super) struct AvroSchema {
    nodes: Vec<Node>,
    root: NodeId,
}

impl AvroSchema {
    /// Reads a schema behind those that it refers to. The error says what is wrong with the text.
    pub(in super::super) fn parse<'a>(text: &str, before: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut parser = Parser::default();
        for text in before {
            parser.parse(text)?;
        }
        let root = parser.parse(text)?;
        let nodes: Option<Vec<Node>> = parser.nodes.into_iter().collect();
        Ok(Self { nodes: nodes.ok_or("a type is used but not complete")?, root })
    }

    pub(in super::super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(in super::super) fn root(&self) -> NodeId {
        self.root
    }

    /// Fields of a record; of the one record where a union has one beside null.
    pub(in super::super) fn fields(&self, id: NodeId) -> Option<&[Field]> {
        match self.node(id) {
            Node::Record(fields) => Some(fields),
            Node::Union(branches) => {
                let mut some = branches.iter().filter(|branch| *self.node(**branch) != Node::Null);
                match (some.next(), some.next()) {
                    (Some(only), None) => self.fields(*only),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What the type is in the words of all formats.
    pub(in super::super) fn kind(&self, id: NodeId) -> Kind {
        self.kind_within(id, KIND_DEPTH_MAX)
    }

    fn kind_within(&self, id: NodeId, levels: usize) -> Kind {
        let Some(levels) = levels.checked_sub(1) else { return Kind::Record };
        match self.node(id) {
            Node::Null => Kind::Null,
            Node::Boolean => Kind::Bool,
            Node::Int => Kind::Int(32),
            Node::Long => Kind::Int(64),
            Node::Float => Kind::Single,
            Node::Double => Kind::Double,
            Node::Bytes | Node::Fixed(_) => Kind::Bytes,
            Node::String => Kind::Text,
            Node::Enum(_) => Kind::Label,
            Node::Array(of) => Kind::List(Box::new(self.kind_within(*of, levels))),
            Node::Map(_) | Node::Record(_) => Kind::Record,
            Node::Union(branches) => {
                Kind::Union(branches.iter().map(|branch| self.kind_within(*branch, levels)).collect())
            }
            Node::Logical(logical, _) => logical.kind(),
        }
    }
}

#[derive(Default)]
struct Parser {
    /// `None`: being read.
    nodes: Vec<Option<Node>>,
    names: HashMap<String, NodeId>,
}

impl Parser {
    fn parse(&mut self, text: &str) -> Result<NodeId, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        self.schema(&json, "")
    }

    fn push(&mut self, node: Option<Node>) -> Result<NodeId, String> {
        if self.nodes.len() >= NODES_MAX {
            return Err(format!("it has more than {NODES_MAX} types"));
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn schema(&mut self, json: &Json, namespace: &str) -> Result<NodeId, String> {
        match json {
            Json::String(name) => self.named(name, namespace),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.schema(branch, namespace));
                let branches = branches.collect::<Result<Vec<_>, _>>()?;
                if branches.iter().any(|branch| matches!(self.nodes[*branch], Some(Node::Union(_)))) {
                    return Err("a union stands directly in a union".into());
                }
                self.push(Some(Node::Union(branches)))
            }
            Json::Object(object) => self.object(object, namespace),
            _ => Err("a type is neither a name, a list nor an object".into()),
        }
    }

    fn named(&mut self, name: &str, namespace: &str) -> Result<NodeId, String> {
        if let Some(node) = primitive(name) {
            return self.push(Some(node));
        }
        let found = self.names.get(&full_name(name, namespace)).or_else(|| self.names.get(name));
        found.copied().ok_or_else(|| format!("type \"{name}\" is not there"))
    }

    fn object(&mut self, object: &Map<String, Json>, namespace: &str) -> Result<NodeId, String> {
        let kind = object.get("type").ok_or("a type has no \"type\"")?;
        let Json::String(kind) = kind else { return self.schema(kind, namespace) };
        let node = match kind.as_str() {
            "array" => Node::Array(self.schema(member(object, "items")?, namespace)?),
            "map" => Node::Map(self.schema(member(object, "values")?, namespace)?),
            "record" | "error" | "enum" | "fixed" => return self.definition(kind, object, namespace),
            name => match primitive(name) {
                Some(node) => node,
                None => return self.named(name, namespace),
            },
        };
        let id = self.push(Some(node))?;
        self.annotated(id, object)
    }

    fn definition(&mut self, kind: &str, object: &Map<String, Json>, enclosing: &str) -> Result<NodeId, String> {
        let name = member(object, "name")?.as_str().ok_or("a name is not text")?;
        let namespace = object.get("namespace").and_then(Json::as_str).unwrap_or(enclosing);
        let full = full_name(name, namespace);
        let inner = full.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        let id = self.push(None)?;
        if self.names.insert(full.clone(), id).is_some() {
            return Err(format!("type \"{full}\" is there twice"));
        }
        let node = match kind {
            "enum" => Node::Enum(symbols(object)?),
            "fixed" => {
                let size = member(object, "size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                Node::Fixed(size.ok_or_else(|| format!("the size of \"{full}\" is no number"))?)
            }
            _ => Node::Record(self.fields(object, &inner)?),
        };
        self.nodes[id] = Some(node);
        let meaning = self.annotated(id, object)?;
        self.names.insert(full, meaning);
        Ok(meaning)
    }

    fn fields(&mut self, object: &Map<String, Json>, namespace: &str) -> Result<Vec<Field>, String> {
        let fields = member(object, "fields")?.as_array().ok_or("the fields of a record are no list")?;
        let mut read: Vec<Field> = Vec::with_capacity(fields.len());
        for field in fields {
            let field = field.as_object().ok_or("a field is no object")?;
            let name = member(field, "name")?.as_str().ok_or("a name is not text")?;
            if read.iter().any(|other| other.name == name) {
                return Err(format!("field \"{name}\" is there twice"));
            }
            let node = self.schema(member(field, "type")?, namespace)?;
            read.push(Field { name: name.into(), node });
        }
        Ok(read)
    }

    /// The node itself, or one with the meaning that annotations give it.
    fn annotated(&mut self, id: NodeId, object: &Map<String, Json>) -> Result<NodeId, String> {
        let written = self.nodes[id].as_ref().expect("it has just been read");
        match logical::of(written, object) {
            Some(logical) => self.push(Some(Node::Logical(logical, id))),
            None => Ok(id),
        }
    }
}

fn primitive(name: &str) -> Option<Node> {
    Some(match name {
        "null" => Node::Null,
        "boolean" => Node::Boolean,
        "int" => Node::Int,
        "long" => Node::Long,
        "float" => Node::Float,
        "double" => Node::Double,
        "bytes" => Node::Bytes,
        "string" => Node::String,
        _ => return None,
    })
}

fn full_name(name: &str, namespace: &str) -> String {
    match name.contains('.') || namespace.is_empty() {
        true => name.to_owned(),
        false => format!("{namespace}.{name}"),
    }
}

fn symbols(object: &Map<String, Json>) -> Result<Vec<SmolStr>, String> {
    let symbols = member(object, "symbols")?.as_array().ok_or("the symbols of an enum are no list")?;
    let symbols = symbols.iter().map(|symbol| symbol.as_str().map(SmolStr::new).ok_or("a symbol is not text"));
    Ok(symbols.collect::<Result<Vec<_>, _>>()?)
}

fn member<'a>(object: &'a Map<String, Json>, name: &str) -> Result<&'a Json, String> {
    object.get(name).ok_or_else(|| format!("a type or field has no \"{name}\""))
}
