//! Answers questions about committed state: HTTP, Redis protocol, metrics.
