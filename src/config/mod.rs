//! `tailwater.toml`: raw as typed → checked as used; all problems in one report.
