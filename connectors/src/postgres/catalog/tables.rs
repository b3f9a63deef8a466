//! Tables as the source needs them, with what is wrong and what to do.

use postgres_protocol::escape::escape_identifier;
use smol_str::SmolStr;
use tokio_postgres::Client;

use crate::schema::{Column, Declared, ReplicaIdentity, TableName, TableSchema};
use crate::source::SourceError;
use crate::sql_type::SqlType;

use super::column_type::Types;
use super::relation::{Relation, read_all, read_named, schemas_with};
use crate::postgres::sql_text;

/// A table with what is needed to copy it and to check the stream against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogTable {
    /// Its shape.
    pub schema: TableSchema,
    /// Declared types of the columns (of a domain its own), as relation messages name them.
    pub type_oids: Vec<u32>,
    /// Per column an expression that yields it in the form that [`crate::postgres::binary`] reads.
    pub expressions: Vec<String>,
    /// Rows as the planner's statistics say; `None` when the table was never analyzed.
    pub estimated_rows: Option<u64>,
    /// Whether it is the root of partitions: then the publication must have `publish_via_partition_root`.
    pub partitioned: bool,
}

impl CatalogTable {
    /// `SELECT ... FROM ...` of all its rows; a WHERE clause may follow.
    pub fn copy_select(&self) -> String {
        // Tables that inherit are tables of their own to a publication.
        let only = if self.partitioned { "" } else { "ONLY " };
        format!("SELECT {} FROM {only}{}", self.expressions.join(", "), sql_text::table(&self.schema.name))
    }

    /// Types of the columns, for [`crate::postgres::copy_rows::CopyDecoder`].
    pub fn types(&self) -> Vec<SqlType> {
        self.schema.columns.iter().map(|column| column.sql_type.clone()).collect()
    }
}

/// The wanted tables, in the order wanted. Fails on the first that is missing or cannot be followed.
pub async fn tables(client: &Client, source: &str, wanted: &[TableName]) -> Result<Vec<CatalogTable>, SourceError> {
    let schemas: Vec<&str> = wanted.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = wanted.iter().map(|name| name.table.as_str()).collect();
    let relations = read_named(client, source, &schemas, &names).await?;
    let types = Types::read(client, source, Relation::type_oids(&relations)).await?;
    let mut found = Vec::with_capacity(wanted.len());
    for name in wanted {
        let same = |relation: &&Relation| relation.schema == name.schema && relation.name == name.table;
        let Some(relation) = relations.iter().find(same) else {
            return Err(missing(client, source, name).await?);
        };
        let table = describe(source, relation, &types);
        followable(source, relation, &table.schema)?;
        found.push(table);
    }
    Ok(found)
}

/// All tables of users, whether they can be followed or not; `key` is empty where there is none.
pub async fn all_tables(client: &Client, source: &str) -> Result<Vec<CatalogTable>, SourceError> {
    let relations = read_all(client, source).await?;
    let types = Types::read(client, source, Relation::type_oids(&relations)).await?;
    Ok(relations.iter().map(|relation| describe(source, relation, &types)).collect())
}

fn describe(source: &str, relation: &Relation, types: &Types) -> CatalogTable {
    let mut columns = Vec::with_capacity(relation.attributes.len());
    let mut expressions = Vec::with_capacity(relation.attributes.len());
    for attribute in &relation.attributes {
        let resolved = types.resolve(attribute.type_oid, attribute.type_modifier);
        let name = escape_identifier(&attribute.name);
        expressions.push(match resolved.output {
            // Not `::text`: for some types that is another text than the stream sends (inet, xml).
            Some(output) => format!("pg_catalog.textin({output}({name}))"),
            None => name,
        });
        columns.push(Column {
            name: SmolStr::new(&attribute.name),
            sql_type: resolved.sql_type,
            nullable: !attribute.not_null,
            collation: attribute.collation.clone(),
            declared: Declared::new(attribute.declared.as_str()),
        });
    }
    CatalogTable {
        expressions,
        type_oids: relation.attributes.iter().map(|attribute| attribute.type_oid).collect(),
        estimated_rows: (relation.estimated_rows >= 0.0).then_some(relation.estimated_rows as u64),
        partitioned: relation.kind == b'p',
        schema: TableSchema {
            name: TableName {
                source: SmolStr::new(source),
                schema: SmolStr::new(&relation.schema),
                table: SmolStr::new(&relation.name),
            },
            id: relation.oid,
            columns,
            key: key(relation),
            identity: relation.identity,
        },
    }
}

/// The primary key, unless the log names old rows by another index: then that index, whose columns are unique and not
/// null too. Empty if there is none or if a part of it is not published.
fn key(relation: &Relation) -> Vec<usize> {
    let numbers = match relation.identity {
        ReplicaIdentity::Index => relation.identity_index.as_ref(),
        _ => relation.primary.as_ref(),
    };
    numbers.and_then(|numbers| relation.positions(numbers)).unwrap_or_default()
}

fn followable(source: &str, relation: &Relation, schema: &TableSchema) -> Result<(), SourceError> {
    let quoted = format!("{}.{}", escape_identifier(&relation.schema), escape_identifier(&relation.name));
    let refuse = |message: &str, hint: String| {
        Err(SourceError::Table {
            source_name: source.to_owned(),
            table: schema.name.to_string(),
            message: message.to_owned(),
            hint,
        })
    };
    match relation.kind {
        b'r' | b'p' => {}
        b'v' | b'm' => {
            return refuse(
                "is a view; the log has changes of tables only",
                "select from its tables instead".to_owned(),
            );
        }
        b'f' => {
            return refuse("is a foreign table; its changes are not in this log", "follow its own server".to_owned());
        }
        _ => return refuse("is not a table", "name a table".to_owned()),
    }
    if relation.persistence != b'p' {
        let hint = format!("ALTER TABLE {quoted} SET LOGGED; or leave the table out");
        return refuse("is unlogged or temporary; its changes are not in the log", hint);
    }
    if relation.identity == ReplicaIdentity::Nothing {
        let hint = format!("ALTER TABLE {quoted} REPLICA IDENTITY DEFAULT; or FULL if it has no primary key");
        return refuse("has replica identity \"nothing\": updates and deletes cannot be followed", hint);
    }
    if schema.key.is_empty() && relation.identity != ReplicaIdentity::Full {
        let hint = format!("add a primary key, or ALTER TABLE {quoted} REPLICA IDENTITY FULL;");
        return refuse("has no primary key: its updates and deletes cannot be followed", hint);
    }
    Ok(())
}

async fn missing(client: &Client, source: &str, name: &TableName) -> Result<SourceError, SourceError> {
    let elsewhere = schemas_with(client, source, &name.table).await?;
    let hint = match elsewhere.is_empty() {
        true => "check the name and the database in the source's url; \"tailwater init\" lists the tables".to_owned(),
        false => {
            let names = elsewhere.iter().map(|schema| format!("\"{schema}.{}\"", name.table)).collect::<Vec<_>>();
            format!("did you mean {}?", names.join(" or "))
        }
    };
    Ok(SourceError::Table {
        source_name: source.to_owned(),
        table: name.to_string(),
        message: "does not exist".to_owned(),
        hint,
    })
}
