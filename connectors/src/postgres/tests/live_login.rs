//! Logging in to a real server: passwords, TLS, client certificates.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::postgres::connection::{Connection, Purpose};
use crate::postgres::server_error::{ConnectionError, Scene};
use crate::postgres::{ConnInfo, sql_client};
use crate::source::SourceError;

use super::server::Server;

/// Both kinds of session; the answer says whether TLS was used.
async fn log_in(text: &str) -> Result<bool, ConnectionError> {
    let info = ConnInfo::parse(text).unwrap();
    let mut connection = Connection::connect(&info, Purpose::Replication).await?;
    connection.simple_query("IDENTIFY_SYSTEM").await?;
    let client = sql_client::connect(&info).await?;
    let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await?;
    let rows = connection.simple_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await?;
    assert_eq!(rows[0][0].as_deref() == Some("t"), row.get::<_, bool>(0));
    Ok(row.get(0))
}

fn refused(error: ConnectionError) -> String {
    let scene = Scene { source_name: "s".into(), slot: "t".into(), resuming: None };
    match scene.error(error) {
        error @ SourceError::Refused { .. } => format!("{error} {}", error.hint().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_accepted_as_scram_and_md5_and_never_sent_in_clear_over_tcp() {
    let server = Server::start(|_| {
        "host all scram 127.0.0.1/32 scram-sha-256\nhost all md5 127.0.0.1/32 md5\nhost all clear 127.0.0.1/32 password\n".into()
    });
    let roles = "CREATE ROLE scram LOGIN REPLICATION PASSWORD 'pässwörd\u{a0}1'; CREATE ROLE clear LOGIN REPLICATION PASSWORD 'c';
                 SET password_encryption = 'md5'; CREATE ROLE md5 LOGIN REPLICATION PASSWORD 'm';";
    server.client("postgres").await.batch_execute(roles).await.unwrap();
    let text = |user: &str, password: &str| {
        format!("host=127.0.0.1 port={} dbname=postgres user={user} password='{password}'", server.port)
    };
    // SASLprep maps the no-break space to a space.
    assert!(!log_in(&text("scram", "pässwörd 1")).await.unwrap());
    assert!(!log_in(&text("md5", "m")).await.unwrap());
    assert!(refused(log_in(&text("scram", "wrong")).await.unwrap_err()).contains("28P01"));
    assert!(refused(log_in(&text("clear", "c")).await.unwrap_err()).contains("clear text"));
    assert!(
        refused(log_in(&text("scram", "x").replace("password='x'", "")).await.unwrap_err()).contains("there is none")
    );
    assert!(refused(log_in(&text("nobody", "x")).await.unwrap_err()).contains("28000"));
    assert!(refused(log_in(&format!("{} sslmode=require", text("scram", "x"))).await.unwrap_err()).contains("no TLS"));
    let nowhere = text("scram", "pässwörd 1").replace("dbname=postgres", "dbname=nowhere");
    assert!(refused(log_in(&nowhere).await.unwrap_err()).contains("3D000"));
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes `name.crt` and `name.key`.
fn certificate(directory: &Path, name: &str, subject: &str, issuer: &CertifiedIssuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([subject.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, subject);
    let certificate = params.signed_by(&key, issuer).unwrap();
    std::fs::write(directory.join(format!("{name}.crt")), certificate.pem()).unwrap();
    let path = directory.join(format!("{name}.key"));
    std::fs::write(&path, key.serialize_pem()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// The server's key must belong to the server's user.
fn own_as(directory: &Path, file: &str) {
    let user = std::fs::metadata(directory).unwrap();
    let (uid, gid) = (std::os::unix::fs::MetadataExt::uid(&user), std::os::unix::fs::MetadataExt::gid(&user));
    std::os::unix::fs::chown(directory.join(file), Some(uid), Some(gid)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sslmode_checks_what_it_promises() {
    let files = tempfile::tempdir().unwrap();
    let (ours, other) = (authority("ours"), authority("other"));
    std::fs::write(files.path().join("ours.crt"), ours.pem()).unwrap();
    std::fs::write(files.path().join("other.crt"), other.pem()).unwrap();
    certificate(files.path(), "client", "certified", &ours);
    let server = Server::start(|data| {
        certificate(data, "server", "localhost", &ours);
        own_as(data, "server.key");
        std::fs::write(data.join("root.crt"), ours.pem()).unwrap();
        "hostssl all certified 127.0.0.1/32 cert\nhostssl all scram 127.0.0.1/32 scram-sha-256\n\
         hostnossl all plain 127.0.0.1/32 trust\nhostssl all clear 127.0.0.1/32 password\n"
            .into()
    });
    let roles = "CREATE ROLE certified LOGIN REPLICATION; CREATE ROLE scram LOGIN REPLICATION PASSWORD 's';
                 CREATE ROLE plain LOGIN REPLICATION; CREATE ROLE clear LOGIN REPLICATION PASSWORD 'c'";
    server.client("postgres").await.batch_execute(roles).await.unwrap();
    let (port, path) = (server.port, files.path().display());
    let text = |host: &str, rest: &str| format!("host={host} port={port} dbname=postgres {rest}");
    let scram = "user=scram password=s";
    for mode in ["allow", "prefer", "require"] {
        assert!(log_in(&text("127.0.0.1", &format!("{scram} sslmode={mode}"))).await.unwrap(), "{mode}");
    }
    assert!(
        refused(log_in(&text("127.0.0.1", &format!("{scram} sslmode=disable"))).await.unwrap_err()).contains("28000")
    );
    // The server wants no TLS for this role: weak modes fall back, strong ones do not.
    for mode in ["disable", "allow", "prefer"] {
        assert!(!log_in(&text("127.0.0.1", &format!("user=plain sslmode={mode}"))).await.unwrap(), "{mode}");
    }
    refused(log_in(&text("127.0.0.1", "user=plain sslmode=require")).await.unwrap_err());
    // Trust and names.
    let ours = format!("{scram} sslrootcert={path}/ours.crt");
    assert!(log_in(&text("127.0.0.1", &format!("{ours} sslmode=verify-ca"))).await.unwrap());
    assert!(log_in(&text("localhost", &format!("{ours} sslmode=verify-full"))).await.unwrap());
    let error = refused(log_in(&text("127.0.0.1", &format!("{ours} sslmode=verify-full"))).await.unwrap_err());
    assert!(error.contains("TLS handshake failed"), "{error}");
    for mode in ["require", "verify-ca", "verify-full"] {
        let text = text("localhost", &format!("{scram} sslrootcert={path}/other.crt sslmode={mode}"));
        assert!(refused(log_in(&text).await.unwrap_err()).contains("TLS handshake failed"), "{mode}");
    }
    // Channel binding, clear text inside TLS, client certificates.
    assert!(log_in(&text("localhost", &format!("{scram} sslmode=require channel_binding=require"))).await.unwrap());
    assert!(log_in(&text("127.0.0.1", "user=clear password=c sslmode=require")).await.unwrap());
    let client = format!("sslcert={path}/client.crt sslkey={path}/client.key");
    assert!(log_in(&text("127.0.0.1", &format!("user=certified sslmode=require {client}"))).await.unwrap());
    refused(log_in(&text("127.0.0.1", "user=certified sslmode=require")).await.unwrap_err());
    // The server's own certificate as the root that is trusted.
    let server_certificate = std::fs::read(server.data().join("server.crt")).unwrap();
    std::fs::write(files.path().join("pinned.crt"), server_certificate).unwrap();
    let pinned = format!("{scram} sslrootcert={path}/pinned.crt sslmode=verify-full");
    assert!(log_in(&text("localhost", &pinned)).await.unwrap());
    refused(log_in(&text("127.0.0.1", &pinned)).await.unwrap_err());
}
