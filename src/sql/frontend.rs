//! Hands the rewritten SELECT to DataFusion, which resolves names and scopes and answers a logical plan.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Column, Constraint, Constraints, DataFusionError, SchemaError, TableReference};
use datafusion_expr::planner::ContextProvider;
use datafusion_expr::{AggregateUDF, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion_sql::planner::{ParserOptions, SqlToRel};
use datafusion_sql::sqlparser::ast::{Query, Statement};

use super::catalog::{Names, Relation, UnresolvedName};
use super::error::{Code, Place, Refusal, Result};
use super::names::suggestion;
use super::stub::Stubs;

/// A relation as DataFusion sees it: all columns are booleans (see [`super::stub`]).
pub(super) struct RelationSource {
    pub(super) relation: Arc<Relation>,
    schema: SchemaRef,
    constraints: Constraints,
}

impl RelationSource {
    fn new(relation: Arc<Relation>) -> Self {
        let fields: Vec<Field> = relation
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_str(), DataType::Boolean, column.nullable))
            .collect();
        // Lets `GROUP BY o.id` select the other columns of `o`, as Postgres does: DataFusion then groups by those as well. With
        // a key that may be null this would tell a row from the nulls of a left join that found nothing.
        let null_free = |key: &Vec<usize>| !key.iter().any(|&column| relation.columns[column].nullable);
        let key = relation.key.clone().filter(|key| !key.is_empty() && null_free(key));
        let constraints = Constraints::new_unverified(key.map(Constraint::PrimaryKey).into_iter().collect());
        Self { relation, schema: Arc::new(Schema::new(fields)), constraints }
    }
}

impl TableSource for RelationSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }
}

/// Resolves a rewritten query.
pub(super) fn resolve(query: Query, names: &Names<'_>, stubs: &Stubs) -> Result<LogicalPlan> {
    let provider = Provider { names, stubs, options: ConfigOptions::default() };
    let options = ParserOptions::new().with_collect_spans(true);
    SqlToRel::new_with_options(&provider, options)
        .sql_statement_to_plan(Statement::Query(Box::new(query)))
        .map_err(refusal)
}

struct Provider<'a> {
    names: &'a Names<'a>,
    stubs: &'a Stubs,
    options: ConfigOptions,
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> datafusion_common::Result<Arc<dyn TableSource>> {
        let name = UnresolvedName {
            source: name.catalog().map(Into::into),
            schema: name.schema().map(Into::into),
            table: name.table().into(),
        };
        match self.names.resolve(&name) {
            Ok(relation) => Ok(Arc::new(RelationSource::new(relation))),
            Err(refusal) => Err(DataFusionError::Plan(refusal.message)),
        }
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.stubs.find_scalar(name)
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.stubs.find_aggregate(name)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_window_meta(&self, _name: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// DataFusion's errors in our words.
pub(super) fn refusal(error: DataFusionError) -> Refusal {
    match error {
        DataFusionError::Diagnostic(diagnostic, error) => {
            let place = diagnostic.span.and_then(|span| Place::new(span.start.line, span.start.column));
            refusal(*error).at(place)
        }
        DataFusionError::Context(_, error) => refusal(*error),
        DataFusionError::Collection(mut errors) if !errors.is_empty() => refusal(errors.swap_remove(0)),
        DataFusionError::Shared(error) => plain(error.message().into_owned()),
        DataFusionError::SchemaError(error, _) => schema_refusal(*error),
        DataFusionError::Plan(message) | DataFusionError::NotImplemented(message) => plain(message),
        other => Refusal::new(Code::Internal, first_line(&other.message())),
    }
}

fn schema_refusal(error: SchemaError) -> Refusal {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => unknown_column(&field, &valid_fields),
        SchemaError::AmbiguousReference { field } => {
            Refusal::new(Code::AmbiguousColumn, format!("column \"{}\" is ambiguous", field.name))
                .at(place_of_column(&field))
                .hint("qualify it with its table")
        }
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            Refusal::new(Code::AmbiguousTable, format!("table name \"{}\" stands twice in FROM", qualifier.table()))
                .hint("give one of them an alias")
        }
        SchemaError::DuplicateUnqualifiedField { name } => duplicate_column(&name),
    }
}

/// Two output columns of one name.
pub(super) fn duplicate_column(name: &str) -> Refusal {
    Refusal::new(Code::DuplicateColumn, format!("two output columns are called \"{name}\""))
        .hint("give one of them another name with AS")
}

fn unknown_column(field: &Column, valid: &[Column]) -> Refusal {
    let written = match &field.relation {
        Some(relation) => format!("{}.{}", relation.table(), field.name),
        None => field.name.clone(),
    };
    let refusal =
        Refusal::new(Code::UnknownColumn, format!("column \"{written}\" does not exist")).at(place_of_column(field));
    let of_same_table = |column: &&Column| match (&field.relation, &column.relation) {
        (Some(wanted), Some(other)) => wanted.table() == other.table(),
        _ => true,
    };
    match suggestion(&field.name, valid.iter().filter(of_same_table).map(|column| column.name.as_str())) {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// Where a column reference stands, when DataFusion kept it.
pub(super) fn place_of_column(column: &Column) -> Option<Place> {
    let span = column.spans.first()?;
    Place::new(span.start.line, span.start.column)
}

/// Messages without a kind of their own. They may name stubs, so none that does is passed on.
fn plain(message: String) -> Refusal {
    let message = first_line(&message);
    if message.contains("not allowed in the WHERE clause") {
        return Refusal::new(Code::Grouping, "aggregate functions are not allowed in WHERE").hint("use HAVING");
    }
    if message.contains("calls cannot be nested") {
        return Refusal::new(Code::Grouping, "aggregate function calls cannot be nested")
            .hint("aggregate the inner one in a derived table");
    }
    if message.starts_with("HAVING clause references") {
        return Refusal::new(Code::Grouping, "HAVING without GROUP BY needs an aggregate").hint("use WHERE");
    }
    if message.contains("must appear in the GROUP BY") || message.contains("must be in GROUP BY") {
        let name = message.split("olumn \"").nth(1).and_then(|rest| rest.split('"').next());
        let what = match name.filter(|name| !name.contains("tw_")) {
            Some(name) => format!("column \"{name}\""),
            None => "an expression".to_owned(),
        };
        let message = format!("{what} must appear in the GROUP BY clause or be used in an aggregate function");
        return Refusal::new(Code::Grouping, message).hint("add it to GROUP BY, or aggregate it");
    }
    if message.contains("unique expression names") {
        return Refusal::new(Code::DuplicateColumn, "two output columns have one name")
            .hint("give one of them another name with AS");
    }
    if message.contains("tw_scalar_") || message.contains("tw_aggregate_") {
        return Refusal::new(Code::Unsupported, "this SELECT is not kept");
    }
    Refusal::new(Code::Unsupported, message)
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
