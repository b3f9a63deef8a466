//! `tailwater demo`: private servers, real data, live traffic, and how to ask.

mod command;
mod compare;
mod data;
mod process;
mod random;
mod screen;
pub mod servers;
mod traffic;

pub(super) use command::Demo;
pub use compare::{Compared, differences};
pub use process::DaemonProcess;
pub use random::Random;
