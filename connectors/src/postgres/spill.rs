//! Messages of transactions that are still open, in the order in which they came: in memory up to a bound over all of them, past
//! it in one file for each transaction.
//!
//! ```text
//! push ─▶ block in memory, block, …          messages of a block: length u32 | bytes, length u32 | bytes, …
//!              │ bound reached: all blocks of the transaction that has most
//!              ▼
//!         <directory>/<xid>.spill            one after the other: length u32 | checksum u64 | messages of a block
//! ```
//!
//! Nothing here outlives a run: the server sends an open transaction from its beginning again. So nothing is synced, what an
//! earlier run left is removed at the start, and bytes that are not what was written end the run, which heals it.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::runtime::{Handle, RuntimeFlavor};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of messages that are held in memory over all open transactions of a source.
pub const MEMORY_BYTES_MAX: usize = 16 << 20;
/// A block is closed once it is so long: what is read back at once.
const BLOCK_BYTES: usize = 256 << 10;
/// Length and checksum.
const HEADER_BYTES: usize = 4 + 8;
const LENGTH_BYTES: usize = 4;
const EXTENSION: &str = "spill";

/// Why kept messages are lost.
#[derive(Debug, Error)]
pub(super) enum SpillError {
    #[error("the disk is full: \"{}\": {source}", .path.display())]
    Full { path: PathBuf, source: io::Error },
    #[error("cannot write \"{}\": {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read \"{}\": {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("block {block} of \"{}\" is not what was written there", .path.display())]
    Corrupt { path: PathBuf, block: u32 },
}

impl SpillError {
    fn of_write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Write { path, source },
        }
    }

    /// What a person can do.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Full { .. } => {
                "make room on the disk of state_dir for the largest transactions that are open at once: it goes on by itself within \
                 seconds"
            }
            Self::Write { .. } | Self::Read { .. } => {
                "look at the permissions and the disk of state_dir: it goes on by itself within seconds"
            }
            Self::Corrupt { .. } => {
                "check the disk of state_dir if this comes again: the server sends the transaction anew"
            }
        }
    }
}

/// What all open transactions keep.
#[derive(Debug)]
pub(super) struct Spill {
    directory: PathBuf,
    memory_bytes_max: usize,
    memory_bytes: usize,
    /// Bytes ever written to files.
    spilled_bytes: u64,
    logs: HashMap<u32, Log>,
}

/// What one transaction keeps.
#[derive(Debug, Default)]
struct Log {
    /// Behind all that is in the file. Each begins with room for its header.
    blocks: VecDeque<Vec<u8>>,
    /// Bytes of the blocks.
    memory_bytes: usize,
    file: Option<SpillFile>,
}

/// A file, removed when dropped.
#[derive(Debug)]
struct SpillFile {
    path: PathBuf,
    blocks: u32,
    bytes: u64,
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a spill file stays until the next start");
        }
    }
}

impl Spill {
    /// Makes the directory and removes what an earlier run left in it.
    pub(super) fn open(directory: &Path, memory_bytes_max: usize) -> Result<Self, SpillError> {
        let fault = |source| SpillError::of_write(directory, source);
        fs::create_dir_all(directory).map_err(fault)?;
        for entry in fs::read_dir(directory).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                fs::remove_file(&path).map_err(fault)?;
            }
        }
        let (directory, logs) = (directory.to_owned(), HashMap::new());
        Ok(Self { directory, memory_bytes_max, memory_bytes: 0, spilled_bytes: 0, logs })
    }

    /// Keeps a message of a transaction behind the others. Writes a file when there is too much in memory.
    pub(super) fn push(&mut self, xid: u32, message: &[u8]) -> Result<(), SpillError> {
        self.memory_bytes += self.logs.entry(xid).or_default().push(message);
        while self.memory_bytes > self.memory_bytes_max {
            let longest = self.logs.iter_mut().max_by_key(|(_, log)| log.memory_bytes);
            let Some((&xid, log)) = longest.filter(|(_, log)| log.memory_bytes > 0) else { break };
            self.memory_bytes -= log.memory_bytes;
            let path = self.directory.join(format!("{xid}.{EXTENSION}"));
            self.spilled_bytes += blocking(|| log.write_out(xid, path))?;
        }
        Ok(())
    }

    /// Forgets a transaction.
    pub(super) fn remove(&mut self, xid: u32) {
        drop(self.take(xid));
    }

    /// Bytes of messages in memory, at most the bound.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes as u64
    }

    /// Bytes of files.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.logs.values().filter_map(|log| log.file.as_ref()).map(|file| file.bytes).sum()
    }

    /// Bytes ever written to files.
    pub(super) fn spilled_bytes(&self) -> u64 {
        self.spilled_bytes
    }

    /// The messages of a transaction, which are no longer kept here.
    pub(super) fn take(&mut self, xid: u32) -> KeptMessages {
        let Log { blocks, memory_bytes, file } = self.logs.remove(&xid).unwrap_or_default();
        self.memory_bytes -= memory_bytes;
        KeptMessages { xid, file, reading: None, blocks_read: 0, blocks, block: Vec::new(), at: 0 }
    }
}

