//! Views that a verification found wrong and that are to be filled again: named in a file of the state directory, and filled on a branch of
//! the state as views are that have changed (see `applying`), or at the next start.
//!
//! A view is filled again together with the views that read it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::TableName;
use tracing::warn;

use crate::engine::plan::RelationName;
use crate::engine::{Engine, EngineCatalog, EngineError, ViewPlan};
use crate::state::State;

const FILE: &str = "refill.json";

/// Names `view` in the file.
pub(in crate::pipeline) fn mark(state_dir: &Path, view: &SmolStr) -> io::Result<()> {
    let mut marked = read(state_dir)?;
    marked.insert(view.clone());
    let (path, draft) = (path(state_dir), state_dir.join("refill.json.new"));
    let mut file = fs::File::create(&draft)?;
    file.write_all(serde_json::to_string(&marked)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)?;
    fs::File::open(state_dir)?.sync_all()
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

fn read(state_dir: &Path) -> io::Result<BTreeSet<SmolStr>> {
    match fs::read_to_string(path(state_dir)) {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// Opens the engine; views that are marked have nothing then and are to be filled. Renewed tables are copied anew.
pub(in crate::pipeline) fn open_engine(
    state: &Arc<State>,
    (catalog, renewed): (EngineCatalog, &[TableName]),
    state_dir: &Path,
) -> Result<Engine, EngineError> {
    let marked = read(state_dir).unwrap_or_else(|error| {
        warn!(%error, "cannot read which views are to be filled again");
        BTreeSet::new()
    });
    let again = with_readers(&catalog.views, marked);
    if !again.is_empty() {
        let mut kept = catalog.clone();
        kept.views.retain(|view| !again.contains(&view.name));
        warn!(views = %Vec::from_iter(again).join(", "), "views are filled again, as \"verify --repair\" asked");
        // A catalog without a view drops everything that the view keeps.
        drop(Engine::open(Arc::clone(state), kept)?);
    }
    Engine::open_renewing(Arc::clone(state), catalog, renewed)
}

/// The views that were marked have nothing now, or are filled.
pub(in crate::pipeline) fn forget_marks(state_dir: &Path) {
    match fs::remove_file(path(state_dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            warn!(%error, "the views will be filled again at the next start, too");
        }
        _ => {}
    }
}

/// The views that are `marked`, and those that read them; `views` come after those that they read.
fn with_readers(views: &[ViewPlan], mut marked: BTreeSet<SmolStr>) -> BTreeSet<SmolStr> {
    marked.retain(|name| views.iter().any(|view| view.name == *name));
    for view in views {
        let mut read = Vec::new();
        view.plan.relations(&mut read);
        let is_marked = |name: &RelationName| matches!(name, RelationName::View(name) if marked.contains(name));
        if read.iter().any(is_marked) {
            marked.insert(view.name.clone());
        }
    }
    marked
}
