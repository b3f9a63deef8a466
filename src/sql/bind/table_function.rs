//! Set-returning functions: in FROM, and in the SELECT list.

use smol_str::SmolStr;
use sqlparser::ast::{DataType, Expr, Function, FunctionArg, FunctionArgExpr, ObjectName, TableAlias, TableFactor};
use tailwater_connectors::SqlType;

use super::super::catalog::UnresolvedName;
use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts};
use super::super::node::Node;
use super::super::statement::ROWS_FROM;
use super::aggregate::arguments_of;
use super::binder::{Binder, type_refusal};
use super::from::{From, aliased};
use super::level::{Clause, Level};
use super::scope::{Scope, ScopeTable};
use super::type_name::named_type;
use crate::engine::plan::TableCall;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, BoundTable, Derivation, Typed};

/// A call, the names and types of its columns, and the collation of its arguments.
type Call = (TableCall, Vec<(SmolStr, SqlType)>, Derivation);

/// Functions in FROM, as written.
struct Written<'e> {
    /// What the table is called without an alias.
    name: String,
    /// Names and arguments; several of `ROWS FROM` run side by side.
    functions: Vec<(String, Vec<&'e Expr>)>,
    alias: Option<&'e TableAlias>,
    ordinality: bool,
}

/// Who named the columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The function; one that answers values calls its column as itself.
    Function,
    /// The type of its rows.
    RowType,
    /// A column definition list.
    Definitions,
}

