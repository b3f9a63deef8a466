//! Words of a request.

/// Arguments of one request, the command's name first. Borrowed from the connection's buffer.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    bytes: &'a [u8],
    ranges: &'a [(usize, usize)],
}

impl<'a> Arguments<'a> {
    /// The words that lie at `ranges` of `bytes`.
    pub(super) fn new(bytes: &'a [u8], ranges: &'a [(usize, usize)]) -> Self {
        Self { bytes, ranges }
    }

    /// Number, with the command's name.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is not even a name.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the argument at `index` is `word`, in any case.
    pub(super) fn is(&self, index: usize, word: &str) -> bool {
        self.get(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The argument at `index`; empty when there is none.
    pub(super) fn get(&self, index: usize) -> &'a [u8] {
        self.ranges.get(index).map_or(&[], |&(start, end)| &self.bytes[start..end])
    }

    /// Arguments from `index` on.
    pub(super) fn from(&self, index: usize) -> Self {
        Self { bytes: self.bytes, ranges: self.ranges.get(index..).unwrap_or(&[]) }
    }

    /// One after the other.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        self.ranges.iter().map(move |&(start, end)| &self.bytes[start..end])
    }

    /// A copy that outlives the buffer.
    pub(super) fn to_owned(self) -> OwnedArguments {
        let mut owned = OwnedArguments::default();
        for argument in self.iter() {
            owned.push(argument);
        }
        owned
    }
}

/// Arguments that were kept, for MULTI.
#[derive(Default)]
pub(super) struct OwnedArguments {
    bytes: Vec<u8>,
    ranges: Vec<(usize, usize)>,
}

impl OwnedArguments {
    /// Adds one.
    pub(super) fn push(&mut self, argument: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(argument);
        self.ranges.push((start, self.bytes.len()));
    }

    /// The arguments.
    pub(super) fn borrow(&self) -> Arguments<'_> {
        Arguments { bytes: &self.bytes, ranges: &self.ranges }
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.len() + self.ranges.len() * size_of::<(usize, usize)>()
    }
}
