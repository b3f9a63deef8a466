//! Reading and rewriting expressions: columns, identity, text for `explain`.

use std::fmt::{self, Write};

use tailwater_connectors::Value;

use super::expression::Scalar;

impl Scalar {
    /// Columns that evaluation may read, ascending, each once.
    pub fn columns_used(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.visit(&mut |node| {
            if let Self::Column(column) = node {
                columns.push(*column);
            }
        });
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Replaces every column by `f` of it.
    pub fn map_columns(&mut self, f: impl Fn(usize) -> usize) {
        self.map_columns_by(&f);
    }

    fn map_columns_by(&mut self, f: &dyn Fn(usize) -> usize) {
        if let Self::Column(column) = self {
            *column = f(*column);
        }
        self.children_mut().into_iter().for_each(|child| child.map_columns_by(f));
    }

    /// Calls `f` with this node and all below it, parents first.
    pub fn visit(&self, f: &mut dyn FnMut(&Scalar)) {
        f(self);
        self.children().into_iter().for_each(|child| child.visit(f));
    }

    /// Whether no column is read.
    pub fn is_constant(&self) -> bool {
        self.columns_used().is_empty()
    }

    /// Text that is equal exactly for equal expressions; it does not change between runs.
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn children(&self) -> Vec<&Scalar> {
        match self {
            Self::Column(_) | Self::Literal(_) => Vec::new(),
            Self::Call { arguments: children, .. }
            | Self::And(children)
            | Self::Or(children)
            | Self::Coalesce(children)
            | Self::ArrayOf(children) => children.iter().collect(),
            Self::Cast { input, .. } | Self::Not(input) | Self::IsNull(input) => vec![input],
            Self::Case { branches, otherwise } => branches
                .iter()
                .flat_map(|(condition, result)| [condition, result])
                .chain(otherwise.as_deref())
                .collect(),
        }
    }

    fn children_mut(&mut self) -> Vec<&mut Scalar> {
        match self {
            Self::Column(_) | Self::Literal(_) => Vec::new(),
            Self::Call { arguments: children, .. }
            | Self::And(children)
            | Self::Or(children)
            | Self::Coalesce(children)
            | Self::ArrayOf(children) => children.iter_mut().collect(),
            Self::Cast { input, .. } | Self::Not(input) | Self::IsNull(input) => vec![input],
            Self::Case { branches, otherwise } => branches
                .iter_mut()
                .flat_map(|(condition, result)| [condition, result])
                .chain(otherwise.as_deref_mut())
                .collect(),
        }
    }
}

/// SQL-like text; columns are `#0`, `#1`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "#{column}"),
            Self::Literal(value) => literal(f, value),
            Self::Call { function, arguments } => call(f, function.name(), arguments),
            Self::Cast { input, to, .. } => write!(f, "{input}::{to}"),
            Self::And(operands) => joined(f, operands, " AND "),
            Self::Or(operands) => joined(f, operands, " OR "),
            Self::Not(operand) => write!(f, "NOT {operand}"),
            Self::IsNull(operand) => write!(f, "({operand} IS NULL)"),
            Self::Case { branches, otherwise } => {
                f.write_str("CASE")?;
                for (condition, result) in branches {
                    write!(f, " WHEN {condition} THEN {result}")?;
                }
                if let Some(result) = otherwise {
                    write!(f, " ELSE {result}")?;
                }
                f.write_str(" END")
            }
            Self::Coalesce(operands) => {
                f.write_str("coalesce")?;
                joined(f, operands, ", ")
            }
            Self::ArrayOf(elements) => {
                f.write_str("ARRAY")?;
                joined(f, elements, ", ")
            }
        }
    }
}

fn call(f: &mut fmt::Formatter<'_>, name: &str, arguments: &[Scalar]) -> fmt::Result {
    let word = name.starts_with(|c: char| c.is_ascii_lowercase());
    match arguments {
        [left, right] if !word => write!(f, "({left} {name} {right})"),
        [only] if !word => write!(f, "{name}{only}"),
        _ => {
            f.write_str(name)?;
            joined(f, arguments, ", ")
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, operands: &[Scalar], separator: &str) -> fmt::Result {
    f.write_char('(')?;
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{operand}")?;
    }
    f.write_char(')')
}

fn literal(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("NULL"),
        Value::Bool(truth) => write!(f, "{truth}"),
        Value::Int(number) => write!(f, "{number}"),
        Value::Float(number) => write!(f, "{number}"),
        Value::Numeric(number) => write!(f, "{number}"),
        Value::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        Value::Array(array) => {
            f.write_str("ARRAY[")?;
            for (index, element) in array.elements.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                literal(f, element)?;
            }
            f.write_str("]")
        }
        other => {
            let sql_type = super::coerce::type_of_value(other);
            let mut text = String::new();
            tailwater_connectors::text::write_text(&mut text, &sql_type, other);
            write!(f, "'{text}'::{sql_type}")
        }
    }
}
