//! Logs and counters.

mod json_lines;
mod logging;
mod requests;

pub use logging::init;
pub use requests::RequestCounters;
