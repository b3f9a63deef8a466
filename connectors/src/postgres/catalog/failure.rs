//! Errors of the client, classified.

use tokio_postgres::error::SqlState;

use crate::source::SourceError;

/// What a failed query says about the source: whether trying again may help, by SQLSTATE and not by text.
pub fn client_error(source: &str, error: &tokio_postgres::Error) -> SourceError {
    let source_name = source.to_owned();
    let Some(database) = error.as_db_error() else {
        return SourceError::Unavailable { source_name, message: chain(error) };
    };
    let message = format!("{} (SQLSTATE {})", database.message(), database.code().code());
    let code = database.code();
    // Connection, resources, shutdown and conflicts pass; all else needs someone.
    let passes = ["08", "40", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
    if passes && *code != SqlState::DATABASE_DROPPED {
        return SourceError::Unavailable { source_name, message };
    }
    let hint = match database.hint() {
        Some(hint) => hint.to_owned(),
        None if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            "grant the role that tailwater logs in with SELECT on the tables and USAGE on their schemas".to_owned()
        }
        None => "run the same statement with psql to see more".to_owned(),
    };
    SourceError::Refused { source_name, message, hint }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
