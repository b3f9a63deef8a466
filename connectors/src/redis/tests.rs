//! Tests of the Redis sink; those in `sink`, `fence` and `read_back` run against a private `redis-server`.

mod fence;
mod key;
mod read_back;
mod server;
mod sink;
mod throughput;
