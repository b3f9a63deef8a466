//! What clients say before and between reads: HELLO, AUTH, CLIENT, SELECT, PING and their kin.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::super::config::is_secret;
use super::arguments::Arguments;
use super::commands::Command;
use super::info::REDIS_VERSION;
use super::pattern::matches;
use super::reply::{Protocol, Reply};
use super::session::{Refusal, Session};

/// Longest name of a connection or library.
const NAME_BYTES_MAX: usize = 256;
/// What CONFIG GET tells; tools ask for these.
const PARAMETERS: [(&str, &str); 6] = [
    ("appendonly", "no"),
    ("databases", "1"),
    ("maxmemory", "0"),
    ("maxmemory-policy", "noeviction"),
    ("save", ""),
    ("timeout", "0"),
];

impl Session {
    /// Commands that read no rows.
    pub(super) fn handshake(
        &mut self,
        (command, arguments): (Command, Arguments<'_>),
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        match command {
            Command::Auth => self.auth(arguments, reply)?,
            Command::Hello => self.hello(arguments, reply)?,
            Command::Client => self.client(arguments, reply)?,
            Command::Select if arguments.get(1) == b"0" => reply.simple("OK"),
            Command::Select => return Err(Refusal::new("ERR DB index is out of range")),
            Command::Ping if arguments.len() > 2 => {
                return Err(Refusal::new("ERR wrong number of arguments for 'ping' command"));
            }
            Command::Ping if arguments.len() == 2 => reply.bulk(arguments.get(1)),
            Command::Ping => reply.simple("PONG"),
            Command::Echo => reply.bulk(arguments.get(1)),
            Command::Reset => self.reset(reply),
            Command::Role => {
                reply.array(3);
                reply.bulk(b"master");
                reply.integer(0);
                reply.array(0);
            }
            Command::Time => time(reply),
            Command::Config => config(arguments, reply)?,
            Command::Catalogue => super::info::command(arguments, reply)?,
            _ => return Err(Refusal::new("ERR this command is not answered here")),
        }
        Ok(())
    }

    fn auth(&mut self, arguments: Arguments<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        match arguments.len() {
            2 if self.shared.password.is_none() => {
                return Err(Refusal::new(
                    "ERR AUTH <password> called without any password configured for the default user. \
                     Are you sure your configuration is correct?",
                ));
            }
            2 => self.check_password(b"default", arguments.get(1))?,
            3 => self.check_password(arguments.get(1), arguments.get(2))?,
            _ => return Err(Refusal::syntax()),
        }
        reply.simple("OK");
        Ok(())
    }

    fn check_password(&mut self, user: &[u8], password: &[u8]) -> Result<(), Refusal> {
        let right = self.shared.password.as_ref().is_none_or(|expected| is_secret(expected, password));
        if user != b"default" || !right {
            return Err(Refusal::new("WRONGPASS invalid username-password pair or user is disabled."));
        }
        self.authenticated = true;
        Ok(())
    }

    fn hello(&mut self, arguments: Arguments<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        let protocol = match (arguments.len(), arguments.get(1)) {
            (1, _) => self.protocol,
            (_, b"2") => Protocol::Two,
            (_, b"3") => Protocol::Three,
            _ => return Err(Refusal::new("NOPROTO unsupported protocol version")),
        };
        let (mut option, mut name) = (2, None);
        while option < arguments.len() {
            if arguments.is(option, "auth") && option + 2 < arguments.len() {
                self.check_password(arguments.get(option + 1), arguments.get(option + 2))?;
                option += 3;
            } else if arguments.is(option, "setname") && option + 1 < arguments.len() {
                name = Some(checked_name(arguments.get(option + 1))?);
                option += 2;
            } else {
                return Err(Refusal::new("ERR Syntax error in HELLO option"));
            }
        }
        if !self.authenticated {
            return Err(Refusal::new(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
                 <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
                 same time",
            ));
        }
        self.name = name.unwrap_or_else(|| std::mem::take(&mut self.name));
        self.protocol = protocol;
        reply.protocol = protocol;
        self.describe(reply);
        Ok(())
    }

    fn describe(&self, reply: &mut Reply<'_>) {
        reply.map(7);
        for (key, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
            reply.bulk(key.as_bytes());
            reply.bulk(value.as_bytes());
        }
        reply.bulk(b"proto");
        reply.integer(if self.protocol == Protocol::Three { 3 } else { 2 });
        reply.bulk(b"id");
        reply.integer(self.id as i64);
        for (key, value) in [("mode", "standalone"), ("role", "master")] {
            reply.bulk(key.as_bytes());
            reply.bulk(value.as_bytes());
        }
        reply.bulk(b"modules");
        reply.array(0);
    }

    fn reset(&mut self, reply: &mut Reply<'_>) {
        self.transaction = None;
        self.protocol = Protocol::Two;
        self.name.clear();
        self.authenticated = self.shared.password.is_none();
        reply.simple("RESET");
    }

    fn client(&mut self, arguments: Arguments<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        let word = String::from_utf8_lossy(arguments.get(1)).to_ascii_lowercase();
        match (word.as_str(), arguments.len()) {
            ("id", 2) => reply.integer(self.id as i64),
            ("getname", 2) if self.name.is_empty() => reply.null(),
            ("getname", 2) => reply.bulk(self.name.as_bytes()),
            ("setname", 3) => {
                self.name = checked_name(arguments.get(2))?;
                reply.simple("OK");
            }
            ("setinfo", 4) => {
                let value = checked_name(arguments.get(3))?;
                if arguments.is(2, "lib-name") {
                    self.library = value;
                } else if !arguments.is(2, "lib-ver") {
                    return Err(Refusal::new("ERR Unrecognized option in CLIENT SETINFO"));
                }
                reply.simple("OK");
            }
            ("info", 2) | ("list", _) => reply.verbatim(&self.line()),
            ("no-evict" | "no-touch", 3) => reply.simple("OK"),
            ("reply", 3) if arguments.is(2, "on") => reply.simple("OK"),
            ("tracking", _) if arguments.is(2, "off") => reply.simple("OK"),
            ("id" | "getname" | "setname" | "setinfo" | "info" | "no-evict" | "no-touch", _) => {
                return Err(Refusal(format!("ERR wrong number of arguments for 'client|{word}' command")));
            }
            _ => return Err(unknown_subcommand("CLIENT", arguments)),
        }
        Ok(())
    }

    fn line(&self) -> String {
        let protocol = if self.protocol == Protocol::Three { 3 } else { 2 };
        let age = Instant::now().duration_since(self.opened).as_secs();
        format!(
            "id={} addr={} name={} age={age} db=0 resp={protocol} lib-name={} user=default\n",
            self.id, self.address, self.name, self.library
        )
    }
}

/// The answer to a subcommand that is not known.
pub(super) fn unknown_subcommand(command: &str, arguments: Arguments<'_>) -> Refusal {
    let word = arguments.get(1);
    let word = String::from_utf8_lossy(&word[..word.len().min(128)]).into_owned();
    Refusal(format!("ERR unknown subcommand '{word}'. Try {command} HELP."))
}

fn checked_name(name: &[u8]) -> Result<String, Refusal> {
    if name.len() <= NAME_BYTES_MAX && name.iter().all(u8::is_ascii_graphic) {
        return Ok(String::from_utf8_lossy(name).into_owned());
    }
    Err(Refusal::new("ERR Client names cannot contain spaces, newlines or special characters."))
}

fn time(reply: &mut Reply<'_>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    reply.array(2);
    reply.bulk(now.as_secs().to_string().as_bytes());
    reply.bulk(now.subsec_micros().to_string().as_bytes());
}

fn config(arguments: Arguments<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
    if !arguments.is(1, "get") {
        return Err(unknown_subcommand("CONFIG", arguments));
    }
    if arguments.len() < 3 {
        return Err(Refusal::new("ERR wrong number of arguments for 'config|get' command"));
    }
    let asked =
        |name: &str| arguments.from(2).iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), name.as_bytes()));
    let found: Vec<_> = PARAMETERS.iter().filter(|(name, _)| asked(name)).collect();
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    Ok(())
}
