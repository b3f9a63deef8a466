//! `tailwater init`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use tailwater_connectors::TableSchema;
use tailwater_connectors::postgres::{ConnInfo, catalog, connect_sql};

use super::failure::Failure;
use super::source::failure;

/// Tables for which a view is written out; the rest is a comment.
const VIEWS_MAX: usize = 5;
/// Name of the source that is written.
const SOURCE: &str = "main";

/// Looks at a database and writes a starter configuration.
#[derive(Args)]
pub(super) struct Init {
    /// Connection URL of the database.
    #[arg(long, env = "DATABASE_URL")]
    url: String,
    /// File to write; it must not exist.
    #[arg(long, default_value = "./tailwater.toml")]
    output: PathBuf,
}

impl Init {
    pub(super) async fn run(self) -> Result<(), Failure> {
        if self.output.exists() {
            return Err(Failure::usage(format!("\"{}\" exists", self.output.display()))
                .hint("give another --output, or remove the file"));
        }
        let info = ConnInfo::parse(&self.url).map_err(|error| Failure::usage(error.to_string()))?;
        let client = connect_sql(&info, SOURCE).await.map_err(failure)?;
        let listed = catalog::all_tables(&client, SOURCE).await.map_err(failure)?;
        let tables: Vec<TableSchema> = listed.into_iter().map(|table| table.schema).collect();
        if tables.is_empty() {
            return Err(Failure::failed("the database has no tables that this role may read")
                .hint("grant select on the tables to the role, or give the URL of another database"));
        }
        std::fs::write(&self.output, starter(&tables))?;
        eprintln!("wrote {} for {} tables", self.output.display(), tables.len());
        eprintln!("next: export DATABASE_URL=..., then \"tailwater check\" and \"tailwater run\"");
        Ok(())
    }
}

fn starter(tables: &[TableSchema]) -> String {
    let mut out = String::from(
        "# Tailwater: views of a database, kept up to date. Reference: docs/reference.\n\
         state_dir = \"./tailwater-state\"\nmemory = \"512MiB\"\n\n\
         [source.main]\ntype = \"postgres\"\nurl = \"${DATABASE_URL}\"\n",
    );
    for table in tables.iter().filter(|table| !table.key.is_empty()).take(VIEWS_MAX) {
        let columns = table.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ");
        let name = section(&table.name.table);
        let _ = write!(out, "\n[view.{name}]\nsql = '''select {columns} from {}'''\n", qualified(table));
    }
    for table in tables.iter().filter(|table| table.key.is_empty()) {
        let from = qualified(table);
        let _ = write!(out, "\n# {from} has no primary key. To follow it: alter table {from} replica identity full;");
        let _ = writeln!(out, " and declare the view's key.");
    }
    let others: Vec<_> = tables.iter().filter(|table| !table.key.is_empty()).skip(VIEWS_MAX).map(qualified).collect();
    if !others.is_empty() {
        let _ = writeln!(out, "\n# also there: {}", others.join(", "));
    }
    let example = tables.iter().find(|table| !table.key.is_empty()).unwrap_or(&tables[0]);
    let key = example.key.iter().map(|&column| format!("{{{}}}", example.columns[column].name)).collect::<Vec<_>>();
    let _ = write!(
        out,
        "\n# [sink.cache]\n# type = \"redis\"\n# view = \"{0}\"\n# url = \"redis://127.0.0.1:6379\"\n# key = \"{0}:{1}\"\n\n\
         [server]\nhttp = \"127.0.0.1:8080\"\nredis = \"127.0.0.1:6380\"\n",
        section(&example.name.table),
        key.join(":")
    );
    out
}

fn qualified(table: &TableSchema) -> String {
    format!("{}.{}", quoted(&table.name.schema), quoted(&table.name.table))
}

/// The identifier as SQL needs it.
fn quoted(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if starts_well && name.bytes().all(plain) && !RESERVED.contains(&name) {
        return name.into();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Words that Postgres does not take as a bare column or table name.
const RESERVED: [&str; 24] = [
    "all", "and", "any", "as", "asc", "case", "check", "column", "default", "desc", "end", "from", "grant", "group",
    "limit", "not", "null", "offset", "order", "primary", "select", "table", "user", "where",
];

/// Name of the view of a whole table: not the table's own, which other views want to name.
fn section(table: &str) -> String {
    "all_".chars().chain(table.chars()).map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}
