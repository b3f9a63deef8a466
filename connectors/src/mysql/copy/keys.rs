//! Conditions on the columns of a key.

use crate::mysql::value::{MysqlTable, quoted};
use crate::row::Row;

/// Names of the key's columns, for ORDER BY.
pub(super) fn order(table: &MysqlTable) -> String {
    names(table).join(", ")
}

/// `None`: from the first row on. Otherwise rows whose key is behind these values, given as SQL. One comparison for each column, because
/// servers do not read ranges by comparisons of rows.
pub(super) fn behind(table: &MysqlTable, after: &[String]) -> String {
    let names = names(table);
    let Some((first, value)) = names.first().zip(after.first()) else { return "TRUE".into() };
    if after.len() == 1 {
        return format!("{first} > {value}");
    }
    let one = |place: usize| {
        let equal: Vec<String> =
            names[..place].iter().zip(after).map(|(name, value)| format!("{name} = {value}")).collect();
        let equal = equal.iter().map(|equal| format!("{equal} AND ")).collect::<String>();
        format!("({equal}{} > {})", names[place], after[place])
    };
    let any = (0..after.len()).map(one).collect::<Vec<_>>().join(" OR ");
    format!("{first} >= {value} AND ({any})")
}

/// Rows with the keys of these rows.
pub(super) fn one_of(table: &MysqlTable, rows: &[Row]) -> String {
    let names = names(table);
    let one = |row: &Row| {
        let equal = names.iter().zip(of(table, row)).map(|(name, value)| format!("{name} = {value}"));
        format!("({})", equal.collect::<Vec<_>>().join(" AND "))
    };
    rows.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

/// The key of a row, as SQL.
pub(super) fn of(table: &MysqlTable, row: &Row) -> Vec<String> {
    table.schema.key.iter().map(|column| table.literal(*column, &row[*column])).collect()
}

fn names(table: &MysqlTable) -> Vec<String> {
    table.schema.key.iter().map(|column| quoted(&table.columns[*column].name)).collect()
}
