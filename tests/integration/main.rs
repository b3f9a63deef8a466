//! Tests of the whole, against real servers that they start themselves.

#![allow(clippy::unwrap_used)]

mod apply;
mod clients;
mod commands;
mod copying;
mod crash;
mod disk;
mod fail_points;
mod fuzz;
mod life;
mod network;
mod nexmark;
mod postmaster;
mod quarantine;
mod slot;
mod soak;
mod streamed;
mod support;
mod table_changes;
mod tpch;
mod verify;
mod views;