impl Log {
    /// Answers by how much the memory grew.
    fn push(&mut self, message: &[u8]) -> usize {
        if self.blocks.back().is_none_or(|block| block.len() >= BLOCK_BYTES) {
            self.blocks.push_back(vec![0; HEADER_BYTES]);
        }
        let block = self.blocks.back_mut().expect("there is one now");
        let before = block.len();
        let length = u32::try_from(message.len()).expect("a message of the wire has a length of 32 bits");
        block.extend_from_slice(&length.to_be_bytes());
        block.extend_from_slice(message);
        let grown = block.len() - before;
        self.memory_bytes += grown;
        grown
    }

    /// Moves all blocks to the end of the file. Answers how many bytes were written.
    fn write_out(&mut self, xid: u32, path: PathBuf) -> Result<u64, SpillError> {
        let is_first = self.file.is_none();
        let opened = OpenOptions::new().write(true).create(is_first).truncate(is_first).append(!is_first).open(&path);
        let mut out = opened.map_err(|source| SpillError::of_write(&path, source))?;
        if is_first {
            tracing::debug!(path = %path.display(), "an open transaction goes on on disk");
        }
        // Not `get_or_insert`: a file that is made and not taken would remove the one that is there.
        let file = self.file.get_or_insert_with(|| SpillFile { path, blocks: 0, bytes: 0 });
        let before = file.bytes;
        for mut block in self.blocks.drain(..) {
            let sum = checksum(&block[HEADER_BYTES..], (xid, file.blocks));
            let length = u32::try_from(block.len() - HEADER_BYTES).expect("a block is little longer than a message");
            block[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
            block[LENGTH_BYTES..HEADER_BYTES].copy_from_slice(&sum.to_be_bytes());
            out.write_all(&block).map_err(|source| SpillError::of_write(&file.path, source))?;
            file.blocks += 1;
            file.bytes += block.len() as u64;
        }
        self.memory_bytes = 0;
        Ok(file.bytes - before)
    }
}

/// Depends on the place, so that a block of another place or transaction is none of these.
fn checksum(messages: &[u8], (xid, block): (u32, u32)) -> u64 {
    xxh3_64_with_seed(messages, u64::from(xid) << 32 | u64::from(block))
}

/// Messages of one transaction on their way back, in order. Its file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct KeptMessages {
    xid: u32,
    file: Option<SpillFile>,
    reading: Option<File>,
    blocks_read: u32,
    blocks: VecDeque<Vec<u8>>,
    /// The current block and how far it has been given out.
    block: Vec<u8>,
    at: usize,
}

impl KeptMessages {
    /// The next message; `None` behind the last. A block that is not what was written gives out nothing.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, SpillError> {
        if self.at == self.block.len() && !self.next_block()? {
            return Ok(None);
        }
        let (length, rest) = self.block[self.at..].split_first_chunk::<LENGTH_BYTES>().expect("a block is whole");
        let length = u32::from_be_bytes(*length) as usize;
        self.at += LENGTH_BYTES + length;
        Ok(Some(&rest[..length]))
    }

    /// Bytes of its file.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.bytes)
    }

    fn next_block(&mut self) -> Result<bool, SpillError> {
        self.at = HEADER_BYTES;
        match &self.file {
            Some(file) if self.blocks_read < file.blocks => {
                blocking(|| read_block(file, &mut self.reading, (self.xid, self.blocks_read), &mut self.block))?;
                self.blocks_read += 1;
            }
            _ => match self.blocks.pop_front() {
                Some(block) => self.block = block,
                None => {
                    (self.block, self.at) = (Vec::new(), 0);
                    return Ok(false);
                }
            },
        }
        Ok(true)
    }
}

fn read_block(
    file: &SpillFile,
    reading: &mut Option<File>,
    (xid, number): (u32, u32),
    block: &mut Vec<u8>,
) -> Result<(), SpillError> {
    let corrupt = || SpillError::Corrupt { path: file.path.clone(), block: number };
    let fault = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => corrupt(),
        _ => SpillError::Read { path: file.path.clone(), source },
    };
    let input = match reading {
        Some(input) => input,
        None => reading.insert(File::open(&file.path).map_err(fault)?),
    };
    block.resize(HEADER_BYTES, 0);
    input.read_exact(block).map_err(fault)?;
    let (length, sum) = block.split_first_chunk::<LENGTH_BYTES>().expect("the header was read");
    let (length, sum) = (u32::from_be_bytes(*length), u64::from_be_bytes(sum.try_into().expect("the header was read")));
    // Not trusted with an allocation.
    if u64::from(length) > file.bytes {
        return Err(corrupt());
    }
    block.resize(HEADER_BYTES + length as usize, 0);
    input.read_exact(&mut block[HEADER_BYTES..]).map_err(fault)?;
    if checksum(&block[HEADER_BYTES..], (xid, number)) == sum { Ok(()) } else { Err(corrupt()) }
}

/// Lets other tasks of the runtime go on elsewhere while this thread waits for the disk. At most the memory's bound is written at
/// once, and a block read.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
#[path = "spill_tests.rs"]
mod tests;
