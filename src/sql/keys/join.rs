//! Keys of joins.

use super::identity::{Determined, Identity, KEYS_MAX, Key, Relations};
use super::infer::identity;
use super::width::{shown_width, width};
use crate::engine::plan::{JoinInput, JoinKind};
use crate::engine::scalar::Scalar;

/// A row of the join is named by the keys of its inputs, without those that are found by their full key. Inputs that only ask
/// for a match add nothing to it.
pub(super) fn join(inputs: &[JoinInput], relations: &Relations) -> Identity {
    let mut found = Identity::default();
    let mut offset = 0;
    for (position, input) in inputs.iter().enumerate() {
        match input.kind {
            JoinKind::Inner | JoinKind::Left => {
                let own = identity(&input.plan, relations);
                if position == 0 {
                    found = own;
                } else {
                    joined(&mut found, input, (&own, offset));
                }
            }
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Mark => {
                let others = Key::from([offset]);
                found.determined.push(Determined { by: asked(input, offset), others, survives_left_join: false });
            }
        }
        offset += shown_width(input);
    }
    found
}

/// Columns before an input that say which of its rows match. A row of an inner join had a match: the residual held.
fn asked(input: &JoinInput, offset: usize) -> Key {
    let undecided = input.residual.iter().filter(|_| input.kind != JoinKind::Inner);
    let residual = undecided.flat_map(Scalar::columns_used).filter(|&column| column < offset);
    input.keys.iter().map(|key| key.before).chain(residual).collect()
}

fn joined(found: &mut Identity, input: &JoinInput, (own, offset): (&Identity, usize)) {
    let by_key: Key = input.keys.iter().map(|key| key.own).collect();
    if own.covered_by(&by_key) {
        // Null finds nothing in a plain equality, so that nulls before it come with nulls, or not at all.
        let survives_left_join = input.keys.iter().any(|key| !key.null_safe);
        let others = (offset..offset + width(&input.plan)).collect();
        found.determined.push(Determined { by: asked(input, offset), others, survives_left_join });
    } else {
        let before = std::mem::take(&mut found.keys);
        // For one row before it the joined columns are fixed: equal to columns of that row, or null.
        for first in &before {
            for second in &own.keys {
                let rest = second.difference(&by_key).map(|column| column + offset);
                found.push(first.iter().copied().chain(rest).collect());
            }
        }
    }
    found.numbered.extend(own.numbered.iter().map(|column| column + offset));
    found.equal.extend(own.equal.iter().map(|&(one, other)| (one + offset, other + offset)));
    // What holds in the rows of a left join's input does not hold where it had no match.
    if input.kind == JoinKind::Inner {
        found.constant.extend(own.constant.iter().map(|(column, value)| (column + offset, value.clone())));
        found.equal.extend(input.keys.iter().map(|key| (key.before, key.own + offset)));
        found.not_null.extend(own.not_null.iter().map(|column| column + offset));
        let plain = input.keys.iter().filter(|key| !key.null_safe);
        found.not_null.extend(plain.flat_map(|key| [key.before, key.own + offset]));
        input.residual.iter().for_each(|condition| found.learn(condition));
    }
    let shifted = |columns: &Key| columns.iter().map(|column| column + offset).collect::<Key>();
    let holds = |known: &&Determined| input.kind == JoinKind::Inner || known.survives_left_join;
    let determined = own.determined.iter().filter(holds).map(|known| Determined {
        by: shifted(&known.by),
        others: shifted(&known.others),
        survives_left_join: known.survives_left_join,
    });
    found.determined.extend(determined.take(KEYS_MAX));
}
