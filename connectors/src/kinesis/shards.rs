//! What a listing of a stream's shards means to one who has read some of them. Pure.
//!
//! ```text
//!   0 ──split──▶ 2          2 and 3 are read when 0 is at its end,
//!     └────────▶ 3 ─┐       4 when 1 and 3 are: so all that was written under one key
//!   1 ──────────merge▶ 4    is read in the order in which it was written
//! ```

use std::collections::BTreeMap;

use super::answer::Shard;
use super::position::StreamPosition;
use super::sequence::{Place, ShardId};

/// Of whom each shard is the child.
pub(super) type Parents = BTreeMap<ShardId, Vec<ShardId>>;

/// What a listing says that is not known yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Discovery {
    /// Shards that are there now.
    pub(super) new: Vec<ShardId>,
    /// Shards that are not kept any more, and were not read to their ends.
    pub(super) gone: Vec<ShardId>,
}

/// Compares a listing, in the order of ids, with what is read. An error: it cannot be of the same stream.
pub(super) fn discover(position: &StreamPosition, listed: &[Shard]) -> Result<Discovery, String> {
    let last = position.last();
    let is_listed = |id: &ShardId| listed.binary_search_by_key(id, |shard| shard.id).is_ok();
    let is_new = |id: &ShardId| last.is_none_or(|last| *id > last);
    // A shard that was closed takes no records again, and no shard is made with a number below another's.
    if let Some(shard) = listed.iter().find(|shard| shard.is_open && position.place(shard.id) == Some(&Place::End)) {
        return Err(format!("{} takes records again", shard.id));
    }
    let unread = position.shards().filter(|(_, place)| **place != Place::End).map(|(id, _)| id);
    let mut gone: Vec<ShardId> = unread.filter(|id| !is_listed(id)).collect();
    let new: Vec<&Shard> = listed.iter().filter(|shard| is_new(&shard.id)).collect();
    // A parent that was made and removed while nobody looked.
    if last.is_some() {
        let unseen = new.iter().flat_map(|shard| &shard.parents).filter(|id| is_new(id) && !is_listed(id));
        gone.extend(unseen);
        gone.sort();
        gone.dedup();
    }
    Ok(Discovery { new: new.into_iter().map(|shard| shard.id).collect(), gone })
}

/// Of whom each listed shard is the child.
pub(super) fn parents(listed: &[Shard]) -> Parents {
    listed.iter().map(|shard| (shard.id, shard.parents.clone())).collect()
}

/// Shards that can be read: not at their ends, and their parents are.
pub(super) fn readable<'a>(position: &'a StreamPosition, parents: &'a Parents) -> impl Iterator<Item = ShardId> + 'a {
    let is_read = |id: &ShardId| position.place(*id).is_none_or(|place| *place == Place::End);
    let can = move |id: &ShardId| parents.get(id).is_none_or(|parents| parents.iter().all(is_read));
    position.shards().filter(|(_, place)| **place != Place::End).map(|(id, _)| id).filter(can)
}

#[cfg(test)]
mod tests {
    use super::super::position::KinesisPosition;
    use super::super::sequence::Sequence;
    use super::*;

    const STREAM: &str = "s";

    fn shard(id: u64, parents: &[u64], is_open: bool) -> Shard {
        Shard { id: ShardId(id), parents: parents.iter().map(|id| ShardId(*id)).collect(), is_open }
    }

    /// 0 was split into 2 and 3; 1 and 3 were merged into 4.
    fn listed() -> Vec<Shard> {
        vec![
            shard(0, &[], false),
            shard(1, &[], false),
            shard(2, &[0], true),
            shard(3, &[0], false),
            shard(4, &[1, 3], true),
        ]
    }

    fn position(shards: &[(u64, Place)]) -> StreamPosition {
        let mut position = KinesisPosition::default();
        for (id, place) in shards {
            position.set(&STREAM.into(), ShardId(*id), place.clone());
        }
        position.stream(STREAM).cloned().unwrap_or_default()
    }

    fn after(number: &str) -> Place {
        Place::After(Sequence::read(number).expect("digits"))
    }

    fn ids(numbers: &[u64]) -> Vec<ShardId> {
        numbers.iter().map(|number| ShardId(*number)).collect()
    }

    #[test]
    fn children_are_read_when_all_their_parents_are_at_their_ends() {
        let parents = parents(&listed());
        let readable = |shards: &[(u64, Place)]| readable(&position(shards), &parents).collect::<Vec<_>>();
        let all: Vec<_> = (0..5).map(|id| (id, Place::Start)).collect();
        assert_eq!(readable(&all), ids(&[0, 1]));
        assert_eq!(
            readable(&[(1, after("5")), (2, Place::Start), (3, Place::Start), (4, Place::Start)]),
            ids(&[1, 2, 3])
        );
        assert_eq!(readable(&[(2, Place::Start), (3, after("7")), (4, Place::Start)]), ids(&[2, 3]));
        assert_eq!(readable(&[(2, Place::Start), (4, Place::Start)]), ids(&[2, 4]));
    }

    #[test]
    fn a_listing_tells_what_is_new_and_what_was_removed_unread() {
        let found =
            |shards: &[(u64, Place)], listed: &[Shard]| discover(&position(shards), listed).expect("one stream");
        let listed = listed();
        assert_eq!(found(&[], &listed), Discovery { new: ids(&[0, 1, 2, 3, 4]), gone: Vec::new() });
        let before = [(0, after("5")), (1, after("6"))];
        assert_eq!(found(&before, &listed), Discovery { new: ids(&[2, 3, 4]), gone: Vec::new() });
        // 0 was not read to its end.
        assert_eq!(found(&before, &listed[1..]), Discovery { new: ids(&[2, 3, 4]), gone: ids(&[0]) });
        // 0 was; 3 was never seen.
        let (known, left) = ([(1, Place::End)], [shard(2, &[0], true), shard(4, &[1, 3], true)]);
        assert_eq!(found(&known, &left), Discovery { new: ids(&[2, 4]), gone: ids(&[3]) });
        assert_eq!(found(&[(2, after("1")), (4, after("2"))], &left), Discovery::default());
    }

    #[test]
    fn a_shard_that_takes_records_again_is_of_another_stream() {
        let said = discover(&position(&[(2, Place::Start)]), &[shard(0, &[], true), shard(2, &[], true)]);
        assert_eq!(said, Err("shardId-000000000000 takes records again".into()));
    }
}
