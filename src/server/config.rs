//! Checked configuration of the servers.

use std::fmt;
use std::net::SocketAddr;

/// `[server]`
#[derive(Clone, Default)]
pub struct ServerConfig {
    /// Where HTTP is answered; `None`: not at all.
    pub http: Option<SocketAddr>,
    /// Token that `/v1/...` asks for as `Authorization: Bearer TOKEN`; `None`: everyone may read. Health, readiness and metrics,
    /// which hold no rows, are always open.
    pub http_token: Option<String>,
    /// Where the Redis protocol is answered; `None`: not at all.
    pub redis: Option<SocketAddr>,
    /// Password of the Redis protocol's user `default`; `None`: everyone may read.
    pub redis_password: Option<String>,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("http", &self.http)
            .field("redis", &self.redis)
            .field("http_token", &self.http_token.as_ref().map(|_| "***"))
            .field("redis_password", &self.redis_password.as_ref().map(|_| "***"))
            .finish()
    }
}

/// Whether `given` is the secret. Takes a time that depends on the length of `given` only.
pub(super) fn is_secret(secret: &str, given: &[u8]) -> bool {
    let mut difference = usize::from(secret.len() != given.len());
    for (index, byte) in given.iter().enumerate() {
        let expected = secret.as_bytes().get(index % secret.len().max(1)).copied().unwrap_or(!byte);
        difference |= usize::from(std::hint::black_box(expected ^ byte));
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_is_the_secret() {
        assert!(is_secret("abc", b"abc"));
        assert!(is_secret("", b""));
        for given in [&b""[..], b"ab", b"abd", b"abcabc"] {
            assert!(!is_secret("abc", given));
        }
        assert!(!is_secret("", b"a"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = ServerConfig { redis_password: Some("hush".into()), ..ServerConfig::default() };
        assert!(!format!("{config:?}").contains("hush"));
    }
}
