//! Messages as rows of a table that is declared over them, whatever brings the messages: their values, and their keys where rows have one,
//! fill the declared columns. What a message says of itself (where it stood, when it came) is for its own connector to add.

use smol_str::SmolStr;

use super::decoder::{Decoded, Decoder, Format, FormatError, TimeUnit};
use super::error::{BadMessage, DecodeError};
use crate::kafka::config::{BAD_SUFFIX, BadMessages, Mode};
use crate::schema::Column;
use crate::value::Value;

/// A table over messages, as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTable {
    /// Name of the table.
    pub name: SmolStr,
    /// What its messages mean.
    pub mode: Mode,
    /// Of the messages' values.
    pub format: Format,
    /// Of the messages' keys, as far as they are columns.
    pub key_format: Format,
    /// Declared columns, in their order.
    pub columns: Vec<Column>,
    /// Columns of the primary key of [`Mode::Upsert`], as positions in `columns`.
    pub key: Vec<usize>,
    /// What numbers count that stand for moments.
    pub unit: TimeUnit,
    /// What becomes of messages that cannot be read.
    pub bad_messages: BadMessages,
}

impl MessageTable {
    /// Why its format cannot fill its columns.
    pub fn fault(&self) -> Option<String> {
        MessageRows::new(self).err().map(|error| error.to_string())
    }

    /// Name of the table of its bad messages, where there is one.
    pub fn bad_table(&self) -> Option<SmolStr> {
        (self.bad_messages == BadMessages::Table).then(|| format!("{}{BAD_SUFFIX}", self.name).into())
    }
}

/// What a message says of the table; values of its declared columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageRow {
    /// This is a row, or what the row of its key is now.
    Row(Vec<Value>),
    /// The row of this key is gone; columns beside the key say nothing.
    Gone(Vec<Value>),
}

/// Reads the messages of one table.
#[derive(Debug)]
pub(crate) struct MessageRows {
    columns: Vec<Column>,
    key: Vec<usize>,
    is_envelope: bool,
    value: Decoder,
    /// Of the key's columns; append tables have none.
    key_decoder: Option<Decoder>,
    /// Columns that the value fills.
    filled: Vec<usize>,
}

impl MessageRows {
    pub(crate) fn new(table: &MessageTable) -> Result<Self, FormatError> {
        let is_envelope = table.format.is_envelope();
        // An envelope has the key's columns, too: a connector may send no key.
        let is_filled = |place: &usize| !table.key.contains(place) || is_envelope;
        let filled: Vec<usize> = (0..table.columns.len()).filter(is_filled).collect();
        let named = |places: &[usize]| places.iter().map(|place| table.columns[*place].clone()).collect::<Vec<_>>();
        let value = Decoder::new(&table.format, &named(&filled), table.unit)?;
        let key_decoder = match table.mode {
            Mode::Append => None,
            Mode::Upsert => Some(Decoder::new(&table.key_format, &named(&table.key), table.unit)?),
        };
        Ok(Self { columns: table.columns.clone(), key: table.key.clone(), is_envelope, value, key_decoder, filled })
    }

    /// From here on these columns are null: what [`DecodeError::ColumnsLost`] named.
    pub(crate) fn lose(&mut self, columns: &[SmolStr]) {
        self.value.lose(columns);
    }

    /// What a message with this key and this value says.
    pub(crate) fn read(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<MessageRow, DecodeError> {
        let mut values = vec![Value::Null; self.columns.len()];
        let Some(decoder) = &mut self.key_decoder else {
            // Every message is a row; one without a value is one without values.
            if let Some(bytes) = value {
                self.fill(&mut values, bytes)?;
            }
            return Ok(MessageRow::Row(values));
        };
        let of_key = key.map(|bytes| decoder.decode_key(bytes).map_err(in_key));
        let gone = match value {
            None => true,
            Some(bytes) => self.fill(&mut values, bytes)?,
        };
        match of_key {
            Some(of_key) => {
                for (place, value) in self.key.iter().zip(of_key?) {
                    values[*place] = value;
                }
            }
            None if self.is_envelope && value.is_some() => {}
            None => return Err(BadMessage::new("has no key").into()),
        }
        for place in &self.key {
            if values[*place].is_null() {
                return Err(BadMessage::field(&self.columns[*place].name, "of the key is null").into());
            }
        }
        Ok(if gone { MessageRow::Gone(values) } else { MessageRow::Row(values) })
    }

    /// Whether the row is gone.
    fn fill(&mut self, values: &mut [Value], bytes: &[u8]) -> Result<bool, DecodeError> {
        let (decoded, gone) = match self.value.decode(bytes)? {
            Decoded::Row(decoded) => (decoded, false),
            Decoded::Gone(decoded) => (decoded, true),
        };
        for (place, value) in self.filled.iter().zip(decoded) {
            values[*place] = value;
        }
        Ok(gone)
    }
}

fn in_key(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Bad(bad) => BadMessage::new(format!("has a key that {}", bad.reason)).into(),
        other => other,
    }
}
