//! Tables as the source needs them, with what is wrong and what to do.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable};
use smol_str::SmolStr;

use super::column_type::CatalogColumn;
use super::failure::client_error;
use crate::mysql::flavor::{Flavor, ServerVersion};
use crate::mysql::value::{MysqlColumn, MysqlTable, MysqlType, ZeroDates};
use crate::schema::{Column, Declared, ReplicaIdentity, TableName, TableSchema};
use crate::source::SourceError;

/// Schemas of the server itself.
const SYSTEM_SCHEMAS: &str = "'mysql', 'information_schema', 'performance_schema', 'sys'";

/// Schema and name.
type Place = (String, String);

/// What a read of the catalog needs to know.
struct Reader<'c> {
    connection: &'c mut Conn,
    source: &'c str,
    version: ServerVersion,
}

/// The wanted tables, in the order wanted. Fails on the first that is missing or cannot be followed.
pub async fn read_tables(
    connection: &mut Conn,
    (source, version): (&str, ServerVersion),
    wanted: &[TableName],
    zero_dates: ZeroDates,
) -> Result<Vec<MysqlTable>, SourceError> {
    let mut reader = Reader { connection, source, version };
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let names = in_list(wanted);
    let kinds = reader.kinds(&names).await?;
    let mut columns = reader.columns(&names).await?;
    let keys = reader.keys(&names).await?;
    let documents = reader.documents(&names).await?;
    let mut found = Vec::with_capacity(wanted.len());
    for name in wanted {
        let place: Place = (name.schema.to_string(), name.table.to_string());
        let Some((kind, engine)) = kinds.get(&place) else { return Err(reader.missing(name).await?) };
        followable(source, name, kind)?;
        let described = Described {
            name,
            engine,
            columns: columns.remove(&place).unwrap_or_default(),
            key: keys.get(&place).map(Vec::as_slice).unwrap_or_default(),
            documents: &documents,
        };
        found.push(described.table(source, reader.version, zero_dates)?);
    }
    Ok(found)
}

/// All tables of users.
pub async fn read_table_names(connection: &mut Conn, source: &str) -> Result<Vec<TableName>, SourceError> {
    let sql = format!(
        "select table_schema, table_name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ({SYSTEM_SCHEMAS}) order by 1, 2"
    );
    let rows: Vec<(String, String)> = connection.query(sql).await.map_err(|error| client_error(source, &error))?;
    let name = |(schema, table): (String, String)| TableName {
        source: source.into(),
        schema: schema.into(),
        table: table.into(),
    };
    Ok(rows.into_iter().map(name).collect())
}

/// `(x'..', x'..'), ...`: names by their bytes.
fn in_list(wanted: &[TableName]) -> String {
    let literal = |text: &str| {
        text.bytes().fold("_utf8mb4 x'".to_owned(), |mut all, byte| {
            let _ = write!(all, "{byte:02x}");
            all
        }) + "'"
    };
    let pairs = wanted.iter().map(|name| format!("({}, {})", literal(&name.schema), literal(&name.table)));
    pairs.collect::<Vec<_>>().join(", ")
}

impl Reader<'_> {
    async fn query<T: FromRow + Send + 'static>(&mut self, sql: String) -> Result<Vec<T>, SourceError> {
        self.connection.query(sql).await.map_err(|error| client_error(self.source, &error))
    }

    /// What each is, and its engine.
    async fn kinds(&mut self, names: &str) -> Result<HashMap<Place, (String, String)>, SourceError> {
        let sql = format!(
            "select table_schema, table_name, table_type, coalesce(engine, '') from information_schema.tables
             where (table_schema, table_name) in ({names})"
        );
        let rows: Vec<(String, String, String, String)> = self.query(sql).await?;
        Ok(rows.into_iter().map(|(schema, table, kind, engine)| ((schema, table), (kind, engine))).collect())
    }

    async fn columns(&mut self, names: &str) -> Result<HashMap<Place, Vec<CatalogColumn>>, SourceError> {
        let sql = format!(
            "select table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
                    column_type, numeric_precision, numeric_scale, datetime_precision, character_octet_length,
                    character_set_name, extra
             from information_schema.columns where (table_schema, table_name) in ({names})
             order by table_schema, table_name, ordinal_position"
        );
        let rows: Vec<mysql_async::Row> = self.query(sql).await?;
        let mut all: HashMap<Place, Vec<CatalogColumn>> = HashMap::new();
        for mut row in rows {
            let mut text = |index| row.take_opt::<Option<String>, _>(index).and_then(Result::ok).flatten();
            let place = (text(0).unwrap_or_default(), text(1).unwrap_or_default());
            let number = |text: Option<String>| text.and_then(|digits| digits.parse().ok());
            all.entry(place).or_default().push(CatalogColumn {
                name: text(2).unwrap_or_default(),
                ordinal: number(text(3)).unwrap_or_default(),
                default: text(4),
                nullable: text(5).as_deref() != Some("NO"),
                data_type: text(6).unwrap_or_default(),
                column_type: text(7).unwrap_or_default(),
                precision: number(text(8)),
                scale: number(text(9)),
                fraction: number(text(10)),
                octets: number(text(11)),
                charset: text(12),
                extra: text(13).unwrap_or_default(),
            });
        }
        Ok(all)
    }

    /// Columns of primary keys, in their order.
    async fn keys(&mut self, names: &str) -> Result<HashMap<Place, Vec<String>>, SourceError> {
        let sql = format!(
            "select table_schema, table_name, column_name from information_schema.statistics
             where index_name = 'PRIMARY' and (table_schema, table_name) in ({names})
             order by table_schema, table_name, seq_in_index"
        );
        let mut keys: HashMap<Place, Vec<String>> = HashMap::new();
        for (schema, table, column) in self.query::<(String, String, String)>(sql).await? {
            keys.entry((schema, table)).or_default().push(column);
        }
        Ok(keys)
    }

    /// Columns that MariaDB checks to be documents, which is what its `json` is.
    async fn documents(&mut self, names: &str) -> Result<HashSet<(String, String, String)>, SourceError> {
        if self.version.flavor == Flavor::Mysql {
            return Ok(HashSet::new());
        }
        let sql = format!(
            "select constraint_schema, table_name, check_clause from information_schema.check_constraints
             where (constraint_schema, table_name) in ({names})"
        );
        let rows: Vec<(String, String, String)> = self.query(sql).await?;
        let column = |clause: &str| {
            let name = clause.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
            Some(name.replace("``", "`"))
        };
        Ok(rows.into_iter().filter_map(|(schema, table, clause)| Some((schema, table, column(&clause)?))).collect())
    }

    async fn missing(&mut self, name: &TableName) -> Result<SourceError, SourceError> {
        let same = read_table_names(self.connection, self.source).await?;
        let same = same.iter().filter(|known| known.table.eq_ignore_ascii_case(&name.table));
        let names: Vec<_> = same.map(|known| format!("\"{}.{}\"", known.schema, known.table)).collect();
        let hint = match names.is_empty() {
            true => {
                "check the name, and that the user may SELECT from it; \"tailwater init\" lists the tables".to_owned()
            }
            false => format!("did you mean {}?", names.join(" or ")),
        };
        Ok(refused(self.source, name, "does not exist".to_owned(), hint))
    }
}

