//! Tests of the whole, against real servers that they start themselves.

#![allow(clippy::unwrap_used)]

mod support;
mod views;
