//! Tests of the planner: plans as text over a small shop's tables, and the same SELECTs answered by Postgres.

mod collations;
mod drawing;
mod golden;
mod mutations;
mod planning;
mod postgres;
mod server;
mod shop;
