//! Keys over rows of several branches.

use tailwater_connectors::Value;

use super::identity::{Identity, Key, is_label_value};

/// Rows of several branches are told apart by a column that is a different constant in each.
pub(super) fn union(mut branches: Vec<Identity>, width: usize) -> Identity {
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let is_label = |column: &usize| {
        let labels: Option<Vec<&Value>> = branches.iter().map(|branch| branch.constant.get(column)).collect();
        labels.is_some_and(|mut labels| {
            labels.sort();
            labels.windows(2).all(|pair| pair[0] != pair[1]) && labels.iter().all(|label| is_label_value(label))
        })
    };
    let mut found = Identity::default();
    let Some(label) = (0..width).find(is_label) else {
        return found;
    };
    let keys: Option<Vec<&Key>> = branches.iter().map(Identity::best).collect();
    if let Some(keys) = keys {
        found.push(keys.into_iter().flatten().copied().chain([label]).collect());
    }
    found.numbered = branches.iter().flat_map(|branch| branch.numbered.iter().copied()).collect();
    found
}
