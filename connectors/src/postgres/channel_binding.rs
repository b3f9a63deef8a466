//! `tls-server-end-point` channel binding (RFC 5929): the hash of the server's certificate, so that a login cannot be
//! relayed by someone in between.

use rustls::crypto::hash::Hash;
use rustls::crypto::ring::cipher_suite;

/// Signature algorithms by the DER of their object identifier, as far as they hash with SHA-384.
const SHA384: [&[u8]; 2] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C], // sha384WithRSAEncryption
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03],       // ecdsa-with-SHA384
];
/// Those with SHA-256, or with MD5 and SHA-1, which the RFC replaces by SHA-256.
const SHA256: [&[u8]; 5] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B], // sha256WithRSAEncryption
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02],       // ecdsa-with-SHA256
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05], // sha1WithRSAEncryption
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04], // md5WithRSAEncryption
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01],             // ecdsa-with-SHA1
];

/// The binding, or `None` where the certificate's algorithm defines none; then login goes without.
pub(super) fn tls_server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    let suite = match () {
        () if SHA256.contains(&algorithm) => cipher_suite::TLS13_AES_128_GCM_SHA256,
        () if SHA384.contains(&algorithm) => cipher_suite::TLS13_AES_256_GCM_SHA384,
        () => return None,
    };
    let hash: &dyn Hash = suite.tls13()?.common.hash_provider;
    Some(hash.hash(certificate).as_ref().to_vec())
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (body, _) = element(certificate, 0x30)?;
    let (_, after_tbs) = element(body, 0x30)?;
    let (algorithm, _) = element(after_tbs, 0x30)?;
    Some(element(algorithm, 0x06)?.0)
}

/// Content of the DER element at the start, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p256_certificate_is_bound_by_sha256() {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert;
        assert_eq!(tls_server_end_point(certificate.der()).map(|hash| hash.len()), Some(32));
    }

    #[test]
    fn broken_certificates_have_no_binding() {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert;
        for cut in 0..certificate.der().len() / 2 {
            assert_eq!(tls_server_end_point(&certificate.der()[..cut]), None);
        }
    }
}
