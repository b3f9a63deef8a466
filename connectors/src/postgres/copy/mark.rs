//! How far the copy of a table has come: what is kept in the state, so that a copy goes on where it was.
//!
//! A table is read in parts (itself, or its partitions), a part in ranges of pages. Rows that were there when the stream began lie in
//! the pages that the part had afterwards, and stay in their page as long as nothing changes them: so the pages are counted once. A
//! rewrite (VACUUM FULL, CLUSTER, TRUNCATE) moves rows without a word in the log, but into a new file: then all of it is
//! read again.

use serde::{Deserialize, Serialize};

use crate::source::CopyMark;

/// Pages from one up to, and without, another.
pub(super) type Pages = (u64, u64);

/// Where the copy of one table stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// What every chunk must see, as `pg_current_snapshot()` prints it; `None` once a chunk saw it, as all later ones do.
    pub(super) floor: Option<String>,
    pub(super) parts: Vec<PartMark>,
}

/// Where the copy of a part stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartMark {
    pub(super) oid: u32,
    /// The file that the pages are of.
    pub(super) filenode: u32,
    /// Pages to read; 1 for what is read in one go.
    pub(super) pages: u64,
    /// Size of the file.
    pub(super) bytes: u64,
    /// Read already: ascending, apart from one another.
    done: Vec<Pages>,
}

impl PartMark {
    pub(super) fn new(oid: u32, filenode: u32, (pages, bytes): (u64, u64)) -> Self {
        Self { oid, filenode, pages, bytes, done: Vec::new() }
    }

    /// The first pages, at most `size`, that are neither read nor taken.
    pub(super) fn gap(&self, taken: &[Pages], size: u64) -> Option<Pages> {
        let mut busy: Vec<Pages> = self.done.iter().chain(taken).copied().collect();
        busy.sort_unstable();
        let mut start = 0;
        for (first, end) in busy {
            if first > start {
                return Some((start, first.min(start + size)));
            }
            start = start.max(end);
        }
        (start < self.pages).then(|| (start, self.pages.min(start + size)))
    }

    /// These pages of this file have been read.
    pub(super) fn done(&mut self, filenode: u32, pages: Pages) {
        if filenode != self.filenode {
            return;
        }
        self.done.push(pages);
        self.done.sort_unstable();
        let mut merged: Vec<Pages> = Vec::with_capacity(self.done.len());
        for (first, end) in self.done.drain(..) {
            match merged.last_mut() {
                Some(last) if last.1 >= first => last.1 = last.1.max(end),
                _ => merged.push((first, end)),
            }
        }
        self.done = merged;
    }

    fn done_bytes(&self) -> u64 {
        let pages: u64 = self.done.iter().map(|(first, end)| end - first).sum();
        match pages >= self.pages {
            true => self.bytes,
            false => (u128::from(self.bytes) * u128::from(pages) / u128::from(self.pages.max(1))) as u64,
        }
    }
}

impl Mark {
    /// As the pipeline keeps it.
    pub(super) fn print(&self) -> CopyMark {
        CopyMark {
            document: serde_json::to_string(self).unwrap_or_default(),
            done_bytes: self.parts.iter().map(PartMark::done_bytes).sum(),
            total_bytes: self.parts.iter().map(|part| part.bytes).sum(),
        }
    }

    /// `None` for what we did not write.
    pub(super) fn parse(mark: &CopyMark) -> Option<Self> {
        serde_json::from_str(&mark.document).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gaps_are_what_is_neither_read_nor_taken() {
        let mut part = PartMark::new(1, 7, (10, 81_920));
        assert_eq!(part.gap(&[], 4), Some((0, 4)));
        assert_eq!(part.gap(&[(0, 4)], 4), Some((4, 8)));
        part.done(7, (4, 8));
        assert_eq!(part.gap(&[(0, 3)], 4), Some((3, 4)));
        assert_eq!(part.gap(&[(0, 4), (8, 10)], 4), None);
        assert_eq!(PartMark::new(1, 7, (0, 0)).gap(&[], 4), None);
    }

    #[test]
    fn what_was_read_of_another_file_does_not_count() {
        let mut part = PartMark::new(1, 7, (10, 81_920));
        part.done(6, (0, 10));
        assert_eq!(part.gap(&[], 100), Some((0, 10)));
    }

    proptest! {
        /// Whatever the order and the size of chunks, all pages are read, each once, and the mark survives being printed.
        #[test]
        fn chunks_in_any_order_read_every_page_once(pages in 0_u64..200, sizes in prop::collection::vec((1_u64..30, any::<prop::sample::Index>()), 1..400)) {
            let mut mark = Mark { floor: None, parts: vec![PartMark::new(1, 7, (pages, pages * 8_192))] };
            let (mut taken, mut read): (Vec<Pages>, Vec<u64>) = (Vec::new(), Vec::new());
            for (size, which) in sizes {
                if let Some(pages) = mark.parts[0].gap(&taken, size) {
                    taken.push(pages);
                }
                if !taken.is_empty() && size % 2 == 0 {
                    let (first, end) = taken.swap_remove(which.index(taken.len()));
                    read.extend(first..end);
                    mark.parts[0].done(7, (first, end));
                    mark = Mark::parse(&mark.print()).unwrap();
                }
            }
            while let Some((first, end)) = mark.parts[0].gap(&[], 50) {
                read.extend(first..end);
                mark.parts[0].done(7, (first, end));
            }
            read.sort_unstable();
            prop_assert_eq!(read, (0..pages).collect::<Vec<_>>());
            prop_assert_eq!(mark.print().done_bytes, pages * 8_192);
        }
    }
}
