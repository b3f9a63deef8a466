//! Tests against a real server of their own and against a scripted one.

mod live;
mod live_changes;
mod live_login;
mod scripted;
mod scripted_open;
mod server;
mod streamed_model;
