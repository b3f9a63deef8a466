//! MySQL does not speak the dialect of views, so it is not asked for its own answer to one.

use async_trait::async_trait;
use smol_str::SmolStr;

use crate::schema::TableName;
use crate::snapshot::{SnapshotError, Snapshots, SourceSnapshot};

/// Says so.
pub(super) struct NoSnapshots {
    pub(super) source: SmolStr,
}

#[async_trait]
impl Snapshots for NoSnapshots {
    async fn prepare(&mut self) -> Result<(), SnapshotError> {
        Ok(())
    }

    async fn take(&mut self, _tables: &[TableName]) -> Result<Box<dyn SourceSnapshot>, SnapshotError> {
        let message = "views are written in Postgres' dialect, which this server does not speak".into();
        Err(SnapshotError::NoAnswer { source_name: self.source.to_string(), message })
    }
}
