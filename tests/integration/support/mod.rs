//! What the integration tests share.
//!
//! ```text
//! view_file   a golden view test as text
//! oracle      Postgres' own answers
//! recording   one file run on Postgres: what the source handed over, what Postgres answered after each transaction
//! replay      a recording through engine and state, compared at its boundaries
//! modes       the ways in which a recording is replayed
//! ```

pub(crate) mod modes;
pub(crate) mod oracle;
pub(crate) mod recording;
pub(crate) mod replay;
pub(crate) mod view_file;
