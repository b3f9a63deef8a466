//! Names of columns as other languages want names: letters, digits and underscores, no digit first, none twice.

use std::collections::HashSet;

use crate::schema::Column;

/// One name for each column. Other characters become `_`; where that makes two the same, the later ones get a number.
pub(super) fn sanitised(columns: &[Column]) -> Vec<String> {
    let mut taken: HashSet<String> = columns.iter().map(|column| column.name.to_string()).collect();
    let mut name = |column: &Column| {
        let plain = identifier(&column.name);
        if plain == column.name.as_str() {
            return plain;
        }
        let mut unique = plain.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{plain}_{number}");
            number += 1;
        }
        unique
    };
    columns.iter().map(&mut name).collect()
}

/// `text` as a name.
pub(super) fn identifier(text: &str) -> String {
    let mut name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql_type::SqlType;

    #[test]
    fn names_are_kept_where_they_can_be_and_none_is_there_twice() {
        let columns =
            ["id", "été", "_t_", "2nd", "a b", "a-b", "a_b", ""].map(|name| Column::new(name, SqlType::Text, true));
        assert_eq!(sanitised(&columns), ["id", "_t__2", "_t_", "_2nd", "a_b_2", "a_b_3", "a_b", "_"]);
    }
}
