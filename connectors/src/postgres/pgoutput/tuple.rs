//! Rows of a message as borrowed cells.

use super::error::DecodeError;
use super::reader::Reader;

/// One cell of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL null.
    Null,
    /// A large value that was not sent because the update left it as it was (TOAST).
    Unchanged,
    /// Output text.
    Text(&'a [u8]),
    /// Binary form of the type's send function; only sent when asked for.
    Binary(&'a [u8]),
}

/// One row: its cells were checked when it was decoded, iterating cannot fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TupleData<'a> {
    columns: u16,
    cells: &'a [u8],
}

impl<'a> TupleData<'a> {
    /// Number of cells.
    pub fn len(&self) -> usize {
        usize::from(self.columns)
    }

    /// Whether the relation has no columns.
    pub fn is_empty(&self) -> bool {
        self.columns == 0
    }

    /// The cells in column order.
    pub fn cells(&self) -> Cells<'a> {
        Cells { left: self.columns, rest: self.cells }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let columns = reader.count16()?;
        let cells = reader.rest();
        for _ in 0..columns {
            match reader.u8()? {
                b'n' | b'u' => {}
                b't' | b'b' => {
                    let length = reader.count32()?;
                    reader.bytes(length)?;
                }
                kind => return Err(reader.unknown("kind of cell", kind)),
            }
        }
        let length = cells.len() - reader.rest().len();
        Ok(Self { columns, cells: &cells[..length] })
    }
}

impl<'a> IntoIterator for TupleData<'a> {
    type Item = Cell<'a>;
    type IntoIter = Cells<'a>;
    fn into_iter(self) -> Cells<'a> {
        self.cells()
    }
}

/// Cells of one row.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    left: u16,
    rest: &'a [u8],
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (&kind, rest) = self.rest.split_first()?;
        if kind == b'n' || kind == b'u' {
            self.rest = rest;
            return Some(if kind == b'n' { Cell::Null } else { Cell::Unchanged });
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.rest = rest;
        Some(if kind == b't' { Cell::Text(bytes) } else { Cell::Binary(bytes) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Cells<'_> {}
