//! One drawn case: tables, views, transactions; as a golden test file.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::changes::Change;
use super::kinds::TYPES;
use super::tables::Table;
use super::views::{self, View};
use crate::support::view_file::ViewFile;

/// Sizes of a case.
const TABLES: std::ops::RangeInclusive<usize> = 2..=4;
const VIEWS: usize = 12;
const TRANSACTIONS: usize = 12;

/// What is drawn from a seed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) tables: Vec<Table>,
    pub(super) views: Vec<View>,
    pub(super) changes: Vec<Change>,
}

impl Case {
    /// The case of a seed.
    pub(super) fn drawn(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let count = random.random_range(TABLES);
        let tables: Vec<Table> = (0..count).map(|number| Table::drawn(&mut random, number)).collect();
        let views = views::drawn(&mut random, &tables, VIEWS);
        let changes = (0..TRANSACTIONS).map(|_| Change::drawn(&mut random, &tables)).collect();
        Self { name: format!("found_{seed}"), tables, views, changes }
    }

    /// As a golden test.
    pub(super) fn file(&self) -> ViewFile {
        let tables: String = self.tables.iter().map(Table::sql).collect();
        ViewFile {
            name: self.name.clone(),
            tables: format!("{TYPES}\n{tables}"),
            views: self.views.iter().map(View::text).collect(),
            transactions: self.changes.iter().map(Change::sql).collect(),
            ..ViewFile::default()
        }
    }
}
