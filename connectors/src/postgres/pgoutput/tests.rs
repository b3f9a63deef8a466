//! Messages as a server sends them.
