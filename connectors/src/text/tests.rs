//! Text forms, both ways.
