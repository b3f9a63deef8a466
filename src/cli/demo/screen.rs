//! What the demo shows: how to ask, the answer, and how old it is.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::cli::failure::Failure;
use crate::cli::remote::encoded;

/// Answers are cut to this many characters.
const ANSWER_CHARACTERS_MAX: usize = 160;

/// Where everything listens.
#[derive(Clone)]
pub(super) struct Addresses {
    pub(super) http: SocketAddr,
    pub(super) resp: SocketAddr,
    pub(super) redis: SocketAddr,
}

/// What was asked, as typed, and what came back.
struct Asked {
    command: String,
    answer: String,
}

/// Redraws in place on a terminal, appends elsewhere.
pub(super) struct Screen {
    addresses: Addresses,
    lines_drawn: usize,
    terminal: bool,
}

impl Screen {
    pub(super) fn new(addresses: Addresses) -> Self {
        Self { addresses, lines_drawn: 0, terminal: std::io::stdout().is_terminal() }
    }

    /// Asks everything once and draws the answers. `flight` is the row that changed last, `visible` how long after its commit
    /// the view had it.
    pub(super) fn draw(&mut self, flight: u64, transactions: u64, visible: Duration) -> Result<(), Failure> {
        let asked = [
            self.redis(self.addresses.redis, &["GET", &format!("flight:{flight}")])?,
            self.redis(self.addresses.resp, &["HGETALL", "route:JFK:LAX"])?,
            self.http(&format!("/v1/views/flight_card/rows/{flight}"))?,
            self.http("/v1/views/airline_hour/rows?limit=2")?,
            self.http(&format!("/v1/search/airports?q={}&limit=2", encoded("kennedy OR laguardia")))?,
        ];
        let mut out = std::io::stdout().lock();
        if self.terminal && self.lines_drawn > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.lines_drawn)?;
        }
        writeln!(
            out,
            "{transactions} transactions so far; the last one was in the views {:.1} ms after its commit",
            visible.as_secs_f64() * 1e3
        )?;
        for asked in &asked {
            writeln!(out, "\n$ {}\n{}", asked.command, asked.answer)?;
        }
        writeln!(out)?;
        self.lines_drawn = 2 + 3 * asked.len();
        Ok(())
    }

    fn redis(&self, address: SocketAddr, command: &[&str]) -> Result<Asked, Failure> {
        let failed = |error: redis::RedisError| Failure::failed(format!("asking {address}: {error}"));
        let client = redis::Client::open(format!("redis://{address}")).map_err(failed)?;
        let mut connection = client.get_connection().map_err(failed)?;
        let mut asked = redis::cmd(command[0]);
        for argument in &command[1..] {
            asked.arg(*argument);
        }
        let started = Instant::now();
        let answer: redis::Value = asked.query(&mut connection).map_err(failed)?;
        let text = match answer {
            redis::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
            value => text(&value),
        };
        Ok(Asked {
            command: format!("redis-cli -p {} {}", address.port(), command.join(" ")),
            answer: timed(&text, started),
        })
    }

    fn http(&self, path: &str) -> Result<Asked, Failure> {
        let url = format!("http://{}{path}", self.addresses.http);
        let started = Instant::now();
        let answer = ureq::get(&url).call().and_then(|response| response.into_body().read_to_string());
        let answer = answer.map_err(|error| Failure::failed(format!("asking {url}: {error}")))?;
        Ok(Asked { command: format!("curl '{url}'"), answer: timed(&answer, started) })
    }
}

fn text(value: &redis::Value) -> String {
    redis::from_redis_value::<String>(value.clone()).unwrap_or_else(|_| "(nil)".into())
}

fn timed(answer: &str, started: Instant) -> String {
    let flat = answer.replace('\n', " ");
    let mut shown: String = flat.chars().take(ANSWER_CHARACTERS_MAX).collect();
    if shown.len() < flat.len() {
        shown.push('…');
    }
    format!("{shown}   ({:.1} ms)", started.elapsed().as_secs_f64() * 1e3)
}
