//! TLS as libpq's `sslmode` means it: which certificates are trusted, whether the name is checked, client certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::conninfo::{RootCertificates, SslMode, TlsOptions};
use super::server_error::ConnectionError;

/// The protocol name that Postgres 17 expects with `sslnegotiation=direct`.
const ALPN: &[u8] = b"postgresql";

/// Makes the client's side from the options.
pub(super) fn client_config(options: &TlsOptions) -> Result<Arc<ClientConfig>, ConnectionError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(options, provider.clone())?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match (&options.certificate, &options.key) {
        (Some(certificate), Some(key)) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error.to_string()))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, private)
                .map_err(|error| fault(format!("client certificate: {error}")))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn fault(message: String) -> ConnectionError {
    ConnectionError::Setup { message, hint: "check sslmode, sslrootcert, sslcert and sslkey in the URL".into() }
}

fn unreadable(path: &Path, error: &str) -> ConnectionError {
    fault(format!("cannot read \"{}\": {error}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectionError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    match read() {
        Ok(found) if found.is_empty() => Err(unreadable(path, "no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unreadable(path, &error.to_string())),
    }
}

/// Checks as much as the mode asks for.
#[derive(Debug)]
struct Verifier {
    /// `None`: whoever answers is accepted.
    trusted: Option<Trusted>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct Trusted {
    webpki: Arc<WebPkiServerVerifier>,
    store: RootCertStore,
    roots: Vec<CertificateDer<'static>>,
    check_name: bool,
}

impl Verifier {
    fn new(options: &TlsOptions, provider: Arc<CryptoProvider>) -> Result<Self, ConnectionError> {
        let check_name = match (options.mode, &options.roots) {
            (SslMode::VerifyFull, _) => true,
            // libpq: with a root certificate, `require` is `verify-ca`.
            (SslMode::VerifyCa, _) | (SslMode::Require, RootCertificates::File(_)) => false,
            (_, RootCertificates::Platform) => {
                return Err(fault("sslrootcert=system needs sslmode=verify-full".into()));
            }
            _ => return Ok(Self { trusted: None, provider }),
        };
        let roots = root_certificates(&options.roots)?;
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store.clone()), provider.clone())
            .build()
            .map_err(|error| fault(format!("root certificates: {error}")))?;
        Ok(Self { trusted: Some(Trusted { webpki, store, roots, check_name }), provider })
    }
}

fn root_certificates(roots: &RootCertificates) -> Result<Vec<CertificateDer<'static>>, ConnectionError> {
    if let RootCertificates::File(path) = roots {
        return certificates(path);
    }
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".postgresql/root.crt"));
    match home.filter(|path| *roots == RootCertificates::Default && path.exists()) {
        Some(path) => certificates(&path),
        None => Ok(rustls_native_certs::load_native_certs().certs),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        // A self-signed server certificate that is itself the trusted root: usual with Postgres, unknown to webpki.
        let pinned = trusted.roots.iter().any(|root| root.as_ref() == end_entity.as_ref());
        match (pinned, trusted.check_name) {
            (true, false) => {}
            (true, true) => {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            (false, true) => {
                trusted.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
            }
            (false, false) => rustls::client::verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                &trusted.store,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
