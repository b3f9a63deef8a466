//! Set-returning functions: in FROM, and in the SELECT list.

use smol_str::SmolStr;
use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, ObjectName, TableAlias, TableFactor};
use tailwater_connectors::SqlType;

use super::super::columns::Id;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::{fold, parts};
use super::super::node::Node;
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

/// A function in FROM, as written.
struct Written<'e> {
    name: String,
    arguments: Vec<&'e Expr>,
    alias: Option<&'e TableAlias>,
    ordinality: bool,
    unnest: bool,
}

impl Binder<'_> {
    /// A function in FROM; its arguments may refer to what stands before it.
    pub(super) fn table_function(&mut self, factor: &TableFactor, place: Option<Place>) -> Result<From> {
        let written = written(factor, place)?;
        // Arguments are read beside the levels around: FROM has no rows of its own.
        self.levels.push(Level::new(Scope::default(), Node::one_row(), Clause::From));
        let typed = written.arguments.iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>>>();
        let level = self.levels.pop();
        let typed = typed.map_err(|refusal| refusal.at(place))?;
        let base = level.map_or_else(Node::one_row, |level| level.node);
        let definitions = self.definitions(written.alias, place)?;
        let mut calls: Vec<Call> = Vec::new();
        self.refuse_comparing(&written.name, &typed, place)?;
        let merged = Derivation::merged(&typed);
        let at = |error| type_refusal(error).at(place);
        match &definitions {
            Some(columns) => {
                let bound = bind::record_function(&written.name, typed, columns.clone()).map_err(at)?;
                calls.push((bound.call, bound.columns, Derivation::None));
            }
            // unnest(a, b) runs once for each array, side by side.
            None if written.unnest && typed.len() > 1 => {
                for array in typed {
                    let own = array.collation.clone();
                    let bound = bind::table_function("unnest", vec![array]).map_err(at)?;
                    calls.push((bound.call, bound.columns, own));
                }
            }
            None if bind::is_table_function(&written.name) => {
                let bound = bind::table_function(&written.name, typed).map_err(at)?;
                calls.push((bound.call, bound.columns, merged));
            }
            None => return self.scalar_table((&written, typed), base, place),
        }
        self.flattened((&written, definitions.is_some()), (calls, base), place)
    }

    fn flattened(
        &mut self,
        (written, defined): (&Written<'_>, bool),
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
        let single = columns.len() == 1 && !defined;
        let ordinality = written.ordinality.then(|| self.columns.add(SqlType::Int8, false));
        columns.extend(ordinality.map(|id| ("ordinality".to_owned(), id)));
        let name = written.alias.map_or_else(|| written.name.clone(), |alias| fold(&alias.name));
        // The one column of a function that answers values is called as the table.
        if single && written.alias.is_some() {
            columns[0].0.clone_from(&name);
        }
        let columns = if defined { columns } else { aliased(columns, written.alias, place)? };
        let node = Node::Flatten { input: Box::new(base), calls: made, ordinality, keeps_empty: false };
        let table = ScopeTable { name, schema: None, columns, key: None, witness: None };
        Ok(From::new(node, Scope::table(table)))
    }

    /// A function that answers one value is a table of one row.
    fn scalar_table(
        &mut self,
        (written, typed): (&Written<'_>, Vec<Typed>),
        base: Node,
        place: Option<Place>,
    ) -> Result<From> {
        let value = bind::function(&written.name, typed).map_err(|error| type_refusal(error).at(place))?;
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
        self.refuse_comparing(name, &typed, place)?;
        let merged = Derivation::merged(&typed);
        let BoundTable { call, columns } =
            bind::table_function(name, typed).map_err(|error| type_refusal(error).at(place))?;
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
    match factor {
        TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => Ok(Written {
            name: function_name(name, place)?,
            arguments: expressions(&args.args, place)?,
            alias: alias.as_ref(),
            ordinality: *with_ordinality,
            unnest: parts(name).is_some_and(|parts| parts.last().is_some_and(|name| name == "unnest")),
        }),
        TableFactor::Function { name, args, with_ordinality, alias, .. } => Ok(Written {
            name: function_name(name, place)?,
            arguments: expressions(args, place)?,
            alias: alias.as_ref(),
            ordinality: *with_ordinality,
            unnest: parts(name).is_some_and(|parts| parts.last().is_some_and(|name| name == "unnest")),
        }),
        TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => Ok(Written {
            name: "unnest".to_owned(),
            arguments: array_exprs.iter().collect(),
            alias: alias.as_ref(),
            ordinality: *with_ordinality,
            unnest: true,
        }),
        _ => Err(Refusal::new(Code::Unsupported, "this kind of table in FROM is not kept").at(place)),
    }
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
