//! Names: folding as Postgres does it, and the nearest known name for a wrong one.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

/// Unquoted names are folded to lower case (ASCII only, as in a UTF-8 database).
pub(super) fn fold(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_ascii_lowercase(),
    }
}

/// The folded parts of a dotted name; `None` when a part is not a plain name.
pub(super) fn parts(name: &ObjectName) -> Option<Vec<String>> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(name) => Some(fold(name)),
            ObjectNamePart::Function(_) => None,
        })
        .collect()
}

/// `did you mean "x"`, when one of `known` is near.
pub(super) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (name.chars().count() / 3).max(1);
    let distance = |candidate: &&str| edit_distance(&name.to_lowercase(), &candidate.to_lowercase());
    let nearest = known.into_iter().min_by_key(distance)?;
    (distance(&nearest) <= limit).then(|| format!("did you mean \"{nearest}\"?"))
}

/// Insertions, deletions and substitutions from one to the other; long names are compared by their beginning.
fn edit_distance(from: &str, to: &str) -> usize {
    const CHARACTERS_MAX: usize = 64;
    let to: Vec<char> = to.chars().take(CHARACTERS_MAX).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, character) in from.chars().take(CHARACTERS_MAX).enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (index, other) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(character != *other);
            diagonal = row[index + 1];
            row[index + 1] = substituted.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(suggestion("custmer", ["orders", "customer"]), Some("did you mean \"customer\"?".into()));
        assert_eq!(suggestion("xyz", ["orders", "customer"]), None);
        assert_eq!(suggestion("x", []), None);
    }

    #[test]
    fn only_unquoted_names_are_folded() {
        assert_eq!(fold(&Ident::new("Orders")), "orders");
        assert_eq!(fold(&Ident::with_quote('"', "Orders")), "Orders");
        assert_eq!(fold(&Ident::new("STRASSE\u{c4}")), "strasse\u{c4}");
    }
}
