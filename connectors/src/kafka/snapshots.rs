//! Topics cannot be asked for the answer to a view, so they are not.

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
        let message = "topics of Kafka can only be read, not asked".into();
        Err(SnapshotError::NoAnswer { source_name: self.source.to_string(), message })
    }
}
