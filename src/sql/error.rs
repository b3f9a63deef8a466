//! What can be wrong with a view's SQL: stable codes, the place, and what to do.

use std::fmt;

use smol_str::SmolStr;
use thiserror::Error;

use super::planner::ViewText;

/// A problem of one view. The code is stable and listed in `docs/reference/sql.md`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SqlError {
    /// The view.
    pub view: SmolStr,
    /// File that holds the view's SQL; empty when there is none.
    pub file: String,
    /// Line of that file at the place (or at the beginning of the SQL); 0 without a file.
    pub file_line: u32,
    /// Stable code, `TW-SQL-012`.
    pub code: &'static str,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// Where in the SQL, when known.
    pub place: Option<Place>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:{}: ", self.file, self.file_line)?;
        }
        write!(f, "view \"{}\"", self.view)?;
        if let Some(place) = self.place {
            write!(f, ", line {}, column {}", place.line, place.column)?;
        }
        write!(f, ": {} ({})", self.message, self.code)
    }
}

/// A place in the text of a view, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line of the SQL text.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

impl Place {
    /// From the parser's counting; it writes 0 for "unknown".
    pub(super) fn new(line: u64, column: u64) -> Option<Self> {
        let line = u32::try_from(line).ok().filter(|&line| line > 0)?;
        Some(Self { line, column: u32::try_from(column).ok()? })
    }
}

/// A problem before the view's name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) place: Option<Place>,
    pub(super) hint: Option<String>,
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, hint: None }
    }

    pub(super) fn at(mut self, place: Option<Place>) -> Self {
        self.place = self.place.or(place);
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn of_view(self, view: &ViewText) -> SqlError {
        let Self { code, message, place, hint } = self;
        let file_line = view.line + place.map_or(0, |place| place.line - 1);
        SqlError { view: view.name.clone(), file: view.file.clone(), file_line, code: code.id(), message, place, hint }
    }
}

macro_rules! codes {
    ($($name:ident $id:literal $title:literal $advice:literal;)*) => {
        /// Every code; the order is that of the reference.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Code { $($name),* }

        impl Code {
            #[cfg(test)]
            pub(super) const ALL: &[Code] = &[$(Code::$name),*];

            /// What stands in an error.
            pub(super) fn id(self) -> &'static str {
                match self { $(Code::$name => $id),* }
            }

            /// One line of what it means.
            #[cfg(test)]
            pub(super) fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            /// What to write instead.
            #[cfg(test)]
            pub(super) fn advice(self) -> &'static str {
                match self { $(Code::$name => $advice),* }
            }
        }
    };
}

codes! {
    Syntax "TW-SQL-001" "the text is not SQL as Postgres reads it" "The error names the place.";
    NotOneSelect "TW-SQL-002" "a view is one SELECT" "Write one SELECT, WITH … SELECT or VALUES, without a second statement.";
    UnknownTable "TW-SQL-003" "unknown table" "Name it `table`, `schema.table` or `source.schema.table`; unqualified names are looked up in schema `public`.";
    AmbiguousTable "TW-SQL-004" "a name means several tables or views" "Qualify it with its schema or source, or rename the view.";
    UnknownColumn "TW-SQL-005" "unknown column" "The nearest name is suggested.";
    AmbiguousColumn "TW-SQL-006" "a column name means several columns" "Qualify it with its table.";
    Types "TW-SQL-007" "types do not fit, or no such function or operator" "Add a cast.";
    DuplicateColumn "TW-SQL-008" "two output columns have one name" "Give one of them another name with AS.";
    Cycle "TW-SQL-009" "views read each other in a circle" "Break the circle.";
    Limit "TW-SQL-010" "LIMIT, OFFSET or FETCH is no constant" "Write the number; for a number per row filter by `row_number() OVER (…)` in a derived table.";
    Window "TW-SQL-012" "a window function that stands where none may, or a frame that Postgres refuses too" "The error says which.";
    Subquery "TW-SQL-013" "a subquery in the ON of a FULL JOIN that refers to both sides" "Compute it in a derived table on one side.";
    Recursive "TW-SQL-015" "a recursive query of a form that is not kept" "Write base UNION [ALL] step, with the step reading the query once in its FROM.";
    GroupingSets "TW-SQL-016" "GROUPING SETS, ROLLUP and CUBE stand in GROUP BY only" "Move them there.";
    Lateral "TW-SQL-018" "a LATERAL reference from a RIGHT or FULL JOIN" "Use INNER or LEFT JOIN, as in Postgres.";
    SetReturning "TW-SQL-019" "a set-returning function where none may stand" "Put it into FROM.";
    Aggregate "TW-SQL-020" "this aggregate is not kept" "[functions.md](functions.md) lists the functions; the aggregates are listed above.";
    Volatile "TW-SQL-021" "the value changes without a change of a row" "Store the value in a column, or compute it where the view is read.";
    Locking "TW-SQL-022" "FOR UPDATE and FOR SHARE lock nothing here" "Remove the clause.";
    Collation "TW-SQL-023" "text is ordered by a collation that is neither C nor ICU, or compared by one that is not deterministic" "Write COLLATE \"C\" or an ICU collation such as COLLATE \"und-x-icu\" behind the operand.";
    Unsupported "TW-SQL-024" "syntax that is not kept" "The hint says what to write.";
    Grouping "TW-SQL-025" "a column is neither grouped nor aggregated, or an aggregate stands where none may" "Add it to GROUP BY; filter aggregates with HAVING.";
    NoKey "TW-SQL-026" "no key can be inferred" "Select the key columns named in the hint, or declare `key = [...]`.";
    BadKey "TW-SQL-027" "the declared key names no column of the view" "Name output columns.";
    UnknownType "TW-SQL-028" "a type that cannot be named in a cast here" "Cast in the database, or to text.";
    TooLarge "TW-SQL-029" "the text is too long or nested too deeply" "Split it into several views.";
    Internal "TW-SQL-030" "the planner met a case that it does not know" "Please report it with the SELECT.";
    CollationConflict "TW-SQL-031" "text of columns with different collations is compared, or two COLLATE clauses meet (42P21, 42P22 in Postgres)" "Write one COLLATE behind an operand.";
}
