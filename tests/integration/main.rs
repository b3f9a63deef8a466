//! Tests of the whole, against real servers that they start themselves.

#![allow(clippy::unwrap_used)]

mod apply;
mod clients;
mod commands;
mod copying;
mod crash;
mod cross_sources;
mod disk;
mod fail_points;
mod failover;
mod fuzz;
mod kafka_debezium;
mod kafka_evolution;
mod kafka_failover;
mod kafka_login;
mod kafka_schemas;
mod kafka_sink;
mod kafka_source;
mod kinesis;
mod life;
mod messages;
mod mysql;
mod mysql_by_file;
mod mysql_failover;
mod mysql_keyless;
mod mysql_lean;
mod mysql_rebuild;
mod network;
mod nexmark;
mod postmaster;
mod quarantine;
mod rebuild;
mod slot;
mod soak;
mod standby;
mod streamed;
mod support;
mod table_changes;
mod tpch;
mod verify;
mod views;
