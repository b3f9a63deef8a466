//! Tests of the Redis sink; those in `sink` run against a private `redis-server`.

mod fence;
mod key;
mod server;
mod sink;
mod throughput;
