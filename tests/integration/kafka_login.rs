//! Brokers that encrypt, ask who is there and let nobody do more than they are allowed: every way in works for sources and sinks with the
//! rights that the documentation asks for, and whoever is not let in is told why.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tailwater::pipeline::status::Condition;
use tempfile::TempDir;

use super::support::kafka_broker::{KafkaBroker, is_left_out};
use super::support::kafka_rig::KafkaRig;
use super::support::kafka_topic::committed;
use super::support::rig::{PATIENCE, said, wait_for};

/// A way in: what it is called here, the listener's protocol, who one is there, the settings.
struct Way {
    name: &'static str,
    protocol: &'static str,
    principal: &'static str,
    settings: String,
}

/// A broker with a certificate for `localhost`, and the files of its clients.
struct Guarded {
    rig: KafkaRig,
    files: TempDir,
}

impl Guarded {
    fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let ours = authority(files.path(), "ours");
        let theirs = authority(files.path(), "theirs");
        certify(files.path(), ("broker", "localhost"), &ours);
        certify(files.path(), ("dora", "dora"), &ours);
        certify(files.path(), ("eve", "eve"), &theirs);
        let file = |name: &str| files.path().join(name).display().to_string();
        let store = std::fs::read_to_string(file("broker.key")).unwrap()
            + &std::fs::read_to_string(file("broker.crt")).unwrap();
        std::fs::write(file("broker.pem"), store).unwrap();
        let properties = [
            "ssl.keystore.type=PEM".into(),
            format!("ssl.keystore.location={}", file("broker.pem")),
            "ssl.truststore.type=PEM".into(),
            format!("ssl.truststore.location={}", file("ours.crt")),
            "listener.name.ssl.ssl.client.auth=required".into(),
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".into(),
            "listener.name.sasl_plaintext.sasl.enabled.mechanisms=SCRAM-SHA-512".into(),
            "listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_anna=\"geheim\" user_nobody=\"geheim\";"
                .into(),
            "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;".into(),
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;".into(),
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
                .into(),
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
            // Whoever comes by the listener that asks nothing: the test itself, and the broker.
            "super.users=User:ANONYMOUS".into(),
        ];
        let users = ["SCRAM-SHA-256=[name=berta,password=geheim]", "SCRAM-SHA-512=[name=carla,password=geheim]"];
        let properties: Vec<&str> = properties.iter().map(String::as_str).collect();
        let broker = KafkaBroker::guarded(&["SASL_PLAINTEXT", "SASL_SSL", "SSL"], &properties, &users);
        Self { rig: KafkaRig::over(broker), files }
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    fn ways(&self) -> [Way; 5] {
        let ca = format!("tls_ca = \"{}\"\n", self.path("ours.crt"));
        let login =
            |mechanism: &str, user: &str| format!("sasl = \"{mechanism}\"\nuser = \"{user}\"\npassword = \"geheim\"\n");
        let identity = identity(&self.path("dora"));
        [
            ("plain", "SASL_SSL", "User:anna", login("plain", "anna") + &ca),
            ("scram256", "SASL_SSL", "User:berta", login("scram-sha-256", "berta") + &ca),
            ("scram512", "SASL_SSL", "User:carla", login("scram-sha-512", "carla") + &ca),
            ("open_scram", "SASL_PLAINTEXT", "User:carla", login("scram-sha-512", "carla")),
            ("certificate", "SSL", "User:CN=dora", identity + &ca),
        ]
        .map(|(name, protocol, principal, settings)| Way { name, protocol, principal, settings })
    }

    /// A source of the topic `clicks`.
    fn source(&self, name: &str, (protocol, settings): (&str, &str)) -> String {
        let brokers = self.rig.broker.address_by(protocol);
        format!(
            "[source.{name}]\ntype = \"kafka\"\nbrokers = \"{brokers}\"\ntimeout = \"5s\"\n{settings}\n{}",
            table(name)
        )
    }

    /// A view of that source, and a sink of it.
    fn sink(&self, name: &str, (protocol, settings): (&str, &str)) -> String {
        let brokers = self.rig.broker.address_by(protocol);
        format!(
            "[view.view_{name}]\nsql = \"select id, page from of_{name}\"\nkey = [\"id\"]\n\n[sink.to_{name}]\ntype = \"kafka\"\n\
             view = \"view_{name}\"\nbrokers = \"{brokers}\"\ntopic = \"rows.{name}\"\ncursor_topic = \"cursors.{name}\"\n\
             replication = 1\ntimeout = \"5s\"\n{settings}\n"
        )
    }

