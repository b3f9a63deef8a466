//! Rows as documents (GET, MGET) and as hashes (HGET, HGETALL and their kin).

use tailwater_connectors::json::write_row;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{Row, ViewSchema};

use super::arguments::Arguments;
use super::commands::Command;
use super::pattern::matches;
use super::reply::Reply;
use super::session::{Moment, Refusal, Session};

/// Largest answer to one command.
pub(super) const REPLY_BYTES_MAX: usize = 64 << 20;

type Request<'a> = (Command, Arguments<'a>);

impl Session {
    /// GET, MGET, STRLEN: the row as JSON.
    pub(super) fn documents(
        &mut self,
        moment: Moment<'_>,
        (command, arguments): Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let start = reply.out.len();
        if command == Command::Mget {
            reply.array(arguments.len() - 1);
        }
        let mut document = std::mem::take(&mut self.document);
        for key in arguments.from(1).iter() {
            let row = self.row(moment, key)?;
            document.clear();
            if let Some((view, row)) = &row {
                write_row(&mut document, &view.columns, row);
            }
            match (command, row) {
                (Command::Strlen, _) => reply.integer(document.len() as i64),
                (_, Some(_)) => reply.bulk(&document),
                (_, None) => reply.null(),
            }
            check_size(reply, start)?;
        }
        self.document = document;
        Ok(())
    }

    /// HGET, HMGET, HEXISTS, HSTRLEN: single columns.
    pub(super) fn fields(
        &mut self,
        moment: Moment<'_>,
        (command, arguments): Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let mut text = std::mem::take(&mut self.text);
        let row = self.row(moment, arguments.get(1))?;
        let start = reply.out.len();
        if command == Command::Hmget {
            reply.array(arguments.len() - 2);
        }
        for name in arguments.from(2).iter() {
            text.clear();
            let found = row.as_ref().is_some_and(|(view, row)| field(view, row, name, &mut text));
            match command {
                Command::Hexists => reply.integer(i64::from(found)),
                Command::Hstrlen => reply.integer(text.len() as i64),
                _ if found => reply.bulk(text.as_bytes()),
                _ => reply.null(),
            }
            check_size(reply, start)?;
        }
        self.text = text;
        Ok(())
    }

    /// HGETALL, HKEYS, HVALS, HLEN, HSCAN: all columns that are not null.
    pub(super) fn whole_hash(
        &mut self,
        moment: Moment<'_>,
        (command, arguments): Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let pattern = if command == Command::Hscan { hscan_pattern(arguments)? } else { None };
        let mut text = std::mem::take(&mut self.text);
        let row = self.row(moment, arguments.get(1))?;
        let present: Vec<(usize, &ViewSchema, &Row)> = row
            .iter()
            .flat_map(|(view, row)| (0..view.columns.len()).map(move |column| (column, *view, row)))
            .filter(|(column, _, row)| !row[*column].is_null())
            .filter(|(column, view, _)| {
                pattern.is_none_or(|pattern| matches(pattern, view.columns[*column].name.as_bytes()))
            })
            .collect();
        match command {
            Command::Hlen => reply.integer(present.len() as i64),
            Command::HgetAll => reply.map(present.len()),
            Command::Hscan => {
                reply.array(2);
                reply.bulk(b"0");
                reply.array(2 * present.len());
            }
            _ => reply.array(present.len()),
        }
        if command == Command::Hlen {
            return Ok(());
        }
        for (column, view, row) in present {
            if command != Command::Hvals {
                reply.bulk(view.columns[column].name.as_bytes());
            }
            if command != Command::Hkeys {
                text.clear();
                write_text(&mut text, &view.columns[column].sql_type, &row[column]);
                reply.bulk(text.as_bytes());
            }
        }
        self.text = text;
        Ok(())
    }

    /// EXISTS, TYPE, TTL and its kin: whether keys are there. They do not expire.
    pub(super) fn presence(
        &mut self,
        moment: Moment<'_>,
        (command, arguments): Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let mut present = 0;
        for key in arguments.from(1).iter() {
            present += i64::from(self.row(moment, key)?.is_some());
        }
        match command {
            Command::Exists => reply.integer(present),
            Command::Type => reply.simple(if present > 0 { "hash" } else { "none" }),
            _ => reply.integer(if present > 0 { -1 } else { -2 }),
        }
        Ok(())
    }
}

/// Writes the column called `name`; false when there is none or it is null.
fn field(view: &ViewSchema, row: &Row, name: &[u8], text: &mut String) -> bool {
    let column = view.columns.iter().position(|column| column.name.as_bytes() == name);
    let Some(column) = column.filter(|&column| !row[column].is_null()) else { return false };
    write_text(text, &view.columns[column].sql_type, &row[column]);
    true
}

fn hscan_pattern(arguments: Arguments<'_>) -> Result<Option<&[u8]>, Refusal> {
    let mut pattern = None;
    for option in (3..arguments.len()).step_by(2) {
        if option + 1 >= arguments.len() {
            return Err(Refusal::syntax());
        }
        if arguments.is(option, "match") {
            pattern = Some(arguments.get(option + 1));
        } else if !arguments.is(option, "count") {
            return Err(Refusal::syntax());
        }
    }
    Ok(pattern)
}

/// Fails when the answer that began at `start` has grown too large.
pub(super) fn check_size(reply: &Reply<'_>, start: usize) -> Result<(), Refusal> {
    if reply.out.len() - start > REPLY_BYTES_MAX {
        return Err(Refusal(format!(
            "ERR the answer would be larger than {REPLY_BYTES_MAX} bytes: ask for less at once"
        )));
    }
    Ok(())
}
