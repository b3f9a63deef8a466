//! Small named JSON documents beside the tables, and the checkpoint, which is one of them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateError;

/// Key of the checkpoint; documents have keys with a prefix of their own.
pub(super) const CHECKPOINT: &[u8] = b"checkpoint";

pub(super) fn document_key(name: &str) -> Vec<u8> {
    [b"d/", name.as_bytes()].concat()
}

pub(super) fn parse_document<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, StateError> {
    serde_json::from_slice(bytes).map_err(|error| StateError::damaged(format!("document \"{name}\": {error}")))
}

pub(super) fn print_document<T: Serialize + ?Sized>(name: &str, document: &T) -> Result<Vec<u8>, StateError> {
    let failed = |error| StateError::Storage { message: format!("document \"{name}\" cannot be JSON: {error}") };
    serde_json::to_vec(document).map_err(failed)
}
