//! Writes replies of the Redis protocol, versions 2 and 3.

/// Protocol version a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// RESP2, which every connection starts with.
    #[default]
    Two,
    /// RESP3, after `HELLO 3`.
    Three,
}

/// Appends replies to a connection's output.
pub(super) struct Reply<'a> {
    /// Output; whoever counts bytes may look at its length.
    pub(super) out: &'a mut Vec<u8>,
    /// How to write them.
    pub(super) protocol: Protocol,
}

impl Reply<'_> {
    /// `+text`
    pub(super) fn simple(&mut self, text: &str) {
        self.out.push(b'+');
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// `-text`; the first word is the code. Line ends cannot be in it and become blanks.
    pub(super) fn error(&mut self, text: &str) {
        self.out.push(b'-');
        self.out.extend(text.bytes().map(|byte| if byte < b' ' { b' ' } else { byte }));
        self.out.extend_from_slice(b"\r\n");
    }

    /// `:number`
    pub(super) fn integer(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// `$length bytes`
    pub(super) fn bulk(&mut self, bytes: &[u8]) {
        self.header(b'$', bytes.len() as i64);
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Text for people: a verbatim string in RESP3, else a bulk string.
    pub(super) fn verbatim(&mut self, text: &str) {
        match self.protocol {
            Protocol::Two => self.bulk(text.as_bytes()),
            Protocol::Three => {
                self.header(b'=', text.len() as i64 + 4);
                self.out.extend_from_slice(b"txt:");
                self.out.extend_from_slice(text.as_bytes());
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Nothing.
    pub(super) fn null(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Two => b"$-1\r\n",
            Protocol::Three => b"_\r\n",
        });
    }

    /// Starts an array of `length` replies.
    pub(super) fn array(&mut self, length: usize) {
        self.header(b'*', length as i64);
    }

    /// Starts a map of `length` pairs of replies: twice as many array elements in RESP2.
    pub(super) fn map(&mut self, length: usize) {
        match self.protocol {
            Protocol::Two => self.header(b'*', 2 * length as i64),
            Protocol::Three => self.header(b'%', length as i64),
        }
    }

    /// Starts a set.
    pub(super) fn set(&mut self, length: usize) {
        match self.protocol {
            Protocol::Two => self.header(b'*', length as i64),
            Protocol::Three => self.header(b'~', length as i64),
        }
    }

    fn header(&mut self, sign: u8, number: i64) {
        self.out.push(sign);
        if number < 0 {
            self.out.push(b'-');
        }
        let (mut digits, mut start, mut rest) = ([0; 20], 20, number.unsigned_abs());
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.out.extend_from_slice(&digits[start..]);
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl FnOnce(&mut Reply<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Reply { out: &mut out, protocol });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, -1, i64::MAX, i64::MIN] {
            assert_eq!(written(Protocol::Two, |reply| reply.integer(number)), format!(":{number}\r\n"));
        }
    }

    #[test]
    fn maps_and_nulls_follow_the_protocol() {
        assert_eq!(written(Protocol::Two, |reply| reply.map(2)), "*4\r\n");
        assert_eq!(written(Protocol::Three, |reply| reply.map(2)), "%2\r\n");
        assert_eq!(written(Protocol::Two, |reply| reply.null()), "$-1\r\n");
        assert_eq!(written(Protocol::Three, |reply| reply.null()), "_\r\n");
    }

    #[test]
    fn an_error_stays_on_one_line() {
        assert_eq!(written(Protocol::Two, |reply| reply.error("ERR a\r\n+OK")), "-ERR a  +OK\r\n");
    }
}
