//! What was typed → one call and one exit code.
