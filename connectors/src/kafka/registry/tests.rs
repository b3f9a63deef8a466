//! The client against a stand-in that says what the documentation of the API says, and what no registry says. The real one is in
//! `connectors/tests/kafka_formats`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::JoinHandle;

use super::*;

/// Answers one connection after the other, each with the next answer, and tells what it was asked.
struct StandIn {
    address: String,
    asked: mpsc::Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    fn answering(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (told, asked) = mpsc::channel();
        let answers: Vec<(u16, String)> = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let thread = std::thread::spawn(move || {
            for (status, body) in answers {
                let (stream, _) = listener.accept().expect("a connection");
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    reader.read_line(&mut line).expect("a line");
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a length");
                    }
                    head.push_str(&line);
                }
                let mut asked = vec![0; length];
                reader.read_exact(&mut asked).expect("a body");
                let _ = told.send(head + &String::from_utf8_lossy(&asked));
                let answer =
                    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                reader.get_mut().write_all(answer.as_bytes()).expect("it listens");
            }
        });
        Self { address, asked, thread: Some(thread) }
    }

    fn registry(&self) -> Registry {
        let login = Some(("user".to_owned(), "pass:word".to_owned()));
        let config =
            RegistryConfig { addresses: vec![self.address.clone()], login, ca: None, timeout: DEFAULT_TIMEOUT };
        Registry::new(&config).expect("a client")
    }

    fn asked(&self) -> String {
        self.asked.recv().expect("it was asked")
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn a_schema_is_asked_for_once_with_login_and_all_that_it_refers_to_before_it() {
    let stand_in = StandIn::answering(&[
        (
            200,
            r#"{"schemaType":"PROTOBUF","schema":"main","references":[{"name":"a.proto","subject":"a/b","version":2},{"name":"c.proto","subject":"c","version":1}]}"#,
        ),
        (200, r#"{"schema":"c","references":[]}"#),
        (200, r#"{"schema":"a","references":[{"name":"c.proto","subject":"c","version":1}]}"#),
    ]);
    let registry = stand_in.registry();
    let schema = registry.schema(7).expect("an answer").expect("a schema");
    let names: Vec<&str> = schema.references.iter().map(|reference| reference.name.as_str()).collect();
    assert_eq!((schema.kind, schema.text.as_str(), names), (SchemaKind::Protobuf, "main", vec!["c.proto", "a.proto"]));
    let asked = stand_in.asked();
    assert!(asked.starts_with("GET /schemas/ids/7 HTTP/1.1"), "{asked}");
    // RFC 7617: the user's name, a colon and the password, in Base64.
    assert!(
        asked.to_ascii_lowercase().contains(&"authorization: Basic dXNlcjpwYXNzOndvcmQ=".to_ascii_lowercase()),
        "{asked}"
    );
    assert!(stand_in.asked().starts_with("GET /subjects/c/versions/1 "));
    assert!(stand_in.asked().starts_with("GET /subjects/a%2Fb/versions/2 "));
    // There is no fourth answer.
    assert_eq!(registry.schema(7).expect("remembered"), Some(schema));
}

#[test]
fn what_is_worth_another_try_is_told_from_what_is_not() {
    for (status, body, expected) in [
        (500, "{\"error_code\":50001,\"message\":\"store\"}", None),
        (503, "", None),
        (429, "", None),
        (401, "{\"error_code\":401,\"message\":\"Unauthorized\"}", Some("the schema registry refuses: Unauthorized")),
        (200, "<html>", Some("answers with status 200 OK and no JSON")),
        (404, "{\"message\":\"nothing here\"}", Some("the schema registry refuses: nothing here")),
        (200, "{}", Some("an answer without \"schema\"")),
        (200, "{\"schema\":\"x\",\"schemaType\":\"XML\"}", Some("a schema of an unknown type")),
    ] {
        let stand_in = StandIn::answering(&[(status, body)]);
        let error = stand_in.registry().schema(1).expect_err("no schema");
        assert_eq!(error.is_transient(), expected.is_none(), "{error}");
        assert!(error.to_string().contains(expected.unwrap_or("is unavailable")), "{error}");
        assert!(!error.to_string().contains("pass:word"));
    }
    let stand_in = StandIn::answering(&[(404, "{\"error_code\":40403,\"message\":\"Schema not found\"}")]);
    assert_eq!(stand_in.registry().schema(1), Ok(None));
}

#[test]
fn a_refused_schema_is_told_in_the_registry_s_words() {
    let stand_in = StandIn::answering(&[
        (409, "{\"error_code\":409,\"message\":\"Schema being registered is incompatible\"}"),
        (200, "{\"is_compatible\":false,\"messages\":[\"READER_FIELD_MISSING\",\"more\"]}"),
        (404, "{\"error_code\":40401,\"message\":\"Subject not found\"}"),
        (200, "{\"id\":3}"),
    ]);
    let registry = stand_in.registry();
    let schema = RegisteredSchema::alone(SchemaKind::Json, "{}");
    let refused = registry.register("t-value", &schema).expect_err("refused");
    assert!(refused.to_string().ends_with("Schema being registered is incompatible"), "{refused}");
    let asked = stand_in.asked();
    assert!(
        asked.starts_with("POST /subjects/t-value/versions ")
            && asked.ends_with(r#"{"schema":"{}","schemaType":"JSON"}"#),
        "{asked}"
    );
    assert_eq!(registry.incompatible("t-value", &schema), Ok(Some("READER_FIELD_MISSING; more".into())));
    assert_eq!(registry.incompatible("t-value", &schema), Ok(None));
    assert_eq!(registry.register("t-value", &schema), Ok(3));
}