    fn write(&self, ids: std::ops::Range<i32>) {
        let producer: BaseProducer = self.rig.broker.client().create().unwrap();
        for id in ids {
            let text = format!(r#"{{"id":{id},"page":"/{id}"}}"#);
            producer.send(BaseRecord::<(), _>::to("clicks").payload(&text)).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }
}

fn table(name: &str) -> String {
    table_of(name, name)
}

fn table_of(source: &str, name: &str) -> String {
    format!(
        "[source.{source}.table.of_{name}]\ntopic = \"clicks\"\nmode = \"append\"\ncolumns = {{ id = \"bigint\", page = \"text\" }}\n\n"
    )
}

fn identity(stem: &str) -> String {
    format!("tls_certificate = \"{stem}.crt\"\ntls_key = \"{stem}.key\"\n")
}

fn authority(directory: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(directory.join(format!("{name}.crt")), issuer.pem()).unwrap();
    issuer
}

/// Writes `name.crt` and `name.key`, for a host or a person.
fn certify(directory: &Path, (name, subject): (&str, &str), authority: &CertifiedIssuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([subject.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    std::fs::write(directory.join(format!("{name}.crt")), params.signed_by(&key, authority).unwrap().pem()).unwrap();
    std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

#[test]
fn every_way_in_works_with_the_rights_that_are_asked_for() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut guarded = Guarded::start();
    let ways = guarded.ways();
    guarded.rig.broker.create_topic("clicks", 2, &[]);
    for Way { name, principal, .. } in &ways {
        // What documentation and hints name, and nothing more.
        let (rows, cursors) = (format!("rows.{name}"), format!("cursors.{name}"));
        guarded.rig.broker.allow(principal, &["--operation", "Read", "--topic", "clicks"]);
        let operations =
            ["Describe", "DescribeConfigs", "Read", "Write", "Create"].map(|name| ["--operation", name]).concat();
        guarded.rig.broker.allow(principal, &[&operations[..], &["--topic", &rows, "--topic", &cursors]].concat());
        let id = format!("tailwater-to_{name}");
        guarded
            .rig
            .broker
            .allow(principal, &["--operation", "Describe", "--operation", "Write", "--transactional-id", &id]);
    }
    guarded.write(0..100);
    let sections: String = ways
        .iter()
        .flat_map(|Way { name, protocol, settings, .. }| {
            let by = (*protocol, settings.as_str());
            [guarded.source(name, by), guarded.sink(name, by)]
        })
        .collect();
    guarded.rig.configure_at(&guarded.rig.broker.address(), &table("clicks"), &sections);
    let checked = guarded.rig.command(&["check"]);
    assert!(checked.status.success(), "{}", said(&checked));
    guarded.rig.start();
    guarded.write(100..200);
    for Way { name, .. } in &ways {
        let client = guarded.rig.broker.client();
        let sink = format!("to_{name}");
        guarded.rig.wait_for_status(&sink, |status| status.sinks[sink.as_str()].condition == Condition::Live);
        let all = wait_for(|| Some(committed(&client, &format!("rows.{name}"))).filter(|found| found.len() >= 200));
        assert!(all.is_some_and(|found| found.len() == 200), "{name}\n{}", guarded.rig.log());
    }
    assert!(guarded.rig.daemon.stop().unwrap().success());
}

#[test]
fn whoever_is_not_let_in_is_told_why() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut guarded = Guarded::start();
    guarded.rig.broker.create_topic("clicks", 1, &[]);
    let ours = format!("tls_ca = \"{}\"\n", guarded.path("ours.crt"));
    let login = |mechanism: &str, user: &str, password: &str| {
        format!("sasl = \"{mechanism}\"\nuser = \"{user}\"\npassword = \"{password}\"\n")
    };
    let cases = [
        ("wrong_password", "SASL_SSL", login("plain", "anna", "falsch") + &ours, "uthentication", "\"password\""),
        ("wrong_scram", "SASL_SSL", login("scram-sha-256", "berta", "falsch") + &ours, "uthentication", "\"password\""),
        ("unknown_user", "SASL_SSL", login("scram-sha-512", "zoe", "geheim") + &ours, "uthentication", "\"password\""),
        ("not_offered", "SASL_PLAINTEXT", login("plain", "anna", "geheim"), "mechanism", "\"sasl\""),
        (
            "other_authority",
            "SASL_SSL",
            login("plain", "anna", "geheim") + &ours.replace("ours", "theirs"),
            "certificate",
            "\"tls_ca\"",
        ),
        ("no_identity", "SSL", ours.clone(), "certificate", "\"tls_certificate\""),
        ("other_identity", "SSL", identity(&guarded.path("eve")) + &ours, "certificate", "\"tls_certificate\""),
        ("missing_file", "SSL", "tls_ca = \"/nowhere/ca.pem\"\n".into(), "/nowhere/ca.pem", "\"tls_ca\""),
        ("no_rights", "SASL_SSL", login("plain", "nobody", "geheim") + &ours, "uthoriz", "escribe"),
    ];
    for (name, protocol, settings, wanted, hinted) in &cases {
        let is_told = |text: &str| text.contains(wanted) && text.contains(hinted);
        let open = guarded.rig.broker.address();
        // The source.
        guarded.rig.configure_at(&open, &table("clicks"), &guarded.source(name, (protocol, settings)));
        for command in ["check", "run"] {
            let output = guarded.rig.command(&[command]);
            assert!(!output.status.success() && is_told(&said(&output)), "{name}, {command}: {}", said(&output));
        }
        // The sink.
        guarded.rig.configure_at(&open, &table_of("clicks", name), &guarded.sink(name, (protocol, settings)));
        let output = guarded.rig.command(&["check"]);
        assert!(!output.status.success() && is_told(&said(&output)), "{name}: {}", said(&output));
        guarded.rig.daemon.start().unwrap();
        let sink = format!("to_{name}");
        let status = guarded.rig.wait_for_status(&sink, |status| {
            status.sinks.get(sink.as_str()).is_some_and(|sink| sink.condition == Condition::Failed)
        });
        let sink = &status.sinks[sink.as_str()];
        let text =
            format!("{} {}", sink.error.as_deref().unwrap_or_default(), sink.hint.as_deref().unwrap_or_default());
        assert!(is_told(&text), "{name}: {text}");
        assert!(guarded.rig.daemon.stop().unwrap().success(), "{name}");
    }
}
