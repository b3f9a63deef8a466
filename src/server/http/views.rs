//! `/v1/views`: what can be read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tailwater_connectors::ViewSchema;

use super::router::Context;
use crate::pipeline::status::ViewStatus;

/// All views, in configuration order.
pub(super) async fn list(State(context): State<Arc<Context>>) -> Json<Value> {
    let projections = &context.reads.now().projections;
    let describe = |view: &Arc<ViewSchema>| {
        let status = projections.status.inspect(|status| status.views.get(&view.name).cloned());
        describe(view, status.unwrap_or_default())
    };
    let views: Vec<Value> = projections.views.iter().map(describe).collect();
    Json(json!({ "views": views, "position": projections.checkpoints.borrow().positions.to_string() }))
}

fn describe(view: &ViewSchema, status: ViewStatus) -> Value {
    let columns: Vec<Value> = view
        .columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.sql_type.to_string(), "nullable": column.nullable }))
        .collect();
    let key: Vec<&str> = view.key.iter().map(|&column| view.columns[column].name.as_str()).collect();
    json!({ "name": view.name, "columns": columns, "key": key, "condition": status.condition, "error": status.error })
}
