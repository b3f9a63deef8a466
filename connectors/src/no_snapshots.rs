//! Sources that cannot be asked for the answer to a view.

use async_trait::async_trait;
use smol_str::SmolStr;

use crate::schema::TableName;
use crate::snapshot::{SnapshotError, Snapshots, SourceSnapshot};

/// Says why not.
pub(crate) struct NoSnapshots {
    pub(crate) source: SmolStr,
    pub(crate) reason: &'static str,
}

#[async_trait]
impl Snapshots for NoSnapshots {
    async fn prepare(&mut self) -> Result<(), SnapshotError> {
        Ok(())
    }

    async fn take(&mut self, _tables: &[TableName]) -> Result<Box<dyn SourceSnapshot>, SnapshotError> {
        Err(SnapshotError::NoAnswer { source_name: self.source.to_string(), message: self.reason.into() })
    }
}
