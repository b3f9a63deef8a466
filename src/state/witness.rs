//! A second account of how far the state was durable, to notice what RocksDB's recovery passes over.
//!
//! After a power cut the end of the log may be torn, or have holes where the disk wrote in another order: recovery to the last
//! point in time before them is right, because nobody was promised what was not flushed. But the same recovery would pass over a
//! hole in what *was* flushed, and take the database quietly back to before it; the source has let go of its log by then.
//! So the step of each flush is noted in a file of its own, after the flush: a database that ends before it has lost something.
//! The note itself is not flushed: it may tell of less than was durable, never of more.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

const FILE: &str = "DURABLE";
/// Step and checksum: written in one piece, as it lies within a sector.
const BYTES: usize = 16;

/// The file, open.
pub(super) struct Witness(File);

impl Witness {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(directory.join(FILE));
        file.map(Self)
    }

    /// The last step that it saw flushed; `None` when it saw none or cannot be read.
    pub(super) fn step(&self) -> Option<u64> {
        let mut bytes = [0; BYTES];
        self.0.read_exact_at(&mut bytes, 0).ok()?;
        let (step, sum) = bytes.split_first_chunk::<8>()?;
        (sum == xxh3_64(step).to_be_bytes()).then(|| u64::from_be_bytes(*step))
    }

    /// Everything up to `step` has been flushed.
    pub(super) fn flushed(&self, step: u64) -> io::Result<()> {
        let step = step.to_be_bytes();
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&step);
        bytes[8..].copy_from_slice(&xxh3_64(&step).to_be_bytes());
        self.0.write_all_at(&bytes, 0)
    }
}