fn refused(source: &str, name: &TableName, message: String, hint: String) -> SourceError {
    SourceError::Table { source_name: source.to_owned(), table: name.to_string(), message, hint }
}

fn followable(source: &str, name: &TableName, kind: &str) -> Result<(), SourceError> {
    let refuse = |message: &str, hint: &str| Err(refused(source, name, message.to_owned(), hint.to_owned()));
    match kind {
        "BASE TABLE" => Ok(()),
        "VIEW" | "SYSTEM VIEW" => {
            refuse("is a view; the log has changes of tables only", "select from its tables instead")
        }
        "SYSTEM VERSIONED" => refuse(
            "keeps old versions of its rows (system versioning), which the log does not tell from new ones",
            "leave the table out, or ALTER TABLE ... DROP SYSTEM VERSIONING",
        ),
        _ => refuse("is not a table", "name a table"),
    }
}

/// A table in the catalog's words.
struct Described<'d> {
    name: &'d TableName,
    engine: &'d str,
    columns: Vec<CatalogColumn>,
    key: &'d [String],
    documents: &'d HashSet<(String, String, String)>,
}

impl Described<'_> {
    fn table(self, source: &str, version: ServerVersion, zero_dates: ZeroDates) -> Result<MysqlTable, SourceError> {
        // MariaDB 11 does not write them for updates and deletes, whatever binlog_row_image is, so they cannot be followed.
        let without_generated = version.flavor == Flavor::Mariadb && version.at_least(11, 0, 0);
        let followed = self.columns.iter().filter(|column| !(without_generated && column.is_generated()));
        let followed: Vec<&CatalogColumn> = followed.collect();
        let mut columns = Vec::with_capacity(followed.len());
        let mut described = Vec::with_capacity(followed.len());
        for column in &followed {
            let mysql_type = self.type_of(column).ok_or_else(|| {
                let message = format!("column \"{}\" has type {}, which is not known", column.name, column.column_type);
                refused(source, self.name, message, "leave the table out".to_owned())
            })?;
            let in_key = self.key.contains(&column.name);
            let enum_name = format!("{}.{}", self.name.table, column.name);
            let nullable = column.nullable || mysql_type.has_dates() && zero_dates == ZeroDates::Null && !in_key;
            let declared = Declared::new(column.column_type.as_str());
            let sql_type = mysql_type.sql_type(&enum_name, zero_dates);
            columns.push(Column { declared, ..Column::new(&column.name, sql_type, nullable) });
            described.push(MysqlColumn {
                name: SmolStr::new(&column.name),
                default: column.column_default(version.flavor),
                generated: column.is_generated(),
                place: usize::try_from(column.ordinal).unwrap_or_default().saturating_sub(1),
                in_key,
                mysql_type,
            });
        }
        let place = |name: &String| followed.iter().position(|column| column.name == *name);
        let key: Vec<usize> = self.key.iter().filter_map(place).collect();
        let identity = if key.is_empty() { ReplicaIdentity::Full } else { ReplicaIdentity::Default };
        let schema = TableSchema { name: self.name.clone(), id: 0, columns, key, identity };
        let (width, engine) = (self.columns.len(), self.engine.to_owned());
        Ok(MysqlTable { schema: Arc::new(schema), columns: described, width, engine, zero_dates })
    }

    fn type_of(&self, column: &CatalogColumn) -> Option<MysqlType> {
        let mysql_type = column.mysql_type()?;
        let place = (self.name.schema.to_string(), self.name.table.to_string(), column.name.clone());
        Some(match mysql_type {
            MysqlType::Text { charset } if self.documents.contains(&place) => MysqlType::JsonText { charset },
            other => other,
        })
    }
}
