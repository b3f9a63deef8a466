//! Signs requests, as AWS wants them: Signature Version 4.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How a moment is written, `20150830T123600Z`, and how many characters of it are the day.
pub(super) const MOMENT: &str = "%Y%m%dT%H%M%SZ";
const DAY_CHARACTERS: usize = 8;

/// Who signs, and what for.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Signer<'_> {
    /// The header `authorization` of a POST to `/`. `headers` are all that is signed, in the order of their names, which are in lower case;
    /// `moment` is that of `x-amz-date` among them.
    pub(super) fn authorization(&self, moment: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut request = String::from("POST\n/\n\n");
        for (name, value) in headers {
            let _ = writeln!(request, "{name}:{}", value.trim());
        }
        let _ = write!(request, "\n{names}\n{}", hex(&Sha256::digest(body)));
        let day = &moment[..DAY_CHARACTERS.min(moment.len())];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
        let signature = hex(&hashed(&self.key(day), &text));
        format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.access_key)
    }

    /// The key of a day, a region and a service.
    fn key(&self, day: &str) -> [u8; 32] {
        let of_day = hashed(format!("AWS4{}", self.secret_key).as_bytes(), day);
        hashed(&hashed(&hashed(&of_day, self.region), self.service), "aws4_request")
    }
}

fn hashed(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys of any length are taken");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNER: Signer<'_> = Signer {
        access_key: "AKIDEXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "service",
    };

    #[test]
    fn the_documented_key_and_the_request_of_the_test_suite_come_out() {
        assert_eq!(
            hex(&Signer { service: "iam", ..SIGNER }.key("20150830")),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        // "post-vanilla" of AWS' own test suite.
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        assert_eq!(
            SIGNER.authorization("20150830T123600Z", &headers, b""),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }
}
