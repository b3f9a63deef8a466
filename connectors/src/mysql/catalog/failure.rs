//! Errors of the client, classified.

use mysql_async::{DriverError, Error, IoError};

use crate::source::SourceError;

/// Errors of the server after which trying again may help: too many connections, shutdown, lock wait, deadlock, killed, read only for now,
/// those that a proxy or a failover answers with, a full disk, no memory, no threads, too many sessions of the user.
const PASSING: [u16; 23] = [
    1021, 1037, 1038, 1041, 1135, 1203, 1226, 1040, 1053, 1077, 1079, 1105, 1152, 1158, 1159, 1160, 1161, 1184, 1205,
    1213, 1317, 1927, 3024,
];
/// Below are errors of the server's own files and of its machine.
const OF_STATEMENTS: u16 = 1000;
/// Wrong name or password, no right to something, and the like.
const DENIED: [u16; 9] = [1044, 1045, 1142, 1143, 1227, 1370, 1410, 1698, 3118];

/// What a failed statement says about the source: whether trying again may help, by the error's number and not by its text.
pub fn client_error(source: &str, error: &Error) -> SourceError {
    let source_name = source.to_owned();
    match error {
        Error::Server(server) => {
            let message = format!("{} (error {}, SQLSTATE {})", server.message, server.code, server.state);
            if PASSING.contains(&server.code) || server.code < OF_STATEMENTS || server.state.starts_with("08") {
                return SourceError::Unavailable { source_name, message };
            }
            let hint = match DENIED.contains(&server.code) {
                true => "grant the user that tailwater logs in as what \"tailwater source prepare\" prints",
                false => "run the same statement with the server's own client to see more",
            };
            SourceError::Refused { source_name, message, hint: hint.to_owned() }
        }
        Error::Url(url) => {
            let hint = "write url = \"mysql://user:password@host:3306/database\"".to_owned();
            SourceError::Refused { source_name, message: url.to_string(), hint }
        }
        other => match refusal(other) {
            Some(hint) => SourceError::Refused { source_name, message: chain(other), hint: hint.to_owned() },
            None => SourceError::Unavailable { source_name, message: chain(other) },
        },
    }
}

/// What to do about errors of the client that trying again does not mend.
fn refusal(error: &Error) -> Option<&'static str> {
    const CERTIFICATE: &str = "name the file with the certificate of the server's authority in tls_ca, and in the url the host that the \
        server's certificate names; tls = \"require\" encrypts without asking who answers";
    match error {
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            Some("give the server a certificate, or set tls = \"off\" where nobody can listen on the way")
        }
        Error::Driver(
            DriverError::UnknownAuthPlugin { .. }
            | DriverError::MysqlOldPasswordDisabled
            | DriverError::CleartextPluginDisabled,
        ) => Some("let the user log in by caching_sha2_password, or by mysql_native_password"),
        Error::Io(IoError::Tls(_)) => Some(CERTIFICATE),
        Error::Io(IoError::Io(error)) => {
            let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
            let is_certificate = matches!(
                tls,
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::PeerIncompatible(_)
            );
            is_certificate.then_some(CERTIFICATE)
        }
        _ => None,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
