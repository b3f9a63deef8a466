//! What the source wants to find again in the state: the shapes of its tables, and which log its places are in.

use serde::{Deserialize, Serialize};

use super::by_file::LogIdentity;
use super::shapes::Shapes;

/// As it is written. Before there were places in files, a note was the shapes alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) shapes: Shapes,
    /// `None` where transactions have ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<LogIdentity>,
}

impl Note {
    /// Reads what was kept; nothing is known from what cannot be read.
    pub(super) fn parse(note: Option<&str>) -> Self {
        let Some(note) = note else { return Self::default() };
        let before = |_| serde_json::from_str(note).map(|shapes| Self { shapes, log: None });
        serde_json::from_str(note).or_else(before).unwrap_or_default()
    }

    pub(super) fn print(&self) -> String {
        // It is made of text and numbers.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TableName;

    #[test]
    fn notes_are_read_again_also_those_of_before() {
        let table = TableName { source: "s".into(), schema: "d".into(), table: "a".into() };
        let mut shapes = Shapes::default();
        shapes.know(&table, u64::MAX);
        let note = Note { shapes: shapes.clone(), log: Some(LogIdentity::default()) };
        assert_eq!(Note::parse(Some(&note.print())), note);
        assert_eq!(Note::parse(Some(&format!("{{\"d.a\":{}}}", u64::MAX))), Note { shapes, log: None });
        for damaged in [None, Some("{"), Some("7")] {
            assert_eq!(Note::parse(damaged), Note::default());
        }
    }
}
