//! A server on a filled state directory, for tests.
