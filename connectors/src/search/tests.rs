//! Tests of the search sink.

mod crash;
mod fixture;
mod query;
mod sink;
mod speed;
