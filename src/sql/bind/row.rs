//! Whole rows as documents: `row_to_json(t)`, `to_jsonb(t)`, `json_agg(t)`, `row(a, b)`.

use smol_str::SmolStr;
use sqlparser::ast::{Expr, FunctionArguments};
use tailwater_connectors::{SqlType, Value};

use super::super::columns::Id;
use super::super::error::{Code, Refusal, Result};
use super::super::names::fold;
use super::super::place::place_of;
use super::aggregate::arguments_of;
use super::binder::{Binder, type_refusal};
use super::collect::name_of;
use super::expression::names_of;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, Typed};

/// The fields of a row, and a column that is null only where the row is missing.
struct Row {
    fields: Vec<(SmolStr, Typed)>,
    witness: Option<Id>,
    /// Whether the row may be missing without a witness: then a row of nulls is.
    optional: bool,
}

/// The fields of `(a, b)` and `ROW(a, b)`.
pub(super) fn fields_of(written: &Expr) -> Option<Vec<&Expr>> {
    match written {
        Expr::Nested(inner) => fields_of(inner),
        Expr::Tuple(fields) => Some(fields.iter().collect()),
        Expr::Function(function) if name_of(function).as_deref() == Some("row") && function.over.is_none() => {
            Some(arguments_of(function).ok()?.expressions)
        }
        _ => None,
    }
}

impl Binder<'_> {
    /// Whether an expression is a whole row: a table's name, `ROW(…)` or `(a, b)`.
    pub(super) fn is_row(&self, written: &Expr) -> bool {
        match written {
            Expr::Nested(inner) => self.is_row(inner),
            Expr::Tuple(_) => true,
            Expr::Function(function) => name_of(function).as_deref() == Some("row") && function.over.is_none(),
            other => {
                let Some(names) = names_of(other) else { return false };
                let folded: Vec<String> = names.iter().map(fold).collect();
                matches!(self.found_column(&folded, None), Ok(None)) && self.found_table(&folded).is_some()
            }
        }
    }

    /// The document of a whole row.
    pub(super) fn document(&mut self, name: &str, written: &Expr, binary: bool) -> Result<Typed> {
        if !self.is_row(written) {
            return Err(Refusal::new(Code::Types, format!("{name} takes a row"))
                .at(place_of(written))
                .hint("name a table of FROM, or write row(a, b)"));
        }
        let Row { fields, witness, optional } = self.row(written)?;
        let all: Vec<Scalar> = fields.iter().map(|(_, typed)| typed.scalar.clone()).collect();
        let document = bind::row_document(fields, binary).map_err(type_refusal)?;
        let missing = match witness {
            Some(id) if self.columns.is_nullable(id) => Scalar::IsNull(Box::new(Scalar::Column(id))),
            None if optional => Scalar::And(all.into_iter().map(|scalar| Scalar::IsNull(Box::new(scalar))).collect()),
            _ => return Ok(document),
        };
        let branches = vec![(missing, Scalar::Literal(Value::Null))];
        let scalar = Scalar::Case { branches, otherwise: Some(Box::new(document.scalar)) };
        Ok(Typed::new(scalar, document.sql_type))
    }

    /// True where a row is there, null where it is missing.
    pub(super) fn presence(&mut self, written: &Expr) -> Result<Typed> {
        let Row { fields, witness, .. } = self.row(written)?;
        let present = |scalars: Vec<Scalar>| {
            let missing = Scalar::And(scalars.into_iter().map(|scalar| Scalar::IsNull(Box::new(scalar))).collect());
            let branches = vec![(missing, Scalar::Literal(Value::Null))];
            Scalar::Case { branches, otherwise: Some(Box::new(Scalar::Literal(Value::Bool(true)))) }
        };
        let scalar = match witness {
            Some(id) => present(vec![Scalar::Column(id)]),
            None => present(fields.into_iter().map(|(_, typed)| typed.scalar).collect()),
        };
        Ok(Typed::new(scalar, SqlType::Bool))
    }

    fn row(&mut self, written: &Expr) -> Result<Row> {
        match written {
            Expr::Nested(inner) => self.row(inner),
            Expr::Tuple(parts) => self.constructed(&parts.iter().collect::<Vec<_>>()),
            Expr::Function(function) if !matches!(function.args, FunctionArguments::Subquery(_)) => {
                let arguments = arguments_of(function)?;
                self.constructed(&arguments.expressions)
            }
            other => {
                let names: Vec<String> = names_of(other).unwrap_or_default().iter().map(fold).collect();
                self.table_row(&names)
            }
        }
    }

    fn constructed(&mut self, parts: &[&Expr]) -> Result<Row> {
        let typed = self.expressions(parts.iter().copied())?;
        let named = typed.into_iter().enumerate().map(|(place, typed)| (format!("f{}", place + 1).into(), typed));
        Ok(Row { fields: named.collect(), witness: None, optional: false })
    }

    fn table_row(&mut self, names: &[String]) -> Result<Row> {
        let unknown = || Refusal::new(Code::UnknownTable, format!("\"{}\" is not in FROM", names.join(".")));
        let (level, table) = self.found_table(names).ok_or_else(unknown)?;
        let (columns, witness) = (table.columns.clone(), table.witness);
        let grouped = self.levels[level].grouped.as_ref().map(|grouped| grouped.columns.clone());
        let visible = |id: Id, name: &str| match &grouped {
            None => Ok(id),
            Some(columns) => columns.get(&id).copied().ok_or_else(|| {
                let message =
                    format!("column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function");
                Refusal::new(Code::Grouping, message).hint("group by the table's primary key")
            }),
        };
        let mut fields = Vec::new();
        for (name, id) in &columns {
            fields.push((SmolStr::from(name.as_str()), self.column(visible(*id, name)?)));
        }
        let witness = match witness {
            Some(id) => Some(visible(id, "")?),
            None => None,
        };
        Ok(Row { fields, witness, optional: true })
    }
}
