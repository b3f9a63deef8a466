//! Why the servers could not start or stopped.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why the servers could not start or stopped.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be had.
    #[error("cannot listen on {address} for {protocol}")]
    Bind {
        /// Address of the configuration.
        address: SocketAddr,
        /// `HTTP` or `the Redis protocol`.
        protocol: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A running server failed.
    #[error("the server for {protocol} stopped")]
    Stopped {
        /// `HTTP` or `the Redis protocol`.
        protocol: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ServerError {
    /// Whether trying again, without anyone acting, may help.
    pub fn is_transient(&self) -> bool {
        false
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<String> {
        let Self::Bind { address, protocol, source } = self else { return None };
        let key = if *protocol == "HTTP" { "http" } else { "redis" };
        Some(match source.kind() {
            io::ErrorKind::AddrInUse => format!(
                "another program listens on port {}: stop it, or set another address as \"{key}\" under [server], or \"off\"",
                address.port()
            ),
            io::ErrorKind::PermissionDenied => {
                format!("ports below 1024 need a privilege: set a higher port as \"{key}\" under [server]")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no address {}: correct \"{key}\" under [server]", address.ip())
            }
            _ => format!("set another address as \"{key}\" under [server], or \"off\""),
        })
    }
}
