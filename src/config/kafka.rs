//! What sources and sinks of Kafka have in common: how brokers are reached.

use std::path::PathBuf;

use tailwater_connectors::kafka::connection::{DEFAULT_TIMEOUT, Identity};
use tailwater_connectors::kafka::{KafkaConnection, Sasl, SaslMechanism, Tls};

use super::checked::timeout;
use super::section::Section;

/// Reads `brokers`, `tls*`, `sasl`, `user`, `password` and `timeout`; `None` where no broker is named.
pub(super) fn connection(section: &Section<'_>) -> Option<KafkaConnection> {
    let brokers = section.required("brokers", "write brokers = \"host:9092\", several separated by commas");
    let (tls, sasl) = (tls(section), sasl(section));
    let timeout = timeout(section, DEFAULT_TIMEOUT);
    Some(KafkaConnection { brokers: brokers?, tls, sasl, timeout })
}

fn tls(section: &Section<'_>) -> Tls {
    let file = |name: &'static str| section.string(name).map(PathBuf::from);
    let (ca, certificate, key) = (file("tls_ca"), file("tls_certificate"), file("tls_key"));
    let is_described = ca.is_some() || certificate.is_some() || key.is_some();
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            section.report("tls_certificate", "stands without \"tls_key\"", Some("name the key's PEM file, too"));
            None
        }
        (None, Some(_)) => {
            section.report(
                "tls_key",
                "stands without \"tls_certificate\"",
                Some("name the certificate's PEM file, too"),
            );
            None
        }
    };
    match section.string("tls").as_deref() {
        None if !is_described => Tls::Off,
        None | Some("verify") => Tls::Verify { ca, identity },
        Some("off") if is_described => {
            section.report("tls", "is off beside \"tls_*\"", Some("leave out the one or the other"));
            Tls::Off
        }
        Some("off") => Tls::Off,
        Some(other) => {
            section.report("tls", format!("\"{other}\" is no mode"), Some("known modes: off, verify"));
            Tls::Off
        }
    }
}

fn sasl(section: &Section<'_>) -> Option<Sasl> {
    let (user, password) = (section.string("user"), section.string("password"));
    let Some(named) = section.string("sasl") else {
        if user.is_some() || password.is_some() {
            let hint = "write sasl = \"plain\", \"scram-sha-256\" or \"scram-sha-512\"";
            section.report("user", "stands without \"sasl\"", Some(hint));
        }
        return None;
    };
    let mechanism = match named.as_str() {
        "plain" => SaslMechanism::Plain,
        "scram-sha-256" => SaslMechanism::ScramSha256,
        "scram-sha-512" => SaslMechanism::ScramSha512,
        other => {
            let hint = "known mechanisms: plain, scram-sha-256, scram-sha-512";
            section.report("sasl", format!("\"{other}\" is no mechanism that is known here"), Some(hint));
            return None;
        }
    };
    match (user, password) {
        (Some(user), Some(password)) => Some(Sasl { mechanism, user, password }),
        _ => {
            let hint = "write user = \"...\" and password = \"${PASSWORD}\"";
            section.report("sasl", "needs \"user\" and \"password\"", Some(hint));
            None
        }
    }
}
