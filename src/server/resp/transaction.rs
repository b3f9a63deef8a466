//! MULTI and EXEC: the commands between them are answered on one checkpoint.

use super::arguments::{Arguments, OwnedArguments};
use super::commands::{Command, Spec, find};
use super::reply::Reply;
use super::session::{Moment, Outcome, Refusal, Session};

/// Most commands of one transaction.
const COMMANDS_MAX: usize = 10_000;
/// Most bytes of commands of one transaction.
const BYTES_MAX: usize = 16 << 20;

/// Commands that wait for EXEC.
#[derive(Default)]
pub(super) struct Transaction {
    commands: Vec<OwnedArguments>,
    bytes: usize,
    /// Whether one of them may read many rows.
    pub(super) heavy: bool,
    /// Whether one of them was refused, so that EXEC is.
    pub(super) broken: bool,
}

impl Session {
    /// Whether the command waits for EXEC.
    pub(super) fn queues(&self, spec: &Spec) -> bool {
        let at_once = [Command::Exec, Command::Discard, Command::Multi, Command::Watch, Command::Quit, Command::Reset];
        self.transaction.is_some() && !at_once.contains(&spec.command)
    }

    /// Keeps a command for EXEC.
    pub(super) fn queue(
        &mut self,
        spec: &Spec,
        arguments: Arguments<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Outcome, Refusal> {
        let protocol = self.protocol;
        let Some(transaction) = &mut self.transaction else { return Ok(Outcome::Next) };
        let waits = spec.command == Command::Tailwater && arguments.is(1, "wait");
        if waits || spec.command == Command::Hello || spec.command == Command::Auth {
            return Err(Refusal::new("ERR Command not allowed inside a transaction"));
        }
        let kept = arguments.to_owned();
        transaction.bytes += kept.memory_bytes();
        if transaction.commands.len() >= COMMANDS_MAX || transaction.bytes > BYTES_MAX {
            return Err(Refusal(format!("ERR a transaction has at most {COMMANDS_MAX} commands of {BYTES_MAX} bytes")));
        }
        transaction.heavy |= spec.heavy;
        transaction.commands.push(kept);
        Reply { out, protocol }.simple("QUEUED");
        Ok(Outcome::Next)
    }

    /// Starts a transaction.
    pub(super) fn multi(&mut self, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        if self.transaction.is_some() {
            return Err(Refusal::new("ERR MULTI calls can not be nested"));
        }
        self.transaction = Some(Transaction::default());
        reply.simple("OK");
        Ok(())
    }

    /// Forgets the transaction.
    pub(super) fn discard(&mut self, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        self.transaction.take().ok_or_else(|| Refusal::new("ERR DISCARD without MULTI"))?;
        reply.simple("OK");
        Ok(())
    }

    /// Answers the commands that wait, all on the pinned checkpoint.
    pub(super) fn exec(&mut self, moment: Moment<'_>, out: &mut Vec<u8>) -> Result<Outcome, Refusal> {
        let transaction = self.transaction.take().ok_or_else(|| Refusal::new("ERR EXEC without MULTI"))?;
        if transaction.broken {
            return Err(Refusal::new("EXECABORT Transaction discarded because of previous errors."));
        }
        Reply { out, protocol: self.protocol }.array(transaction.commands.len());
        for command in &transaction.commands {
            let (arguments, start) = (command.borrow(), out.len());
            let Some((_, spec)) = find(arguments.get(0)) else { continue };
            if let Err(refusal) = self.answer(moment, (spec, arguments), out) {
                self.refuse(&refusal, out, start);
            }
        }
        Ok(Outcome::Next)
    }
}
