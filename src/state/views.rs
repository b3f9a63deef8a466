//! Which tables hold which views, for readers.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use tailwater_connectors::{Row, SqlType};

use super::StateError;
use super::table::TableId;

/// A view whose rows can be read: stored as [`super::encode_row`] of the view's row under [`super::encode_key`] of its key
/// columns.
#[derive(Clone, Debug)]
pub struct RegisteredView {
    /// Name in the configuration.
    pub name: SmolStr,
    /// Table of its rows; its changelog goes by the same id.
    pub table: TableId,
    /// Types of its key columns, in key order.
    pub key_types: Vec<SqlType>,
    /// Where its row errors are kept, if they are.
    pub errors: Option<ErrorTables>,
}

/// Where a view's row errors are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorTables {
    /// [`super::encode_row`] of an entry → how often it is there, eight bytes, greatest first.
    pub entries: TableId,
    /// Under the empty key: the sum over the entries, as many bytes. Without errors there is none.
    pub total: TableId,
}

/// One entry of a view's row errors.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewError {
    /// What is wrong, then the row; whoever keeps the entries knows how.
    pub entry: Row,
    /// How often it is there.
    pub count: i64,
}

/// All registered views; replaced as a whole.
#[derive(Debug, Default)]
pub(super) struct Views(FxHashMap<SmolStr, RegisteredView>);

impl Views {
    pub(super) fn new(views: Vec<RegisteredView>) -> Arc<Self> {
        Arc::new(Self(views.into_iter().map(|view| (view.name.clone(), view)).collect()))
    }

    pub(super) fn get(&self, name: &str) -> Result<&RegisteredView, StateError> {
        self.0.get(name).ok_or_else(|| StateError::UnknownView { view: name.into() })
    }
}
