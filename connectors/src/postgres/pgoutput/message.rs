//! The messages. Times are microseconds since 2000-01-01 UTC. `xid` is present only inside a streamed chunk, where each
//! change names its (sub)transaction.

use crate::position::Lsn;
use crate::schema::ReplicaIdentity;

use super::tuple::TupleData;

/// One message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `B`: a transaction begins; its changes follow, then `Commit`.
    Begin {
        /// Where its commit is in the log.
        final_lsn: Lsn,
        /// Commit time.
        committed_at: i64,
        /// Transaction id.
        xid: u32,
    },
    /// `M`: written by `pg_logical_emit_message`; may come outside a transaction.
    Logical {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Whether it belongs to the open transaction.
        transactional: bool,
        /// Where it is in the log.
        lsn: Lsn,
        /// The writer's prefix.
        prefix: &'a str,
        /// What was written.
        content: &'a [u8],
    },
    /// `C`: the transaction is complete.
    Commit {
        /// Where the commit is in the log.
        commit_lsn: Lsn,
        /// Behind the commit: the position to confirm.
        end_lsn: Lsn,
        /// Commit time.
        committed_at: i64,
    },
    /// `O`: the open transaction was replicated from elsewhere.
    Origin {
        /// Its commit there.
        commit_lsn: Lsn,
        /// Name of the origin.
        name: &'a str,
    },
    /// `R`: describes a relation; before its first change and after it was altered.
    Relation(Relation<'a>),
    /// `Y`: names a type that is not built in.
    Type {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Type oid.
        id: u32,
        /// Its schema, empty for `pg_catalog`.
        schema: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// `I`
    Insert {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Relation oid.
        relation: u32,
        /// New row.
        new: TupleData<'a>,
    },
    /// `U`
    Update {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Relation oid.
        relation: u32,
        /// Old row, if the key changed or the identity is full.
        old: Option<(OldKind, TupleData<'a>)>,
        /// New row.
        new: TupleData<'a>,
    },
    /// `D`
    Delete {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Relation oid.
        relation: u32,
        /// Old row.
        old: (OldKind, TupleData<'a>),
    },
    /// `T`
    Truncate {
        /// Inside a streamed chunk.
        xid: Option<u32>,
        /// Relation oids.
        relations: Vec<u32>,
        /// `CASCADE` was given.
        cascade: bool,
        /// `RESTART IDENTITY` was given.
        restart_identity: bool,
    },
    /// `S`: a chunk of a transaction in progress begins.
    StreamStart {
        /// Top-level transaction id.
        xid: u32,
        /// Whether it is the transaction's first chunk.
        first: bool,
    },
    /// `E`: the chunk ends.
    StreamStop,
    /// `c`: a streamed transaction is complete.
    StreamCommit {
        /// Top-level transaction id.
        xid: u32,
        /// Where the commit is in the log.
        commit_lsn: Lsn,
        /// Behind the commit: the position to confirm.
        end_lsn: Lsn,
        /// Commit time.
        committed_at: i64,
    },
    /// `A`: a streamed transaction, or only one of its subtransactions, was rolled back.
    StreamAbort {
        /// Top-level transaction id.
        xid: u32,
        /// The transaction that was rolled back; equal to `xid` when it is the whole.
        subxid: u32,
        /// Position and time of the abort; from version 4 on, where streaming was asked for in its parallel form.
        at: Option<(Lsn, i64)>,
    },
    /// `b`: a transaction that will be prepared begins.
    BeginPrepare(Prepared<'a>),
    /// `P`: it is prepared.
    Prepare(Prepared<'a>),
    /// `K`: a prepared transaction is committed. `lsn` is that of the commit.
    CommitPrepared(Prepared<'a>),
    /// `r`: a prepared transaction is rolled back. `lsn` is the end of its prepare, `end_lsn` that of the rollback.
    RollbackPrepared {
        /// Which one.
        prepared: Prepared<'a>,
        /// When it was rolled back; `prepared.at` is when it was prepared.
        rolled_back_at: i64,
    },
    /// `p`: a streamed transaction is prepared.
    StreamPrepare(Prepared<'a>),
}

/// A two-phase transaction in one of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared<'a> {
    /// Where the prepare or commit is in the log.
    pub lsn: Lsn,
    /// Behind it.
    pub end_lsn: Lsn,
    /// Time of it.
    pub at: i64,
    /// Transaction id.
    pub xid: u32,
    /// The user's name of it.
    pub gid: &'a str,
}

/// Which columns of an old row are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldKind {
    /// `K`: those of the replica identity, the others are null.
    Key,
    /// `O`: all.
    Full,
}

/// A relation as the log describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// Inside a streamed chunk.
    pub xid: Option<u32>,
    /// Relation oid.
    pub id: u32,
    /// Its schema, empty for `pg_catalog`.
    pub schema: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Replica identity.
    pub identity: ReplicaIdentity,
    /// Its published columns, as rows carry them.
    pub columns: Vec<RelationColumn<'a>>,
}

/// A column of a [`Relation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationColumn<'a> {
    /// Its name.
    pub name: &'a str,
    /// Oid of its type.
    pub type_oid: u32,
    /// `atttypmod`
    pub type_modifier: i32,
    /// Whether it is part of the replica identity.
    pub is_key: bool,
}
