//! Clients of both protocols, for tests.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

use serde_json::Value as Json;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{Fixture, PATIENCE};

/// Asks over HTTP.
pub(in crate::server) struct Client<'a>(pub(in crate::server) &'a Fixture);

impl Client<'_> {
    /// The answer to a GET, whatever its status.
    pub(in crate::server) fn send(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        let url = format!("http://{}{path}", self.0.http);
        let request = headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, *value));
        request.call().unwrap()
    }

    /// Status and body of a POST.
    pub(in crate::server) fn post(&self, path: &str) -> (u16, Json) {
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut response = agent.post(format!("http://{}{path}", self.0.http)).send_empty().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    /// Status and body.
    pub(in crate::server) fn get(&self, path: &str) -> (u16, Json) {
        let mut response = self.send(path, &[]);
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }
}

/// A header of an answer.
pub(in crate::server) fn header(response: &Response<Body>, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

/// A connection that shows replies as text: nested replies in brackets, errors with their sign.
pub(in crate::server) struct Socket {
    write: TcpStream,
    read: BufReader<TcpStream>,
}

impl Socket {
    /// Connects.
    pub(in crate::server) fn open(fixture: &Fixture) -> Self {
        let write = TcpStream::connect(fixture.redis).unwrap();
        write.set_nodelay(true).unwrap();
        write.set_read_timeout(Some(PATIENCE)).unwrap();
        write.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { read: BufReader::new(write.try_clone().unwrap()), write }
    }

    /// Sends as it is.
    pub(in crate::server) fn send(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).unwrap();
    }

    /// The next line, without its end.
    pub(in crate::server) fn line(&mut self) -> String {
        let mut line = String::new();
        self.read.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next reply.
    pub(in crate::server) fn reply(&mut self) -> String {
        let line = self.line();
        let length = || line[1..].parse::<usize>();
        match line.as_bytes().first() {
            Some(b'$' | b'=') if line == "$-1" => "nil".into(),
            Some(b'$' | b'=') => {
                let mut bytes = vec![0; length().unwrap() + 2];
                self.read.read_exact(&mut bytes).unwrap();
                bytes.truncate(bytes.len() - 2);
                String::from_utf8(bytes).unwrap()
            }
            Some(b'*' | b'~') => self.many(length().unwrap()),
            Some(b'%') => self.many(2 * length().unwrap()),
            Some(b'_') => "null".into(),
            Some(b'-') => line,
            Some(_) => line[1..].into(),
            None => "closed".into(),
        }
    }

    fn many(&mut self, length: usize) -> String {
        format!("[{}]", (0..length).map(|_| self.reply()).collect::<Vec<_>>().join(" "))
    }

    /// The reply to a command.
    pub(in crate::server) fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// Reply by reply.
    pub(in crate::server) fn expect(&mut self, session: &[(&str, &str)]) {
        for (command, reply) in session {
            assert_eq!(self.ask(command), *reply, "{command}");
        }
    }
}
