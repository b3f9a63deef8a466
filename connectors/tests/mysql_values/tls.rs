//! Encrypted connections: who is trusted, and what is refused.

use std::path::Path;

use mysql_async::prelude::Queryable;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tailwater_connectors::mysql::config::{CopySettings, DEFAULT_TIMEOUT, MysqlSourceConfig, Tls, ZeroDates};
use tailwater_connectors::{Severity, SourceError};

use crate::server::{Kind, MysqlServer};
use crate::{connect, kinds};

fn authority(directory: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(directory.join(name), issuer.pem()).unwrap();
    issuer
}

/// A server with a certificate of `authority` for 127.0.0.1 alone.
fn encrypted(kind: Kind, directory: &Path, authority: &CertifiedIssuer<'static, KeyPair>) -> MysqlServer {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(directory.join("server.crt"), params.signed_by(&key, authority).unwrap().pem()).unwrap();
    std::fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    let file = |name: &str| directory.join(name).display().to_string();
    let options = [
        format!("--ssl-ca={}", file("ours")),
        format!("--ssl-cert={}", file("server.crt")),
        format!("--ssl-key={}", file("server.key")),
    ];
    MysqlServer::start(kind, &options.each_ref().map(String::as_str))
}

/// What comes of looking at the server, and at its log: nothing, or why it cannot be.
async fn looked(url: &str, tls: Tls) -> Result<(), SourceError> {
    let config = MysqlSourceConfig {
        name: "shop".into(),
        url: url.to_owned(),
        database: "mysql".into(),
        tls,
        server_id: None,
        zero_dates: ZeroDates::Null,
        timeout: DEFAULT_TIMEOUT,
        copy: CopySettings::default(),
    };
    let findings = tailwater_connectors::mysql::check(&config).await?;
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_trusted_by_its_authority_and_its_name_and_refused_otherwise() {
    for kind in kinds() {
        let directory = tempfile::tempdir().unwrap();
        let ours = authority(directory.path(), "ours");
        authority(directory.path(), "theirs");
        std::fs::write(directory.path().join("empty"), "").unwrap();
        let server = encrypted(kind, directory.path(), &ours);
        let mut session = connect(&server, "").await;
        for sql in [
            "create user 'secure'@'%' identified by 'geheim' require ssl",
            "grant replication slave, replication client on *.* to 'secure'@'%'",
            "grant select on mysql.* to 'secure'@'%'",
        ] {
            session.query_drop(sql).await.unwrap();
        }
        let url = format!("mysql://secure:geheim@127.0.0.1:{}/mysql", server.port);
        let by = |name: &str| Tls::Verify { ca: Some(directory.path().join(name)) };
        for tls in [Tls::Require, by("ours")] {
            looked(&url, tls.clone()).await.unwrap_or_else(|error| panic!("{kind:?}, {tls:?}: {error}"));
        }
        let other_name = url.replace("127.0.0.1", "localhost");
        for (url, tls, wanted) in [
            (&url, Tls::Off, "Access denied"),
            (&url, by("theirs"), "certificate"),
            (&url, Tls::Verify { ca: None }, "certificate"),
            (&url, by("missing"), "cannot be read"),
            (&url, by("empty"), "TLS"),
            (&other_name, by("ours"), "certificate"),
        ] {
            let refused = match looked(url, tls.clone()).await {
                Err(error @ SourceError::Refused { .. }) => format!("{error} {}", error.hint().unwrap_or_default()),
                other => panic!("{kind:?}, {tls:?}: {other:?}"),
            };
            assert!(refused.contains(wanted) && !refused.contains("geheim"), "{kind:?}, {tls:?}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_it_is_wanted() {
    for kind in kinds() {
        let off = if kind.is_mariadb() { "--skip-ssl" } else { "--tls-version=" };
        let server = MysqlServer::start(kind, &[off]);
        looked(&server.url("mysql"), Tls::Off).await.unwrap();
        for tls in [Tls::Require, Tls::Verify { ca: None }] {
            match looked(&server.url("mysql"), tls).await {
                Err(error @ SourceError::Refused { .. }) => assert!(error.hint().unwrap().contains("tls = \"off\"")),
                other => panic!("{kind:?}: {other:?}"),
            }
        }
    }
}