impl Binder<'_> {
    /// A function in FROM; its arguments may refer to what stands before it.
    pub(super) fn table_function(&mut self, factor: &TableFactor, place: Option<Place>) -> Result<From> {
        let mut written = written(factor, place)?;
        let row_type = self.row_type(&mut written)?;
        // Arguments are read beside the levels around: FROM has no rows of its own.
        self.levels.push(Level::new(Scope::default(), Node::one_row(), Clause::From));
        let typed = written.functions.iter().map(|(name, arguments)| {
            let typed = arguments.iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>>>()?;
            Ok((name.as_str(), typed))
        });
        let typed = typed.collect::<Result<Vec<_>>>();
        let level = self.levels.pop();
        let mut typed = typed.map_err(|refusal| refusal.at(place))?;
        let base = level.map_or_else(Node::one_row, |level| level.node);
        let definitions = self.definitions(written.alias, place)?;
        let named = match (&row_type, &definitions) {
            (Some(_), _) => Named::RowType,
            (None, Some(_)) => Named::Definitions,
            (None, None) => Named::Function,
        };
        let calls = match (row_type.or(definitions), &typed[..]) {
            (Some(columns), [_]) => {
                let (name, arguments) = typed.swap_remove(0);
                let bound = bind::record_function(name, arguments, columns);
                let bound = bound.map_err(|error| type_refusal(error).at(place))?;
                vec![(bound.call, bound.columns, Derivation::None)]
            }
            (None, [(name, _)]) if !bind::is_table_function(name) => {
                let (name, arguments) = typed.swap_remove(0);
                return self.scalar_table((&written, name), (arguments, base), place);
            }
            _ => self.calls(typed, place)?,
        };
        self.flattened((&written, named), (calls, base), place)
    }

    /// Calls that run side by side.
    fn calls(&self, functions: Vec<(&str, Vec<Typed>)>, place: Option<Place>) -> Result<Vec<Call>> {
        let mut calls = Vec::new();
        for (name, arguments) in functions {
            if !bind::is_table_function(name) {
                return Err(Refusal::new(Code::SetReturning, format!("{name} is not set-returning"))
                    .at(place)
                    .hint("put it into the SELECT list"));
            }
            // unnest(a, b) runs once for each array.
            let runs = match name {
                "unnest" => arguments.into_iter().map(|array| vec![array]).collect(),
                _ => vec![arguments],
            };
            for arguments in runs {
                let (bound, merged) = self.bound_table(name, arguments, place)?;
                calls.push((bound.call, bound.columns, merged));
            }
        }
        Ok(calls)
    }

    /// A call with the collation of its arguments.
    fn bound_table(&self, name: &str, arguments: Vec<Typed>, place: Option<Place>) -> Result<(BoundTable, Derivation)> {
        self.refuse_comparing(name, &arguments, place)?;
        let merged = Derivation::merged(&arguments);
        let bound = bind::table_function(name, arguments.clone()).map_err(|error| type_refusal(error).at(place))?;
        let ascii = bind::table_with_ascii_letters(bound.clone());
        let differs = ascii != bound && self.has_ascii_case(&arguments, place)?;
        Ok((if differs { ascii } else { bound }, merged))
    }

    /// The columns of `json_populate_record(null::table, …)`: those of the table. The first argument is taken out.
    fn row_type(&self, written: &mut Written<'_>) -> Result<Option<Vec<(SmolStr, SqlType)>>> {
        let [(name, arguments)] = &mut written.functions[..] else { return Ok(None) };
        let ([Expr::Cast { expr, data_type: DataType::Custom(table, _), .. }, _], true) =
            (&arguments[..], bind::is_record_function(name))
        else {
            return Ok(None);
        };
        let is_null = matches!(&**expr, Expr::Value(value) if value.value == sqlparser::ast::Value::Null);
        let table = parts(table).filter(|parts| is_null && parts.last().is_some_and(|name| name != "record"));
        let Some(table) = table.as_deref().and_then(UnresolvedName::from_parts) else { return Ok(None) };
        let relation = self.names.resolve(&table)?;
        arguments.remove(0);
        Ok(Some(relation.columns.iter().map(|column| (column.name.clone(), column.sql_type.clone())).collect()))
    }

    fn flattened(
        &mut self,
        (written, named): (&Written<'_>, Named),
        (calls, base): (Vec<Call>, Node),
        place: Option<Place>,
    ) -> Result<From> {
        let mut columns: Vec<(String, Id)> = Vec::new();
        let mut made = Vec::new();
        for (call, own, merged) in calls {
            let add = |(_, sql_type): &(SmolStr, SqlType)| {
                let collation = set_collation(sql_type, (&merged, own.len()));
                self.columns.add_collated(sql_type.clone(), true, collation)
            };
            let ids: Vec<Id> = own.iter().map(add).collect();
            columns.extend(own.iter().map(|(name, _)| name.to_string()).zip(ids.iter().copied()));
            made.push((call, ids));
        }
        let single = columns.len() == 1 && named == Named::Function;
        let ordinality = written.ordinality.then(|| self.columns.add(SqlType::Int8, false));
        columns.extend(ordinality.map(|id| ("ordinality".to_owned(), id)));
        let name = written.alias.map_or_else(|| written.name.clone(), |alias| fold(&alias.name));
        // The one column of a function that answers values is called as the table.
        if single && written.alias.is_some() {
            columns[0].0.clone_from(&name);
        }
        let columns = if named == Named::Definitions { columns } else { aliased(columns, written.alias, place)? };
        let node = Node::Flatten { input: Box::new(base), calls: made, ordinality, keeps_empty: false };
        let table = ScopeTable { name, schema: None, columns, key: None, witness: None };
        Ok(From::new(node, Scope::table(table)))
    }

    /// A function that answers one value is a table of one row.
    fn scalar_table(
        &mut self,
        (written, name): (&Written<'_>, &str),
        (arguments, base): (Vec<Typed>, Node),
        place: Option<Place>,
    ) -> Result<From> {
        let value = bind::function(name, arguments).map_err(|error| type_refusal(error).at(place))?;
        let name = written.alias.map_or_else(|| written.name.clone(), |alias| fold(&alias.name));
        let id = self.columns.add_collated(value.sql_type.clone(), true, value.collation.clone());
        let mut computed = vec![(id, value.scalar)];
        let mut columns = vec![(name.clone(), id)];
        if written.ordinality {
            let number = self.columns.add(SqlType::Int8, false);
            computed.push((number, Scalar::Literal(tailwater_connectors::Value::Int(1))));
            columns.push(("ordinality".to_owned(), number));
        }
        let columns = aliased(columns, written.alias, place)?;
        let table = ScopeTable { name, schema: None, columns, key: None, witness: None };
        Ok(From::new(base.mapped(computed), Scope::table(table)))
    }

    /// `AS t(a int, b text)`: the columns of a function that answers records.
    fn definitions(&self, alias: Option<&TableAlias>, place: Option<Place>) -> Result<Option<Vec<(SmolStr, SqlType)>>> {
        let written = alias.map_or(&[][..], |alias| &alias.columns);
        if written.is_empty() || written.iter().all(|column| column.data_type.is_none()) {
            return Ok(None);
        }
        let mut columns = Vec::new();
        for column in written {
            let Some(data_type) = &column.data_type else {
                return Err(Refusal::new(Code::Syntax, "a column definition list names every type").at(place));
            };
            let named = named_type(data_type, self.names, place)?;
            columns.push((fold(&column.name).into(), named.sql_type));
        }
        Ok(Some(columns))
    }

    /// A set-returning function in the SELECT list: all of one list run side by side.
    pub(super) fn projected_set(&mut self, name: &str, function: &Function, place: Option<Place>) -> Result<Typed> {
        if self.clause() != Clause::Select {
            let message = format!("set-returning functions are not allowed in {}", self.clause());
            return Err(Refusal::new(Code::SetReturning, message).at(place).hint("put the function into FROM"));
        }
        let arguments = arguments_of(function)?;
        let typed = self.in_clause(Clause::Window, |this| {
            arguments.expressions.iter().map(|argument| this.expression(argument)).collect::<Result<Vec<_>>>()
        })?;
        let (BoundTable { call, columns }, merged) = self.bound_table(name, typed, place)?;
        let [(_, sql_type)] = columns.as_slice() else {
            return Err(Refusal::new(Code::SetReturning, format!("{name} answers several columns"))
                .at(place)
                .hint("put the function into FROM, where its columns have names"));
        };
        let id = self.columns.add_collated(sql_type.clone(), true, set_collation(sql_type, (&merged, 1)));
        self.level()?.flatten.push((call, vec![id]));
        Ok(self.column(id))
    }
}

/// The collation of a column of a set-returning function: of several columns each has that of its type.
fn set_collation(sql_type: &SqlType, (arguments, columns): (&Derivation, usize)) -> Derivation {
    match (Derivation::of_type(sql_type), arguments) {
        (own @ Derivation::None, _) | (own, Derivation::None) => own,
        (own, _) if columns != 1 => own,
        (_, merged) => merged.clone(),
    }
}

fn written(factor: &TableFactor, place: Option<Place>) -> Result<Written<'_>> {
    let (name, arguments, alias, ordinality) = match factor {
        TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
            (function_name(name, place)?, expressions(&args.args, place)?, alias, with_ordinality)
        }
        TableFactor::Function { name, args, with_ordinality, alias, .. } => {
            (function_name(name, place)?, expressions(args, place)?, alias, with_ordinality)
        }
        TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
            ("unnest".to_owned(), array_exprs.iter().collect(), alias, with_ordinality)
        }
        _ => return Err(Refusal::new(Code::Unsupported, "this kind of table in FROM is not kept").at(place)),
    };
    let functions = match name == ROWS_FROM {
        true => arguments.into_iter().map(|call| inner_call(call, place)).collect::<Result<Vec<_>>>()?,
        false => vec![(name, arguments)],
    };
    let name = functions.first().map(|(name, _)| name.clone()).unwrap_or_default();
    Ok(Written { name, functions, alias: alias.as_ref(), ordinality: *ordinality })
}

/// A call among those of `ROWS FROM (…)`.
fn inner_call(call: &Expr, place: Option<Place>) -> Result<(String, Vec<&Expr>)> {
    let Expr::Function(function) = call else {
        return Err(Refusal::new(Code::Syntax, "ROWS FROM takes calls of functions").at(place));
    };
    Ok((function_name(&function.name, place)?, arguments_of(function)?.expressions))
}

fn function_name(name: &ObjectName, place: Option<Place>) -> Result<String> {
    match parts(name).as_deref() {
        Some([name]) => Ok(name.clone()),
        Some([schema, name]) if schema == "pg_catalog" => Ok(name.clone()),
        _ => Err(Refusal::new(Code::SetReturning, format!("function {name} does not exist"))
            .at(place)
            .hint("functions of your own database are not kept: store their result in a table")),
    }
}

fn expressions(arguments: &[FunctionArg], place: Option<Place>) -> Result<Vec<&Expr>> {
    let plain = arguments.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(expression),
        _ => Err(Refusal::new(Code::Unsupported, "arguments of functions in FROM are plain expressions").at(place)),
    });
    plain.collect()
}
