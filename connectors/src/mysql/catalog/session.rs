//! Settings of a session whose values are read.

/// Statements that a session runs before it reads the catalog or rows, so that values come as they are stored: times in UTC, text in its own
/// character set, a `char` without the blanks that it is filled up with.
pub fn session_settings() -> [&'static str; 3] {
    ["SET SESSION time_zone = '+00:00'", "SET SESSION sql_mode = ''", "SET SESSION character_set_results = NULL"]
}
